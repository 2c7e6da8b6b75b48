"""The processes of a sweep end with it, however it ends."""

import contextlib
import shutil
import subprocess
import sys
import threading
import time
import warnings

import psutil
import pytest
from conftest import ROOT, picture
from test_sweeps import RECIPE

from d2l_style.exercises import sweep

PATIENCE = 120
ASLEEP = """
import time, joblib
from d2l_style.exercises.sweeps.workers import WORKERS
print("ready", flush=True)
joblib.Parallel(2, **WORKERS)([joblib.delayed(time.sleep)(1000)] * 2)
"""
HEAD = """
import sys, time
sys.path.insert(0, {tests!r})
from conftest import picture
from d2l_style.exercises import sweep
from d2l_style.recipe import Recipe

recipe = Recipe(content_layers=["conv2_1"], style_layers=["conv1_1"],
                image_shape=(32, 48), num_epochs={epochs}, weights="mini")
runs = sweep(picture(1), picture(2), recipe, {{"seed": range(6)}},
             {folder!r}, n_jobs=2, backend={backend!r}, show=False)
"""
ITERATED = """
for _result in runs:
    print("ready", flush=True)
time.sleep(1000)
"""
IN_A_CELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(user_ns={"runs": runs})
print("ready", flush=True)
shell.run_cell("for result in runs: 1 / 0")
time.sleep(1000)
"""


@pytest.fixture
def started():
    """Run a program until it says "ready" and has two workers."""
    processes = []

    def start(code):
        program = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        )
        processes.append(psutil.Process(program.pid))
        assert program.stdout.readline() == "ready\n"
        until(lambda: len(workers(processes[0])) == 2)
        processes.extend(processes[0].children(recursive=True))
        return processes[0], processes[1:]

    yield start
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def workers(parent):
    """Return those of a process's children that compute."""
    found = []
    for child in parent.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "LokyProcess" in " ".join(child.cmdline()):
                found.append(child)
    return found


def gone(processes):
    return not psutil.wait_procs(processes, timeout=60)[1]


def test_workers_die_with_their_parent(started):
    parent, children = started(ASLEEP)
    parent.kill()
    assert gone(children)


def swept(tmp_path, grid=6, **kwargs):
    return sweep(
        picture(1),
        picture(2),
        RECIPE,
        {"seed": range(grid)},
        tmp_path / "results",
        show=False,
        **kwargs,
    )


def program(tmp_path, rest, backend="pytorch", epochs=3):
    head = HEAD.format(
        tests=str(ROOT / "tests"),
        folder=str(tmp_path / "results"),
        backend=backend,
        epochs=epochs,
    )
    return head + rest


@pytest.mark.slow
def test_a_sweep_that_is_killed_leaves_no_worker(started, tmp_path, backend):
    ready = 'print("ready", flush=True)\n'
    endless = program(tmp_path, ready + ITERATED, backend, epochs=100_000)
    parent, children = started(endless)
    until(lambda: sum(c.memory_info().rss for c in children) > 500e6)
    parent.kill()
    assert gone(children)


@pytest.mark.slow
@pytest.mark.torch
def test_workers_give_their_memory_back_when_a_sweep_is_done(
    started, tmp_path
):
    parent, _children = started(program(tmp_path, ITERATED))
    until(lambda: not workers(parent))


@pytest.mark.slow
@pytest.mark.torch
def test_an_error_in_the_cell_leaves_no_worker(started, tmp_path):
    code = program(tmp_path, IN_A_CELL, epochs=600)
    parent, _children = started(code)
    until(lambda: not workers(parent))
    assert parent.is_running()
    assert len(list((tmp_path / "results").glob("*.json"))) < 6


# The folder


@pytest.mark.torch
def test_a_folder_that_vanishes_ends_a_sweep_in_a_sentence(tmp_path):
    runs = iter(swept(tmp_path, n_jobs=1))
    next(runs)
    shutil.rmtree(tmp_path / "results")
    with pytest.raises(ValueError, match="Results cannot be kept in"):
        next(runs)
    assert len(swept(tmp_path, n_jobs=1).run()) == 6


@pytest.mark.torch
def test_a_table_that_cannot_be_written_ends_no_sweep(tmp_path):
    runs = swept(tmp_path, grid=2, n_jobs=1)
    in_its_place = tmp_path / "results" / "results.csv"
    in_its_place.mkdir()
    with pytest.warns(UserWarning, match="computes nothing twice"):
        assert len(runs.run()) == 2
    in_its_place.rmdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(swept(tmp_path, grid=2, n_jobs=1).run()) == 2
    assert len(in_its_place.read_text("utf-8").splitlines()) == 3


@pytest.mark.slow
@pytest.mark.torch
def test_two_processes_run_the_same_sweep_in_one_folder(tmp_path):
    code = program(tmp_path, "assert len(runs.run()) == 6\n", epochs=30)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
        )
        for _i in "ab"
    ]
    # Each has a pipe that somebody has to empty.
    errors = ["", ""]

    def listen(i):
        errors[i] = both[i].communicate(timeout=PATIENCE)[1]

    threads = [threading.Thread(target=listen, args=[i]) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.returncode for process in both] == [0, 0], errors
    names = [path.name for path in (tmp_path / "results").iterdir()]
    assert len(names) == 2 * 6 + 1
    assert not [name for name in names if "part" in name]
