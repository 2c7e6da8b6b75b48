"""Pictures in the making: what a transfer with the present student visits.

A network that is trained on photos alone is judged by an optimiser that goes
where no photo is. So groups of pictures are painted with the student as it
is, some steps at a time, and the teacher tells what it sees in them, on the
way. A group begins anew after :data:`LIFE` steps.
"""

import numpy as np
import torch

from tools.mini.distances import STYLES, grams

LIFE = 160  # steps from the first image to the last
LR, BETAS, EPSILON = 0.1, (0.9, 0.9), 1e-8
KINDS = ("relu", "conv", "inplace")


class Group:
    """``n`` pictures that are painted together, each its own transfer.

    ``X`` is the pictures, ``content_X`` and ``style_X`` what they come from;
    ``taps`` are where styles are read, ``after`` where content is.
    ``weights`` has one (n,) tensor for each term. After ``life`` steps
    another group takes its place.
    """

    def __init__(self, pictures, teacher, rng):
        """``pictures`` is (2 n, 3, h, w): contents, then styles."""
        self.content_X, self.style_X = pictures.chunk(2)
        n, device = len(self.content_X), pictures.device
        kind = KINDS[rng.integers(len(KINDS))]
        self.after = kind != "conv"
        self.taps = tuple(
            (i, self.after and not (kind == "inplace" and i == STYLES[-1]))
            for i in STYLES
        )
        noise = torch.from_numpy(rng.standard_normal(n) > 0.9).to(device)
        started = rng.standard_normal(self.content_X.shape, np.float32)
        self.X = torch.where(
            noise.reshape(-1, 1, 1, 1),
            torch.from_numpy(started).to(device),
            self.content_X,
        ).contiguous(memory_format=torch.channels_last)
        self.mean = torch.zeros_like(self.X)
        self.variance = torch.zeros_like(self.X)
        self.steps, self.life = 0, LIFE
        self.weights = {
            name: torch.from_numpy(np.float32(values)).to(device)
            for name, values in _weights(rng, n, self.taps).items()
        }
        with torch.no_grad():
            self.style_grams = grams(teacher(self.style_X, STYLES[-1]))
            self.content_Y = teacher.content(self.content_X)

    def objective(self, contents, styles):
        """Return the weighted sum of distances, (n,).

        ``contents`` and ``styles`` map taps to (n,).
        """
        total = 0
        for name, distances in (("content", contents), ("style", styles)):
            for (index, after), d in distances.items():
                key = name if name == "content" else (index, after)
                total = total + self.weights[key] * d
        return total

    @torch.no_grad()
    def descend(self, gradient):
        """Take one step of Adam along the objective's gradient and TV's."""
        gradient = gradient.float() + self._tv_gradient()
        self.steps += 1
        beta1, beta2 = BETAS
        self.mean.lerp_(gradient, 1 - beta1)
        self.variance.lerp_(gradient.square(), 1 - beta2)
        mean = self.mean / (1 - beta1**self.steps)
        variance = self.variance / (1 - beta2**self.steps)
        self.X -= LR * mean / (variance.sqrt() + EPSILON)

    def _tv_gradient(self):
        _, _, h, w = self.X.shape
        weight = self.weights["tv"].reshape(-1, 1, 1, 1)
        dX = torch.zeros_like(self.X)
        for dim, n in ((2, 3 * (h - 1) * w), (3, 3 * h * (w - 1))):
            d = self.X.diff(dim=dim).sign() * (0.5 * weight / n)
            length = d.shape[dim]
            dX.narrow(dim, 1, length).add_(d)
            dX.narrow(dim, 0, length).sub_(d)
        return dX


def _weights(rng, n, taps):
    """Draw the weights of a recipe for each picture, around the book's."""
    style = 10 ** rng.uniform(3, 4.7, n)
    found = {
        "content": 10 ** rng.uniform(-1.5, 0.7, n),
        "tv": 10 ** rng.uniform(-0.5, 1.3, n),
    }
    for tap in taps:  # now and then a layer is left out
        found[tap] = style * (rng.random(n) < 0.85)
    return found
