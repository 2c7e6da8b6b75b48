"""A panel that was replaced, stopped or closed gives everything back."""

import gc
import json
import weakref

import pytest
from conftest import ROOT, linux, picture
from PIL import Image
from test_imports import python

from d2l_style.exercises.gallery import Gallery
from d2l_style.panel import StylePanel
from d2l_style.pictures.png import recipe_in_png
from d2l_style.recipe import Recipe

PATIENCE = 60
OPENED = """
    import ctypes, gc, json, logging, sys, time
    import psutil
    sys.path.insert(0, {tests!r})
    from conftest import picture
    from d2l_style.panel import StylePanel
    from d2l_style.recipe import Recipe

    logging.disable()
    small = Recipe.preset("fast").replace(
        image_shape=(64, 96), num_epochs=3, weights="mini"
    )

    def opened(recipe=small, content=None):
        p = StylePanel(content or picture(1), picture(2), recipe, {backend!r})
        p.start()
        p.worker.settle(60)
        while not p.session.finished:
            time.sleep(0.02)
        p.worker.settle(60)
        return p

    def measured():
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # what the C library keeps
        me = psutil.Process()
        return me.memory_info().rss / 1e6, me.num_threads()
"""
PHOTOS = """
    photo, taken = picture(1, 4000, 6000), []
    for _i in range(10):
        opened(content=photo.copy()).close()
        taken.append(measured())
"""
CELL_RUN_AGAIN = """
    full, taken = small.replace(weights="random"), []
    for _i in range(12):
        panel = opened(full)
        taken.append(measured())
"""
EVENTS = """
    import random

    def event(p, dice):
        weights = [each.number for each in p.controls.weights.values()]
        bar = p.bar
        buttons = bar.main, bar.undo, bar.redo, bar.reset, bar.keep
        if dice.random() < 0.6:
            dice.choice(weights).value = 10 ** dice.uniform(-1, 5)
        else:
            dice.choice(buttons).click()
        if dice.random() < 0.1:
            p.worker.settle(60)

    taken = []
    for seed in range(4):
        p, dice = opened(), random.Random(seed)
        for _i in range(500):
            event(p, dice)
        p.worker.settle(60)
        p.close()
        taken.append(measured())
"""


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "most"),
    [(PHOTOS, 30), (CELL_RUN_AGAIN, 50), (EVENTS, 50)],
    ids=["photos", "the cell run again", "random events"],
)
def test_memory_comes_back(program, most, backend):
    """``most`` is in MB; what the first panels take for good is left out."""
    code = OPENED.format(tests=str(ROOT / "tests"), backend=backend) + program
    taken = json.loads(python(code + "\n    print(json.dumps(taken))"))
    (before, threads), (after, threads_after) = taken[1], taken[-1]
    assert after - before < most, taken
    assert threads_after <= threads


@pytest.fixture
def replaced(backend, narrow_file):
    """A panel that has run and was kept once, and parts of its run."""
    recipe = Recipe(weights=narrow_file, image_shape=(48, 64), num_epochs=3)
    p = StylePanel(picture(1), picture(2), recipe, backend)
    for command in (*[p._epoch] * 3, p._do_keep, p._do_reset, p._epoch):
        p.worker.tell(command)
    p.worker.settle(PATIENCE)
    synthesis = p.transfer.synthesis
    parts = [synthesis, synthesis.pretrained_net, synthesis.objective]
    parts += [p.session._past[0], p.snapshots.kept[0].moment]
    parts = [weakref.ref(part) for part in parts]
    seen = p.transfer.image()
    del synthesis
    other = StylePanel(picture(1), picture(2), recipe, backend)
    yield p, seen, parts
    for each in (p, other):
        each.close()


def test_a_replaced_panel_lets_go_of_its_network(replaced):
    _p, _seen, parts = replaced
    gc.collect()
    assert not [part() for part in parts if part() is not None]


def test_what_a_replaced_panel_shows_can_be_saved(replaced, tmp_path):
    p, seen, _parts = replaced
    assert p.state == "stopped"
    assert p.transfer.image().tobytes() == seen.tobytes()
    p.save_png(tmp_path / "a.png")
    p.save_gif(tmp_path / "a.gif")
    assert recipe_in_png(tmp_path / "a.png") == p.recipe
    with Image.open(tmp_path / "a.png") as img:
        assert img.convert("RGB").tobytes() == seen.tobytes()
    kept = Gallery(tmp_path / "gallery").keep(p, "Of before")
    assert (kept.epochs, kept.recipe) == (1, p.recipe)


def test_who_goes_on_with_a_replaced_panel_is_told(replaced):
    p, _seen, _parts = replaced
    with pytest.raises(ValueError, match="run the panel's cell again"):
        list(p.transfer.run(1))
    assert all(each.disabled for each in p.pictures.pickers.values())
    assert all(each.disabled for each in p.pictures.uploads.values())


def test_a_transfer_that_a_cell_has_taken_goes_on(backend, narrow_file):
    recipe = Recipe(weights=narrow_file, image_shape=(48, 64), num_epochs=3)
    p = StylePanel(picture(1), picture(2), recipe, backend)
    taken = p.transfer
    p.stop()
    assert len(list(taken.run(2))) == 2
    p.close()
