"""What a framework has to be told before it is imported.

Both are read from the environment, once. What the user has set there stays.
"""

import os


def all_cores():
    """Let MXNet compute on all cores.

    Left alone it takes half of the processors that it sees, as though two of
    them always shared one core. Who has set ``OMP_NUM_THREADS``, as joblib
    does in its workers, is obeyed.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        import joblib  # PyTorch's readers need not wait for it

        cores = joblib.cpu_count(only_physical_cores=True)
        os.environ.setdefault("MXNET_OMP_MAX_THREADS", str(cores))


def huge_pages():
    """Let PyTorch ask Linux for memory in pages of 2 MB instead of 4 KB.

    An epoch takes and gives back large pieces; touching them for the first
    time cost a tenth of it.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
