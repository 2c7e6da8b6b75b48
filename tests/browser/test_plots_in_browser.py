"""Plots of other cells while a panel lives: every figure whole, in its cell.

Widgets' messages have a thread of their own in the kernel. A slider moved
while a cell draws must not show, or close, that cell's figure.
"""

import pytest

from browser.conftest import OUT, open_notebook, run_all, write_notebook
from browser.test_panel_in_browser import KERNELS, PanelPage

pytestmark = [pytest.mark.slow, pytest.mark.torch]
NAME = "plots.ipynb"
PANEL = """\
from d2l_style.panel import StylePanel
from d2l_style.recipe import Recipe
panel = StylePanel(recipe=Recipe(image_shape=(100, 150), num_epochs=100_000))
panel"""
PLOT = """\
import matplotlib.pyplot as plt
import numpy as np
plt.imshow(np.random.default_rng(0).random((60, 80, 3)))
plt.colorbar()
plt.title("a plot of another cell");"""
TRIALS, SOON = 12, 0.3  # how often; seconds after the cell's start
LAB = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}


class PlotsPage(PanelPage):
    """A notebook with a panel that runs, and a cell that plots."""

    def begin(self, folder, url):
        """Open the panel, start it; return the plot nobody disturbs."""
        write_notebook(folder, NAME, PANEL, PLOT)
        open_notebook(self.page, url, NAME)
        run_all(self.page)
        self.wait_until_ready()
        self.main().click()
        self.wait_for_epoch(3)
        return self.plotted()

    def plotted(self, press=None, after=0):
        """Run the cell, press a key on a slider; return what came out."""
        self.page.evaluate(
            """() => {
                const app = window.jupyterapp;
                const notebook = app.shell.currentWidget.content;
                notebook.activeCellIndex = 1;
                window.plotted = false;
                app.commands.execute('notebook:run-cell').then(
                    () => { window.plotted = true; });
            }"""
        )
        if press:
            self.page.wait_for_timeout(1000 * after)
            self.panel.locator(".noUi-handle:visible").nth(1).focus()
            self.page.keyboard.press(press)
        self.page.wait_for_function("() => window.plotted")
        self.page.wait_for_timeout(300)  # for what comes late
        return self.page.evaluate(
            """() => {
                const cells = window.jupyterapp.shell.currentWidget.content;
                return cells.widgets[1].model.outputs.toJSON();
            }"""
        )

    def trials(self, count):
        """Yield what came out of each, another moment pressed every time."""
        for i in range(count):
            press = ("ArrowRight", "ArrowLeft")[i % 2]
            yield self.plotted(press, SOON * i / count)


@pytest.mark.parametrize("subshells", ["perCommTarget", "disabled"])
def test_a_slider_spoils_no_figure(folder, lab, page, subshells):
    plots = PlotsPage(page)
    with lab(LAB | {KERNELS: {"commsOverSubshells": subshells}}) as url:
        alone = plots.begin(folder, url)
        assert [set(out["data"]) for out in alone] == [
            {"image/png", "text/plain"}
        ]
        assert list(plots.trials(TRIALS)) == [alone] * TRIALS
        plots.until("style weight 1e4 →")  # the keys have arrived
        OUT.mkdir(exist_ok=True)
        page.locator(".jp-Cell").nth(1).scroll_into_view_if_needed()
        page.screenshot(path=OUT / f"plots-{subshells}.png")
        assert not plots.errors
