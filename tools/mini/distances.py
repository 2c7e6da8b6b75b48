"""What a transfer asks of a network: how far apart two pictures are.

One number for each picture, layer and side of the ReLU: the book's style
loss between Gram matrices and its content loss, before any weight.
"""

import torch

from d2l_style.network import vgg

# The first convolution of each block, where the chapter reads style.
STYLES = tuple(c.index for c in vgg.CONVS if c.name.endswith("_1"))
CONTENT = vgg.conv_index("conv4_4")
DEEPEST = max(*STYLES, CONTENT)
TAPS = tuple((i, after) for i in STYLES for after in (False, True))


def grams(maps, taps=TAPS):
    """Return {tap: (n, c, c)} Gram matrices, X X^T / (c h w), float32."""
    found = {}
    for index, after in taps:
        Y = maps[index].float()
        Y = (Y.relu() if after else Y).flatten(2)
        found[index, after] = Y @ Y.transpose(1, 2) / Y[0].numel()
    return found


def style_distances(a, b):
    """Return {tap: (n,)}, mean((gram - gram')^2) of each picture."""
    return {tap: (a[tap] - b[tap]).square().mean((1, 2)) for tap in a}


def content_distances(Y, Y_other):
    """Return {(conv4_4, after): (n,)}, mean((Y - Y')^2)."""
    Y, Y_other = Y.float(), Y_other.float()
    return {
        (CONTENT, False): (Y - Y_other).square().mean((1, 2, 3)),
        (CONTENT, True): (Y.relu() - Y_other.relu()).square().mean((1, 2, 3)),
    }


class Scales:
    """How much larger the teacher's distances are, layer by layer.

    The scale of a ReLU network's layer is free: it is one number for both
    sides of the ReLU, followed while one trains, and given to the student at
    the end (see calibrate.py).
    """

    RATE = 0.02

    def __init__(self, device="cpu"):
        names = (*STYLES, CONTENT)
        self.logs = {i: torch.zeros((), device=device) for i in names}
        self.seen = dict.fromkeys(names, 0)

    def factor(self, index):
        """Return what the student's distances are multiplied by."""
        return self.logs[index].exp()

    def log_ratios(self, teacher, student):
        """Return {tap: (n,)}, log of teacher's over student's distances.

        Differences that a transfer would not feel are passed over.
        """
        found = {}
        for tap in student:
            least = 1e-2 if tap[0] == CONTENT else 1e-6
            scaled = student[tap] * self.factor(tap[0])
            found[tap] = (teacher[tap] + least).log() - (scaled + least).log()
        return found

    @torch.no_grad()
    def update(self, ratios):
        """Move the scales by what :meth:`log_ratios` left over."""
        for index, log in self.logs.items():
            both = [r.mean() for (i, _), r in ratios.items() if i == index]
            if both:
                self.seen[index] += 1
                rate = max(self.RATE, 1 / self.seen[index])
                log += rate * torch.stack(both).mean()
