"""What a run needs to go on, checked before anything is changed by it."""

from collections.abc import Mapping

import numpy as np

from d2l_style.language import invalid

_MOST = 10**9  # epochs
AVERAGES = ("image", "mean", "variance")
COUNTS = ("epoch", "adam_steps")


def checked(state, image_shape):
    """Return a state as :meth:`SynthesisBase.state` gives it, or complain.

    The arrays are (1, 3, h, w) float32, the counts are integers. Raises
    ``ValueError`` for what is missing, of another shape, or no number.
    """
    if not isinstance(state, Mapping):
        raise invalid("This state does not fit: it is no dict.")
    shape = (1, 3, *image_shape)
    arrays = {name: _array(state, name, shape) for name in AVERAGES}
    epoch, steps = (_count(state, name) for name in COUNTS)
    if steps > epoch:
        raise invalid(
            "This state does not fit: it has {steps} steps of Adam in "
            "{epoch} epochs.",
            steps=steps,
            epoch=epoch,
        )
    return {**arrays, "epoch": epoch, "adam_steps": steps}


def _array(state, name, shape):
    if name not in state:
        raise invalid(
            "This state does not fit: {name} should be {shape}, and is "
            "missing.",
            name=name,
            shape=shape,
        )
    array = np.asarray(state[name])
    if array.shape != shape or array.dtype.kind != "f":
        raise invalid(
            "This state does not fit: {name} should be {shape} floats, and "
            "is {given} of {dtype}.",
            name=name,
            shape=shape,
            given=array.shape,
            dtype=array.dtype,
        )
    return array.astype(np.float32, copy=False)


def _count(state, name):
    count = np.asarray(state.get(name))
    if count.shape or count.dtype.kind not in "iu" or not 0 <= count <= _MOST:
        raise invalid(
            "This state does not fit: {name} should be a whole number of "
            "epochs.",
            name=name,
        )
    return int(count)
