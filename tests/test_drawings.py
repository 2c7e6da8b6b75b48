"""The pictures in img: drawn by our own scripts, the same every time."""

import importlib
import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

IMG = Path(__file__).resolve().parents[1] / "img"
PAINTED = {
    script.stem: script.stem.removeprefix("draw_").replace("_", "-") + ".jpg"
    for script in sorted(IMG.glob("draw_*.py"))
    if script.stem != "draw_figures"
}
INK = ("draw_ink_wash",)  # hardly any colour, on purpose
FIGURES = ["style-transfer.svg", "neural-style.svg"]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def script():
    """Import a module from img by its name."""
    sys.path.insert(0, str(IMG))
    yield importlib.import_module
    sys.path.remove(str(IMG))


@pytest.fixture(scope="module")
def brushes(script):
    return script("brushes")


@pytest.mark.parametrize("name", PAINTED)
def test_draws_the_same_picture_from_the_same_seed(script, name):
    draw = script(name).draw
    image = draw(48, 72, 1)
    assert image.shape == (48, 72, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, draw(48, 72, 1))
    # It is a picture: neither flat nor grey.
    assert image.mean(axis=2).std() > 25
    assert name in INK or np.ptp(image, axis=2).mean() > 25


def test_another_seed_gives_another_valley(script):
    rainier = script("draw_rainier")
    view = rainier.View(24, 36)
    near, far = (rainier.cast(view, rainier.Land(s), 200) for s in (1, 2))
    assert np.isinf(near[0]).all()
    assert np.isfinite(near[-1]).all()
    assert not np.array_equal(near, far)


def test_oaks_grow_thinner_and_upwards(script):
    oak = script("draw_autumn_oak")
    for base, wood, _, _ in oak.trees(np.random.default_rng(1)):
        radii = {level: radii[-1] for _, radii, level in wood}
        assert sorted(radii.values(), reverse=True) == list(radii.values())
        tips = [points[-1] for points, _, level in wood if level == 3]
        assert np.mean(tips, axis=0)[1] < base[1]


@pytest.mark.parametrize("file", PAINTED.values())
def test_committed_pictures_are_large_and_light(file):
    assert (IMG / file).stat().st_size <= 400_000
    with Image.open(IMG / file) as image:
        image.load()
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        assert image.width >= 1200
        assert image.height >= 800


@pytest.mark.parametrize("file", FIGURES)
def test_figures_are_what_the_script_writes(script, file):
    drawn = script("draw_figures").FIGURES[file]()
    assert (IMG / file).read_bytes() == drawn.encode()


@pytest.mark.parametrize("file", FIGURES)
def test_figures_can_be_read(file):
    root = ET.parse(IMG / file).getroot()
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text
    assert len(root.find(f"{SVG}desc").text) > 80
    assert not list(root.iter(f"{SVG}image"))
    words = list(root.iter(f"{SVG}text"))
    assert words
    assert all(float(word.get("font-size")) >= 14 for word in words)


def contrast(one, two):
    """The WCAG contrast between two "#rrggbb" colours, from 1 to 21."""
    bright = []
    for code in (one, two):
        parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        lines = [
            p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4
            for p in parts
        ]
        bright.append(np.dot((0.2126, 0.7152, 0.0722), lines) + 0.05)
    return max(bright) / min(bright)


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("INK", "#fbfaf6"), ("GREY", "#fbfaf6"), ("BACK", "#fbfaf6")]
    + [("CONTENT", "#dff2f4"), ("STYLE", "#fdebdd")]
    + [(loss, "#ffffff") for loss in ("CONTENT", "STYLE", "TV")],
)
def test_words_stand_out_from_their_ground(script, ink, paper):
    assert contrast(getattr(script("draw_figures"), ink), paper) >= 4


def test_figures_are_written_where_asked(tmp_path):
    command = [sys.executable, IMG / "draw_figures.py", tmp_path]
    subprocess.run(command, check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FIGURES)


