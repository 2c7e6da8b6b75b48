"""The training program of vgg19-mini, on a narrow teacher and few steps."""

import os
import signal
import sys
from dataclasses import asdict
from importlib.util import find_spec

import numpy as np
import pytest
from conftest import picture
from safetensors import safe_open
from safetensors.numpy import save_file

from d2l_style.network import oxford, vgg
from d2l_style.network.fetch import BOOK_IMAGES
from d2l_style.network.random_vgg import random_parameters
from d2l_style.network.weights import bundled, load_parameters

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tools import train_mini  # noqa: E402
from tools.mini import (  # noqa: E402
    augment,
    calibrate,
    checkpoint,
    distances,
    gradient,
    inherit,
    invented,
    painted,
    pictures,
)
from tools.mini.log import Log, read_log  # noqa: E402
from tools.mini.student import Heads, Student, rows  # noqa: E402
from tools.mini.teacher import Teacher  # noqa: E402
from tools.mini.training import (  # noqa: E402
    Options,
    Training,
    _far,
    _like,
)

pytestmark = pytest.mark.torch
WIDE = (4, 8, 16, 16, 16)  # of the teacher
WIDTHS = (4, 4, 6, 6, 6)  # of the student
TINY = {"widths": WIDTHS, "batch": 4, "size": 32, "groups": 3, "steps": 8}
CONVS = [layer.index for layer in vgg.CONVS]
BOTH = (False, True)
cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="there is no CUDA device"
)


