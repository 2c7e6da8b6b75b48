"""The live panel without a browser: its parts, its run, hostile input."""

import gc
import html
import io
import itertools
import random
import re
import subprocess
import sys
import threading
import time
import weakref
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from conftest import FRAMEWORKS, picture, put_oxford
from PIL import Image

ipywidgets = pytest.importorskip("ipywidgets", reason="it is not installed")
pytest.importorskip("anywidget", reason="anywidget is not installed")

import IPython  # noqa: E402
from IPython.core.events import EventManager  # noqa: E402

from d2l_style.engine.base import Diverged  # noqa: E402
from d2l_style.engine.forecast import duration  # noqa: E402
from d2l_style.network import fetch, vgg  # noqa: E402
from d2l_style.network.weights import NAMES as NETWORKS  # noqa: E402
from d2l_style.panel import StylePanel, choices, panel  # noqa: E402
from d2l_style.panel.bar import _time_left  # noqa: E402
from d2l_style.panel.controls import Controls  # noqa: E402
from d2l_style.panel.errors import in_a_sentence  # noqa: E402
from d2l_style.panel.parts import hint  # noqa: E402
from d2l_style.panel.plots import LossPlot  # noqa: E402
from d2l_style.panel.session import Session  # noqa: E402
from d2l_style.panel.snapshots import FRAMES, Film  # noqa: E402
from d2l_style.panel.views import Views  # noqa: E402
from d2l_style.panel.words import in_words  # noqa: E402
from d2l_style.panel.worker import Worker  # noqa: E402
from d2l_style.pictures import images  # noqa: E402
from d2l_style.pictures.png import (  # noqa: E402
    jpeg_bytes,
    png_bytes,
    recipe_in_png,
)
from d2l_style.recipe import Recipe  # noqa: E402
from d2l_style.transfer import StyleTransfer  # noqa: E402

IPYWIDGETS_7 = ipywidgets.__version__.startswith("7.")
SIZE = (32, 48)
PATIENCE = 60  # seconds until a test gives up waiting


def until(condition):
    """Wait for a condition; fail if it does not come true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "this did not come true"
        time.sleep(0.01)


def threads():
    return [t for t in threading.enumerate() if t.name == "d2l-style-panel"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A panel's forecast rests on four epochs, not on seconds of them."""
    for name in ("_SOON", "_PATIENCE"):
        monkeypatch.setattr(f"d2l_style.transfer.{name}", 0.01)


@pytest.fixture
def recipe(narrow_file):
    return Recipe(weights=narrow_file, image_shape=SIZE, num_epochs=10_000)


@pytest.fixture
def open_panel(backend, content_img, style_img, recipe):
    """Make panels that are stopped at the end of the test."""
    made = []

    def make(**kwargs):
        kwargs = {"recipe": recipe, "backend": backend} | kwargs
        made.append(StylePanel(content_img, style_img, **kwargs))
        assert made[-1].worker.settle(PATIENCE)
        return made[-1]

    yield make
    for each in made:
        each.close()
    assert not [each for each in made if each.worker.alive]


# --- the run ---------------------------------------------------------------


def test_it_runs_pauses_and_goes_on(open_panel):
    p = open_panel()
    assert p.state == "ready"
    assert "s an epoch" in p.bar.status.value
    first = p.views.compare.after
    p.bar.main.click()
    until(lambda: p.transfer.epoch >= 5)
    assert p.bar.main.description == "Pause"
    p.bar.main.click()
    p.worker.settle(PATIENCE)
    assert p.state == "paused"
    assert p.bar.main.description == "Resume"
    epoch = p.transfer.epoch
    time.sleep(0.1)
    assert p.transfer.epoch == epoch
    assert p.views.compare.after != first
    p.bar.main.click()
    until(lambda: p.transfer.epoch > epoch)


def test_while_the_network_loads_no_picture_is_broken():
    views = Views()
    shown = [views.curves.value, views.compare.before]
    for data in (*shown, *(small.value for small in views.pictures.values())):
        assert Image.open(io.BytesIO(data)).size > (50, 50)


def test_the_run_is_the_runs_own(open_panel, content_img, style_img):
    """What the panel computes is what a StyleTransfer computes."""
    p = open_panel()
    p.controls.settings["num_epochs"].value = 7
    p.bar.main.click()
    until(lambda: p.state == "finished")
    other = StyleTransfer(content_img, style_img, p.recipe, p.backend)
    totals = [epoch.total for epoch in other.run()]
    # In another thread sums may be added up in another order.
    assert p.session.history.total[:2] == pytest.approx(totals[:2], rel=1e-4)
    assert p.session.history.total == pytest.approx(totals, rel=1e-2)


def test_a_weight_moved_while_it_runs_is_marked(open_panel):
    p = open_panel()
    p.bar.main.click()
    until(lambda: p.transfer.epoch >= 3)
    p.controls.weights["style_weight"].slider.value = 1e5
    until(lambda: p.session.history.marks)
    (mark,) = p.session.history.marks
    assert mark.text == "style weight 1e4 → 1e5"
    assert p.transfer.recipe.style_weight == 1e5
    until(lambda: mark.text in p.views.changes.value)
    assert p.state == "running"


def test_layers_are_changed_while_it_runs(open_panel):
    p = open_panel()
    p.bar.main.click()
    until(lambda: p.transfer.epoch >= 2)
    p.controls.layers[28].style.value = False
    p.controls.layers[2].content.value = True
    until(lambda: p.transfer.recipe.content_layers == (25, 2))
    epoch = p.transfer.epoch
    until(lambda: p.transfer.epoch > epoch + 2)
    assert 28 not in p.session.history.layers[-1]
    assert 28 in p.session.history.layers[0]


def test_undo_goes_back_to_before_the_change(open_panel):
    p = open_panel()
    p.session.epoch()
    before, picture_before = p.recipe, np.asarray(p.transfer.image())
    p.controls.weights["tv_weight"].number.value = 500
    p.worker.settle(PATIENCE)
    p.session.epoch()
    assert p.transfer.recipe.tv_weight == 500
    assert not p.bar.undo.disabled
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    assert p.recipe == p.transfer.recipe == before
    assert np.array_equal(np.asarray(p.transfer.image()), picture_before)
    assert p.controls.weights["tv_weight"].value == before.tv_weight
    assert p.session.history.epochs == [1]
    assert not p.session.history.marks
    assert p.bar.undo.disabled


