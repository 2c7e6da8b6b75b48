"""A sweep: the same numbers as by hand, resumed, left, killed, spread out."""

import contextlib
import csv
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import asdict

import joblib
import nbformat
import numpy as np
import psutil
import pytest
from conftest import ROOT, picture, put_oxford

from d2l_style import language
from d2l_style.exercises import meters, sweep
from d2l_style.exercises.sweeps import run
from d2l_style.exercises.sweeps.grid import Cell
from d2l_style.exercises.sweeps.workers import WORKERS
from d2l_style.network.weights import load_parameters
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

RECIPE = Recipe(
    content_layers=["conv2_1"],
    style_layers=["conv1_1"],
    image_shape=(32, 48),
    num_epochs=3,
    weights="mini",
)
GRID = {"style_weight": [1e3, 1e5], "content_layers": ["conv1_2", "conv2_2"]}


@pytest.fixture
def swept(content_img, style_img, tmp_path):
    """Make a sweep of the small pictures; ``changes`` are the recipe's."""

    def swept(grid=GRID, folder="results", n_jobs=1, show=False, **changes):
        backend = changes.pop("backend", "pytorch")
        return sweep(
            changes.pop("content_img", content_img),
            changes.pop("style_img", style_img),
            RECIPE.replace(**changes),
            grid,
            tmp_path / folder,
            backend=backend,
            n_jobs=n_jobs,
            show=show,
        )

    return swept


def by_hand(cell, backend):
    """Return the picture, the losses and the meters of a cell."""
    transfer = StyleTransfer(*cell.pictures, cell.recipe, backend)
    losses = [(e.content, e.style, e.tv, e.total) for e in transfer.run()]
    return transfer.image(), losses, meters.measure(transfer)


def table(folder):
    with open(folder / "results.csv", newline="", encoding="utf8") as file:
        return list(csv.DictReader(file))


def snapshot(folder):
    """Return {name: time of its last change} of the results."""
    return {
        path.name: path.stat().st_mtime_ns
        for path in folder.iterdir()
        if path.name != "results.csv"
    }


def refuse_to_run(monkeypatch):
    def refuse(*_args):
        raise AssertionError("a cell was run again")

    monkeypatch.setattr(run, "_run", refuse)


# The same numbers as by hand


def test_the_same_as_by_hand(swept, backend, tmp_path):
    grid = swept(backend=backend)
    assert grid.run() == grid.results
    assert len(grid.results) == len(grid) == 4
    for result, cell in zip(grid.results, grid.cells.values(), strict=True):
        img, losses, of_hand = by_hand(cell, backend)
        assert result.labels == cell.labels
        assert result.recipe == cell.recipe
        assert result.losses == tuple(losses)
        assert asdict(result.meters) == asdict(of_hand)
        assert result.image.tobytes() == img.tobytes()
        assert (result.backend, result.error) == (backend, "")
        assert result.seconds > 0


@pytest.mark.torch
def test_results_come_as_they_are_done(swept, tmp_path):
    grid, seen = swept(), []
    for result in grid:
        seen.append(result.labels)
        assert len(grid.results) == len(seen)
        assert result.path.is_file()
        assert len(table(tmp_path / "results")) == len(seen)
    in_order = [cell.labels for cell in grid.cells.values()]
    assert [r.labels for r in grid.results] == in_order
    rows = table(tmp_path / "results")
    assert [{name: row[name] for name in GRID} for row in rows] == in_order
    for row, result in zip(rows, grid.results, strict=True):
        assert float(row["total_loss"]) == result.losses[-1][-1]
        assert float(row["style"]) == result.meters.style
        assert (row["epochs"], row["backend"]) == ("3", "pytorch")
        assert (tmp_path / "results" / row["picture"]).is_file()


@pytest.mark.torch
def test_the_sheet_keeps_its_size(swept):
    grid = swept({**GRID, "image_shape": [(32, 48), (40, 32)]})
    sizes, sheets = {grid.sheet().size}, {grid.sheet().tobytes()}
    for _ in grid:
        sizes.add(grid.sheet().size)
        sheets.add(grid.sheet().tobytes())
    assert len(sizes) == 1
    assert len(sheets) == 9  # grey, then one more with each result


