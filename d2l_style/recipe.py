"""Everything a reader may turn, in one frozen, checked record."""

import ast
import json
import math
import re
import textwrap
from dataclasses import asdict, dataclass, fields, replace

from d2l_style import choices
from d2l_style.choices import NETWORK, SIZE, TARGETS, choice, one_of
from d2l_style.language import N_, _, invalid
from d2l_style.network import vgg

BACKENDS = ("pytorch", "mxnet")
PRESETS = ("paired", "fast", "as-printed", "as-printed-vi")
_BETA = choices.number(at_least=0, most=0.99999)  # at 1 Adam divides by 0
_WEIGHT = choices.number(at_least=0)
_TAIL = 0.4  # of the epochs: in the linear schedule lr falls over the last
_REST = 0.02  # of lr: what is left of it after the last
# What a Recipe once had, with the one value that it could have.
_FORMER = {"optimizer": "adam"}


def lr_at(epoch, lr, lr_decay_epoch, lr_decay=0.8):
    """Return the learning rate of epoch ``epoch`` (from 0).

    The book's schedule: every ``lr_decay_epoch`` epochs the rate is
    multiplied by ``lr_decay``, so lr * lr_decay ** (epoch // lr_decay_epoch).
    """
    try:
        return lr * lr_decay ** (epoch // lr_decay_epoch)
    except OverflowError:  # a "decay" above 1
        return math.inf


def linear_lr_at(epoch, lr, num_epochs):
    """Return epoch ``epoch``'s learning rate (from 0): held, then lowered.

    ``lr`` for the first 60 % of ``num_epochs``, then in a straight line down
    to a fiftieth of it, where it stays for whoever goes on.
    """
    left = (num_epochs - epoch) / (_TAIL * num_epochs)
    return lr * min(1, max(_REST, left))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All choices of one style transfer; the defaults are preset ``paired``.

    Raises ``ValueError`` with what would be valid. The choices:
    """

    content_layers: tuple = choice(
        (25,),
        choices.layers,
        N_("content layers"),
        N_(
            "Convolutions, by name or index, whose features are to be the "
            "photo's."
        ),
        anew=TARGETS,
    )
    style_layers: tuple = choice(
        (0, 5, 10, 19, 28),
        choices.layers,
        N_("style layers"),
        N_(
            "Convolutions, by name or index, whose Gram matrices are to be "
            "the painting's."
        ),
        anew=TARGETS,
    )
    content_weight: float = choice(
        1.0,
        _WEIGHT,
        N_("content weight"),
        N_("How much the picture must still show what the photo shows."),
        span=(-3, 3),
    )
    style_weight: float = choice(
        1e4,
        _WEIGHT,
        N_("style weight"),
        N_("How much it must be painted as the painting is."),
        span=(0, 7),
    )
    tv_weight: float = choice(
        10.0,
        _WEIGHT,
        N_("TV weight"),
        N_("Total variation: how much neighbouring pixels must agree."),
        span=(-2, 4),
    )
    style_layer_weights: tuple = choice(
        (),
        choices.numbers(at_least=0),
        N_("factors of the style layers"),
        N_("One for each style layer, on top of style_weight; empty: 1 each."),
    )
    style_repeats: int = choice(
        1,
        choices.whole(at_least=1),
        N_("style terms repeated"),
        N_(
            "How often the style terms enter the total; the Vietnamese "
            "edition adds them ten times."
        ),
    )
    tap: str = choice(
        "relu",
        **one_of({"relu": "relu", "conv": "conv", "inplace": "inplace"}),
        label=N_("features read at"),
        help=N_(
            "Where a layer's features are read: after its ReLU, before it, "
            "or as a ReLU that works in place leaves them."
        ),
        anew=TARGETS,
    )
    image_shape: tuple = choice(
        (300, 450),
        choices.shape,
        N_("size"),
        N_("Height and width of the picture in pixels."),
        anew=SIZE,
    )
    antialias: bool = choice(
        True,
        **one_of(
            {
                True: N_("averaging (Pillow)"),
                False: N_("skipping (OpenCV)"),
            }
        ),
        label=N_("pictures reduced by"),
        help=N_(
            "How pictures are made smaller: averaging all pixels that a new "
            "one covers, or looking at the nearest four."
        ),
        anew=TARGETS,
    )
    style_fit: str = choice(
        "squeeze",
        **one_of(
            {
                "squeeze": N_("squeezed, as in the book"),
                "crop": N_("cropped"),
                "keep": N_("its own shape"),
            }
        ),
        label=N_("style picture"),
        help=N_(
            "How the style picture meets the size: squeezed, cropped to its "
            "proportions, or in its own, with as many pixels."
        ),
        anew=TARGETS,
    )
    init: str = choice(
        "content",
        **one_of(
            {
                "content": N_("content"),
                "noise": N_("noise"),
                "style": N_("style"),
            }
        ),
        label=N_("start image"),
        help=N_("The picture that a run begins with."),
        common=True,
    )
    adam_epsilon: str = choice(
        "pytorch",
        **one_of({"pytorch": "pytorch", "mxnet": "mxnet"}),
        label=N_("Adam's epsilon as in"),
        help=N_(
            "Where Adam adds its 1e-8: after the bias correction (pytorch) "
            "or before it (mxnet)."
        ),
    )
    beta1: float = choice(
        0.9,
        _BETA,
        N_("Adam's beta1"),
        N_("How much of the gradient's average is kept at each epoch."),
    )
    beta2: float = choice(
        0.999,
        _BETA,
        N_("Adam's beta2"),
        N_("How much of the squared gradient's average is kept."),
    )
    lr: float = choice(
        0.3,
        choices.number(above=0),
        N_("learning rate"),
        N_("How far an epoch moves the picture, in standardised units."),
        common=True,
    )
    num_epochs: int = choice(
        500,
        choices.whole(at_least=1),
        N_("epochs"),
        N_("The length of a whole run."),
        common=True,
    )
    lr_schedule: str = choice(
        "steps",
        **one_of(
            {
                "steps": N_("in steps, as in the book"),
                "linear": N_("in a line, at the end"),
            }
        ),
        label=N_("learning rate falls"),
        help=N_(
            "In steps all along, or in a straight line over the last 40 % of "
            "the epochs."
        ),
    )
    lr_decay_epoch: int = choice(
        50,
        choices.whole(at_least=1),
        N_("decay every (epochs)"),
        N_("Epochs between two steps of the learning rate."),
    )
    lr_decay: float = choice(
        0.8,
        choices.number(above=0),
        N_("decay factor"),
        N_("What a step multiplies the learning rate by."),
    )
    precision: str = choice(
        "exact",
        **one_of(
            {
                "exact": N_("exact (float32)"),
                "fast": N_("fast (bfloat16 if it helps)"),
            }
        ),
        label=N_("precision"),
        help=N_(
            "float32 throughout, or convolutions in bfloat16 where the "
            "processor multiplies it in hardware."
        ),
        anew=TARGETS,
    )
    weights: str = choice(
        "auto",
        choices.network,
        N_("network"),
        N_("auto, imagenet, oxford, mini, random or a .safetensors file."),
        common=True,
        anew=NETWORK,
    )
    seed: int = choice(
        0,
        choices.whole(at_least=0, most=2**64),
        N_("seed of the noise"),
        N_("The same seed begins with the same noise."),
    )

    def __post_init__(self):
        for name, entry in CHOICES.items():
            value = entry.check(name, getattr(self, name))
            object.__setattr__(self, name, value)
        self._check_layers()
        self._check_factors()
        self._check_size()

    def _check_layers(self):
        if not self.content_layers and not self.style_layers:
            raise invalid(
                "No layer is chosen: there is nothing to optimise. Choose "
                "at least one content layer or one style layer, for "
                "example content_layers=['conv4_4']."
            )

    def _check_factors(self):
        given, wanted = len(self.style_layer_weights), len(self.style_layers)
        if given not in (0, wanted):
            raise invalid(
                "style_layer_weights has {given} entries for {layers} "
                "style layers: give one for each, or none.",
                given=given,
                layers=wanted,
            )

    def _check_size(self):
        need = vgg.smallest_side(self.deepest)
        if min(self.image_shape) < need:
            h, w = self.image_shape
            raise invalid(
                "{h}x{w} pixels are too few for {layer}: the poolings "
                "before it need at least {need} pixels in height and "
                "width. Choose a larger image_shape or shallower layers.",
                h=h,
                w=w,
                layer=vgg.layer_name(self.deepest),
                need=need,
            )

    @property
    def deepest(self):
        """The index of the deepest convolution in use."""
        return max(self.content_layers + self.style_layers)

    @property
    def content_taps(self):
        """Where in ``.features`` the content features are read."""
        return vgg.tapped(self.content_layers, self.tap, self.deepest)

    @property
    def style_taps(self):
        """Where in ``.features`` the style features are read."""
        return vgg.tapped(self.style_layers, self.tap, self.deepest)

    @property
    def style_factors(self):
        """The factors on top of style_weight: {style layer: factor}."""
        ones = [1.0] * len(self.style_layers)
        factors = self.style_layer_weights or ones
        return dict(zip(self.style_layers, factors, strict=True))

    @property
    def loss_weights(self):
        """The keyword arguments of the backends' ``compute_loss``."""
        return {
            "content_weight": self.content_weight,
            "style_weight": self.style_weight,
            "tv_weight": self.tv_weight,
            "style_layer_weights": self.style_layer_weights,
            "style_repeats": self.style_repeats,
        }

    def lr_at(self, epoch):
        """Return the learning rate of epoch ``epoch``, counted from 0."""
        if self.lr_schedule == "linear":
            return linear_lr_at(epoch, self.lr, self.num_epochs)
        return lr_at(epoch, self.lr, self.lr_decay_epoch, self.lr_decay)

    def replace(self, **changes):
        """Return a copy with some choices changed, checked again.

        Other style layers without their own ``style_layer_weights`` start
        again at 1 each, since the old factors belong to the old layers.
        """
        if "style_layers" in changes:
            changes.setdefault("style_layer_weights", ())
        return replace(self, **_known(changes))

    def changes(self, other):
        """Return in what ``other`` differs: {choice: the other's value}.

        Raises ``TypeError`` if it is no Recipe.
        """
        a_recipe(other)
        return {
            name: getattr(other, name)
            for name in CHOICES
            if getattr(self, name) != getattr(other, name)
        }

    def makes_anew(self, other):
        """Return what a run that goes on with ``other`` has to make anew.

        A set of "network", "targets" (the network's frozen copy and what
        both pictures are in it) and "size".
        """
        return {CHOICES[name].anew for name in self.changes(other)} - {""}

    def to_json(self):
        """Return the recipe as JSON text that :meth:`from_json` reads."""
        return json.dumps(asdict(self), indent=1)

    def to_python(self):
        """Return the call that makes this recipe; defaults are left out.

        Layers are named. ``eval`` of it, with ``Recipe`` imported, gives the
        same recipe back, as does :meth:`from_text`.
        """
        lines = [
            f"    {name}={_as_code(name, value)},"
            for name, value in Recipe().changes(self).items()
        ]
        return "\n".join(["Recipe(", *lines, ")"]) if lines else "Recipe()"

    @classmethod
    def from_text(cls, text):
        """Read what :meth:`to_python` or :meth:`to_json` wrote.

        No code is run: values must be literals. Raises ``ValueError``.
        """
        if text.lstrip().startswith("{"):
            return cls.from_json(text)
        return cls(**_known(_arguments(text)))

    @classmethod
    def from_json(cls, text):
        """Read what :meth:`to_json` wrote; ``ValueError`` if it is not."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise invalid(
                "This is not a recipe in JSON: {reason}.", reason=error
            ) from None
        if not isinstance(values, dict):
            raise invalid("This is not a recipe: expected a JSON object.")
        return cls(**_known(values))

    @classmethod
    def preset(cls, name="paired", backend="pytorch", **changes):
        """Return a preset, with ``changes`` on top.

        ``paired``: one objective and one optimiser in both backends.
        ``fast``: the same objective, down to where the printed recipe ends
        in half the epochs, with ``precision="fast"``.
        ``as-printed``: what the tab of ``backend`` computes where the edition
        prints a style weight of 1e4, as the English one does.
        ``as-printed-vi``: where it prints 1e3 and adds the style terms ten
        times, as the Vietnamese one and versions of the Korean one do.
        """
        choices.among("preset", name, PRESETS)
        choices.among("backend", backend, BACKENDS)
        values = {}
        if name == "fast":
            values.update(_FAST)
        elif name != "paired":
            values.update(_PRINTED[backend])
        if name == "as-printed-vi":
            values.update(style_weight=1e3, style_repeats=10)
        return cls(**values).replace(**changes)


def a_recipe(value):
    """Return a Recipe; raise ``TypeError`` if it is something else."""
    if isinstance(value, Recipe):
        return value
    raise TypeError(_("recipe must be a Recipe, not {given!r}.", given=value))


_PRINTED = {
    # torchvision's ReLU works in place and overwrites what was just stored.
    "pytorch": {"tap": "inplace"},
    # Gluon's does not; MXNet resizes through OpenCV; other rate, other Adam.
    "mxnet": {
        "tap": "conv",
        "antialias": False,
        "lr": 0.9,
        "adam_epsilon": "mxnet",
    },
}
# With the usual beta2 the large gradients of the first epochs keep Adam's
# steps short for a thousand epochs; benchmarks/equal_loss.py compares.
_FAST = {
    "precision": "fast",
    "lr": 0.12,
    "beta2": 0.9,
    "lr_schedule": "linear",
    "num_epochs": 250,
}


def _as_code(name, value):
    if name.endswith("_layers"):
        value = [vgg.layer_name(i) for i in value]
    elif isinstance(value, tuple) and name != "image_shape":
        value = list(value)
    elif isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return repr(value)


def _arguments(text):
    """Return the keyword arguments of the one call ``Recipe(...)``."""
    try:
        text = re.sub(r"^\s*\w+\s*=\s*(?=Recipe\b)", "", text)
        call = ast.parse(text.strip(), mode="eval").body
        if call.func.id != "Recipe" or call.args:
            raise ValueError
        return {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    except (
        SyntaxError,
        ValueError,
        AttributeError,
        RecursionError,
        MemoryError,
        TypeError,
    ):
        raise invalid(
            "This is no recipe. Paste what “Show as Python” shows, "
            "Recipe(style_weight=1e4) for example, or a recipe in JSON."
        ) from None


def _known(values):
    """Return a recipe's values without what it once had; check the names."""
    for name, value in _FORMER.items():
        if name in values:
            choices.among(name, values[name], (value,))
    values = {k: v for k, v in values.items() if k not in _FORMER}
    unknown = [name for name in values if name not in CHOICES]
    if unknown:
        raise invalid(
            "A recipe has no {unknown}. It has: {valid}.",
            unknown=", ".join(map(repr, unknown)),
            valid=", ".join(CHOICES),
        )
    return values


def _listed():
    """Return the choices and what they do, as lines of a docstring."""
    lines = [f"{name:<20} {entry.help}" for name, entry in CHOICES.items()]
    wrap = {"width": 79, "initial_indent": "    "}
    return "\n".join(
        textwrap.fill(line, subsequent_indent=" " * 25, **wrap)
        for line in lines
    )


CHOICES = {f.name: f.metadata["choice"] for f in fields(Recipe)}
Recipe.__doc__ += f"\n{_listed()}\n"
