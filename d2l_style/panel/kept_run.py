"""A panel's run beside its notebook, so that it outlives the kernel.

A folder holds the last run: its state as
:func:`~d2l_style.saved_run.write_run` writes it, with the curves in its
metadata, and the two pictures.
"""

from contextlib import suppress
from dataclasses import asdict

from d2l_style.language import invalid
from d2l_style.machine.files import whole_file
from d2l_style.machine.throttle import Throttle
from d2l_style.panel.session import History, Mark, Moment
from d2l_style.pictures import images
from d2l_style.pictures.samples import KINDS
from d2l_style.saved_run import facts_of_run, read_run, write_run

EVERY = 10  # epochs that may be lost
_SHARE = 0.05  # of the time that writing may take


class KeptRun:
    """The run in ``folder``; without one nothing is kept and none found."""

    def __init__(self, folder, backend):
        self.folder, self.backend = folder, backend
        self._throttle = Throttle(_SHARE, 0)
        self._written = self._pictures = None

    def follow(self, session):
        """Write a run after an epoch, when it is time to. May raise OSError.

        After every tenth; less often where that would take more than a
        twentieth of the time.
        """
        tenth = session.transfer.epoch % EVERY == 0
        if self.folder and tenth and self._throttle.due():
            with self._throttle.timed():
                self.write(session)

    def write(self, session):
        """Write a run as it is, unless that is what was last written."""
        now = session.reached()
        if self.folder is None or now in (None, self._written):
            return
        moment = session.moment()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_pictures(moment.pictures)
        write_run(
            self.folder / "run.safetensors",
            moment.state,
            moment.recipe,
            self.backend,
            moment.pictures,
            session.transfer.network(),
            {
                "epoch": moment.epoch,
                "names": moment.names,
                "history": asdict(moment.history),
            },
        )
        self._written = now

    def _write_pictures(self, pictures):
        """Write the pictures if they are others than before."""
        if self._pictures == pictures:
            return
        for kind, img in zip(KINDS, pictures, strict=True):
            with whole_file(self.folder / f"{kind}.png") as part:
                img.save(part, "PNG", compress_level=1)
        self._pictures = pictures

    def offer(self):
        """Return (epoch, num_epochs, names) of the run that is there.

        None if there is none that could be read.
        """
        if self.folder is None:
            return None
        with suppress(OSError, ValueError):
            recipe, facts = facts_of_run(self.folder / "run.safetensors")
            epoch, names = _checked(facts)[:2]
            return epoch, recipe.num_epochs, names
        return None

    def take_up(self, session):
        """Have a session go on from the run; return its Moment.

        Raises as :meth:`read` does, and ``ValueError`` if the network is
        another one today. Then the session is where it was.
        """
        moment, saved = self.read()
        session.begin()
        before = session.moment()
        session.go_to(moment)
        try:
            saved.check_network(session.transfer.network())
        except ValueError:
            session.go_to(before)
            raise
        return moment

    def read(self):
        """Return the :class:`~.session.Moment` at which the run was left,
        and the :class:`~d2l_style.saved_run.SavedRun` it is made from.

        Raises ``ValueError`` and ``FileNotFoundError`` if it is damaged.
        """
        path = self.folder / "run.safetensors"
        pictures = tuple(
            images.open_image(self.folder / f"{kind}.png") for kind in KINDS
        )
        saved = read_run(path, pictures)
        epoch, names, history = _checked(facts_of_run(path)[1])
        state, recipe = saved.state, saved.recipe
        return Moment(state, recipe, pictures, names, epoch, history), saved


def _checked(facts):
    """Return (epoch, names, history) of what a file says of a run."""
    try:
        epoch, names = int(facts["epoch"]), dict(facts["names"])
        history = History(**facts["history"])
        history.marks = [Mark(**mark) for mark in history.marks]
        # JSON has text for the layers' numbers.
        history.layers = [
            {int(i): float(loss) for i, loss in layers.items()}
            for layers in history.layers
        ]
        whole = {len(list(values)) for values in _curves(history)} == {
            len(history.epochs)
        }
        texts = {*map(type, names.values())} <= {str}
        if names.keys() != set(KINDS) or epoch < 1 or not (whole and texts):
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError):
        raise invalid("What was kept of the run is damaged.") from None
    return epoch, names, history


def _curves(history):
    """Return the lists of a history that have an entry for each epoch."""
    curves = history.content, history.style, history.tv, history.total
    return (*curves, history.layers)
