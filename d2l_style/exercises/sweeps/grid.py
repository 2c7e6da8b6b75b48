"""A grid of choices, and the cells it has: one recipe for each combination."""

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real

from PIL import Image

from d2l_style.language import _, invalid
from d2l_style.network import vgg
from d2l_style.pictures import images
from d2l_style.recipe import Recipe, a_recipe

PICTURES = ("content_img", "style_img")


@dataclass(frozen=True)
class Cell:
    """One combination: its ``labels`` {axis: text}, recipe and pictures."""

    labels: dict
    recipe: Recipe
    content_img: Image.Image
    style_img: Image.Image

    @property
    def pictures(self):
        """The two pictures, content first."""
        return self.content_img, self.style_img


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
    recipe = a_recipe(recipe)
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
    cell = Cell(labels, recipe.replace(**values), **base | own)
    _check_style(cell)
    return cell


def _check_style(cell):
    """Raise ``ValueError`` if the style picture's own shape is too narrow."""
    recipe = cell.recipe
    if recipe.style_fit == "keep":
        need = vgg.smallest_side(recipe.deepest)
        images.fitted_shape(cell.style_img, recipe.image_shape, need)


def _checked(grid):
    valid = [*PICTURES, *(f.name for f in fields(Recipe))]
    if not isinstance(grid, Mapping) or not grid:
        raise invalid(
            "A grid maps names to lists of values, for example "
            "{{'style_weight': [1e3, 1e4]}}, not {given!r}.",
            given=grid,
        )
    for name in grid:
        if name not in valid:
            raise invalid(
                "A grid cannot vary {name!r}. It can vary: {valid}.",
                name=name,
                valid=", ".join(valid),
            )
    return grid


def _axis(name, values):
    """Return one axis of the grid as {label: value}."""
    axis = {}
    for label, value in _labelled(name, values):
        if label in axis:
            raise invalid(
                "Two values of {name} are called {label}. Leave one out, "
                "or give a mapping from labels to values.",
                name=name,
                label=label,
            )
        axis[label] = images.as_image(value) if name in PICTURES else value
    if not axis:
        raise invalid(
            "The grid has no value for {name}: give at least one.",
            name=name,
        )
    return axis


def _labelled(name, values):
    """Return the values as a list of (label, value)."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        _check_folder(name, values)
        raise invalid(
            "The values of {name} must be a list or a mapping from "
            "labels, not {given!r}.",
            name=name,
            given=values,
        )
    if isinstance(values, Mapping):
        return [(str(k), _value(name, v)) for k, v in values.items()]
    values = [_value(name, v) for v in values]
    return [(_label(name, i, v), v) for i, v in enumerate(values, start=1)]


def _check_folder(name, given):
    """Raise ``ValueError`` if a folder stands for the pictures in it."""
    is_path = isinstance(given, (str, os.PathLike))
    if name in PICTURES and is_path and os.path.isdir(given):
        some = images.pictures_in(given, 2) or [os.path.join(given, "a.jpg")]
        raise invalid(
            "{folder} is a folder. Give {name} a list of pictures in it, "
            "like {examples}.",
            folder=os.fspath(given),
            name=name,
            examples=some,
        )


def _value(name, value):
    """Return a value as the recipe takes it: one layer is a list of one."""
    if not name.endswith("_layers"):
        return value
    if isinstance(value, (str, Mapping)) or not hasattr(value, "__iter__"):
        return [value]
    return list(value)


def _label(name, number, value):
    """Return a short text for a value: ``1e+06``, ``conv1_1, conv2_1``."""
    if name in PICTURES:
        is_path = isinstance(value, (str, os.PathLike))
        return images.file_name(value) if is_path else str(number)
    if name.endswith("_layers"):
        layers = [vgg.conv_index(layer) for layer in value]
        return ", ".join(map(vgg.layer_name, layers)) or _("none")
    if isinstance(value, Real) and not isinstance(value, bool):
        return _short(value)
    return str(value)


def _short(number):
    try:
        short = f"{float(number):g}"
    except OverflowError:  # the recipe will say what is wrong with it
        return str(number)
    return short if float(short) == number else str(number)
