"""What changed between two recipes, in few words."""

from dataclasses import fields

from d2l_style import vgg

_NAMES = {
    "content_weight": "content weight",
    "style_weight": "style weight",
    "tv_weight": "TV weight",
    "lr": "learning rate",
    "lr_decay_epoch": "decay every",
    "lr_decay": "decay",
    "num_epochs": "epochs",
    "image_shape": "size",
    "style_repeats": "style repeats",
    "tap": "features read at",
    "style_fit": "style picture",
    "init": "start image",
    "weights": "network",
    "adam_epsilon": "Adam's epsilon",
}


def in_words(old, new, pictures=None):
    """Return the differences as one line, "" if there are none.

    ``pictures`` names new ones: {"content": "harbour"}.
    """
    parts = [f"{kind}: {name}" for kind, name in (pictures or {}).items()]
    for field in fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after:
            parts.append(_change(field.name, before, after, old, new))
    return "; ".join(part for part in parts if part)


def _change(name, before, after, old, new):
    if name in ("content_layers", "style_layers"):
        return _layers(name.removesuffix("_layers"), before, after)
    if name == "style_layer_weights":
        return _factors(old, new)
    title = _NAMES.get(name, name.replace("_", " "))
    return f"{title} {_value(before)} → {_value(after)}"


def _layers(kind, before, after):
    """Return "style layers +conv2_1 −conv5_1"."""
    signs = [f"+{vgg.layer_name(i)}" for i in after if i not in before]
    signs += [f"−{vgg.layer_name(i)}" for i in before if i not in after]
    return f"{kind} layers {' '.join(signs) or 'in another order'}"


def _factors(old, new):
    """Return "conv1_1 × 1 → 0.3" for each layer whose factor differs."""
    before, after = old.style_factors, new.style_factors
    return "; ".join(
        f"{vgg.layer_name(i)} × {before[i]:.3g} → {after[i]:.3g}"
        for i in before
        if before[i] != after.get(i, before[i])
    )


def _value(value):
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-")
    return str(value)
