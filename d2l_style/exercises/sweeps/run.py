"""Run a grid of recipes, keep every result, go on where it was left.

    layers = sweep(
        content_img, style_img, Recipe(image_shape=(150, 225)),
        {"content_layers": ["conv1_2", "conv4_4"],
         "style_layers": ["conv1_1", "conv5_1"]},
        folder="../out/layers",
    )
    for result in layers:
        print(result.labels, result.meters)
    layers.sheet()

The cells run through joblib: on one machine in a process for each core, each
with its share of the threads. The same sweep goes to a cluster of machines,
each with d2l-style installed (and the file, where ``weights`` is a path),
within ::

    client = dask.distributed.Client("tcp://scheduler:8786")
    with joblib.parallel_config("dask"):
        ...
"""

import warnings
from dataclasses import asdict, replace

import joblib
from joblib.parallel import BACKENDS, get_active_backend
from PIL import Image

from d2l_style.engine.base import Diverged
from d2l_style.exercises.meters import measure
from d2l_style.exercises.sweeps.grid import Cell, cells
from d2l_style.exercises.sweeps.live import Live
from d2l_style.exercises.sweeps.store import (
    Store,
    key_of,
    network_fingerprint,
    picture_fingerprint,
)
from d2l_style.exercises.sweeps.workers import WORKERS
from d2l_style.language import invalid, language, set_language
from d2l_style.pictures.contact_sheet import contact_sheet
from d2l_style.pictures.images import thumbnail
from d2l_style.pictures.png import png_bytes
from d2l_style.transfer import StyleTransfer, backend_module, lasting_network

PROCESSES = 4  # at most, on one machine: each holds a framework and a network
_PLACE, _EMPTY = (225, 225), "#eeeeee"  # pixels, at most; a cell to come


def sweep(
    content_img,
    style_img,
    recipe,
    grid,
    folder,
    *,
    backend="pytorch",
    n_jobs=None,
    show=True,
):
    """Return a :class:`Sweep`: iterate over it to run a grid of recipes.

    ``content_img`` and ``style_img`` are pictures as
    :func:`~.images.as_image` takes them, ``recipe`` is what all cells
    share, ``grid`` what they differ in (:func:`~.grid.cells`). Results are
    kept in ``folder``; cells whose result is there already are not run again.

    ``n_jobs`` cells run at a time: by default what
    ``joblib.parallel_config`` says, else all workers of a cluster, or one
    process per core, at most 4, on one machine. With ``show`` a notebook
    shows a progress bar and a contact sheet that fills, a terminal the bar.

    Raises ``ValueError``, ``TypeError``, ``FileNotFoundError`` or
    ``ImportError`` with what would be valid, before anything is run.
    """
    chosen = cells(content_img, style_img, recipe, grid)
    return Sweep(chosen, folder, backend, n_jobs, show)


