"""The run: epoch after epoch, stopped, changed, saved and gone on with."""

import importlib
import os
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

from d2l_style.engine.base import Diverged, Losses
from d2l_style.engine.forecast import Forecast
from d2l_style.engine.gradient_shares import Shares
from d2l_style.language import invalid
from d2l_style.network.weights import NAMES, resolve
from d2l_style.pictures import images
from d2l_style.recipe import BACKENDS, Recipe
from d2l_style.saved_run import Network, read_run, write_run

# Epochs that a forecast is made from: some, and for a twentieth of the run's
# time, which is at least so many seconds (short epochs jitter) and at most so
# many, after which fewer epochs have to do.
_TIMED = 4
_SOON, _PATIENCE = 0.5, 3.0
_CHAPTERS = {"pytorch": "d2l_style.torch", "mxnet": "d2l_style.mxnet"}
_ENGINES = {
    "pytorch": "d2l_style.engine.pytorch",
    "mxnet": "d2l_style.engine.mxnet",
}


@dataclass(frozen=True)
class Epoch:
    """What one epoch leaves for whoever watches.

    ``number`` counts from 1. The losses are weighted and were measured
    before the epoch's step; ``image()`` makes the picture as it is now, a
    ``PIL.Image``. ``seconds`` is what the epoch took.
    """

    number: int
    losses: Losses
    seconds: float
    image: Callable

    @property
    def content(self):
        return self.losses.content

    @property
    def style(self):
        return self.losses.style

    @property
    def tv(self):
        return self.losses.tv

    @property
    def total(self):
        return self.losses.total


