"""Each backend by itself: losses, layers, state, changes while it runs."""

import itertools
import threading

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

from d2l_style.engine.base import Diverged
from d2l_style.engine.gradient_shares import halfway
from d2l_style.pictures import images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

SHAPE = (48, 72)


@pytest.fixture
def make(backend, content_img, style_img, narrow_file):
    """Return a function that makes a transfer in each backend in turn."""

    def transfer(**changes):
        changes = {"weights": narrow_file, "image_shape": SHAPE, **changes}
        return StyleTransfer(
            content_img, style_img, Recipe(**changes), backend
        )

    return transfer


def run(transfer, epochs):
    return [epoch.losses for epoch in transfer.run(epochs)]


def random_array(d2l, shape, seed=0):
    values = np.random.default_rng(seed).standard_normal(shape)
    values = values.astype(np.float32)
    if d2l.__name__.endswith("torch"):
        return d2l.torch.from_numpy(values), values
    return d2l.np.array(values), values


def test_gram_is_its_equation(d2l):
    X, x = random_array(d2l, (1, 3, 4, 5))
    rows = x.reshape(3, 20)
    expected = rows @ rows.T / (3 * 4 * 5)
    np.testing.assert_allclose(d2l.gram(X).tolist(), expected, rtol=1e-5)


def test_losses_are_their_equations(d2l):
    A, a = random_array(d2l, (1, 3, 6, 7), 1)
    B, b = random_array(d2l, (1, 3, 6, 7), 2)
    content = np.mean((a - b) ** 2)
    assert d2l.content_loss(A, B).item() == pytest.approx(content, rel=1e-5)
    gram_a, gram_b = (np.array(d2l.gram(X).tolist()) for X in (A, B))
    style = np.mean((gram_a - gram_b) ** 2)
    assert d2l.style_loss(A, d2l.gram(B)).item() == pytest.approx(
        style, rel=1e-4
    )
    tv = np.abs(np.diff(a, axis=2)).mean() + np.abs(np.diff(a, axis=3)).mean()
    assert d2l.tv_loss(A).item() == pytest.approx(tv / 2, rel=1e-5)


def test_compute_loss_weighs_and_repeats(d2l):
    X, _ = random_array(d2l, (1, 3, 6, 7), 1)
    Y, _ = random_array(d2l, (1, 3, 6, 7), 2)
    G = d2l.gram(Y)
    contents_l, styles_l, tv_l, l = d2l.compute_loss(  # noqa: E741
        X,
        [X],
        [X, X],
        [Y],
        [G, G],
        content_weight=2,
        style_weight=3,
        tv_weight=5,
        style_layer_weights=(1, 10),
        style_repeats=4,
    )
    content = 2 * d2l.content_loss(X, Y).item()
    style = 3 * d2l.style_loss(X, G).item()
    assert contents_l[0].item() == pytest.approx(content, rel=1e-5)
    assert styles_l[0].item() == pytest.approx(style, rel=1e-5)
    assert styles_l[1].item() == pytest.approx(10 * style, rel=1e-5)
    assert tv_l.item() == pytest.approx(5 * d2l.tv_loss(X).item(), rel=1e-5)
    total = content + 4 * 11 * style + tv_l.item()
    assert l.item() == pytest.approx(total, rel=1e-5)


def test_the_books_helpers(d2l):
    X, x = random_array(d2l, (2, 6))
    assert d2l.size(X) == 12
    assert d2l.reshape(X, (3, 4)).shape == (3, 4)
    product = d2l.matmul(X, d2l.reshape(X, (6, 2)))
    np.testing.assert_allclose(
        product.tolist(), x @ x.reshape(6, 2), rtol=1e-5
    )
    np.testing.assert_allclose(d2l.abs(X).tolist(), np.abs(x))
    assert d2l.Image.open
    d2l.set_figsize((4, 2))
    assert list(d2l.plt.rcParams["figure.figsize"]) == [4, 2]


