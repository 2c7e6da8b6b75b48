"""The training program of vgg19-mini, on a tiny teacher and few steps."""

import os
import shutil
import signal

import numpy as np
import pytest
from conftest import ROOT, picture
from safetensors import safe_open
from safetensors.numpy import save_file

from d2l_style import vgg
from d2l_style.fetch import BOOK_IMAGES
from d2l_style.random_vgg import random_parameters
from d2l_style.weights import load_parameters

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tools import train_mini  # noqa: E402
from tools.mini import (  # noqa: E402
    augment,
    calibrate,
    checkpoint,
    pictures,
    teacher,
)
from tools.mini.log import read_log  # noqa: E402
from tools.mini.student import DEPTHS, LOSSES, loss, pairs  # noqa: E402
from tools.mini.training import Options, Training  # noqa: E402

pytestmark = pytest.mark.torch
WIDTHS = (4, 4, 6, 6, 6)
TINY = {"widths": WIDTHS, "batch": 4, "size": 32, "steps": 8}


@pytest.fixture(autouse=True)
def repeatable():
    """One thread and one seed: sums and draws come out the same."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def arrays(count=3):
    return [
        np.asarray(picture(seed, 80, 100)).transpose(2, 0, 1)
        for seed in range(count)
    ]


def tiny_teacher(dtype=torch.float32):
    """A made-up teacher: three scales, one of its ReLUs in place."""
    nn = torch.nn
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return teacher.Teacher(
            nn.Sequential(
                nn.Conv2d(3, 6, 3, stride=2),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
                nn.Conv2d(6, 8, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(8, 10, 3, padding=1),
                nn.ReLU(),
            ),
            dtype=dtype,
        )


def training(state=None, **changes):
    options = Options(**{**TINY, **changes})
    return Training(options, tiny_teacher(), arrays(), state)


def losses(run, count):
    return [run.step() for _ in range(count)]


# --- pictures and crops ----------------------------------------------------


def test_the_books_pictures_are_refused(tmp_path, monkeypatch):
    """By what they are, not by what they are called."""
    path = tmp_path / "holiday.png"
    picture(5).save(path)
    known = pictures.sha256(path)
    monkeypatch.setattr(
        pictures, "BOOK_IMAGES", [type("Book", (), {"sha256": known})]
    )
    for refuse in (pictures.load, pictures.hashes):
        with pytest.raises(ValueError, match="stay out of training"):
            refuse({"holiday": path})


def test_none_of_the_pictures_found_is_the_books():
    found = pictures.find()
    assert "img/rainier.jpg" in found
    assert "matplotlib/grace_hopper.jpg" in found
    hashes = pictures.hashes(found)
    assert not {b.sha256 for b in BOOK_IMAGES} & set(hashes.values())


def test_no_pictures_is_a_sentence():
    with pytest.raises(ValueError, match="scikit-image"):
        pictures.load({})


def test_changed_pictures_are_named():
    assert pictures.changes({"a": 1}, {"a": 1}) == ""
    told = pictures.changes({"a": 1, "b": 1}, {"b": 2, "c": 1})
    assert "without a; new c; changed b" in told


def test_a_batch_depends_on_seed_and_step_alone():
    a, b = (augment.Crops(arrays(), 32, seed=4) for _ in range(2))
    for step in (3, 0):
        assert torch.equal(a.batch(step, 5), b.batch(step, 5))
    assert not torch.equal(a.batch(0, 5), a.batch(1, 5))
    other = augment.Crops(arrays(), 32, seed=5)
    assert not torch.equal(a.batch(0, 5), other.batch(0, 5))


def test_crops_are_sane_pictures():
    X = augment.Crops(arrays(), 32).batch(0, 64)
    assert X.shape == (64, 3, 32, 32)
    assert X.isfinite().all()
    assert 0.3 < X.std() < 2
    assert X.abs().max() < 8
    assert X.std(dim=(1, 2, 3)).median() > 0.1  # they show something


# --- the teacher -----------------------------------------------------------


def test_the_teachers_maps_are_standardised():
    for dtype, digits in ((torch.float32, 2e-3), (torch.bfloat16, 3e-2)):
        master = tiny_teacher(dtype)
        assert master.scales == [2, 4, 8]
        assert master.widths == [6, 8, 10]
        X = torch.randn(8, 3, 32, 32)
        master.measure([X])
        for k, Y in enumerate(master(X)):
            assert Y.shape[-1] == 32 // master.scales[k]
            Y = Y.double()
            assert Y.mean(dim=(0, 2, 3)).abs().max() < 10 * digits
            # channels that hardly answer stay quiet
            assert Y.std(dim=(0, 2, 3)).max() < 1 + 10 * digits


def test_every_depth_learns_from_its_own_scale():
    found = pairs([2, 4, 4, 8, 16])
    assert tuple(found) == DEPTHS
    blocks = [found[depth] for depth in DEPTHS]
    own = [[0], [0], [1, 2], [3], [4]]  # block 1 from the nearest
    assert blocks == [targets for targets in own for _ in range(2)]


def test_a_teacher_that_does_not_fit_is_a_sentence(tmp_path):
    path = tmp_path / "teacher.safetensors"
    save_file({"features.0.weight": np.zeros((2, 3, 3, 3))}, path)
    with pytest.raises(ValueError, match="does not fit .* squeezenet1_1"):
        teacher.load("squeezenet1_1", path)
    path.write_bytes(b"no such thing")
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        teacher.load("squeezenet1_1", path)
    with pytest.raises(FileNotFoundError, match="no teacher's file"):
        teacher.load("squeezenet1_1", tmp_path / "absent")
    with pytest.raises(ValueError, match="no classifier 'vgg20'"):
        teacher.load("vgg20", path)


def test_a_teacher_that_fits_is_read(tmp_path):
    from safetensors.torch import save_file
    from torchvision.models import squeezenet1_1

    path, net = tmp_path / "teacher.safetensors", squeezenet1_1().eval()
    save_file(net.state_dict(), path)
    master = teacher.load("squeezenet1_1", path)
    X = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        padded = torch.nn.functional.pad(X, (1, 1, 1, 1), "reflect")
        expected = net.features(padded)
        scale = expected.abs().max().item()
        torch.testing.assert_close(
            master(X)[-1], expected, rtol=1e-3, atol=1e-4 * scale
        )


# --- training --------------------------------------------------------------


def test_the_loss_falls():
    run = training(lr=2e-2, steps=1000)
    X = run.crops.batch(0, 8)
    run.crops.batch = lambda step, n: X
    values = losses(run, 25)
    assert np.mean(values[-5:]) < 0.85 * np.mean(values[:5])


def test_the_same_seed_gives_the_same_losses():
    assert losses(training(), 3) == losses(training(), 3)
    assert losses(training(), 3) != losses(training(seed=1), 3)


@pytest.mark.parametrize("shape", LOSSES)
def test_losses_are_zero_where_they_should_be(shape):
    Y = torch.randn(2, 5, 4, 4)
    assert abs(loss(Y, Y, shape, gram_weight=1)) < 1e-6
    assert loss(Y + 0.5 * torch.randn_like(Y), Y, shape, 1) > 0.05


@pytest.mark.parametrize(
    "changes", [{"pool": "avg"}, {"loss": "huber", "gram": 0.5}, {"bf16": 1}]
)
def test_other_options_train_too(changes):
    assert np.isfinite(losses(training(**changes), 2)).all()


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole, half = training(), training()
    expected = losses(whole, 7)
    losses(half, 4)
    train_mini.save(tmp_path / "c.safetensors", half, {"pictures": {}})
    resumed = training(state=checkpoint.load(tmp_path / "c.safetensors"))
    assert resumed.steps_done == 4
    np.testing.assert_allclose(losses(resumed, 3), expected[4:], rtol=1e-5)
    for one, other in zip(
        resumed.state()[0].values(), whole.state()[0].values(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_the_learning_rate_warms_up_and_falls():
    run = training(lr=1.0, steps=1000)
    rates = []
    for run.steps_done in (0, 99, 100, 550, 999):
        rates.append(run.lr())
    assert rates[:2] == [0.01, 1.0]
    assert 0.95 < rates[2] < 1
    assert 0.3 < rates[3] < 0.5
    assert 0 < rates[4] < 0.01


def test_the_clock_has_no_say_in_the_first_steps():
    run = training(steps=None, minutes=1)
    run.seconds = 30
    slow = run.lr()
    run.seconds = 1
    assert run.lr() == slow
    run.steps_done, run.seconds = 500, 60
    assert run.fraction() == 1


# --- the program -----------------------------------------------------------


@pytest.fixture
def program(tmp_path, monkeypatch, capsys):
    """Call the program with the tiny teacher; return (code, what it said)."""
    monkeypatch.setattr(
        teacher, "load", lambda arch, path, dtype: tiny_teacher(dtype)
    )
    (tmp_path / "pictures").mkdir()
    found = {}
    for seed in range(2):
        found[f"{seed}.png"] = tmp_path / "pictures" / f"{seed}.png"
        picture(seed).save(found[f"{seed}.png"])
    monkeypatch.setattr(pictures, "find", lambda: dict(found))

    def call(*argv):
        common = ["--output", tmp_path / "mini.safetensors", "--threads", 1]
        if "calibrate" not in argv:
            common += ["--folder", tmp_path / "run"]
        code = train_mini.main([str(a) for a in (*argv, *common)])
        told = capsys.readouterr()
        return code, told.out + told.err

    return call


START = ("--widths", "4,4,6,6,6", "--batch", 4, "--size", 32, "--no-bf16")


def test_a_run_goes_from_pictures_to_a_network(program, tmp_path):
    code, told = program(*START, "--steps", 4)
    assert code == 0, told
    assert "after 4 steps" in told
    facts, rows = read_log(tmp_path / "run" / "log.csv")
    assert [step for step, _, _ in rows] == [1, 2, 3, 4]
    assert facts["options"]["steps"] == 4
    assert len(facts["pictures"]) == 2
    assert not list(tmp_path.rglob("*.part"))
    parameters = load_parameters(tmp_path / "mini.safetensors")
    assert len(parameters["features.28.bias"]) == 6
    code, told = program(*START)
    assert code == 1
    assert "--resume" in told


def test_going_on_keeps_the_log(program, tmp_path):
    log = tmp_path / "run" / "log.csv"
    program(*START, "--steps", 3)
    begun, first = read_log(log)
    with log.open("a") as file:
        file.write("4,9.9,0.1\n5,9.9,0.")  # after the checkpoint, cut off
    code, told = program("--resume", "--steps", 6)
    assert code == 0, told
    facts, rows = read_log(log)
    assert facts == begun  # by which its first steps can be repeated
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[:3] == first
    shutil.rmtree(tmp_path / "run")
    program(*START, "--steps", 6)
    again = read_log(log)[1]
    np.testing.assert_allclose(
        [r[1] for r in rows], [r[1] for r in again], rtol=1e-5
    )


def test_another_run_is_no_continuation(program):
    program(*START, "--steps", 2)
    code, told = program("--resume", "--batch", 5)
    assert code == 1
    assert "--batch is 4" in told


def test_a_signal_stops_after_a_step(program, tmp_path, monkeypatch):
    step = Training.step

    def interrupted(run):
        if run.steps_done == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(run)

    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(Training, "step", interrupted)
        code, told = program(*START, "--steps", 9)
    assert code == 0
    assert "Stopped after step 3" in told
    assert signal.getsignal(signal.SIGTERM) == before
    code, told = program("--resume", "--steps", 4)
    assert "after 4 steps" in told


def test_a_broken_checkpoint_is_a_sentence(program, tmp_path):
    code, told = program("--resume")
    assert code == 1
    assert "no checkpoint" in told
    path = tmp_path / "run" / "checkpoint.safetensors"
    program(*START, "--steps", 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    code, told = program("--resume")
    assert code == 1
    assert "is broken" in told
    assert "Traceback" not in told
    save_file({"x": np.zeros(3)}, path)
    code, told = program("calibrate", path)
    assert code == 1
    assert "no checkpoint of this program" in told


def test_calibrating_again_needs_no_training(program, tmp_path):
    program(*START, "--steps", 2)
    before = load_parameters(tmp_path / "mini.safetensors")
    path = tmp_path / "run" / "checkpoint.safetensors"
    code, told = program("calibrate", path, "--f", "0.9,0.25,0.22,0.3,0.3")
    assert code == 0, told
    after = load_parameters(tmp_path / "mini.safetensors")
    for name, factor in (("0.weight", 2), ("2.weight", 1), ("5.weight", 0.5)):
        np.testing.assert_allclose(
            after[f"features.{name}"],
            factor * before[f"features.{name}"],
            rtol=2e-3,
            atol=1e-6,
        )
    with safe_open(tmp_path / "mini.safetensors", "numpy") as file:
        assert file.metadata()["f"] == "[0.9, 0.25, 0.22, 0.3, 0.3]"


# --- calibration and export ------------------------------------------------


@pytest.fixture(scope="module")
def uneven():
    """A network with biases whose layers have odd scales."""
    rng = np.random.default_rng(0)
    parameters = random_parameters(seed=2, widths=(4, 6, 8, 8, 8))
    for name, array in parameters.items():
        parameters[name] = array * np.float32(rng.uniform(0.5, 2))
        if name.endswith("bias"):
            parameters[name] = rng.normal(0, 0.05, len(array)).astype("f")
    return parameters


@pytest.mark.parametrize("pool", ["max", "avg"])
def test_calibration_reaches_the_wanted_rms(uneven, pool):
    X = augment.views(arrays(), 64)
    factors = (0.6, 0.3, 0.25, 0.2, 0.1)
    after = calibrate.calibrated(uneven, X, factors, pool)
    for layer, rms in calibrate.rms_of_layers(after, X, pool).items():
        channels = len(after[f"features.{layer.index}.bias"])
        wanted = factors[layer.block - 1] * channels**0.5
        assert rms == pytest.approx(wanted, rel=1e-3)


def test_calibration_changes_nothing_that_the_network_sees(uneven):
    after = calibrate.calibrated(uneven, augment.views(arrays(), 64))
    Z = torch.randn(1, 3, 48, 48)
    every = [layer.index + 1 for layer in vgg.CONVS]
    with torch.no_grad():
        old, new = (calibrate.student_of(p)(Z, every) for p in (uneven, after))
    for i in every:
        ratio = new[i].norm() / old[i].norm()
        torch.testing.assert_close(
            new[i], old[i] * ratio, rtol=1e-3, atol=1e-4 * new[i].max().item()
        )


def test_a_silent_layer_is_a_sentence(uneven):
    dead = {**uneven, "features.5.bias": np.float32([-1e6] * 6)}
    with pytest.raises(ValueError, match="conv2_1 cannot be calibrated"):
        calibrate.calibrated(dead, augment.views(arrays(1), 64))


def test_what_float16_cannot_hold_is_a_sentence(uneven, tmp_path):
    path = tmp_path / "mini.safetensors"
    huge = {**uneven, "features.2.bias": np.float32([1e6] * 4)}
    with pytest.raises(ValueError, match=r"features\.2\.bias is too large"):
        calibrate.export(huge, path)
    assert not path.exists()


@pytest.mark.mxnet
def test_both_backends_see_the_same_in_the_exported_file(
    uneven, tmp_path, content_img
):
    import importlib

    path = tmp_path / "mini.safetensors"
    X = augment.views(arrays(), 64)
    calibrate.export(calibrate.calibrated(uneven, X), path, steps=0)
    with safe_open(path, "numpy") as file:
        assert file.get_tensor("features.0.weight").dtype == np.float16
    found = {}
    for name in ("torch", "mxnet"):
        d2l = importlib.import_module(f"d2l_style.{name}")
        net = d2l.pretrained_vgg19(str(path))
        Y, _ = d2l.extract_features(
            d2l.preprocess(content_img, (48, 64)), DEPTHS, [], net=net.features
        )
        found[name] = [
            y.detach().numpy() if name == "torch" else y.asnumpy() for y in Y
        ]
    for a, b in zip(found["torch"], found["mxnet"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * a.max())


# --- the committed run -----------------------------------------------------


@pytest.mark.slow
def test_the_first_steps_repeat_the_committed_log():
    log, file = train_mini.COMMITTED_LOG, os.environ.get("D2L_STYLE_TEACHER")
    if not log.exists():
        pytest.skip(f"{log.relative_to(ROOT)} is not there yet")
    if not file or not os.path.exists(file):
        pytest.skip("D2L_STYLE_TEACHER does not name the teacher's file")
    facts, rows = read_log(log)
    if facts["torch"].split("+")[0] != torch.__version__.split("+")[0]:
        pytest.skip(f"the log is of PyTorch {facts['torch']}")
    options = train_mini.options_of(facts)
    if options.bf16 and not train_mini.fast_bf16():
        pytest.skip("the log is of a processor with bfloat16")
    found = pictures.find()
    hashes = pictures.hashes(found)
    here = {name: hashes.get(name) for name in facts["pictures"]}
    if told := pictures.changes(facts["pictures"], here):
        pytest.skip(told)
    torch.set_num_threads(facts["threads"])
    seen = pictures.load({name: found[name] for name in facts["pictures"]})
    run = train_mini.begin(options, file, seen)
    np.testing.assert_allclose(
        losses(run, 50), [value for _, value, _ in rows[:50]], rtol=1e-3
    )
