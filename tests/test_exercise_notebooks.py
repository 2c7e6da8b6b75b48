"""Learners' notebooks keep the answers back and run; solved ones are right."""

import re

import jupytext
import nbformat
import pytest
from conftest import FRAMEWORKS, ROOT
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from test_notebooks import NOTEBOOKS, execute, streams

from tools import build_notebooks

SOURCE = ROOT / "notebooks" / "source" / "exercises.md"
CHECKS = 8
# The smallest at which the figures of the checks are clear of chance.
SMALL = {"image_shape": [96, 144], "num_epochs": 60, "folder": "../out"}
_MARKED = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def notebook(backend, kind=""):
    path = NOTEBOOKS / f"exercises-{backend}{kind}.ipynb"
    return nbformat.read(path, as_version=4)


def text_of(cells):
    return "\n".join(cell.source for cell in cells)


def solutions():
    """Return every line that learners must not see."""
    cells = jupytext.read(SOURCE, fmt="md").cells
    secret = [m for cell in cells for m in _MARKED.findall(cell.source)]
    secret += [
        cell.source
        for cell in cells
        if "solution" in cell.metadata.get("tags", [])
    ]
    lines = (line.strip() for text in secret for line in text.splitlines())
    return {line for line in lines if len(line) > 3 and set(line) - set("| -")}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_learners_see_no_solution(name):
    shown = text_of(notebook(name).cells)
    assert len(solutions()) > 30
    assert [line for line in solutions() if line in shown] == []
    assert "SOLUTION" not in shown


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_solution_is_in_the_solved_notebook(name):
    shown = text_of(notebook(name, "-solutions").cells)
    assert [line for line in solutions() if line not in shown] == []


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_learners_are_told_where_it_is_their_turn(name):
    turns = [c for c in notebook(name).cells if "raise YourTurn" in c.source]
    assert len(turns) == CHECKS
    for cell in turns:
        assert cell.metadata.tags == ["raises-exception"]
    assert "raise YourTurn" not in text_of(notebook(name, "-solutions").cells)


def test_solved_and_unsolved_share_all_the_rest():
    ours = {c.id for c in notebook("pytorch").cells}
    theirs = {c.id for c in notebook("pytorch", "-solutions").cells}
    assert len(ours - theirs) == CHECKS


def test_a_mark_without_its_partner_is_refused(tmp_path):
    source = tmp_path / "broken.md"
    source.write_text("```python\nx = 1\n### BEGIN SOLUTION\nx = 2\n```\n")
    learner = build_notebooks.Edition(None, False)
    with pytest.raises(ValueError, match="no partner"):
        build_notebooks.build(source, learner)


def run(backend, kind, folder):
    """Run a notebook at a small size; both of a backend share results."""
    path = NOTEBOOKS / f"exercises-{backend}{kind}.ipynb"
    read = load_notebook_node(str(path))
    return execute(parameterize_notebook(read, SMALL), folder)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder for each backend, in which the second run finds results."""
    return {name: tmp_path_factory.mktemp(name) for name in FRAMEWORKS}


def verdicts(executed):
    """Return what each check said, by its sign."""
    return [
        output["data"]["text/plain"]
        for cell in executed.cells
        if cell.source.startswith("checks.")
        for output in cell.get("outputs", [])
        if "text/plain" in output.get("data", {})
    ]


def errors(executed):
    return {
        output["ename"]
        for cell in executed.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    }


@pytest.mark.slow
def test_unsolved_every_check_says_your_turn(backend, folders):
    executed = run(backend, "", folders[backend])
    said = verdicts(executed)
    unsolved = [text for text in said if text.startswith("✎")]
    # The gallery of a learner is there, and empty.
    assert len(said) == CHECKS
    assert len(unsolved) == CHECKS
    assert errors(executed) == {"YourTurn"}
    assert "Warning" not in streams(executed)


@pytest.mark.slow
def test_solved_every_check_is_right(backend, folders):
    executed = run(backend, "-solutions", folders[backend])
    said = verdicts(executed)
    assert len(said) == CHECKS
    assert [text for text in said if not text.startswith("✓")] == []
    assert errors(executed) == set()
    figures = streams(executed)
    assert len(re.findall(r"style +\d+%  content +\d+%", figures)) == 24
