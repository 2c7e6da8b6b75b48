"""Imports run downwards, floor by floor, and nowhere in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import d2l_style

PACKAGE = Path(d2l_style.__file__).parent
# From the ground up, as CONTRIBUTING.md draws them.
FLOORS = (
    ("language",),
    ("machine",),
    ("network",),
    ("choices",),
    ("recipe",),
    ("pictures",),
    ("images", "sheet"),  # where older notebooks look
    ("torch", "mxnet"),
    ("engine",),
    ("saved_run", "trouble"),
    ("transfer",),
    ("panel", "exercises"),
    ("cli",),
)
# The chapter's d2l.StylePanel opens the panel, once it is called.
DOORS = {("torch", "panel"), ("mxnet", "panel")}


def modules(package=PACKAGE):
    """Return {dotted name: path} of all modules, packages by their own."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(["d2l_style", *parts])] = path
    return found


def imported(source, known):
    """Return which of the ``known`` modules a source names in its code.

    Statements at any depth count, and so do names in strings, which is how
    importlib is told: whoever writes one has the module imported.
    """
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                names.add(inner if inner in known else node.module)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return names & (known - {"d2l_style"})


def arrows():
    """Return {module: the modules it imports}."""
    every = modules()
    return {
        name: imported(path.read_text("utf-8"), set(every)) - {name}
        for name, path in every.items()
    }


def room(name):
    """Return what stands on a floor: the first name below the package."""
    return name.split(".")[1]


def upwards(found):
    """Return the arrows that leave a floor for itself or a higher one."""
    height = {room: i for i, floor in enumerate(FLOORS) for room in floor}
    wrong = []
    for name, targets in found.items():
        if name in ("d2l_style", "d2l_style.__main__"):
            continue
        for target in targets:
            a, b = room(name), room(target)
            if a == b or (a, b) in DOORS:
                continue
            if height[b] > height[a] or (height[a] == height[b]):
                wrong.append(f"{name} -> {target}")
    return wrong


def test_every_room_stands_on_a_floor():
    rooms = {room(name) for name in modules() if name != "d2l_style"}
    placed = [r for floor in FLOORS for r in floor]
    assert sorted(rooms - {"__main__"}) == sorted(placed)


def test_no_import_runs_upwards():
    assert upwards(arrows()) == []


def test_no_circle():
    below = {
        name: {t for t in targets if (room(name), room(t)) not in DOORS}
        for name, targets in arrows().items()
        if name != "d2l_style"
    }
    TopologicalSorter(below).prepare()  # raises CycleError


def test_doors_are_in_use():
    used = {
        (room(name), room(target))
        for name, targets in arrows().items()
        for target in targets
        if name != "d2l_style"
    }
    assert used >= DOORS


@pytest.mark.parametrize(
    "line",
    [
        "from d2l_style.panel import panel",
        "from d2l_style import panel",
        "import d2l_style.panel",
        "def f():\n    import d2l_style.panel.panel",
        "importlib.import_module('d2l_style.panel')",
        "_TABLE = {'a': 'd2l_style.panel.panel'}",
    ],
)
def test_the_walker_sees_every_kind_of_import(line):
    found = imported(line, set(modules()))
    assert {room(name) for name in found} == {"panel"}
    assert upwards({"d2l_style.machine.doctor": found})


def test_a_circle_would_be_found():
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
