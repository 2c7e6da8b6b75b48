"""How long a sweep takes: one process, several, a Dask cluster.

    python -m benchmarks.sweep [--backend mxnet] [--epochs 100]

Nine cells of 150 x 225 with the bundled network, as in the exercises. Times
include starting and ending the worker processes and importing the framework
in them. The last column tells how far the pictures are from those of one
process, in grey levels.
"""

import logging
import tempfile
import time
from contextlib import contextmanager

import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor

from benchmarks.command import show
from benchmarks.report import Table
from d2l_style.exercises import sweep
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import Recipe

QUICK = {"epochs": 3}
GRID = {
    "content_weight": [0.1, 1, 10],
    "style_weight": [1e3, 1e4, 1e5],
}


@contextmanager
def one_process():
    with joblib.parallel_config(n_jobs=1):
        yield


@contextmanager
def processes():
    yield
    # Else they wait for more, and whoever started them waits for them.
    get_reusable_executor().shutdown(kill_workers=True)


@contextmanager
def dask_cluster():
    from dask.distributed import Client, LocalCluster

    # MXNet lets all loggers talk; only the table shall be printed.
    logging.getLogger("distributed").setLevel(logging.ERROR)
    workers = {"n_workers": joblib.cpu_count(), "threads_per_worker": 1}
    with (
        LocalCluster(**workers, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config("dask"),
    ):
        yield


def run(place, recipe, backend):
    """Return (seconds, pictures) of the sweep, run at ``place``."""
    samples = sample_images()
    pictures = samples["rainier"].open(), samples["autumn-oak"].open()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with place():
            cells = sweep(
                *pictures, recipe, GRID, folder, backend=backend, show=False
            )
            results = cells.run()
        seconds = time.perf_counter() - start
        return seconds, [np.asarray(r.image, float) for r in results]


def tables(backend="pytorch", epochs=100):
    """Return one table, a row for each place to run at."""
    recipe = Recipe(image_shape=(150, 225), num_epochs=epochs, weights="mini")
    table = Table(
        f"9 cells, {epochs} epochs, {backend}",
        ("run in", "s", "ratio", "pictures apart"),
    )
    first = None
    for place in (one_process, processes, dask_cluster):
        seconds, pictures = run(place, recipe, backend)
        first = first or (seconds, pictures)
        apart = max(
            np.abs(a - b).mean()
            for a, b in zip(pictures, first[1], strict=True)
        )
        table.add(
            place.__name__.replace("_", " "),
            f"{seconds:.1f}",
            f"{seconds / first[0]:.2f}",
            f"{apart:.2f}",
        )
    return [table]


if __name__ == "__main__":
    show(tables, __doc__, QUICK)