def test_reset_begins_again(open_panel):
    p = open_panel()
    first = np.asarray(p.transfer.image())
    p.start()
    until(lambda: p.transfer.epoch >= 2)
    p.bar.reset.click()
    until(lambda: p.state == "ready")
    assert p.transfer.epoch == 0
    assert not p.session.history.epochs
    assert np.array_equal(np.asarray(p.transfer.image()), first)
    assert p.bar.main.description == "Start"


def test_a_reset_run_can_be_had_back(open_panel):
    p = open_panel()
    for _epoch in range(3):
        p.session.epoch()
    picture_before = np.asarray(p.transfer.image())
    p.bar.reset.click()
    p.worker.settle(PATIENCE)
    assert p.transfer.epoch == 0
    assert not p.bar.undo.disabled
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    assert p.transfer.epoch == 3
    assert p.session.history.epochs == [1, 2, 3]
    assert np.array_equal(np.asarray(p.transfer.image()), picture_before)


def test_a_reset_before_the_first_epoch_is_no_change(open_panel):
    p = open_panel()
    p.bar.reset.click()
    p.worker.settle(PATIENCE)
    assert p.bar.undo.disabled


def test_redo_goes_forward_again(open_panel):
    p = open_panel()
    p.session.epoch()
    p.controls.weights["tv_weight"].number.value = 500
    p.worker.settle(PATIENCE)
    p.session.epoch()
    after, marks = np.asarray(p.transfer.image()), p.session.history.marks
    assert p.bar.redo.disabled
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    assert not p.bar.redo.disabled
    p.bar.redo.click()
    p.worker.settle(PATIENCE)
    assert p.transfer.recipe.tv_weight == p.recipe.tv_weight == 500
    assert p.transfer.epoch == 2
    assert p.session.history.marks == marks
    assert np.array_equal(np.asarray(p.transfer.image()), after)
    assert p.bar.redo.disabled
    assert not p.bar.undo.disabled


def test_a_new_change_forgets_what_redo_led_to(open_panel):
    p = open_panel()
    p.session.epoch()
    p.controls.weights["tv_weight"].number.value = 500
    p.worker.settle(PATIENCE)
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    p.controls.weights["tv_weight"].number.value = 300
    p.worker.settle(PATIENCE)
    assert p.bar.redo.disabled


def test_a_change_wished_for_after_undo_in_one_epoch_is_kept(open_panel):
    """A slow epoch takes in both: neither may be lost without a word."""
    p, free = open_panel(), threading.Event()
    p.session.epoch()
    p.controls.weights["tv_weight"].number.value = 500
    p.worker.settle(PATIENCE)
    p.session.epoch()
    p.worker.tell(lambda: free.wait(PATIENCE))  # the slow epoch
    p.bar.undo.click()
    p.controls.weights["style_weight"].number.value = 2e4
    free.set()
    p.worker.settle(PATIENCE)
    assert p.transfer.recipe.style_weight == 2e4
    assert p.transfer.recipe.tv_weight == 10
    assert p.controls.weights["style_weight"].value == 2e4
    assert p.controls.weights["tv_weight"].value == 10


def test_another_start_image_before_the_start_is_seen_at_once(open_panel):
    p = open_panel()
    first = p.views.compare.after
    p.controls.settings["init"].value = "noise"
    p.worker.settle(PATIENCE)
    assert p.transfer.epoch == 0
    assert p.views.compare.after != first


def test_when_all_epochs_are_done_it_says_how_to_go_on(open_panel):
    p = open_panel()
    p.controls.settings["num_epochs"].value = 2
    p.start()
    until(lambda: p.state == "finished")
    p.start()
    until(lambda: "Raise the epochs" in p.bar.messages.value)
    assert p.transfer.epoch == 2
    p.controls.settings["num_epochs"].value = 4
    p.start()
    until(lambda: p.transfer.epoch == 4)


def test_other_cells_see_the_picture_while_it_runs(open_panel):
    p = open_panel()
    p.start()
    until(lambda: p.transfer.epoch > 1)
    for _ in range(20):
        assert p.transfer.image().size == SIZE[::-1]
    assert p.worker.going


def test_a_new_panel_stops_the_one_before(open_panel):
    first = open_panel()
    first.start()
    before = len(threads())
    second = open_panel()
    assert not first.worker.alive
    assert first.bar.main.disabled
    assert "another panel" in first.bar.messages.value
    assert second.worker.alive
    assert len(threads()) == before


