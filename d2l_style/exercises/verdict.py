"""What a check says of an answer, and what an exercise raises till then."""

import html
from dataclasses import dataclass

from d2l_style.language import _

RIGHT, WRONG, OPEN = "right", "wrong", "your turn"
# A sign and a colour that reads well on white and on black.
_LOOKS = {
    RIGHT: ("✓", "#2e8b57"),
    WRONG: ("✗", "#c8553d"),
    OPEN: ("✎", "#6a7fb5"),
}


class YourTurn(Exception):
    """Stands where an answer is still to be written."""

    def __init__(self):
        super().__init__(
            _(
                "Your turn: write your answer in place of this line. The "
                "rest of the notebook runs without it."
            )
        )

    def _render_traceback_(self):
        """Return what IPython shows: the sentence, not twenty lines."""
        return [f"✎ {self}"]


@dataclass(frozen=True)
class Verdict:
    """``kind`` is ``"right"``, ``"wrong"`` or ``"your turn"``."""

    kind: str
    text: str

    def __str__(self):
        return f"{_LOOKS[self.kind][0]} {self.text}"

    __repr__ = __str__

    def _repr_html_(self):
        sign, colour = _LOOKS[self.kind]
        return (
            f'<div style="border-left:5px solid {colour};padding:4px 12px;'
            f'max-width:46em;line-height:1.5"><b style="color:{colour}">'
            f"{sign}</b> {html.escape(self.text)}</div>"
        )


def right(text):
    return Verdict(RIGHT, text)


def wrong(text):
    return Verdict(WRONG, text)


def your_turn():
    return Verdict(
        OPEN, _("Your turn: answer in the cell above, then run this again.")
    )


def checked(check):
    """Decorate a check: an answer not yet given is ``your turn``.

    An answer that fails, whatever it raises, is wrong, and the verdict says
    with what.
    """

    def verdict(answer=..., **facts):
        if answer is ...:
            return your_turn()
        try:
            return check(answer, **facts)
        except YourTurn:
            return your_turn()
        except Exception as error:
            said = " ".join(f"{type(error).__name__}: {error}".split())
            return wrong(
                _("Your answer ends with an error. {said}", said=said)
            )

    verdict.__doc__, verdict.__name__ = check.__doc__, check.__name__
    return verdict