class Sweep:
    """A grid of runs. Iterating yields each :class:`Result` as it comes.

    Results that are kept already come first. A sweep may be left and iterated
    again, today or tomorrow: what is done stays done, and at most the cells
    in flight are lost.
    """

    def __init__(self, chosen, folder, backend, n_jobs=None, show=False):
        backend_module(backend)  # complains, if it must, before anything runs
        self.backend, self.show = backend, show
        self.n_jobs = _checked(n_jobs)
        self.cells = _keyed(chosen, backend)
        self.store = Store(folder)
        self._results, self._thumbnails = {}, {}
        self._read_folder()

    def __len__(self):
        return len(self.cells)

    @property
    def results(self):
        """The results so far, a list in the order of the grid."""
        return [self._results[k] for k in self.cells if k in self._results]

    def run(self):
        """Run what is missing; return all results in the grid's order."""
        for _result in self:
            pass
        return self.results

    def __iter__(self):
        self._read_folder()
        live = Live(self) if self.show else None
        try:
            if self.results:
                self.store.write_table(self.results)
            yield from self.results
            for key, result in self._run_missing():
                self._results[key] = result
                self.store.write_table(self.results)
                if live:
                    live.update()
                yield result
        finally:
            if live:
                live.close()

    def _read_folder(self):
        """Take what the folder has, and only that."""
        found = {k: self.store.load(k, cell) for k, cell in self.cells.items()}
        self._results = {k: result for k, result in found.items() if result}

    def _run_missing(self):
        jobs = [
            joblib.delayed(_run)(key, cell, self.backend, language())
            for key, cell in self.cells.items()
            if key not in self._results
        ]
        done = joblib.Parallel(
            n_jobs=_processes(self.n_jobs),
            batch_size=1,  # a batch would hold back what is done
            return_as="generator_unordered",
            **WORKERS,
        )(jobs)
        try:
            for key, picture, facts in done:
                self.store.save(key, picture, facts)
                yield key, self.store.load(key, self.cells[key])
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that tasks are cancelled
                done.close()  # else a sweep that is left would go on unseen

    def sheet(self):
        """Return the contact sheet: rows and columns named as in the grid.

        The last axis runs across. A cell without a result is a grey place.
        """
        rows, columns, places = [], [], {}
        for key, cell in self.cells.items():
            *down, across = [f"{k}\n{v}" for k, v in cell.labels.items()]
            down = "\n".join(down)
            rows += [down] * (down not in rows)
            columns += [across] * (across not in columns)
            places[down, across] = self._picture(key, cell)
        grid = [[places[r, c] for c in columns] for r in rows]
        return contact_sheet(grid, [] if rows == [""] else rows, columns)

    def _picture(self, key, cell):
        if key not in self._results:
            # As large as it will be, so that the sheet keeps its size.
            h, w = cell.recipe.image_shape
            return thumbnail(Image.new("RGB", (w, h), _EMPTY), _PLACE)
        if key not in self._thumbnails:
            img = thumbnail(self._results[key].image, _PLACE)
            self._thumbnails[key] = img
        return self._thumbnails[key]


def _keyed(chosen, backend):
    """Return the cells as {key: cell}; a key is the name of its result."""
    chosen = [_with_network(cell, backend) for cell in chosen]
    # Cells share networks and pictures: each is read through once.
    names = {cell.recipe.weights for cell in chosen}
    networks = {name: network_fingerprint(name) for name in names}
    all_pictures = {id(img): img for c in chosen for img in c.pictures}
    prints = {i: picture_fingerprint(p) for i, p in all_pictures.items()}
    keyed = {}
    for cell in chosen:
        network = networks[cell.recipe.weights]
        pictures = [prints[id(img)] for img in cell.pictures]
        keyed[key_of(cell, backend, network, pictures)] = cell
    if len(keyed) < len(chosen):
        raise invalid(
            "Two cells of the grid are the same. Give every label another "
            "value."
        )
    return keyed


def _with_network(cell, backend):
    """Return the cell with a network that a worker will also find.

    It may have something else in its cache, and be in another folder.
    """
    name = lasting_network(cell.recipe, backend)
    return replace(cell, recipe=cell.recipe.replace(weights=name))


def _checked(n_jobs):
    if n_jobs is None or (type(n_jobs) is int and n_jobs):
        return n_jobs
    raise invalid(
        "n_jobs must be a whole number of cells to run at a time, -1 for "
        "all cores or workers, or None, not {given!r}.",
        given=n_jobs,
    )


def _processes(n_jobs):
    active, configured = get_active_backend()
    if n_jobs is None:
        n_jobs = configured
    if n_jobs is None and isinstance(active, BACKENDS["loky"]):
        return min(joblib.cpu_count(), PROCESSES)
    return -1 if n_jobs is None else n_jobs


def _run(key, cell: Cell, backend, chosen_language):
    """Run one cell, here or on another machine: (key, PNG bytes, facts)."""
    set_language(chosen_language)
    error, losses, seconds = "", [], 0.0
    transfer = StyleTransfer(
        cell.content_img, cell.style_img, cell.recipe, backend
    )
    try:
        for e in transfer.run():
            losses.append((e.content, e.style, e.tv, e.total))
            seconds += e.seconds
    except Diverged as diverged:
        error = str(diverged)
    facts = {
        "recipe": asdict(cell.recipe),
        "backend": backend,
        "losses": losses,
        "meters": _meters(transfer),
        "seconds": seconds,
        "error": error,
    }
    return key, png_bytes(transfer.image(), cell.recipe), facts


def _meters(transfer):
    try:
        return asdict(measure(transfer))
    except ValueError:  # too small for a meter, or not finite
        return None
