"""What both backends' ``Synthesis`` share: everything but the tensors."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps

import numpy as np

from d2l_style.choices import NETWORK, SIZE
from d2l_style.engine import forecast
from d2l_style.engine.state import AVERAGES, COUNTS, checked
from d2l_style.language import _, invalid
from d2l_style.network import vgg
from d2l_style.network.weights import fingerprint
from d2l_style.pictures import images
from d2l_style.recipe import Recipe, a_recipe

MAX_LR = 1e35  # beyond it float32 ends
EPSILON = 1e-8  # Adam's, in both frameworks
UNWEIGHTED = {"content_weight": 1, "style_weight": 1, "tv_weight": 1}


@dataclass(frozen=True)
class Losses:
    """The weighted losses of one epoch, as floats, before its step.

    ``contents`` and ``styles`` hold one number per layer, in the order of
    the recipe's layers; ``total`` is what is minimised.
    """

    contents: tuple
    styles: tuple
    tv: float
    total: float

    @property
    def content(self):
        return sum(self.contents)

    @property
    def style(self):
        return sum(self.styles)

    @property
    def finite(self):
        return math.isfinite(self.total)


class Diverged(ArithmeticError):
    """The loss is no longer a finite number."""


def _computes(method):
    """Have a public method run as the backend has to compute."""

    @wraps(method)
    def computing(self, *args, **kwargs):
        with self._computing(self.recipe):
            return method(self, *args, **kwargs)

    return computing


class SynthesisBase(ABC):
    """A picture being optimised: the only place where tensors live.

    ``content_img`` and ``style_img`` are pictures as
    :func:`d2l_style.pictures.images.as_image` takes them, ``recipe`` is a
    :class:`~d2l_style.recipe.Recipe`. ``net`` is a network whose
    ``.features[i]`` has the book's indices; without it, ``recipe.weights``
    is loaded. It is copied and frozen, never changed. Raises ``ValueError``
    and ``FileNotFoundError`` as these parts do, and
    :class:`~.forecast.TooLarge` where there is too little memory.
    """

    def __init__(
        self, content_img, style_img, recipe=None, *, net=None, device=None
    ):
        self.recipe = Recipe() if recipe is None else a_recipe(recipe)
        self.content_img = images.as_image(content_img)
        self.style_img = images.as_image(style_img)
        self.device = device or self._default_device()
        self.given_net, self._fingerprint = net is not None, (None, "")
        with self._computing(self.recipe):
            self.pretrained_net = net or self._load(self.recipe.weights)
        self.epoch = 0
        self._check_memory(self.recipe)
        with self._computing(self.recipe):
            self._aim(self.recipe)
            self.objective = self._make_objective(self.recipe)
            self.reset()

    @_computes
    def reset(self):
        """Begin again from the recipe's first image, at epoch 0.

        If it raises, nothing has changed.
        """
        with self.all_or_nothing():
            self.epoch = self.adam_steps = 0
            self._begin(self.first_array(self.recipe.init))

    @contextmanager
    def all_or_nothing(self):
        """Put everything back if the block raises, whatever it raises.

        What is changed in it is replaced, never written into.
        """
        before = vars(self).copy()
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    @_computes
    def step(self):
        """Run one epoch and return its :class:`Losses`.

        Raises :class:`Diverged` if the loss is not finite; then no step is
        taken and the picture stays as it is.
        """
        losses = self._losses(self._losses_and_gradient())
        lr = self.recipe.lr_at(self.epoch)
        if not losses.finite or lr > MAX_LR:
            raise Diverged(
                _(
                    "The loss is no longer finite after {epoch} epochs with "
                    "lr={lr:g}. Lower lr (the book's is 0.3) or the weights, "
                    "and begin again; the last picture is kept.",
                    epoch=self.epoch,
                    lr=self.recipe.lr,
                )
            )
        self.adam_steps += 1
        self._descend(lr, self._epsilon())
        self.epoch += 1
        return losses

    @_computes
    def array(self):
        """Return the picture, standardised, (1, 3, h, w) float32 NumPy."""
        return self._array()

    def image(self):
        """Return the picture as it is now, a ``PIL.Image`` of (h, w)."""
        return images.to_image(self.array())

    def retarget(self, recipe, content_img=None, style_img=None):
        """Go on towards another recipe or other pictures.

        The synthesized picture stays, and Adam's averages too, unless
        ``image_shape`` changes: then the picture is resized and they begin
        again. ``init`` and ``seed`` speak at the next :meth:`reset`. If it
        raises, nothing has changed.
        """
        old, anew = self.recipe, self.recipe.makes_anew(recipe)
        with self._computing(recipe), self.all_or_nothing():
            if content_img is not None:
                self.content_img = images.as_image(content_img)
            if style_img is not None:
                self.style_img = images.as_image(style_img)
            if NETWORK in anew and not self.given_net:
                self.pretrained_net = self._load(recipe.weights)
            new = content_img is not None or style_img is not None
            if new or anew:
                self._check_memory(recipe, self._held(old))
                self._aim(recipe)
            self.objective = self._make_objective(recipe)
            if SIZE in anew:
                img = images.resize(self.image(), recipe.image_shape)
                self._begin(images.standardise(img))
                self.adam_steps = 0
            self.recipe = recipe

    @_computes
    def gradients(self, array):
        """Return each loss's gradient at a picture, before any weight.

        ``array`` is a standardised (1, 3, h, w) float32 array. Returns such
        arrays in the order: content layers, style layers, TV.
        """
        return self._gradients(np.ascontiguousarray(array, np.float32))

    @_computes
    def features(self, array):
        """Return what the network sees in a picture: (contents, styles).

        ``array`` is a standardised (1, 3, h, w) float32 array of the
        recipe's ``image_shape`` or of the style picture as it is seen, else
        ``ValueError``. Returns two lists of NumPy arrays (1, c, h', w'), in
        the order of the recipe's layers.
        """
        shape = (1, 3, *self.recipe.image_shape)
        if np.shape(array) not in (shape, self._style_shape()):
            raise invalid(
                "This picture does not fit: it should be {shape}, and is "
                "{given}.",
                shape=shape,
                given=np.shape(array),
            )
        return self._feature_arrays(np.ascontiguousarray(array, np.float32))

    def pictures_seen(self, recipe=None):
        """Return content and style picture as the network sees them.

        Two RGB PIL images of ``image_shape``, of ``recipe`` or of the one
        in force; with ``style_fit="keep"`` the style picture has a shape of
        its own. Raises ``ValueError`` if it is then too narrow.
        """
        r = recipe or self.recipe
        return (
            images.resize(self.content_img, r.image_shape, r.antialias),
            images.fit(
                self.style_img,
                r.image_shape,
                r.style_fit,
                r.antialias,
                vgg.smallest_side(r.deepest),
            ),
        )

    def _style_shape(self):
        """Return the shape (1, 3, h, w) in which style is seen."""
        r = self.recipe
        if r.style_fit != "keep":
            return (1, 3, *r.image_shape)
        return (1, 3, *images.fitted_shape(self.style_img, r.image_shape))

    @_computes
    def state(self):
        """Return all that a run needs to go on: a dict of NumPy arrays.

        ``image``, ``mean`` and ``variance`` (Adam's averages) are
        (1, 3, h, w) float32; ``epoch`` and ``adam_steps`` are integers.
        """
        mean, variance = self._adam()
        return {
            "image": self.array(),
            "mean": mean,
            "variance": variance,
            "epoch": np.array(self.epoch),
            "adam_steps": np.array(self.adam_steps),
        }

    @_computes
    def load_state(self, state):
        """Go on from a :meth:`state` of the same ``image_shape``.

        It may come from the other backend. Raises ``ValueError`` if it does
        not fit. If it raises, nothing has changed.
        """
        new = checked(state, self.recipe.image_shape)
        with self.all_or_nothing():
            self._begin(*(new[name] for name in AVERAGES), new["adam_steps"])
            self.epoch, self.adam_steps = (new[name] for name in COUNTS)

    @_computes
    def network_fingerprint(self):
        """Return the SHA-256 of the network's parameters, in hex.

        The same in both backends, and as :func:`~.weights.fingerprint` gives
        it for what was loaded.
        """
        if self._fingerprint[0] is not self.pretrained_net:
            parameters = dict(self._parameters(self.pretrained_net.features))
            self._fingerprint = self.pretrained_net, fingerprint(parameters)
        return self._fingerprint[1]

    def _parameters(self, features):
        """Yield (name, NumPy array) of all convolutions that are there."""
        for layer in vgg.CONVS:
            if layer.index < len(features):
                conv = features[layer.index]
                for kind in ("weight", "bias"):
                    array = self._as_numpy(getattr(conv, kind))
                    yield f"features.{layer.index}.{kind}", array

    def bytes_needed(self):
        """Forecast how many bytes the run takes besides the network."""
        return forecast.bytes_needed(*self._needs(self.recipe))

    def _check_memory(self, recipe, held=0):
        """Raise ``forecast.TooLarge`` if the run would not fit.

        ``held`` bytes will be given back by the run that is being left.
        """
        free = self._free_bytes()
        if free is not None:
            needs = self._needs(recipe)
            forecast.refuse_if_too_large(*needs, free + held)

    def _needs(self, recipe):
        widths = {
            layer.index: self.pretrained_net.features[layer.index].bias.shape[
                0
            ]
            for layer in vgg.CONVS
            if layer.index <= recipe.deepest
        }
        return recipe, widths, self._backend, self._itemsize(recipe)

    def _aim(self, recipe):
        """Set the network's frozen copy and the targets."""
        net = self._make_net(recipe)
        content_X, style_X = map(
            images.standardise, self.pictures_seen(recipe)
        )
        contents, grams = {}, {}
        for i, Y in self._outputs(net, content_X):
            if i in recipe.content_taps:
                contents[i] = Y
        for i, Y in self._outputs(net, style_X):
            if i in recipe.style_taps:
                grams[i] = self._gram(Y)
        self.net = net
        self.contents_Y = [contents[i] for i in recipe.content_taps]
        self.styles_Y_gram = [grams[i] for i in recipe.style_taps]

    def _losses(self, numbers):
        """Return Losses of content layers, style layers and TV, in a row."""
        n = len(self.recipe.content_layers)
        contents, styles = tuple(numbers[:n]), tuple(numbers[n:-1])
        total = sum(contents) + self.recipe.style_repeats * sum(styles)
        return Losses(contents, styles, numbers[-1], total + numbers[-1])

    def first_array(self, init):
        """Return a run's first picture, standardised (1, 3, h, w) float32.

        ``init`` is ``"content"``, ``"style"`` or ``"noise"``.
        """
        r = self.recipe
        if init == "noise":
            return images.noise_image(r.image_shape, r.seed)
        if init == "content":
            img = images.resize(self.content_img, r.image_shape, r.antialias)
        else:
            img = images.fill(
                self.style_img, r.image_shape, r.style_fit, r.antialias
            )
        return images.standardise(img)

    def _epsilon(self):
        """Return the epsilon for this step in the framework's convention.

        PyTorch adds it after the bias correction sqrt(1 - beta2^t) of the
        variance, MXNet before; each convention is the other one rescaled.
        """
        correction = math.sqrt(1 - self.recipe.beta2**self.adam_steps)
        if self.recipe.adam_epsilon == self._backend:
            return EPSILON
        if self._backend == "mxnet":
            return EPSILON * correction
        return EPSILON / correction

    _backend: str  # "pytorch" or "mxnet"
    _objective: type  # what computes the losses and their gradient
    _default_device: Callable  # the chapter's try_gpu
    _gram: Callable  # the Gram matrix of features, in float32

    def _held(self, recipe):
        """Return how many bytes are still held between two epochs."""
        return 0

    def _itemsize(self, recipe):
        """Return how many bytes each number of a feature takes."""
        return 4

    @abstractmethod
    def _free_bytes(self):
        """Return how many bytes may still be taken; None: unknown."""

    def _computing(self, recipe):
        """Return the context in which the backend computes a recipe."""
        return nullcontext()

    @abstractmethod
    def _as_numpy(self, parameter):
        """Return a parameter of a layer as a float32 NumPy array."""

    @abstractmethod
    def _array(self):
        """Return the picture as :meth:`array` does."""

    @abstractmethod
    def _load(self, weights):
        """Return the pretrained network."""

    @abstractmethod
    def _make_net(self, recipe):
        """Return a frozen copy of the network up to the deepest tap."""

    @abstractmethod
    def _outputs(self, net, array):
        """Yield (i, output of net[i]) for an array (1, 3, h, w)."""

    def _make_objective(self, recipe):
        targets = self.contents_Y, self.styles_Y_gram
        return self._objective(self.net, recipe, *targets)

    @abstractmethod
    def _begin(self, array, mean=None, variance=None, adam_steps=0):
        """Set the picture and the optimiser's state."""

    @abstractmethod
    def _losses_and_gradient(self):
        """Return the losses, as _losses takes them; keep the gradient."""

    @abstractmethod
    def _gradients(self, array):
        """Return the gradients of the unweighted losses, NumPy arrays."""

    @abstractmethod
    def _feature_arrays(self, array):
        """Return (contents, styles), two lists of NumPy arrays."""

    @abstractmethod
    def _descend(self, lr, epsilon):
        """Take one Adam step along the gradient that was kept."""

    @abstractmethod
    def _adam(self):
        """Return Adam's (mean, variance) as NumPy arrays."""
