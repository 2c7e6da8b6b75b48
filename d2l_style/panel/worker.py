"""One thread that computes, and does what it is told in between."""

import contextlib
import threading
from collections import OrderedDict

from d2l_style.panel.threads import in_a_thread


class Worker:
    """A thread that runs epochs and, between two of them, commands.

    ``epoch()`` runs one epoch and returns whether to go on; ``failed(error)``
    is told of anything that is raised; ``done()`` is called after each
    command, and when the epochs end; ``ended()`` is the thread's last. All
    are called in the thread, as the commands are. Every method may be called
    from any thread.
    """

    def __init__(self, epoch, failed, done=lambda: None, ended=lambda: None):
        self._epoch, self._failed, self._done = epoch, failed, done
        self._ended = ended
        self._wake = threading.Condition()
        self._commands = OrderedDict()
        self._going = self._stopped = False
        self._busy, self._count = False, 0
        self._call = in_a_thread(self._loop)

    @property
    def alive(self):
        """Whether the thread still works for it."""
        return not self._call.over.is_set()

    @property
    def stopped(self):
        """Whether it has been told to end."""
        return self._stopped

    @property
    def going(self):
        """Whether epochs are being run."""
        return self._going

    def go(self):
        """Run epochs from now on."""
        self._set(True)

    def pause(self):
        """Run no further epoch."""
        self._set(False)

    def _set(self, going):
        with self._wake:
            self._going = going and not self._stopped
            self._wake.notify_all()

    def tell(self, command, key=None):
        """Have ``command()`` called after the epoch in hand.

        A command with the same ``key`` that still waits is replaced: only
        the last position of a slider counts.
        """
        with self._wake:
            if self._stopped:
                return
            self._count += 1
            self._commands.pop(key, None)  # the new one waits its own turn
            self._commands[key or self._count] = command
            self._wake.notify_all()

    def settle(self, timeout=None):
        """Wait until no command is waiting or being carried out.

        Epochs may go on. Returns False if ``timeout`` seconds were not
        enough.
        """
        with self._wake:
            return self._wake.wait_for(
                lambda: self._stopped or not (self._commands or self._busy),
                timeout,
            )

    def stop(self, timeout=10, ended=None):
        """Let the thread go after the epoch in hand; wait for that.

        ``ended`` takes the place of the function that was to be its last.
        """
        with self._wake:
            self._ended = ended or self._ended
            self._stopped, self._going = True, False
            self._commands.clear()
            self._wake.notify_all()
        if not self._call.here:
            self._call.over.wait(timeout)

    def _loop(self):
        while True:
            with self._wake:
                self._busy = False
                self._wake.notify_all()
                self._wake.wait_for(
                    lambda: self._stopped or self._commands or self._going
                )
                if self._stopped:
                    break
                job = self._next()
            try:
                job()
            except Exception as error:  # whatever it is, the panel lives on
                self._set(False)
                with contextlib.suppress(Exception):  # the thread lives on
                    self._failed(error)
                    self._done()
        self._ended()

    def _next(self):
        if self._commands:
            self._busy = True
            command = self._commands.popitem(last=False)[1]
            return lambda: (command(), self._done())
        return self._one_epoch

    def _one_epoch(self):
        if not self._epoch():
            self._set(False)
            self._done()
