"""How `make lab` starts JupyterLab: which notebook, which language."""

import ast
import json

import pytest

from tools import lab


@pytest.fixture(autouse=True)
def _no_container(monkeypatch):
    monkeypatch.setattr(lab.os.path, "exists", lambda path: False)


def options(language="", port="", env=None, system="linux", **facts):
    facts = {"root": False, "torch": True} | facts
    env = {"DISPLAY": ":0"} if env is None else env
    return lab.arguments(language, port, env, system=system, **facts)


def test_lab_opens_the_edition_of_a_language():
    _limit, url = options()
    assert url.endswith("/notebooks/neural-style-pytorch.ipynb")
    for language in lab.PACKS:
        _limit, url, settings = options(language)
        notebook = url.split("/lab/tree/")[1]
        assert notebook.endswith(f"-{language}.ipynb")
        assert settings.endswith(f"lab-{language}")


def test_lab_without_pytorch_opens_the_mxnet_notebook():
    _limit, url = options(torch=False)
    assert url.endswith("neural-style-mxnet.ipynb")


@pytest.mark.parametrize(
    ("env", "system", "alone"),
    [
        ({}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", False),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", True),
        ({}, "darwin", False),
        ({}, "win32", False),
    ],
)
def test_lab_looks_for_a_browser(env, system, alone):
    given = options(env=env, system=system)
    assert ("--no-browser" in given) == alone


def test_lab_and_voila_take_longer_messages():
    """Tornado compares with a number: one in quotes breaks each message."""
    limit, _url = options()
    name, _, value = limit.partition("=")
    assert name == "--ServerApp.tornado_settings"
    voila = json.loads((lab.ROOT / "voila.json").read_text())["Voila"]
    assert ast.literal_eval(value) == voila["tornado_settings"]
    assert voila["tornado_settings"]["websocket_max_message_size"] > 10 * 2**20


def test_lab_as_root_and_on_a_port_of_ones_own():
    assert {"--allow-root", "--port=9000"} <= set(
        options(port="9000", root=True)
    )


@pytest.mark.parametrize("language", lab.PACKS)
def test_lab_speaks_by_a_setting_of_its_own(monkeypatch, tmp_path, language):
    monkeypatch.setattr(lab, "ROOT", tmp_path)
    lab.speak(language)
    (written,) = tmp_path.rglob("*.jupyterlab-settings")
    assert json.loads(written.read_text())["locale"] == lab.PACKS[language]
    assert f"lab-{language}" in str(written)
