"""The recipe's choices in words: what they are called, what each can be.

The controls and the list of changes both take their words from here.
"""

from d2l_style.language import N_, _
from d2l_style.network.fetch import cached_vgg19
from d2l_style.network.oxford import carrier
from d2l_style.network.weights import bundled
from d2l_style.recipe import EPSILONS, OPTIMIZERS, TAPS

_LABELS = {
    "content_weight": N_("content weight"),
    "style_weight": N_("style weight"),
    "tv_weight": N_("TV weight"),
    "image_shape": N_("size"),
    "num_epochs": N_("epochs"),
    "lr": N_("learning rate"),
    "lr_decay_epoch": N_("decay every (epochs)"),
    "lr_decay": N_("decay factor"),
    "init": N_("start image"),
    "seed": N_("seed of the noise"),
    "weights": N_("network"),
    "tap": N_("features read at"),
    "antialias": N_("pictures reduced by"),
    "style_fit": N_("style picture"),
    "style_repeats": N_("style terms repeated"),
    "optimizer": N_("optimiser"),
    "adam_epsilon": N_("Adam's epsilon as in"),
    "beta1": N_("Adam's beta1"),
    "beta2": N_("Adam's beta2"),
    "lr_schedule": N_("learning rate falls"),
    "precision": N_("precision"),
}


def label(name):
    """Return what a choice of the recipe is called."""
    return _(_LABELS[name])


def options(name):
    """Return {words: value}, what ``name`` can be; None: any number."""
    if name == "weights":
        return networks()
    return {
        "init": {
            _("content"): "content",
            _("noise"): "noise",
            _("style"): "style",
        },
        "tap": {tap: tap for tap in TAPS},
        "antialias": {
            _("averaging (Pillow)"): True,
            _("skipping (OpenCV)"): False,
        },
        "style_fit": {
            _("squeezed, as in the book"): "squeeze",
            _("cropped"): "crop",
            _("its own shape"): "keep",
        },
        "optimizer": {name: name for name in OPTIMIZERS},
        "adam_epsilon": {name: name for name in EPSILONS},
        "lr_schedule": {
            _("in steps, as in the book"): "steps",
            _("in a line, at the end"): "linear",
        },
        "precision": {
            _("exact (float32)"): "exact",
            _("fast (bfloat16 if it helps)"): "fast",
        },
    }.get(name)


def networks():
    """Return {words: Recipe.weights} of the networks on this machine."""
    offered = {_("auto: the best that is quick here"): "auto"}
    if bundled().is_file():
        offered[_("vgg19-mini, small and quick")] = "mini"
    if carrier():
        offered[_("VGG-19 of Oxford, the real one")] = "oxford"
    if cached_vgg19().is_file():
        offered[_("VGG-19 of torchvision, as in the book")] = "imagenet"
    offered[_("VGG-19 with random weights")] = "random"
    return offered


def presets():
    """Return {words: name} of the presets."""
    return {
        _("fast: half the epochs"): "fast",
        _("paired: the same in both frameworks"): "paired",
        _("as printed with 1e4 (English edition)"): "as-printed",
        _("as printed with 1e3 (Vietnamese edition)"): "as-printed-vi",
    }
