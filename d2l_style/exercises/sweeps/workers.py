"""The processes of a sweep: they end with it, and do not linger."""

import os
import threading
import time
from multiprocessing import parent_process

import psutil

_LOOK = 1.0  # seconds between two looks at the parent
# What joblib is told. An idle process holds 600 MB and is gone after so many
# seconds; another sweep before then saves starting it, 3 to 10 seconds.
# Pools of threads and clusters pass over both.


def end_with_parent():
    """End this process as soon as the one that began it is gone.

    Killed, it cannot tell anybody: whoever works for it has to look.
    """
    parent = parent_process().pid
    threading.Thread(target=_watch, args=[parent], daemon=True).start()


def _watch(parent):
    # An orphan is given another parent, except on Windows.
    while os.getppid() == parent and psutil.pid_exists(parent):
        time.sleep(_LOOK)
    os._exit(1)


WORKERS = {"initializer": end_with_parent, "idle_worker_timeout": 20}
