"""Whatever is raised while a panel works, in a sentence."""

from d2l_style.engine.base import Diverged
from d2l_style.language import _, shown

# Errors that carry a sentence for the reader, not a bug of ours.
EXPECTED = (Diverged, ValueError, OSError, ImportError)
_LONGEST = 2000  # letters of a sentence, whoever wrote it


def in_a_sentence(error):
    """Return what to say of an error; nothing is lost by it."""
    text = str(error)
    lost = isinstance(error, MemoryError) or (
        "memory" in text.lower() and "alloc" in text.lower()
    )
    if lost:
        return _(
            "There is not enough memory for this. Choose a smaller size or a "
            "smaller network; the picture is kept."
        )
    if isinstance(error, EXPECTED):
        return shown(text, _LONGEST)
    first = (text.splitlines() or [""])[0][:200]
    return _(
        "Something went wrong ({kind}: {first}). The picture is kept; press "
        "Reset to begin again.",
        kind=type(error).__name__,
        first=first,
    )
