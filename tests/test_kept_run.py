"""What outlives the kernel: the run that is kept, the picture that stays."""

import io
import json

import numpy as np
import pytest
from conftest import picture
from PIL import Image

pytest.importorskip("ipywidgets", reason="it is not installed")
pytest.importorskip("anywidget", reason="anywidget is not installed")

from test_panel import SIZE, until  # noqa: E402

from d2l_style.machine import files
from d2l_style.panel import StylePanel, lasting, place, viewers  # noqa: E402
from d2l_style.panel.kept_run import EVERY, KeptRun  # noqa: E402
from d2l_style.panel.still import Still  # noqa: E402
from d2l_style.recipe import Recipe  # noqa: E402


@pytest.fixture
def kept_in(tmp_path, monkeypatch):
    """Have panels keep their runs, as in the kernel of a notebook."""
    folder = tmp_path / ".d2l-style" / "notebook"
    monkeypatch.setattr(lasting, "in_jupyter", lambda: True)
    monkeypatch.setattr(lasting, "folder_of", lambda _backend: folder)
    return folder


@pytest.fixture
def open_panel(backend, content_img, style_img, narrow_file):
    panels = []

    def opened(*pictures, **kwargs):
        recipe = Recipe(
            weights=narrow_file, image_shape=SIZE, num_epochs=25, lr=0.02
        )
        kwargs = {"recipe": recipe, "backend": backend, **kwargs}
        pictures = pictures or (content_img, style_img)
        panels.append(StylePanel(*pictures, **kwargs))
        panels[-1].worker.settle(60)
        return panels[-1]

    yield opened
    for p in panels:
        p.close()


def run(p, epochs):
    """Run a panel for some epochs, then pause it."""
    p.worker.settle(60)
    for _ in range(epochs):
        p.worker.tell(p._epoch)
    p.worker.settle(60)


def offered(p):
    return p.bar.offer.layout.display != "none"


def test_a_run_is_kept_and_gone_on_with(kept_in, open_panel):
    first = open_panel()
    assert not offered(first)
    run(first, 12)
    image, history = first.transfer.array(), first.session.history.copy()
    recipe = first.recipe
    first.stop()

    again = open_panel(None, None, recipe=Recipe(image_shape=SIZE))
    assert offered(again)
    assert "12 of 25" in again.bar._left.value
    assert "12" in again.bar.go_on.description
    again.bar.go_on.click()
    again.worker.settle(60)
    assert not offered(again)
    assert again.transfer.epoch == 12
    assert again.recipe == again.wanted == recipe
    np.testing.assert_array_equal(again.transfer.array(), image)
    assert again.session.history == history
    run(again, 1)
    assert again.transfer.epoch == 13
    assert again.session.history.epochs == list(range(1, 14))


def test_a_kernel_that_dies_loses_ten_epochs_at_most(kept_in, open_panel):
    p = open_panel()
    p.start()
    until(lambda: p.transfer.epoch > EVERY + 3)
    epoch, total, names = KeptRun(kept_in, p.backend).offer()
    assert epoch >= EVERY
    assert total == 25
    assert names == p.session.names


def finish(p):
    """Run a panel to its end, as Start does."""
    p.worker.settle(60)
    p.start()
    p.worker.settle(60)
    until(lambda: p.state == "finished")


def test_another_run_of_as_many_epochs_is_kept(kept_in, open_panel):
    p = open_panel()
    p.lasting.still._handle = handle = Handle()
    p._want(p.wanted.replace(num_epochs=EVERY))
    finish(p)
    until(lambda: (left := p.lasting.kept.offer()) and left[0] == EVERY)
    p.worker.tell(p._do_reset)
    p._want(p.wanted.replace(tv_weight=77.0))
    finish(p)
    until(lambda: KeptRun(kept_in, p.backend).read()[0].recipe.tv_weight == 77)
    second, _saved = KeptRun(kept_in, p.backend).read()
    assert second.epoch == EVERY
    np.testing.assert_array_equal(second.state["image"], p.transfer.array())
    until(lambda: "77" in handle.shown[-1]["text/plain"])


