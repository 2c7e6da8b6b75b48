"""The exercises as a learner works on them, in JupyterLab."""

import io

import pytest
from conftest import picture

from browser.conftest import OUT, open_notebook, run_all
from browser.test_panel_in_browser import shrink

pytestmark = pytest.mark.slow
SMALL = {"image_shape": "(64, 96)", "num_epochs": "20"}
MINUTES = 5  # until the notebook has run


def run_to_the_end(page):
    """Run the notebook that is open, past the cells left open."""
    run_all(page)
    page.wait_for_function(
        """() => {
            const shown = window.jupyterapp.shell.currentWidget.content;
            const code = shown.widgets.filter(c => c.model.type === 'code');
            return code.every(c => c.model.executionCount > 0);
        }""",
        timeout=MINUTES * 60_000,
    )


def screenshot(page, name):
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=OUT / f"{name}.png")


@pytest.fixture
def notebook(folder, lab, page):
    shrink(folder, "exercises-pytorch.ipynb", **SMALL)
    everything = {"windowingMode": "none"}  # draw all cells, not some
    with lab({"@jupyterlab/notebook-extension/tracker": everything}) as url:
        page.set_viewport_size({"width": 1280, "height": 1000})
        open_notebook(page, url, "exercises-pytorch.ipynb")
        run_to_the_end(page)
        yield page


@pytest.mark.torch
def test_exercises_in_jupyterlab(notebook):
    page = notebook
    answer_a_question(page)
    look_at_a_point(page)
    choose_and_upload(page)
    turns = page.locator(".jp-OutputArea-output", has_text="✎ Your turn")
    assert turns.count() >= 8
    assert "Traceback" not in page.locator(".jp-Notebook").inner_text()


def answer_a_question(page):
    radio = page.locator(".widget-radio-box input")
    radio.nth(0).scroll_into_view_if_needed()
    radio.nth(0).check()
    page.locator("text=It is the other way round").wait_for()
    radio.nth(1).check()
    page.locator("text=it holds each edge in its place").wait_for()
    screenshot(page, "exercises-question")


def look_at_a_point(page):
    points = page.locator(".d2l-tradeoff .point")
    assert points.count() == 9
    page.locator(".d2l-tradeoff").scroll_into_view_if_needed()
    points.nth(8).locator(".spot").hover()  # it lies above the others
    points.nth(8).locator(".card").wait_for()
    page.mouse.move(5, 5)
    for i in range(9):
        points.nth(i).focus()
        card = points.nth(i).locator(".card")
        card.wait_for()
        assert card.locator("img").evaluate("img => img.naturalWidth") > 0
        inside(card, page.locator(".d2l-tradeoff"))
    screenshot(page, "exercises-tradeoff")


def inside(card, plot):
    """The card is whole: the output area would cut off what sticks out."""
    ours, whole = card.bounding_box(), plot.bounding_box()
    assert ours["x"] >= whole["x"] - 1
    assert ours["y"] >= whole["y"] - 1
    assert ours["x"] + ours["width"] <= whole["x"] + whole["width"] + 1
    assert ours["y"] + ours["height"] <= whole["y"] + whole["height"] + 1


def choose_and_upload(page):
    own = io.BytesIO()
    picture(7, 80, 60).save(own, "PNG")
    button = page.locator("button.widget-upload", has_text="content").first
    button.scroll_into_view_if_needed()
    with page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": own.getvalue()}
    )
    page.get_by_title("mine.png").first.wait_for()
    screenshot(page, "exercises-chooser")