def test_colours(brushes):
    assert brushes.rgb("#ff0080") == pytest.approx([1, 0, 128 / 255])
    stops = (0, "#000000"), (1, "#ffffff")
    assert brushes.ramp(np.array([-1, 0.5]), *stops).tolist() == [
        [0, 0, 0],
        [0.5, 0.5, 0.5],
    ]
    assert brushes.smoothstep(2, 1, np.array([0, 1.5, 3])).tolist() == [
        1,
        0.5,
        0,
    ]


def test_noise_is_smooth_seeded_and_bounded(brushes):
    x = np.linspace(-300, 300, 60_001)
    noise = brushes.Noise(5)
    line = noise(x, 0.3 * x)
    assert np.abs(line).max() <= 1
    assert np.abs(np.diff(line)).max() < 0.05
    assert np.array_equal(line, brushes.Noise(5)(x, 0.3 * x))
    assert not np.array_equal(line, brushes.Noise(6)(x, 0.3 * x))
    ridges = noise.ridged(x, 0.3 * x)
    assert ridges.min() >= 0
    assert ridges.max() <= 1


def test_blur_keeps_flat_ground_and_the_mean(brushes):
    assert brushes.blur(np.full((9, 7), 0.25), 2) == pytest.approx(0.25)
    spot = np.zeros((21, 21))
    spot[10, 10] = 1
    soft = brushes.blur(spot, 2)
    assert soft.sum() == pytest.approx(1)
    assert soft[10, 10] == pytest.approx(soft.max())
    assert np.allclose(soft, soft.T)


def painted(brushes, *stroke, **options):
    """A black canvas of 60 by 90 pixels after one white stroke."""
    rng = np.random.default_rng(0)
    canvas = brushes.Canvas(60, 90, np.zeros(3), rng, tips=1)
    canvas.stroke(*stroke, (np.ones(3), np.ones(3)), **options)
    return canvas


def test_a_stroke_lies_along_its_angle(brushes):
    canvas = painted(brushes, 0.75, 0.5, math.pi / 2, (0.6, 0.1))
    rows, cols = np.nonzero(canvas.paint > 0.1)
    assert np.ptp(rows) > 3 * np.ptp(cols)
    assert cols.mean() == pytest.approx(45, abs=2)
    assert canvas.colour.max() <= 1


def test_a_stroke_may_leave_the_canvas(brushes):
    assert painted(brushes, 9, 9, 0, (0.5, 0.2)).paint.max() == 0
    assert painted(brushes, 0, 0, 0.4, (0.5, 0.2), bend=0.5).paint.max() > 0


def test_jpeg_keeps_its_limit(brushes):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (800, 1200, 3), np.uint8)
    assert len(brushes.jpeg(noise)) <= brushes.MAX_BYTES


def test_a_spline_goes_through_its_points(brushes):
    points = brushes.pairs("0 0  1 2  3 1  4 4")
    curve = brushes.spline(points, steps=8)
    assert len(curve) == 3 * 8 + 1
    assert curve[::8] == pytest.approx(points)
    ring = brushes.spline(points, steps=8, closed=True)
    assert len(ring) == 4 * 8
    assert ring[::8] == pytest.approx(points)


def test_a_ribbon_is_as_wide_as_it_is_told(brushes):
    outline = brushes.ribbon([(0, 0), (1, 0), (2, 0)], 0.5)
    assert outline[:, 1].tolist() == pytest.approx([0.25] * 3 + [-0.25] * 3)
    assert outline[:, 0].tolist() == pytest.approx([0, 1, 2, 2, 1, 0])


def test_shrinking_averages(brushes):
    fine = np.arange(4 * 6 * 3, dtype=float).reshape(4, 6, 3)
    small = brushes.shrink(fine, 2)
    assert small.shape == (2, 3, 3)
    assert small[0, 0] == pytest.approx(fine[:2, :2].mean(axis=(0, 1)))


def test_near_land_hides_far_land(script):
    rainier = script("draw_rainier")
    log_z = np.log([1.0, 2.0, 4.0])
    seen = rainier.meet(np.array([-10.0, 5.0, 5.0]), [-20, 0, 6], log_z)
    assert np.exp(seen[0]) == pytest.approx(1)
    assert 1 < np.exp(seen[1]) < 2
    assert np.isinf(seen[2])