@pytest.fixture(autouse=True)
def repeatable():
    """One thread and one seed: sums and draws come out the same."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def uneven(widths, seed=2):
    """A network with biases whose layers have odd scales."""
    rng = np.random.default_rng(seed)
    parameters = random_parameters(seed=seed, widths=widths)
    for name, array in parameters.items():
        parameters[name] = array * np.float32(rng.uniform(0.7, 1.4))
        if name.endswith("bias"):
            parameters[name] = rng.normal(0, 0.05, len(array)).astype("f")
    return parameters


WIDE_PARAMETERS = uneven(WIDE)


def narrow_teacher(device="cpu", dtype=torch.float32):
    return Teacher(WIDE_PARAMETERS, device, dtype)


def arrays(count=3):
    return [
        np.asarray(picture(seed, 80, 100)).transpose(2, 0, 1)
        for seed in range(count)
    ]


def batches(count=3, n=8, size=48):
    crops = augment.Crops(arrays(), size)
    return [crops.batch(step, n) for step in range(count)]


def training(state=None, first=None, device="cpu", **changes):
    options = Options(**{**TINY, **changes})
    return Training(
        options, narrow_teacher(device), arrays(), state, device, first
    )


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


def test_sharpening_leaves_flat_places_and_most_crops_alone():
    X = torch.full((40, 3, 8, 8), 0.4)
    X[..., 4:] = 0.6
    sharp = augment._sharpened(X.clone(), np.random.default_rng(0))
    torch.testing.assert_close(sharp[..., :3], X[..., :3])
    step = (sharp[..., 4] - sharp[..., 3]).mean(dim=(1, 2))
    left = (step - 0.2).abs() < 1e-6
    assert 15 < left.sum() < 33  # 60 % of 40
    assert (step[~left] > 0.2).all()
    assert sharp.min() >= 0
    assert sharp.max() <= 1


needs_scipy = pytest.mark.skipif(
    find_spec("scipy") is None, reason="the extra 'train' is not installed"
)


@needs_scipy
def test_invented_pictures_are_many_and_depend_on_their_number():
    count, side = 2 * len(invented.KINDS), 64
    made = invented.pictures(count, side=side)
    again = invented.pictures(count, side=side)
    for a, b in zip(made, again, strict=True):
        assert a.shape == (3, side, side)
        assert a.dtype == np.uint8
        assert a.std() > 4  # it shows something
        assert np.array_equal(a, b)
    assert len({a.tobytes() for a in made}) == count
    other = invented.picture(0, seed=1, side=side)
    assert not np.array_equal(other, made[0])


@needs_scipy
def test_crops_are_cut_from_invented_pictures_too():
    X = augment.Crops(invented.pictures(6, side=64), 32).batch(0, 8)
    assert X.isfinite().all()


def test_without_scipy_it_says_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.spatial", None)
    with pytest.raises(ImportError, match="train"):
        invented.pictures(len(invented.KINDS), side=32)


# --- the teacher and the student -------------------------------------------


@pytest.mark.parametrize("who", ["teacher", "student"])
def test_maps_are_those_of_the_convolutions_before_their_relus(who):
    net = {"teacher": narrow_teacher(), "student": Student(WIDTHS)}[who]
    X = torch.randn(2, 3, 40, 33)
    with torch.no_grad():
        maps = net(X)
        assert list(maps) == CONVS
        Y = X
        for i, layer in enumerate(net.features):
            if i in CONVS:
                assert maps[i].min() < 0
            Y = layer(Y)
            if i in CONVS:
                torch.testing.assert_close(maps[i], Y)
        assert list(net(X, 25)) == [i for i in CONVS if i <= 25]


def test_rows_have_both_sides_of_the_relu():
    Y = torch.randn(2, 5, 6, 7)
    found = rows({3: Y}, step=11)
    assert list(found) == [(3, False), (3, True)]
    torch.testing.assert_close(
        found[3, False].T.reshape(5, 2, 6, 7), Y.transpose(0, 1)
    )
    torch.testing.assert_close(found[3, True], found[3, False].relu())


def test_of_large_maps_every_place_has_its_turn():
    side = 41  # every second row and column
    Y = torch.arange(side * side).float().reshape(1, 1, side, side)
    seen = [
        set(rows({0: Y}, step)[0, False].ravel().tolist()) for step in range(4)
    ]
    assert set.union(*seen) == set(Y.ravel().tolist())
    assert sum(map(len, seen)) == side * side


@pytest.mark.parametrize(
    ("dtype", "off"), [(torch.float32, 1e-4), (torch.bfloat16, 3e-2)]
)
def test_the_teachers_targets_are_shifted_and_scaled(dtype, off):
    master, X = narrow_teacher(dtype=dtype), batches(1)[0]
    raw = rows(master(X))
    master.measure([X])
    found = master.targets(master(X))
    assert master.widths == list(WIDE)
    assert len(found) == 2 * len(CONVS)
    for tap, Y in found.items():
        assert Y.dtype == torch.float32
        assert Y.mean(0).abs().max() < off * (1 + Y.std(0).max())
        # A channel keeps the root of what it has beside the others.
        std = raw[tap].float().std(0)
        whole = std.square().mean().sqrt()
        strong = std > 0.03 * whole
        torch.testing.assert_close(
            Y.std(0)[strong],
            (std / whole).sqrt()[strong],
            rtol=max(1e-3, off),
            atol=0,
        )
        assert Y.std(0)[~strong].le(0.2).all()


def test_heads_begin_with_what_least_squares_find():
    master, student, several = narrow_teacher(), Student(WIDTHS), batches()
    master.measure(several)
    heads = Heads(WIDTHS, WIDE)

    def missed():
        found = {}
        with torch.no_grad():
            for step, X in enumerate(several):
                told = heads(student(X), step)
                wanted = master.targets(master(X), step)
                for tap in told:
                    error = (told[tap] - wanted[tap]).square().mean().item()
                    found[tap] = found.get(tap, 0) + error
        return found

    before = missed()
    heads.fit(student, master, several)
    after = missed()
    assert set(after) == {(i, side) for i in CONVS for side in BOTH}
    for tap in after:
        assert after[tap] < 0.9 * before[tap], tap


def test_a_student_of_its_teachers_kind_needs_no_more_than_its_heads():
    """Heads that are fitted to the teacher itself miss next to nothing."""
    master, several = narrow_teacher(), batches()
    student, heads = Student(WIDE), Heads(WIDE, WIDE)
    student.load(WIDE_PARAMETERS)
    master.measure(several)
    heads.fit(student, master, several)
    with torch.no_grad():
        told = heads(student(several[0]))
        for tap, wanted in master.targets(master(several[0])).items():
            error = (told[tap] - wanted).square().mean()
            assert error < 1e-2 * wanted.square().mean(), tap


def test_parameters_of_other_widths_are_refused():
    with pytest.raises(ValueError, match="size mismatch .* Set --widths"):
        Student(WIDTHS).load(WIDE_PARAMETERS)


# --- inherit ---------------------------------------------------------------


def test_a_student_as_wide_as_its_teacher_becomes_it_up_to_scale():
    master, several = narrow_teacher(), batches(4)
    student = Student(WIDE)
    inherit.inherit(student, master, several)
    with torch.no_grad():
        taught = [master(X) for X in several]
        maps = [student(X) for X in several]
    for i in CONVS:
        Y = torch.cat([m[i].flatten(2).transpose(1, 2) for m in taught])
        Z = torch.cat([m[i].flatten(2).transpose(1, 2) for m in maps])
        order = inherit.chosen_channels([m[i] for m in taught], Y.shape[-1])
        assert sorted(order) == list(range(Y.shape[-1]))
        Y = Y[..., order]
        ratio = (Y * Z).sum() / Y.square().sum()
        assert ratio > 0
        error = (Z - ratio * Y).square().mean() / Z.square().mean()
        assert error < 0.02, vgg.layer_name(i)


def test_a_narrow_student_inherits_what_helps():
    """Its heads miss less than those of a student that begins at random."""
    master, several = narrow_teacher(), batches(4)
    master.measure(several)

    def missed(student):
        heads = Heads(WIDTHS, WIDE)
        heads.fit(student, master, several)
        with torch.no_grad():
            told, wanted = (
                heads(student(several[0])),
                master.targets(master(several[0])),
            )
            return sum(
                (told[tap] - wanted[tap]).square().mean() for tap in told
            ).item()

    own, random = Student(WIDTHS), Student(WIDTHS)
    inherit.inherit(own, master, several)
    assert missed(own) < 0.8 * missed(random)


def test_every_layer_that_is_inherited_has_an_rms_of_1():
    master, several = narrow_teacher(), batches(4)
    student = Student(WIDTHS)
    inherit.inherit(student, master, several)
    with torch.no_grad():
        maps = [student(X) for X in several]
    for i in CONVS:
        Y = torch.cat([m[i].relu().ravel() for m in maps])
        assert Y.square().mean().sqrt() == pytest.approx(1, abs=0.05)


def test_a_channel_that_another_repeats_is_chosen_last():
    Y = torch.randn(4, 5, 6, 6)
    Y[:, 3] = 2 * Y[:, 1]
    chosen = inherit.chosen_channels([Y[:2], Y[2:]], 4)
    assert not {1, 3} <= set(chosen)
    assert sorted(inherit.chosen_channels([Y], 5)) == [0, 1, 2, 3, 4]


def test_silent_channels_are_chosen_last_and_once():
    Y = torch.randn(4, 6, 5, 5)
    Y[:, [0, 4]] = -1
    chosen = inherit.chosen_channels([Y], 6)
    assert sorted(chosen) == [0, 1, 2, 3, 4, 5]
    assert set(chosen[4:]) == {0, 4}


def test_the_channel_that_says_most_comes_first():
    Y = torch.rand(2, 4, 8, 8)
    Y[:, 2] *= 10
    assert inherit.chosen_channels([Y], 1) == [2]


# --- distances -------------------------------------------------------------


def test_distances_are_the_books_losses():
    from d2l_style import torch as d2l

    net = Student(WIDTHS)
    with torch.no_grad():
        a, b = net(torch.randn(2, 3, 32, 40)), net(torch.randn(2, 3, 32, 40))
        G, H = distances.grams(a), distances.grams(b)
        found = distances.style_distances(G, H)
        assert set(found) == {(i, s) for i in (0, 5, 10, 19, 28) for s in BOTH}
        for (i, after), d in found.items():
            for k in range(2):
                Y, Z = (m[i][k : k + 1] for m in (a, b))
                if after:
                    Y, Z = Y.relu(), Z.relu()
                expected = d2l.style_loss(Y, d2l.gram(Z))
                torch.testing.assert_close(d[k], expected)
        contents = distances.content_distances(a[25], b[25])
        for (i, after), d in contents.items():
            Y, Z = (m[i].relu() if after else m[i] for m in (a, b))
            assert i == 25
            expected = d2l.content_loss(Y[:1], Z[:1])
            torch.testing.assert_close(d[0], expected)


def test_ratios_are_those_of_teacher_and_student():
    scales, n = distances.Scales(), 3
    student = {(0, True): torch.rand(n) + 1, (25, False): torch.rand(n) + 50}
    teacher = {tap: 7 * d for tap, d in student.items()}
    for ratio in scales.log_ratios(teacher, student).values():
        torch.testing.assert_close(
            ratio, torch.full((n,), np.log(7)), rtol=1e-3, atol=1e-3
        )
    scales.logs[0].fill_(np.log(7))
    ratios = scales.log_ratios(teacher, student)
    assert ratios[0, True].abs().max() < 1e-5
    assert ratios[25, False].min() > 1


def test_differences_that_nobody_feels_are_passed_over():
    nothing = {(5, True): torch.zeros(2), (25, True): torch.zeros(2)}
    little = {
        (5, True): torch.full((2,), 1e-9),
        (25, True): torch.ones(2) / 1e5,
    }
    for ratio in distances.Scales().log_ratios(little, nothing).values():
        assert (ratio.abs() < 0.01).all()


def test_scales_come_to_the_right_factors():
    rng = np.random.default_rng(0)
    scales = distances.Scales()
    wanted = {0: 3.0, 5: 0.01, 25: 40.0}
    for _step in range(400):
        teacher, student = {}, {}
        for index, factor in wanted.items():
            for after in BOTH:
                d = torch.tensor(rng.uniform(10, 20, 4))
                noise = torch.tensor(np.exp(rng.normal(0, 0.3, 4)))
                student[index, after] = d
                teacher[index, after] = factor * d * noise
        scales.update(scales.log_ratios(teacher, student))
    for index, factor in wanted.items():
        assert scales.factor(index).item() == pytest.approx(factor, rel=0.05)
    assert scales.factor(10) == 1  # nobody has seen it


# --- the gradient, and pictures in the making ------------------------------


def groups_of_all_kinds(n=2, h=32, w=48):
    """One group of each kind; some of their weights are 0."""
    master, found = narrow_teacher(), {}
    for seed in range(50):
        rng = np.random.default_rng(seed)
        pair = torch.randn(2 * n, 3, h, w)
        group = painted.Group(pair, master, rng)
        kind = (group.after, group.taps[-1][1])
        found.setdefault(kind, group)
    assert set(found) == {(True, True), (True, False), (False, False)}
    return [found[kind] for kind in sorted(found)]


@pytest.mark.parametrize("kind", range(3))
def test_the_gradient_is_autograds_and_so_is_its_own(kind):
    group = groups_of_all_kinds()[kind]
    student = Student((3, 5, 7, 8, 9))
    with torch.no_grad():
        for p in student.parameters():
            p += 0.05 * torch.randn_like(p)  # biases too
    scales = distances.Scales()
    for k, log in enumerate(scales.logs.values()):
        log.fill_(0.3 * k - 0.7)
    X = group.X + 0.1 * torch.randn_like(group.X)
    direction = torch.randn_like(X)

    def targets():
        both = torch.cat([group.style_X, group.content_X])
        maps = student(both, distances.DEEPEST)
        n = len(group.X)
        G = distances.grams({i: Y[:n] for i, Y in maps.items()})
        return G, maps[distances.CONTENT][n:]

    def by_autograd():
        Z = X.clone().requires_grad_()
        maps, (G, content_Y) = student(Z, distances.DEEPEST), targets()
        contents = distances.content_distances(maps[25], content_Y)
        styles = distances.style_distances(distances.grams(maps), G)
        objective = group.objective(
            {
                tap: scales.factor(tap[0]) * d
                for tap, d in contents.items()
                if tap[1] == group.after
            },
            {tap: scales.factor(tap[0]) * styles[tap] for tap in group.taps},
        )
        return torch.autograd.grad(objective.sum(), Z, create_graph=True)[0]

    def by_hand():
        maps, marks = gradient.forward(student.features, X)
        return gradient.gradient(
            *(student.features, maps, marks, group, *targets()), scales
        )

    expected, found = by_autograd(), by_hand()
    close(found, expected)
    parameters = [
        p
        for name, p in student.named_parameters()
        if int(name.split(".")[1]) <= distances.DEEPEST
    ]
    wanted, own = (
        torch.autograd.grad(
            (g * direction).sum(), parameters, allow_unused=True
        )
        for g in (expected, found)
    )
    for a, b in zip(own, wanted, strict=True):
        if b is None:  # the last bias moves no gradient where ReLUs stay
            assert a is None or not a.any()
        else:
            close(a, b)


def close(found, expected, part=1e-4):
    """Equal, but for a small part of the largest."""
    atol = part * expected.abs().max().item()
    assert expected.abs().max() > 0
    torch.testing.assert_close(found, expected, rtol=0, atol=atol)


def test_the_way_there_has_the_maps_of_the_student():
    student, X = Student(WIDTHS), torch.randn(2, 3, 33, 40)
    with torch.no_grad():
        maps, _marks = gradient.forward(student.features, X)
        expected = student(X, distances.DEEPEST)
    assert list(maps) == list(expected)
    for i, Y in expected.items():
        torch.testing.assert_close(maps[i], Y)


def test_groups_descend_by_adam_and_total_variation():
    group = groups_of_all_kinds(n=3, h=16, w=20)[0]
    X = group.X.clone().requires_grad_()
    adam = torch.optim.Adam([X], lr=0.1, betas=(0.9, 0.9), eps=1e-8)
    for _step in range(5):
        pull = torch.randn_like(group.X)
        group.descend(pull)
        adam.zero_grad()
        tv = 0.5 * (
            (X[:, :, 1:] - X[:, :, :-1]).abs().mean((1, 2, 3))
            + (X[:, :, :, 1:] - X[:, :, :, :-1]).abs().mean((1, 2, 3))
        )
        ((X * pull).sum() + (tv * group.weights["tv"]).sum()).backward()
        adam.step()
        torch.testing.assert_close(group.X, X.detach(), rtol=1e-4, atol=1e-4)
    assert group.steps == 5


def test_a_groups_targets_are_the_teachers():
    master = narrow_teacher()
    pair = torch.randn(4, 3, 32, 32)
    group = painted.Group(pair, master, np.random.default_rng(0))
    torch.testing.assert_close(group.content_X, pair[:2])
    torch.testing.assert_close(group.content_Y, master(pair[:2])[25])
    expected = distances.grams(master(pair[2:]))
    for tap, G in group.style_grams.items():
        torch.testing.assert_close(G, expected[tap])
    for values in group.weights.values():
        assert values.shape == (2,)
        assert (values >= 0).all()


def test_groups_end_one_by_one_and_begin_anew(monkeypatch):
    monkeypatch.setattr("tools.mini.training.LIFE", 18)
    run = training(groups=3, paint=2)  # 3 steps each time
    lives, begun = [], []
    for _step in range(12):
        k = run.steps_done % 3
        before = run.groups.get(k)
        run.step()
        lives.append(run.groups[k].life)
        begun.append(run.groups[k] is not before)
    assert lives[:6] == [6, 12, 18] * 2
    assert begun == [True] * 3 + [False] * 3 + [True] + [False] * 5


# --- training --------------------------------------------------------------


def test_the_loss_of_the_same_pictures_falls(monkeypatch):
    run = training(lr=3e-3, steps=1000, groups=1, paint=0)
    X = run.crops.batch(0, 8)
    run.crops.batch = lambda step, n: X[:n]
    losses(run, 6)  # the painted ones are on their way, and now stay there
    monkeypatch.setattr(painted.Group, "descend", lambda group, pull: None)
    values = losses(run, 25)
    assert np.mean(values[-5:]) < 0.9 * np.mean(values[:5])


def test_every_part_of_the_loss_teaches():
    """With one part alone, that part becomes smaller."""
    run = training()
    X, group = run.crops.batch(0, 8), run._group()
    for part in ("heads", "painted", "distance", "gradient"):
        run = training()
        adam = torch.optim.Adam(run._parameters, lr=2e-4)
        values = []
        for _step in range(10):
            heads, fresh = run._heads_loss(X[:4])
            (missed, ratios), misled, _pull = run._painted_loss(group)
            loss = {
                "heads": heads,
                "painted": missed,
                "distance": _far(fresh + ratios),
                "gradient": misled,
            }[part]
            adam.zero_grad()
            loss.backward()
            adam.step()
            values.append(loss.item())
        # At first the scales find what is theirs.
        assert values[-1] < 0.99 * values[1], (part, values)


def test_two_runs_of_the_same_seed_are_one():
    runs = training(), training()
    assert losses(runs[0], 3) == losses(runs[1], 3)
    for one, other in zip(
        runs[0].parameters().values(),
        runs[1].parameters().values(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    assert losses(training(seed=1), 3) != losses(training(), 3)


def test_training_does_not_touch_the_random_numbers_of_others():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    losses(training(), 1)
    assert torch.equal(torch.rand(3), expected)


def test_a_teacher_in_bfloat16_teaches_much_the_same():
    options = Options(**TINY)
    half = Training(options, narrow_teacher(dtype=torch.bfloat16), arrays())
    np.testing.assert_allclose(
        losses(half, 2), losses(training(), 2), rtol=0.1
    )


def test_a_loss_that_is_not_finite_is_a_sentence():
    run = training()
    with torch.no_grad():
        run.student.features[0].weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="smaller --lr"):
        run.step()


def test_a_run_goes_on_from_its_checkpoint(tmp_path):
    """All but the pictures in the making, which begin anew."""
    whole, half = training(), training()
    losses(whole, 4)
    losses(half, 4)
    train_mini.save(tmp_path / "c.safetensors", half, {"pictures": {}})
    resumed = training(state=checkpoint.load(tmp_path / "c.safetensors"))
    assert resumed.steps_done == 4
    assert resumed.lr() == half.lr()
    assert resumed.scales.seen == half.scales.seen
    same(resumed, half, exactly=True)
    half.groups.clear()
    np.testing.assert_allclose(losses(resumed, 3), losses(half, 3), rtol=1e-5)
    same(resumed, half)
    # Nor are crops, and what the heads miss of them, others than without
    # a break.
    resumed = training(state=checkpoint.load(tmp_path / "c.safetensors"))
    losses(whole, 1)
    losses(resumed, 1)
    assert resumed.parts["heads"].item() == whole.parts["heads"].item()
    assert resumed.parts["painted"].item() != whole.parts["painted"].item()


def same(run, other, exactly=False):
    """Two runs are at the same state."""
    (tensors, facts), (others, other_facts) = run.state(), other.state()
    assert tensors.keys() == others.keys()
    tolerance = {"rtol": 0, "atol": 0} if exactly else {}
    for name, value in tensors.items():
        torch.testing.assert_close(value, others[name], **tolerance)
    facts.pop("seconds")
    other_facts.pop("seconds")
    assert facts == other_facts


def test_adams_numbers_go_where_the_parameters_are():
    """Its count as well: on CUDA, fused AdamW counts on the device."""
    p = torch.empty(2, 3, device="meta")
    for value in (torch.tensor(7.0), torch.ones(2, 3)):
        assert _like(p, value).device == p.device


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


def test_the_average_follows_and_is_what_is_kept():
    run = training(ema=0.5)
    losses(run, 1)
    name = "features.0.weight"
    before = run.parameters()[name].copy()
    losses(run, 1)
    now = run.student.features[0].weight.detach().numpy()
    keep = 2 / 11  # of (1 + done) / (10 + done), while that is less
    np.testing.assert_allclose(
        run.parameters()[name], keep * before + (1 - keep) * now, rtol=1e-5
    )


def test_a_run_can_begin_with_a_network():
    first = uneven(WIDTHS, seed=5)
    run = training(first=first)
    for name, array in run.parameters().items():
        np.testing.assert_array_equal(array, first[name])
    with pytest.raises(ValueError, match="does not have these widths"):
        training(first=WIDE_PARAMETERS)


@cuda
def test_cuda_trains_and_goes_on(tmp_path):
    run = training(device="cuda")
    assert np.isfinite(losses(run, 2)).all()
    train_mini.save(tmp_path / "c.safetensors", run, {"pictures": {}})
    state = checkpoint.load(tmp_path / "c.safetensors")
    resumed = training(state=state, device="cuda")
    same(resumed, run, exactly=True)
    run.groups.clear()
    np.testing.assert_allclose(losses(resumed, 2), losses(run, 2), rtol=1e-2)
    on_cpu = training(state=state)
    assert np.isfinite(losses(on_cpu, 1)).all()


# --- the program -----------------------------------------------------------


@pytest.fixture
def program(tmp_path, monkeypatch, capsys):
    """Call the program with a narrow Oxford; return (code, what it said)."""
    monkeypatch.setattr(oxford, "carrier", lambda: "oxford.bin")
    monkeypatch.setattr(oxford, "parameters", lambda _path: WIDE_PARAMETERS)
    (tmp_path / "pictures").mkdir()
    found = {}
    for seed in range(2):
        found[f"{seed}.png"] = tmp_path / "pictures" / f"{seed}.png"
        picture(seed).save(found[f"{seed}.png"])
    monkeypatch.setattr(pictures, "find", lambda: dict(found))
    monkeypatch.setattr(train_mini, "CALIBRATED", 0)
    monkeypatch.setattr(  # a calibration looks at small ones
        augment, "views", lambda seen, views=augment.views: views(seen, 64)
    )

    def call(*argv):
        common = ["--output", tmp_path / "mini.safetensors", "--threads", 1]
        if "calibrate" not in argv:
            common += ["--folder", tmp_path / "run"]
        code = train_mini.main([str(a) for a in (*argv, *common)])
        told = capsys.readouterr()
        return code, told.out + told.err

    return call


START = (
    *("--widths", "4,4,6,6,6", "--batch", 4, "--size", 32, "--groups", 3),
    *("--invented", 0, "--no-bf16"),
)


def test_a_run_goes_from_pictures_to_a_network(program, tmp_path):
    code, told = program(*START, "--steps", 4)
    assert code == 0, told
    assert "after 4 steps" in told
    facts, lines = read_log(tmp_path / "run" / "log.csv")
    assert [step for step, _, _ in lines] == [1, 2, 3, 4]
    assert facts["options"]["steps"] == 4
    assert facts["device"] == "cpu"
    assert len(facts["pictures"]) == 2
    assert not list(tmp_path.rglob("*.part"))
    parameters = load_parameters(tmp_path / "mini.safetensors")
    assert len(parameters["features.28.bias"]) == 6
    metadata = train_mini.facts_of(tmp_path / "mini.safetensors")
    assert metadata["steps"] == 4
    assert metadata["options"] == facts["options"]
    code, told = program(*START)
    assert code == 1
    assert "--resume" in told


@needs_scipy
def test_a_run_sees_as_many_invented_pictures_as_it_is_told(
    program, tmp_path, monkeypatch
):
    asked, real = [], invented.pictures
    monkeypatch.setattr(
        invented,
        "pictures",
        lambda count: asked.append(count) or real(count, side=64),
    )
    monkeypatch.setattr(train_mini, "CALIBRATED", 3)
    code, told = program(*START, "--steps", 1, "--invented", 2)
    assert code == 0, told
    assert "2 pictures and 2 invented ones" in told
    assert asked == [2, 3]  # for the crops, for the scales
    facts, _lines = read_log(tmp_path / "run" / "log.csv")
    assert facts["options"]["invented"] == 2
    del facts["options"]["invented"]  # as of a run of before
    assert train_mini.options_of(facts).invented == 0


def test_going_on_keeps_the_log(program, tmp_path):
    log = tmp_path / "run" / "log.csv"
    program(*START, "--steps", 3)
    begun, first = read_log(log)
    with log.open("a") as file:
        file.write("4,9.9,0.1\n5,9.9,0.")  # after the checkpoint, cut off
    code, told = program("--resume", "--steps", 5)
    assert code == 0, told
    facts, lines = read_log(log)
    assert facts == begun  # by which its first steps can be repeated
    assert [row[0] for row in lines] == [1, 2, 3, 4, 5]
    assert lines[:3] == first
    assert all(value < 9.9e3 and value != 9.9 for _, value, _ in lines)


def test_another_run_is_no_continuation(program, tmp_path):
    program(*START, "--steps", 2)
    code, told = program("--resume", "--batch", 5)
    assert code == 1
    assert "--batch is 4" in told
    code, told = program("--resume", "--begin", tmp_path / "mini.safetensors")
    assert code == 1
    assert "--begin is for a new run" in told


def test_pictures_that_have_changed_are_told(program, tmp_path):
    program(*START, "--steps", 1)
    picture(9).save(tmp_path / "pictures" / "0.png")
    code, told = program("--resume", "--steps", 2, "--without", "1.png")
    assert code == 0, told
    assert "without 1.png; changed 0.png" in told


def test_only_pictures_that_are_there_can_be_left_out(program):
    code, told = program(*START, "--steps", 1, "--without", "img/rainer.jpg")
    assert code == 1
    assert "no picture img/rainer.jpg" in told
    assert "0.png, 1.png" in told


def test_a_run_begins_with_a_network_of_its_widths(program, tmp_path):
    for name, widths in (("right", WIDTHS), ("wrong", WIDE)):
        save_file(uneven(widths, 5), tmp_path / f"{name}.safetensors")
    begun = (*START, "--steps", 1, "--begin")
    code, told = program(*begun, tmp_path / "wrong.safetensors")
    assert code == 1
    assert "Set --widths" in told
    assert "Traceback" not in told
    code, told = program(*begun, tmp_path / "absent.safetensors")
    assert code == 1
    assert "absent.safetensors" in told
    code, told = program(*begun, tmp_path / "right.safetensors")
    assert code == 0, told


def test_a_signal_stops_after_a_step(program, monkeypatch):
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
    mapped, facts = checkpoint.load(path)
    tensors = {name: t.clone() for name, t in mapped.items()}
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    code, told = program("--resume")
    assert code == 1
    assert "is broken" in told
    save_file({"x": np.zeros(3)}, path)
    code, told = program("--resume")
    assert code == 1
    assert "no checkpoint of this program" in told
    for changed in (
        {name: t for name, t in tensors.items() if "heads" not in name},
        {name: t.flatten()[:1].clone() for name, t in tensors.items()},
    ):
        checkpoint.save(path, changed, facts)
        code, told = program("--resume")
        assert code == 1
        assert "is not one of these networks" in told
    assert "Traceback" not in told


def test_checkpoints_of_the_program_before_this_one_are_refused(
    program, tmp_path
):
    """Their options were others: they had another teacher."""
    (tmp_path / "run").mkdir()
    save_file(
        {"x": np.zeros(3)},
        tmp_path / "run" / "checkpoint.safetensors",
        {
            "format": "vgg19-mini checkpoint 1",
            "facts": '{"options": {"arch": "squeezenet1_1"}}',
        },
    )
    code, told = program("--resume")
    assert code == 1
    assert "no checkpoint of this program" in told


def test_without_oxfords_file_it_says_what_brings_it(program, monkeypatch):
    monkeypatch.setattr(oxford, "carrier", lambda: None)
    code, told = program(*START, "--steps", 1)
    assert code == 1
    assert "fetch vgg19'" in told


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("--widths", "1,2,3"), "five positive numbers"),
        (("--widths", "1,2,0,4,5"), "five positive numbers"),
        (("--batch", "1"), "must be 2 or more"),
        (("--size", "8"), "must be 16 or more"),
        (("--paint", "-1"), "must be 0 or more"),
        (("--steps", "0"), "must be 1 or more"),
        (("--minutes", "nan"), "must be 0 or more"),
        (("--lr", "-1"), "must be 0 or more"),
        (("--device", "toaster"), "must be cpu or cuda"),
        (("--device", "mps"), "must be cpu or cuda"),
        (("--device", "cuda:99"), "choose cpu"),
        (("--threads", "0"), "must be 1 or more"),
        (("--arch", "vgg16"), "unrecognized"),
        (("--steps", "many"), "invalid"),
    ],
)
def test_what_cannot_be_is_refused(argv, told, capsys):
    with pytest.raises(SystemExit):
        train_mini.main(list(argv))
    said = " ".join(capsys.readouterr().err.split())
    assert told in said


@pytest.mark.parametrize("changes", [{"size": 16}, {"batch": 2}, {"paint": 0}])
def test_the_least_that_is_taken_trains(changes):
    assert np.isfinite(losses(training(**changes), 2)).all()


def test_options_are_those_of_the_parser():
    from tools.mini.arguments import train_parser

    parser = train_parser("", "folder", "output")
    given = vars(parser.parse_args([]))
    assert not given.keys() & Options.__annotations__.keys()
    every = {action.dest for action in parser._actions}
    assert Options.__annotations__.keys() <= every
    for name, default in asdict(Options()).items():
        action = next(a for a in parser._actions if a.dest == name)
        if name not in ("steps", "minutes", "bf16", "widths", "seed"):
            assert f"({default:g})" in action.help
    assert str(Options().widths)[1:-1].replace(" ", "") in next(
        a.help for a in parser._actions if a.dest == "widths"
    )


def test_progress_is_printed_now_and_then(program, monkeypatch):
    monkeypatch.setattr("tools.mini.log.LINE_EVERY", 2)
    _code, told = program(*START, "--steps", 4)
    lines = [line for line in told.splitlines() if line.startswith("step")]
    assert [line.split()[1] for line in lines] == ["2", "4"]
    for part in ("heads", "painted", "distance", "gradient", "steps/s"):
        assert part in lines[0]


# --- calibration and export ------------------------------------------------


@pytest.fixture(scope="module")
def network():
    return uneven((4, 6, 8, 8, 8), seed=4)


def test_calibrated_distances_are_the_teachers(network):
    """In geometric mean over pictures and both sides of the ReLU."""
    master, X = narrow_teacher(), augment.views(arrays(), 64)
    after = calibrate.calibrated(network, master, X)
    student = calibrate.student_of(after)
    with torch.no_grad():
        own, wanted = student(X), master(X)
    for i in CONVS:
        logs = []
        for side in BOTH:
            d, e = (distance(maps[i], side, i == 25) for maps in (own, wanted))
            logs.append((d / e).log().mean().item())
        assert np.mean(logs) == pytest.approx(0, abs=2e-3), vgg.layer_name(i)


def distance(Y, after, content):
    """What each picture's map is from the next one's, by hand."""
    Y = (Y.relu() if after else Y).double()
    if not content:
        n, c, h, w = Y.shape
        Y = torch.einsum("nchw,ndhw->ncd", Y, Y) / (c * h * w)
    return (Y - Y.roll(1, 0)).square().flatten(1).mean(1)


def test_calibration_is_done_in_parts_of_any_size(network, monkeypatch):
    master, X = narrow_teacher(), augment.views(arrays(), 64)
    whole = calibrate.calibrated(network, master, X)
    monkeypatch.setattr(calibrate, "PART", 5)  # and one more
    parts = calibrate.calibrated(network, master, X)
    for name, array in whole.items():
        np.testing.assert_allclose(parts[name], array, rtol=1e-4, atol=1e-7)


def test_calibration_changes_nothing_that_the_network_sees(network):
    X = augment.views(arrays(), 64)
    after = calibrate.calibrated(network, narrow_teacher(), X)
    Z = torch.randn(1, 3, 48, 48)
    with torch.no_grad():
        old, new = (calibrate.student_of(p)(Z) for p in (network, after))
    ratios = []
    for i in CONVS:
        ratio = new[i].norm() / old[i].norm()
        ratios.append(ratio.item())
        close(new[i], ratio * old[i], 1e-4)
    assert np.std(np.log(ratios)) > 0.1  # there was something to do


def test_calibrating_twice_is_calibrating_once(network):
    master, X = narrow_teacher(), augment.views(arrays(), 64)
    once = calibrate.calibrated(network, master, X)
    twice = calibrate.calibrated(once, master, X)
    for name, array in once.items():
        np.testing.assert_allclose(twice[name], array, rtol=1e-3, atol=1e-6)


def test_a_silent_layer_is_a_sentence(network):
    dead = {**network, "features.5.bias": np.float32([-1e6] * 6)}
    X = augment.views(arrays(1), 64)
    with pytest.raises(ValueError, match="conv2_1 cannot be calibrated"):
        calibrate.calibrated(dead, narrow_teacher(), X)


def test_a_network_is_calibrated_without_training(program, tmp_path):
    network = uneven(WIDTHS, 5)
    before = tmp_path / "before.safetensors"
    save_file(network, before, {"steps": "7", "format": "pt", "path": "[1"})
    code, told = program("calibrate", before)
    assert code == 0, told
    after = load_parameters(tmp_path / "mini.safetensors")
    seen = pictures.load(pictures.find())
    expected = calibrate.calibrated(
        network, narrow_teacher(), augment.views(seen)
    )
    for name, array in expected.items():
        np.testing.assert_allclose(
            after[name], array, rtol=1e-3, atol=1e-6 * np.abs(array).max()
        )
    # What the file says of itself goes on with it, be it JSON or not.
    facts = train_mini.facts_of(tmp_path / "mini.safetensors")
    assert facts == {"steps": 7, "format": "pt", "path": "[1"}


def test_a_broken_network_is_a_sentence(program, tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"no such thing")
    code, told = program("calibrate", path)
    assert code == 1
    assert "cannot be read as safetensors" in told
    save_file({"features.0.weight": np.zeros((2, 3, 3, 3), "f")}, path)
    code, told = program("calibrate", path)
    assert code == 1
    assert "features.0.bias" in told


def test_what_float16_cannot_hold_is_a_sentence(network, tmp_path):
    path = tmp_path / "mini.safetensors"
    huge = {**network, "features.2.bias": np.float32([1e6] * 4)}
    with pytest.raises(ValueError, match=r"features\.2\.bias is too large"):
        calibrate.export(huge, path)
    assert not path.exists()


@pytest.mark.mxnet
def test_both_backends_see_the_same_in_the_exported_file(
    network, tmp_path, content_img
):
    import importlib

    path = tmp_path / "mini.safetensors"
    X = augment.views(arrays(), 64)
    master, depths = narrow_teacher(), [i + 1 for i in CONVS[::3]]
    calibrate.export(calibrate.calibrated(network, master, X), path, steps=0)
    with safe_open(path, "numpy") as file:
        assert file.get_tensor("features.0.weight").dtype == np.float16
    found = {}
    for name in ("torch", "mxnet"):
        d2l = importlib.import_module(f"d2l_style.{name}")
        net = d2l.pretrained_vgg19(str(path))
        Y, _ = d2l.extract_features(
            d2l.preprocess(content_img, (48, 64)), depths, [], net=net.features
        )
        found[name] = [
            y.detach().numpy() if name == "torch" else y.asnumpy() for y in Y
        ]
    for a, b in zip(found["torch"], found["mxnet"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * a.max())


# --- the committed run -----------------------------------------------------


@pytest.fixture(scope="module")
def committed():
    return [read_log(path) for path in train_mini.COMMITTED_LOGS]


def test_the_committed_run_saw_the_pictures_that_are_here(committed):
    here = pictures.hashes(pictures.find())
    packages = {name.split("/")[0] for name in here}
    for facts, _lines in committed:
        expected = {
            name: digest
            for name, digest in facts["pictures"].items()
            if name.split("/")[0] in packages
        }
        assert here == expected
    assert {"img/rainier.jpg", "img/autumn-oak.jpg"} <= here.keys()


def test_the_committed_logs_count_up_from_1(committed):
    for facts, lines in committed:
        steps, values, rates = zip(*lines, strict=True)
        assert steps == tuple(range(1, len(steps) + 1))
        assert np.isfinite(values).all()
        run_of = train_mini.options_of(facts)
        warm = [run_of.lr * (k + 1) / 100 for k in range(100)]
        np.testing.assert_allclose(rates[:100], warm, rtol=1e-5)
        assert (np.diff(rates[100:]) <= 0).all()
    # Those that begin with the network that is there have little to show:
    # their first painted pictures are the easiest.
    values = [value for _, value, _ in committed[0][1]]
    assert np.mean(values[-100:]) < 0.8 * np.mean(values[:100])


def test_the_bundled_network_is_what_the_committed_run_left(committed):
    facts, lines = committed[-1]
    metadata = train_mini.facts_of(bundled())
    assert metadata["steps"] == lines[-1][0]
    assert metadata["options"] == facts["options"]
    options = train_mini.options_of(facts)
    parameters = load_parameters("mini")
    widths = calibrate.student_of(parameters).features
    assert (
        tuple(
            len(widths[layer.index].bias)
            for layer in vgg.CONVS
            if layer.name.endswith("_1")
        )
        == options.widths
    )


@pytest.mark.usefixtures("oxford_file")
def test_the_bundled_network_has_the_scales_of_its_teacher():
    """On small views of a few pictures, where it was on large ones of all."""
    found = pictures.find()
    some = {n: p for n, p in found.items() if n.startswith("img/")}
    X = augment.views(pictures.load(some), 112)
    parameters = load_parameters("mini")
    after = calibrate.calibrated(parameters, Teacher(), X)
    for layer in vgg.CONVS:
        name = f"features.{layer.index}.bias"
        ratio = np.linalg.norm(after[name]) / np.linalg.norm(parameters[name])
        assert 0.7 < ratio < 1.4, layer.name


def test_a_log_of_another_run_is_written_over(tmp_path):
    path = tmp_path / "log.csv"
    run = training()
    path.write_text("# {}\nstep,loss,lr\n1,2,3\n")
    with Log(path, run, {"device": "cpu"}) as log:
        log.add(1, 0.5, 0.25)
    facts, lines = read_log(path)
    assert facts["device"] == "cpu"
    assert lines == [(1, 0.5, 0.25)]
