"""The one measure of how good a picture is: its losses, in float32."""

import numpy as np

from d2l_style.engine.base import Diverged
from d2l_style.transfer import StyleTransfer


class Judge:
    """Tells the losses of a picture on a recipe's objective.

    A picture is standardised, (1, 3, h, w) float32. Whatever precision the
    recipe has, the losses are measured in float32.
    """

    def __init__(self, pictures, recipe, backend):
        recipe = recipe.replace(precision="exact")
        self.synthesis = StyleTransfer(*pictures, recipe, backend).synthesis

    def __call__(self, picture):
        """Return the total loss, infinite if it is no number."""
        try:
            return self.losses(picture).total
        except Diverged:
            return np.inf

    def losses(self, picture):
        """Return the :class:`~d2l_style.engine.base.Losses` of a picture."""
        nothing = np.zeros_like(picture)
        state = {"image": picture, "mean": nothing, "variance": nothing}
        self.synthesis.load_state({**state, "epoch": 0, "adam_steps": 0})
        return self.synthesis.step()  # those before the step
