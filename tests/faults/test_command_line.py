"""The command line, killed, told to end, cut off, and out of room."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from conftest import linux
from PIL import Image

from d2l_style.cli import out as results
from d2l_style.cli.unfinished import Unfinished
from d2l_style.engine.base import Diverged
from d2l_style.machine.signals import Ended, held_back, like_control_c
from d2l_style.saved_run import facts_of_run
from d2l_style.transfer import StyleTransfer

SMALL = ("--size", "32x48")
NAMES = ["SIGINT", "SIGTERM", "SIGHUP"]
# The command line, which writes a run whenever it may, and tells the epochs.
TOLD = """
    import sys
    from d2l_style.cli import bar, main, unfinished
    from d2l_style.machine.signals import held_back

    unfinished._SECONDS, unfinished._SHARE = 0, 1e9

    class Told(unfinished.Unfinished):
        def follow(self, run):
            super().follow(run)
            print(run.epoch, file=sys.stderr, flush=True)

    from d2l_style.cli import transfer
    transfer.Unfinished = Told
    main()
"""


def slowly(*values):
    """Return these as parameters of which each takes some seconds."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


@pytest.fixture
def command(pictures, out, narrow_file, tmp_path):
    """Return the command line's words for a run of so many epochs."""

    def words(*more, program=("-m", "d2l_style"), epochs=20):
        return [
            *(sys.executable, "-W", "ignore", *program, "transfer"),
            *(*map(str, pictures), "-o", str(out), "--epochs", str(epochs)),
            *("--weights", narrow_file, *SMALL, *map(str, more)),
        ]

    return words


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Home, the folder of temporary files and the present one, all empty."""
    places = [tmp_path / name for name in ("here", "home", "temporary")]
    for place in places:
        place.mkdir()
    monkeypatch.chdir(places[0])
    monkeypatch.setenv("HOME", str(places[1]))
    monkeypatch.setenv("USERPROFILE", str(places[1]))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(places[2]))
    return places


def ends(words, **options):
    """Run a command to its end; return (exit status, stdout, stderr)."""
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=120, **options
    )
    return done.returncode, done.stdout, done.stderr


def whole(path, size=(48, 32)):
    with Image.open(path) as img:
        img.load()
        return img.size == size


def hearing():
    """Hear signals, also where whoever started the tests did not.

    nohup ignores one, a shell's ``&`` another, and children do likewise.
    """
    for name in NAMES:
        signal.signal(getattr(signal, name), signal.SIG_DFL)


class Going:
    """A run in a process of its own, which is past some epoch."""

    def __init__(self, words, epoch):
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hearing,
        )
        self.epoch = 0
        while self.epoch < epoch:
            line = self.process.stderr.readline()
            assert line, self.process.stdout.read()
            self.epoch = int(line)

    def ended_by(self, *numbers):
        for number in numbers:
            self.process.send_signal(number)
        said, err = self.process.communicate(timeout=60)
        return self.process.returncode, said, err


@pytest.fixture
def going(command):
    """Return a run that is past ``epoch``, of a million epochs."""
    runs = []

    def begin(epoch, *more, epochs=10**6):
        program = "-c", textwrap.dedent(TOLD)
        runs.append(
            Going(command(*more, program=program, epochs=epochs), epoch)
        )
        return runs[-1]

    yield begin
    for run in runs:
        run.process.kill()
        run.process.wait()


# Who reads what is said


@linux
@pytest.mark.torch
@pytest.mark.parametrize(
    "cut",
    [
        "| head -1",
        ">&- 2>&-",
        *slowly("| true", ">&-", "2>&-", ">/dev/full"),
    ],
)
def test_nobody_reads_and_the_picture_is_there(command, out, cut):
    """What cannot be printed is dropped; bash tells of the first command."""
    words = " ".join(map(repr, command()))
    script = f"{words} {cut}; exit ${{PIPESTATUS[0]}}"
    code, _said, err = ends(["bash", "-c", script])
    assert code == 0
    assert "Traceback" not in err
    assert "Exception" not in err
    assert os.listdir(out.parent) == [out.name]
    assert whole(out)


@linux
@pytest.mark.torch
def test_an_error_with_a_closed_stderr_is_an_exit_status(command, out):
    script = f"{' '.join(map(repr, command('--lr', 'nan')))} 2>&-"
    assert ends(["bash", "-c", script])[0] in (1, 2)
    assert os.listdir(out.parent) == []


# Being told to end


@linux
@pytest.mark.torch
@pytest.mark.parametrize("name", NAMES)
def test_told_to_end_it_keeps_picture_and_run(going, out, name):
    number = getattr(signal, name)
    code, said, _err = going(3).ended_by(number)
    assert code == 128 + number
    count = int(said.splitlines()[-1].split()[2])
    assert count >= 3
    assert facts_of_run(Unfinished(out).path)[1]["epoch"] == count
    assert whole(out)


@linux
@pytest.mark.torch
def test_five_quick_control_c_leave_picture_and_run(going, out):
    code, _said, err = going(3).ended_by(*[signal.SIGINT] * 5)
    assert code == 130
    assert "Traceback" not in err
    assert sorted(os.listdir(out.parent)) == [
        out.name,
        Unfinished(out).path.name,
    ]
    assert whole(out)


@linux
@pytest.mark.slow
@pytest.mark.torch
def test_nohup_keeps_a_run_alive(command, out):
    script = f"trap '' HUP; {' '.join(map(repr, command(epochs=50)))}"
    process = subprocess.Popen(["bash", "-c", f"{script}; exit $?"])
    for _time in range(20):
        time.sleep(0.1)
        process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=120) == 0
    assert whole(out)


@linux
@pytest.mark.parametrize("pause", [0.02, 0.1, 0.2, 0.4])
def test_control_c_while_it_starts_is_no_traceback(command, out, pause):
    """Before Python has come to our code the traceback is Python's own."""
    watched = "import d2l_style.cli as c, sys; print(flush=True); c.main()"
    process = subprocess.Popen(
        command(program=("-c", watched), epochs=10**6),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hearing,
    )
    process.stdout.readline()
    time.sleep(pause)
    process.send_signal(signal.SIGINT)
    _said, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert os.listdir(out.parent) == []


