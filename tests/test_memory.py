"""How much memory is left: the system's, and the control groups' of Linux."""

from pathlib import Path

import psutil
import pytest

from d2l_style.machine import memory

V2 = {"max": "memory.max", "now": "memory.current", "back": "inactive_file"}
V1 = {
    "max": "memory.limit_in_bytes",
    "now": "memory.usage_in_bytes",
    "back": "total_inactive_file",
}


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Make groups: ``groups(mine, {path: (limit, taken, given back)})``."""

    def made(mine, groups, names=V2):
        (tmp_path / "mine").write_text(mine)
        for path, (most, now, back) in groups.items():
            folder = tmp_path / "mounted" / path
            folder.mkdir(parents=True, exist_ok=True)
            (folder / names["max"]).write_text(f"{most}\n")
            (folder / names["now"]).write_text(f"{now}\n")
            stat = f"anon 5\n{names['back']} {back}\nfile 7\n"
            (folder / "memory.stat").write_text(stat)
        monkeypatch.setattr(memory, "_MINE", tmp_path / "mine")
        monkeypatch.setattr(memory, "_MOUNTED", tmp_path / "mounted")
        return memory.free_bytes()

    return made


def test_it_is_no_more_than_there_is():
    assert 0 < memory.free_bytes() <= psutil.virtual_memory().total


def test_the_processs_own_group_counts(groups):
    limits = {"job/7": (9000, 4000, 1000), "job": ("max", 5000, 0)}
    assert groups("0::/job/7\n", limits) == 6000


def test_a_group_above_may_be_tighter(groups):
    limits = {"job/7": (9000, 1000, 0), "job": (5000, 4000, 0)}
    assert groups("0::/job/7\n", limits) == 1000


def test_version_1_has_a_tree_of_its_own(groups):
    mine = "9:name=systemd:/x\n4:cpu,memory:/slurm/a\n0::/\n"
    limits = {"memory/slurm/a": (3000, 1000, 500)}
    assert groups(mine, limits, V1) == 2500


def test_inside_a_container_the_root_is_the_group(groups):
    """Its name may be the one outside, where nothing can be read."""
    mine = "4:memory:/docker/abc\n"
    assert groups(mine, {"memory": (2000, 500, 0)}, V1) == 1500


def test_a_group_that_is_full_leaves_nothing(groups):
    assert groups("0::/a\n", {"a": (1000, 1500, 0)}) == 0


@pytest.mark.parametrize(
    "mine",
    [
        "",
        "0::",
        "nonsense",
        "0::/../../x",
        ":::::\n::\n4:memory",
        "0::/gone/away",
        "0::/odd",
    ],
)
def test_what_cannot_be_read_sets_no_limit(groups, mine):
    odd = {"odd": ("many", "some", "none")}
    free = psutil.virtual_memory().available
    assert groups(mine, odd) == pytest.approx(free, rel=0.3)


def test_elsewhere_than_on_linux_there_are_no_groups(monkeypatch):
    monkeypatch.setattr(memory, "_MINE", Path("/there/is/no/such/file"))
    free = psutil.virtual_memory().available
    assert memory.free_bytes() == pytest.approx(free, rel=0.3)