def test_train_is_the_same_run(make, backend, d2l, content_img, style_img):
    """The book's functions and Synthesis compute the same picture.

    At a tenth of the learning rate: Adam's first steps are nearly signs of
    the gradient, and rounding decides those that are nearly zero.
    """
    transfer = make(
        num_epochs=12, lr_decay_epoch=5, adam_epsilon=backend, lr=0.03
    )
    recipe, net = transfer.recipe, transfer.synthesis.net
    device = d2l.try_gpu()
    taps = {
        "content_layers": recipe.content_taps,
        "style_layers": recipe.style_taps,
    }
    content_X, contents_Y = d2l.get_contents(
        SHAPE,
        device,
        content_img=content_img,
        net=net,
        content_layers=recipe.content_taps,
    )
    _, styles_Y = d2l.get_styles(
        SHAPE,
        device,
        style_img=style_img,
        net=net,
        style_layers=recipe.style_taps,
    )
    animator = d2l.Animator.of_losses(12)
    X = d2l.train(
        content_X,
        contents_Y,
        styles_Y,
        device,
        0.03,
        12,
        5,
        net=net,
        animator=animator,
        **taps,
    )
    losses = run(transfer, 12)
    expected = transfer.synthesis.array()
    apart = np.abs(np.array(X.tolist(), np.float32) - expected)
    assert apart.mean() < 3e-4
    assert (apart > 1e-3).mean() < 0.03
    content_line = animator._lines[0].get_ydata()
    assert content_line == pytest.approx([losses[9].content], rel=1e-3)
    assert animator.axes[1].images


def test_losses_fall(make):
    losses = run(make(), 40)
    assert losses[-1].total < 0.7 * max(one.total for one in losses)
    assert losses[-1].style < losses[0].style


@pytest.mark.parametrize("tap", ["relu", "conv", "inplace"])
def test_taps_read_where_they_say(make, tap):
    transfer = make(tap=tap)
    synthesis = transfer.synthesis
    minima = [float(Y.min()) for Y in synthesis.contents_Y]
    assert (minima[0] < 0) == (tap == "conv")
    assert transfer.recipe.style_taps[-1] == (29 if tap == "relu" else 28)
    assert len(synthesis.net) == transfer.recipe.style_taps[-1] + 1


def test_inplace_is_what_in_place_relus_leave(content_img, narrow_parameters):
    torch = pytest.importorskip("torch")
    from d2l_style import torch as d2l

    printed = {"content_layers": [25], "style_layers": [0, 5, 10, 19, 28]}
    X = d2l.preprocess(content_img, SHAPE)
    cut = d2l.VGG19(narrow_parameters, inplace=True).features[:29]
    recipe = Recipe(tap="inplace", image_shape=SHAPE)
    plain = d2l.VGG19(narrow_parameters).features
    with torch.no_grad():
        left = d2l.extract_features(X, **printed, net=cut)
        read = d2l.extract_features(
            X, recipe.content_taps, recipe.style_taps, net=plain
        )
    for a, b in zip(sum(left, []), sum(read, []), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("init", ["content", "noise", "style"])
def test_first_images_differ(make, init):
    transfer = make(init=init)
    first = next(transfer.run())
    assert (first.content < 1e-6 * first.total) == (init == "content")
    assert (first.style < 1e-6 * first.total) == (init == "style")


def test_same_seed_same_noise(make):
    arrays = [make(init="noise", seed=s).synthesis.array() for s in (1, 1, 2)]
    assert np.array_equal(arrays[0], arrays[1])
    assert not np.array_equal(arrays[0], arrays[2])


def test_one_kind_of_layer_is_enough(make):
    style_only = next(make(content_layers=()).run())
    content_only = next(make(style_layers=()).run())
    assert style_only.losses.contents == ()
    assert content_only.losses.styles == ()
    assert style_only.style > 0


def test_state_repeats_exactly(make):
    transfer = make()
    run(transfer, 7)
    state = transfer.synthesis.state()
    first = run(transfer, 5)
    transfer.synthesis.load_state(state)
    assert transfer.epoch == 7
    assert run(transfer, 5) == first


def test_state_of_a_fresh_run(make):
    a, b = make(), make(init="style")
    b.synthesis.load_state(a.synthesis.state())
    assert run(b, 3) == run(a, 3)


@pytest.mark.parametrize("broken", ["missing", "shape"])
def test_state_that_does_not_fit_changes_nothing(make, broken):
    transfer = make()
    run(transfer, 2)
    before = transfer.synthesis.array()
    state = transfer.synthesis.state()
    if broken == "missing":
        del state["variance"]
    else:
        state["mean"] = state["mean"][:, :, :-1]
    with pytest.raises(ValueError, match="does not fit"):
        transfer.synthesis.load_state(state)
    assert np.array_equal(transfer.synthesis.array(), before)


def out_of_memory(monkeypatch, backend, at):
    """Let the memory end at the ``at``-th thing that a beginning makes."""
    calls = itertools.count(1)

    def counted(call):
        def wrapper(*args, **kwargs):
            if next(calls) == at:
                raise MemoryError
            return call(*args, **kwargs)

        return wrapper

    if backend == "pytorch":
        from d2l_style.engine.pytorch import Synthesis

        owners = [(Synthesis, "_tensor")]
    else:
        import mxnet

        import d2l_style.mxnet

        owners = [
            (d2l_style.mxnet, "get_inits"),
            (mxnet.optimizer.Adam, "create_state_multi_precision"),
        ]
    for owner, name in owners:
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))


