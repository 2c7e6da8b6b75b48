"""What lies in img: drawings, the scripts that drew them, two figures."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from d2l_style.pictures.samples import sample_images

IMG = ROOT / "img"
DRAWN = tomllib.loads((IMG / "pictures.toml").read_text("utf-8"))
FIGURES = ["style-transfer.svg", "neural-style.svg"]
SVG = "{http://www.w3.org/2000/svg}"


def git(*words):
    """Ask git about this project."""
    return subprocess.run(
        ["git", "-C", ROOT, *words], capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def history():
    """The project's history is at hand, down to its first commit."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("no git, or no clone: history cannot be asked")
    told = git("rev-parse", "--is-shallow-repository")
    if told.stdout.strip() != "false":
        pytest.skip(f"a shallow clone, or {told.stderr.strip() or 'old git'}")


@pytest.mark.parametrize("name", DRAWN)
def test_committed_drawings_are_large_and_light(name):
    path = sample_images()[name].path  # beside the book's, if they are here
    assert path.stat().st_size <= 400_000
    with Image.open(path) as image:
        assert image.format == "JPEG"
        assert image.size == (1200, 900 if name == "autumn-oak" else 800)


@pytest.mark.parametrize(
    "path", sorted(IMG.glob("*.jpg")), ids=lambda path: path.stem
)
def test_every_picture_can_be_committed_and_shown(path):
    assert path.stat().st_size < 4_000_000
    with Image.open(path) as image:
        image.load()
        assert image.mode == "RGB"


@pytest.mark.parametrize("name", DRAWN)
def test_every_drawing_names_its_script(name):
    script = f"img/draw_{name.replace('-', '_')}.py"
    assert re.fullmatch(f"[0-9a-f]{{40}}:{script}", DRAWN[name]["script"])


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.usefixtures("history")
def test_the_script_is_in_the_history_with_what_it_imports(name):
    commit, script = DRAWN[name]["script"].split(":")
    for file in (script, "img/brushes.py"):
        assert git("cat-file", "-e", f"{commit}:{file}").returncode == 0


@pytest.fixture(scope="module")
def figures():
    return SimpleNamespace(**runpy.run_path(str(IMG / "draw_figures.py")))


@pytest.mark.parametrize("file", FIGURES)
def test_figures_are_what_the_script_writes(figures, file):
    drawn = figures.FIGURES[file]()
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
def test_words_stand_out_from_their_ground(figures, ink, paper):
    assert contrast(getattr(figures, ink), paper) >= 4


def test_figures_are_written_where_asked(tmp_path):
    command = [sys.executable, IMG / "draw_figures.py", tmp_path]
    subprocess.run(command, check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FIGURES)
