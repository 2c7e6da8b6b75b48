"""The benchmarks' parts at small sizes. None of them looks at the clock."""

import importlib
import inspect
import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import linux, picture

from benchmarks import methods, printed, printed_losses, sections
from benchmarks.__main__ import main
from benchmarks.command import options_of
from benchmarks.equal_loss import Racer, add_rows, arrival
from benchmarks.judge import Judge
from benchmarks.methods import METHODS, Race
from benchmarks.processes import Row, apart
from benchmarks.report import Table
from benchmarks.results import Results, prose
from benchmarks.scaling import exponent, shapes
from benchmarks.subjects import PAIRS, paths_of
from benchmarks.ways import as_readers_do
from d2l_style.machine import tuning
from d2l_style.network import vgg
from d2l_style.pictures import images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer


def race_of(backend, content_img, style_img, weights, epochs=40, **changes):
    goal = printed.recipe_of(
        backend,
        weights=weights,
        image_shape=(48, 72),
        num_epochs=epochs,
        **changes,
    )
    return Race(backend, (content_img, style_img), goal)


# An accelerator, rehearsed on the processor


@pytest.mark.torch
def test_the_processor_beside_itself_is_no_accelerator():
    from benchmarks import gpu

    off, cost, rest = gpu.tables("cpu", **gpu.QUICK)
    assert len(off.rows) == len(cost.rows) == 2  # both presets
    for row in off.rows:
        assert row[3:] == ["float32", "0.0e+00", "0.0e+00"]
    seen = dict(rest.rows)
    assert seen["panel"].startswith("finished: 2 epochs")
    assert "20000x20000 pixels need" in seen["refusal"]


# Tables and the file of results


def test_a_table_is_written_as_markdown_with_numbers_to_the_right():
    table = Table("Speeds", ("code", "s", "note"))
    table.add("printed", "1.5", None)
    table.add("ours", "-", "quick")
    assert table.markdown().splitlines() == [
        "**Speeds**",
        "",
        "| code | s | note |",
        "| --- | ---: | --- |",
        "| printed | 1.5 |  |",
        "| ours | - | quick |",
    ]
    assert [c.justify for c in table.rich().columns] == [
        "left",
        "right",
        "left",
    ]


def test_results_keep_other_sections_and_their_order(tmp_path):
    path = tmp_path / "results.md"
    Results(path, ("a", "b"))["b"] = "second"
    Results(path, ("a", "b"))["a"] = "first"
    text = path.read_text()
    assert text.index("## a\n\nfirst") < text.index("## b\n\nsecond")
    Results(path, ("a", "b"))["a"] = "first again"
    assert path.read_text() == text.replace("first", "first again")


def test_results_of_another_machine_are_left_out(tmp_path):
    path = tmp_path / "results.md"
    Results(path, ("a", "b"))["b"] = "second"
    path.write_text(path.read_text().replace("| numpy | ", "| numpy | 0"))
    Results(path, ("a", "b"))["a"] = "first"
    assert "second" not in path.read_text()


def test_prose_of_a_docstring_leaves_commands_out():
    doc = "What it is.\n\n    python -m it\n\nUse ``it``.\n"
    assert prose(doc) == ["What it is.", "Use `it`."]


# The command line


@pytest.mark.parametrize("name", sections.NAMES)
def test_a_section_says_what_it_measures_and_takes_its_quick_options(name):
    section = importlib.import_module(f"benchmarks.{name}")
    asked = options_of(
        section.tables, section.__doc__, section.QUICK, ["--quick"]
    )
    assert asked == section.QUICK
    inspect.signature(section.tables).bind(**asked)
    assert f"python -m benchmarks.{name}" in section.__doc__


def test_an_option_goes_before_what_quick_says():
    def tables(size=(300, 450), epochs=4, backend="pytorch"): ...

    options = options_of(
        tables, "Doc.", {"epochs": 1, "size": (8, 8)}, ["--size", "30x45"]
    )
    assert options == {"size": (30, 45)}
    options = options_of(
        tables, "Doc.", {"epochs": 1}, ["--quick", "--epochs", "7"]
    )
    assert options == {"epochs": 7}


