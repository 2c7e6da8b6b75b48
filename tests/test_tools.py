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
        assert ["printed" in row for row in rows] == [True, False]


@pytest.mark.torch
def test_drawing_benchmark_prints_its_share():
    said = run("benchmarks.drawing", "--updates", "20")
    assert "first 10" in said
    assert "last 10" in said
    assert said.count("%") == 2