@pytest.mark.parametrize("change", ["reset", "resize", "load", "restore"])
def test_memory_that_ends_midway_changes_nothing(
    make, backend, monkeypatch, change
):
    transfer, other = make(lr=0.1), make(image_shape=(32, 40))
    run(transfer, 3), run(other, 2)
    changes = {
        "reset": transfer.reset,
        "resize": lambda: transfer.edit(image_shape=(32, 40)),
        "load": lambda: transfer.restore(make().state()),
        "restore": lambda: transfer.restore(other.state(), other.recipe),
    }
    before, recipe, epoch = transfer.state(), transfer.recipe, transfer.epoch
    for at in itertools.count(1):
        with monkeypatch.context() as patch:
            out_of_memory(patch, backend, at)
            try:
                changes[change]()
            except MemoryError:
                pass
            else:
                break
        assert (transfer.recipe, transfer.epoch) == (recipe, epoch)
        after = transfer.state()
        assert after.keys() == before.keys()
        for name, array in before.items():
            assert np.array_equal(after[name], array), (at, name)
        run(transfer, 1)
        transfer.restore(before)
    assert at > 1


def test_edit_keeps_picture_and_adam(make):
    transfer = make()
    run(transfer, 5)
    before = transfer.synthesis.state()
    transfer.edit(style_layers=["conv1_2", 7], style_weight=5)
    after = transfer.synthesis.state()
    for name, value in before.items():
        assert np.array_equal(value, after[name])
    epoch = next(transfer.run(1))
    assert len(epoch.losses.styles) == 2


def test_edit_of_weights_alone_goes_on_as_a_run_would(make):
    transfer, other = make(), make()
    run(transfer, 5)
    run(other, 5)
    transfer.edit(tv_weight=0)
    transfer.edit(tv_weight=10)
    assert run(transfer, 3) == run(other, 3)


def test_edit_of_size_resizes_the_picture(make):
    transfer = make()
    run(transfer, 3)
    transfer.edit(image_shape=(64, 80))
    assert transfer.image().size == (80, 64)
    assert all(losses.finite for losses in run(transfer, 3))
    assert transfer.epoch == 6


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"content_layers": [1]}, ValueError),
        ({"style_layers": [], "content_layers": []}, ValueError),
        ({"weights": "nowhere.safetensors"}, FileNotFoundError),
        ({"lr": -1}, ValueError),
        ({"learning_rate": 1}, ValueError),
    ],
)
def test_edit_that_is_not_valid_changes_nothing(make, changes, error):
    transfer, other = make(), make()
    run(transfer, 3)
    run(other, 3)
    recipe = transfer.recipe
    with pytest.raises(error):
        transfer.edit(**changes)
    assert transfer.recipe == recipe
    assert run(transfer, 2) == run(other, 2)


