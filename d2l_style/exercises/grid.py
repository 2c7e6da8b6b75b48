"""A grid of choices, and the cells it has: one recipe for each combination."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, fields

from PIL import Image

from d2l_style import images, vgg
from d2l_style.language import _
from d2l_style.recipe import Recipe

PICTURES = ("content_img", "style_img")


@dataclass(frozen=True)
class Cell:
    """One combination: its ``labels`` {axis: text}, recipe and pictures."""

    labels: dict
    recipe: Recipe
    content_img: Image.Image
    style_img: Image.Image


def cells(content_img, style_img, recipe, grid):
    """Return all combinations of a grid, a list of :class:`Cell`.

    ``grid`` maps names of the recipe's choices (or ``"content_img"``,
    ``"style_img"``) to the values each shall have: a list, or a mapping from
    a label to its value. The last name varies fastest. A single layer may
    stand for a list of one. ::

        {"style_layers": {"first": ["conv1_1"], "last": ["conv5_1"]},
         "content_weight": [0.1, 1, 10]}

    Raises ``ValueError`` or ``TypeError``, before anything is run, with what
    would be valid.
    """
    axes = {name: _axis(name, v) for name, v in _checked(grid).items()}
    base = {
        "content_img": images.as_image(content_img),
        "style_img": images.as_image(style_img),
    }
    return [
        _cell(axes, dict(zip(axes, labels, strict=True)), recipe, base)
        for labels in itertools.product(*axes.values())
    ]


def _cell(axes, labels, recipe, base):
    values = {name: axes[name][label] for name, label in labels.items()}
    own = {name: values.pop(name) for name in PICTURES if name in values}
    return Cell(labels, recipe.replace(**values), **base | own)


def _checked(grid):
    valid = [*PICTURES, *(f.name for f in fields(Recipe))]
    if not isinstance(grid, Mapping) or not grid:
        raise ValueError(
            _(
                "A grid maps names to lists of values, for example "
                "{{'style_weight': [1e3, 1e4]}}, not {given!r}."
            ).format(given=grid)
        )
    for name in grid:
        if name not in valid:
            raise ValueError(
                _("A grid cannot vary {name!r}. It can vary: {valid}.").format(
                    name=name, valid=", ".join(valid)
                )
            )
    return grid


def _axis(name, values):
    """Return one axis of the grid as {label: value}."""
    if not isinstance(values, Mapping):
        values = _labelled(name, values)
    if not values:
        raise ValueError(
            _("The grid has no value for {name}: give at least one.").format(
                name=name
            )
        )
    return {str(k): _value(name, v) for k, v in values.items()}


def _labelled(name, values):
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise ValueError(
            _(
                "The values of {name} must be a list or a mapping from "
                "labels, not {given!r}."
            ).format(name=name, given=values)
        )
    values = list(values)
    labels = [_label(name, i, v) for i, v in enumerate(values, start=1)]
    if len(set(labels)) < len(labels):
        raise ValueError(
            _("The grid has a value of {name} twice: {labels}.").format(
                name=name, labels=", ".join(labels)
            )
        )
    return dict(zip(labels, values, strict=True))


def _value(name, value):
    if name in PICTURES:
        return images.as_image(value)
    return _layers(value) if name.endswith("_layers") else value


def _layers(value):
    return [value] if isinstance(value, (str, int)) else value


def _label(name, number, value):
    """Return a short text for a value: ``1e+06``, ``conv1_1, conv2_1``."""
    if name in PICTURES and not isinstance(value, str):
        return str(number)
    if name.endswith("_layers"):
        layers = [vgg.conv_index(layer) for layer in _layers(value)]
        return ", ".join(map(vgg.layer_name, layers)) or _("none")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:g}"
    return str(value)