def test_who_starts_anew_is_offered_nothing(kept_in, open_panel):
    first = open_panel()
    run(first, 3)
    first.stop()
    again = open_panel()
    assert offered(again)
    again.start()
    until(lambda: again.state == "finished")
    assert not offered(again)


def test_ones_own_pictures_come_back(kept_in, open_panel):
    img = picture(9, 50, 60)
    first = open_panel()
    first._picture_chosen("content", "holiday.jpg", img)
    run(first, 2)
    first.stop()
    again = open_panel()
    again.bar.go_on.click()
    again.worker.settle(60)
    assert again.session.names["content"] == "holiday.jpg"
    np.testing.assert_array_equal(again.transfer.pictures[0], img)
    assert again.pictures.pickers["content"].value == "holiday.jpg"


def test_nothing_is_kept_outside_a_notebook(open_panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    p = open_panel()
    run(p, EVERY)
    p.stop()
    assert not offered(open_panel())
    assert list(tmp_path.iterdir()) == []


def test_a_network_of_ones_own_is_not_kept(
    kept_in, open_panel, d2l, narrow_file
):
    p = open_panel(net=d2l.pretrained_vgg19(narrow_file, verbose=False))
    run(p, 2)
    p.stop()
    assert not kept_in.exists()


def test_a_folder_that_cannot_be_written_is_told_once(kept_in, open_panel):
    kept_in.parent.write_text("no folder", encoding="utf-8")
    p = open_panel()
    run(p, EVERY + 1)
    assert "cannot be kept" in p.bar.messages.value
    assert p.transfer.epoch == EVERY + 1
    assert p.lasting.kept.folder is None


def test_a_full_disk_is_told_and_the_run_goes_on(
    kept_in, open_panel, monkeypatch
):
    def full(_path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_flush", full)
    p = open_panel()
    run(p, EVERY + 1)
    assert "No space left" in p.bar.messages.value
    assert p.transfer.epoch == EVERY + 1
    assert not list(kept_in.glob("*.part*"))


def damaged(path, **changes):
    """Rewrite the metadata of a kept run."""
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, metadata | changes)


HISTORY = {
    name: [1.0] for name in ("content", "style", "tv", "total", "epochs")
} | {"layers": [{"5": 1.0}], "marks": []}
FACTS = {
    "epoch": 2,
    "names": {"content": "a", "style": "b"},
    "history": HISTORY,
}


@pytest.mark.parametrize(
    "facts",
    [
        "",
        "null",
        "[1]",
        "{",
        json.dumps(FACTS | {"epoch": "many"}),
        json.dumps(FACTS | {"epoch": -3}),
        json.dumps(FACTS | {"names": ["content"]}),
        json.dumps(FACTS | {"names": {"content": 3, "style": "b"}}),
        json.dumps(FACTS | {"names": {"content": "a"}}),
        json.dumps(FACTS | {"history": {**HISTORY, "tv": []}}),
        json.dumps(FACTS | {"history": {**HISTORY, "layers": [{"x": 1}]}}),
        json.dumps(FACTS | {"history": {**HISTORY, "layers": [3]}}),
        json.dumps(FACTS | {"history": {**HISTORY, "marks": [{"a": 1}]}}),
        json.dumps(FACTS | {"history": {**HISTORY, "more": []}}),
        json.dumps(FACTS | {"history": None}),
    ],
)
def test_what_is_damaged_is_not_offered(kept_in, open_panel, backend, facts):
    p = open_panel()
    run(p, 2)
    p.stop()
    damaged(kept_in / "run.safetensors", facts=facts)
    assert KeptRun(kept_in, backend).offer() is None
    with pytest.raises(ValueError, match="damaged"):
        KeptRun(kept_in, backend).read()


def test_other_pictures_beside_it_are_a_sentence(kept_in, open_panel):
    p = open_panel()
    run(p, 2)
    p.stop()
    picture(5).save(kept_in / "style.png")
    again = open_panel()
    again.bar.go_on.click()
    again.worker.settle(60)
    assert "other pictures" in again.bar.messages.value
    assert again.transfer.epoch == 0
    run(again, 1)
    assert again.transfer.epoch == 1


# The picture that stays


class Handle:
    """Stands for IPython's display handle."""

    def __init__(self):
        self.shown = []

    def update(self, data, raw):
        assert raw
        self.shown.append(data)


def test_the_picture_that_stays_is_the_runs(open_panel):
    p = open_panel()
    p.lasting.still._handle = handle = Handle()
    run(p, 4)
    data = handle.shown[-1]
    assert data["text/plain"] == p.recipe.to_python()
    img = Image.open(io.BytesIO(data["image/jpeg"]))
    assert img.width > 400
    assert len(data["image/jpeg"]) < 400_000
    count = len(handle.shown)
    p.bar.log.click() if hasattr(p.bar, "log") else p._show_anew()
    p.worker.settle(60)
    assert len(handle.shown) == count  # nothing new


def test_before_the_first_epoch_nothing_stays(open_panel):
    p = open_panel()
    p.lasting.still._handle = handle = Handle()
    p._show_anew()
    p.worker.settle(60)
    assert handle.shown == []


def test_nothing_is_left_where_no_notebook_shows_it(open_panel):
    still = Still()
    p = open_panel()
    run(p, 1)
    still.update(p.session, p.views.curves.value, force=True)  # no place


# Who looks


def test_a_run_waits_for_somebody_to_look(open_panel, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(viewers, "monotonic", lambda: now[0])
    p = open_panel()
    run(p, 1)
    now[0] = 1e6  # nobody ever looked: a notebook run without a browser
    run(p, 1)
    assert p.transfer.epoch == 2
    p.pulse.felt({"what": "here", "hidden": False})
    now[0] += 59
    run(p, 1)
    assert p.transfer.epoch == 3
    now[0] += 2
    p.start()
    until(lambda: p.state == "unseen")
    p.worker.settle(60)
    assert p.transfer.epoch == 3
    assert "nobody is looking" in p.bar.status.value
    p.pulse.felt({"what": "here", "hidden": False})
    until(lambda: p.state == "finished")


def test_a_hidden_page_is_given_more_time(open_panel, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(viewers, "monotonic", lambda: now[0])
    p = open_panel()
    p.pulse.felt({"what": "here", "hidden": True})
    now[0] += 100
    assert not p.pulse.missing
    now[0] += 100
    assert p.pulse.missing
    for odd in (None, [], {"hidden": "yes"}, "here"):
        p.pulse.felt(odd)
        assert not p.pulse.missing
        assert p.pulse._patience == viewers._PATIENCE


def test_while_a_cell_runs_nobody_is_missed(open_panel, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(viewers, "monotonic", lambda: now[0])
    pulse = viewers.Pulse()
    pulse.felt({})
    pulse._cell_begins()
    now[0] += 1000
    assert not pulse.missing
    pulse._cell_ends()
    assert not pulse.missing
    now[0] += 1000
    assert pulse.missing


def test_who_pauses_stays_paused(open_panel, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(viewers, "monotonic", lambda: now[0])
    p = open_panel()
    p.pulse.felt({})
    run(p, 1)
    p.pause()
    now[0] += 1000
    p.pulse.felt({})
    p.worker.settle(60)
    assert p.state == "paused"


def test_the_kernel_of_a_notebook_is_known(monkeypatch, tmp_path):
    assert not place.in_jupyter()
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/Übung 1.ipynb")
    monkeypatch.chdir(tmp_path)
    where = place.folder_of("mxnet")
    assert where == tmp_path / ".d2l-style" / "Übung 1-mxnet"
