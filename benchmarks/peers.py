"""How two other programs optimise the picture, in our own words.

Both work on pixels from 0 to 1. They are given our objective with its
gradient, so that what is compared is the way, not the code beneath it. Each
yields ``(evaluations, picture)`` after every step, at first with 0. A picture
is standardised, (1, 3, h, w), or None while it is smaller than asked for; an
evaluation is one pass forward and back at whatever size.
"""

from d2l_style.machine.doctor import require
from d2l_style.transfer import StyleTransfer

torch = require("torch")

from d2l_style import torch as d2l  # noqa: E402

SCALES = (1 / 2, 1 / 2**0.5, 1)
AVERAGED = 0.99  # of the average is kept from step to step


def lbfgs(pictures, recipe, evaluations):
    """Go the way of PyTorch's tutorial on style transfer: L-BFGS.

    ``torch.optim.LBFGS`` as it comes: steps of 20 iterations of length 1,
    the last 100 remembered, no line search. Pixels are brought back to their
    range before every evaluation, behind the optimiser's back.
    """
    pixels = Pixels(pictures, recipe)
    optimizer = torch.optim.LBFGS([pixels.values])

    def closure():
        pixels.clip()
        return pixels.evaluate()

    yield 0, pixels.standardised()
    while pixels.evaluations < evaluations:
        optimizer.step(closure)
        pixels.clip()
        yield pixels.evaluations, pixels.standardised()


def averaged_adam(pictures, recipe, iterations):
    """Go the way of crowsonkb/style-transfer-pytorch: Adam, averaged.

    From half the size up by the square root of 2, ``iterations`` at each of
    SCALES. Adam's rate is 0.02; its averages are taken along to the next
    scale, resized. The picture is the exponential moving average of what
    Adam passes through, and the next scale begins with it. Of the published
    numbers of iterations, 1000 and then 500 at each scale, the proportion is
    what a caller should keep; so many before the full size would leave no
    race.
    """
    stages = [
        Pixels(pictures, recipe.replace(image_shape=shape))
        for shape in _shapes(recipe.image_shape)
    ]
    yield 0, None
    evaluations, adam, average = 0, None, None
    for pixels, count in zip(stages, iterations, strict=True):
        if average:
            pixels.set(_resized(average.value, pixels.values))
        adam, average = _begun(pixels, adam), Average(pixels.values)
        for _ in range(count):
            pixels.evaluate()
            adam.step()
            pixels.clip()
            average.add(pixels.values)
            evaluations += 1
            full = pixels is stages[-1]
            yield evaluations, pixels.standardised(average) if full else None


class Pixels:
    """A picture in ``values`` from 0 to 1; it begins as the recipe says."""

    def __init__(self, pictures, recipe):
        self.synthesis = StyleTransfer(*pictures, recipe).synthesis
        X = self.synthesis.X
        self.mean, self.std = (
            numbers.to(X.device).reshape(1, 3, 1, 1)
            for numbers in (d2l.rgb_mean, d2l.rgb_std)
        )
        self.values = (X * self.std + self.mean).requires_grad_()
        self.evaluations = 0
        self.clip()

    def evaluate(self):
        """Return the total loss; leave the gradient in ``values.grad``."""
        *losses, dX = self.synthesis.objective(self._standardise(self.values))
        contents_l, styles_l, tv_l = losses
        self.values.grad = dX / self.std
        self.evaluations += 1
        repeats = self.synthesis.recipe.style_repeats
        return sum(contents_l) + repeats * sum(styles_l) + tv_l

    def standardised(self, average=None):
        """Return them, or an average of them, as a NumPy picture."""
        values = average.value if average else self.values
        return self._standardise(values).cpu().numpy()

    def set(self, values):
        """Give all pixels new values."""
        self.values.detach().copy_(values)
        self.clip()

    def clip(self):
        """Bring all pixels back to where pixels are."""
        self.values.detach().clamp_(0, 1)

    def _standardise(self, values):
        return (values.detach() - self.mean) / self.std


class Average:
    """An exponential moving average, as if it had never been zero."""

    def __init__(self, values):
        self.sum, self.weight = torch.zeros_like(values.detach()), 0
        self.add(values)

    def add(self, values):
        """Let it follow ``values`` by a small step."""
        self.sum.lerp_(values.detach(), 1 - AVERAGED)
        self.weight += (1 - self.weight) * (1 - AVERAGED)

    @property
    def value(self):
        return self.sum / self.weight


def _shapes(shape):
    return [tuple(round(side * scale) for side in shape) for scale in SCALES]


def _begun(pixels, before):
    """Return Adam over the pixels, with the averages of the one before."""
    adam = torch.optim.Adam([pixels.values], lr=0.02, betas=(0.9, 0.99))
    if before is not None:
        (state,) = before.state.values()
        mean, variance = state["exp_avg"], state["exp_avg_sq"]
        adam.state[pixels.values] = {
            "step": state["step"],
            "exp_avg": _resized(mean, pixels.values),
            # It must stay positive: bicubic would overshoot.
            "exp_avg_sq": _resized(variance, pixels.values, "bilinear"),
        }
    return adam


def _resized(Y, like, mode="bicubic"):
    return torch.nn.functional.interpolate(
        Y, like.shape[2:], mode=mode, align_corners=False
    )
