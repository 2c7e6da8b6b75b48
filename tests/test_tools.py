"""The commands that the README names do what it says, at small sizes."""

import ast
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import FRAMEWORKS, ROOT, picture
from PIL import Image
from safetensors.numpy import save_file

from d2l_style.engine.base import Losses
from d2l_style.machine.doctor import missing_framework
from d2l_style.network import oxford
from d2l_style.network.random_vgg import random_parameters
from d2l_style.recipe import Recipe

HERE = [b for b, f in FRAMEWORKS.items() if not missing_framework(f)]


def run(*args):
    done = subprocess.run(
        [sys.executable, "-m", *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_demo_writes_a_picture_for_each_framework():
    said = run("tools.demo", "--epochs", "10", "--size", "32x48")
    for backend in HERE:
        assert f"{backend}.png" in said
        with Image.open(ROOT / f"out/{backend}-result.png") as img:
            assert img.size == (48, 32)
        with Image.open(ROOT / f"out/{backend}.png") as img:
            assert len(img.convert("L").getcolors()) > 50


@pytest.mark.slow
def test_epoch_benchmark_prints_a_row_for_each_way():
    said = run(
        "benchmarks.epoch", "--rounds", "1", "--epochs", "1", "--size", "32x48"
    )
    for backend in HERE:
        rows = [line for line in said.splitlines() if f" {backend} " in line]
        printed = ["printed" in row for row in rows]
        assert printed[0]
        assert printed.count(False) >= 2  # ours, with both networks


@pytest.mark.slow
@pytest.mark.torch
def test_drawing_benchmark_prints_its_share():
    said = run("benchmarks.drawing", "--updates", "20")
    assert "first 10" in said
    assert "last 10" in said
    assert said.count("%") == 2


@pytest.mark.slow
def test_contact_sheet_shows_every_pair(tmp_path):
    sheet = tmp_path / "sheet.jpg"
    said = run(
        "tools.contact_sheet",
        *("--contents", "harbour", "--styles", "bojagi", "cubist"),
        *("--size", "32", "48", "--epochs", "2", "--backend", HERE[0]),
        *("--weights", "mini", "--sheet", str(sheet)),
    )
    assert "2 runs" in said
    with Image.open(sheet) as img:
        assert img.width > 2 * 48
        assert img.height > 3 * 32


# Judging candidates


@pytest.fixture
def narrow_oxford(monkeypatch, narrow_parameters):
    """A narrow network in the place of Oxford's VGG-19."""
    monkeypatch.setattr(oxford, "carrier", lambda: "oxford.bin")
    monkeypatch.setattr(
        oxford, "parameters", lambda _path, _factors=None: narrow_parameters
    )
    return narrow_parameters


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.usefixtures("oxford_file")
def test_judge_paints_what_the_candidates_paint(tmp_path):
    sheet = tmp_path / "judge.jpg"
    said = run(
        "tools.judge_mini",
        *("mini", "random", "--size", "32", "48", "--epochs", "2"),
        *("--sheet", str(sheet)),
    )
    assert said.count("VGG-19") == 3
    with Image.open(sheet) as img:
        assert img.height > 3 * 32


def painted_with(**totals):
    """Return what judge returns, with nothing but total losses."""
    from tools.judge_mini import Painted

    return {
        name.replace("_", "-"): Painted(
            None, Losses((total,), (0.0,), 0.0, total)
        )
        for name, total in totals.items()
    }


@pytest.mark.torch
def test_the_gap_is_what_is_left_of_the_way():
    from tools.judge_mini import gap

    painted = painted_with(
        content=12.0, VGG_19=2.0, half=7.0, better=1.0, worse=22.0
    )
    gaps = {name: gap(painted, name) for name in painted}
    assert gaps == {
        "content": 1.0,
        "VGG-19": 0.0,
        "half": 0.5,
        "better": -0.1,
        "worse": 2.0,
    }


@pytest.mark.torch
def test_judge_measures_every_picture_with_the_same_eye(
    narrow_oxford, tmp_path, content_img, style_img
):
    """A copy of the eye has no gap, the content picture has all of it."""
    from d2l_style.transfer import StyleTransfer
    from tools.judge_mini import TEACHER, gap, judge, table_of

    copy, other = tmp_path / "copy.safetensors", tmp_path / "o.safetensors"
    save_file(narrow_oxford, copy)
    save_file(random_parameters(seed=7, widths=(3, 4, 5, 5, 5)), other)
    recipe = Recipe(num_epochs=20, image_shape=(48, 64))
    pair = content_img, style_img
    painted = judge(pair, [str(copy), str(other)], recipe)
    assert list(painted) == ["content", TEACHER, str(copy), str(other)]
    assert gap(painted, str(copy)) == pytest.approx(0, abs=1e-3)
    assert gap(painted, str(other)) > 0.02
    # By hand: the losses of the first picture, and of the last.
    eye = StyleTransfer(*pair, recipe.replace(weights=str(copy)))
    *_, last = (next(eye.run(1)).losses for _epoch in range(21))
    assert painted[TEACHER].losses.total == pytest.approx(last.total, rel=1e-3)
    eye.reset()
    first = next(eye.run(1)).losses
    assert painted["content"].losses.total == pytest.approx(first.total)
    # The eye's recipe, not the candidate's, says what a picture shows.
    for result in painted.values():
        assert result.picture.size == (64, 48)
    table = table_of([painted, painted])
    names, gaps = (list(table.columns[k].cells) for k in (1, -1))
    assert names == 2 * ["content", "VGG-19", "copy", "o"]
    assert gaps[:3] == ["", "0.000", f"{gap(painted, str(copy)):.3f}"]
    assert list(table.columns[0].cells) == ["1"] * 4 + ["2"] * 4
    style = f"{painted['content'].losses.style:.2f}"
    assert list(table.columns[3].cells)[0] == style


@pytest.mark.torch
@pytest.mark.usefixtures("narrow_oxford")
def test_judge_takes_the_books_pictures_first(tmp_path, monkeypatch, capsys):
    from tools import judge_mini

    monkeypatch.setattr(judge_mini, "PAIRS", (("harbour", "night-swirls"),))
    for name, seed in zip(judge_mini.BOOK, (3, 4), strict=True):
        picture(seed).save(tmp_path / name, quality=95)
    book, other = judge_mini.pairs_of(tmp_path)
    assert [img.size for img in book] == [picture(3).size] * 2
    assert judge_mini.pairs_of()[0][0].size == other[0].size
    sheet = tmp_path / "new" / "judge.jpg"
    judge_mini.main(
        [
            *("mini", "--book", str(tmp_path), "--sheet", str(sheet)),
            *("--size", "32", "48", "--epochs", "2", "--threads", "1"),
        ]
    )
    said = capsys.readouterr().out
    assert said.count("VGG-19") == 2
    assert str(sheet.parent.name) in said
    with Image.open(sheet) as img:  # two columns; content, style, two more
        assert img.width > 2 * 48
        assert img.height > 4 * 32


# Fitting Oxford's factors


@pytest.mark.torch
def test_levenberg_marquardt_moves_towards_the_minimum():
    from tools.calibrate_oxford import STAY, _solved

    rng = np.random.default_rng(0)
    J, goal = rng.normal(size=(30, 6)), rng.normal(size=6)
    here, none = np.zeros(6), np.zeros(6)

    def residuals(x):
        return J @ (x - goal)

    # Undamped it is there at once, but for what it costs to move.
    step = _solved(J, residuals(here), none, 0)
    assert np.abs(step - goal).max() < 0.01 * np.abs(goal).max()
    exact = np.linalg.lstsq(
        np.vstack([J, STAY**0.5 * np.eye(6)]),
        np.concatenate([J @ goal, np.zeros(6)]),
        rcond=None,
    )[0]
    np.testing.assert_allclose(step, exact)
    # Damped it goes part of the way, and the same way.
    short = _solved(J, residuals(here), none, 100)
    assert np.linalg.norm(short) < 0.5 * np.linalg.norm(step)
    assert (residuals(short) ** 2).sum() < (residuals(here) ** 2).sum()
    # What has moved without need goes back.
    back = _solved(np.zeros((3, 6)), np.zeros(3), goal, 0)
    np.testing.assert_allclose(back, -goal)


@pytest.fixture
def fitting(monkeypatch):
    """calibrate_oxford with a made-up network; return (module, goal)."""
    from tools import calibrate_oxford

    monkeypatch.setattr(oxford, "carrier", lambda: "oxford.bin")
    monkeypatch.setattr(calibrate_oxford, "book_pictures", lambda _f: "pair")
    start = np.log(list(oxford.FACTORS.values()))
    return calibrate_oxford, start + np.array([0.3, -0.2, 0, 0.1, 0.4, -0.5])


@pytest.mark.torch
def test_the_factors_that_fit_are_found(fitting, monkeypatch, capsys):
    module, goal = fitting
    rows = sum(len(p.losses) for p in module.PRINTED[:2]) * 3
    A = np.random.default_rng(1).normal(size=(rows, 6)) / 3

    def residuals(names, logs, pictures):
        assert pictures == "pair"
        assert names == list(oxford.FACTORS)
        away = logs - goal
        return A @ (away + away**2)

    monkeypatch.setattr(module, "residuals", residuals)
    module.main(["--tries", "8"])
    said = capsys.readouterr().out
    assert said.count("cost") == 9
    costs = [float(part.split()[0]) for part in said.split("cost ")[1:]]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 1e-3 * costs[0]  # slopes are learned on the way
    last = said.rpartition("cost")[2].splitlines()[0].partition("  ")[2]
    found = ast.literal_eval(last.replace(" / 58", ""))
    assert list(found) == list(oxford.FACTORS)
    factors = np.array(list(found.values())) / 58
    np.testing.assert_allclose(np.log(factors), goal, atol=0.05)


@pytest.mark.torch
def test_factors_that_fit_worse_are_not_taken(fitting, monkeypatch, capsys):
    module, goal = fitting
    rows = sum(len(p.losses) for p in module.PRINTED[:2]) * 3
    A, calls = np.random.default_rng(1).normal(size=(rows, 6)), []

    def residuals(names, logs, pictures):
        calls.append(logs)
        worse = 10 if len(calls) > 7 else 0  # 7: here, and the slopes
        return A @ (logs - goal) + worse

    monkeypatch.setattr(module, "residuals", residuals)
    module.main(["--tries", "2"])
    told = capsys.readouterr().out.split("cost ")[1:]
    assert len(calls) == 9
    assert told[0] == told[1] == told[2]
    # The second try is more careful than the first.
    first, second = (np.linalg.norm(logs - calls[0]) for logs in calls[7:])
    assert second < first


@pytest.mark.torch
def test_what_is_told_of_a_fit_is_the_worst_of_each_loss(fitting, capsys):
    module, goal = fitting
    one, two = (len(p.losses) for p in module.PRINTED[:2])
    r = np.zeros((one + two, 3))
    r[3, 0] = np.log(1.10)
    r[one + 1, 2] = 0.4 * np.log(1.25)  # the second table's share
    module._say(list(oxford.FACTORS), goal, r.ravel())
    first, second = capsys.readouterr().out.splitlines()[1:]
    assert "content 10.0 %, style 0.0 %, tv 0.0 %" in first
    assert "content 0.0 %, style 0.0 %, tv 25.0 %" in second


@pytest.mark.torch
def test_residuals_are_logs_of_measured_over_printed(
    narrow_oxford, monkeypatch
):
    from tools import calibrate_oxford as module

    seen = SimpleNamespace()

    def parameters(path, factors):
        seen.path, seen.factors = path, factors
        return narrow_oxford

    def twice(runs, pictures, net):
        assert pictures == "pair"
        assert len(net.features[0].bias) == 4
        return [
            {epoch: [2 * x for x in row] for epoch, row in p.losses.items()}
            for p in runs
        ]

    monkeypatch.setattr(oxford, "parameters", parameters)
    monkeypatch.setattr(module, "run", twice)
    r = module.residuals(["conv1_1"], np.log([0.5]), "pair")
    one, two = (3 * len(p.losses) for p in module.PRINTED[:2])
    np.testing.assert_allclose(r[:one], np.log(2))
    np.testing.assert_allclose(r[one:], 0.4 * np.log(2))
    assert len(r) == one + two
    assert seen.factors == pytest.approx({"conv1_1": 0.5})


@pytest.mark.torch
def test_fitting_needs_oxfords_file(monkeypatch):
    from tools import calibrate_oxford

    monkeypatch.setattr(oxford, "carrier", lambda: None)
    with pytest.raises(FileNotFoundError, match="fetch vgg19'"):
        calibrate_oxford.main([])
