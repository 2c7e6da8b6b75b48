"""Files and names on any computer, a Korean or Vietnamese one among them."""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, linux, picture
from servers import serving

from d2l_style.exercises.sweeps.grid import cells
from d2l_style.network import fetch
from d2l_style.pictures.png import png_bytes
from d2l_style.recipe import Recipe

KOREAN, BOTH = "그림", "김하나 Nguyễn Thị Hằng"
FOLDERS = ("d2l_style", "tools", "benchmarks", "img")
MODULES = sorted(p for f in FOLDERS for p in (ROOT / f).rglob("*.py"))
SOURCES = sorted((ROOT / "notebooks/source").glob("*.md"))

# --- every text file is opened with its encoding -----------------------------

# Their open() takes no text: pictures, pages, samples[name].
_NO_TEXT = {"Image", "os", "webbrowser", "archive"}
# What gives text without being asked to: the place of its encoding.
_TEXT = {"read_text": 0, "write_text": 1, "TextIOWrapper": 1, "fdopen": 3}
_TEXT |= {"getoutput": 1, "getstatusoutput": 1}


def unsaid(source):
    """Return the lines of a source where a text has no encoding said."""
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    dicts = [node for node in nodes if isinstance(node, ast.Dict)]
    found = [c for c in calls if _opens_text(c) and not _says(c)]
    found += [d for d in dicts if _asks_for_text(_items(d))]
    return sorted(node.lineno for node in found)


def _opens_text(call):
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name == "open":
        return _is_text_file(call)
    return name in _TEXT or _asks_for_text(_keywords(call))


def _is_text_file(call):
    method = isinstance(call.func, ast.Attribute)
    owner = call.func.value if method else None
    if isinstance(owner, ast.Subscript):
        return False
    if getattr(owner, "attr", getattr(owner, "id", "")) in _NO_TEXT:
        return False
    at = 0 if method and getattr(owner, "id", "") != "io" else 1
    mode = call.args[at : at + 1] or [_keywords(call).get("mode")]
    return "b" not in str(getattr(mode[0], "value", "r"))


def _says(call):
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    place = _TEXT.get(name, 3 if name == "open" else 99)
    return "encoding" in _keywords(call) or len(call.args) > place


def _asks_for_text(given):
    """Return whether subprocess is asked for text of no said encoding."""
    asked = {"text", "universal_newlines"}.intersection(given)
    true = [getattr(given[name], "value", None) is True for name in asked]
    return any(true) and "encoding" not in given


def _keywords(call):
    return {keyword.arg: keyword.value for keyword in call.keywords}


def _items(node):
    keys = [getattr(key, "value", None) for key in node.keys]
    return dict(zip(keys, node.values, strict=True))


@pytest.mark.parametrize(
    "source",
    [
        "open(path)",
        "open(path, 'w')",
        "io.open(path, mode='a')",
        "path.open()",
        "path.open('w', newline='')",
        "path.read_text()",
        "path.write_text(text)",
        "path.write_text(text, errors='replace')",
        "os.fdopen(number)",
        "subprocess.run(words, text=True)",
        "subprocess.check_output(words, universal_newlines=True)",
        "subprocess.run(words, **{'text': True})",
        "subprocess.getoutput('ls')",
    ],
)
def test_a_text_without_encoding_is_found(source):
    assert unsaid(f"x = 1\n{source}") == [2]


