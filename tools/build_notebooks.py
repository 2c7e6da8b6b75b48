"""Build every notebook from its Markdown source.

    python -m tools.build_notebooks [--output FOLDER]

For each source in notebooks/source and each backend:

1. read it with jupytext;
2. keep the cells without a backend's tag and those with this backend's;
3. for learners, leave out cells tagged ``solution`` and what stands between
   ``### BEGIN SOLUTION`` and ``### END SOLUTION``: a line that raises
   ``YourTurn`` takes its place, and the rest of the notebook may run on;
4. give each cell a stable id, made from what it holds;
5. write notebooks/NAME-BACKEND.ipynb, without outputs, and where there are
   solutions NAME-BACKEND-solutions.ipynb too. A source without any backend's
   cell makes one notebook, NAME.ipynb.

A test builds into a temporary folder and compares byte by byte.
"""

import argparse
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "notebooks" / "source"
BACKENDS = ("pytorch", "mxnet")
_SOLUTION = re.compile(
    r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.MULTILINE | re.DOTALL
)
_YOUR_TURN = r"\1raise YourTurn  # write your answer in place of this line"


class Edition(NamedTuple):
    """Which of the notebooks of a source: backend or None, solved or not."""

    backend: str | None
    solved: bool

    def name(self, source):
        parts = [source.stem, self.backend, "solutions" * self.solved]
        return "-".join(filter(None, parts))


def build(source, edition):
    """Return one notebook of one Markdown source."""
    read = jupytext.read(source, fmt="md")
    kept = [cell for cell in read.cells if _kept(cell, edition)]
    cells = [_cell(cell, edition) for cell in kept]
    notebook = nbformat.v4.new_notebook(cells=_with_ids(cells))
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    nbformat.validate(notebook)
    return notebook


def _tags(cell):
    return cell.metadata.get("tags", [])


def _kept(cell, edition):
    tags = _tags(cell)
    of = [tag for tag in tags if tag in BACKENDS]
    return (
        bool(cell.source.strip())
        and (not of or edition.backend in of)
        and (edition.solved or "solution" not in tags)
    )


def _cell(cell, edition):
    tags = [t for t in _tags(cell) if t not in (*BACKENDS, "solution")]
    text = cell.source
    if not edition.solved:
        text, stripped = _SOLUTION.subn(_YOUR_TURN, text)
        tags += ["raises-exception"] * bool(stripped)
        if "SOLUTION" in text:
            raise ValueError(f"A mark of a solution has no partner:\n{text}")
    metadata = {"tags": tags} if tags else {}
    new = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
    }[cell.cell_type]
    return new(text, metadata=metadata)


def _with_ids(cells):
    """Give each cell an id made from its text, so that diffs stay small."""
    seen = {}
    for cell in cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:10]
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = f"{digest}-{seen[digest]}"
    return cells


def build_all(output=ROOT / "notebooks"):
    """Write all notebooks into ``output``; return their paths."""
    paths = []
    for source in sorted(SOURCES.glob("*.md")):
        for edition in editions(source):
            path = Path(output) / f"{edition.name(source)}.ipynb"
            nbformat.write(build(source, edition), path)
            paths.append(path)
    return paths


def editions(source):
    """Return the :class:`Edition` of every notebook that a source makes."""
    cells = jupytext.read(source, fmt="md").cells
    forked = any(set(_tags(cell)) & set(BACKENDS) for cell in cells)
    solvable = any(_SOLUTION.search(cell.source) for cell in cells)
    return [
        Edition(backend, solved)
        for backend in (BACKENDS if forked else (None,))
        for solved in ((False, True) if solvable else (False,))
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default=ROOT / "notebooks", type=Path)
    for path in build_all(parser.parse_args().output):
        print(path)


if __name__ == "__main__":
    main()
