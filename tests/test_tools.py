"""The commands that the README names do what it says, at small sizes."""

import subprocess
import sys

import pytest
from conftest import FRAMEWORKS, ROOT
from PIL import Image

from d2l_style.doctor import missing_framework

pytestmark = pytest.mark.slow

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


def test_demo_writes_a_picture_for_each_framework():
    said = run("tools.demo", "--epochs", "10", "--size", "32x48")
    for backend in HERE:
        assert f"{backend}.png" in said
        with Image.open(ROOT / f"out/{backend}-result.png") as img:
            assert img.size == (48, 32)
        with Image.open(ROOT / f"out/{backend}.png") as img:
            assert len(img.convert("L").getcolors()) > 50


def test_epoch_benchmark_prints_a_row_for_each_way():
    said = run(
        "benchmarks.epoch", "--rounds", "1", "--epochs", "1", "--size", "32x48"
    )
    for backend in HERE:
        rows = [line for line in said.splitlines() if f" {backend} " in line]
        printed = ["printed" in row for row in rows]
        assert printed[0]
        assert printed.count(False) >= 2  # ours, with both networks


@pytest.mark.torch
def test_drawing_benchmark_prints_its_share():
    said = run("benchmarks.drawing", "--updates", "20")
    assert "first 10" in said
    assert "last 10" in said
    assert said.count("%") == 2


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


@pytest.mark.torch
def test_judge_paints_what_the_candidates_paint(tmp_path):
    sheet = tmp_path / "judge.jpg"
    run(
        "tools.judge_mini",
        *("mini", "random", "--size", "32", "48", "--epochs", "2"),
        *("--sheet", str(sheet)),
    )
    with Image.open(sheet) as img:
        assert img.height > 3 * 32


@pytest.mark.torch
def test_a_probe_explains_what_is_linear_and_nothing_else():
    import torch

    from tools.judge_mini import explained

    torch.manual_seed(0)
    X, X_new, noise = torch.randn(3, 4000, 5, dtype=torch.double)
    A = torch.randn(5, 3, dtype=torch.double)
    assert explained(X, X @ A, X_new, X_new @ A) > 0.99
    assert abs(explained(X, noise @ A, X_new, X_new @ A)) < 0.2
