"""The steps of a text transfer, shown: deleted, retrieved, generated."""

import html
from dataclasses import dataclass

from d2l_style.exercises.text.korean import is_ending
from d2l_style.language import _


@dataclass(frozen=True, repr=False)
class Explanation:
    """The steps of a transfer, to be read.

    ``done`` is a :class:`~d2l_style.exercises.text.baseline.Transfer`.
    """

    done: object
    deleted: tuple  # (words, is it style?) of the source
    lent: tuple  # the same of the retrieved sentence

    def __str__(self):
        """Return a line for each step, style phrases in [brackets]."""
        rows = self._rows(lambda text, tag: f"[{text}]" if tag else text)
        width = max(len(name) for name, line in rows)
        return "\n".join(f"{name:<{width}}  {line}" for name, line in rows)

    __repr__ = __str__

    def _repr_html_(self):
        """Return a table; everything that was handed in is escaped."""
        rows = self._rows(_html)
        left = "text-align:left;padding:.2em .8em;white-space:pre-wrap"
        return "".join(
            (
                '<table style="color:inherit">',
                *(
                    f'<tr><th style="{left}">{html.escape(name)}</th>'
                    f'<td dir="auto" style="{left}">{line}</td></tr>'
                    for name, line in rows
                ),
                "</table>",
            )
        )

    def _rows(self, mark):
        return (
            (_("Source"), mark(self.done.source, None)),
            (_("Deleted"), _marked(self.deleted, mark, "del")),
            (_("Retrieved"), _marked(self.lent, mark, "ins")),
            (_("Result"), mark(self.done.result, None)),
        )


# Letters keep the page's colour and get a tint behind them: dark on light
# and light on dark. A line through or below says the same without colour.
TINTS = {"del": "rgba(200,83,61,.25)", "ins": "rgba(46,139,87,.25)"}


def _html(text, tag):
    """Return text for a page, as deleted ("del"), lent ("ins") or plain."""
    text = html.escape(text)
    if tag is None:
        return text
    style = f"color:inherit;background:{TINTS[tag]}"
    return f'<{tag} style="{style}">{text}</{tag}>'


def _marked(pieces, mark, tag):
    line = ""
    for words, is_style in pieces:
        apart = " " if line and not _glued(words[0]) else ""
        line += apart + mark(_spaced(words), tag if is_style else None)
    return line


def _spaced(words):
    """Return tokens as they are, endings still apart: ``하-어요.``"""
    return "".join(w if _glued(w) else f" {w}" for w in words).strip()


def _glued(word):
    return is_ending((word,)) or word in ".,;:!?"
