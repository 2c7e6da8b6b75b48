"""What is to be settled before a framework begins to compute.

What the user has set in the environment stays.
"""

import ctypes
import os
import re
import sys

_MXNET_COUNT = re.compile("MXNET_.*THREADS$")
_COUNT = re.compile(r"\s*0*([1-9]\d{0,3})\s*(,|$)", re.ASCII)
_SOFT = 1  # of OpenMP's ways to pause
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def all_cores():
    """Let MXNet compute on all cores.

    Left alone it takes half of the processors that it sees, as though two of
    them always shared one core. Who has set ``OMP_NUM_THREADS``, as joblib
    does in its workers, is obeyed.
    """
    _readable_counts()
    if "OMP_NUM_THREADS" not in os.environ:
        import joblib  # PyTorch's readers need not wait for it

        cores = joblib.cpu_count(only_physical_cores=True)
        os.environ.setdefault("MXNET_OMP_MAX_THREADS", str(cores))


def _readable_counts():
    """Leave MXNet no count of threads that it would abort at.

    Of ``2,1``, which OpenMP takes, MXNet's number is the first. What is no
    count counts as not set, as OpenMP has it.
    """
    for name, value in [*os.environ.items()]:
        if name == "OMP_NUM_THREADS" or _MXNET_COUNT.match(name):
            if told := _COUNT.match(value):
                os.environ[name] = told[1]
            else:
                del os.environ[name]


def keep_memory():
    """Let glibc keep what an epoch gives back: the next one takes it again.

    Left alone it hands pieces to Linux and soon takes fresh ones, which have
    to be cleared: a third of an epoch with the small network. Pieces of
    20 MB and more still go back at once, lest they are kept for good: at
    300 x 450 those of a full VGG-19's first layers in float32.
    Whoever has told glibc something about this is obeyed. Without glibc
    nothing happens.
    """
    sentence = (
        "MALLOC_TRIM_THRESHOLD_" in os.environ
        or "MALLOC_MMAP_THRESHOLD_" in os.environ
        or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "")
    )
    if sentence or not _has_glibc():
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_THRESHOLD, 20 << 20)
    mallopt(_M_TRIM_THRESHOLD, 256 << 20)


def free_cores():
    """Send home the threads that compute for the calling thread.

    OpenMP keeps a team for each thread that has ever computed. Where all of
    them are more than the cores, they fall asleep in every gap between two
    operations, and short epochs in a panel's thread took 1.2 to 1.7 times as
    long. A team comes back when its thread computes again.
    """
    torch = sys.modules.get("torch")
    if torch is None or not _has_glibc():
        return
    openmp = ctypes.CDLL(torch._C.__file__)  # the one that PyTorch brings
    is_gnu = not hasattr(openmp, "kmp_get_blocktime")
    if is_gnu and hasattr(openmp, "omp_pause_resource_all"):
        openmp.omp_pause_resource_all(_SOFT)


def _has_glibc():
    try:
        return os.confstr("CS_GNU_LIBC_VERSION").startswith("glibc")
    except (AttributeError, ValueError, OSError):  # Windows, macOS, musl
        return False
