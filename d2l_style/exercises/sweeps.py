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
each with d2l-style installed, within ::

    client = dask.distributed.Client("tcp://scheduler:8786")
    with joblib.parallel_config("dask"):
        ...
"""

import time
from dataclasses import asdict, replace

import joblib
from joblib.parallel import BACKENDS, get_active_backend
from PIL import Image

from d2l_style.exercises.grid import Cell, cells
from d2l_style.exercises.live import Live
from d2l_style.exercises.meters import measure
from d2l_style.exercises.store import Store, fingerprint, key_of
from d2l_style.images import thumbnail
from d2l_style.language import _, language, set_language
from d2l_style.png import png_bytes
from d2l_style.sheet import contact_sheet
from d2l_style.synthesis import Diverged
from d2l_style.transfer import StyleTransfer, backend_module
from d2l_style.weights import resolve

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
    :func:`d2l_style.images.as_image` takes them, ``recipe`` is what all cells
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
    return Sweep(chosen, Store(folder), backend, n_jobs, show)


class Sweep:
    """A grid of runs. Iterating yields each :class:`Result` as it comes.

    Results that are kept already come first. A sweep may be left and iterated
    again, today or tomorrow: what is done stays done, and at most the cells
    in flight are lost.
    """

    def __init__(self, chosen, store, backend, n_jobs=None, show=False):
        backend_module(backend)  # complains, if it must, before anything runs
        self.cells = _keyed(chosen, backend)
        self.store, self.backend = store, backend
        self.n_jobs, self.show = n_jobs, show
        self._results, self._thumbnails = {}, {}
        self._look()

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
        self._look()
        live = Live(self) if self.show else None
        try:
            yield from self.results
            for key in self._run_missing():
                self.store.write_table(self.results)
                if live:
                    live.update()
                yield self._results[key]
        finally:
            if live:
                live.close()

    def _look(self):
        """Take what the folder has, and only that."""
        for key, cell in self.cells.items():
            if key not in self._results:
                found = self.store.load(key, cell.labels)
                if found:
                    self._results[key] = found

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
        )(jobs)
        try:
            for key, picture, facts in done:
                self.store.save(key, picture, facts)
                labels = self.cells[key].labels
                self._results[key] = self.store.load(key, labels)
                yield key
        finally:
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
        if key in self._results and key not in self._thumbnails:
            img = thumbnail(self._results[key].image, _PLACE)
            self._thumbnails[key] = img
        # As large as the others will be, so that the sheet keeps its size.
        h, w = cell.recipe.image_shape
        empty = thumbnail(Image.new("RGB", (w, h), _EMPTY), _PLACE)
        return self._thumbnails.get(key, empty)


def _keyed(chosen, backend):
    """Return the cells as {key: cell}, each with a network by its name."""
    prints, keyed = {}, {}
    for cell in chosen:
        # A worker elsewhere must not resolve "auto" by what it has there.
        name = resolve(cell.recipe.weights)
        prints[name] = prints.get(name) or fingerprint(name)
        cell = replace(cell, recipe=cell.recipe.replace(weights=name))
        keyed[key_of(cell, backend, prints[name])] = cell
    if len(keyed) < len(chosen):
        raise ValueError(
            _(
                "Two cells of the grid are the same. Give every label another "
                "value."
            )
        )
    return keyed


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
    start, error, losses = time.perf_counter(), "", []
    transfer = StyleTransfer(
        cell.content_img, cell.style_img, cell.recipe, backend
    )
    try:
        for e in transfer.run():
            losses.append((e.content, e.style, e.tv, e.total))
    except Diverged as diverged:
        error = str(diverged)
    facts = {
        "recipe": asdict(cell.recipe),
        "backend": backend,
        "losses": losses,
        "meters": _meters(transfer),
        "seconds": time.perf_counter() - start,
        "error": error,
    }
    return key, png_bytes(transfer.image(), cell.recipe), facts


def _meters(transfer):
    try:
        return asdict(measure(transfer))
    except ValueError:  # too small for a meter
        return None
