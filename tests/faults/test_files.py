"""Files are there whole or not at all, whoever else writes them."""

import os
import subprocess
import sys
import textwrap
import time

import pytest
from conftest import linux
from PIL import Image

from d2l_style.machine.files import (
    NotWritten,
    whole_file,
    writable_folder,
    write_new,
    write_whole,
)

WRITER = """
    import sys, time
    from PIL import Image
    from d2l_style.machine.files import whole_file
    end = time.monotonic() + float(sys.argv[2])
    number = 0
    while time.monotonic() < end:
        number += 1
        img = Image.effect_noise((160, 120), number)
        with whole_file(sys.argv[1]) as part:
            img.save(part)
    print(number)
"""


def writers(count, path, seconds):
    program = textwrap.dedent(WRITER)
    words = [sys.executable, "-c", program, str(path), str(seconds)]
    return [
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        for _writer in range(count)
    ]


@pytest.mark.parametrize("count", [2, 5])
def test_every_read_is_a_whole_picture(tmp_path, count):
    path = tmp_path / "out.png"
    running, reads = writers(count, path, 4), 0
    while any(process.poll() is None for process in running):
        if path.exists():
            with Image.open(path) as img:
                img.load()
            reads += 1
        time.sleep(0.005)
    written = sum(int(process.communicate()[0]) for process in running)
    assert not any(process.returncode for process in running)
    assert min(reads, written) > 10
    assert os.listdir(tmp_path) == [path.name]


@linux
def test_a_killed_writer_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "out.png"
    Image.new("L", (160, 120)).save(path)
    for _time in range(3):
        (process,) = writers(1, path, 60)
        time.sleep(1.5)
        process.kill()
        process.communicate()
        with Image.open(path) as img:
            img.load()


def test_what_is_raised_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def broken():
        with whole_file(path) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_link_stays_one(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    dangling = tmp_path / "dangling.txt"
    dangling.symlink_to(tmp_path / "to come.txt")
    write_whole(dangling, b"it came")
    assert (tmp_path / "to come.txt").read_text() == "it came"


def test_links_that_lead_in_a_circle_are_a_sentence(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.symlink_to(b)
    b.symlink_to(a)
    with pytest.raises(NotWritten, match="a cannot be written"):
        write_whole(a, b"")
    assert a.is_symlink()
    assert b.is_symlink()


@linux
def test_devices_and_pipes_stay_what_they_are(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/null"):
        with pytest.raises(NotWritten, match="it is no file"):
            write_whole(path, b"")
        assert not os.path.isfile(path)


@linux
def test_rights_follow_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "name", ["a\0b", "", ".", "..", "none/a", "a" * 300, "가" * 200]
)
def test_odd_names_are_a_sentence(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotWritten, match="cannot be written: .+"):
        write_whole(name, b"")
    assert os.listdir(tmp_path) == []


def test_a_name_that_just_fits_fits(tmp_path):
    write_whole(tmp_path / ("가" * 80 + ".png"), b"x")
    write_whole(tmp_path / ("a" * 251 + ".png"), b"x")
    assert len(os.listdir(tmp_path)) == 2


def test_a_folder_with_an_odd_name_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="Choose another folder"):
        writable_folder(f"{tmp_path}/a\0b")


def test_a_new_file_is_never_an_old_one(tmp_path, monkeypatch):
    path = tmp_path / "a"
    write_new(path, b"first")
    with pytest.raises(FileExistsError):
        write_new(path, b"second")
    assert path.read_bytes() == b"first"

    def full(_path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("d2l_style.machine.files._flush", full)
    with pytest.raises(NotWritten, match="No space left"):
        write_new(tmp_path / "b", b"third")
    assert os.listdir(tmp_path) == ["a"]
