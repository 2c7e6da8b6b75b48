"""The language of what the package says: English, Korean or Vietnamese.

    d2l.set_language("ko")

Messages are English in the code and looked up in ``locale/ko.po`` or
``locale/vi.po``; one that is not there stays English. Code wraps a message
as ``_("{name} must be a list.", name=name)``: the whole sentence, with named
places, so that a translator can turn it round. A message in a table, which is
made before the language is known, is marked ``N_("...")`` there and looked up
with ``_`` when it is shown. ``raise invalid("...")`` is a ``ValueError`` with
a message.
"""

import os
import unicodedata
from functools import lru_cache
from importlib.resources import files
from string import Formatter

LANGUAGES = ("en", "ko", "vi")
VARIABLE = "D2L_STYLE_LANG"
# Unicode's controls, formats, half characters, ends of lines: what moves a
# terminal's cursor, or turns the text round.
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # formats that some languages and emoji need
_LONGEST = 400  # letters in a place: our own longest list has 300
_chosen = None  # a setting of the whole process, as the locale is


def set_language(language):
    """Choose the language of all messages: ``"en"``, ``"ko"`` or ``"vi"``.

    Raises ``ValueError`` for any other. What is already on the screen stays
    as it is.
    """
    global _chosen
    if language not in LANGUAGES:
        raise invalid(
            "language must be one of {valid}, not {given!r}.",
            valid=", ".join(map(repr, LANGUAGES)),
            given=language,
        )
    _chosen = language


def language():
    """Return the language in force.

    It is what :func:`set_language` chose, else the environment variable
    ``D2L_STYLE_LANG`` (``ko`` or ``ko_KR.UTF-8``), else English.
    """
    if _chosen:
        return _chosen
    wished = os.environ.get(VARIABLE, "")[:2].lower()
    return wished if wished in LANGUAGES else "en"


def N_(message):
    """Mark a message for translation; ``_`` looks it up when it is shown."""
    return message


def _(message, /, **places):
    """Return a message in the language in force, its places filled.

    One that has no translation is returned in English. Without ``places``
    braces stay as they are. What is filled in is :func:`shown`.
    """
    sentence = _catalogue(language()).get(message) or message
    return _PLACES.vformat(sentence, (), places) if places else sentence


def invalid(message, /, **places):
    """Return a ``ValueError`` that says a message, to be raised."""
    return ValueError(_(message, **places))


def shown(text, most=_LONGEST):
    """Return a text from anywhere so that it may be shown in one line.

    What is hidden or has an effect is written as Python writes it (``\\x1b``,
    ``\\n``); of more than ``most`` letters the middle is left out.
    """
    text = _cut(text, most)
    if text.isprintable():
        return text
    return _cut("".join(map(_seen, text)), most)


def _cut(text, most):
    tail = most // 3
    short = len(text) <= most
    return text if short else f"{text[: most - tail - 1]}…{text[-tail:]}"


def _seen(char):
    if unicodedata.category(char) not in HIDDEN or char in _JOINERS:
        return char
    return char.encode("unicode_escape").decode()


class _Places(Formatter):
    """Fills in whatever was given; what cannot be written, by its type."""

    def convert_field(self, value, conversion):
        return _or_type(super().convert_field, value, conversion)

    def format_field(self, value, spec):
        return shown(_or_type(super().format_field, value, spec))


_PLACES = _Places()


def _or_type(write, value, how):
    try:
        return write(value, how)
    except Exception:  # too deep, too many digits, a __repr__ with a bug
        return f"<{type(value).__name__}>"


@lru_cache
def _catalogue(language):
    path = files("d2l_style") / "locale" / f"{language}.po"
    if language == "en" or not path.is_file():
        return {}
    import polib  # only who asks for another language waits for it

    entries = polib.pofile(path.read_text("utf-8"))
    return {e.msgid: e.msgstr for e in entries if e.translated()}
