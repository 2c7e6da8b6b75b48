"""Figures of cells stay whole while widgets send messages in threads."""

import gc
import importlib
import subprocess
import sys
import textwrap
import threading

import pytest

ipywidgets = pytest.importorskip("ipywidgets", reason="it is not installed")
pytest.importorskip("anywidget", reason="anywidget is not installed")

import IPython  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from traitlets import Any, HasTraits  # noqa: E402
from traitlets.config import Config  # noqa: E402

from d2l_style.exercises.chooser import choose_pictures  # noqa: E402
from d2l_style.exercises.questions import ask  # noqa: E402
from d2l_style.machine.figures import guard_figures  # noqa: E402

FLUSH = "matplotlib_inline.backend_inline", "flush_figures"
REDRAW = "matplotlib.pyplot", "_draw_all_if_interactive"
MESSAGE = {"content": {"data": {"method": "update", "state": {}}}}


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """An IPython without a kernel, whom ``get_ipython`` answers."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    off = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell(config=off)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    return shell


class Callbacks:
    """Callbacks of ``post_execute``; which of them were called."""

    def __init__(self, shell):
        self.shell, self._called = shell, []
        self.flush, self.redraw = self.add(*FLUSH), self.add(*REDRAW)
        self.own = self.add("__main__", "flush_figures")
        self.all = [self.flush, self.redraw, self.own]

    def add(self, module, name):
        def callback():
            self._called.append(callback)

        callback.__module__, callback.__name__ = module, name
        self.shell.events.register("post_execute", callback)
        return callback

    def called(self):
        """Return which were called since this was last asked."""
        called, self._called = self._called, []
        return called

    def in_cell(self, *acts):
        """Run a cell that does all these; return which were called then."""
        during = []
        self.called()
        cell(self.shell, *acts, lambda: during.extend(self.called()))
        return during


@pytest.fixture
def callbacks(shell):
    return Callbacks(shell)


@pytest.fixture
def box(shell):
    """A widget that is guarded with, and closed in the end."""
    box = ipywidgets.VBox()
    guard_figures(box)
    yield box
    box.close()


def in_thread(act, *args):
    thread = threading.Thread(target=act, args=args)
    thread.start()
    thread.join()


def message(widget):
    """Handle a message in a thread of its own, as ipykernel 7 does."""
    in_thread(widget.comm.handle_msg, MESSAGE)


def cell(shell, *acts):
    """Run a cell that does all these."""
    shell.user_ns["acts"] = acts
    assert shell.run_cell("for act in acts: act()").success


def is_guarded(shell):
    return "trigger" in vars(shell.events)


def test_without_a_guard_a_message_draws(shell, callbacks):
    box = ipywidgets.VBox()
    assert callbacks.in_cell(lambda: message(box)) == callbacks.all
    box.close()


def test_while_a_cell_runs_only_the_cell_draws(callbacks, box):
    for _ in range(2):
        during = callbacks.in_cell(lambda: message(box))
        assert during == [callbacks.own]
        assert callbacks.called() == callbacks.all


def test_between_cells_a_message_draws_as_ever(shell, callbacks, box):
    """A reader's own widget may count on it."""
    cell(shell)
    callbacks.called()
    message(box)
    assert callbacks.called() == callbacks.all


def test_the_cell_that_opens_the_guard_is_guarded(callbacks):
    box = ipywidgets.VBox()
    during = callbacks.in_cell(
        lambda: guard_figures(box), lambda: message(box)
    )
    assert during == [callbacks.own]
    assert callbacks.called() == callbacks.all
    message(box)
    assert callbacks.called() == callbacks.all
    box.close()


def test_a_message_in_the_cells_own_thread_draws_as_ever(callbacks, box):
    """In ipykernel 6 there is no other; such a message waits for the cell."""
    during = callbacks.in_cell(lambda: box.comm.handle_msg(MESSAGE))
    assert during == callbacks.all


def test_a_cell_in_a_subshell_draws_its_figures(shell, callbacks, box):
    def subshell():
        shell.events.trigger("pre_run_cell", None)
        shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", None)

    during = callbacks.in_cell(lambda: in_thread(subshell))
    assert during == callbacks.all


def test_a_cell_that_fails_is_over(shell, callbacks, box, capsys):
    assert not shell.run_cell("1 / 0").success
    callbacks.called()
    message(box)
    assert callbacks.called() == callbacks.all


def test_other_events_reach_every_callback(shell, box):
    seen = []
    shell.events.register("pre_execute", lambda: seen.append("begun"))
    shell.events.register("post_run_cell", seen.append)
    cell(shell, lambda: message(box))
    assert seen[:2] == ["begun", "begun"]
    assert seen[2].success
    with pytest.raises(KeyError):
        shell.events.trigger("no such event")


def test_a_callback_that_fails_stops_none_after_it(shell, box, capsys):
    def fails():
        raise ZeroDivisionError

    after = []
    shell.events.register("post_execute", fails)
    shell.events.register("post_execute", lambda: after.append(1))
    cell(shell, lambda: message(box))
    assert len(after) == 2
    assert capsys.readouterr().out.count("Error in callback") == 2


