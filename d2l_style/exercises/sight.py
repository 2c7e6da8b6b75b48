"""What does a layer see? Receptive fields, and feature maps as pictures.

    show_features("valley.jpg", ["conv1_1", "conv4_4"])

shows for each layer how much of the picture one feature depends on, and what
the layer's channels answer to it.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Rectangle

from d2l_style.exercises.plots.figure import DPI, SharpFigure
from d2l_style.language import _, invalid
from d2l_style.network import vgg
from d2l_style.pictures import images
from d2l_style.pictures.animator import COLOURS
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_4", "conv5_1")
MOST = 8  # channels in a row: more would be too small to see
_WIDEST, _NARROWEST, _TALLEST = 9.5, 6, 1.6  # inches: figure, figure, map
_LABEL, _HEAD, _TITLE, _GAP = 1.5, 0.24, 0.19, 0.06  # inches of room
_WORD, _LINES = 0.6, 0.72  # inches: width of "channel 511", height of a label
_BRIGHT = 99.5  # per cent of the features; a few outliers darken all others
_INK, _PALE = "#222222", "#666666"


@dataclass(frozen=True)
class ReceptiveField:
    """How much of the picture a feature depends on.

    ``size``: it depends on size x size pixels. ``stride``: how many pixels
    apart the fields of neighbouring features lie.
    """

    size: int
    stride: int

    def first(self, i):
        """Return the first pixel, from 0, in the field of feature ``i``.

        Both are counted along one side of the picture. Below 0 the field
        begins outside, where the network sees zeros; the same goes for the
        end of the picture.
        """
        return (self.stride * (2 * i + 1) - self.size) // 2


def receptive_field(layer):
    """Return the :class:`ReceptiveField` of a convolution, in pixels.

    ``layer`` is a name or an index (:func:`~.vgg.conv_index`), else
    ``ValueError``. From size r = 1 and stride j = 1, layer after layer ::

        r <- r + (kernel - 1) j,    j <- j stride

    with kernel 3, stride 1 for a convolution and kernel 2, stride 2 for a
    pooling; a ReLU changes neither. Neither does the width of the network.

    Source: A. Araujo, W. Norris and J. Sim, "Computing Receptive Fields of
    Convolutional Neural Networks", Distill, 2019.
    """
    layers = vgg.LAYERS[: vgg.conv_index(layer) + 1]
    return field_after(entry.kind for entry in layers)


def field_after(kinds):
    """Return the :class:`ReceptiveField` after layers of these ``kinds``.

    An iterable of ``"conv"``, ``"relu"`` and ``"pool"``, from the picture
    on; the recurrence is that of :func:`receptive_field`.
    """
    r, j = 1, 1
    for kind in kinds:
        if kind == "conv":
            r += 2 * j
        elif kind == "pool":
            r, j = r + j, 2 * j
    return ReceptiveField(r, j)


def feature_maps(
    picture,
    layer,
    *,
    net=None,
    weights="auto",
    backend="pytorch",
    image_shape=(300, 450),
    tap="relu",
):
    """Return what a layer answers to a picture, (c, h', w') float32 NumPy.

    ``picture`` is what :func:`d2l_style.pictures.images.as_image` takes; it is
    resized to ``image_shape`` = (h, w) pixels. ``layer`` is a convolution,
    by name or index. ``weights`` and ``tap`` are those of
    :class:`~d2l_style.recipe.Recipe`; ``net``, a network whose
    ``.features[i]`` has the book's indices, goes before ``weights``.

    Raises ``ValueError``, ``TypeError`` or ``FileNotFoundError`` with what
    would be valid.
    """
    index = vgg.conv_index(layer)
    _img, maps = _answers(
        picture, [index], net, weights, backend, image_shape, tap
    )
    return maps[index]


def _answers(picture, indices, net, weights, backend, image_shape, tap):
    """Return the picture, resized, and {index: its maps}, in one pass."""
    recipe = Recipe(
        content_layers=sorted(set(indices)),
        style_layers=(),
        weights=weights,
        image_shape=image_shape,
        tap=tap,
    )
    picture = images.as_image(picture)
    run = StyleTransfer(picture, picture, recipe, backend, net=net)
    contents, _styles = run.features(run.array())  # it starts as the picture
    maps = [Y[0] for Y in contents]
    return run.image(), dict(zip(recipe.content_layers, maps, strict=True))


def strongest(maps, k, name=None):
    """Return the indices of the ``k`` channels that vary most, most first.

    ``maps`` is (c, h', w'). What counts is the variance over the places: a
    channel that answers the same everywhere says nothing about the picture,
    however loud. ``ValueError``, naming the layer, if ``k`` is no whole
    number from 1 to c, or above 8.
    """
    most = min(len(maps), MOST)
    whole = isinstance(k, (int, np.integer)) and not isinstance(k, bool)
    if not whole or not 1 <= k <= most:
        raise invalid(
            "k must be a whole number from 1 to {most}, not {given!r}: "
            "{layer} has {channels} channels, and a row has room for "
            "{room}.",
            most=most,
            given=k,
            layer=name or _("the layer"),
            channels=len(maps),
            room=MOST,
        )
    return np.argsort(-maps.var(axis=(1, 2)), kind="stable")[:k].tolist()


def show_features(
    picture,
    layers=LAYERS,
    k=5,
    *,
    net=None,
    weights="auto",
    backend="pytorch",
    image_shape=(300, 450),
    tap="relu",
):
    """Return a figure of what layers see and answer, a row for each.

    At the left the picture, with the receptive field of the middle feature
    at true scale; then the ``k`` channels that vary most (:func:`strongest`)
    at the layer's own resolution, with their numbers. Each map has its own
    scale, from its least answer (dark) to where the top 0.5 % begin (bright).

    ``layers`` is a list of convolutions, by name or index; the rest is as in
    :func:`feature_maps`, which also says what is raised. A notebook shows
    the matplotlib ``Figure``; ``savefig`` keeps it.
    """
    indices = _indices(layers)
    img, maps = _answers(
        picture, indices, net, weights, backend, image_shape, tap
    )
    chosen = {i: strongest(maps[i], k, vgg.layer_name(i)) for i in indices}
    fig, rows = _grid(len(indices), k + 1, img.width / img.height)
    for index, (first, *others) in zip(indices, rows, strict=True):
        field, Y = receptive_field(index), maps[index]
        _show_field(first, img, field, Y.shape[1:])
        _show_label(first, vgg.layer_name(index), field, Y.shape[1:])
        for ax, channel in zip(others, chosen[index], strict=True):
            _show_map(ax, Y[channel], field.stride, img)
            title = f"channel {channel}"
            ax.set_title(title, size=7, color=_PALE, pad=2, loc="left")
    return fig


def _indices(layers):
    if isinstance(layers, (str, int)):
        layers = [layers]
    if not isinstance(layers, (list, tuple)) or not layers:
        raise invalid(
            "layers must be a list of convolutions, for example "
            "['conv1_1', 'conv4_4'], not {given!r}.",
            given=layers,
        )
    return [vgg.conv_index(layer) for layer in layers]


def _grid(rows, columns, aspect):
    """Return a figure and its axes, all of the picture's ``aspect`` (w/h)."""
    w = (_WIDEST - _LABEL) / columns - _GAP
    h = min(w / aspect, _TALLEST)
    w = h * aspect
    # What stands above and beside a map needs room if the map has none.
    across, down = max(w, _WORD) + _GAP, _TITLE + max(h, _LINES)
    width = max(_LABEL + columns * across, _NARROWEST)
    height = _HEAD + rows * down + _GAP
    fig = SharpFigure(figsize=(width, height), dpi=DPI)
    fig.alt = _("What each layer sees and answers")
    axes = np.empty((rows, columns), object)
    for i, j in np.ndindex(rows, columns):
        left, top = _LABEL + j * across, _HEAD + i * down + _TITLE
        box = (left / width, 1 - (top + h) / height, w / width, h / height)
        axes[i, j] = fig.add_axes(box)
        axes[i, j].set_axis_off()
    head = "What one feature sees, and the channels that vary most"
    top = 1 - _GAP / height
    fig.text(_LABEL / width, top, head, va="top", size=9.5, color=_INK)
    return fig, axes