class StyleTransfer:
    """A style transfer: pictures, a recipe, and a run that can go on.

    ``content_img`` and ``style_img`` are pictures as
    :func:`d2l_style.pictures.images.as_image` takes them, ``backend`` is
    ``"pytorch"`` or ``"mxnet"``; ``net`` and ``device`` are passed to the
    backend's ``Synthesis``. Raises ``ValueError``, ``FileNotFoundError`` or
    ``ImportError`` with a sentence that says what to do. ::

        transfer = StyleTransfer("valley.jpg", "oaks.jpg")
        for epoch in transfer.run():
            print(epoch.number, epoch.content, epoch.style, epoch.tv)
        transfer.image().save("out.png")
    """

    def __init__(
        self,
        content_img,
        style_img,
        recipe=None,
        backend="pytorch",
        *,
        net=None,
        device=None,
    ):
        self.backend = backend
        # Another thread may look at the picture while one runs the epochs.
        self._lock = threading.RLock()
        backend_module(backend)  # complains if there is no such thing here
        engine = importlib.import_module(_ENGINES[backend])
        self.synthesis = engine.Synthesis(
            content_img,
            style_img,
            Recipe.preset("paired", backend) if recipe is None else recipe,
            net=net,
            device=device,
        )

    @property
    def recipe(self):
        """The recipe in force; :meth:`edit` changes it."""
        return self.synthesis.recipe

    @property
    def epoch(self):
        """How many epochs have been run."""
        return self.synthesis.epoch

    def run(self, num_epochs=None):
        """Run and yield an :class:`Epoch` after each epoch.

        ``num_epochs`` more epochs, by default as many as the recipe has
        left. The generator may be left and another one started: it goes on
        where the last one was. Raises
        :class:`~d2l_style.engine.base.Diverged` at the first loss that is not
        finite, with the last good picture still in place.
        """
        if num_epochs is None:
            num_epochs = max(0, self.recipe.num_epochs - self.epoch)
        for _epoch in range(num_epochs):
            yield self._one_epoch()

    def _one_epoch(self):
        with self._lock:
            start = time.perf_counter()
            losses = self.synthesis.step()
            seconds = time.perf_counter() - start
            return Epoch(self.epoch, losses, seconds, self.image)

    def forecast(self):
        """Return the :class:`~.forecast.Forecast` of this run."""
        seconds = self.time_epochs()
        return Forecast(self.synthesis.bytes_needed(), seconds)

    def time_epochs(self):
        """Run some epochs, undo them, and return the seconds of one.

        The median of the later half: a process is slow as long as memory is
        new to it. Raises :class:`~d2l_style.engine.base.Diverged` if not even
        one epoch can be run.
        """
        seconds = []
        with self.alone():  # nobody shall see these epochs
            state, start = self.state(), time.monotonic()
            try:
                while not self._timed(seconds, time.monotonic() - start):
                    seconds += [epoch.seconds for epoch in self.run(1)]
            except Diverged:
                if not seconds:
                    raise
            finally:
                self.restore(state)
        return _settled(seconds)

    def _timed(self, seconds, spent):
        """Return whether these epochs, timed for so long, are enough."""
        if len(seconds) < _TIMED:
            return bool(seconds) and spent > _PATIENCE
        whole = _settled(seconds) * self.recipe.num_epochs
        return spent > min(max(whole / 20, _SOON), _PATIENCE)

    @contextmanager
    def alone(self):
        """Keep other threads from the run as long as the block lasts."""
        with self._lock:
            yield

    def image(self):
        """Return the picture as it is now, a ``PIL.Image``.

        It may be called from any thread while another one runs the epochs;
        it waits for the end of the epoch in hand.
        """
        with self._lock:
            return self.synthesis.image()

    def edit(
        self, recipe=None, *, content_img=None, style_img=None, **changes
    ):
        """Go on with another recipe, other pictures, or other choices.

        The synthesized picture and the optimiser's state stay; see
        :meth:`~d2l_style.engine.base.SynthesisBase.retarget`. Raises
        ``ValueError`` for choices that are not valid, and changes nothing.
        """
        recipe = recipe or self.recipe
        if changes:
            recipe = recipe.replace(**changes)
        with self._lock:
            self.synthesis.retarget(recipe, content_img, style_img)

    @property
    def pictures(self):
        """The content and the style picture, as they were handed in."""
        with self._lock:
            return self.synthesis.content_img, self.synthesis.style_img

    def pictures_seen(self):
        """Return both as the network sees them; see
        :meth:`~d2l_style.engine.base.SynthesisBase.pictures_seen`."""
        with self._lock:
            return self.synthesis.pictures_seen()

    def features(self, array):
        """Return what the network sees in a picture; see
        :meth:`~d2l_style.engine.base.SynthesisBase.features`."""
        with self._lock:
            return self.synthesis.features(array)

    def array(self):
        """Return the picture, standardised: (1, 3, h, w) float32 NumPy."""
        with self._lock:
            return self.synthesis.array()

    def gradient_shares(self):
        """Return the :class:`~.gradient_shares.Shares` of this objective."""
        with self._lock:
            return Shares.of(self.synthesis)

    def reset(self):
        """Begin again from the first image."""
        with self._lock:
            self.synthesis.reset()

    def state(self):
        """Return all that :meth:`restore` needs, a dict of NumPy arrays."""
        with self._lock:
            return self.synthesis.state()

    def restore(self, state, recipe=None):
        """Go back to a :meth:`state`, and to the recipe it belongs to.

        Raises ``ValueError`` if they do not fit. If it raises, nothing has
        changed.
        """
        with self._lock, self.synthesis.all_or_nothing():
            if recipe is not None and recipe != self.recipe:
                self.synthesis.retarget(recipe)
            self.synthesis.load_state(state)

    def save(self, path):
        """Write the run to a safetensors file from which it can go on.

        The two pictures and the network are not in it, only their SHA-256.
        A file that is there already is replaced in one go, never left half
        written.
        """
        with self._lock:
            write_run(
                path,
                self.state(),
                self.recipe,
                self.backend,
                self.pictures,
                self.network(),
                {"epoch": self.epoch},
            )

    def network(self):
        """Return which network it is, a :class:`~.saved_run.Network`."""
        with self._lock:
            own = self.synthesis.given_net
            name = "" if own else lasting_network(self.recipe, self.backend)
            return Network(name, self.synthesis.network_fingerprint())

    @classmethod
    def load(
        cls,
        path,
        content_img,
        style_img,
        backend=None,
        *,
        net=None,
        device=None,
    ):
        """Return the run that :meth:`save` wrote, with its pictures.

        It may go on in the other backend. Raises ``ValueError`` if the file
        is no saved run, or pictures or network are not those of the run.
        """
        pair = [images.as_image(img) for img in (content_img, style_img)]
        saved = read_run(path, pair)
        backend = backend or saved.backend
        transfer = cls(*pair, saved.recipe, backend, net=net, device=device)
        saved.check_network(transfer.network())
        transfer.restore(saved.state)
        return transfer


def _settled(seconds):
    return statistics.median(seconds[len(seconds) // 2 :])


def backend_module(backend):
    """Import and return ``d2l_style.torch`` or ``d2l_style.mxnet``.

    ``backend`` is ``"pytorch"`` or ``"mxnet"``, else ``ValueError``;
    ``ImportError`` says what to do if the framework is not here.
    """
    if backend not in BACKENDS:
        raise invalid(
            "backend must be 'pytorch' or 'mxnet', not {given!r}.",
            given=backend,
        )
    return importlib.import_module(_CHAPTERS[backend])


def network_of(recipe, backend):
    """Return which network ``recipe.weights`` is in ``backend``, on this
    machine: what "auto" stands for depends on whether there is a GPU."""
    if recipe.weights != "auto":
        return recipe.weights
    return resolve("auto", backend_module(backend).has_gpu())


def lasting_network(recipe, backend):
    """Return :func:`network_of` as it is found from any folder."""
    name = network_of(recipe, backend)
    return name if name in NAMES else os.path.abspath(name)
