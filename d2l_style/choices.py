"""What a choice of the Recipe is: its check, its words, what it makes anew.

``recipe.py`` is the table; whoever shows, checks, compares or explains a
choice reads it there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from d2l_style.language import N_, invalid
from d2l_style.network import vgg

# What a run that goes on has to make anew after a change.
NETWORK, TARGETS, SIZE = "network", "targets", "size"
_LARGEST = 1e30  # float32 ends at 3e38
_MOST = 10**9
_SIDE = 20_000  # pixels


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One field of the Recipe.

    ``check(name, value)`` returns the value as it is kept, or raises
    ``ValueError``. ``label`` is what the choice is called, ``help`` what it
    does, in a sentence; both are messages. ``options`` maps each value to
    its words where there are only so many, ``span`` is the range of a slider
    in powers of ten. ``common`` ones are shown first. ``anew`` says what a
    change makes anew: "" is nothing.
    """

    check: Callable
    label: str
    help: str
    options: dict = field(default_factory=dict)
    span: tuple | None = None
    common: bool = False
    anew: str = ""


def choice(default, check, label, help, **more):
    """Return a field of the Recipe; see :class:`Choice`."""
    described = Choice(check=check, label=label, help=help, **more)
    return field(default=default, metadata={"choice": described})


def one_of(options):
    """Return ``check`` and ``options`` of a choice among a few values."""
    return {"check": _among(tuple(options)), "options": options}


def _among(valid):
    if set(valid) == {True, False}:
        return boolean
    return partial(among, valid=valid)


def among(name, value, valid):
    """Return the value if it is one of the ``valid`` texts."""
    if isinstance(value, str) and value in valid:
        return value
    raise invalid(
        "{name} must be one of {valid}, not {given!r}.",
        name=name,
        valid=", ".join(map(repr, valid)),
        given=value,
    )


def boolean(name, value):
    if isinstance(value, bool):
        return value
    raise invalid(
        "{name} must be True or False, not {given!r}.",
        name=name,
        given=value,
    )


def sequence(name, values):
    """Return a list as a tuple; a text is none."""
    try:
        if isinstance(values, (str, bytes, dict)):
            raise TypeError
        return tuple(values)
    except TypeError:
        raise invalid(
            "{name} must be a list, not {given!r}.", name=name, given=values
        ) from None


_AT_LEAST = N_(
    "{name} must be a finite number at least {least} and at most {most:g}, "
    "not {given!r}."
)
_ABOVE = N_(
    "{name} must be a finite number above {above} and at most {most:g}, not "
    "{given!r}."
)


def number(at_least=None, above=None, most=_LARGEST):
    """Return a check for numbers; what is kept is a float."""
    message = _AT_LEAST if above is None else _ABOVE

    def check(name, value):
        try:
            kept = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            kept = math.nan
        low = kept < at_least if above is None else kept <= above
        if not kept <= most or low:
            limits = {"least": at_least, "above": above, "most": most}
            raise invalid(message, name=name, given=value, **limits)
        return kept

    return check


def whole(at_least, most=_MOST):
    """Return a check for whole numbers; what is kept is an int."""
    finite = number(at_least=at_least, most=most)

    def check(name, value):
        kept = finite(name, value)
        if kept != int(kept):
            raise invalid(
                "{name} must be a whole number, not {given!r}.",
                name=name,
                given=value,
            )
        return value if type(value) is int else int(kept)

    return check


def numbers(at_least):
    """Return a check for lists of numbers."""
    each = number(at_least=at_least)
    return lambda name, values: tuple(
        each(name, value) for value in sequence(name, values)
    )


_TWICE = {
    "content_layers": N_("A content layer is given twice: {indices}."),
    "style_layers": N_("A style layer is given twice: {indices}."),
}


def layers(name, values):
    """Return convolutions, given by name or index, as indices."""
    indices = tuple(map(vgg.conv_index, sequence(name, values)))
    if len(set(indices)) < len(indices):
        raise invalid(_TWICE[name], indices=indices)
    return indices


def shape(name, value):
    """Return (height, width) in pixels."""
    sides = sequence(name, value)
    if len(sides) != 2:
        raise invalid(
            "image_shape must be (height, width) in pixels, not {given!r}.",
            given=value,
        )
    return tuple(whole(at_least=1, most=_SIDE)(name, side) for side in sides)


def network(name, value):
    """Return the name of a network, or a path as text."""
    try:
        path = value if isinstance(value, str) else value.__fspath__()
    except AttributeError:
        path = ""
    if path:
        return path
    raise invalid(
        "weights must be 'auto', 'imagenet', 'oxford', 'mini', 'random' "
        "or the path of a .safetensors file, not {given!r}.",
        given=value,
    )
