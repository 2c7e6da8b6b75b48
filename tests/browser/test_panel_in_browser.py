"""The panel as its user sees it: opened, pressed, looked at."""

import io
import json
import re

import pytest
from conftest import picture
from PIL import Image

from browser.conftest import OUT, open_notebook, run_all

pytestmark = pytest.mark.slow
SMALL = {"image_shape": "(100, 150)", "num_epochs": "20"}
KERNELS = "@jupyterlab/apputils-extension/kernels-settings"


class PanelPage:
    """A page with a panel on it, and what can be done there."""

    def __init__(self, page):
        self.page, self.panel = page, page.locator(".d2l-panel")
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open_in_lab(self, url, name):
        open_notebook(self.page, url, name)
        self.run_all()

    def run_all(self):
        run_all(self.page)
        self.wait_until_ready()

    def wait_until_ready(self):
        self.panel.wait_for()
        self.until("ready · epoch 0")

    def until(self, text):
        self.panel.filter(has_text=text).wait_for()

    def main(self):
        return self.panel.locator("button.mod-primary")

    def epoch(self):
        said = re.search(r"epoch (\d+) of", self.panel.inner_text())
        return int(said[1])

    def wait_for_epoch(self, at_least):
        self.page.wait_for_function(
            """least => {
                const said = document.querySelector('.d2l-panel').innerText;
                const match = said.match(/epoch (\\d+) of/);
                return match && Number(match[1]) >= least;
            }""",
            arg=at_least,
        )

    def picture(self):
        """Return the synthesized picture's address, which is new each time."""
        return self.panel.locator(".d2l-frame img").nth(1).get_attribute("src")

    def plot(self):
        return self.panel.locator("img.d2l-plot").get_attribute("src")

    def tab(self, name):
        self.panel.get_by_role("tab", name=name, exact=True).click()

    def screenshot(self, name):
        OUT.mkdir(exist_ok=True)
        self.page.set_viewport_size({"width": 1280, "height": 1400})
        self.panel.evaluate("panel => panel.scrollIntoView()")
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=OUT / f"{name}.png")
        return Image.open(OUT / f"{name}.png").convert("RGB")

    def drive(self, name):
        """Do what a learner does in the first minutes; look at it all."""
        first, empty = self.picture(), self.plot()
        self.main().click()
        self.wait_for_epoch(3)
        self.page.wait_for_timeout(1500)
        assert self.picture() != first
        assert self.plot() != empty
        self.move_a_weight()
        self.pause()
        self.change_layers()
        self.walk_the_tabs()
        self.upload()
        self.keep_and_save()
        img = self.screenshot(name)
        self.go_there_and_back()
        assert len(img.quantize(256).getcolors()) > 100
        overflow = self.page.evaluate(
            "() => { const e = document.querySelector('.d2l-panel');"
            " return e.scrollWidth - e.clientWidth; }"
        )
        assert overflow <= 1
        self.every_control_has_a_name()
        assert not self.errors

    def move_a_weight(self):
        """By keyboard, as who cannot use a mouse does."""
        slider = self.panel.locator(
            ".noUi-handle, input[type=range]:not(.d2l-compare input)"
        )
        handles = [h for h in slider.all() if h.is_visible()]
        handles[1].focus()
        for _ in range(4):
            self.page.keyboard.press("ArrowRight")
        self.until(re.compile(r"\(epoch \d+\) style weight 1e4 →"))

    def pause(self):
        self.main().click()
        self.until("paused · epoch")
        epoch = self.epoch()
        self.page.wait_for_timeout(1000)
        assert self.epoch() == epoch

    def change_layers(self):
        """Tick a layer while it is paused, and go on."""
        epoch = self.epoch()
        self.main().click()
        self.tab("Layers")
        self.panel.get_by_label("conv4_2 content", exact=True).check()
        self.until("content layers +conv4_2")
        self.wait_for_epoch(epoch + 3)

    def walk_the_tabs(self):
        """By keyboard: arrows lead from one to the next, End to the last."""
        for name, key in (("Weights", "ArrowRight"), ("Layers", "End")):
            self.tab(name)
            self.page.keyboard.press(key)
        last = self.panel.get_by_role("tab", name="Snapshots", exact=True)
        assert last.get_attribute("aria-selected") == "true"
        assert self.panel.locator(".d2l-page").count() == 6
        assert self.panel.locator(".d2l-page:visible").count() == 1
        assert self.panel.get_by_text("Save PNG").is_visible()
        self.page.keyboard.press("ArrowRight")
        assert self.panel.get_by_label("content weight").first.is_visible()

    def upload(self):
        self.tab("Pictures")
        out = io.BytesIO()
        picture(5).save(out, "PNG")
        with self.page.expect_file_chooser() as chooser:
            self.panel.get_by_role("button", name="style: your own").click()
        chooser.value.set_files(
            {
                "name": "mine.png",
                "mimeType": "image/png",
                "buffer": out.getvalue(),
            }
        )
        self.until("style: mine.png")

    def keep_and_save(self):
        self.main().click()
        self.until("paused · epoch")
        self.panel.get_by_role("button", name="Keep").click()
        self.until("Kept as 1")
        self.tab("Snapshots")
        with self.page.expect_download() as download:
            self.panel.get_by_role("button", name="Save PNG").click()
        with Image.open(download.value.path()) as img:
            recipe = json.loads(img.text["d2l-style recipe"])
        assert 21 in recipe["content_layers"]
        with self.page.expect_download() as download:
            self.panel.get_by_role("button", name="Save GIF").click()
        with Image.open(download.value.path()) as film:
            assert film.format == "GIF"
            assert film.n_frames > 1

    def go_there_and_back(self):
        """Begin again, take that back, and then go to what was kept."""
        kept = self.epoch()
        self.press("Reset")
        self.until("epoch 0 of")
        self.press("Undo")
        self.until(f"epoch {kept} of")
        self.press("Redo")
        self.until("epoch 0 of")
        self.press("Go back")
        self.until(f"epoch {kept} of")
        self.press("Undo")
        self.until("epoch 0 of")

    def press(self, name):
        self.panel.get_by_role("button", name=name).click()

    def every_control_has_a_name(self):
        unnamed = self.panel.evaluate(
            """panel => [...panel.querySelectorAll(
                'button, input, select, textarea')].filter(e =>
                  !e.getAttribute('aria-label') && !e.title &&
                  !e.innerText.trim() && !(e.labels && [...e.labels].some(
                    l => l.innerText.trim() || l.title || l.querySelector(
                      'img[alt]')))
              ).map(e => e.outerHTML.slice(0, 200))"""
        )
        assert not unnamed


