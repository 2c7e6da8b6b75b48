"""A run with a memory: its curves, its changes, its way back.

No widget and no thread is known here. One thread at a time may call it.
"""

import statistics
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field

from d2l_style.language import _
from d2l_style.panel.remains import remains_of
from d2l_style.panel.words import in_words
from d2l_style.trouble import trouble

UNDO_STEPS = 10  # each keeps a picture and Adam's averages


@dataclass(frozen=True)
class Mark:
    """A change: after how many epochs, and what it was, in words."""

    epoch: int
    text: str


@dataclass
class History:
    """What the plots show: a list entry for each epoch, and the marks.

    ``layers`` holds a dict {style layer: weighted loss} for each epoch.
    """

    epochs: list = field(default_factory=list)
    content: list = field(default_factory=list)
    style: list = field(default_factory=list)
    tv: list = field(default_factory=list)
    total: list = field(default_factory=list)
    layers: list = field(default_factory=list)
    marks: list = field(default_factory=list)

    def add(self, epoch, style_layers):
        """Append an :class:`~d2l_style.transfer.Epoch`."""
        self.epochs.append(epoch.number)
        for name in ("content", "style", "tv", "total"):
            getattr(self, name).append(getattr(epoch, name))
        self.layers.append(
            dict(zip(style_layers, epoch.losses.styles, strict=True))
        )

    def last(self):
        """Return the losses of the last epoch, {} before the first."""
        names = ("content", "style", "tv")
        return {name: getattr(self, name)[-1] for name in names if self.epochs}

    def copy(self):
        """Return a history that grows on its own."""
        return History(**{k: list(v) for k, v in vars(self).items()})


@dataclass(frozen=True)
class Moment:
    """All that is needed to be at a point of the run again.

    ``pictures`` are content and style, ``names`` what they are called;
    ``state`` is what
    :meth:`~d2l_style.transfer.StyleTransfer.state` gives.
    """

    state: dict
    recipe: object
    pictures: tuple
    names: dict
    epoch: int
    history: History


