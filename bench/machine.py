"""What a result was measured on, and with what."""

import os
import pathlib
import platform
import re
import subprocess

from peers import PEERS
from peers.base import first_line

ROOT = pathlib.Path(__file__).resolve().parent.parent


def describe():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    mhz = re.search(r"^cpu MHz\s*: ([\d.]+)", info, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    governor = pathlib.Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "processor": model[1] if model else platform.processor(),
        "mhz": float(mhz[1]) if mhz else None,
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / (1 << 20), 1) if memory else None,
        "kernel": platform.release(),
        "governor": governor.read_text().strip() if governor.exists() else "unknown",
        "is_virtual": "hypervisor" in info,
    }


def versions(peers):
    made = {name: PEERS[name].version() for name in peers
            if name != "direct" and PEERS[name].program()}
    made["application"] = PEERS["direct"].version() if PEERS["direct"].program() else "none"
    made["openssl"] = first_line("openssl", "version")
    made["commit"] = commit()
    return made


def commit():
    """Of this checkout, with a plus when it is changed; "unknown" without git."""
    def git(*arguments):
        try:
            run = subprocess.run(
                ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
        except FileNotFoundError:
            return ""
        return run.stdout.strip() if run.returncode == 0 else ""

    name = git("rev-parse", "--short=12", "HEAD")
    return (name or "unknown") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
