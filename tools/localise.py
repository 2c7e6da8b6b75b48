"""A notebook's prose in another language; its code stays what it is.

Every Markdown block (paragraph, heading, list, table) and every comment is
one message. ``lookup`` turns a message into its translation: the builder
looks it up in a catalogue, ``tools.messages`` writes down what is asked for.
"""

import io
import re
import tokenize
from pathlib import Path

import polib

from d2l_style.language import LANGUAGES as SPOKEN

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "notebooks" / "source" / "locale"
LANGUAGES = tuple(code for code in SPOKEN if code != "en")
_FORMULA = re.compile(r"\$\$.*?\$\$[.,]?", re.DOTALL)
_IMPORT = re.compile(r"^.*\bas d2l$", re.MULTILINE)
# Shell lines and magics are no Python; a Colab form is read by Colab.
_NO_PYTHON = re.compile(r"^( *)[!%].*$", re.MULTILINE)
_NO_PROSE = ("#@", "###")


def catalogue(language):
    """Return the translations of a language, {message: translation}."""
    entries = polib.pofile(str(LOCALES / f"{language}.po"))
    return {e.msgid: e.msgstr for e in entries if e.translated()}


def markdown(text, lookup):
    """Return Markdown with every block that has prose translated."""
    blocks = re.split(r"(\n\n+)", text)
    return "".join(lookup(b) if _is_prose(b) else b for b in blocks)


def _is_prose(block):
    """Is it more than blank, a formula, or indented code?"""
    lines = block.split("\n")
    indented = all(not line or line.startswith("    ") for line in lines)
    return not indented and bool(_FORMULA.sub("", block).strip())


def code(text, lookup):
    """Return code with every comment translated."""
    lines = text.split("\n")
    for row, column, comment in reversed(_comments(text)):
        head = lines[row - 1][:column]
        lines[row - 1] = head + "# " + lookup(comment[1:].strip())
    return "\n".join(lines)


def _comments(text):
    """Return (row, column, comment) of what a reader reads, in order."""
    python = _NO_PYTHON.sub(r"\1pass", text)
    found = tokenize.generate_tokens(io.StringIO(python).readline)
    return [
        (*token.start, token.string)
        for token in found
        if token.type == tokenize.COMMENT
        and not token.string.startswith(_NO_PROSE)
    ]


def speaking(text, language):
    """Return code that chooses the language after it has imported d2l."""
    return _IMPORT.sub(
        rf"\g<0>\nd2l.set_language('{language}')", text, count=1
    )


def links(cells, originals, names, language):
    """Point links at this language's headings and notebooks.

    ``cells`` are the translated Markdown texts, ``originals`` the English
    ones in the same order, ``names`` the English notebooks that there are.
    """
    anchors = dict(zip(_anchors(originals), _anchors(cells), strict=True))

    def pointed(match):
        target = match[1]
        if target.startswith("#"):
            return f"](#{anchors.get(target[1:], target[1:])})"
        if target.removesuffix(".ipynb") in names:
            return f"]({target.removesuffix('.ipynb')}-{language}.ipynb)"
        return match[0]

    def named(match):  # a link that shows the name of its notebook
        name, target = match.groups()
        if name != target or name not in names:
            return match[0]
        return f"[{name}-{language}.ipynb]({target}.ipynb)"

    shown = re.compile(r"\[([\w-]+)\.ipynb\]\(([\w-]+)\.ipynb\)")
    cells = [shown.sub(named, text) for text in cells]
    return [re.sub(r"\]\(([^)\s]+)\)", pointed, text) for text in cells]


def _anchors(texts):
    """Return the anchors that JupyterLab gives to the headings, in order."""
    titles = [re.findall(r"^#+ (.+)$", t, re.MULTILINE) for t in texts]
    return [t.strip().replace(" ", "-") for found in titles for t in found]
