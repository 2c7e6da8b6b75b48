"""The animator: the book's use, nothing accumulates, nothing flickers."""

import base64
import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from d2l_style.pictures.animator import Animator

BOOK = {
    "xlabel": "epoch",
    "ylabel": "loss",
    "xlim": [10, 500],
    "legend": ["content", "style", "TV"],
    "ncols": 2,
    "figsize": (7, 2.5),
}


def image(value, height=30, width=45):
    return np.full((height, width, 3), value, np.uint8)


@pytest.fixture
def shown(monkeypatch):
    """Pretend to be in a notebook; return what is displayed there."""
    import IPython.display

    events = []

    class Handle:
        def update(self, data, **kwargs):
            events.append(("update", data, kwargs))

    def display(data, display_id=False, **kwargs):
        assert display_id
        events.append(("display", data, kwargs))
        return Handle()

    monkeypatch.setattr(
        "d2l_style.pictures.animator.in_notebook", lambda: True
    )
    monkeypatch.setattr(IPython.display, "display", display)
    return events


def add_points(animator, count):
    for i in range(1, count + 1):
        animator.axes[1].imshow(image(i % 256))
        animator.add(10 * i, [3.0 / i, 2.0 / i, 1.0 / i])


def test_artists_do_not_accumulate():
    animator = Animator(**BOOK)
    add_points(animator, 3)
    before = [len(ax.get_children()) for ax in animator.axes]
    add_points(animator, 30)
    assert [len(ax.get_children()) for ax in animator.axes] == before
    assert len(animator.axes[1].images) == 1
    assert len(animator.axes[0].lines) == 3


def test_the_latest_image_is_shown():
    animator = Animator(**BOOK)
    for value in (10, 200):
        animator.axes[1].imshow(Image.fromarray(image(value)))
    shown = np.asarray(animator.axes[1].images[0].get_array())
    assert (shown == 200).all()


def test_an_image_of_another_size_replaces_the_last():
    animator = Animator(**BOOK)
    animator.axes[1].imshow(image(1))
    animator.axes[1].imshow(image(2, 60, 20))
    assert len(animator.axes[1].images) == 1
    extent = animator.axes[1].images[0].get_extent()
    assert list(extent) == [-0.5, 19.5, 59.5, -0.5]


def test_points_lie_where_they_were_put():
    animator = Animator(**BOOK)
    animator.add(10, [3, 2, 1])
    animator.add(20, [2.5, None, 0.5])
    xs = [list(line.get_xdata()) for line in animator.axes[0].lines]
    ys = [list(line.get_ydata()) for line in animator.axes[0].lines]
    assert xs == [[10, 20], [10], [10, 20]]
    assert ys == [[3, 2.5], [2], [1, 0.5]]
    legend = animator.axes[0].get_legend()
    assert [t.get_text() for t in legend.get_texts()] == BOOK["legend"]


def test_limits_that_are_given_stay_and_others_follow():
    animator = Animator(**{**BOOK, "ylim": [0, 20]})
    animator.add(10, [300, 2, 1])
    assert animator.axes[0].get_xlim() == (10, 500)
    assert animator.axes[0].get_ylim() == (0, 20)
    free = Animator(**BOOK)
    free.add(10, [300, 2, 1])
    free.add(20, [3, 2, 1])
    low, high = free.axes[0].get_ylim()
    assert low < 1
    assert high > 300


def test_the_picture_is_drawn():
    animator = Animator(**BOOK)
    add_points(animator, 5)
    drawn = Image.open(io.BytesIO(animator.png())).convert("RGB")
    assert drawn.size == (1400, 500)
    left = np.asarray(drawn)[:, :700]
    for colour in ((31, 119, 180), (194, 24, 91), (46, 125, 50)):
        assert (left == colour).all(axis=2).sum() > 50


def test_one_display_then_updates(shown):
    animator = Animator(**BOOK)
    add_points(animator, 4)
    assert [kind for kind, *_ in shown] == ["display"] + 3 * ["update"]
    for _, data, kwargs in shown:
        png = base64.b64decode(data["image/png"])
        assert Image.open(io.BytesIO(png)).size == (1400, 500)
        assert kwargs["metadata"]["image/png"]["width"] == 700
    assert "epoch" in shown[-1][1]["text/plain"]
    assert "content 0.75" in shown[-1][1]["text/plain"]


def test_outside_a_notebook_nothing_is_shown_but_saving_works(tmp_path):
    code = (
        "import sys; from d2l_style.pictures.animator import Animator;"
        "a = Animator(ncols=2); a.axes[1].imshow([[1, 2], [3, 4]]);"
        "a.add(1, 2.0); a.save(sys.argv[1]);"
        "assert 'IPython' not in sys.modules"
    )
    path = tmp_path / "figure.png"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert Image.open(path).size == (700, 500)


def test_watch_takes_epochs():
    class Epoch:
        content, style, tv = 3.0, 2.0, 1.0

        def __init__(self, number):
            self.number = number

        def image(self):
            return Image.fromarray(image(7))

    animator = Animator.of_losses(30)
    for number in range(1, 31):
        animator.watch(Epoch(number), every=10)
    assert list(animator.axes[0].lines[0].get_xdata()) == [10, 20, 30]


def test_scalar_use_of_the_book():
    animator = Animator(xlabel="x")
    animator.add(1, 5)
    animator.add(2, 6)
    assert list(animator.axes[0].lines[0].get_ydata()) == [5, 6]


def test_wrong_number_of_points_is_refused():
    animator = Animator(**BOOK)
    animator.add(10, [1, 2, 3])
    with pytest.raises(ValueError, match="zip"):
        animator.add(20, [1, 2])


@pytest.mark.parametrize("highest", [3.3, 3.34, 3.38])
def test_labels_are_never_cut_off(highest):
    """Whatever the ticks, the outermost columns of the figure stay white."""
    animator = Animator(**BOOK)
    for i in range(1, 20):
        animator.axes[1].imshow(image(0, 300, 450))
        animator.add(10 * i, [0.7, 0.27 + 1 / i, 0.9 + (highest - 0.9) / i])
        drawn = np.asarray(Image.open(io.BytesIO(animator.png())).convert("L"))
        assert drawn[:, :2].min() > 200