class Session:
    """A :class:`~d2l_style.transfer.StyleTransfer` that can be turned back.

    ``make`` builds the transfer when it is first needed: loading a network
    takes time, which belongs to the thread that computes.
    """

    def __init__(self, make, names=None):
        self._make, self.transfer = make, None
        self.names = names or {}
        self.history = History()
        self._past, self._future = (deque(maxlen=UNDO_STEPS) for _i in "ab")
        self._shares, self._unmoved = None, False
        self.seconds = deque(maxlen=50)  # of the latest epochs
        self.seconds_expected = None  # of an epoch, as it was forecast

    def begin(self):
        """Build the transfer if it is not there yet, and return it."""
        if self.transfer is None:
            self.transfer = self._make()
        return self.transfer

    @property
    def recipe(self):
        """The recipe in force."""
        return self.transfer.recipe

    @property
    def finished(self):
        """Whether all of the recipe's epochs have been run."""
        return self.transfer.epoch >= self.recipe.num_epochs

    def state(self, going):
        """Return in a word where the run is, ``going`` on or not."""
        if self.transfer is None:
            return "missing"
        if going:
            return "running"
        if self.finished:
            return "finished"
        return "paused" if self.transfer.epoch else "ready"

    def epoch(self):
        """Run one epoch, remember and return it."""
        (epoch,) = self.begin().run(1)
        self._unmoved = False
        self.seconds.append(epoch.seconds)
        self.history.add(epoch, self.recipe.style_layers)
        return epoch

    def trouble(self):
        """Return what goes wrong since the last change, "" if nothing."""
        history = self.history
        changed = history.marks[-1].epoch if history.marks else 0
        begun = bisect_right(history.epochs, changed)
        totals = history.total[begun:]
        return trouble(totals, history.last(), self.recipe, self.finished)

    def reached(self):
        """Return what tells this point of the run from others of its epoch.

        None before the first epoch.
        """
        epoch = self.transfer.epoch
        return (epoch, self.history.last()) if epoch else None

    def edit(self, recipe, content_img=None, style_img=None, named=None):
        """Take over another recipe or other pictures; return the Mark.

        ``named`` says what the new pictures are, {"content": ..., ...}.
        Returns None if nothing is different. Raises as
        :meth:`~d2l_style.transfer.StyleTransfer.edit` does, unchanged.
        """
        transfer = self.begin()
        text = in_words(transfer.recipe, recipe, named or {})
        if not text:
            return None
        moment = self.moment()
        transfer.edit(recipe, content_img=content_img, style_img=style_img)
        self.names = self.names | (named or {})
        if transfer.epoch == 0:
            transfer.reset()  # another first image, perhaps
        if content_img is not None or style_img is not None:
            self._shares = None
        if not self._unmoved:
            self._past.append(moment)
            self._unmoved = True
        self._future.clear()
        return self._mark(text)

    def forget(self):
        """Let go of the run and of all moments."""
        self.transfer = self._shares = self._make = None
        self._past.clear()
        self._future.clear()

    def end(self):
        """Let go of all but the curves, the picture and its recipe."""
        transfer = self.transfer
        self.forget()
        if transfer is not None:
            self.transfer = remains_of(transfer)

    def moment(self):
        """Return the present :class:`Moment`."""
        transfer = self.begin()
        return Moment(
            transfer.state(),
            transfer.recipe,
            transfer.pictures,
            dict(self.names),
            transfer.epoch,
            self.history.copy(),
        )

    def undo(self):
        """Go back to before the last change; return whether there was one.

        Changes with no epoch between them count as one.
        """
        return self._jump(self._past, self._future)

    def redo(self):
        """Go forward to where the last :meth:`undo` came from.

        Returns whether there was one. A new change forgets it.
        """
        return self._jump(self._future, self._past)

    def _jump(self, there, back):
        if not there:
            return False
        now = self.moment()
        self.go_to(there[-1])
        there.pop()
        back.append(now)
        return True

    @property
    def can_undo(self):
        return bool(self._past)

    @property
    def can_redo(self):
        return bool(self._future)

    def go_to(self, moment):
        """Be at a moment again: picture, optimiser, choices and curves.

        If that fails, all is as it was.
        """
        recipe, pictures = self.begin().recipe, self.transfer.pictures
        self._aim(moment.recipe, moment.pictures)
        try:
            self.transfer.restore(moment.state)
        except BaseException:
            self._aim(recipe, pictures)
            raise
        self.names = dict(moment.names)
        self.history = moment.history.copy()
        self._shares, self._unmoved = None, False

    def _aim(self, recipe, pictures):
        content, style = pictures
        self.transfer.edit(recipe, content_img=content, style_img=style)

    def return_to(self, moment, name):
        """Go back to a kept moment, as a change that can be undone."""
        now = self.moment()
        self.go_to(moment)
        self._past.append(now)
        self._future.clear()
        return self._mark(_("back to {name}", name=name))

    def reset(self):
        """Begin again from the first image, with the present recipe.

        A run of at least one epoch can be had back by :meth:`undo`.
        """
        now = self.moment()
        self.transfer.reset()
        if now.epoch:
            self._past.append(now)
            self._future.clear()
        self.history = History()
        self._unmoved = False

    def time_epochs(self):
        """Forecast the seconds of an epoch from a few that are undone."""
        self.seconds_expected = self.begin().time_epochs()
        self.seconds.clear()

    @property
    def seconds_per_epoch(self):
        """The median of the latest epochs' seconds; None before the first."""
        return statistics.median(self.seconds) if self.seconds else None

    def shares(self):
        """Return the :class:`~.gradient_shares.Shares` of present choices."""
        recipe = self.begin().recipe
        if self.known_shares(recipe) is None:
            measured = self.transfer.gradient_shares()
            self._shares = recipe, measured
        return self._shares[1]

    def known_shares(self, recipe):
        """Return the shares if those last measured fit ``recipe``."""
        if self._shares and not self._shares[0].makes_anew(recipe):
            return self._shares[1]
        return None

    def _mark(self, text):
        mark = Mark(self.transfer.epoch, text)
        if self.history.epochs:  # before the first there is nothing to mark
            self.history.marks.append(mark)
        return mark
