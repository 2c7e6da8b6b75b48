"""Keep the messages of widgets away from the figures of cells.

ipykernel 7 answers widgets in threads of their own, its subshells, and so
while a cell runs. After each message IPython fires ``post_execute``, and
there matplotlib shows, draws and closes every figure, among them those that
the cell has only begun: they came out cropped, empty, or not at all. While a
cell runs, only the thread that runs it may do that.
"""

import copy
import threading
import weakref

from d2l_style.machine.commands import shell

# By name, since nothing is imported for them: a later cell may do that.
_DRAWING = {
    ("matplotlib.pyplot", "_draw_all_if_interactive"),
    ("matplotlib_inline.backend_inline", "flush_figures"),
}
_lock = threading.RLock()  # its holder may be who collects a widget


def guard_figures(widget):
    """Guard the figures of cells until a widget is closed, or collected.

    As many widgets as like may ask for it. Callbacks of the reader's, and
    what matplotlib is set to, stay as they are. Outside IPython nothing
    happens.
    """
    events = getattr(shell(), "events", None)
    if events is None:
        return
    with _lock:
        guard = vars(events).get("trigger")
        if not isinstance(guard, _Guard):
            guard = _Guard(events)
        leave = guard.join(widget)

    def told(change):
        if change["new"] is None:  # it is closed
            leave()

    widget.observe(told, "comm")


class _Guard:
    """Stands in for ``trigger`` of a shell's events while it has users.

    Callbacks are looked at when they are fired: those that come later, as
    with ``%matplotlib inline``, are guarded too, and none is ever moved.
    """

    def __init__(self, events):
        self._events, self._users = events, set()
        self._before, self._fire = vars(events).get("trigger"), events.trigger
        # The cell that asks for the guard began before there was one.
        self._cells = {threading.main_thread().ident}
        events.trigger = self

    def join(self, widget):
        """Serve one more widget; return what ends that, once."""
        user = object()
        self._users.add(user)
        end = weakref.finalize(widget, self._leave, user)
        end.atexit = False
        return end

    def _leave(self, user):
        with _lock:
            self._users.discard(user)
            if self._users or vars(self._events).get("trigger") is not self:
                return  # still in use, or within what others put on top
            del self._events.trigger
            if self._before is not None:
                self._events.trigger = self._before

    def __call__(self, event, *args, **kwargs):
        thread = threading.get_ident()
        if event == "pre_run_cell":
            self._cells.add(thread)
        if event == "post_execute" and self._elsewhere(thread):
            self._fire_others(event, *args, **kwargs)
        else:
            self._fire(event, *args, **kwargs)
        if event == "post_run_cell":
            self._cells.discard(thread)

    def _elsewhere(self, thread):
        """Return whether a cell runs, and not in this thread."""
        return self._users and self._cells and thread not in self._cells

    def _fire_others(self, event, *args, **kwargs):
        """Fire an event for all but the callbacks that draw."""
        others = copy.copy(self._events)
        callbacks = self._events.callbacks[event]
        others.callbacks = {event: [f for f in callbacks if not _draws(f)]}
        type(others).trigger(others, event, *args, **kwargs)


def _draws(callback):
    names = (getattr(callback, n, None) for n in ("__module__", "__name__"))
    return tuple(names) in _DRAWING