@linux
def test_signals_are_held_back_and_then_told():
    with like_control_c(), held_back() as told:
        assert told() is None
        for _time in range(3):
            signal.raise_signal(signal.SIGTERM)
        assert told().code == 143
    with pytest.raises(Ended):
        twice(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def twice(number):
    """Be told twice to end where one is patient once."""
    with like_control_c(), held_back(1):
        signal.raise_signal(number)
        signal.raise_signal(number)
        pytest.fail("the second time ends it")


# A run that made no epoch


@pytest.mark.torch
@pytest.mark.parametrize("there", [b"an earlier result", None])
@pytest.mark.parametrize(
    ("error", "status"),
    [(Ended(signal.SIGINT), 130), (Diverged("No longer finite."), 1)],
)
def test_no_epoch_overwrites_nothing(
    pictures, out, narrow_file, monkeypatch, there, error, status
):
    from d2l_style.cli import main

    def ended(run):
        raise error

    if there:
        out.write_bytes(there)
    monkeypatch.setattr(StyleTransfer, "forecast", ended)
    words = "transfer", *pictures, "-o", out, "--weights", narrow_file, *SMALL
    monkeypatch.setattr(sys, "argv", ["d2l-style", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == status
    assert os.listdir(out.parent) == [out.name] * bool(there)
    assert not there or out.read_bytes() == there


def test_divergence_spares_an_earlier_result(command, out, backend):
    out.write_bytes(b"an earlier result")
    words = command("--lr", "1e30", "--backend", backend)
    code, said, err = ends(words)
    assert (code, err.count("no longer finite")) == (1, 1)
    beside = out.with_name("result-2.png")
    assert f"{beside} holds the picture." in said
    assert whole(beside)
    assert out.read_bytes() == b"an earlier result"
    assert len(os.listdir(out.parent)) == 2


# Going on


def state_of(run):
    return {k: np.array(v) for k, v in run.state().items()}


@linux
@pytest.mark.parametrize("after", ["pytorch", *slowly("mxnet")])
def test_a_killed_run_goes_on(command, going, out, backend, after):
    """As if it had never been killed, in either backend, from the other."""
    pytest.importorskip({"pytorch": "torch"}.get(after, after))
    run = going(6, "--backend", backend)
    run.ended_by(signal.SIGKILL)
    left = facts_of_run(Unfinished(out).path)[1]["epoch"]
    assert left >= run.epoch  # written before it was told
    assert os.listdir(out.parent) == [Unfinished(out).path.name]
    more = "--resume", "--backend", after
    code, said, err = ends(command(*more, epochs=left + 4))
    assert (code, err) == (0, "")
    assert "4 epochs" in said
    assert os.listdir(out.parent) == [out.name]
    resumed = Image.open(out.rename(out.with_name("resumed.png")))
    # Not in this process: another number of threads rounds otherwise.
    assert ends(command("--backend", after, epochs=left + 4))[0] == 0
    mine, other = (
        np.asarray(img, float) for img in (resumed, Image.open(out))
    )
    # Two frameworks drift apart; the picture is the same to the eye.
    assert np.abs(mine - other).mean() < (1 if backend == after else 6)


@linux
@pytest.mark.slow
@pytest.mark.torch
def test_resume_takes_the_choices_of_the_run(command, going, out):
    going(2, "--tv-weight", "77").ended_by(signal.SIGTERM)
    recipe = facts_of_run(Unfinished(out).path)[0]
    assert (recipe.tv_weight, recipe.image_shape) == (77, (32, 48))
    words = command("--resume", "--lr", "1e-3", epochs=recipe.num_epochs)
    for option in ("--size", "--epochs", "--weights"):
        at = words.index(option)
        del words[at : at + 2]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    time.sleep(8)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    now = facts_of_run(Unfinished(out).path)[0]
    assert now == recipe.replace(lr=1e-3)


@linux
@pytest.mark.torch
def test_a_run_that_was_left_is_told_before_it_is_replaced(
    command, going, out
):
    going(2).ended_by(signal.SIGTERM)
    code, said, _err = ends(command(epochs=3))
    assert code == 0
    assert "--resume goes on with it" in said
    assert os.listdir(out.parent) == [out.name]


@pytest.mark.torch
@pytest.mark.parametrize("content", [None, b"", b"{}", os.urandom(999)])
def test_nothing_to_go_on_with(command, out, content):
    path = Unfinished(out).path
    if content is not None:
        path.write_bytes(content)
    code, _said, err = ends(command("--resume"))
    assert code == 1
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert str(path) in err
    assert os.listdir(out.parent) == [path.name] * (content is not None)


# Where there is no room


def limited(size):
    """Have no file of the process grow beyond so many bytes."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@linux
@pytest.mark.torch
def test_too_little_room_is_known_before_the_run(command, out):
    """A black picture would have fitted; the one to come may not."""
    code, said, err = ends(command(), preexec_fn=limited(2000))
    assert code == 1
    assert f"{out} cannot be written" in err
    assert "epochs" not in said
    assert os.listdir(out.parent) == []


@linux
@pytest.mark.torch
def test_no_room_for_the_run_but_for_the_picture(command, out):
    program = "-c", textwrap.dedent(TOLD)
    words = command(program=program)
    code, _said, err = ends(words, preexec_fn=limited(10_000))
    assert code == 0
    assert err.count("--resume will not find it") == 1
    assert os.listdir(out.parent) == [out.name]
    assert whole(out)


@pytest.mark.parametrize("gone", ["folder", "room"])
def test_a_picture_finds_another_place(
    out, elsewhere, monkeypatch, capsys, gone
):
    img = Image.new("RGB", (48, 32), "red")
    taken = elsewhere[0] / out.name
    taken.write_bytes(b"somebody's")
    if gone == "folder":
        out.parent.rmdir()
    else:

        def full(path, data):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(results, "write_whole", full)
    place = results.save(img, out)
    assert place == elsewhere[0] / "result-2.png"
    assert whole(place)
    assert taken.read_bytes() == b"somebody's"
    assert f"{out} cannot be written" in capsys.readouterr().out or (
        gone == "room"
    )


def test_a_picture_with_no_place_at_all_is_a_sentence(
    out, elsewhere, monkeypatch
):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results, "write_whole", full)
    monkeypatch.setattr(results, "write_new", full)
    with pytest.raises(OSError, match="No space"):
        results.save(Image.new("RGB", (4, 4)), out)
