"""A folder of results: what comes back, what is damaged, what is refused."""

import csv
import json
import math
import os
import shutil
import threading
from dataclasses import asdict

import pytest
from conftest import picture

from d2l_style.exercises.sweeps import store
from d2l_style.exercises.sweeps.grid import cells
from d2l_style.exercises.sweeps.store import Store, key_of
from d2l_style.machine import files
from d2l_style.pictures.png import png_bytes
from d2l_style.recipe import Recipe

KEY = "0123456789abcdef0123"
RECIPE = Recipe(
    content_layers=["conv2_1"],
    style_layers=["conv1_1"],
    image_shape=(32, 48),
    weights="mini",
)
METERS = {
    "content": 0.5,
    "style": math.nan,
    "colour": 0.25,
    "noise": 3.0,
    "features": 0.75,
}
FACTS = {
    "recipe": asdict(RECIPE),
    "backend": "pytorch",
    "losses": [[1.0, 2.0, 3.0, 6.0], [0.5, 1.0, 1.5, 3.0]],
    "meters": METERS,
    "seconds": 1.25,
    "error": "",
}
PNG = png_bytes(picture(5, 32, 48), RECIPE)


@pytest.fixture
def cell(content_img, style_img):
    (cell,) = cells(content_img, style_img, RECIPE, {"seed": [0]})
    return cell


@pytest.fixture
def full(tmp_path):
    """A store with one result."""
    full = Store(tmp_path / "결과 folder" / "with spaces")
    full.save(KEY, PNG, FACTS)
    return full


def test_what_is_kept_comes_back(full, cell):
    result = full.load(KEY, cell)
    assert result.labels == {"seed": "0"}
    assert result.recipe == RECIPE
    assert result.losses == tuple(map(tuple, FACTS["losses"]))
    assert (result.backend, result.seconds) == ("pytorch", 1.25)
    assert result.image.tobytes() == picture(5, 32, 48).tobytes()
    assert repr(asdict(result.meters)) == repr(METERS)  # NaN, too
    assert sorted(p.name for p in full.folder.iterdir()) == [
        f"{KEY}.json",
        f"{KEY}.png",
    ]


def test_what_is_not_there_is_none(full, cell):
    assert full.load("f" * 20, cell) is None


def changed(**facts):
    return json.dumps(FACTS | facts)


