"""What stands in the cell when the kernel, the page or the line is gone."""

import json
import time

import nbformat
import psutil
import pytest
from conftest import ROOT

from browser.conftest import (
    OUT,
    SECONDS,
    open_notebook,
    run_all,
    write_notebook,
)
from browser.test_panel_in_browser import PanelPage

pytestmark = [pytest.mark.slow, pytest.mark.torch]
NAME = "kept.ipynb"
# The pulse comes every 15 s; the log tells of the run when no page does.
PANEL = """\
import json, threading, time
from d2l_style.panel import StylePanel, viewers
from d2l_style.recipe import Recipe
viewers._PATIENCE = 20
panel = StylePanel(recipe=Recipe(image_shape=(100, 150), num_epochs=100_000))
def tell():
    while True:
        with open("log.json", "w") as file:
            json.dump([panel.state, panel.transfer.epoch], file)
        time.sleep(0.2)
threading.Thread(target=tell, daemon=True).start()
panel"""
STILL = ".jp-RenderedImage img"


class KeptPage(PanelPage):
    """A notebook with nothing but a panel that runs."""

    def begin(self, folder, url):
        """Open it, start the panel, wait for some epochs."""
        self.folder = folder
        write_notebook(folder, NAME, PANEL)
        open_notebook(self.page, url, NAME)
        run_all(self.page)
        self.wait_until_ready()
        self.main().click()
        self.wait_for_epoch(25)

    def still(self):
        return self.page.locator(STILL)

    def command(self, script):
        """Run JavaScript on the notebook that is open."""
        return self.page.evaluate(
            f"""async () => {{
                const app = window.jupyterapp;
                const notebook = app.shell.currentWidget;
                {script}
            }}"""
        )

    def seen(self, name):
        OUT.mkdir(exist_ok=True)
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=OUT / f"{name}.png")

    def log(self):
        """Return (state, epoch) of the panel in the kernel."""
        for _ in range(50):
            try:
                text = (self.folder / "notebooks" / "log.json").read_text()
                return json.loads(text)
            except ValueError:  # it is being written
                time.sleep(0.02)
        raise AssertionError("no log")

    def until_state(self, state, seconds=SECONDS):
        end = time.monotonic() + seconds
        while self.log()[0] != state:
            assert time.monotonic() < end, self.log()
            self.page.wait_for_timeout(200)


@pytest.fixture
def kept(page):
    return KeptPage(page)


def test_a_restarted_kernel_leaves_a_picture_and_goes_on(folder, lab, kept):
    with lab() as url:
        kept.begin(folder, url)
        kept.page.wait_for_timeout(1000)
        assert not kept.still().is_visible()  # beside the living panel
        for part in ("img.d2l-plot", "button.mod-primary", ".d2l-frame img"):
            assert kept.panel.locator(part).first.is_visible()
        epoch = kept.epoch()
        kept.command("await notebook.sessionContext.session.kernel.restart()")
        kept.panel.wait_for(state="hidden")
        kept.still().wait_for()
        kept.seen("after-restart")
        run_all(kept.page)
        kept.until("A run of this notebook was left at epoch")
        kept.seen("offer-to-go-on")
        kept.panel.get_by_role("button", name="Go on from epoch").click()
        kept.until("paused · epoch")
        assert kept.epoch() >= epoch - 10
        before = kept.epoch()
        kept.main().click()
        kept.wait_for_epoch(before + 3)
        assert not kept.errors


def test_a_notebook_opened_again_shows_the_picture(folder, lab, kept):
    with lab() as url:
        kept.begin(folder, url)
        kept.main().click()
        kept.until("paused · epoch")
        kept.page.wait_for_timeout(1000)
        kept.command("await notebook.context.save()")
        kept.command("await notebook.sessionContext.shutdown()")
        open_notebook(kept.page, url, NAME)
        kept.still().wait_for()
        kept.page.wait_for_timeout(3000)
        kept.seen("opened-again")
        text = kept.page.locator(".jp-Notebook").inner_text()
        assert "Error displaying widget" not in text
        size = kept.still().bounding_box()
        assert size["width"] > 300


def test_who_comes_back_finds_the_run_going_on(folder, lab, kept):
    with lab() as url:
        kept.begin(folder, url)
        kept.command("await notebook.context.save()")
        kept.page.goto("about:blank")
        kept.until_state("unseen")
        epoch = kept.log()[1]
        kept.page.wait_for_timeout(2000)
        assert kept.log()[1] == epoch
        kept.page.goto(f"{url}/lab/tree/notebooks/{NAME}")
        kept.panel.wait_for()
        kept.until_state("running")
        kept.wait_for_epoch(epoch + 3)
        kept.seen("came-back")


def test_a_line_that_was_cut_is_taken_up_again(folder, lab, kept):
    sockets = []

    def through(socket):
        if lines_are_cut[0]:
            socket.close()
            return
        sockets.append((socket, socket.connect_to_server()))

    lines_are_cut = [False]
    kept.page.route_web_socket("**/api/kernels/**", through)
    with lab() as url:
        kept.begin(folder, url)
        lines_are_cut[0] = True
        for here, there in sockets:
            there.close()
            here.close()
        kept.until_state("unseen")
        kept.seen("line-cut")
        lines_are_cut[0] = False
        kept.until_state("running", 3 * SECONDS)
        epoch = kept.log()[1]
        kept.wait_for_epoch(epoch)
        kept.seen("line-back")


def test_voila_ends_kernels_that_nobody_sees(folder, voila, kept):
    settings = json.loads((ROOT / "voila.json").read_text("utf-8"))
    culling = settings["MappingKernelManager"]
    assert 60 < culling["cull_idle_timeout"] <= 3600
    culling |= {"cull_idle_timeout": 5, "cull_interval": 1}
    (folder / "voila.json").write_text(json.dumps(settings))
    notebook = folder / "notebooks" / "studio.ipynb"
    impatient = "from d2l_style.panel import viewers\nviewers._PATIENCE = 20\n"
    studio = nbformat.read(notebook, 4)
    studio.cells.insert(0, nbformat.v4.new_code_cell(impatient))
    nbformat.write(studio, notebook)
    with voila("studio.ipynb") as url:
        kept.page.route("**/api/shutdown/**", lambda route: route.abort())
        kept.page.goto(url)
        kept.wait_until_ready()
        kept.main().click()
        kept.wait_for_epoch(3)
        kept.page.wait_for_timeout(8000)
        kept.wait_for_epoch(kept.epoch() + 3)  # who looks is left alone
        assert kernels()
        kept.page.goto("about:blank")
        end = time.monotonic() + SECONDS
        while kernels():
            assert time.monotonic() < end
            time.sleep(0.5)


def kernels():
    """Return the kernels that servers of this test have started."""
    children = psutil.Process().children(recursive=True)
    return [p for p in children if "ipykernel_launcher" in " ".join(_line(p))]


def _line(process):
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended
        return []
