"""What changed between two recipes, in few words."""

from d2l_style.language import N_, _
from d2l_style.network import vgg
from d2l_style.panel.choices import label, options

_PICTURES = {"content": N_("content: {name}"), "style": N_("style: {name}")}
_LAYERS = {
    "content_layers": N_("content layers {signs}"),
    "style_layers": N_("style layers {signs}"),
}
_REORDERED = {
    "content_layers": N_("content layers in another order"),
    "style_layers": N_("style layers in another order"),
}


def in_words(old, new, pictures=None):
    """Return the differences as one line, "" if there are none.

    ``pictures`` names new ones: {"content": "harbour"}.
    """
    parts = [
        _(_PICTURES[kind], name=name)
        for kind, name in (pictures or {}).items()
    ]
    parts += [_change(name, old, new) for name in old.changes(new)]
    return "; ".join(part for part in parts if part)


def _change(name, old, new):
    before, after = getattr(old, name), getattr(new, name)
    if name in _LAYERS:
        return _layers(name, before, after)
    if name == "style_layer_weights":
        return _factors(old, new)
    return f"{label(name)} {_value(name, before)} → {_value(name, after)}"


def _layers(name, before, after):
    """Return "style layers +conv2_1 −conv5_1"."""
    signs = [f"+{vgg.layer_name(i)}" for i in after if i not in before]
    signs += [f"−{vgg.layer_name(i)}" for i in before if i not in after]
    if not signs:
        return _(_REORDERED[name])
    return _(_LAYERS[name], signs=" ".join(signs))


def _factors(old, new):
    """Return "conv1_1 × 1 → 0.3" for each layer whose factor differs."""
    before, after = old.style_factors, new.style_factors
    return "; ".join(
        f"{vgg.layer_name(i)} × {before[i]:.3g} → {after[i]:.3g}"
        for i in before
        if before[i] != after.get(i, before[i])
    )


def _value(name, value):
    """Return a value as its control shows it."""
    for words, offered in options(name).items():
        if offered == value:
            return words
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-")
    return str(value)
