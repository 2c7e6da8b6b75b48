"""The chapter's objective in PyTorch, as the chapter computes it.

For Apple's GPUs, on which the way back by hand (objective_pytorch.py) was
never seen: some of its operations came to them only with PyTorch 2.9, and
convolutions in channels_last order have been slow or wrong there.
"""

from d2l_style import torch as d2l


class AutogradObjective:
    """As :class:`~.objective_pytorch.Objective`: losses and gradient.

    ``net`` may be any network of the chapter's in float32.
    """

    def __init__(self, net, recipe, contents_Y, styles_Y_gram):
        self.net, self.recipe = net, recipe
        self.targets = contents_Y, styles_Y_gram

    def __call__(self, X):
        """Return ``(contents_l, styles_l, tv_l, dX)`` of X, (1, 3, h, w)."""
        X = X.detach().requires_grad_()
        contents_l, styles_l, tv_l, _ = d2l.compute_gradient(
            X,
            *self.targets,
            net=self.net,
            content_layers=self.recipe.content_taps,
            style_layers=self.recipe.style_taps,
            **self.recipe.loss_weights,
        )
        kinds = contents_l, styles_l, [tv_l]
        contents_l, styles_l, (tv_l,) = (
            [loss.detach() for loss in kind] for kind in kinds
        )
        return contents_l, styles_l, tv_l, X.grad
