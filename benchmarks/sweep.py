"""How long a sweep takes: one process, several, a Dask cluster.

    python -m benchmarks.sweep [--backend mxnet] [--epochs 100]

Nine cells of 150 x 225 with the bundled network, as in the exercises. Times
include starting the worker processes and importing the framework in them.
The last column tells how far the pictures are from those of one process, in
grey levels.
"""

import argparse
import logging
import tempfile
import time
from contextlib import contextmanager

import joblib
import numpy as np

from d2l_style.exercises import sweep
from d2l_style.recipe import BACKENDS, Recipe
from d2l_style.samples import sample_images

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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", choices=BACKENDS, default="pytorch")
    parser.add_argument("--epochs", type=int, default=100)
    given = parser.parse_args()
    recipe = Recipe(
        image_shape=(150, 225), num_epochs=given.epochs, weights="mini"
    )
    print(f"9 cells, {given.epochs} epochs, {given.backend}")
    print(f"{'':14}{'seconds':>8}{'ratio':>8}{'pictures':>10}")
    first = None
    for place in (one_process, processes, dask_cluster):
        seconds, pictures = run(place, recipe, given.backend)
        first = first or (seconds, pictures)
        apart = max(
            np.abs(a - b).mean()
            for a, b in zip(pictures, first[1], strict=True)
        )
        name = place.__name__.replace("_", " ")
        ratio = seconds / first[0]
        print(f"{name:14}{seconds:8.1f}{ratio:8.2f}{apart:10.2f}")


if __name__ == "__main__":
    main()