def test_python_ends_while_a_panel_runs(backend):
    """As when a kernel is shut down: no hang, no crash."""
    program = f"""
import time
from d2l_style.panel import StylePanel
from d2l_style.recipe import Recipe
recipe = Recipe(weights="mini", image_shape=(64, 96), num_epochs=1000)
panel = StylePanel(recipe=recipe, backend={backend!r})
panel.start()
while panel.transfer.epoch < 3:
    time.sleep(0.01)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_last_panel_that_is_closed_ends_the_guard(open_panel, monkeypatch):
    """A stopped panel is still there, and its sliders still send."""
    events = EventManager(
        None, ["post_execute", "pre_run_cell", "post_run_cell"]
    )
    shell = SimpleNamespace(events=events)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    for opened in [open_panel(), open_panel()]:
        assert "trigger" in vars(events)
        opened.close()
    assert "trigger" not in vars(events)
    assert not any(events.callbacks.values())


def test_close_leaves_no_widget_behind(open_panel):
    if IPYWIDGETS_7:
        everything = ipywidgets.Widget.widgets
    else:
        everything = ipywidgets.widget._instances
    before = set(everything)
    p = open_panel()
    assert len(set(everything) - before) > 100
    p.close()
    left = [everything[key] for key in set(everything) - before]
    kinds = ("Layout", "Style", "Model")
    assert not [w for w in left if not type(w).__name__.endswith(kinds)]


# --- its pages ---------------------------------------------------------------


def test_pages_stand_behind_their_titles(open_panel):
    tabs = open_panel().tabs
    bar, *pages = tabs.children
    assert bar.titles[0] == "Weights"
    assert len(bar.titles) == len(pages) == 6
    assert bar.selected == 0
    for number, page in enumerate(pages):
        assert {"d2l-page", f"d2l-page-{number}"} <= {*page._dom_classes}
    assert bar.box in tabs._dom_classes


def test_pages_of_two_panels_are_turned_apart(open_panel):
    boxes = {open_panel().tabs.bar.box for _panel in range(2)}
    assert len(boxes) == 2


def test_no_keyword_is_passed_over(open_panel, recwarn):
    """As ipywidgets 7 does with the names that only 8 has."""
    open_panel()
    said = [str(w.message) for w in recwarn]
    assert not [text for text in said if "unrecognized arguments" in text]


# --- pictures, recipes, snapshots -------------------------------------------


def test_a_closed_panel_gives_its_memory_back(
    backend, content_img, style_img, recipe
):
    p = StylePanel(content_img, style_img, recipe, backend)
    p.start()
    p.worker.settle(PATIENCE)
    whole = [weakref.ref(part) for part in (p, p.session, p.views, p.pictures)]
    p.close()
    del p
    gc.collect()
    assert not any(part() for part in whole)


def upload(name, content):
    """What the browser sends for a file."""
    return (
        {
            "name": name,
            "type": "",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": datetime.now(UTC),
        },
    )


def as_file(img, kind="PNG"):
    out = io.BytesIO()
    img.save(out, kind)
    return out.getvalue()


def test_an_uploaded_picture_is_taken_over(open_panel):
    p = open_panel()
    p.session.epoch()
    before = np.asarray(p.transfer.image())
    p.pictures.uploads["style"].value = upload("mine.png", as_file(picture(9)))
    p.worker.settle(PATIENCE)
    assert p.transfer.synthesis.style_img.size == picture(9).size
    assert np.array_equal(np.asarray(p.transfer.image()), before)
    assert p.session.history.marks[-1].text == "style: mine.png"
    assert p.pictures.pickers["style"].value == "mine.png"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.txt", b"no picture at all", "notes.txt is not a picture"),
        ("empty.png", b"", "empty.png is not a picture"),
        ("cut.png", as_file(picture(2))[:200], "cut.png cannot be read"),
        ("<b>.png", b"x", "&lt;b&gt;.png is not"),
    ],
)
def test_an_upload_that_is_no_picture_is_refused(
    open_panel, name, content, told
):
    p = open_panel()
    style = p.transfer.synthesis.style_img
    p.pictures.uploads["style"].value = upload(name, content)
    p.worker.settle(PATIENCE)
    assert told in p.bar.messages.value
    assert p.transfer.synthesis.style_img is style
    p.start()
    until(lambda: p.transfer.epoch > 1)


def test_a_sample_is_chosen(open_panel):
    p = open_panel()
    p.pictures.pickers["content"].value = "grace-hopper"
    p.worker.settle(PATIENCE)
    w, h = p.transfer.synthesis.content_img.size
    assert (w, h) == (512, 600)


def test_the_recipe_goes_out_and_comes_back_as_python(open_panel):
    p = open_panel()
    p.controls.weights["style_weight"].number.value = 2e5
    p.recipe_page.show.click()
    assert "style_weight=200000" in p.recipe_page.text.value
    text = p.recipe_page.text.value
    p.controls.weights["style_weight"].number.value = 1
    p.recipe_page.text.value = text
    p.recipe_page.load.click()
    p.worker.settle(PATIENCE)
    assert p.transfer.recipe.style_weight == 2e5
    assert p.controls.weights["style_weight"].value == 2e5


def test_the_recipe_comes_back_from_a_saved_png(open_panel):
    p = open_panel()
    p.recipe_page.upload.value = upload("saved.png", p._png()[2])
    text = p.recipe_page.text.value
    assert Recipe.from_text(text) == p.recipe
    assert "If you trust" in p.bar.messages.value  # it names a file
    p.recipe_page.upload.value = upload("mine.png", as_file(picture(9)))
    assert "carries no recipe" in p.bar.messages.value
    p.recipe_page.upload.value = upload("notes.txt", b"no picture")
    assert "notes.txt is not a picture" in p.bar.messages.value
    assert p.recipe_page.text.value == text


NO_RECIPES = [
    "",
    "hello",
    "Recipe(style_weight=-1)",
    "Recipe(unknown=3)",
    "Recipe(style_layers=[])(",
    "Recipe(style_layers=[], content_layers=[])",
    "__import__('os').remove('x')",
    "Recipe(lr=__import__('os').getpid())",
    "Recipe(*[1])",
    "Recipe(**{'lr': 1})",
    "{",
    '{"lr": "fast"}',
    "[" * 5000,
    "{" + '"a":{' * 100_000,
]


def test_text_that_is_no_recipe_is_refused(open_panel):
    p = open_panel()
    before = p.recipe
    for text in NO_RECIPES:
        p.bar.messages.value = ""
        p.recipe_page.text.value = text
        p.recipe_page.load.click()
        p.worker.settle(PATIENCE)
        assert 'role="alert"' in p.bar.messages.value, text[:80]
        assert p.recipe == p.transfer.recipe == p.wanted == before


def test_a_kept_picture_can_be_returned_to(open_panel):
    p = open_panel()
    p.session.epoch()
    p.bar.keep.click()
    p.worker.settle(PATIENCE)
    kept = np.asarray(p.transfer.image())
    p.controls.weights["tv_weight"].number.value = 999
    p.worker.settle(PATIENCE)
    p.session.epoch()
    p.bar.keep.click()
    p.worker.settle(PATIENCE)
    first, second = p.snapshots.kept
    assert p.snapshots.left.value == first.name
    assert p.snapshots.right.value == second.name
    assert p.snapshots.compare.before == jpeg_bytes(first.img)
    go_back = p.snapshots.strip.children[0].children[-1]
    go_back.click()
    p.worker.settle(PATIENCE)
    assert np.array_equal(np.asarray(p.transfer.image()), kept)
    assert p.recipe.tv_weight == 10
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    assert p.recipe.tv_weight == 999
    assert p.transfer.epoch == 2


def test_a_full_strip_says_so(open_panel, monkeypatch):
    monkeypatch.setattr("d2l_style.panel.pages.KEPT", 1)
    p = open_panel()
    for _ in range(2):
        p.bar.keep.click()
        p.worker.settle(PATIENCE)
    assert "strip is full" in p.bar.messages.value
    assert len(p.snapshots.kept) == 1


def test_a_saved_png_opens_the_same_panel(open_panel, tmp_path, backend):
    p = open_panel()
    p.controls.weights["style_weight"].number.value = 123
    p.worker.settle(PATIENCE)
    path = tmp_path / "result.png"
    p.save_png(path)
    assert recipe_in_png(path) == p.recipe
    with Image.open(path) as img:
        assert img.text["d2l-style backend"] == backend
    pictures, weights = (picture(1), picture(2)), p.recipe.weights
    with pytest.raises(ValueError, match="If you trust") as error:
        StylePanel.from_png(path, *pictures, backend=backend)
    assert weights in str(error.value)
    again = StylePanel.from_png(
        path, *pictures, weights=weights, backend=backend
    )
    assert again.recipe == p.recipe
    again.close()


def test_a_saved_png_names_its_samples(tmp_path, backend, recipe):
    p = StylePanel("harbour", "bojagi", recipe, backend)
    p.save_png(tmp_path / "a.png")
    p.close()
    path, weights = tmp_path / "a.png", recipe.weights
    again = StylePanel.from_png(path, weights=weights, backend=backend)
    assert again.session.names == {"content": "harbour", "style": "bojagi"}
    again.close()


def test_the_run_becomes_a_gif(open_panel, tmp_path):
    p = open_panel()
    p.start()
    until(lambda: p.transfer.epoch > 20)
    p.pause()
    p.worker.settle(PATIENCE)
    p.save_gif(tmp_path / "run.gif")
    with Image.open(tmp_path / "run.gif") as film:
        assert film.n_frames > 1
        assert film.size == SIZE[::-1]


def test_a_film_that_cannot_be_made_leaves_the_file_there(
    open_panel, tmp_path, monkeypatch
):
    p, path = open_panel(), tmp_path / "run.gif"
    path.write_bytes(b"yesterday's")

    def out_of_memory(last):
        raise MemoryError

    monkeypatch.setattr(p.views.film, "gif", out_of_memory)
    with pytest.raises(MemoryError):
        p.save_gif(path)
    assert path.read_bytes() == b"yesterday's"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
def test_a_link_to_a_picture_stays_a_link(open_panel, tmp_path):
    p, link = open_panel(), tmp_path / "latest.png"
    (tmp_path / "real.png").write_bytes(b"yesterday's")
    link.symlink_to(tmp_path / "real.png")
    p.save_png(link)
    assert link.is_symlink()
    assert recipe_in_png(tmp_path / "real.png") == p.recipe


def test_downloads_send_a_file(open_panel):
    p = open_panel()
    for button, start in (
        (p.snapshots.png, b"\x89PNG"),
        (p.snapshots.gif, b"GIF8"),
    ):
        sent = []
        button.send = lambda m, buffers, sent=sent: sent.append((m, buffers))
        button.press()
        ((message, (data,)),) = sent
        assert message["name"].startswith("yours-in-yours-0.")
        assert data.startswith(start)


# --- weights as shares -------------------------------------------------------


def test_a_share_moves_the_weight_that_gives_it(open_panel):
    p = open_panel()
    p.controls.calibrated.value = True
    p.worker.settle(PATIENCE)
    tv = p.controls.weights["tv_weight"]
    assert tv.calibrated
    assert tv.says.value.endswith("%")
    tv.share.value = 40
    p.worker.settle(PATIENCE)
    shares = p.session.shares().of_terms(p.transfer.recipe)
    assert shares["tv"] == pytest.approx(0.4, abs=1e-3)
    assert tv.says.value == "40\u00a0%"
    row = p.controls.layers[10].weight
    row.share.value = 50
    p.worker.settle(PATIENCE)
    layers = p.session.shares().of_layers(p.transfer.recipe)
    assert layers[2] == pytest.approx(0.5, abs=1e-3)


def test_the_books_terms_are_shown(open_panel):
    p = open_panel()
    p.controls.weights["content_weight"].number.value = 10
    p.worker.settle(PATIENCE)
    assert "style <b>1e+03</b>" in p.controls.books_terms.value
    assert "TV <b>1</b>" in p.controls.books_terms.value


# --- what goes wrong ---------------------------------------------------------


def test_no_layer_is_a_sentence_and_changes_nothing(open_panel):
    p = open_panel()
    for row in p.controls.layers.values():
        row.style.value = row.content.value = False
    p.worker.settle(PATIENCE)
    assert "No layer is chosen" in p.bar.messages.value
    assert p.transfer.recipe.style_layers or p.transfer.recipe.content_layers
    p.controls.layers[25].content.value = True
    p.worker.settle(PATIENCE)
    assert p.bar.messages.value == ""


def test_a_size_that_is_too_small_is_a_sentence(open_panel):
    p = open_panel()
    p.controls.height.value = 3
    p.worker.settle(PATIENCE)
    assert "too few" in p.bar.messages.value
    assert p.transfer.recipe.image_shape == SIZE


def test_the_style_picture_keeps_its_shape(open_panel):
    p = open_panel(recipe=Recipe(weights="mini", image_shape=SIZE))
    grams = p.transfer.synthesis.styles_Y_gram
    p.controls.settings["style_fit"].value = "keep"
    p.worker.settle(PATIENCE)
    assert p.bar.messages.value == ""
    assert p.transfer.recipe.style_fit == p.recipe.style_fit == "keep"
    assert p.transfer.synthesis.styles_Y_gram is not grams
    strip = Image.new("RGB", (2000, 10), "teal")
    file = upload("strip.png", as_file(strip))
    p.pictures.uploads["style"].value = file
    p.worker.settle(PATIENCE)
    assert "need at least 16" in p.bar.messages.value
    assert p.session.names["style"] == "yours"
    p.controls.settings["style_fit"].value = "crop"
    p.pictures.pickers["style"].value = "strip.png"
    p.worker.settle(PATIENCE)
    assert p.bar.messages.value == ""
    assert p.session.names["style"] == "strip.png"


def test_shares_are_measured_anew_for_another_fit(open_panel):
    p = open_panel()
    before = p.session.shares()
    p.controls.settings["style_fit"].value = "crop"
    p.worker.settle(PATIENCE)
    assert p.session.known_shares(p.recipe) is None
    after = p.session.shares()
    assert not np.allclose(before.products, after.products, rtol=1e-3)


def test_a_portrait_gets_its_own_shape(open_panel):
    p = open_panel()
    portrait = picture(5, height=90, width=40)
    file = upload("portrait.png", as_file(portrait))
    p.pictures.uploads["content"].value = file
    p.controls.own_shape.click()  # with the picture still on its way
    p.worker.settle(PATIENCE)
    assert p.bar.messages.value == ""
    shape = (59, 26)  # 32 x 48 pixels again
    assert p.recipe.image_shape == p.transfer.recipe.image_shape == shape
    assert (p.controls.height.value, p.controls.width.value) == shape
    assert p.transfer.image().size == shape[::-1]
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    assert p.transfer.recipe.image_shape == SIZE


def test_its_own_shape_does_not_creep(open_panel):
    p = open_panel()
    for number, size in enumerate([(91, 70), (37, 90), (1, 1), (640, 427)]):
        file = upload(f"{number}.png", as_file(Image.new("RGB", size, "teal")))
        p.pictures.uploads["content"].value = file
        seen = set()
        for _ in range(4):
            p.controls.own_shape.click()
            p.worker.settle(PATIENCE)
            seen.add(p.recipe.image_shape)
        assert p.bar.messages.value == ""
        assert len(seen) == 1, size


def test_a_picture_too_narrow_for_its_own_shape_is_a_sentence(open_panel):
    p = open_panel()
    strip = Image.new("RGB", (2000, 10), "teal")
    p.pictures.uploads["content"].value = upload("a.png", as_file(strip))
    p.bar.main.click()
    until(lambda: p.transfer.epoch >= 1)
    p.controls.own_shape.click()
    p.worker.settle(PATIENCE)
    assert "too few" in p.bar.messages.value
    assert p.recipe.image_shape == p.transfer.recipe.image_shape == SIZE
    assert p.state == "running"


NO_NUMBERS = [
    ("lr", 0),
    ("lr", 1e300),
    ("num_epochs", 10**12),
    ("lr", float("nan")),
    ("num_epochs", 0),
    ("num_epochs", -(10**30)),
    ("seed", -1),
    ("lr_decay_epoch", 0),
]


def test_a_number_that_is_not_valid_is_a_sentence(open_panel):
    p = open_panel()
    before = p.recipe
    for name, wrong in NO_NUMBERS:
        box = p.controls.settings[name]
        right = box.value
        box.value = wrong
        p.worker.settle(PATIENCE)
        assert f"{name} must be" in p.bar.messages.value, (name, wrong)
        assert p.recipe == p.transfer.recipe == before
        box.value = right
        p.worker.settle(PATIENCE)
        assert p.bar.messages.value == ""


def test_a_side_that_is_too_long_is_a_sentence(open_panel):
    p = open_panel()
    p.controls.width.value = 66_000
    p.worker.settle(PATIENCE)
    assert "at most 20000" in p.bar.messages.value
    assert p.worker.alive


def test_divergence_stops_and_keeps_the_last_good_picture(open_panel):
    p = open_panel()
    p.controls.settings["lr"].value = 1e30
    p.start()
    until(lambda: "no longer finite" in p.bar.messages.value)
    until(lambda: p.state == "paused")
    assert np.isfinite(p.transfer.state()["image"]).all()
    assert p.worker.alive


def test_running_out_of_memory_is_survived(open_panel, monkeypatch):
    p = open_panel()
    synthesis = p.transfer.synthesis
    before = p.recipe

    def out_of_memory(recipe):
        raise MemoryError

    monkeypatch.setattr(synthesis, "pictures_seen", out_of_memory)
    p.controls.height.value = 64
    p.worker.settle(PATIENCE)
    assert "not enough memory" in p.bar.messages.value
    assert p.recipe == p.transfer.recipe == before
    assert p.controls.height.value == SIZE[0]
    monkeypatch.undo()
    p.controls.height.value = 64
    p.worker.settle(PATIENCE)
    assert p.transfer.image().size == (SIZE[1], 64)


def test_networks_on_offer_are_those_that_are_here(no_carrier, own_cache):
    assert [*choices.networks().values()] == ["auto", "mini", "random"]
    (own_cache / fetch.OXFORD.name).touch()
    fetch.cached_vgg19().touch()
    offered = {kind: words for words, kind in choices.networks().items()}
    assert {*offered} == {*NETWORKS}
    assert "Oxford" in offered["oxford"]
    assert "real" in offered["oxford"]
    assert "torchvision" in offered["imagenet"]


def test_the_panel_says_which_network_auto_is(
    open_panel, d2l, monkeypatch, own_cache, narrow_parameters
):
    put_oxford()
    monkeypatch.setattr(d2l, "has_gpu", lambda: True)
    monkeypatch.setattr(d2l, "load_parameters", lambda w: narrow_parameters)
    p = open_panel(recipe=Recipe(image_shape=SIZE))
    assert "Oxford" in p.network.value


def test_a_network_that_is_not_there_is_a_sentence(open_panel):
    p = open_panel()
    before = p.recipe
    p.recipe_page.text.value = "Recipe(weights='nowhere.safetensors')"
    p.recipe_page.load.click()
    p.worker.settle(PATIENCE)
    assert "There is no file nowhere.safetensors" in p.bar.messages.value
    assert p.recipe == p.transfer.recipe == before


def test_a_first_network_that_is_not_there_is_a_sentence(backend):
    p = StylePanel(
        picture(1),
        picture(2),
        Recipe(weights="nowhere.safetensors", image_shape=SIZE),
        backend,
    )
    p.worker.settle(PATIENCE)
    assert "There is no file nowhere.safetensors" in p.bar.messages.value
    assert p.transfer is None
    with pytest.raises(ValueError, match="could not begin"):
        p.save_png("never.png")
    p.start()
    p.worker.settle(PATIENCE)
    assert "There is no file nowhere.safetensors" in p.bar.messages.value
    p.controls.settings["weights"].value = "mini"
    p.worker.settle(PATIENCE)
    assert p.state == "ready"
    assert p.bar.messages.value == ""
    p.close()


def test_undo_takes_back_a_picture_and_its_name(open_panel):
    p = open_panel()
    p.session.epoch()
    name = p.session.names["style"]
    p.pictures.pickers["style"].value = "bojagi"
    p.worker.settle(PATIENCE)
    assert p._png()[0].startswith("yours-in-bojagi")
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    assert p.pictures.pickers["style"].value == name
    assert p._png()[0].startswith("yours-in-yours")
    p.pictures.pickers["style"].value = "bojagi"
    p.worker.settle(PATIENCE)
    assert p.session.names["style"] == "bojagi"


def test_two_uploads_of_one_name_are_two_pictures(open_panel):
    p = open_panel()
    for seed in (1, 2):
        img = picture(seed, 40 + seed, 50)
        p.pictures.uploads["style"].value = upload("a.png", as_file(img))
        p.worker.settle(PATIENCE)
        assert p.transfer.synthesis.style_img.size == img.size
    assert p.pictures.pickers["style"].value == "a.png (2)"


def test_measuring_shows_nobody_its_epochs(open_panel, monkeypatch):
    p, seen, lookers = open_panel(), [], []
    step = p.transfer.synthesis.step

    def look():
        data = p.snapshots.png._make()[2]
        with Image.open(io.BytesIO(data)) as img:
            seen.append(img.text["d2l-style epochs"])

    def watched_step():
        lookers.append(threading.Thread(target=look))
        lookers[-1].start()  # while this epoch is measured
        return step()

    monkeypatch.setattr(p.transfer.synthesis, "step", watched_step)
    p.controls.width.value = 64
    p.worker.settle(PATIENCE)
    for looker in lookers:
        looker.join(PATIENCE)
    assert len(seen) == len(lookers) >= 1
    assert set(seen) == {"0"}


def test_a_failing_report_does_not_end_the_thread():
    def failing(error):
        raise OSError("and again")

    worker, done = Worker(lambda: False, failing), []
    worker.tell(lambda: 1 / 0)
    worker.tell(lambda: done.append(1))
    assert worker.settle(PATIENCE)
    assert done == [1]
    worker.stop()


def test_a_failed_undo_can_be_tried_again(open_panel, monkeypatch):
    p = open_panel()
    p.session.epoch()
    p.controls.weights["tv_weight"].number.value = 20
    p.worker.settle(PATIENCE)
    monkeypatch.setattr(
        p.transfer, "restore", lambda state: 1 / 0, raising=True
    )
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    assert p.session.can_undo
    monkeypatch.undo()
    p.bar.undo.click()
    p.worker.settle(PATIENCE)
    assert p.recipe.tv_weight == 10


def test_a_failed_resize_leaves_the_run_whole(open_panel, monkeypatch):
    p = open_panel()
    p.session.epoch()

    calls, standardise = itertools.count(1), images.standardise

    def out_of_memory(img):
        if next(calls) == 3:  # after both pictures: the one in hand
            raise MemoryError
        return standardise(img)

    monkeypatch.setattr(images, "standardise", out_of_memory)
    p.controls.height.value = 64
    p.worker.settle(PATIENCE)
    monkeypatch.undo()
    assert next(calls) > 3
    assert p.transfer.recipe.image_shape == SIZE
    p.session.epoch()
    assert p.transfer.epoch == 2


def test_a_stopped_panel_says_so_and_stays_as_it_is(open_panel):
    first = open_panel()
    before = first.recipe
    open_panel()
    first.controls.weights["style_weight"].number.value = 5
    first.start()
    assert first.recipe == before
    assert "another panel" in first.bar.messages.value
    assert first.state == "stopped"


def test_fewer_epochs_than_were_run_end_the_run(open_panel):
    p = open_panel()
    p.start()
    until(lambda: p.transfer.epoch > 5)
    p.controls.settings["num_epochs"].value = 3
    until(lambda: p.state == "finished" and not p.worker.going)
    p.controls.settings["num_epochs"].value = 10_000
    p.worker.settle(PATIENCE)
    assert p.state == "paused"


def test_a_share_that_cannot_be_had_is_a_sentence(open_panel):
    p = open_panel()
    p.controls.calibrated.value = True
    p.controls.layers[25].content.value = False
    p.worker.settle(PATIENCE)
    weight = p.controls.weights["content_weight"]
    weight.share.value = 40
    p.worker.settle(PATIENCE)
    assert "cannot be had" in p.bar.messages.value
    assert weight.value == 1


def test_a_bad_choice_does_not_stop_the_run(open_panel):
    p = open_panel()
    p.start()
    until(lambda: p.transfer.epoch > 1)
    p.recipe_page.text.value = "Recipe(weights='nowhere.safetensors')"
    p.recipe_page.load.click()
    until(lambda: "nowhere" in p.bar.messages.value)
    epoch = p.transfer.epoch
    until(lambda: p.transfer.epoch > epoch + 1)


@pytest.mark.parametrize("wrong", ["as-printed", {"lr": 1}, 3])
def test_a_recipe_that_is_none_stops_no_other_panel(open_panel, wrong):
    first = open_panel()
    with pytest.raises(ValueError, match="must be a Recipe"):
        StylePanel(recipe=wrong, backend=first.backend)
    assert first.worker.alive


def test_a_network_of_ones_own_is_called_so(open_panel, d2l, narrow_file):
    net = d2l.pretrained_vgg19(narrow_file)
    p = open_panel(net=net)
    assert "your own" in p.network.value
    assert p.controls.settings["weights"].disabled


@pytest.mark.parametrize("wrong", ["no-such-name", 5, b"bytes"])
def test_what_is_no_picture_is_refused_at_once(backend, wrong):
    with pytest.raises((ValueError, TypeError, OSError)):
        StylePanel(wrong, backend=backend)


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="'pytorch' or 'mxnet'"):
        StylePanel(backend="caffe")


def test_a_thousand_random_events(open_panel):
    """No exception, no deadlock, no leak, whatever is pressed when."""
    p = open_panel()
    rng, failed = random.Random(0), []
    told = p.worker._failed
    expected = (ValueError, FileNotFoundError, Diverged)

    def watch(error):
        if not isinstance(error, expected):
            failed.append(error)
        told(error)

    p.worker._failed = watch
    events = _events(p, rng)
    process, begun = psutil.Process(), None
    for number in range(1000):
        rng.choice(events)()
        if number % 50 == 0:
            assert p.worker.settle(PATIENCE), "deadlock"
        if number == 200:
            gc.collect()
            begun = process.memory_info().rss
    p.pause()
    assert p.worker.settle(PATIENCE)
    gc.collect()
    grown = process.memory_info().rss - begun
    assert not failed
    assert p.worker.alive
    assert p.recipe == p.transfer.recipe
    assert grown < 50e6, f"{grown / 1e6:.0f} MB more"


def _events(p, rng):
    c = p.controls
    sliders = [w.slider for w in c.weights.values()]
    numbers = [w.number for w in c.weights.values()]
    shares = [w.share for w in c.weights.values()]
    boxes = [b for r in c.layers.values() for b in (r.style, r.content)]

    def flip(box):
        box.value = not box.value

    def snap():
        if len(p.snapshots.kept) < 3:
            p.bar.keep.click()

    def back():
        if p.snapshots.kept:
            rng.choice(p.snapshots.strip.children).children[-1].click()

    def number(value):
        rng.choice(numbers).value = value

    return [
        *[p.bar.main.click] * 4,
        p.bar.undo.click,
        p.bar.reset.click,
        snap,
        back,
        lambda: time.sleep(0.02),
        lambda: setattr(rng.choice(sliders), "value", 10 ** rng.uniform(0, 3)),
        lambda: setattr(rng.choice(shares), "value", rng.uniform(0.1, 99)),
        lambda: number(rng.choice([0, 1, 1e4, 1e9])),
        lambda: flip(rng.choice(boxes)),
        lambda: flip(c.calibrated),
        lambda: flip(p.views.log),
        lambda: setattr(c.height, "value", rng.choice([8, 32, 48])),
        lambda: setattr(
            c.settings["init"], "value", rng.choice(["content", "noise"])
        ),
        lambda: setattr(c.settings["lr"], "value", rng.choice([0.3, 3])),
        lambda: setattr(p.preset, "value", rng.choice(["", "as-printed"])),
        lambda: setattr(
            p.pictures.uploads["style"], "value", upload("no", b"junk")
        ),
        lambda: setattr(
            p.pictures.uploads["content"],
            "value",
            upload("yes.png", as_file(picture(rng.randrange(5)))),
        ),
        p.recipe_page.show.click,
        p.recipe_page.load.click,
        p.snapshots.png.press,
    ]


# --- parts -------------------------------------------------------------------


def test_controls_give_back_every_recipe(narrow_file):
    controls = Controls(Recipe(), lambda: None)
    for recipe in (
        Recipe(),
        Recipe.preset("as-printed-vi", "mxnet"),
        Recipe(
            content_layers=[0, 34],
            style_layers=[2, 7],
            style_layer_weights=[0.5, 0],
            content_weight=0,
            weights=narrow_file,
            image_shape=(64, 70),
            seed=5,
            init="style",
            style_fit="keep",
        ),
    ):
        controls.show(recipe)
        assert controls.recipe() == recipe


def test_words_say_what_changed():
    old = Recipe()
    assert in_words(old, old) == ""
    new = old.replace(style_weight=1e5, style_layers=[0, 5, 7])
    assert in_words(old, new) == (
        "style layers +conv2_2 −conv3_1 −conv4_1 −conv5_1; "
        "style weight 1e4 → 1e5"
    )
    new = old.replace(style_layer_weights=[1, 1, 0.25, 1, 1])
    assert in_words(old, new) == "conv3_1 × 1 → 0.25"
    assert in_words(old, old, {"style": "bojagi"}) == "style: bojagi"
    weighed = old.replace(style_layers=[0, 5], style_layer_weights=[0.3, 1])
    assert "×" not in in_words(weighed, weighed.replace(style_layers=[2, 5]))
    new = old.replace(image_shape=(200, 300), lr=0.5)
    assert in_words(old, new) == (
        "size 300x450 → 200x300; learning rate 0.3 → 0.5"
    )


def test_words_say_how_the_style_picture_fits():
    old = Recipe()
    assert in_words(old, old.replace(style_fit="keep")) == (
        "style picture squeezed, as in the book → its own shape"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("style_fit", "crop"),
        ("init", "noise"),
        ("antialias", False),
        ("weights", "random"),
        ("tap", "conv"),
        ("adam_epsilon", "mxnet"),
    ],
)
def test_words_are_those_of_the_controls(name, value):
    controls, old = Controls(Recipe(), lambda: None), Recipe()
    box, new = controls.settings[name], old.replace(**{name: value})
    before = box.label
    box.value = value
    assert in_words(old, new) == f"{box.description} {before} → {box.label}"


def test_words_take_a_network_of_ones_own_as_it_is():
    new = Recipe(weights="my.safetensors")
    assert in_words(Recipe(), new).endswith("→ my.safetensors")


def test_python_text_of_a_recipe_reads_back():
    for recipe in (
        Recipe(style_fit="crop"),
        Recipe(),
        Recipe(style_weight=1e5, lr=0.123456789, init="noise"),
        Recipe.preset("as-printed", "mxnet", style_layers=["conv1_2"]),
    ):
        text = recipe.to_python()
        assert Recipe.from_text(text) == recipe
        assert eval(text, {"Recipe": Recipe}) == recipe
        assert Recipe.from_text(recipe.to_json()) == recipe
    assert Recipe.from_text("recipe = Recipe(lr=0.1)").lr == 0.1
    assert Recipe(style_layers=[0]).to_python() == (
        "Recipe(\n    style_layers=['conv1_1'],\n)"
    )


def test_a_film_never_grows_beyond_its_frames():
    film = Film()
    with pytest.raises(ValueError, match="nothing has been run"):
        film.gif()
    frame = jpeg_bytes(Image.new("RGB", (4, 4)))
    for epoch in range(5 * FRAMES):
        film.add(epoch, frame)
        film.add(epoch, frame)
        assert len(film) <= FRAMES
    before = len(film)
    assert before >= FRAMES // 2
    film.cut(2 * FRAMES)
    assert 0 < len(film) < before


def test_a_png_of_another_program_has_no_recipe(tmp_path):
    path = tmp_path / "other.png"
    picture(1).save(path)
    with pytest.raises(ValueError, match="carries no recipe"):
        recipe_in_png(path)
    path.write_bytes(png_bytes(picture(1), Recipe())[:-400])
    with pytest.raises(ValueError, match="cannot be read"):
        recipe_in_png(path)
    with pytest.raises(FileNotFoundError):
        recipe_in_png(tmp_path / "none.png")


@pytest.mark.torch
def test_the_plot_holds_what_it_is_given(content_img, style_img, recipe):
    session = Session(lambda: StyleTransfer(content_img, style_img, recipe))
    for _ in range(4):
        session.epoch()
    session.edit(recipe.replace(style_layers=[0, 2], style_weight=5))
    session.epoch()
    plot = LossPlot()
    for log in (False, True, False):
        plot.show(session.history, 10, log)
        data = plot.png()
    assert Image.open(io.BytesIO(data)).width > 300
    xs, ys = plot._lines["style"].get_data()
    assert list(xs) == [1, 2, 3, 4, 5]
    assert list(ys) == session.history.style
    assert sorted(plot._by_layer) == [0, 2, 5, 10, 19, 28]
    count = len(plot.fig.findobj())
    for _ in range(5):
        plot.show(session.history, 10)
    assert len(plot.fig.findobj()) == count


def test_a_worker_survives_errors_and_replaces_what_waits():
    told, done, gate = [], [], threading.Event()
    worker = Worker(lambda: False, told.append)
    worker.tell(gate.wait)
    for i in range(5):
        worker.tell(lambda i=i: done.append(i), "same")
    worker.tell(lambda: 1 / 0)
    gate.set()
    assert worker.settle(PATIENCE)
    assert done == [4]
    assert isinstance(told[0], ZeroDivisionError)
    assert worker.alive
    worker.stop()
    assert not worker.alive
    worker.tell(done.clear)
    assert worker.settle(PATIENCE)


# --- in another language -----------------------------------------------------


class Bracketed:
    """A catalogue that puts every message into brackets."""

    def get(self, message):
        return f"⟦{message}⟧"


@pytest.fixture
def bracketed(monkeypatch):
    monkeypatch.setattr("d2l_style.language._catalogue", lambda _: Bracketed())


# Names are the same in all languages, and these stand in no message.
NAMES = {
    *(layer.name for layer in vgg.CONVS),
    *("relu", "conv", "inplace", "adam", "pytorch", "mxnet"),
    *("★", "⟦yours⟧", "mine.png"),
}
SHOWN = ("description", "tooltip", "placeholder", "label", "told")
SHOWN += ("before_label", "after_label", *hint(""))


def shown_in(widget):
    """Yield every text of a widget and of those inside it."""
    for each in panel._all_in(widget):
        for name in SHOWN:
            text = getattr(each, name, None)
            yield from [text] * isinstance(text, str)
        yield from getattr(each, "titles", ())
        yield from getattr(each, "sentences", {}).values()
        if isinstance(each, (ipywidgets.HTML, ipywidgets.Label)):
            yield from words_of_html(each.value)
        if isinstance(each, ipywidgets.Dropdown):
            yield from each._options_labels


def words_of_html(value):
    """Yield what is read in HTML, and the titles of its elements."""
    value = re.sub(r"<style>.*?</style>", "", value, flags=re.DOTALL)
    yield from map(html.unescape, re.findall(r'title="([^"]*)"', value))
    yield html.unescape(re.sub(r"<[^>]*>", "", value))


def forgotten(text):
    """Return the words of a text that no translator gets to see."""
    rest = text
    while rest != (rest := re.sub("⟦[^⟦⟧]*⟧", "", rest)):
        pass
    rest = re.sub("^⟦Network: .*", "", rest)  # the first sentence, cut off
    words = re.findall(r"(?<![\w.])[^\W\d_][\w.]*", rest)
    return [word for word in words if word not in NAMES]


def test_a_forgotten_message_would_be_found():
    assert not forgotten("⟦run⟧ · ⟦epoch ⟦3⟧ of 4⟧ conv1_1 ★ 1e4 → 1.5")
    assert forgotten("⟦run⟧ now") == ["now"]
    assert list(words_of_html('<b title="one">two</b>')) == ["one", "two"]
    button = ipywidgets.Button(description="Start")
    box = ipywidgets.VBox([ipywidgets.HBox([button])])
    assert "Start" in set(shown_in(box))


def test_every_word_of_the_panel_can_be_translated(bracketed, open_panel):
    p = open_panel(recipe=Recipe(weights="mini", image_shape=SIZE))
    _try_everything(p)
    texts = set(filter(None, shown_in(p)))
    assert len(texts) > 150
    assert not {text: forgotten(text) for text in texts if forgotten(text)}
    for picker in p.pictures.pickers.values():
        samples = [item for item in picker.items if item["title"] in NAMES]
        for item in picker.items:
            assert item["title"].startswith("⟦") or item in samples
            assert item["alt"].startswith("⟦") or item in samples


def _try_everything(p):
    """Have all be said that is said only when something happens."""
    p.controls.calibrated.value = True
    p.session.epoch()
    p.bar.keep.click()
    p.controls.settings["style_fit"].value = "keep"
    p.controls.layers[2].style.value = True
    p.controls.weights["style_weight"].number.value = 5
    p.pictures.uploads["style"].value = upload("mine.png", as_file(picture(9)))
    assert p.worker.settle(PATIENCE)
    p.session.epoch()
    p.bar.keep.click()
    p.snapshots.strip.children[0].children[-1].click()
    assert p.worker.settle(PATIENCE)
    p.session.epoch()
    p.controls.settings["num_epochs"].value = 3
    p.controls.settings["lr"].value = -1
    assert p.worker.settle(PATIENCE)


def test_every_sentence_of_the_panel_can_be_translated(
    bracketed, open_panel, monkeypatch
):
    p = open_panel()
    told = []
    monkeypatch.setattr(p.bar, "say", lambda text, kind="": told.append(text))
    monkeypatch.setattr("d2l_style.panel.pages.KEPT", 0)
    p.bar.keep.click()
    p.worker.tell(lambda: 1 / 0)
    p.worker.tell(p._refuse_share)
    p.controls.settings["num_epochs"].value = 1
    p.session.epoch()
    p.start()
    p.worker.settle(PATIENCE)
    p.stop()
    for error in (MemoryError(), ValueError("⟦a sentence⟧"), KeyError("k")):
        told.append(in_a_sentence(error))
    told = list(filter(None, told))
    assert len(told) == 8
    assert not [text for text in told if forgotten(text)]


def test_times_can_be_translated(bracketed):
    for seconds in (5, 200, 4000):
        assert not forgotten(duration(seconds))


@pytest.mark.parametrize(
    ("each", "expected", "left", "words"),
    [
        (0.001, None, 20, "0.001 s each, less than a second left"),
        (120.4, None, 10, "120 s each, 20 min 4 s left"),
        (0.5, None, 0, "0.5 s each"),
        (None, 0.001, 20, "less than a second here (0.001 s an epoch)"),
        (None, 2, 20, "about 40 s here (2 s an epoch)"),
        (None, None, 20, ""),
    ],
)
def test_the_time_left_in_words(each, expected, left, words):
    session = SimpleNamespace(
        seconds_per_epoch=each, seconds_expected=expected
    )
    assert _time_left(session, left) == words


@pytest.mark.parametrize("name", FRAMEWORKS.values())
def test_the_books_modules_offer_it(name, content_img, style_img, recipe):
    d2l = pytest.importorskip(f"d2l_style.{name}", exc_type=ImportError)
    p = d2l.StylePanel(content_img, style_img, recipe)
    assert p.backend == {v: k for k, v in FRAMEWORKS.items()}[name]
    p.close()