@pytest.mark.torch
def test_the_sheet_of_a_single_axis_is_one_row(swept):
    one_row = swept({"seed": [1, 2, 3]}).sheet()
    assert one_row.width > 3 * 48
    assert one_row.height < 2 * 32 + 40


@pytest.mark.slow
def test_processes_agree_with_this_one(swept, backend):
    """Within 1 grey level and 1e-4: they have fewer threads to add up in."""
    here = swept(backend=backend).run()
    there = swept(backend=backend, n_jobs=2, folder="there").run()
    assert_alike(here, there)


def assert_alike(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert one.labels == other.labels
        np.testing.assert_allclose(one.losses, other.losses, rtol=1e-4)
        a, b = (np.asarray(r.image, int) for r in (one, other))
        assert abs(a - b).max() <= 1


# Refused before anything is run or written


@pytest.mark.torch
@pytest.mark.parametrize(
    ("grid", "changes", "message"),
    [
        ({}, {}, "A grid maps names"),
        ({"lr": [0]}, {}, "lr must be"),
        ({"lr": {"a": 0.1, "b": 0.1}}, {}, "Two cells of the grid are"),
        ({"weights": ["mini", "no/net.safetensors"]}, {}, "no file"),
        ({"seed": [1]}, {"backend": "jax"}, "backend must be"),
        ({"seed": [1]}, {"n_jobs": 0}, "n_jobs must be"),
        ({"seed": [1]}, {"n_jobs": "two"}, "n_jobs must be"),
        ({"seed": [1]}, {"n_jobs": True}, "n_jobs must be"),
    ],
)
def test_refused_before_anything(swept, tmp_path, grid, changes, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        swept(grid, **changes)
    assert not list(tmp_path.iterdir())


@pytest.mark.torch
def test_a_file_in_the_place_of_the_folder(swept, tmp_path):
    (tmp_path / "results").write_text("mine")
    with pytest.raises(ValueError, match="Results cannot be kept"):
        swept()
    assert (tmp_path / "results").read_text() == "mine"


# Going on


def test_a_second_sweep_runs_nothing(swept, backend, tmp_path, monkeypatch):
    first = swept(backend=backend).run()
    before = snapshot(tmp_path / "results")
    (tmp_path / "results" / "results.csv").unlink()
    refuse_to_run(monkeypatch)
    again = swept(backend=backend)
    assert [r.labels for r in again.results] == [r.labels for r in first]
    assert again.run() == first
    assert snapshot(tmp_path / "results") == before
    assert len(table(tmp_path / "results")) == len(first)


@pytest.mark.torch
def test_what_is_changed_is_run_anew(swept, tmp_path, narrow_file):
    grid, folder = {"style_weight": [1e3]}, tmp_path / "results"
    swept(grid).run()
    for count, changes in enumerate(
        [
            {"lr": 0.2},
            {"content_img": picture(8)},
            {"style_img": picture(8)},
            {"weights": narrow_file},
        ],
        start=2,
    ):
        assert swept(grid, **changes).results == []
        swept(grid, **changes).run()
        assert len(list(folder.glob("*.json"))) == count


@pytest.mark.torch
@pytest.mark.mxnet
def test_another_backend_is_run_anew(swept):
    grid = {"style_weight": [1e3]}
    swept(grid).run()
    assert swept(grid, backend="mxnet").results == []


@pytest.mark.torch
def test_a_network_is_known_by_its_parameters(
    swept, narrow_file, tmp_path, monkeypatch
):
    from safetensors.numpy import save_file

    mine = tmp_path / "내 net.safetensors"
    shutil.copy(narrow_file, mine)
    grid = {"style_weight": [1e3]}
    swept(grid, weights=str(mine)).run()
    moved = mine.rename(tmp_path / "moved.safetensors")
    monkeypatch.chdir(tmp_path)
    (result,) = swept(grid, weights="moved.safetensors").results
    assert result.recipe.weights == str(moved)
    parameters = load_parameters(moved)
    parameters["features.0.bias"][0] += 1
    save_file(parameters, moved)
    assert swept(grid, weights=str(moved)).results == []


@pytest.mark.torch
def test_a_grown_grid_runs_what_is_new(swept, monkeypatch):
    swept({"lr": [0.1, 0.2]}).run()
    larger = swept({"lr": [0.3, 0.1, 0.2]})
    assert [r.labels["lr"] for r in larger.results] == ["0.1", "0.2"]
    assert [r.labels["lr"] for r in larger] == ["0.1", "0.2", "0.3"]
    assert [r.labels["lr"] for r in larger.results] == ["0.3", "0.1", "0.2"]


@pytest.mark.torch
def test_networks_and_pictures_are_read_once(swept, narrow_file, monkeypatch):
    calls = []
    for name in ("network_fingerprint", "picture_fingerprint"):
        whole = getattr(run, name)
        monkeypatch.setattr(
            run,
            name,
            lambda given, n=name, f=whole: calls.append(n) or f(given),
        )
    grid = {"seed": range(20), "weights": ["mini", narrow_file]}
    assert len(swept(grid)) == 40
    assert (
        sorted(calls)
        == ["network_fingerprint"] * 2 + ["picture_fingerprint"] * 2
    )


@pytest.mark.parametrize("gpu", [True, False])
def test_auto_is_the_network_that_a_run_would_take(
    d2l, backend, monkeypatch, own_cache, content_img, style_img, gpu
):
    put_oxford()
    monkeypatch.setattr(d2l, "has_gpu", lambda: gpu)
    cell = Cell({}, RECIPE.replace(weights="auto"), content_img, style_img)
    named = run._with_network(cell, backend)
    assert named.recipe.weights == ("oxford" if gpu else "mini")


@pytest.mark.torch
def test_leaving_early_keeps_what_is_done(swept, tmp_path):
    grid = swept({"seed": range(3)})
    for _result in grid:
        break
    assert len(swept({"seed": range(3)}).results) == 1
    assert len(table(tmp_path / "results")) == 1
    before = snapshot(tmp_path / "results")
    assert [r.labels["seed"] for r in grid] == ["0", "1", "2"]
    after = snapshot(tmp_path / "results")
    assert {name: after[name] for name in before} == before


@pytest.mark.torch
def test_damaged_results_are_made_again(swept, tmp_path):
    grid = swept({"lr": [0.1, 0.2, 0.3, 0.4]})
    first = grid.run()
    pngs = [result.path for result in first]
    pngs[0].write_text("This is a text.")
    pngs[1].with_suffix(".json").write_text('{"recipe": [')
    pngs[2].unlink()
    (tmp_path / "results" / "notes.txt").write_text("mine")
    kept = snapshot(tmp_path / "results")[pngs[3].name]
    again = grid.run()  # the same object looks again, too
    assert [r.image.tobytes() for r in again] == [
        r.image.tobytes() for r in swept({"lr": [0.1, 0.2, 0.3, 0.4]}).results
    ]
    assert [r.losses for r in again] == [r.losses for r in first]
    assert snapshot(tmp_path / "results")[pngs[3].name] == kept


@pytest.mark.torch
def test_a_folder_with_spaces_and_korean_letters(swept, tmp_path):
    grid = {"style_layers": {"얕은 층": "conv1_1"}}
    (result,) = swept(grid, folder="내 결과/첫 번째").run()
    assert result.path.parent == tmp_path / "내 결과" / "첫 번째"
    assert table(result.path.parent)[0]["style_layers"] == "얕은 층"


@pytest.mark.torch
def test_two_sweeps_in_one_folder_at_once(swept):
    grids = [swept(), swept()]
    threads = [threading.Thread(target=grid.run) for grid in grids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(swept().results) == 4
    assert [r.losses for r in grids[0].results] == [
        r.losses for r in grids[1].results
    ]


# Cells that go wrong


def test_a_diverging_cell_leaves_its_sentence(swept, backend, tmp_path):
    grid = swept({"lr": [0.1, 1e30, 0.2]}, backend=backend)
    good, bad, other = grid.run()
    assert "no longer finite" in bad.error
    assert 0 < len(bad.losses) < RECIPE.num_epochs
    assert bad.image.size == (48, 32)
    assert (good.error, other.error) == ("", "")
    assert other.meters
    row = table(tmp_path / "results")[1]
    assert row["error"] == bad.error
    assert row["epochs"] == str(len(bad.losses))
    assert swept({"lr": [1e30]}, backend=backend).results[0].error


def test_a_tiny_picture_has_no_meters(swept, backend, tmp_path):
    (result,) = swept({"image_shape": [(8, 9)]}, backend=backend).run()
    assert result.meters is None
    assert result.error == ""
    assert len(result.losses) == RECIPE.num_epochs
    (row,) = table(tmp_path / "results")
    assert all(
        math.isnan(float(row[name])) for name in meters.Meters.__annotations__
    )


@pytest.mark.torch
def test_no_style_layer_no_style_meter(swept):
    (result,) = swept({"style_layers": [[]]}).run()
    assert math.isnan(result.meters.style)
    assert math.isnan(swept({"style_layers": [[]]}).results[0].meters.style)


# Other processes

SCRIPT = """
import signal, sys
# A shell without job control has what it starts aside ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {tests!r})
from conftest import picture
from d2l_style.exercises import sweep
from d2l_style.recipe import Recipe

recipe = Recipe(content_layers=["conv2_1"], style_layers=["conv1_1"],
                image_shape=(32, 48), num_epochs={epochs}, weights="mini")
runs = sweep(picture(1), picture(2), recipe, {{"seed": range(5)}}, sys.argv[1],
             n_jobs=2)
for result in runs:
    print("done", flush=True)
"""
EPOCHS = 600  # some seconds for each cell


@pytest.fixture
def script(tmp_path):
    """Run a sweep of 5 cells elsewhere, until the first is done."""
    started = []

    def start():
        text = SCRIPT.format(tests=str(ROOT / "tests"), epochs=EPOCHS)
        process = subprocess.Popen(
            [sys.executable, "-c", text, str(tmp_path / "results")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(psutil.Process(process.pid))
        assert process.stdout.readline() == "done\n"
        workers = psutil.Process(process.pid).children(recursive=True)
        started.extend(workers)
        return process, workers

    yield start
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def whole(folder):
    """Return how many results there are; each must be whole."""
    grid = {"seed": range(5)}
    recipe = RECIPE.replace(num_epochs=EPOCHS)
    runs = sweep(picture(1), picture(2), recipe, grid, folder, show=False)
    assert len(runs.results) == len(list(folder.glob("*.json")))
    return len(runs.results)


@pytest.mark.slow
@pytest.mark.torch
def test_a_killed_sweep_goes_on(script, tmp_path):
    process, workers = script()
    process.kill()
    assert not psutil.wait_procs(workers, timeout=60)[1]
    printed = 1 + process.communicate()[0].count("done")
    assert printed <= whole(tmp_path / "results") < 5
    before = snapshot(tmp_path / "results")
    process, _workers = script()
    _out, err = process.communicate()
    assert process.returncode == 0, err
    assert whole(tmp_path / "results") == 5
    after = snapshot(tmp_path / "results")
    finished = [name for name in before if name.endswith(".json")]
    assert all(after[name] == before[name] for name in finished)


@pytest.mark.slow
@pytest.mark.torch
def test_an_interrupted_sweep_ends_with_its_workers(script, tmp_path):
    process, workers = script()
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    _gone, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
    assert 1 <= whole(tmp_path / "results") < 5
    assert not list((tmp_path / "results").glob("*.part"))


@pytest.mark.slow
@pytest.mark.torch
def test_leaving_early_stops_the_workers(swept):
    runs = swept({"seed": range(6)}, n_jobs=2, num_epochs=EPOCHS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _result in runs:
            children = psutil.Process().children(recursive=True)
            workers = [c for c in children if _is_worker(c)]
            break
    assert len(workers) == 2
    _gone, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
    assert 1 <= len(runs.results) < 6


def _is_worker(process):
    try:
        return "LokyProcess" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def threads_of(framework):
    """Return how many threads a framework would use, here or in a worker."""
    time.sleep(0.5)  # so that each worker has one to answer
    if framework == "torch":
        import torch

        return torch.get_num_threads()
    return int(os.environ["OMP_NUM_THREADS"])


@pytest.mark.slow
@pytest.mark.torch
def test_processes_share_the_cores(swept):
    swept({"seed": [1, 2]}, n_jobs=2).run()
    share = max(1, joblib.cpu_count() // 2)
    ask = joblib.Parallel(n_jobs=2, **WORKERS)  # the same ones
    for framework in ("torch", "mxnet"):
        given = ask(joblib.delayed(threads_of)(framework) for _ in range(4))
        assert given == [share] * 4


@pytest.mark.torch
def test_as_many_processes_as_told(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 64)
    assert run._processes(None) == run.PROCESSES
    assert run._processes(7) == 7
    with joblib.parallel_config(n_jobs=3):
        assert run._processes(None) == 3
    with joblib.parallel_config("threading"):
        assert run._processes(None) == -1


@pytest.fixture
def english():
    """English before and after."""
    yield language.set_language("en")
    language.set_language("en")


@pytest.mark.slow
@pytest.mark.torch
def test_workers_speak_the_language_of_the_caller(swept, english):
    for chosen in ("ko", "vi", "en"):
        language.set_language(chosen)
        runs = swept({"lr": [1e30, 0.5]}, n_jobs=2, folder=chosen)
        here = swept({"lr": [1e30]}, folder=f"{chosen} here").run()
        assert runs.run()[0].error == here[0].error
        ask = joblib.Parallel(n_jobs=2, **WORKERS)  # the same ones
        spoken = ask(joblib.delayed(language.language)() for _ in range(8))
        assert chosen in spoken


@pytest.mark.slow
@pytest.mark.torch
def test_a_dask_cluster_gives_the_same(swept):
    """Within the tolerance of local processes, see assert_alike."""
    distributed = pytest.importorskip("distributed")
    here = swept().run()
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        there = swept(n_jobs=None, folder="there").run()
        threads = client.run(threads_of, "torch")
        for_mxnet = client.run(threads_of, "mxnet")
    assert_alike(here, there)
    assert set(threads.values()) == set(for_mxnet.values()) == {1}


# What is seen


@pytest.mark.torch
def test_a_terminal_shows_the_bar(swept, capsys):
    swept(show=True).run()
    shown = capsys.readouterr()
    assert "4/4" in shown.err
    assert shown.out == ""
    swept(show=False).run()
    assert capsys.readouterr().err == ""


CELL = """
import sys
sys.path.insert(0, {tests!r})
from conftest import picture
from d2l_style.exercises import sweep
from d2l_style.recipe import Recipe

recipe = Recipe(content_layers=["conv2_1"], style_layers=["conv1_1"],
                image_shape=(32, 48), num_epochs=2, weights="mini")
runs = sweep(picture(1), picture(2), recipe, {{"seed": range(3)}},
             {folder!r}, n_jobs=1)
for result in runs:
    {body}
"""


def executed(folder, body="pass"):
    """Run a sweep in a notebook; return its cell's outputs by kind."""
    nbclient = pytest.importorskip("nbclient")
    text = CELL.format(
        tests=str(ROOT / "tests"), folder=str(folder), body=body
    )
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text)]
    )
    nbclient.NotebookClient(notebook, timeout=120).execute()
    outputs = notebook.cells[0].outputs
    text = [o.text for o in outputs if o.output_type == "stream"]
    shown = [o.data for o in outputs if o.output_type == "display_data"]
    return text, shown, notebook.metadata["widgets"]


@pytest.mark.slow
@pytest.mark.torch
def test_a_notebook_shows_one_sheet_and_one_bar(tmp_path):
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    text, shown, widgets = executed(tmp_path)
    assert text == []
    sheets = [data for data in shown if "image/png" in data]
    assert len(sheets) == 1
    assert len(shown) == 2
    (state,) = widgets.values()
    bars = [
        w["state"]
        for w in state["state"].values()
        if w["model_name"] == "FloatProgressModel"
    ]
    assert [(bar["value"], bar["bar_style"]) for bar in bars] == [
        (3, "success")
    ]
    img = Image.open(BytesIO(b64decode(sheets[0]["image/png"])))
    runs = sweep(
        picture(1),
        picture(2),
        RECIPE.replace(num_epochs=2),
        {"seed": range(3)},
        tmp_path,
    )
    assert img.convert("RGB").tobytes() == runs.sheet().tobytes()
