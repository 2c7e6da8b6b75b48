"""VGG-19's convolutional part as a table: names, indices, blocks.

Simonyan and Zisserman, 'Very Deep Convolutional Networks for Large-Scale
Image Recognition', 2015, configuration E. The indices are those of
``pretrained_net.features``, the same in torchvision and in Gluon.
"""

from dataclasses import dataclass

from d2l_style.language import invalid

CONVS_PER_BLOCK = (2, 2, 4, 4, 4)
WIDTHS = (64, 128, 256, 512, 512)  # channels of blocks 1 to 5
# What its pictures are standardised by: the mean and deviation of ImageNet's
# RGB channels, pixels in [0, 1].
RGB_MEAN = (0.485, 0.456, 0.406)
RGB_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Layer:
    """One entry of ``.features``.

    ``name`` is the usual one (``conv4_4``, ``relu4_4``, ``pool4``), ``kind``
    is ``conv``, ``relu`` or ``pool``, ``block`` counts from 1.
    """

    index: int
    name: str
    kind: str
    block: int


def _layers():
    index = 0
    for block, convs in enumerate(CONVS_PER_BLOCK, start=1):
        for i in range(1, convs + 1):
            yield Layer(index, f"conv{block}_{i}", "conv", block)
            yield Layer(index + 1, f"relu{block}_{i}", "relu", block)
            index += 2
        yield Layer(index, f"pool{block}", "pool", block)
        index += 1


LAYERS = tuple(_layers())
CONVS = tuple(layer for layer in LAYERS if layer.kind == "conv")
_BY_NAME = {c.name: c.index for c in CONVS}
_BY_NAME.update({str(c.index): c.index for c in CONVS})


def conv_index(layer):
    """Return the index in ``.features`` of a convolution.

    ``layer`` is an index (``25``) or a name (``"conv4_4"``). Raises
    ``ValueError`` with the valid ones for anything else.
    """
    index = _BY_NAME.get(layer) if isinstance(layer, str) else layer
    if type(index) is bool or index not in _BY_NAME.values():
        valid = ", ".join(f"{c.name} = {c.index}" for c in CONVS)
        raise invalid(
            "{given!r} is not a convolution of VGG-19. Choose by name or "
            "by index: {valid}.",
            given=layer,
            valid=valid,
        )
    return int(index)


def layer_name(index):
    """Return the usual name of ``.features[index]``."""
    return LAYERS[index].name


def pools_before(index):
    """Return how many 2x2 poolings come before ``.features[index]``."""
    return LAYERS[index].block - 1


def smallest_side(index):
    """Return the least height and width in pixels that leave something.

    Each pooling halves the picture, rounding down: ``.features[index]`` sees
    at least one pixel only if both sides are at least ``2 ** pools``.
    """
    return 2 ** pools_before(index)


def tapped(layers, tap, deepest):
    """Return where the features of the convolutions ``layers`` are read.

    ``tap`` is ``"conv"`` (the convolution's own output), ``"relu"`` (after
    the ReLU that follows it) or ``"inplace"`` (what an in-place ReLU leaves
    behind when the network is cut after the convolution ``deepest``: every
    output but the deepest one has been overwritten by its ReLU).
    """
    if tap == "conv":
        return list(layers)
    if tap == "relu":
        return [i + 1 for i in layers]
    if tap == "inplace":
        return [i if i == deepest else i + 1 for i in layers]
    raise invalid(
        "tap must be 'conv', 'relu' or 'inplace', not {given!r}.", given=tap
    )
