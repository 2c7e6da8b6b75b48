"""What is settled before a framework computes, and who is obeyed."""

import json

import pytest
from conftest import linux
from test_imports import python

pytestmark = pytest.mark.usefixtures("untold_glibc")
PIECES = """
    import ctypes, json, resource
    from d2l_style.machine.tuning import keep_memory

    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]

    def faults():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    def take_and_give_back(size):
        before = faults()
        pieces = [libc.malloc(ctypes.c_size_t(size)) for _i in range(4)]
        for piece in pieces:
            ctypes.memset(piece, 1, size)
        for piece in pieces:
            libc.free(piece)
        return faults() - before

    keep_memory()
    for size in (4 << 20, 20 << 20):
        take_and_give_back(size)
    print(json.dumps([take_and_give_back(s) for s in (4 << 20, 20 << 20)]))
"""
PAGE = 4096


def _faults():
    """Return the page faults of four pieces of 4 MB, then of 20 MB."""
    return json.loads(python(PIECES))


@linux
def test_pieces_of_an_epoch_are_kept_for_the_next():
    small, large = _faults()
    assert small < 100
    assert large > (4 * 20 << 20) / PAGE / 600  # back at once; 2 MB pages


@linux
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MALLOC_TRIM_THRESHOLD_", "131072"),
        ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=131072"),
    ],
)
def test_who_has_told_glibc_something_is_obeyed(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    small, _large = _faults()
    assert small > (4 * 4 << 20) / PAGE / 600


TEAM = """
    import os, time, torch
    from d2l_style.machine.tuning import free_cores

    torch.set_num_threads(3)

    def threads():
        return len(os.listdir("/proc/self/task"))

    free_cores()  # before there is a team
    alone, counts = threads(), []
    for _i in range(2):
        torch.ones(1000, 1000).exp()
        counts.append(threads() - alone)
        free_cores()
        end = time.monotonic() + 10
        while threads() > alone and time.monotonic() < end:
            time.sleep(0.01)
        counts.append(threads() - alone)
    print(counts)
"""


@linux
@pytest.mark.torch
def test_the_team_of_a_thread_goes_home_and_comes_back():
    assert python(TEAM) == "[2, 0, 2, 0]\n"


@linux
def test_without_pytorch_there_is_nobody_to_send_home():
    code = """
        import sys
        from d2l_style.machine.tuning import free_cores
        free_cores()
        print("torch" in sys.modules)
    """
    assert python(code) == "False\n"


def test_without_glibc_nothing_happens(monkeypatch):
    from d2l_style.machine import tuning

    def no_library(*_args):
        raise AssertionError("nothing is to be loaded")

    monkeypatch.setattr(tuning.ctypes, "CDLL", no_library)
    for answer in (None, ""):
        monkeypatch.setattr(
            tuning.os, "confstr", lambda _name, a=answer: a, raising=False
        )
        tuning.keep_memory()
        tuning.free_cores()
    monkeypatch.delattr(tuning.os, "confstr", raising=False)
    tuning.keep_memory()
    tuning.free_cores()
