"""Results as a scatter with pictures, and as lines: what is drawn, and where.

The looks are for eyes; here it is numbers, words and hostile input.
"""

import math
import re
from html.parser import HTMLParser

import pytest
from conftest import picture

from d2l_style.exercises.lines import positions
from d2l_style.exercises.meters import Meters
from d2l_style.exercises.plots.values import in_short
from d2l_style.exercises.sweeps.store import Result
from d2l_style.exercises.tradeoff import Tradeoff, lines, tradeoff
from d2l_style.recipe import Recipe

NAN = math.nan


@pytest.fixture
def result(tmp_path):
    """Make a result with these labels and meters; its picture is a file."""

    def make(labels, content=0.5, style=0.1, noise=1.0, meters=True):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.png"
        picture(3).save(path)
        known = Meters(content, style, 0.3, noise, 0.9)
        return Result(
            labels=labels,
            recipe=Recipe(),
            backend="pytorch",
            losses=((1.0, 2.0, 3.0, 6.0),),
            meters=known if meters else None,
            seconds=1.5,
            error="",
            path=path,
        )

    return make


@pytest.fixture
def grid(result):
    """Six results: two content weights, three style weights."""
    return [
        result({"content_weight": c, "style_weight": s}, 0.1 * i, 0.2 / i)
        for i, (c, s) in enumerate(
            ((c, s) for c in ("1", "10") for s in ("0", "1000", "1e+06")), 1
        )
    ]


