"""A run that is not finished, in a file beside the picture it will become."""

import sys

from d2l_style.language import N_, _
from d2l_style.machine.throttle import Throttle
from d2l_style.saved_run import facts_of_run
from d2l_style.transfer import StyleTransfer

_SECONDS = 2  # that may be lost, at least
_SHARE = 0.01  # of the time that writing may take


class Unfinished:
    """Writes a run now and then, for ``--resume``; ``remove`` at its end."""

    def __init__(self, out):
        self.path = out.with_name(f"{out.name}.unfinished")
        self._throttle, self._fails = Throttle(_SHARE, _SECONDS), False
        self._throttle.begin()

    def say(self):
        """Say that there is one, before a new run takes its place."""
        try:
            recipe, facts = facts_of_run(self.path)
            done = int(facts["epoch"])
        except (OSError, ValueError, LookupError, TypeError):
            return
        message = N_(
            "A run of {out} was left at epoch {done} of {total}: --resume "
            "goes on with it, this run takes its place."
        )
        out = self.path.with_suffix("")
        print(_(message, out=out, done=done, total=recipe.num_epochs))

    def load(self, pictures, backend=None):
        """Return the :class:`~d2l_style.transfer.StyleTransfer` as it was.

        Raises as its ``load`` does, and ``FileNotFoundError`` without one.
        """
        if not self.path.exists():
            raise FileNotFoundError(
                _(
                    "There is no unfinished run to go on with: {path} is not "
                    "there. Leave out --resume.",
                    path=self.path,
                )
            )
        return StyleTransfer.load(self.path, *pictures, backend)

    def follow(self, run):
        """Write the run when it is time to; once that fails, no more."""
        if not self._fails and self._throttle.due():
            with self._throttle.timed():
                self.write(run)

    def write(self, run):
        """Write the run as it is now; say so if that cannot be."""
        try:
            run.save(self.path)
        except OSError as error:
            self._fails = True
            goes_on = _("The run goes on, but --resume will not find it.")
            print(f"{error} {goes_on}", file=sys.stderr)

    def remove(self):
        self.path.unlink(missing_ok=True)