def test_an_unknown_section_is_told_in_a_sentence(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "epoch,speed"])
    said = " ".join(capsys.readouterr().err.split())
    assert "There is no benchmark 'speed'. There are: epoch, equal" in said


# Processes


def _adder(start):
    return lambda n: start + n


def _refuse():
    raise ImportError("It is not here.")


def test_a_row_lives_in_a_process_of_its_own():
    with Row(_adder, 40) as row:
        assert row(2) == 42
    assert apart(os.getpid) != os.getpid()


def test_an_exception_comes_back_from_there():
    with pytest.raises(ImportError, match="not here"):
        apart(_refuse)
    with pytest.raises(ImportError, match="not here"):
        Row(_refuse)


_WISH = "MXNET_OMP_MAX_THREADS"


def _wishes():
    as_readers_do("mxnet")
    before = os.environ.get(_WISH)
    importlib.import_module("d2l_style.mxnet")
    return before, os.environ.get(_WISH)


@pytest.mark.mxnet
def test_readers_import_mxnet_before_it_is_asked(monkeypatch):
    for name in (_WISH, "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    before, after = apart(_wishes)
    assert before is None
    assert after is not None


def _told(as_readers):
    told = []
    if as_readers:
        as_readers_do("pytorch")
    libc = SimpleNamespace(mallopt=lambda *args: told.append(args))
    tuning.ctypes.CDLL = lambda _name: libc
    tuning.keep_memory()
    return bool(told)


@pytest.mark.torch
@linux
@pytest.mark.usefixtures("untold_glibc")
def test_readers_have_glibc_as_it_comes():
    assert apart(_told, False)
    assert not apart(_told, True)


# Scaling


def test_the_exponent_of_a_power_is_found():
    pixels = np.array([100.0, 400, 1600])
    assert exponent(pixels, 3 * pixels**0.8) == pytest.approx(0.8)
    assert shapes((3, 5), 3) == [(3, 5), (6, 10), (12, 20)]


# The race


def test_arrival_is_the_first_loss_as_low_as_the_target():
    points = [(5, 0.1, 9.0), (10, 0.2, 4.0), (15, 0.3, 2.0)]
    assert arrival(points, 4.0) == (10, 0.2)
    assert arrival(points, 1.0) is None


def test_who_never_came_as_low_gets_a_dash():
    table = Table("", ("pictures", "method", "n", "s", "ratio", "end"))
    add_rows(
        table,
        ("a", "b"),
        {
            "printed": [(5, 1.0, 2.0), (10, 2.0, 4.0)],
            "early": [(5, 0.5, 3.0)],
            "late": [(5, 0.5, 8.0)],
        },
    )
    assert [row[1:] for row in table.rows] == [
        ["printed", "10", "2.0", "1.000", "1.000"],
        ["early", "5", "0.5", "0.250", "0.750"],
        ["late", "-", "", "", "2.000"],
    ]


@pytest.mark.parametrize("changes", [{}, {"tap": "relu"}])
def test_the_printed_code_and_ours_go_the_same_way(
    backend, changes, narrow_file, monkeypatch
):
    pair = paths_of(PAIRS[0])
    race = race_of(backend, *pair, narrow_file, epochs=14, **changes)
    # Adam's first steps are signs: at the full rate small pictures drift.
    goal = race.goal.replace(lr=race.goal.lr / 10)
    race = replace(race, goal=goal)
    monkeypatch.setitem(
        METHODS[backend],
        "ours",
        lambda race: methods._run(race, race.goal),
    )
    ends = []
    for method in ("printed", "ours"):
        points, ended = Racer(race, method)(100)
        assert ended
        assert [p[0] for p in points] == [10, 14]  # also at the end
        ends.append(points[-1][2])
    assert ends[0] == pytest.approx(ends[1], rel=0.01)


@pytest.mark.torch
@pytest.mark.parametrize("method", METHODS["pytorch"])
def test_every_method_lowers_the_loss(
    method, content_img, style_img, narrow_file
):
    race = race_of("pytorch", content_img, style_img, narrow_file)
    judge = Judge(race.pictures, race.goal, "pytorch")
    points, ended = Racer(race, method)(1000)
    assert ended
    assert points[-1][2] < 0.8 * judge(judge.synthesis.array())


@pytest.mark.torch
def test_peers_keep_to_the_range_and_count_their_evaluations(
    content_img, style_img, narrow_file
):
    from benchmarks import peers

    goal = race_of("pytorch", content_img, style_img, narrow_file).goal
    pair = content_img, style_img
    low, high = (
        ((end - np.array(vgg.RGB_MEAN)) / vgg.RGB_STD).reshape(3, 1, 1)
        for end in (0, 1)
    )
    for steps, last in (
        (peers.lbfgs(pair, goal, 30), 40),
        (peers.averaged_adam(pair, goal, (4, 3, 2)), 9),
    ):
        *_, (evaluations, picture) = steps
        assert evaluations == pytest.approx(last, abs=2)
        assert picture.shape == (1, 3, 48, 72)
        assert (picture[0] >= low - 1e-4).all()
        assert (picture[0] <= high + 1e-4).all()


@pytest.mark.torch
def test_averaged_adam_shows_nothing_before_the_full_size(
    content_img, style_img, narrow_file
):
    from benchmarks import peers

    goal = race_of("pytorch", content_img, style_img, narrow_file).goal
    steps = peers.averaged_adam((content_img, style_img), goal, (3, 2, 2))
    shown = [picture is not None for _, picture in steps]
    assert shown == [False] * 6 + [True] * 2


@pytest.mark.torch
def test_an_average_begins_at_its_first_values():
    import torch

    from benchmarks.peers import Average

    average = Average(torch.full((2,), 5.0))
    assert average.value.tolist() == pytest.approx([5, 5])
    average.add(torch.full((2,), 7.0))
    assert average.value.tolist() == pytest.approx([6, 6], abs=0.01)


def test_the_judge_is_exact_and_looks_twice_alike(
    backend, content_img, style_img, narrow_file
):
    recipe = Recipe(
        weights=narrow_file, image_shape=(48, 72), precision="fast"
    )
    judge = Judge((content_img, style_img), recipe, backend)
    assert judge.synthesis.recipe.precision == "exact"
    picture = judge.synthesis.array()
    first = judge(picture)
    assert judge(np.zeros_like(picture)) != first
    assert judge(picture) == pytest.approx(first, rel=1e-6)
    assert judge(np.full_like(picture, np.nan)) == np.inf


# The losses that runs of the book print


@pytest.mark.parametrize("there", [[], ["rainier.jpg"]])
def test_without_the_books_pictures_it_says_what_brings_them(
    there, tmp_path, monkeypatch
):
    """Others of the same name will not do."""
    for name in there:
        picture(1).save(tmp_path / name)
    with pytest.raises(FileNotFoundError) as caught:
        printed_losses.tables(pictures=str(tmp_path))
    said = str(caught.value)
    assert "rainier.jpg and autumn-oak.jpg are not in" in said
    assert "'d2l-style fetch images'" in said
    assert "--pictures" in said
    monkeypatch.setattr(printed_losses, "has", lambda _folder, _source: True)
    assert printed_losses.book_pictures(tmp_path) == [
        tmp_path / "rainier.jpg",
        tmp_path / "autumn-oak.jpg",
    ]


def small(number, **changes):
    """One of the printed runs at a small size."""
    printed = printed_losses.PRINTED[number]
    sizes = {0: (32, 48), 1: (64, 96), 2: (48, 72)}
    return replace(
        printed,
        changes={**printed.changes, "image_shape": sizes[number]},
        **changes,
    )


def by_hand(first, recipe, pair, epochs):
    """Return what a run from the picture ``first`` measures."""
    transfer = StyleTransfer(*pair, recipe)
    if first is not None:
        array = images.standardise(images.resize(first, recipe.image_shape))
        transfer.restore({**transfer.state(), "image": array})
    measured = [(e.content, e.style, e.tv) for e in transfer.run(epochs)]
    return measured, transfer.image()


@pytest.mark.torch
def test_the_second_run_begins_from_the_firsts_picture(
    narrow_file, content_img, style_img
):
    pair, losses = (content_img, style_img), {3: (1, 1, 1)}
    several = [small(0, losses=losses), small(1, losses=losses)]
    found = printed_losses.run(several, pair, narrow_file)
    assert [list(measured) for measured in found] == [[0, 1, 2, 3]] * 2
    recipe = Recipe(
        style_weight=1e3,
        lr=0.01,
        lr_decay_epoch=200,
        lr_decay=0.1,
        tap="inplace",
        weights=narrow_file,
        image_shape=(32, 48),
    )
    first, img = by_hand(None, recipe, pair, 4)
    recipe = recipe.replace(image_shape=(64, 96))
    second, _img = by_hand(img, recipe, pair, 4)
    for measured, expected in zip(found, (first, second), strict=True):
        np.testing.assert_allclose(
            list(measured.values()), expected, rtol=1e-4, atol=1e-6
        )
    # From the content picture it would have had no content loss at first.
    assert found[0][0][0] == pytest.approx(0, abs=1e-6)
    assert found[1][0][0] > 1e-3
    # A run that does not go on begins from the content picture.
    afresh = [several[0], replace(several[1], goes_on=False)]
    assert printed_losses.run(afresh, pair, narrow_file)[1][0][0] < 1e-6


@pytest.mark.torch
def test_a_net_takes_the_place_of_weights(
    narrow_file, narrow_parameters, content_img, style_img
):
    from d2l_style.torch import VGG19

    several = [small(0, losses={1: (1, 1, 1)})]
    pair = content_img, style_img
    by_name = printed_losses.run(several, pair, narrow_file)
    net = VGG19(narrow_parameters)
    own = printed_losses.run(several, pair, "mini", net=net)
    np.testing.assert_allclose(own[0][1], by_name[0][1], rtol=1e-4)
    assert list(printed_losses.run(several, pair, net=net, epochs=1)[0]) == [0]


@pytest.mark.mxnet
def test_the_third_run_is_mxnets(narrow_file, content_img, style_img):
    third = small(2, losses={1: (2.55, 140.17, 1.32)})
    pair = content_img, style_img
    (found,) = printed_losses.run([third], pair, narrow_file)
    assert list(found) == [0, 1]
    assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize(("third", "count"), [(0, 2), (1, 3)])
def test_tables_have_a_row_for_each_epoch_that_was_printed(
    third, count, monkeypatch
):
    def run(several, pair, weights, epochs):
        assert (pair, weights) == ("pair", "mini")
        return [
            {e: (e / 10, 2.0, 1.236) for e in range(epochs)} for _ in several
        ]

    monkeypatch.setattr(printed_losses, "book_pictures", lambda _f: "pair")
    monkeypatch.setattr(printed_losses, "run", run)
    tables = printed_losses.tables("mini", epochs=151, third=third)
    assert len(tables) == count
    for table, told in zip(tables, printed_losses.PRINTED, strict=False):
        assert table.title == told.title
        assert table.columns[:3] == ("epoch", "content", "content, printed")
        epochs = [int(row[0]) for row in table.rows]
        assert epochs == [e for e in told.losses if e < 151]
    assert tables[0].rows[1] == [
        *("100", "10.00", "0.24", "2.00", "0.81", "1.24", "1.20")
    ]


def test_printed_losses_are_asked_for_by_name():
    options = options_of(
        printed_losses.tables,
        printed_losses.__doc__,
        printed_losses.QUICK,
        ["--quick", "--third", "1", "--weights", "mini"],
    )
    assert options == {**printed_losses.QUICK, "third": 1, "weights": "mini"}
    inspect.signature(printed_losses.tables).bind(**options)


# All of it


@pytest.mark.slow
def test_sections_run_and_are_written(tmp_path, capsys):
    names = "epoch", "agreement", "imports"
    path = tmp_path / "results.md"
    main(["--quick", "--only", ",".join(names), "--to", str(path)])
    text, said = path.read_text(), capsys.readouterr().out
    for name in names:
        assert f"## {name}\n" in text
        assert name in said
    assert "printed" in text
    assert str(tmp_path) not in text