@pytest.mark.parametrize(
    "source",
    [
        "open(path, 'rb')",
        "open(path, encoding='utf-8')",
        "path.open('xb')",
        "path.read_text('utf-8')",
        "path.write_text(text, 'utf-8')",
        "path.read_text(encoding='ascii')",
        "Image.open(path)",
        "samples['rainier'].open()",
        "subprocess.run(words, text=True, encoding='locale')",
        "subprocess.run(words, encoding='utf-8')",
        "subprocess.run(words)",
        "show(text=label)",
    ],
)
def test_bytes_and_said_encodings_are_not(source):
    assert unsaid(source) == []


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_text_file_has_its_encoding(path):
    assert unsaid(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_text_file_in_a_notebook_has_its_encoding(path):
    blocks = re.findall(
        r"^```python.*?\n(.*?)^```", path.read_text("utf-8"), re.M | re.S
    )
    assert blocks
    for block in blocks:
        plain = re.sub(r"(?m)^(\s*)[!%].*", r"\1pass", block)
        assert unsaid(plain) == [], block


# --- names in Korean and Vietnamese ------------------------------------------

PATHS = """
import sys, warnings
# Whoever forgets an encoding is found here too, wherever it is.
warnings.filterwarnings("error", module="d2l_style",
                        category=EncodingWarning)
import os
from pathlib import Path
from d2l_style.exercises import sweep, text
from d2l_style.exercises.gallery import Gallery
from d2l_style.language import _, set_language
from d2l_style.exercises.sweeps.grid import cells
from d2l_style.network import fetch
from d2l_style.pictures.png import png_bytes
from d2l_style.recipe import Recipe
from d2l_style.pictures.animator import Animator
from d2l_style.pictures.png import png_bytes, recipe_in_png
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

name, network, backend = sys.argv[1:]
here = Path(name).absolute()
here.mkdir()
os.environ["D2L_STYLE_CACHE"] = str(here / "cache")
samples = sample_images()
photo, painting = here / f"{name}.jpg", here / f"{name}.png"
samples["rainier"].open().resize((60, 40)).save(photo)
samples["bojagi"].open().resize((60, 40)).save(painting)
weights = here / f"{name}.safetensors"
weights.write_bytes(Path(network).read_bytes())
recipe = Recipe(weights=str(weights), image_shape=(32, 48), num_epochs=2)

for language in ("ko", "vi"):
    set_language(language)
    assert _("content") != "content"
    run = StyleTransfer(photo, painting, recipe, backend)
    animator = Animator.of_losses(2)
    for epoch in run.run():
        animator.watch(epoch)
    animator.save(here / f"{name}-losses.png")
    saved = here / f"{name}-{language}.safetensors"
    run.save(saved)
    assert StyleTransfer.load(saved, photo, painting).epoch == 2
    made = here / f"{name}-{language}.png"
    facts = {"content": name, "style": name}
    made.write_bytes(png_bytes(run.image(), run.recipe, **facts))
    assert recipe_in_png(made) == run.recipe
    try:
        StyleTransfer(here, painting, recipe, backend)
    except ValueError as error:
        assert str(here / f"{name}-ko.png") in str(error)
assert Recipe.from_json(recipe.to_json()) == recipe
assert Recipe.from_text(recipe.to_python()) == recipe

grid = {"content_img": [photo], "style_weight": {name: 10.0}}
(cell,) = sweep(photo, painting, recipe, grid, here / f"{name}-sweep",
                backend=backend, n_jobs=1, show=False).run()
assert cell.path.is_file()
assert name in (cell.path.parent / "results.csv").read_text("utf-8")
gallery = Gallery(here / f"{name}-gallery")
assert gallery.keep(cell, name).title == name
assert name in gallery._repr_html_()
text.explain("The room is super small.", "english", "formal")
text.explain("방이 아주 작아요.", "korean", "polite")
assert fetch.restore_images(here) == []

from d2l_style.panel import StylePanel
panel = StylePanel(photo, painting, recipe, backend)
panel.start()
panel.worker.settle(60)
assert panel.session.names["content"] == photo.name
panel.stop()
print("done")
"""


_WARN = ("-X", "warn_default_encoding")


def python(*words, env, cwd):
    """Return what a new Python puts out, as bytes."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONIOENCODING"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *_WARN, *words],
        capture_output=True,
        env={**own, "PYTHONPATH": str(ROOT), **env},
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


@pytest.fixture(scope="module")
def euc_kr(tmp_path_factory):
    """What makes a system a Korean one of before UTF-8, as variables."""
    tool = shutil.which("localedef")
    if not tool:
        pytest.skip("no localedef here, which makes a Korean locale")
    folder = tmp_path_factory.mktemp("locales")
    name = "ko_KR.euckr"
    words = [tool, "-i", "ko_KR", "-f", "EUC-KR", str(folder / name)]
    told = subprocess.run(words, capture_output=True).stderr
    env = {"LOCPATH": str(folder), "LC_ALL": name, "PYTHONUTF8": "0"}
    asked = "import locale; print(locale.getpreferredencoding(False))"
    if python("-c", asked, env=env, cwd=folder) != b"EUC-KR\n":
        pytest.skip(f"no EUC-KR locale can be made here: {told!r}")
    return env


def script(folder):
    path = folder / "paths.py"
    path.write_text(PATHS, "utf-8")
    return path


UTF8 = {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "0"}


def test_paths_of_any_letters(tmp_path, narrow_file, backend):
    words = script(tmp_path), BOTH, narrow_file, backend
    assert python(*words, env=UTF8, cwd=tmp_path) == b"done\n"


def test_on_a_korean_computer(tmp_path, narrow_file, backend, euc_kr):
    name = KOREAN.encode("euc-kr")
    words = script(tmp_path), name, narrow_file, backend
    assert python(*words, env=euc_kr, cwd=tmp_path) == b"done\n"


def painted(name, code, language, env, folder, network):
    """Run the command line; return what it said."""
    small = picture(1, 40, 60)
    for ending in ("jpg", "png"):
        small.save(os.path.join(folder, f"{name}.{ending}".encode(code)))
    words = (f"{name}.jpg", f"{name}.png", "-o", f"{name} {language}.png")
    options = ("--weights", network, "--size", "32x48", "--epochs", "2")
    told = python(
        *("-m", "d2l_style", "transfer", *options),
        *(word.encode(code) for word in words),
        env={**env, "D2L_STYLE_LANG": language},
        cwd=folder,
    )
    out = os.path.join(folder, f"{name} {language}.png".encode(code))
    assert os.path.isfile(out)
    return told.decode(code)


@linux
def test_a_name_from_another_system(tmp_path):
    """Korean Windows wrote it, and nobody told the archive's reader."""
    given = pytest.importorskip("d2l_style.panel.given")
    path = os.path.join(tmp_path, os.fsdecode("그림.png".encode("euc-kr")))
    picture(1).save(path)
    (cell,) = cells(path, path, Recipe(), {"content_img": [path]})
    names, _pictures, _own = given.opened({"style": path})
    for name in (cell.labels["content_img"], names["style"]):
        assert name.startswith("?")
        assert name.endswith(".png")
        assert png_bytes(picture(1), Recipe(), content=name)


@pytest.mark.torch
@pytest.mark.parametrize("language", ["ko", "vi"])
def test_the_command_line_with_any_letters(tmp_path, narrow_file, language):
    folder = os.fsencode(tmp_path / BOTH)
    os.mkdir(folder)
    said = painted(BOTH, "utf-8", language, UTF8, folder, narrow_file)
    assert f"{BOTH} {language}.png" in said
    assert "?" not in said


@pytest.mark.torch
@pytest.mark.parametrize("language", ["ko", "vi"])
def test_the_command_line_on_a_korean_computer(
    tmp_path, narrow_file, euc_kr, language
):
    """It has no Vietnamese letters: question marks, and all goes on."""
    folder = os.path.join(os.fsencode(tmp_path), "폴더".encode("euc-kr"))
    os.mkdir(folder)
    said = painted(KOREAN, "euc-kr", language, euc_kr, folder, narrow_file)
    assert f"{KOREAN} {language}.png" in said
    assert ("?" in said) == (language == "vi")


@pytest.mark.torch
def test_help_on_a_korean_computer(tmp_path, euc_kr):
    env = {**euc_kr, "D2L_STYLE_LANG": "ko"}
    words = ("-m", "d2l_style", "transfer", "--help")
    said = python(*words, env=env, cwd=tmp_path).decode("euc-kr")
    assert "이미지" in said


def test_what_is_missing_on_a_korean_computer(tmp_path, euc_kr):
    """A sentence with letters that it has not is said all the same."""
    (tmp_path / "torch.py").write_text("raise ImportError('Ả 그')", "utf-8")
    code = "from d2l_style.machine import doctor; doctor.main(['torch'])"
    env = {**euc_kr, "D2L_STYLE_LANG": "vi"}
    said = python("-c", code, env=env, cwd=tmp_path).decode("euc-kr")
    assert "? 그" in said


def test_downloads_into_folders_of_any_letters(tmp_path, monkeypatch):
    folder = tmp_path / BOTH
    monkeypatch.setenv("D2L_STYLE_CACHE", str(folder))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    drawing = folder / "img" / "a.jpg"
    drawing.parent.mkdir(parents=True)
    drawing.write_bytes(b"drawn")
    with serving(**{"a.jpg": b"painted"}) as server:
        sha256 = hashlib.sha256(b"painted").hexdigest()
        sources = [fetch.Source(f"{server.url}/a.jpg", sha256, 0.01)]
        fetch.fetch_images(drawing.parent, sources, progressbar=False)
    assert drawing.read_bytes() == b"painted"
    assert fetch.restore_images(drawing.parent, sources) == [drawing]
    assert drawing.read_bytes() == b"drawn"
