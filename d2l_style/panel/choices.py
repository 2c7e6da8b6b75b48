"""The recipe's choices in words: what they are called, what each can be."""

from d2l_style.language import _
from d2l_style.network.fetch import cached_vgg19
from d2l_style.network.oxford import carrier
from d2l_style.network.weights import bundled
from d2l_style.recipe import CHOICES


def label(name):
    """Return what a choice of the recipe is called."""
    return _(CHOICES[name].label)


def options(name):
    """Return {words: value}, what ``name`` can be; empty: any number."""
    if name == "weights":
        return networks()
    return {_(words): v for v, words in CHOICES[name].options.items()}


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
