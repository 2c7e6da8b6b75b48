"""What is seen of a sweep while it runs: a bar, and a sheet that fills."""

from tqdm.auto import tqdm

from d2l_style.language import _
from d2l_style.machine.commands import in_notebook


class Live:
    """Shows a sweep's progress: the bar anywhere, the sheet in a notebook.

    Only its ``sheet()``, its length and its results are looked at.
    """

    def __init__(self, sweep):
        self._sweep, self._handle = sweep, None
        self._bar = tqdm(
            total=len(sweep), initial=len(sweep.results), desc=_("cells")
        )
        self._show_sheet()

    def update(self):
        """Take one more result."""
        self._bar.update()
        self._show_sheet()

    def close(self):
        self._bar.close()

    def _show_sheet(self):
        if not in_notebook() or not self._sweep.results:
            return
        from IPython.display import display

        if self._handle is None:
            self._handle = display(self._sweep.sheet(), display_id=True)
        else:
            self._handle.update(self._sweep.sheet())