class Page(HTMLParser):
    """The elements of a page: [(tag, attributes)], and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("img", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "polyline":
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def of(self, name):
        return [a for _, a in self.tags if name in a.get("class", "").split()]


def page(plot):
    parsed = Page(plot._repr_html_())
    assert not parsed.open
    assert "script" not in {tag for tag, _ in parsed.tags}
    return parsed


def style_of(attributes):
    pairs = re.findall(r"([\w-]+):(-?[\d.]+)%", attributes["style"])
    return {name: float(value) for name, value in pairs}


# The scatter


def test_each_result_is_a_point_that_can_have_the_focus(grid):
    seen = page(tradeoff(grid))
    points = seen.of("point")
    assert len(points) == len(grid) == len(seen.of("card"))
    assert all(point["tabindex"] == "0" for point in points)
    said = points[4]["aria-label"]
    assert "content_weight 10, style_weight 1000" in said
    assert "content kept 0.5" in said
    pictures = [a["src"] for tag, a in seen.tags if tag == "img"]
    assert len(pictures) == len(grid)
    assert all(src.startswith("data:image/jpeg;base64,") for src in pictures)


def test_points_lie_where_matplotlib_puts_them(grid):
    spots = [style_of(a) for a in page(tradeoff(grid)).of("spot")]
    lefts = [spot["left"] for spot in spots]
    tops = [spot["top"] for spot in spots]
    steps = [b - a for a, b in zip(lefts, lefts[1:], strict=False)]
    assert steps == pytest.approx([steps[0]] * 5, abs=0.01)
    assert tops == sorted(tops)  # the style distance falls
    assert min(lefts + tops) > 0
    assert max(lefts + tops) < 100


def test_cards_stay_inside_whatever_the_side(grid):
    seen = page(tradeoff(grid))
    spots = [style_of(a) for a in seen.of("spot")]
    for card, spot in zip(seen.of("card"), spots, strict=True):
        side = style_of(card)
        assert ("right" in side) == (spot["left"] > 50)
        assert max(side.get("left", 0), side.get("right", 0)) < 56
        assert f"translateY(-{side['top']:.3f}%)" in card["style"]


@pytest.mark.parametrize(
    ("highest", "scale"), [(0.02, "linear"), (3, "log"), (0, "linear")]
)
def test_scales_are_logarithmic_over_many_decades(result, highest, scale):
    results = [result({"a": str(y)}, style=y) for y in (0.01, highest)]
    _fig, ax = tradeoff(results)._axes()
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", scale)


def test_groups_have_a_colour_a_line_and_a_name(grid):
    seen = page(tradeoff(grid, colour="content_weight"))
    assert len([tag for tag, _ in seen.tags if tag == "polyline"]) == 2
    assert len({a["style"][:18] for a in seen.of("point")}) == 2
    assert len(seen.of("key")) == 1
    assert len(seen.of("disc")) == len(seen.of("square")) == 3 + 1
    assert "key" not in {a.get("class") for _, a in page(tradeoff(grid)).tags}


def test_twelve_groups_look_different(result):
    plot = tradeoff([result({"a": str(i)}) for i in range(12)], colour="a")
    assert len(set(plot.looks.values())) == 12


def test_columns_of_the_table_can_be_drawn_too(grid):
    plot = tradeoff(grid, "style_weight", "total_loss")
    assert [p.x for p in plot.points] == [0, 1e3, 1e6] * 2
    assert {p.y for p in plot.points} == {6}


def test_results_without_meters_are_left_out_and_said(grid, result):
    lacking = [
        result({"content_weight": "1", "style_weight": "5"}, meters=False),
        result({"content_weight": "1", "style_weight": "6"}, style=NAN),
        result({"content_weight": "1", "style_weight": "7"}, style=math.inf),
    ]
    plot = tradeoff([*grid, *lacking])
    assert len(plot.points) == 6
    assert plot.left_out == lacking
    assert "lack one of the two: 3." in page(plot).text
    assert "lack one of the two: 3." in repr(plot)


@pytest.mark.parametrize("some", [0, 2])
def test_no_result_is_a_sentence(result, some, tmp_path):
    plot = tradeoff([result({}, meters=False) for _ in range(some)])
    assert "run the sweep" in page(plot).text
    assert "run the sweep" in repr(plot)
    with pytest.raises(ValueError, match="run the sweep"):
        plot.save(tmp_path / "plot.png")


def test_one_result_is_enough(result, tmp_path):
    plot = tradeoff([result({"a": "1"})], colour="a")
    assert len(page(plot).of("point")) == 1
    plot.save(tmp_path / "plot.svg")
    assert b"<svg" in (tmp_path / "plot.svg").read_bytes()


def test_a_sweep_is_looked_at_and_not_run(grid):
    class Sweep:
        results = grid

        def __iter__(self):
            raise AssertionError("it was run")

    assert len(tradeoff(Sweep()).points) == 6
    assert lines(Sweep(), "style_weight").axes


def test_labels_are_text_and_never_html(result):
    evil = "\"><script>alert(1)</script>'&가"
    plot = tradeoff([result({evil: evil})], colour=evil)
    assert evil in page(plot).text


def test_a_picture_that_is_gone_leaves_its_numbers(grid):
    grid[0].path.unlink()
    grid[1].path.write_bytes(b"no picture")
    seen = page(tradeoff(grid))
    assert seen.text.count("no longer in the folder") == 2
    assert len(seen.of("point")) == 6


@pytest.mark.parametrize("wrong", ["beauty", "backend", None, 3, [1]])
def test_a_column_that_is_no_number_is_refused(grid, wrong):
    with pytest.raises(ValueError, match="x must be one of content, style,"):
        tradeoff(grid, wrong)
    with pytest.raises(ValueError, match="y must be one of content, style,"):
        tradeoff(grid, "content", wrong)
    with pytest.raises(ValueError, match="meters must be one of content,"):
        lines(grid, "style_weight", [wrong])


def test_a_colour_that_is_no_axis_is_refused(grid):
    with pytest.raises(ValueError, match="content_weight, style_weight, not"):
        tradeoff(grid, colour="noise")
    with pytest.raises(ValueError, match="axis must be an axis of the grid"):
        lines(grid, "noise")


@pytest.mark.parametrize("wrong", [None, 5, "results", [1], {"a": 1}])
def test_what_is_no_result_is_refused(wrong):
    for plot in (tradeoff, lambda results: lines(results, "a")):
        with pytest.raises(TypeError, match="a sweep or a list of its"):
            plot(wrong)


def test_the_plain_figure_has_lines_and_names(grid):
    (ax,) = tradeoff(grid, colour="content_weight").figure().axes
    assert ax.get_xlabel() == "content kept (SSIM, more is better) →"
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["1", "10"]


def test_the_plain_figure_takes_any_label(result, tmp_path):
    labels = ["$\\frac{$", "_hidden", "x" * 5000, "", "<b>"]
    results = [result({"_$^{$": label}) for label in labels]
    fig = tradeoff(results, colour="_$^{$").figure()
    fig.savefig(tmp_path / "plot.png")
    assert len(fig.axes[0].get_legend().get_texts()) == len(labels)


def test_it_prints_as_a_table(grid):
    rows = repr(Tradeoff(grid, "content", "style")).splitlines()
    assert len(rows) == 7
    assert rows[1].split() == [
        *("0.1", "0.2", "content_weight", "1,", "style_weight", "0")
    ]


# Lines


def test_there_is_a_panel_for_each_meter_and_a_line_for_the_rest(grid):
    fig = lines(grid, "style_weight")
    assert list(fig.get_size_inches()) == [9, 2.6]
    titles = [ax.get_title("left") for ax in fig.axes]
    assert titles == ["content kept ↑", "distance from the style ↓", "noise ↓"]
    first, second = fig.axes[0].get_lines()
    assert list(first.get_ydata()) == pytest.approx([0.1, 0.2, 0.3])
    assert list(second.get_ydata()) == pytest.approx([0.4, 0.5, 0.6])
    (legend,) = fig.legends
    assert [t.get_text() for t in legend.get_texts()] == ["1", "10"]


@pytest.mark.parametrize(
    ("values", "places"),
    [
        (["1", "10", "100"], [0, 1, 2]),
        (["0", "1", "10", "100"], [-1, 0, 1, 2]),
        (["1e+06", "0", "1000"], [6, 0, 3]),
        (["1", "2", "3"], [1, 2, 3]),
        (["0", "5"], [0, 5]),
        (["-1", "1000"], [-1, 1000]),
        (["5"], [5]),
        (["0"], [0]),
        (["relu", "conv"], [0, 1]),
        (["1", "none"], [0, 1]),
        (["1", "nan", "inf"], [0, 1, 2]),
        (["", "1e999"], [0, 1]),
    ],
)
def test_where_values_stand(values, places):
    assert positions(values) == pytest.approx(
        dict(zip(values, places, strict=True))
    )


def test_of_many_lines_the_mean_is_in_colour(result):
    results = [
        result({"seed": str(i), "lr": lr}, content=0.01 * i)
        for i in range(8)
        for lr in ("0.1", "10")
    ]
    fig = lines(results, "lr", "content")
    drawn = fig.axes[0].get_lines()
    assert len(drawn) == 9
    assert list(drawn[-1].get_ydata()) == pytest.approx([0.035, 0.035])
    assert not fig.legends


def test_many_values_are_not_all_named(result):
    fig = lines([result({"seed": str(i)}) for i in range(50)], "seed")
    assert len(fig.axes[0].get_xticks()) <= 7


def test_lines_of_hostile_labels_and_no_meters_are_drawn(result, tmp_path):
    results = [
        result({"a": "x" * 5000, "b": "$^{$"}, meters=False),
        result({"a": "$\\frac{$", "b": "가"}, style=NAN),
    ]
    fig = lines(results, "a")
    with pytest.warns(UserWarning, match="Glyph"):  # no Korean in the font
        fig.savefig(tmp_path / "lines.png")
    texts = [text.get_text() for text in fig.axes[1].texts]
    assert texts == ["no value"]


def test_lines_without_results_hold_a_sentence():
    fig = lines([], "style_weight")
    assert "run the sweep" in fig.texts[0].get_text()
    with pytest.raises(ValueError, match="name at least one"):
        lines([], "style_weight", [])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.03807, "0.0381"),
        (1e5, "1e5"),
        (250, "250"),
        (1e-7, "1e-7"),
    ],
)
def test_numbers_are_short(number, text):
    assert in_short(number) == text
