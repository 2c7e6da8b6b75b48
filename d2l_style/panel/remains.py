"""What stays of a run that cannot go on: its picture, to see and to save."""

import copy

from d2l_style.language import invalid


def remains_of(transfer):
    """Return a transfer with the picture, recipe and epoch of another.

    Without its network, its pictures and its optimiser, which take most of
    the memory. Who asks for these is told.
    """
    remains = copy.copy(transfer)
    with transfer.alone():
        remains.synthesis = _Remains(transfer.synthesis)
    return remains


class _Remains:
    """In the place of a :class:`~d2l_style.engine.base.SynthesisBase`."""

    def __init__(self, synthesis):
        self.recipe, self.epoch = synthesis.recipe, synthesis.epoch
        self._array, self._img = synthesis.array(), synthesis.image()

    def array(self):
        return self._array

    def image(self):
        return self._img.copy()

    def __getattr__(self, _name):
        raise invalid(
            "This run is over: its panel was stopped and has given its "
            "network back. The picture and its recipe are left. To go on, "
            "run the panel's cell again."
        )
