"""The benchmarks' parts at small sizes. None of them looks at the clock."""

import importlib
import inspect
import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import linux

from benchmarks import methods, printed, sections
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
from d2l_style import beforehand
from d2l_style.recipe import Recipe


def race_of(backend, content_img, style_img, weights, epochs=40, **changes):
    goal = printed.recipe_of(
        backend,
        weights=weights,
        image_shape=(48, 72),
        num_epochs=epochs,
        **changes,
    )
    return Race(backend, (content_img, style_img), goal)


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
    beforehand.ctypes.CDLL = lambda _name: libc
    beforehand.keep_memory()
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
    from d2l_style import images

    goal = race_of("pytorch", content_img, style_img, narrow_file).goal
    pair = content_img, style_img
    low, high = (
        ((end - np.array(images.RGB_MEAN)) / images.RGB_STD).reshape(3, 1, 1)
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
