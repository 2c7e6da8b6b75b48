"""The notebooks are what their source says, run, and equal the library."""

import json
import re
import shutil

import jupytext
import nbformat
import numpy as np
import pytest
from conftest import FRAMEWORKS, ROOT
from nbclient import NotebookClient
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from PIL import Image

from d2l_style.exercises.meters import noise
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer
from tools.build_notebooks import build_all

NOTEBOOKS = ROOT / "notebooks"
SMALL = {"image_shape": [64, 96], "num_epochs": 20}


def chapter(backend):
    path = NOTEBOOKS / f"neural-style-{backend}.ipynb"
    return nbformat.read(path, as_version=4)


def execute(notebook, folder):
    """Run a notebook beside img/, as JupyterLab does; return it."""
    (folder / "notebooks").mkdir(exist_ok=True)
    shutil.copytree(ROOT / "img", folder / "img", dirs_exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder / "notebooks")}},
    )
    client.execute()
    return notebook


def outputs(notebook, kind="image/png"):
    return [
        (cell, output)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


def streams(notebook):
    return "".join(
        output["text"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "stream"
    )


def test_notebooks_are_what_the_source_builds(tmp_path):
    built = build_all(tmp_path)
    committed = sorted(p.name for p in NOTEBOOKS.glob("*.ipynb"))
    assert sorted(path.name for path in built) == committed
    for path in built:
        same = path.read_bytes() == (NOTEBOOKS / path.name).read_bytes()
        advice = "run `python -m tools.build_notebooks`"
        assert same, f"{path.name} is stale: {advice}."


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_notebooks_carry_no_outputs_and_have_ids(name):
    cells = chapter(name).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    ids = [cell.id for cell in cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_image_has_alt_text_and_is_there(name):
    text = "\n".join(cell.source for cell in chapter(name).cells)
    images = re.findall(r"!\[(.*?)\]\((.*?)\)", text, re.DOTALL)
    assert len(images) == 2
    for alt, path in images:
        assert len(alt) > 40
        assert (NOTEBOOKS / path).is_file()
    assert text.count("![") == len(images)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_links_to_other_files_lead_somewhere(name):
    text = "\n".join(cell.source for cell in chapter(name).cells)
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", text)
    for link in links:
        if link.startswith("#"):
            title = link[1:].replace("-", " ")
            assert f"## {title}\n" in text + "\n", link
        elif not link.startswith("https://"):
            assert (NOTEBOOKS / link).is_file(), link


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_lines_of_code_fit_the_page(name):
    for cell in chapter(name).cells:
        if cell.cell_type == "code":
            assert max(map(len, cell.source.splitlines())) <= 78


def test_twins_share_their_prose():
    ids = [{c.id for c in chapter(name).cells} for name in FRAMEWORKS]
    assert len(ids[0] & ids[1]) > 0.6 * min(map(len, ids))


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Return a function that runs a chapter notebook, small, only once."""
    done = {}

    def run(name):
        if name not in done:
            path = NOTEBOOKS / f"neural-style-{name}.ipynb"
            notebook = load_notebook_node(str(path))
            notebook = parameterize_notebook(notebook, SMALL)
            notebook.cells.append(nbformat.v4.new_code_cell(_DUMP))
            folder = tmp_path_factory.mktemp(name)
            done[name] = execute(notebook, folder), folder
        return done[name]

    return run


# Appended to the notebook: what its own functions compute, and the library's.
_DUMP = """
import json
def numbers(X):
    return X.tolist()
small = (32, 48)
taps = dict(content_layers=content_layers, style_layers=style_layers)
weigh = dict(content_weight=content_weight, style_weight=style_weight,
             tv_weight=tv_weight)
device = d2l.try_gpu()
A, B = preprocess(content_img, small), preprocess(style_img, small)
library = d2l.extract_features(A, **taps, net=net)
own = extract_features(A, content_layers, style_layers)
targets = d2l.extract_features(B, **taps, net=net)
grams = [gram(Y) for Y in targets[1]]
own_losses = compute_loss(A, *own, targets[0], grams)
library_losses = d2l.compute_loss(A, *own, targets[0], grams, **weigh)
own_X, own_Y = get_contents(small, device)
library_X, library_Y = d2l.get_contents(
    small, device, content_img=content_img, net=net,
    content_layers=content_layers)
own_S, own_T = get_styles(small, device)
library_S, library_T = d2l.get_styles(
    small, device, style_img=style_img, net=net, style_layers=style_layers)
own_image = train(own_X, own_Y, own_T, device, 0.3, 11, 4)
library_image = d2l.train(own_X, own_Y, own_T, device, 0.3, 11, 4, net=net,
                          **taps, **weigh)
flat = lambda losses: [float(sum(losses[0])), float(sum(losses[1])),
                       float(losses[2]), float(losses[3])]
pairs = {
    'preprocess': (A, d2l.preprocess(content_img, small)),
    'feature': (own[0][0], library[0][0]),
    'deep style': (own[1][-1], library[1][-1]),
    'gram': (gram(own[1][2]), d2l.gram(own[1][2])),
    'contents_Y': (own_Y[0], library_Y[0]),
    'styles_Y': (own_T[3], library_T[3]),
    'content_loss': (content_loss(own[0][0], targets[0][0]),
                     d2l.content_loss(own[0][0], targets[0][0])),
    'style_loss': (style_loss(own[1][0], grams[0]),
                   d2l.style_loss(own[1][0], grams[0])),
    'tv_loss': (tv_loss(A), d2l.tv_loss(A)),
    'train': (own_image, library_image),
}
result = {name: [numbers(a), numbers(b)] for name, (a, b) in pairs.items()}
result['compute_loss'] = [flat(own_losses), flat(library_losses)]
pixels = lambda img: getattr(img, 'tobytes', None) and list(img.tobytes())
theirs = d2l.postprocess(own_image)
if hasattr(theirs, 'asnumpy'):
    theirs = (theirs.asnumpy() * 255 + 0.5).astype('uint8')
result['postprocess'] = [pixels(postprocess(own_image)), pixels(theirs)]
json.dump(result, open('numbers.json', 'w'))
"""


def test_notebook_runs_and_shows_its_run(backend, executed):
    notebook, _ = executed(backend)
    assert len(outputs(notebook)) >= 4
    said = streams(notebook)
    assert "Warning" not in said
    assert "as-printed-vi" in said
    (training,) = [
        output
        for cell, output in outputs(notebook)
        if "output = train(" in cell.source
    ]
    assert "epoch" in training["data"]["text/plain"]


def test_in_place_relus_are_caught_in_the_act(backend, executed):
    notebook, _ = executed(backend)
    lines = [ln for ln in streams(notebook).splitlines() if "smallest" in ln]
    minima = [
        [float(v) for v in re.findall(r"-?\d+\.\d+", ln)] for ln in lines
    ]
    assert all(value < 0 for value in minima[0])
    if backend == "pytorch":
        assert [value < 0 for value in minima[1]] == [
            *[False] * 4,
            True,
            False,
        ]


def test_library_equals_the_notebooks_own_cells(backend, executed):
    _, folder = executed(backend)
    numbers = json.loads((folder / "notebooks/numbers.json").read_text())
    assert len(numbers) == 12
    for name, (own, library) in numbers.items():
        own, library = np.array(own), np.array(library)
        assert own.shape == library.shape, name
        scale = max(np.abs(own).max(), 1e-12)
        atol = 1 if name == "postprocess" else 1e-5 * scale
        assert np.abs(own - library).max() <= atol, name


# Put before the book's cells where no VGG-19 shall be found.
_NO_CARRIER = """
from d2l_style.network import fetch
fetch.find_spec = lambda name: None
"""
# Put after them: the picture, and its losses by the cells' own functions.
_JUDGE = """
import json
losses = compute_loss(
    output, *extract_features(output, content_layers, style_layers),
    contents_Y, [gram(Y) for Y in styles_Y])
picture = d2l.postprocess(output)
if hasattr(picture, 'asnumpy'):
    from PIL import Image
    pixels = (picture.asnumpy() * 255 + 0.5).astype('uint8')
    picture = Image.fromarray(pixels)
picture.save('painted.png')
print(json.dumps({'content': float(sum(losses[0])),
                  'style': float(sum(losses[1]))}))
"""
ANSWERS = {"oxford": "Oxford", "mini": "vgg19-mini"}


def book_cells(backend, shape, num_epochs):
    """Return the book's cells, typed over our import: a notebook."""
    if backend == "pytorch":
        pytest.importorskip("torchvision")
    source = (ROOT / f"tests/book_cells_{backend}.md").read_text()
    h, w = shape
    shape = {"pytorch": f"({h}, {w})", "mxnet": f"({w}, {h})"}[backend]
    source = source.replace("SHAPE", shape)
    source = source.replace("NUM_EPOCHS", str(num_epochs))
    return jupytext.reads(source, fmt="md")


def run_book_cells(backend, network, shape, num_epochs, folder):
    """Run them with ``network`` alone; return what they said and painted."""
    notebook = book_cells(backend, shape, num_epochs)
    code = nbformat.v4.new_code_cell
    if network == "mini":
        notebook.cells.insert(0, code(_NO_CARRIER))
    notebook.cells.append(code(_JUDGE))
    execute(notebook, folder)
    said = streams(notebook)
    assert said.count("d2l_style answers") == 1
    assert ANSWERS[network] in said
    painted = Image.open(folder / "notebooks/painted.png").convert("RGB")
    return notebook, json.loads(said.splitlines()[-1]), painted


@pytest.mark.parametrize("network", ANSWERS)
def test_the_books_own_cells_run(backend, network, tmp_path, request):
    """Typed over our import, nothing else changed, without internet."""
    if network == "oxford":
        request.getfixturevalue("oxford_file")
    notebook, losses, painted = run_book_cells(
        backend, network, (48, 72), 20, tmp_path
    )
    assert painted.size == (72, 48)
    assert 0 < losses["style"] < 200
    animator = [
        output
        for cell, output in outputs(notebook)
        if "output = train(" in cell.source
    ]
    assert len(animator) == 1


@pytest.mark.slow
@pytest.mark.parametrize("network", ANSWERS)
def test_the_books_own_cells_paint(backend, network, tmp_path, request):
    """A painting and no grain, in both tabs; look at it in out/."""
    if network == "oxford":
        request.getfixturevalue("oxford_file")
    shape, epochs = (150, 225), {"oxford": 60, "mini": 150}[network]
    _, losses, painted = run_book_cells(
        backend, network, shape, epochs, tmp_path
    )
    (ROOT / "out").mkdir(exist_ok=True)
    painted.save(ROOT / f"out/book-cells-{backend}-{network}.png")
    assert losses["style"] < 20
    if network == "oxford":
        return  # as many epochs as there is time for
    pictures = [ROOT / f"img/{n}.jpg" for n in ("rainier", "autumn-oak")]
    recipe = Recipe(image_shape=shape, num_epochs=epochs, weights=network)
    ours = StyleTransfer(*pictures, recipe, backend)
    for _epoch in ours.run():
        pass
    assert noise(painted) < 2 * noise(ours.image())