# Shapes of the style picture


def grams(transfer):
    return [
        np.array(G.tolist(), np.float32)
        for G in transfer.synthesis.styles_Y_gram
    ]


def test_each_fit_has_targets_of_its_own(make):
    squeezed, cropped, kept = (
        grams(make(style_fit=fit)) for fit in ("squeeze", "crop", "keep")
    )
    for S, C, K in zip(squeezed, cropped, kept, strict=True):
        assert S.shape == C.shape == K.shape  # (c, c), whatever the picture
        assert not np.allclose(S, C, rtol=1e-3)
        assert not np.allclose(S, K, rtol=1e-3)
        assert not np.allclose(C, K, rtol=1e-3)


def test_the_book_squeezes(make, d2l, style_img):
    transfer = make()
    _, styles_Y = d2l.get_styles(
        SHAPE,
        transfer.synthesis.device,
        style_img=style_img.resize(SHAPE[::-1], Image.Resampling.BILINEAR),
        net=transfer.synthesis.net,
        style_layers=transfer.recipe.style_taps,
    )
    for G, Y in zip(grams(transfer), styles_Y, strict=True):
        np.testing.assert_allclose(G, d2l.gram(Y).tolist(), rtol=1e-5)
    assert run(make(style_fit="squeeze"), 3) == run(transfer, 3)


def test_get_styles_keeps_the_pictures_own_shape(make, d2l, style_img):
    synthesis = make().synthesis
    style_X, styles_Y = d2l.get_styles(
        SHAPE,
        synthesis.device,
        style_img=style_img,
        net=synthesis.net,
        style_layers=[0, 5],
        style_fit="keep",
    )
    assert style_X.shape == (1, 3, 65, 53)  # of 80 x 64 pixels
    assert [Y.shape[2:] for Y in styles_Y] == [(65, 53), (32, 26)]


@pytest.mark.parametrize("size", [(2000, 10), (10, 2000), (1, 1)])
@pytest.mark.parametrize("fit", ["squeeze", "crop", "keep"])
def test_style_pictures_of_unlikely_shapes(
    backend, content_img, narrow_file, size, fit
):
    shape = (64, 64) if fit == "keep" else (16, 24)
    recipe = Recipe(
        weights=narrow_file,
        image_shape=shape,
        style_fit=fit,
        style_layers=[0, 5],
        content_layers=[7],
    )
    img = Image.effect_noise(size, 60).convert("RGB")
    transfer = StyleTransfer(content_img, img, recipe, backend)
    assert all(losses.finite for losses in run(transfer, 2))
    assert transfer.image().size == shape[::-1]


def test_a_style_picture_too_narrow_for_the_layers_is_refused(
    make, backend, content_img, narrow_file
):
    img = Image.new("RGB", (2000, 10), "teal")
    recipe = Recipe(weights=narrow_file, image_shape=SHAPE, style_fit="keep")
    with pytest.raises(ValueError, match="4x864 .*at least 16 .*'crop'"):
        StyleTransfer(content_img, img, recipe, backend)
    transfer, other = make(style_fit="keep"), make(style_fit="keep")
    run(transfer, 2)
    run(other, 2)
    with pytest.raises(ValueError, match="4x864"):
        transfer.edit(style_img=img)
    assert run(transfer, 2) == run(other, 2)
    transfer.edit(style_img=img, style_fit="crop")
    assert run(transfer, 1)[0].finite


@pytest.mark.parametrize("fit", ["crop", "keep"])
def test_edit_of_the_fit_moves_the_targets_alone(make, fit):
    transfer = make()
    run(transfer, 3)
    before = transfer.synthesis.state()
    transfer.edit(style_fit=fit)
    after = transfer.synthesis.state()
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name])
    for G, A in zip(grams(transfer), grams(make(style_fit=fit)), strict=True):
        np.testing.assert_array_equal(G, A)
    assert all(losses.finite for losses in run(transfer, 2))
    transfer.edit(style_fit="squeeze")
    for G, A in zip(grams(transfer), grams(make()), strict=True):
        np.testing.assert_array_equal(G, A)


