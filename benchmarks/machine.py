"""On what it was measured: the processor, the system, the versions."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.report import Table

_CPUINFO = Path("/proc/cpuinfo")  # Linux


def table():
    """Return what is known of this machine; nothing in it names it."""
    table = Table("Machine", ("", "here"))
    for name, value in facts().items():
        table.add(name, value)
    return table


def facts():
    """Return {what: how it is here}."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory": memory(),
        "multiplies bfloat16 in hardware (amx_bf16)": amx(),
        "system": f"{system()}, {platform.machine()}",
        "Python": platform.python_version(),
        **{name: installed(name) for name in ("torch", "mxnet", "numpy")},
    }


def processor():
    """Return the processor's name, as far as the system tells it."""
    if platform.system() == "Darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.check_output(asked, encoding="utf-8").strip()
    return _cpuinfo("model name") or platform.processor() or "unknown"


def memory():
    """Return the memory, in GB."""
    try:
        pages, page = (
            os.sysconf(f"SC_{n}") for n in ("PHYS_PAGES", "PAGESIZE")
        )
    except (AttributeError, ValueError):
        return "unknown"
    return f"{pages * page / 1e9:.0f} GB"


def amx():
    """Return whether the processor has AMX for bfloat16."""
    return "yes" if "amx_bf16" in _cpuinfo("flags").split() else "no"


def system():
    """Return the operating system's name and version."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def installed(package):
    """Return the version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpuinfo(name):
    if not _CPUINFO.exists():
        return ""
    for line in _CPUINFO.read_text("utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
