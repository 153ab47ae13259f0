"""What failed in a part of ./run: NAME.failures, which ./run shows at its end.

    failures.py FILE NAME [LOG]     adds one failure, with what matters of the log
"""

import pathlib
import re
import sys

FAILURES_MAX = 20  # of a part
LINES_MAX = 20  # of a failure
LINES_MIN = 4
LINES_OF_ALL = 60
WIDTH_MAX = 200  # Ninja shows whole commands
# Where a log begins to say what is wrong; else its end is shown.
WRONG = re.compile(
    r"^FAILED: |ERROR: (\w+Sanitizer|libFuzzer)|WARNING: ThreadSanitizer|: runtime error: "
    r"|^\S+:\d+:\d+: (fatal )?error: ")


def excerpt(log):
    lines = log.strip().splitlines()
    begin = next((at for at, line in enumerate(lines) if WRONG.search(line)), -LINES_MAX)
    return "\n".join(lines[begin:][:LINES_MAX])


def render(failures):
    """`failures`: (name, text). The more there are, the less of each."""
    shown = failures[:FAILURES_MAX]
    lines_max = max(LINES_MIN, min(LINES_MAX, LINES_OF_ALL // max(1, len(shown))))
    made = []
    for name, text in shown:
        made.append(f"  {name}")
        lines = [line for line in text.splitlines() if line.strip()]
        made += [f"      {line[:WIDTH_MAX]}" for line in lines[:lines_max]]
    if len(failures) > len(shown):
        made.append(f"  and {len(failures) - len(shown)} more")
    return "".join(f"{line}\n" for line in made)


def add(file, failures):
    """Does nothing without failures. One write, so that several may add at a time."""
    if failures:
        with open(file, "a", encoding="utf-8") as out:
            out.write(render(failures))


def main(file, name, log=None):
    text = ""
    if log is not None and pathlib.Path(log).exists():
        text = excerpt(pathlib.Path(log).read_text(encoding="utf-8", errors="replace"))
    add(file, [(name, text)])


if __name__ == "__main__":
    main(*sys.argv[1:])