@pytest.mark.parametrize("wrong", ["stretch", None, ["keep"], 1])
def test_a_fit_that_is_none_changes_nothing(make, wrong):
    transfer = make()
    with pytest.raises(ValueError, match="'squeeze', 'crop', 'keep'"):
        transfer.edit(style_fit=wrong)
    assert transfer.recipe.style_fit == "squeeze"


@pytest.mark.parametrize("fit", ["squeeze", "crop", "keep"])
def test_a_run_that_starts_at_the_style_picture_has_its_size(
    make, style_img, fit
):
    first = make(init="style", style_fit=fit).synthesis.array()
    how = "squeeze" if fit == "squeeze" else "crop"
    expected = images.standardise(images.fit(style_img, SHAPE, how))
    np.testing.assert_array_equal(first, expected)


@pytest.mark.parametrize("antialias", [True, False])
def test_shares_are_measured_where_the_network_looks(make, antialias):
    transfer = make(antialias=antialias)
    both = transfer.synthesis.pictures_seen()
    middle = sum(images.standardise(img) for img in both) / 2
    assert np.array_equal(halfway(transfer.synthesis), middle)
    other = make(antialias=not antialias)
    assert not np.array_equal(halfway(other.synthesis), middle)


@pytest.mark.parametrize("fit", ["squeeze", "crop", "keep"])
def test_shares_can_be_measured_in_every_fit(make, fit):
    transfer = make(style_fit=fit)
    shares = transfer.gradient_shares().of_terms(transfer.recipe)
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0


def test_a_saved_run_goes_on_with_its_fit(
    make, content_img, style_img, tmp_path
):
    transfer, path = make(style_fit="keep"), tmp_path / "run.safetensors"
    run(transfer, 3)
    transfer.save(path)
    loaded = StyleTransfer.load(path, content_img, style_img)
    assert loaded.recipe.style_fit == "keep"
    assert run(loaded, 3) == run(transfer, 3)


def test_reset_begins_again(make):
    transfer = make()
    first = run(transfer, 4)
    transfer.reset()
    assert transfer.epoch == 0
    assert run(transfer, 4) == first


def test_divergence_stops_and_keeps_a_finite_picture(make):
    transfer = make(lr=1e30)
    with pytest.raises(Diverged, match="lr=1e\\+30"):
        run(transfer, 50)
    assert np.isfinite(transfer.synthesis.array()).all()
    transfer.image()
    transfer.edit(lr=0.3)
    transfer.reset()
    assert all(losses.finite for losses in run(transfer, 3))


def test_a_given_network_is_left_alone(
    backend, d2l, content_img, style_img, narrow_parameters
):
    net = d2l.VGG19(narrow_parameters)
    transfer = StyleTransfer(
        content_img, style_img, Recipe(image_shape=SHAPE), backend, net=net
    )
    run(transfer, 2)
    weight = net.features[0].weight
    if backend == "pytorch":
        own = transfer.synthesis.net[0].weight
        assert own.data_ptr() != weight.data_ptr()
        assert weight.requires_grad
        assert not net.features[1].inplace
        assert weight.grad is None
    else:
        assert weight.grad_req == "write"


@pytest.mark.torch
def test_a_network_of_its_own_lies_in_memory_once(
    content_img, style_img, narrow_file
):
    recipe = Recipe(image_shape=SHAPE, weights=narrow_file)
    synthesis = StyleTransfer(content_img, style_img, recipe).synthesis
    for layer in (0, 28):
        read, used = synthesis.pretrained_net.features[layer], synthesis.net
        assert used[layer].weight.data_ptr() == read.weight.data_ptr()
        assert read.weight.requires_grad
        assert not used[layer].weight.requires_grad


def test_another_thread_may_run_it(make):
    """Widgets do: MXNet's NumPy semantics are a matter of the thread."""
    here, there = make(), make()
    losses = []
    thread = threading.Thread(target=lambda: losses.extend(run(there, 4)))
    thread.start()
    thread.join()
    assert losses == run(here, 4)


