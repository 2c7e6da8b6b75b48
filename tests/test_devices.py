"""The branches of accelerators, walked through where there is none.

What is sent to the device stays on the processor; everything else is as on a
GPU. What only a real one can show, ``python -m benchmarks.gpu`` shows.
"""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from d2l_style.engine.forecast import TooLarge
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer

pytestmark = pytest.mark.torch
if "torch" in sys.modules or pytest.importorskip("torch"):
    import torch
    from torch.overrides import TorchFunctionMode

HANDMADE = ("max_unpool2d", "convolution_backward", "threshold_backward")


class Pretence(TorchFunctionMode):
    """Keep on the processor what goes to another device."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        def here(value):
            away = isinstance(value, torch.device) and value.type != "meta"
            return torch.device("cpu") if away else value

        kwargs = {k: here(v) for k, v in (kwargs or {}).items()}
        return func(*map(here, args), **kwargs)


@pytest.fixture
def gpu(monkeypatch):
    """A GPU to ask: its memory and its compute capability may be set."""
    facts = SimpleNamespace(free=8e9, capability=(9, 0))
    cuda = torch.cuda
    monkeypatch.setattr(cuda, "device_count", lambda: 1)
    monkeypatch.setattr(cuda, "mem_get_info", lambda _d: (facts.free, 8e9))
    monkeypatch.setattr(
        cuda, "get_device_capability", lambda _d: facts.capability
    )
    with Pretence():
        yield facts


@pytest.fixture
def run(content_img, style_img, narrow_file):
    """Make a small run on a device."""

    def begun(device, **changes):
        changes = {"image_shape": (32, 48), "num_epochs": 5, **changes}
        recipe = Recipe(weights=narrow_file, **changes)
        return StyleTransfer(
            content_img, style_img, recipe, device=torch.device(device)
        )

    return begun


def totals(transfer):
    return [epoch.total for epoch in transfer.run()]


def first_gradient(transfer):
    """Return what Adam averages after one epoch: a part of the gradient."""
    list(transfer.run(1))
    return transfer.state()["mean"]


def test_the_first_accelerator_found_is_taken(monkeypatch):
    from d2l_style import torch as d2l

    found = {"cuda": 0, "mps": False}
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found["cuda"])
    mps = torch.backends.mps
    monkeypatch.setattr(mps, "is_available", lambda: found["mps"])
    assert d2l.try_gpu() == torch.device("cpu")
    found["mps"] = True
    assert d2l.try_gpu() == torch.device("mps")
    assert d2l.try_gpu(1) == torch.device("cpu")
    found["cuda"] = 2
    assert d2l.try_gpu(1) == torch.device("cuda:1")
    assert d2l.try_gpu(2) == torch.device("cpu")


@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_cuda_rounds_products_only_when_asked(gpu, run, precision):
    flags = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [place.allow_tf32 for place in flags]
    transfer = run("cuda", precision=precision)
    objective, seen = transfer.synthesis.objective, set()

    def watched(X):
        seen.update(place.allow_tf32 for place in flags)
        return objective(X)

    transfer.synthesis.objective = watched
    totals(transfer)
    assert seen == {precision == "fast"}
    assert [place.allow_tf32 for place in flags] == before


def test_cuda_in_float32_gives_the_processors_numbers(gpu, run):
    np.testing.assert_array_equal(totals(run("cuda")), totals(run("cpu")))


@pytest.mark.parametrize(
    ("capability", "dtype"), [((8, 0), "bfloat16"), ((7, 5), "float32")]
)
def test_cuda_is_fast_where_it_multiplies_bfloat16(
    gpu, run, capability, dtype
):
    gpu.capability = capability
    transfer = run("cuda", precision="fast")
    assert transfer.synthesis.net[0].weight.dtype == getattr(torch, dtype)
    np.testing.assert_allclose(totals(transfer), totals(run("cpu")), rtol=0.05)


def test_memory_is_the_devices_own(gpu, run):
    gpu.free = 3e7
    with pytest.raises(TooLarge, match="would fit"):
        run("cuda", image_shape=(480, 720))
    gpu.free = 8e9
    run("cuda", image_shape=(480, 720))


def test_a_run_moves_from_one_device_to_another(gpu, run, tmp_path):
    first = run("cuda", num_epochs=4)
    list(first.run(2))
    first.save(tmp_path / "run.safetensors")
    second = StyleTransfer.load(
        tmp_path / "run.safetensors",
        *first.pictures,
        device=torch.device("cpu"),
    )
    np.testing.assert_array_equal(totals(second), totals(first))


@pytest.mark.parametrize("tap", ["relu", "conv", "inplace"])
def test_apples_gpus_compute_what_the_chapter_computes(run, monkeypatch, tap):
    wanted = totals(run("cpu", tap=tap))
    pull = first_gradient(run("cpu", tap=tap))

    def refused(name):
        def call(*_args, **_kwargs):
            pytest.fail(f"{name} is not on every Apple GPU")

        return call

    for name in HANDMADE:
        monkeypatch.setattr(torch.ops.aten, name, refused(name))
    with Pretence():
        transfer = run("mps", tap=tap)
        losses = totals(transfer)
        same = first_gradient(run("mps", tap=tap))
    np.testing.assert_allclose(losses, wanted, rtol=1e-3)
    np.testing.assert_allclose(same, pull, atol=1e-5 * np.abs(pull).max())
    assert transfer.synthesis.net[5].weight.is_contiguous()


def test_an_edit_on_apples_gpus_goes_on(run):
    with Pretence():
        transfer = run("mps")
        list(transfer.run(2))
        transfer.edit(style_layers=[0, 5], tv_weight=3.0)
        assert len(totals(transfer)) == 3
        assert transfer.forecast().seconds > 0