def shrink(folder, name, **changes):
    """Set the parameters of a notebook, as papermill would."""
    path = folder / "notebooks" / name
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            text = "".join(cell["source"])
            for variable, value in changes.items():
                text = re.sub(
                    rf"^{variable} = .*$",
                    f"{variable} = {value}",
                    text,
                    flags=re.M,
                )
            cell["source"] = text
    path.write_text(json.dumps(notebook))


@pytest.fixture
def panel_page(page):
    return PanelPage(page)


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("pytorch", marks=pytest.mark.torch),
        pytest.param("mxnet", marks=pytest.mark.mxnet),
    ],
)
def test_chapter_in_jupyterlab(folder, lab, panel_page, backend):
    name = f"neural-style-{backend}.ipynb"
    shrink(folder, name, **SMALL)
    with lab() as url:
        panel_page.open_in_lab(url, name)
        title = {"pytorch": "PyTorch", "mxnet": "MXNet"}[backend]
        panel_page.until(f"Style transfer in {title}")
        panel_page.tab("Settings")
        box = panel_page.panel.get_by_label("epochs", exact=True)
        box.fill("5000")
        box.press("Enter")
        panel_page.until("of 5000")
        panel_page.tab("Weights")
        panel_page.drive(f"panel-{backend}")


@pytest.mark.torch
def test_studio_without_subshells(lab, panel_page):
    with lab({KERNELS: {"commsOverSubshells": "disabled"}}) as url:
        panel_page.open_in_lab(url, "studio.ipynb")
        panel_page.drive("panel-no-subshells")


@pytest.mark.torch
def test_studio_in_the_dark(lab, panel_page):
    dark = {"theme": "JupyterLab Dark"}
    with lab({"@jupyterlab/apputils-extension/themes": dark}) as url:
        panel_page.open_in_lab(url, "studio.ipynb")
        panel_page.main().click()
        panel_page.wait_for_epoch(3)
        panel_page.screenshot("panel-dark")
        ink = panel_page.panel.get_by_text("running").evaluate(
            "e => getComputedStyle(e).color"
        )
        assert min(map(int, re.findall(r"\d+", ink)[:3])) > 150


@pytest.mark.torch
def test_studio_in_voila(voila, panel_page):
    with voila("studio.ipynb") as url:
        panel_page.page.goto(url)
        panel_page.wait_until_ready()
        panel_page.drive("panel-voila")


@pytest.mark.torch
def test_running_the_cell_again_stops_the_first_panel(lab, panel_page):
    with lab() as url:
        panel_page.open_in_lab(url, "studio.ipynb")
        panel_page.main().click()
        panel_page.wait_for_epoch(2)
        panel_page.run_all()
        assert panel_page.panel.count() == 1
