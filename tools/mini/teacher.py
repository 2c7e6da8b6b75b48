"""Oxford's VGG-19, frozen: what the student learns to see."""

import torch
from torch import nn

from d2l_style.network import vgg
from d2l_style.network.weights import load_parameters
from d2l_style.torch import VGG19
from tools.mini.distances import CONTENT, STYLES
from tools.mini.student import conv_maps, rows


class Teacher(nn.Module):
    """``forward(X)`` returns {index: map} of all convolutions.

    Until :meth:`measure` has been called, :meth:`targets` are as they are.
    """

    def __init__(self, parameters=None, device="cpu", dtype=torch.float32):
        """``parameters`` are a VGG-19's; by default Oxford's."""
        super().__init__()
        if parameters is None:
            parameters = load_parameters("oxford")
        self.features = VGG19(parameters).features[: vgg.CONVS[-1].index + 1]
        self.widths = [len(self.features[first].bias) for first in STYLES]
        self.requires_grad_(False).eval()
        self.to(device, dtype, memory_format=torch.channels_last)
        self.dtype = dtype
        self.statistics = {}

    def forward(self, X, deepest=vgg.CONVS[-1].index):
        return conv_maps(self.features, X.to(self.dtype), deepest)

    def content(self, X):
        """Return the map of the chapter's content layer."""
        return self(X, CONTENT)[CONTENT]

    @torch.no_grad()
    def targets(self, maps, step=0):
        """Return the maps as rows, shifted and scaled for learning.

        A channel's deviation is weighed by its root: strong channels make
        the Gram matrices, weak ones still have something to say.
        """
        found = rows(maps, step)
        for tap, (shift, scale) in self.statistics.items():
            if tap in found:
                found[tap] = (found[tap].float() - shift) * scale
        return found

    @torch.no_grad()
    def measure(self, batches):
        """Take each channel's mean and deviation from some batches."""
        parts = {}
        for step, X in enumerate(batches):
            for tap, Y in rows(self(X), step).items():
                parts.setdefault(tap, []).append(Y.float())
        for tap, several in parts.items():
            Y = torch.cat(several)
            std = Y.std(0)
            whole = std.square().mean().sqrt()
            # A channel that hardly ever answers must not become all noise.
            std = std.clamp(min=0.03 * whole)
            self.statistics[tap] = Y.mean(0), (std * whole).rsqrt()
