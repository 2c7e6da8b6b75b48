"""The file of results: the machine, then a section for each benchmark."""

import datetime
import re

from benchmarks import machine
from d2l_style.machine.files import write_whole

_HEAD = """\
# Results of the benchmarks

Written by `python -m benchmarks`. Every section says how its figures came
about; `python -m benchmarks.NAME` measures one of them again."""


class Results:
    """The sections of a file; setting one writes the file anew.

    Sections that are there already stay, unless they are of another machine
    or of other versions. ``order`` holds the names of all sections.
    """

    def __init__(self, path, order):
        self.path, self.order = path, order
        self.head = f"{_HEAD}\n\n{machine.table().markdown()}\n"
        text = path.read_text("utf-8") if path.exists() else ""
        same = text.startswith(self.head)
        self.sections = _sections(text[len(self.head) :]) if same else {}

    def __setitem__(self, name, text):
        self.sections[name] = text
        parts = [
            f"\n## {name}\n\n{self.sections[name]}\n"
            for name in self.order
            if name in self.sections
        ]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, (self.head + "".join(parts)).encode())


def section(doc, tables, seconds):
    """Return a section's text: what was measured, its tables, and when."""
    today = datetime.date.today().isoformat()
    measured = f"Measured on {today}, in {seconds:.0f} s."
    parts = [*prose(doc), *(table.markdown() for table in tables), measured]
    return "\n\n".join(parts)


def prose(doc):
    """Return the paragraphs of a docstring, without its commands."""
    paragraphs = doc.replace("``", "`").strip().split("\n\n")
    return [p for p in paragraphs if not p.startswith(" ")]


def _sections(text):
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:]
    return {
        name: body.strip()
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }
