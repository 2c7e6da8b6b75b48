"""Build every notebook from its Markdown source.

    python -m tools.build_notebooks [--output FOLDER]

For each source in notebooks/source and each backend:

1. read it with jupytext;
2. keep the cells without a backend's tag and those with this backend's;
3. give each cell a stable id, made from what it holds;
4. write notebooks/NAME-BACKEND.ipynb, without outputs. A source without
   any backend's cell makes one notebook, NAME.ipynb.

A test builds into a temporary folder and compares byte by byte.
"""

import argparse
import hashlib
from pathlib import Path

import jupytext
import nbformat

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "notebooks" / "source"
BACKENDS = ("pytorch", "mxnet")


def build(source, backend):
    """Return the notebook of one Markdown source for one backend."""
    read = jupytext.read(source, fmt="md")
    cells = [_cell(c, backend) for c in read.cells if _kept(c, backend)]
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


def _kept(cell, backend):
    of = [tag for tag in _tags(cell) if tag in BACKENDS]
    return bool(cell.source.strip()) and (not of or backend in of)


def _cell(cell, backend):
    tags = [tag for tag in _tags(cell) if tag not in BACKENDS]
    metadata = {"tags": tags} if tags else {}
    new = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
    }[cell.cell_type]
    return new(cell.source, metadata=metadata)


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
        for backend, name in _notebooks(source).items():
            path = Path(output) / f"{name}.ipynb"
            nbformat.write(build(source, backend), path)
            paths.append(path)
    return paths


def _notebooks(source):
    """Return {backend: name} of the notebooks that a source makes."""
    cells = jupytext.read(source, fmt="md").cells
    if any(set(_tags(cell)) & set(BACKENDS) for cell in cells):
        return {b: f"{source.stem}-{b}" for b in BACKENDS}
    return {None: source.stem}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default=ROOT / "notebooks", type=Path)
    for path in build_all(parser.parse_args().output):
        print(path)


if __name__ == "__main__":
    main()
