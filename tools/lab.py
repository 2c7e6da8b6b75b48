"""Open JupyterLab on a notebook, in the reader's language.

    python -m tools.lab [--language ko] [--port 8888]

With a language JupyterLab's own menus speak it (by the official language
packs), it opens that edition of the notebook, and what the package says
follows. Its settings are then kept apart, in out/lab-ko, so that the next
JupyterLab on this machine is what it was.
"""

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKS = {"ko": "ko_KR", "vi": "vi_VN"}  # the names of the language packs
# Bytes of one message; with Jupyter's own limit, 10 MiB, a longer one cuts the
# connection without a word. voila.json has the same for Voila.
_MESSAGE = {"websocket_max_message_size": 100_000_000}
_PLUGIN = "@jupyterlab/translation-extension/plugin.jupyterlab-settings"


def arguments(language, port, env, *, system, root, torch):
    """Return the options of JupyterLab.

    ``env`` is the environment, ``system`` what ``sys.platform`` says,
    ``root`` whether root runs this, ``torch`` whether PyTorch is installed.
    """
    backend = "pytorch" if torch else "mxnet"
    ending = f"-{language}" if language else ""
    notebook = f"notebooks/neural-style-{backend}{ending}.ipynb"
    options = [
        f"--ServerApp.tornado_settings={_MESSAGE}",
        f"--LabApp.default_url=/lab/tree/{notebook}",
    ]
    if language:
        options.append(f"--LabApp.user_settings_dir={_settings(language)}")
    if root:
        options.append("--allow-root")
    if not _has_browser(env, system):
        options.append("--no-browser")
    if port:
        options.append(f"--port={port}")
    return options


def _settings(language):
    return ROOT / "out" / f"lab-{language}"


def _has_browser(env, system):
    container = any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))
    if env.get("CI") or container:
        return False
    shown = env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")
    return system != "linux" or bool(shown)


def speak(language):
    """Write the setting by which JupyterLab's menus speak a language."""
    path = _settings(language) / _PLUGIN
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"locale": PACKS[language]}), "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--language", choices=["", "en", *PACKS], default="")
    parser.add_argument("--port", default="")
    given = parser.parse_args()
    language = given.language.removeprefix("en")
    options = arguments(
        language,
        given.port,
        os.environ,
        system=sys.platform,
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
        torch=find_spec("torch") is not None,
    )
    if language:
        speak(language)
        os.environ["D2L_STYLE_LANG"] = language
    os.chdir(ROOT)
    command = [sys.executable, "-m", "jupyterlab", *options]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
