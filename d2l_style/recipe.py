"""Everything a reader may turn, in one frozen, checked record."""

import ast
import json
import math
import re
from dataclasses import asdict, dataclass, fields, replace

from d2l_style.language import N_, _
from d2l_style.network import vgg

TAPS = ("relu", "conv", "inplace")
INITS = ("content", "noise", "style")
STYLE_FITS = ("squeeze", "crop", "keep")
OPTIMIZERS = ("adam",)
SCHEDULES = ("steps", "linear")
PRECISIONS = ("exact", "fast")
EPSILONS = ("pytorch", "mxnet")
BACKENDS = ("pytorch", "mxnet")
_LARGEST = 1e30  # float32 ends at 3e38
_MOST = 10**9
_BETA = 0.99999  # at 1 Adam would divide by 0
_SIDE = 20_000  # pixels
PRESETS = ("paired", "fast", "as-printed", "as-printed-vi")
_TAIL = 0.4  # of the epochs: in the linear schedule lr falls over the last
_REST = 0.02  # of lr: what is left of it after the last


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

    ==================== ====================================================
    content_layers       convolutions, by index or name; empty: no content
    style_layers         convolutions, by index or name; empty: no style
    content_weight       weight of every content term
    style_weight         weight of every style term
    tv_weight            weight of the total variation term
    style_layer_weights  one factor per style layer on top of style_weight;
                         empty: 1 each
    style_repeats        how often the style terms enter the total loss (the
                         Vietnamese edition adds them ten times)
    tap                  where features are read: ``relu``, ``conv`` or
                         ``inplace`` (see :func:`d2l_style.network.vgg.tapped`)
    image_shape          (h, w) in pixels
    antialias            how pictures are made smaller: True averages all
                         the pixels that a new one covers (Pillow), False
                         looks at the nearest four (OpenCV, MXNet)
    style_fit            how the style picture meets image_shape: ``squeeze``
                         to it (the book), ``crop`` to its aspect ratio first,
                         or ``keep`` the picture's own, with as many pixels
    init                 the first image: ``content``, ``noise``, ``style``
                         (cropped where style_fit is ``keep``)
    optimizer            ``adam``
    adam_epsilon         where Adam's 1e-8 is added: after the bias correction
                         (``pytorch``) or before it (``mxnet``)
    beta1, beta2         how much of Adam's averages, of the gradient and of
                         its square, is kept from epoch to epoch
    lr                   learning rate, in units of the standardised image
    num_epochs           epochs of a whole run
    lr_schedule          ``steps``: see lr_decay_epoch (the book);
                         ``linear``: lr is held, then falls in a straight
                         line over the last 40 % of num_epochs
    lr_decay_epoch       epochs after which lr is multiplied by lr_decay
    lr_decay             see above
    precision            ``exact``: float32 throughout. ``fast``: bfloat16
                         convolutions where the processor multiplies them in
                         hardware; Gram matrices, losses and the image stay
                         float32. Elsewhere it is the same as ``exact``
    weights              the network: see
                         :func:`d2l_style.network.weights.load_parameters`
    seed                 of the noise image
    ==================== ====================================================

    Raises ``ValueError`` with what would be valid.
    """

    content_layers: tuple = (25,)
    style_layers: tuple = (0, 5, 10, 19, 28)
    content_weight: float = 1.0
    style_weight: float = 1e4
    tv_weight: float = 10.0
    style_layer_weights: tuple = ()
    style_repeats: int = 1
    tap: str = "relu"
    image_shape: tuple = (300, 450)
    antialias: bool = True
    style_fit: str = "squeeze"
    init: str = "content"
    optimizer: str = "adam"
    adam_epsilon: str = "pytorch"
    beta1: float = 0.9
    beta2: float = 0.999
    lr: float = 0.3
    num_epochs: int = 500
    lr_schedule: str = "steps"
    lr_decay_epoch: int = 50
    lr_decay: float = 0.8
    precision: str = "exact"
    weights: str = "auto"
    seed: int = 0

    def __post_init__(self):
        self._set("content_layers", _layers("content", self.content_layers))
        self._set("style_layers", _layers("style", self.style_layers))
        self._check_layers()
        for name in ("content_weight", "style_weight", "tv_weight"):
            self._set(name, _number(name, getattr(self, name), at_least=0))
        self._set("style_layer_weights", self._layer_weights())
        self._set("image_shape", _shape(self.image_shape))
        self._set("lr", _number("lr", self.lr, above=0))
        self._set("lr_decay", _number("lr_decay", self.lr_decay, above=0))
        for name in ("beta1", "beta2"):
            value = _number(name, getattr(self, name), at_least=0, most=_BETA)
            self._set(name, value)
        for name in ("style_repeats", "num_epochs", "lr_decay_epoch"):
            self._set(name, _whole(name, getattr(self, name), at_least=1))
        self._set("seed", _whole("seed", self.seed, at_least=0, most=2**64))
        for name, valid in _CHOICES.items():
            _choice(name, getattr(self, name), valid)
        if not isinstance(self.antialias, bool):
            raise ValueError(
                _(
                    "antialias must be True or False, not {given!r}.",
                    given=self.antialias,
                )
            )
        self._set("weights", _weights(self.weights))
        self._check_size()

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    def _check_layers(self):
        if not self.content_layers and not self.style_layers:
            raise ValueError(
                _(
                    "No layer is chosen: there is nothing to optimise. Choose "
                    "at least one content layer or one style layer, for "
                    "example content_layers=['conv4_4']."
                )
            )

    def _layer_weights(self):
        given = _sequence("style_layer_weights", self.style_layer_weights)
        if given and len(given) != len(self.style_layers):
            raise ValueError(
                _(
                    "style_layer_weights has {given} entries for {layers} "
                    "style layers: give one for each, or none.",
                    given=len(given),
                    layers=len(self.style_layers),
                )
            )
        return tuple(
            _number("style_layer_weights", w, at_least=0) for w in given
        )

    def _check_size(self):
        need = vgg.smallest_side(self.deepest)
        if min(self.image_shape) < need:
            h, w = self.image_shape
            raise ValueError(
                _(
                    "{h}x{w} pixels are too few for {layer}: the poolings "
                    "before it need at least {need} pixels in height and "
                    "width. Choose a larger image_shape or shallower layers.",
                    h=h,
                    w=w,
                    layer=vgg.layer_name(self.deepest),
                    need=need,
                )
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
        _known(changes)
        return replace(self, **changes)

    def to_json(self):
        """Return the recipe as JSON text that :meth:`from_json` reads."""
        return json.dumps(asdict(self), indent=1)

    def to_python(self):
        """Return the call that makes this recipe; defaults are left out.

        Layers are named. ``eval`` of it, with ``Recipe`` imported, gives the
        same recipe back, as does :meth:`from_text`.
        """
        lines = [
            f"    {f.name}={_as_code(f.name, getattr(self, f.name))},"
            for f in fields(self)
            if getattr(self, f.name) != f.default
        ]
        return "\n".join(["Recipe(", *lines, ")"]) if lines else "Recipe()"

    @classmethod
    def from_text(cls, text):
        """Read what :meth:`to_python` or :meth:`to_json` wrote.

        No code is run: values must be literals. Raises ``ValueError``.
        """
        if text.lstrip().startswith("{"):
            return cls.from_json(text)
        values = _arguments(text)
        _known(values)
        return cls(**values)

    @classmethod
    def from_json(cls, text):
        """Read what :meth:`to_json` wrote; ``ValueError`` if it is not."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                _("This is not a recipe in JSON: {reason}.", reason=error)
            ) from None
        if not isinstance(values, dict):
            raise ValueError(
                _("This is not a recipe: expected a JSON object.")
            )
        _known(values)
        return cls(**values)

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
        _choice("preset", name, PRESETS)
        _choice("backend", backend, BACKENDS)
        values = {}
        if name == "fast":
            values.update(_FAST)
        elif name != "paired":
            values.update(_PRINTED[backend])
        if name == "as-printed-vi":
            values.update(style_weight=1e3, style_repeats=10)
        return cls(**values).replace(**changes)


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
_CHOICES = {
    "tap": TAPS,
    "style_fit": STYLE_FITS,
    "init": INITS,
    "optimizer": OPTIMIZERS,
    "adam_epsilon": EPSILONS,
    "lr_schedule": SCHEDULES,
    "precision": PRECISIONS,
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
        raise ValueError(
            _(
                "This is no recipe. Paste what “Show as Python” shows, "
                "Recipe(style_weight=1e4) for example, or a recipe in JSON."
            )
        ) from None


def _known(values):
    valid = [f.name for f in fields(Recipe)]
    unknown = [name for name in values if name not in valid]
    if unknown:
        raise ValueError(
            _(
                "A recipe has no {unknown}. It has: {valid}.",
                unknown=", ".join(map(repr, unknown)),
                valid=", ".join(valid),
            )
        )


def _choice(name, value, valid):
    if not isinstance(value, str) or value not in valid:
        raise ValueError(
            _(
                "{name} must be one of {valid}, not {given!r}.",
                name=name,
                valid=", ".join(map(repr, valid)),
                given=value,
            )
        )


def _sequence(name, values):
    try:
        if isinstance(values, (str, bytes, dict)):
            raise TypeError
        return tuple(values)
    except TypeError:
        raise ValueError(
            _("{name} must be a list, not {given!r}.", name=name, given=values)
        ) from None


_TWICE = {
    "content": N_("A content layer is given twice: {indices}."),
    "style": N_("A style layer is given twice: {indices}."),
}


def _layers(kind, values):
    indices = tuple(
        vgg.conv_index(v) for v in _sequence(f"{kind}_layers", values)
    )
    if len(set(indices)) < len(indices):
        raise ValueError(_(_TWICE[kind], indices=indices))
    return indices


_AT_LEAST = N_(
    "{name} must be a finite number at least {least} and at most {most:g}, "
    "not {given!r}."
)
_ABOVE = N_(
    "{name} must be a finite number above {above} and at most {most:g}, not "
    "{given!r}."
)


def _number(name, value, *, at_least=None, above=None, most=_LARGEST):
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    low = number < at_least if above is None else number <= above
    if not number <= most or low:
        told = _AT_LEAST if above is None else _ABOVE
        raise ValueError(
            _(
                told,
                name=name,
                least=at_least,
                above=above,
                most=most,
                given=value,
            )
        )
    return number


def _whole(name, value, *, at_least, most=_MOST):
    number = _number(name, value, at_least=at_least, most=most)
    if number != int(number):
        raise ValueError(
            _(
                "{name} must be a whole number, not {given!r}.",
                name=name,
                given=value,
            )
        )
    return value if type(value) is int else int(number)


def _shape(value):
    shape = _sequence("image_shape", value)
    if len(shape) != 2:
        raise ValueError(
            _(
                "image_shape must be (height, width) in pixels, not "
                "{given!r}.",
                given=value,
            )
        )
    return tuple(
        _whole("image_shape", side, at_least=1, most=_SIDE) for side in shape
    )


def _weights(value):
    try:
        name = value if isinstance(value, str) else value.__fspath__()
    except AttributeError:
        name = ""
    if not name:
        raise ValueError(
            _(
                "weights must be 'auto', 'imagenet', 'oxford', 'mini', "
                "'random' or the path of a .safetensors file, not {given!r}.",
                given=value,
            )
        )
    return name
