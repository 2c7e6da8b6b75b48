"""The one measure of how good a picture is: its total loss, in float32."""

import numpy as np

from d2l_style.synthesis import Diverged
from d2l_style.transfer import StyleTransfer


class Judge:
    """Return the total loss of a picture on a recipe's objective.

    A picture is standardised, (1, 3, h, w) float32. Whatever precision the
    recipe has, the loss is measured in float32; it is infinite if it is no
    number.
    """

    def __init__(self, pictures, recipe, backend):
        recipe = recipe.replace(precision="exact")
        self.synthesis = StyleTransfer(*pictures, recipe, backend).synthesis

    def __call__(self, picture):
        nothing = np.zeros_like(picture)
        state = {"image": picture, "mean": nothing, "variance": nothing}
        self.synthesis.load_state({**state, "epoch": 0, "adam_steps": 0})
        try:
            return self.synthesis.step().total  # that before the step
        except Diverged:
            return np.inf
