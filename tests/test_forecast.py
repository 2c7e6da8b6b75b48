"""Memory and time said before a run, and runs that would not fit."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import linux

from d2l_style.engine import forecast
from d2l_style.machine import memory
from d2l_style.network import vgg
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

WIDTHS = {c.index: vgg.WIDTHS[c.block - 1] for c in vgg.CONVS}
BACKENDS = ["pytorch", "mxnet"]


def need(shape=(300, 450), backend="pytorch", itemsize=4, **changes):
    recipe = Recipe(image_shape=shape, **changes)
    return forecast.bytes_needed(recipe, WIDTHS, backend, itemsize)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_grows_linearly_with_the_pixels(backend):
    a, b, c = (need((s * 160, s * 240), backend) for s in (4, 8, 16))
    assert (c - a) / (b - a) == pytest.approx(5, rel=0.01)


@pytest.mark.parametrize("backend", BACKENDS)
def test_fewer_layers_and_smaller_numbers_need_less(backend):
    shape = (600, 900)
    two = need(backend=backend, style_layers=[0], content_layers=[2])
    assert two < need(backend=backend)
    shallow = need(shape, backend, style_layers=[0], content_layers=[0])
    assert shallow < 0.8 * need(shape, backend)
    assert need(shape, backend, itemsize=2) < 0.8 * need(shape, backend)


@pytest.mark.parametrize("tap", ["relu", "conv", "inplace"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_choice_of_layers_has_a_forecast(backend, tap):
    for conv in vgg.CONVS:
        one = need((16, 16), backend, content_layers=[conv.index], tap=tap)
        assert 0 < one < 1e9


def test_a_proposed_size_fits_and_is_not_needlessly_small():
    recipe = Recipe(image_shape=(3000, 2000))
    free = need((1500, 1000))
    h, w = forecast.largest_shape(recipe, WIDTHS, "pytorch", 4, free)
    assert 0.98 * free < need((h, w)) <= free
    assert h / w == pytest.approx(1.5, rel=0.01)


def test_a_refusal_says_what_would_fit():
    recipe = Recipe(image_shape=(3000, 4500))
    args = recipe, WIDTHS, "pytorch", 4
    with pytest.raises(forecast.TooLarge) as caught:
        forecast.refuse_if_too_large(*args, 2e9)
    told = str(caught.value)
    assert "3000x4500 pixels need about" in told
    assert "2.0 GB are free" in told
    proposed = told.split()[-3]
    h, w = map(int, proposed.split("x"))
    smaller = recipe.replace(image_shape=(h, w))
    forecast.refuse_if_too_large(smaller, *args[1:], 2e9)


def test_where_nothing_fits_another_way_is_named():
    with pytest.raises(forecast.TooLarge, match="smaller network"):
        forecast.refuse_if_too_large(Recipe(), WIDTHS, "pytorch", 4, 1e6)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0001, "less than a second"),
        (0.99, "less than a second"),
        (1, "about 1 s"),
        (59.4, "about 59 s"),
        (59.6, "about 1 min 0 s"),
        (3700, "about 1 h 1 min"),
    ],
)
def test_a_time_in_words(seconds, words):
    assert forecast.about(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 MB"),
        (3.21e6, "3.2 MB"),
        (9.96e6, "10 MB"),
        (123.4e6, "123 MB"),
        (999.4e6, "999 MB"),
        (999.6e6, "1.0 GB"),
        (1.55e10, "15.5 GB"),
    ],
)
def test_a_size_in_words(size, words):
    assert forecast.in_bytes(size) == words


def test_little_free_memory_is_not_said_to_be_none():
    with pytest.raises(forecast.TooLarge, match="and 34 MB are free"):
        forecast.refuse_if_too_large(Recipe(), WIDTHS, "pytorch", 4, 34e6)


def test_where_nobody_knows_nothing_is_refused():
    recipe = Recipe(image_shape=(9000, 9000))
    forecast.refuse_if_too_large(recipe, WIDTHS, "mxnet", 4, None)


@pytest.fixture
def make(backend, content_img, style_img, narrow_file):
    def transfer(**changes):
        recipe = Recipe(
            weights=narrow_file, **{"image_shape": (48, 72), **changes}
        )
        return StyleTransfer(content_img, style_img, recipe, backend)

    return transfer


def test_too_large_a_run_is_refused_and_nothing_is_lost(make, monkeypatch):
    transfer = make()
    for _ in transfer.run(2):
        pass
    before, array = transfer.recipe, transfer.synthesis.array()
    # Kept features of MXNet count as free when it is about to drop them.
    monkeypatch.setattr(memory, "free_bytes", lambda: 300e6)
    with pytest.raises(forecast.TooLarge, match="would fit"):
        transfer.edit(image_shape=(4800, 7200))
    assert transfer.recipe == before
    assert (transfer.synthesis.array() == array).all()
    assert len(list(transfer.run(2))) == 2
    with pytest.raises(forecast.TooLarge, match="would fit"):
        make(image_shape=(4800, 7200))


def test_a_forecast_leaves_no_trace(make):
    transfer, other = make(), make()
    told = transfer.forecast()
    assert told.seconds > 0
    assert told.bytes > 0
    assert transfer.epoch == 0
    a, b = ([e.losses for e in run.run(3)] for run in (transfer, other))
    assert a == b


def with_clock(transfer, monkeypatch, seconds):
    """Have epoch k take ``seconds(k)``; return a list that grows with them."""
    now, done = 0.0, []
    real_step = transfer.synthesis.step

    def step():
        nonlocal now
        now += seconds(len(done))
        done.append(now)
        return real_step()

    monkeypatch.setattr(transfer.synthesis, "step", step)
    clock = SimpleNamespace(monotonic=lambda: now, perf_counter=lambda: now)
    monkeypatch.setattr("d2l_style.transfer.time", clock)
    return done


@pytest.mark.parametrize(
    ("an_epoch", "num_epochs", "epochs"),
    [
        (1 / 64, 100, 33),  # half a second
        (1 / 8, 320, 17),  # a twentieth of 40 s
        (0.25, 500, 13),  # 3 s
        (0.75, 1, 4),
        (1.25, 500, 3),
        (8, 500, 1),
    ],
)
def test_a_forecast_takes_its_time(
    make, monkeypatch, an_epoch, num_epochs, epochs
):
    transfer = make(num_epochs=num_epochs)
    done = with_clock(transfer, monkeypatch, lambda _k: an_epoch)
    assert transfer.time_epochs() == pytest.approx(an_epoch)
    assert len(done) == epochs
    assert transfer.epoch == 0


def test_slow_first_epochs_are_not_forecast(make, monkeypatch):
    transfer = make()
    with_clock(transfer, monkeypatch, lambda k: 0.5 if k < 2 else 0.25)
    assert transfer.time_epochs() == pytest.approx(0.25)


PEAK = """
import json, sys
import psutil
from conftest import ROOT
from benchmarks.processes import peak_megabytes
from d2l_style.engine import forecast
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

backend, precision = sys.argv[1:]
told = {}
ask = forecast.refuse_if_too_large
def keep(*args):
    told["bytes"] = forecast.bytes_needed(*args[:-1])
    told["before"] = psutil.Process().memory_info().rss
    ask(*args)
forecast.refuse_if_too_large = keep
recipe = Recipe(weights="mini", image_shape=(600, 900), precision=precision)
pictures = [ROOT / "img" / name for name in ("rainier.jpg", "bojagi.jpg")]
transfer = StyleTransfer(*pictures, recipe, backend)
for epoch in transfer.run(3):
    pass
told["peak"] = peak_megabytes() * 1e6
print(json.dumps(told))
"""


@pytest.mark.slow
@linux
@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_the_forecast_holds_within_a_fifth(backend, precision):
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PEAK, backend, precision],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    forecast_peak = told["before"] + told["bytes"]
    assert forecast_peak == pytest.approx(told["peak"], rel=0.2)