DAMAGED = {
    "empty": "",
    "cut off": json.dumps(FACTS)[:-30],
    "garbage": b"\x00\xff\xfe garbage",
    "deep": "[" * 100_000,
    "deep recipe": changed()[:-1] + ', "recipe": ' + '{"a":' * 100_000,
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "nothing in it": "{}",
    "losses of text": changed(losses="1234"),
    "losses of 3": changed(losses=[[1, 2, 3]]),
    "losses not a list": changed(losses=5),
    "losses null": changed(losses=[[1, 2, 3, None]]),
    "losses enormous": changed(losses=[[1, 2, 3, 10**400]]),
    "meters a list": changed(meters=[1, 2]),
    "meters of text": changed(meters=dict.fromkeys(METERS, "x")),
    "meters missing": changed(meters={"content": 1.0}),
    "meters false": changed(meters=False),
    "meters a word": changed(meters="good"),
    "seconds a list": changed(seconds=[]),
    "another recipe": changed(recipe=asdict(RECIPE.replace(seed=1))),
    "recipe null": changed(recipe=None),
    "recipe unknown": changed(recipe={"x": 1}),
    "recipe wrong": changed(recipe=asdict(RECIPE) | {"lr": "fast"}),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_damaged_facts_count_as_not_there(full, cell, text):
    data = text if isinstance(text, bytes) else text.encode()
    (full.folder / f"{KEY}.json").write_bytes(data)
    assert full.load(KEY, cell) is None
    full.save(KEY, PNG, FACTS)
    assert full.load(KEY, cell) is not None


@pytest.mark.parametrize(
    "data",
    [b"", b"This is a text.", PNG[: len(PNG) // 2], None],
    ids=["empty", "text", "half", "gone"],
)
def test_a_damaged_picture_counts_as_not_there(full, cell, data):
    path = full.folder / f"{KEY}.png"
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    assert full.load(KEY, cell) is None


def test_a_picture_of_another_size_counts_as_not_there(full, cell):
    picture(5, 48, 32).save(full.folder / f"{KEY}.png")
    assert full.load(KEY, cell) is None


@pytest.mark.parametrize("kind", ["png", "json"])
def test_a_folder_in_the_place_of_a_file(full, cell, kind):
    (full.folder / f"{KEY}.{kind}").unlink()
    (full.folder / f"{KEY}.{kind}").mkdir()
    assert full.load(KEY, cell) is None
    with pytest.raises(ValueError, match="Results cannot be kept in"):
        full.save(KEY, PNG, FACTS)
    assert not list(full.folder.glob(".*.part*"))


def test_facts_come_last(full, cell, monkeypatch):
    """A result whose facts could not be written is not there."""
    replace = os.replace

    def refuse(part, path):
        if str(path).endswith(".json"):
            raise OSError(28, "No space left on device")
        replace(part, path)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ValueError, match="No space left on device"):
        full.save("a" * 20, PNG, FACTS)
    assert full.load("a" * 20, cell) is None
    assert full.load(KEY, cell) is not None
    assert not list(full.folder.glob(".*.part*"))


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match="Choose another folder"):
            Store(path)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_one_may_not_write_to(tmp_path):
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write to any folder")
        with pytest.raises(ValueError, match="Results cannot be kept"):
            Store(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_a_file_system_that_refuses(tmp_path, monkeypatch):
    def refuse(**_where):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    with pytest.raises(ValueError, match=r"\(Read-only file system\)"):
        Store(tmp_path)


def test_a_folder_that_vanishes(full):
    shutil.rmtree(full.folder)
    with pytest.raises(ValueError, match="Results cannot be kept in"):
        full.save(KEY, PNG, FACTS)


def test_others_in_the_folder_are_left_alone(tmp_path, cell):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / f"{KEY}.json.part").write_text("half")
    Store(tmp_path).save(KEY, PNG, FACTS)
    assert Store(tmp_path).load(KEY, cell) is not None
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_many_write_the_same_result_at_once(tmp_path, cell):
    threads = [
        threading.Thread(target=Store(tmp_path).save, args=(KEY, PNG, FACTS))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Store(tmp_path).load(KEY, cell) is not None
    assert len(list(tmp_path.iterdir())) == 2


def test_the_table_is_tidy(full, cell):
    result = full.load(KEY, cell)
    full.write_table([result])
    with open(full.folder / "results.csv", newline="", encoding="utf8") as f:
        (row,) = csv.DictReader(f)
    assert row["seed"] == "0"
    assert [row[f"{n}_loss"] for n in ("content", "style", "tv", "total")] == [
        "0.5",
        "1.0",
        "1.5",
        "3.0",
    ]
    assert {name: float(row[name]) for name in METERS}.keys() == METERS.keys()
    assert math.isnan(float(row["style"]))
    assert float(row["features"]) == 0.75
    assert (row["epochs"], row["picture"]) == ("2", f"{KEY}.png")


def test_a_result_without_losses_and_meters(full, cell):
    error = 'It went wrong, "badly",\nat once.'
    full.save(KEY, PNG, FACTS | {"losses": [], "meters": None, "error": error})
    full.write_table([full.load(KEY, cell)])
    with open(full.folder / "results.csv", newline="", encoding="utf8") as f:
        (row,) = csv.DictReader(f)
    assert math.isnan(float(row["total_loss"]))
    assert math.isnan(float(row["content"]))
    assert (row["epochs"], row["error"]) == ("0", error)


def test_a_key_is_made_from_all_that_decides(cell):
    def key(cell=cell, backend="pytorch", network="n", pictures=("a", "b")):
        return key_of(cell, backend, network, pictures)

    others = [
        key(backend="mxnet"),
        key(network="m"),
        key(pictures=("b", "a")),
        key(pictures=("a", "c")),
    ]
    assert key() == key()
    assert len({key(), *others}) == 5


def test_fingerprints(narrow_file, tmp_path):
    network, img = store.network_fingerprint, store.picture_fingerprint
    copied = shutil.copy(narrow_file, tmp_path / "사본.safetensors")
    assert network(narrow_file) == network(str(copied)) != network("mini")
    assert img(picture(1)) == img(picture(1)) != img(picture(2))
    assert img(picture(0, 30, 60)) != img(picture(0, 60, 30))
    with pytest.raises(FileNotFoundError, match="no file"):
        network("no/such.safetensors")