def _show_field(ax, img, field, map_shape):
    """Show the picture, and in it what the middle feature depends on."""
    top, bottom = _span(field, map_shape[0], img.height)
    left, right = _span(field, map_shape[1], img.width)
    ax.imshow(img, alpha=0.5)
    for width, colour in ((4, "white"), (2.6, COLOURS[1])):
        ax.add_patch(
            Rectangle(
                (left - 0.5, top - 0.5),
                right - left,
                bottom - top,
                fill=False,
                edgecolor=colour,
                linewidth=width,
            )
        )
    # It covers the inner half of the lines: the hole has the true size.
    ax.imshow(
        img.crop((left, top, right, bottom)),
        extent=(left - 0.5, right - 0.5, bottom - 0.5, top - 0.5),
        zorder=2,
    )
    _frame(ax, img)


def _span(field, count, side):
    """Return the field of the middle of ``count`` features, cut to fit."""
    first = field.first(count // 2)
    return max(0, first), min(side, first + field.size)


def _show_map(ax, Y, stride, img):
    """Show one channel where its features lie in the picture."""
    h, w = Y.shape
    low, high = Y.min(), np.percentile(Y, _BRIGHT)
    ax.imshow(
        Y,
        cmap="viridis",
        vmin=low,
        vmax=high if high > low else Y.max(),
        extent=(-0.5, w * stride - 0.5, h * stride - 0.5, -0.5),
    )
    _frame(ax, img)


def _frame(ax, img):
    """Let the axes show the whole picture: they count in its pixels."""
    ax.set(xlim=(-0.5, img.width - 0.5), ylim=(img.height - 0.5, -0.5))


def _show_label(ax, name, field, map_shape):
    h, w = map_shape
    lines = (
        f"{h} × {w} features,\none every {field.stride} px,\n"
        f"each sees {field.size} × {field.size} px"
    )
    _beside(ax, name, 0, size=10.5, weight="bold", color=_INK)
    _beside(ax, lines, 17, size=8, color=_PALE, linespacing=1.4)


def _beside(ax, text, down, **style):
    """Write left of the axes, ``down`` points below their upper edge."""
    where = {"xycoords": "axes fraction", "textcoords": "offset points"}
    at = {"ha": "right", "va": "top"}
    ax.annotate(text, (0, 1), (-8, -down), **where, **at, **style)
