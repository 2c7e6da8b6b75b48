"""How much memory and time a run needs, and what to say if it does not fit.

The numbers follow from VGG's layer table and from what each backend keeps of
a layer until the way back. What a framework needs besides was measured, on
pictures of 150 x 225 to 1200 x 1800 pixels; ``tests/test_forecast.py`` holds
the sum to what a run then takes.
"""

import math
from dataclasses import dataclass

from d2l_style.language import _
from d2l_style.machine.memory import in_bytes
from d2l_style.network import vgg

_MB = 1e6
_INDEX = 8  # bytes for where a pooling found its maximum
# Measured: memory that goes with the kept features, in pictures of float32,
# and apart from the size (kernels, buffers, copies of the weights).
_SHARE = {"pytorch": 1.0, "mxnet": 1.5}
_PICTURES = {"pytorch": 4, "mxnet": 30}
_WEIGHTS = {"pytorch": 0, "mxnet": 1.0}
_REST = {"pytorch": 8 * _MB, "mxnet": 25 * _MB}
# And what the C library keeps of small pieces, as tuning.py has it do: as
# much again as the features, at the most so much.
_AGAIN = {"pytorch": 100 * _MB, "mxnet": 0}
# Runs took up to so much of what was forecast for them: 907x1361 pixels with
# vgg19-mini 1.28 times as much in PyTorch, 578x868 1.36 times in MXNet.
_UNSURE = {"pytorch": 1.3, "mxnet": 1.4}
_NEXT_TIME = 0.96  # of what is free now will be free again


class TooLarge(ValueError):
    """The run would need more memory than there is."""


@dataclass(frozen=True)
class Forecast:
    """``bytes`` is what the run takes on top of what is taken now;
    ``seconds`` is how long an epoch takes."""

    bytes: float
    seconds: float


def bytes_needed(recipe, widths, backend, itemsize=4):
    """Return how many more bytes a run will take at its peak.

    ``widths`` maps the index of each convolution to its channels,
    ``itemsize`` is the size of a feature in bytes. The network itself is
    taken to be loaded.
    """
    features = _KEPT[backend](recipe, widths, itemsize)
    picture = 3 * 4 * math.prod(recipe.image_shape)
    return (
        _SHARE[backend] * features
        + min(features, _AGAIN[backend])
        + _PICTURES[backend] * picture
        + _WEIGHTS[backend] * _weight_bytes(recipe, widths, itemsize)
        + _REST[backend]
    )


def refuse_if_too_large(recipe, widths, backend, itemsize, free):
    """Raise :class:`TooLarge`, with a size that fits, if it does not fit.

    ``free`` is in bytes, or None if nobody knows.
    """
    unsure = _UNSURE[backend]
    need = unsure * bytes_needed(recipe, widths, backend, itemsize)
    if free is None or need <= free:
        return
    h, w = recipe.image_shape
    sentence = _(
        "{h}x{w} pixels need about {need} of memory, and {free} are free.",
        h=h,
        w=w,
        need=in_bytes(need),
        free=in_bytes(free),
    )
    room = _NEXT_TIME * free / unsure
    shape = largest_shape(recipe, widths, backend, itemsize, room)
    if shape is None:
        advice = _("Close other programs, or choose a smaller network.")
    else:
        advice = _("{h}x{w} would fit.", h=shape[0], w=shape[1])
    raise TooLarge(f"{sentence} {advice}")


def largest_shape(recipe, widths, backend, itemsize, free):
    """Return the largest (h, w) of the recipe's proportions that fits.

    At most its own; None if nothing does. ``free`` is in bytes.
    """

    def fits(scale):
        try:
            smaller = recipe.replace(image_shape=_scaled(recipe, scale))
        except ValueError:  # too few pixels for the layers
            return None
        return bytes_needed(smaller, widths, backend, itemsize) <= free

    low, high = 0.0, 1.0
    for _step in range(12):
        middle = (low + high) / 2
        if fits(middle) is False:
            high = middle
        else:
            low = middle
    return _scaled(recipe, low) if low and fits(low) else None


def _scaled(recipe, scale):
    return tuple(max(1, int(side * scale)) for side in recipe.image_shape)


def duration(seconds):
    """Return seconds in words: ``40 s``, ``3 min 20 s``, ``1 h 5 min``."""
    if seconds < 1:
        return _("less than a second")
    seconds = round(seconds)
    if seconds < 60:
        return _("{seconds} s", seconds=seconds)
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return _("{minutes} min {seconds} s", minutes=minutes, seconds=seconds)
    hours, minutes = divmod(minutes, 60)
    return _("{hours} h {minutes} min", hours=hours, minutes=minutes)


def about(seconds):
    """Return a time that nobody knows to the second in words."""
    time = duration(seconds)
    return time if seconds < 1 else _("about {duration}", duration=time)


def _outputs(recipe, widths):
    """Yield (layer, channels * height * width) down to the deepest tap."""
    (h, w), c = recipe.image_shape, 3
    for layer in vgg.LAYERS[: _depth(recipe)]:
        c = widths.get(layer.index, c)
        if layer.kind == "pool":
            h, w = h // 2, w // 2
        yield layer, c * h * w


def _depth(recipe):
    return max(recipe.content_taps + recipe.style_taps) + 1


def _weight_bytes(recipe, widths, itemsize):
    c, total = 3, 0
    for layer in vgg.LAYERS[: _depth(recipe)]:
        if layer.kind == "conv":
            total += 9 * c * widths[layer.index]
            c = widths[layer.index]
    return itemsize * total


def _kept_in_pytorch(recipe, widths, itemsize):
    """Return the peak of what ``objective_pytorch`` holds at one time."""
    taps = {*recipe.content_taps, *recipe.style_taps}
    kept, peak, before = [], 0, 0
    for layer, size in _outputs(recipe, widths):
        own = size * itemsize
        if layer.kind == "pool":
            kept.append(own + size * _INDEX)
        elif layer.index in taps or _stays(layer, recipe, taps):
            kept.append(own)
        else:
            kept.append(0)
        peak = max(peak, sum(kept) + (own if not kept[-1] else 0) + before)
        before = 0 if kept[-1] else own
    for i, (_layer, size) in enumerate(_outputs(recipe, widths)):
        # On the way back: a gradient that comes and one that goes.
        peak = max(peak, sum(kept[: i + 1]) + 2 * size * itemsize)
    return peak


def _stays(layer, recipe, taps):
    """Return whether a ReLU's output is kept for its own way back.

    All but before a pool, and behind a tap, which keeps the input.
    """
    after = layer.index + 1
    pooled = after < _depth(recipe) and vgg.LAYERS[after].kind == "pool"
    behind_tap = layer.index - 1 in taps
    return layer.kind == "relu" and not pooled and not behind_tap


def _kept_in_mxnet(recipe, widths, itemsize):
    """Return what MXNet lays out: room for every layer's output."""
    return itemsize * sum(size for _layer, size in _outputs(recipe, widths))


_KEPT = {"pytorch": _kept_in_pytorch, "mxnet": _kept_in_mxnet}
