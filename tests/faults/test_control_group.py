"""A run in a control group of Linux with little memory, where we may."""

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from conftest import linux

MOST = 900_000_000  # bytes
# Where each version keeps groups, their limit, and who is in them.
VERSIONS = [
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
    ("/sys/fs/cgroup", "memory.max"),
]
pytestmark = [linux, pytest.mark.slow]


@pytest.fixture
def group():
    """A control group of 0.9 GB, as the folder that stands for it."""
    for root, limit in VERSIONS:
        folder = Path(root) / f"d2l-style-{uuid.uuid4().hex[:8]}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            (folder / limit).write_text(str(MOST))
        except OSError:
            folder.rmdir()
            continue
        yield folder
        folder.rmdir()
        return
    pytest.skip("no control group can be made here")


@pytest.fixture
def transfer(group, tmp_path, content_img, style_img):
    """Run the command line in the group: (exit status, stdout, stderr)."""
    content_img.save(tmp_path / "content.png")
    style_img.save(tmp_path / "style.png")

    def run(*more):
        words = [sys.executable, "-W", "ignore", "-m", "d2l_style", "transfer"]
        words += ["content.png", "style.png", "-o", "out.png", *more]
        done = subprocess.run(
            words,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            preexec_fn=lambda: (group / "cgroup.procs").write_text(
                str(os.getpid())
            ),
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_what_is_proposed_runs(transfer, backend):
    options = "--backend", backend, "--epochs", "5", "--weights", "mini"
    code, _said, err = transfer("--size", "1200x1800", *options)
    assert code == 1
    fits = re.search(r"(\d+x\d+) would fit", err)[1]
    code, said, err = transfer("--size", fits, *options)
    assert (code, err) == (0, "")
    assert "holds the picture" in said