def test_run_counts_and_stops(make):
    transfer = make(num_epochs=5)
    numbers = [epoch.number for epoch in transfer.run(3)]
    numbers += [epoch.number for epoch in transfer.run()]
    assert numbers == [1, 2, 3, 4, 5]
    assert list(transfer.run()) == []
    assert next(transfer.run(1)).number == 6


def test_epoch_says_what_it_was(make):
    epoch = next(make().run())
    parts = sum(epoch.losses.contents) + sum(epoch.losses.styles) + epoch.tv
    assert epoch.total == pytest.approx(parts, rel=1e-5)
    assert epoch.seconds > 0
    assert epoch.image().size == (72, 48)


def test_save_and_load(make, content_img, style_img, tmp_path):
    transfer, path = make(), tmp_path / "run.safetensors"
    run(transfer, 4)
    transfer.save(path)
    loaded = StyleTransfer.load(path, content_img, style_img)
    assert loaded.recipe == transfer.recipe
    assert loaded.backend == transfer.backend
    assert run(loaded, 3) == run(transfer, 3)
    assert [p.name for p in tmp_path.iterdir()] == ["run.safetensors"]


def test_load_refuses_other_pictures(make, content_img, style_img, tmp_path):
    path = tmp_path / "run.safetensors"
    make().save(path)
    with pytest.raises(ValueError, match="other pictures"):
        StyleTransfer.load(path, style_img, content_img)


def test_load_refuses_the_same_bytes_in_another_size(make, tmp_path):
    path, pixels = tmp_path / "run.safetensors", np.arange(48, dtype=np.uint8)
    flat, square = (
        Image.fromarray(pixels.reshape(shape))
        for shape in ((2, 8, 3), (4, 4, 3))
    )
    recipe = make().recipe
    saved = StyleTransfer(flat, square, recipe, make().backend)
    saved.save(path)
    assert StyleTransfer.load(path, flat, square).recipe == recipe
    for pair in ((square, square), (flat, flat)):
        with pytest.raises(ValueError, match="other pictures"):
            StyleTransfer.load(path, *pair)


def test_a_run_that_was_saved_without_sizes_loads(
    make, content_img, style_img, tmp_path
):
    transfer, path = make(), tmp_path / "run.safetensors"
    run(transfer, 2)
    transfer.save(path)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    del metadata["sizes"]
    save_file(transfer.state(), path, metadata)
    loaded = StyleTransfer.load(path, content_img, style_img)
    assert loaded.epoch == 2


@pytest.mark.parametrize("key", ["pictures", "sizes"])
@pytest.mark.parametrize("told", ["", "[][", "null", "[" * 5000, "9" * 9999])
def test_what_a_file_says_of_its_pictures_is_not_trusted(
    make, content_img, style_img, tmp_path, key, told
):
    transfer, path = make(), tmp_path / "run.safetensors"
    transfer.save(path)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    save_file(transfer.state(), path, {**metadata, key: told})
    with pytest.raises(ValueError, match="other pictures"):
        StyleTransfer.load(path, content_img, style_img)


@pytest.mark.parametrize("content", [b"", b"not a run", b"\x80\x04K\x01."])
def test_load_refuses_other_files(tmp_path, content, content_img, style_img):
    path = tmp_path / "run.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        StyleTransfer.load(path, content_img, style_img)


def test_load_refuses_weights(narrow_file, content_img, style_img):
    with pytest.raises(ValueError, match="not a run"):
        StyleTransfer.load(narrow_file, content_img, style_img)


def test_load_of_a_folder(tmp_path, content_img, style_img):
    with pytest.raises(ValueError, match="is a folder. Name the file of a"):
        StyleTransfer.load(tmp_path, content_img, style_img)


def test_load_of_nothing(content_img, style_img):
    with pytest.raises(FileNotFoundError, match="no saved run"):
        StyleTransfer.load("nowhere", content_img, style_img)


def test_unknown_backend(content_img, style_img):
    with pytest.raises(ValueError, match="'pytorch' or 'mxnet'"):
        StyleTransfer(content_img, style_img, backend="jax")
