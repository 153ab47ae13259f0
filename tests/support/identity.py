"""Certificates of the tests, made by the program itself: `smilax identity`."""

import os

from support import program


class Authority:
    """A CA in a directory of its own."""

    def __init__(self, path, *options):
        self.path = path
        made = program.smilax("identity", "init", "--dir", path, *options)
        assert made.returncode == 0, made.stderr

    def issue(self, path, account, *options):
        """Puts tls.crt, tls.key and ca.crt into `path`, readable by the sidecar's user; over those
        that are there."""
        draft = path.with_name(path.name + ".draft")
        for folder in (path, draft):
            folder.mkdir(exist_ok=True)
        made = program.smilax(
            "identity", "issue", f"default/{account}", "--dir", self.path, "--out", draft, *options)
        assert made.returncode == 0, made.stderr
        for file in sorted(draft.iterdir()):
            if os.geteuid() == 0:
                os.chown(file, program.SIDECAR_USER, program.SIDECAR_USER)
            file.rename(path / file.name)
        return path
