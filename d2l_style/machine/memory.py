"""How much memory this process may still take."""

from pathlib import Path

import psutil

_MOUNTED = Path("/sys/fs/cgroup")
_MINE = Path("/proc/self/cgroup")  # says which control groups it is in
# The files of a group with its limit, what it takes, and, among much else,
# what of that it can give back: version 2 and version 1.
_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": (
        *("memory.limit_in_bytes", "memory.usage_in_bytes"),
        "total_inactive_file",
    ),
}


def free_bytes():
    """Return how much memory this process may still take on the CPU.

    What the system has available, or less where a control group of Linux
    sets a limit: a container's, SLURM's, systemd's or JupyterHub's.
    """
    return min([psutil.virtual_memory().available, *_left_in_groups()])


def in_bytes(size):
    """Return a size in words, two digits of it: ``3.2 MB``, ``1.5 GB``."""
    megabytes = size / 1e6
    if megabytes < 9.95:
        return f"{megabytes:.2g} MB"
    if megabytes < 999.5:
        return f"{megabytes:.0f} MB"
    return f"{megabytes / 1000:.1f} GB"


def _left_in_groups():
    """Yield what each group allows: the process's own and all above it."""
    for version, inside in _own_groups():
        # Within a container the names of groups may be those outside.
        for group in dict.fromkeys((inside, *inside.parents, Path())):
            left = _left(_MOUNTED / version / group, *_FILES[version])
            if left is not None:
                yield left


def _own_groups():
    """Yield (version, path below its mount) of the memory's groups."""
    try:
        lines = _MINE.read_text("utf-8", "replace").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _number, kinds, path = (*line.split(":", 2), "", "")[:3]
        if not kinds or "memory" in kinds.split(","):
            yield "memory" * bool(kinds), Path(path.lstrip("/"))


def _left(group, limit, used, cache):
    """Return how many bytes a group still allows; None without a limit."""
    try:
        most, now = (int(_text(group / name)) for name in (limit, used))
        lines = map(str.split, _text(group / "memory.stat").splitlines())
        back = [int(value) for name, value in lines if name == cache]
    except (OSError, ValueError):  # no such group, or "max"
        return None
    return max(0, most - now + sum(back))


def _text(path):
    return path.read_text("ascii")
