"""Build every notebook from its Markdown source.

    python -m tools.build_notebooks [--output FOLDER]

For each source in notebooks/source and each backend:

1. read it with jupytext;
2. keep the cells without a backend's or a language's tag and those with
   this one's;
3. for learners, leave out cells tagged ``solution`` and what stands between
   ``### BEGIN SOLUTION`` and ``### END SOLUTION``: a line that raises
   ``YourTurn`` takes its place, and the rest of the notebook may run on;
4. for another language, put in the translations of prose and comments from
   notebooks/source/locale, and one line that chooses the language;
5. give each cell a stable id, made from the English it stands for;
6. write notebooks/NAME-BACKEND.ipynb, without outputs, where there are
   solutions NAME-BACKEND-solutions.ipynb too, and each once more for every
   language, NAME-BACKEND-ko.ipynb. A source without any backend's cell makes
   one notebook, NAME.ipynb.

A test builds into a temporary folder and compares byte by byte.
"""

import argparse
import hashlib
import re
from itertools import product
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat

from tools import localise
from tools.localise import LANGUAGES

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "notebooks" / "source"
BACKENDS = ("pytorch", "mxnet")
_SOLUTION = re.compile(
    r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.MULTILINE | re.DOTALL
)
_OURS = (*BACKENDS, *LANGUAGES, "solution")  # tags that no reader needs
_YOUR_TURN = r"\1raise YourTurn  # write your answer in place of this line"


class Edition(NamedTuple):
    """Which of the notebooks of a source: backend or None, solved or not."""

    backend: str | None
    solved: bool

    def name(self, source, language="en"):
        parts = [source.stem, self.backend, "solutions" * self.solved]
        return "-".join(filter(None, [*parts, language.removeprefix("en")]))


def build(source, edition, language="en"):
    """Return one notebook of one Markdown source, in one language."""
    cells = _with_ids(_cells(source, edition, language))
    if language != "en":
        catalogue = localise.catalogue(language)
        texts = _translated(
            cells, lambda message: catalogue.get(message, message)
        )
        _speak(cells, texts, language)
    notebook = nbformat.v4.new_notebook(cells=cells)
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


def translated(source, edition, language, lookup):
    """Return the texts of a notebook's cells, each message looked up."""
    return _translated(_cells(source, edition, language), lookup)


def _translated(cells, lookup):
    kinds = {"markdown": localise.markdown, "code": localise.code}
    return [kinds[cell.cell_type](cell.source, lookup) for cell in cells]


def _speak(cells, texts, language):
    """Put the translated texts into the cells, links and language set."""
    prose = [i for i, c in enumerate(cells) if c.cell_type == "markdown"]
    pointed = localise.links(
        [texts[i] for i in prose],
        [cells[i].source for i in prose],
        {e.name(s) for s in SOURCES.glob("*.md") for e in editions(s)},
        language,
    )
    for i, text in zip(prose, pointed, strict=True):
        texts[i] = text
    for cell, text in zip(cells, texts, strict=True):
        code = cell.cell_type == "code"
        cell.source = localise.speaking(text, language) if code else text


def _cells(source, edition, language):
    read = jupytext.read(source, fmt="md")
    kept = [cell for cell in read.cells if _kept(cell, edition, language)]
    return [_cell(cell, edition) for cell in kept]


def _tags(cell):
    return cell.metadata.get("tags", [])


def _kept(cell, edition, language):
    tags = set(_tags(cell))
    backends, languages = tags & set(BACKENDS), tags & set(LANGUAGES)
    return (
        bool(cell.source.strip())
        and (not backends or edition.backend in backends)
        and (not languages or language in languages)
        and (edition.solved or "solution" not in tags)
    )


def _cell(cell, edition):
    tags = [t for t in _tags(cell) if t not in _OURS]
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
        for edition, language in product(editions(source), languages()):
            name = edition.name(source, language)
            path = Path(output) / f"{name}.ipynb"
            nbformat.write(build(source, edition, language), path)
            paths.append(path)
    return paths


def languages():
    """Return English and the languages that have a catalogue."""
    found = [f for f in LANGUAGES if (localise.LOCALES / f"{f}.po").is_file()]
    return ["en", *found]


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