def test_it_is_put_on_once_and_taken_off_with_the_last(shell, callbacks):
    events, boxes = shell.events, [ipywidgets.VBox() for _ in range(3)]
    before = list(events.callbacks["post_execute"])
    guard_figures(boxes[0])
    guard = events.trigger
    for box in boxes:
        guard_figures(box)  # the first one for the second time
    assert events.trigger is guard
    for box in boxes:
        assert is_guarded(shell)
        box.close()
        box.close()
    assert not is_guarded(shell)
    assert events.callbacks["post_execute"] == before
    during = callbacks.in_cell(lambda: in_thread(guard, "post_execute"))
    assert during == callbacks.all  # who still holds it meets no guard


def test_a_widget_that_is_collected_needs_no_guard(shell):
    class Widget(HasTraits):
        comm = Any(1)

    widget = Widget()
    guard_figures(widget)
    assert is_guarded(shell)
    del widget
    gc.collect()
    assert not is_guarded(shell)


def test_callbacks_may_come_and_go(shell, callbacks, box):
    def unregister():
        shell.events.unregister("post_execute", callbacks.flush)

    def register():
        shell.events.register("post_execute", callbacks.flush)

    during = callbacks.in_cell(unregister, lambda: message(box))
    assert during == [callbacks.own]
    assert callbacks.called() == [callbacks.redraw, callbacks.own]
    with pytest.raises(ValueError, match="not registered"):
        unregister()
    during = callbacks.in_cell(register, lambda: message(box))
    assert during == [callbacks.own]
    every = [callbacks.redraw, callbacks.own, callbacks.flush]
    assert callbacks.called() == every
    box.close()
    assert shell.events.callbacks["post_execute"][-3:] == every


def test_what_others_put_in_its_place_stays(shell, callbacks, box):
    guard, seen = shell.events.trigger, []

    def theirs(event, *args, **kwargs):
        seen.append(event)
        guard(event, *args, **kwargs)

    shell.events.trigger = theirs
    during = callbacks.in_cell(lambda: message(box))
    assert during == [callbacks.own]
    box.close()
    assert shell.events.trigger is theirs
    other = ipywidgets.VBox()
    assert callbacks.in_cell(lambda: message(other)) == callbacks.all
    guard_figures(other)
    during = callbacks.in_cell(lambda: message(other))
    assert during == [callbacks.own]
    assert seen[-1] == "post_run_cell"
    other.close()
    assert shell.events.trigger is theirs


def test_many_threads_open_and_close(shell, callbacks):
    def open_and_close():
        for _ in range(50):
            box = ipywidgets.VBox()
            guard_figures(box)
            box.comm.handle_msg(MESSAGE)
            box.close()

    threads = [threading.Thread(target=open_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not is_guarded(shell)


def test_outside_ipython_nothing_happens(monkeypatch):
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    box = ipywidgets.VBox()
    guard_figures(box)
    box.close()
    monkeypatch.delitem(sys.modules, "IPython")
    guard_figures(ipywidgets.VBox())


@pytest.mark.parametrize(
    "make", [choose_pictures, lambda: ask("start")], ids=["chooser", "ask"]
)
def test_widgets_of_the_exercises_are_guarded(shell, make):
    widget = make()
    assert is_guarded(shell)
    widget.close()
    assert not is_guarded(shell)


REAL = """
    import sys, threading
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    import ipywidgets
    from traitlets.config import Config
    from d2l_style.machine.figures import guard_figures

    off = Config({"HistoryManager": {"enabled": False}})

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            pass

    shell = Shell.instance(config=off)
    box = ipywidgets.VBox()
    if GUARDED:
        guard_figures(box)
    assert "matplotlib" not in sys.modules
    MESSAGE = {"content": {"data": {"method": "update", "state": {}}}}

    def message():
        thread = threading.Thread(target=box.comm.handle_msg, args=[MESSAGE])
        thread.start()
        thread.join()

    shell.user_ns["message"] = message
    LATE = "%matplotlib inline\\nimport matplotlib.pyplot as plt"
    PLOT = "plt.plot([1, 3, 2]);{}plt.title('whole');"

    def plotted(*cells):
        with capture_output() as out:
            assert all(shell.run_cell(cell).success for cell in cells)
        return [shown.data["image/png"] for shown in out.outputs]

    disturbed = plotted(LATE + "\\n" + PLOT.format("message();"))
    import matplotlib
    before = dict(matplotlib.rcParams), matplotlib.get_backend()
    again = plotted(PLOT.format("message();"))
    alone = plotted(PLOT.format(""))
    print(len(alone), disturbed == alone, again == alone)
    box.close()
    assert (dict(matplotlib.rcParams), matplotlib.get_backend()) == before
    names = {f.__name__ for f in shell.events.callbacks["post_execute"]}
    print(*sorted(names), "trigger" in vars(shell.events))
"""


@pytest.mark.parametrize(
    ("guarded", "said"), [(True, "1 True True"), (False, "1 False False")]
)
def test_figures_of_a_real_matplotlib(tmp_path, monkeypatch, guarded, said):
    """The reader imports it after the panel is there."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    code = f"GUARDED = {guarded}\n" + textwrap.dedent(REAL)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [
        said,
        "_draw_all_if_interactive _on_post_execute flush_figures False",
    ]


def test_the_callbacks_are_called_so():
    """Their names are all that the guard knows of them."""
    for module, name in (FLUSH, REDRAW):
        function = getattr(importlib.import_module(module), name)
        assert (function.__module__, function.__name__) == (module, name)
