"""What a panel leaves behind: the run beside its notebook, and a picture."""

from contextlib import contextmanager

from d2l_style.language import _
from d2l_style.panel.kept_run import KeptRun
from d2l_style.panel.place import folder_of, in_jupyter
from d2l_style.panel.still import STYLE, Still


class Lasting:
    """Has a run written, and the picture in the cell brought up to date.

    Nothing is kept outside a notebook, nor of a run with a network of one's
    own. What goes wrong is told to ``say``.
    """

    def __init__(self, backend, own_net, say):
        here = in_jupyter() and not own_net
        self.kept = KeptRun(folder_of(backend) if here else None, backend)
        self.still, self._say = Still(), say

    @contextmanager
    def shown(self):
        """Put what is needed into the cell, before and after the panel."""
        if not in_jupyter():
            yield
            return
        from IPython.display import display

        display({"text/html": STYLE}, raw=True)
        yield
        self.still.show()

    def follow(self, session, curves):
        """Keep up with a run after each epoch; ``curves`` are PNG bytes."""
        self._keep(self.kept.follow, session)
        self.still.update(session, curves)

    def leave(self, session, curves):
        """Leave a run as it is now."""
        if session.transfer is not None:
            self._keep(self.kept.write, session)
            self.still.update(session, curves, force=True)

    def _keep(self, write, session):
        """Have the run written; where that fails, say so and try no more."""
        try:
            write(session)
        except OSError as error:
            self.kept.folder = None
            sentence = _(
                "The run cannot be kept beside the notebook ({reason}). Save "
                "what you want to keep under Snapshots.",
                reason=error.strerror or error,
            )
            self._say(sentence, "note")
