"""JupyterLab and Voila on this machine, and a Chromium that opens them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import nbformat
import pytest
from conftest import ROOT

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None
)
SECONDS = 60  # until a server or a page counts as broken
OUT = ROOT / "out"


def pytest_collection_modifyitems(items):
    """Without Chromium or Playwright these tests are skipped."""
    missing = None if CHROMIUM else "there is no Chromium on this machine"
    try:
        import playwright  # noqa: F401
    except ImportError:
        missing = "Playwright is not installed"
    for item in items:
        if missing and "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A page of 1280 x 720; what its console complains of is kept."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(1000 * SECONDS)
    yield page
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=OUT / "browser-last.png")
    page.close()


@pytest.fixture
def folder(tmp_path):
    """Copies of the notebooks and the pictures, to be opened and changed."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    shutil.copytree(ROOT / "img", tmp_path / "img")
    return tmp_path


@contextmanager
def serving(command, folder, ready, settings=None):
    """Run a Jupyter server; yield its address once ``ready`` answers.

    Settings and runtime files of the person who runs the tests stay out.
    """
    home = folder / "jupyter"
    user = home / "config" / "lab" / "user-settings"
    for plugin, values in (settings or {}).items():
        path = user / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    env = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "NO_PROXY": "127.0.0.1",
    }
    port = _free_port()
    log = folder / "server.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", *command, f"--port={port}"],
            cwd=folder,
            env=env,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}{ready}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def lab(folder):
    """Start JupyterLab: ``with lab(settings) as url``."""

    def start(settings=None):
        options = [
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            "--IdentityProvider.token=",
            "--LabApp.expose_app_in_browser=True",
        ]
        quiet = {"@jupyterlab/apputils-extension/notification": _QUIET}
        settings = quiet | (settings or {})
        return serving(["jupyterlab", *options], folder, "/api", settings)

    return start


@pytest.fixture
def voila(folder):
    """Start Voila on a notebook: ``with voila("studio.ipynb") as url``."""

    def start(name):
        options = [f"notebooks/{name}", "--no-browser", "--Voila.ip=127.0.0.1"]
        return serving(["voila", *options], folder, "/static/")

    return start


def write_notebook(folder, name, *cells):
    """Write a notebook of these cells of code where it can be opened."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in cells],
        metadata={"kernelspec": kernel},
    )
    nbformat.write(notebook, folder / "notebooks" / name)


def open_notebook(page, url, name):
    """Open a notebook in JupyterLab, from the beginning."""
    page.goto(f"{url}/lab/tree/notebooks/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function("() => window.jupyterapp")


def run_all(page):
    """Start all cells of the notebook that is open, once its kernel is there.

    A cell that raises does not stop those below it if it is tagged so.
    """
    page.evaluate(
        """async () => {
            const app = window.jupyterapp;
            const notebook = app.shell.currentWidget;
            await notebook.context.ready;
            await notebook.sessionContext.ready;
            app.commands.execute('notebook:run-all-cells');
        }"""
    )


_QUIET = {"fetchNews": "false", "checkForUpdates": False}


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _wait_for(url, server, log):
    end = time.monotonic() + SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            with opener.open(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"no answer from {url}: {log.read_text()[-3000:]}")
