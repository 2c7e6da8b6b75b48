"""The frameworks' own vgg19(pretrained=True) always answers, in one line."""

import hashlib
import io
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from functools import partial

import pytest
from conftest import put_oxford
from safetensors.numpy import save_file
from servers import closed_address, serving

from d2l_style.network import fetch, pretrained
from d2l_style.network.weights import describe


@pytest.fixture(autouse=True)
def short_patience(monkeypatch):
    monkeypatch.setattr(pretrained, "SECONDS", 0.4)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(autouse=True)
def narrow_substitute(monkeypatch, d2l, narrow_parameters):
    """What answers is built from a narrow network, for speed."""
    monkeypatch.setattr(d2l, "load_parameters", lambda w: narrow_parameters)


@pytest.fixture(autouse=True)
def only_what_is_bundled(no_carrier):
    """Oxford's VGG-19 is here only in tests that put it into the cache."""


class Torchvision:
    title = "torchvision"

    def __init__(self, monkeypatch, home):
        torch = pytest.importorskip("torch")
        torchvision = pytest.importorskip("torchvision")
        self.torch = torch
        self.monkeypatch = monkeypatch
        self.models = torchvision.models
        self.places = (torchvision.models, torchvision.models.vgg)
        self.file = "vgg19-dcbb9e9d.pth"
        self.cache = home / "hub" / "checkpoints"
        monkeypatch.setenv("TORCH_HOME", str(home))
        self.weights = torchvision.models.VGG19_Weights.DEFAULT

    def ask(self, **kwargs):
        return self.models.vgg19(pretrained=True, **kwargs)

    def serve(self, url):
        """Let the framework look for its file at the address."""
        self.monkeypatch.setattr(
            self.weights.value, "url", f"{url}/{self.file}"
        )

    def lighten(self):
        """Let the real function return what it was given and has loaded."""

        def _vgg(cfg, batch_norm, weights, progress, **kwargs):
            if weights is None:
                return kwargs
            return weights.get_state_dict(progress=progress, check_hash=True)

        self.monkeypatch.setattr(self.models.vgg, "_vgg", _vgg)

    def real_file(self):
        """Return the name and content of a small file it takes for real."""
        file = io.BytesIO()
        self.torch.save({"real": self.torch.ones(1)}, file)
        content = file.getvalue()
        sha256 = hashlib.sha256(content).hexdigest()
        self.file = f"vgg19-{sha256[:8]}.pth"
        return self.file, content, content

    def is_real(self, answer):
        return list(answer) == ["real"]


class Gluon:
    title = "mxnet"

    def __init__(self, monkeypatch, home):
        from mxnet.gluon.model_zoo import model_store, vision

        self.monkeypatch = monkeypatch
        self.store = model_store
        self.models = vision
        self.places = (vision, vision.vgg)
        self.file = "gluon/models/vgg19-ad2f660d.zip"
        self.cache = home
        self.ask = partial(vision.vgg19, pretrained=True, root=str(home))

    def serve(self, url):
        self.monkeypatch.setenv("MXNET_GLUON_REPO", url)

    def lighten(self):
        def get_vgg(num_layers, pretrained=False, root=None, **kwargs):
            if not pretrained:
                return kwargs
            return self.store.get_model_file(f"vgg{num_layers}", root=root)

        self.monkeypatch.setattr(self.models.vgg, "get_vgg", get_vgg)

    def real_file(self):
        content = b"real parameters"
        sha1 = hashlib.sha1(content).hexdigest()
        self.monkeypatch.setitem(self.store._model_sha1, "vgg19", sha1)
        name = f"vgg19-{sha1[:8]}"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr(f"{name}.params", content)
        self.file = f"gluon/models/{name}.zip"
        return f"{name}.params", content, packed.getvalue()

    def is_real(self, answer):
        return open(answer, "rb").read() == b"real parameters"


@pytest.fixture
def framework(d2l, backend, monkeypatch, tmp_path):
    kind = {"pytorch": Torchvision, "mxnet": Gluon}[backend]
    return kind(monkeypatch, tmp_path / "home")


def one_line(capsys, framework):
    out, err = capsys.readouterr()
    assert out == (
        f"{framework.title} could not download its VGG-19, so d2l_style "
        f"answers. {describe('mini')}\n"
    )
    return err


def is_substitute(net, narrow_parameters):
    """Whether the network is the narrow one that stands for all."""
    return (
        len(net.features) == 37
        and len(narrow_parameters["features.34.bias"])
        == net.features[34].weight.shape[0]
    )


def test_without_a_network(framework, capsys, narrow_parameters):
    framework.serve(closed_address())
    net = framework.ask()
    assert one_line(capsys, framework) == ""
    assert is_substitute(net, narrow_parameters)


@pytest.mark.parametrize("gpu", [True, False])
def test_the_best_that_is_here_answers_and_the_line_says_which(
    framework, d2l, capsys, narrow_parameters, monkeypatch, gpu
):
    """Also where "auto" would take a quicker one."""
    asked = []
    monkeypatch.setattr(d2l, "has_gpu", lambda: gpu)
    monkeypatch.setattr(
        d2l, "load_parameters", lambda w: asked.append(w) or narrow_parameters
    )
    framework.serve(closed_address())

    def line():
        framework.ask()
        out = capsys.readouterr().out
        assert out.count("\n") == 1
        assert describe(asked[-1]) in out
        return out

    assert "fetch vgg19'" in line()
    put_oxford()
    said = line()
    for words in ("minutes on a CPU", "d2l.pretrained_vgg19('mini')"):
        assert (words in said) != gpu
    save_file(narrow_parameters, fetch.cached_vgg19())
    assert "minutes" not in line()
    assert asked == ["mini", "oxford", "imagenet"]


def test_random_weights_answer_at_last(framework, monkeypatch, capsys):
    nowhere = fetch.cache_dir() / "none"
    monkeypatch.setattr("d2l_style.network.weights.bundled", lambda: nowhere)
    framework.serve(closed_address())
    framework.ask()
    assert "random weights" in capsys.readouterr().out


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_server_that_refuses(framework, status, capsys, narrow_parameters):
    with serving(**{framework.file: status}) as server:
        framework.serve(server.url)
        net = framework.ask()
        assert server.asked == [("HEAD", f"/{framework.file}")]
    assert one_line(capsys, framework) == ""
    assert is_substitute(net, narrow_parameters)


def test_a_server_that_never_answers(framework, capsys, narrow_parameters):
    start = time.monotonic()
    with serving(**{framework.file: "hang"}) as server:
        framework.serve(server.url)
        net = framework.ask()
    assert time.monotonic() - start < 10
    assert one_line(capsys, framework) == ""
    assert is_substitute(net, narrow_parameters)


@pytest.mark.parametrize("status", [405, 501])
def test_a_server_that_knows_no_head(
    framework, status, capsys, narrow_parameters
):
    framework.lighten()
    answers = {f"HEAD {framework.file}": status, framework.file: 404}
    with serving(**answers) as server:
        framework.serve(server.url)
        net = framework.ask()
        assert f"/{framework.file}" in server.downloads
    assert one_line(capsys, framework) == ""
    assert is_substitute(net, narrow_parameters)


@pytest.mark.parametrize("answer", [b"<html>Log in</html>", "cut"])
def test_something_else_than_the_file(
    framework, answer, capsys, narrow_parameters
):
    framework.lighten()
    with serving(**{framework.file: answer}) as server:
        framework.serve(server.url)
        net = framework.ask()
        assert server.downloads
    one_line(capsys, framework)  # a progress bar may have been shown
    assert is_substitute(net, narrow_parameters)
    assert not list(framework.cache.glob("*.p*"))


def test_an_address_that_is_none(framework, capsys, narrow_parameters):
    framework.serve("nowhere")
    assert is_substitute(framework.ask(), narrow_parameters)
    one_line(capsys, framework)


def test_a_proxy_is_asked_where_there_is_one(framework, monkeypatch, capsys):
    with serving() as proxy:
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", proxy.url)
        # What urllib has learnt of the proxies before is forgotten.
        monkeypatch.setattr(urllib.request, "_opener", None)
        framework.serve("http://far.invalid")
        framework.ask()
        assert proxy.asked == [
            ("HEAD", f"http://far.invalid/{framework.file}")
        ]
    assert one_line(capsys, framework) == ""


def test_the_real_file_is_downloaded(framework, capsys):
    framework.lighten()
    _, _, served = framework.real_file()
    with serving(**{framework.file: served}) as server:
        framework.serve(server.url)
        assert framework.is_real(framework.ask())
        assert framework.is_real(framework.ask())
        assert server.downloads == [f"/{framework.file}"]
    out, _ = capsys.readouterr()
    assert out.startswith("Downloading")  # what the framework says itself
    assert out.count("\n") == 1


def test_a_cached_real_file_is_used_without_asking(framework, capsys):
    framework.lighten()
    name, content, _ = framework.real_file()
    framework.cache.mkdir(parents=True)
    (framework.cache / name).write_bytes(content)
    with serving() as server:
        framework.serve(server.url)
        assert framework.is_real(framework.ask())
        assert server.asked == []
    assert capsys.readouterr() == ("", "")


def test_without_weights_nobody_is_asked(framework, capsys):
    framework.lighten()
    with serving() as server:
        framework.serve(server.url)
        vgg19 = framework.models.vgg19
        assert vgg19() == {}
        assert vgg19(pretrained=False) == {}
        assert vgg19(classes=7) == {"classes": 7}
        assert vgg19(pretrained=False, prefix="a") == {"prefix": "a"}
        assert server.asked == []
    assert capsys.readouterr().out == ""


def test_wrapping_twice_wraps_once(framework, backend):
    watch = {
        "pytorch": pretrained.watch_torchvision,
        "mxnet": pretrained.watch_gluon,
    }
    before = [place.vgg19 for place in framework.places]
    assert all(hasattr(f, "__wrapped__") for f in before)
    watch[backend](None, None)
    assert [place.vgg19 for place in framework.places] == before


def test_it_still_looks_like_the_frameworks_own(framework):
    vgg19 = framework.models.vgg19
    assert vgg19.__name__ == "vgg19"
    assert "VGG-19" in vgg19.__doc__
    assert vgg19.__module__.startswith(framework.title)


def test_control_c_passes_through(framework, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    framework.lighten()
    # While the server is asked, then while it downloads.
    framework.serve(closed_address())
    with monkeypatch.context() as patch:
        patch.setattr(pretrained, "_answers", interrupted)
        with pytest.raises(KeyboardInterrupt):
            framework.ask()
    before = sys.stdout
    with monkeypatch.context() as patch:
        patch.setattr(pretrained, "_answers", lambda url: True)
        patch.setattr(framework.models.vgg, "_vgg", interrupted, raising=False)
        patch.setattr(
            framework.models.vgg, "get_vgg", interrupted, raising=False
        )
        with pytest.raises(KeyboardInterrupt):
            framework.ask()
    assert sys.stdout is before
    assert socket.getdefaulttimeout() is None


def test_a_wrong_argument_is_still_an_error(framework, monkeypatch):
    monkeypatch.setattr(pretrained, "_answers", lambda url: True)
    with pytest.raises(TypeError):
        framework.ask(no_such_argument=1)


# What is of one framework only


@pytest.mark.torch
@pytest.mark.parametrize("backend", ["pytorch"])
@pytest.mark.parametrize("how", ["enum", "name", "position"])
def test_torchvisions_other_ways_to_ask(
    framework, how, capsys, narrow_parameters
):
    framework.serve(closed_address())
    vgg19 = framework.models.vgg19
    if how == "enum":
        net = vgg19(weights=framework.models.VGG19_Weights.IMAGENET1K_V1)
    elif how == "name":
        net = vgg19(weights="IMAGENET1K_V1", progress=False)
    else:
        net = vgg19(True)
    assert is_substitute(net, narrow_parameters)
    one_line(capsys, framework)


@pytest.mark.torch
@pytest.mark.parametrize("backend", ["pytorch"])
def test_the_substitute_behaves_as_torchvisions(framework, d2l):
    """Its ReLUs overwrite their input, which the chapter's cells show."""
    framework.serve(closed_address())
    net = framework.ask()
    X = d2l.torch.full((1, 3, 16, 16), 0.5)
    first = net.features[0](X)
    assert (first < 0).any()
    net.features[1](first)
    assert (first >= 0).all()
    assert not net.training
    # The package's own network leaves what the recipe taps alone.
    relu = d2l.pretrained_vgg19("random").features[1]
    assert not relu.inplace


@pytest.mark.mxnet
@pytest.mark.parametrize("backend", ["mxnet"])
def test_gluons_context_is_kept(framework, d2l, capsys):
    framework.serve(closed_address())
    net = framework.ask(ctx=d2l.npx.cpu(1))
    assert net.features[0].weight.list_ctx() == [d2l.npx.cpu(1)]
    assert one_line(capsys, framework) == ""


@pytest.mark.mxnet
@pytest.mark.parametrize("backend", ["mxnet"])
def test_gluons_relus_are_layers_of_their_own(framework, d2l):
    framework.serve(closed_address())
    net = framework.ask()
    X = d2l.np.full((1, 3, 16, 16), 0.5)
    first = net.features[0](X)
    assert (net.features[1](first) >= 0).all()
    assert (first < 0).any()


@pytest.mark.mxnet
@pytest.mark.parametrize("backend", ["mxnet"])
def test_gluons_own_folder_is_known(tmp_path):
    """MXNET_HOME moves it, and MXNet reads that when it is imported."""
    sha1 = hashlib.sha1(b"stand-in").hexdigest()
    path = tmp_path / "models" / f"vgg19-{sha1[:8]}.params"
    path.parent.mkdir()
    path.write_bytes(b"stand-in")
    code = (
        "from d2l_style import mxnet as d2l\n"
        "from mxnet.gluon.model_zoo import model_store, vision\n"
        f"model_store._model_sha1['vgg19'] = '{sha1}'\n"
        "vision.vgg.get_vgg = lambda *args, **kwargs: 'the real one'\n"
        "print(vision.vgg19(pretrained=True))"
    )
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={"MXNET_HOME": str(tmp_path), "MXNET_GLUON_REPO": "none:/"},
        capture_output=True,
        text=True,
    )
    assert (said.stdout, said.stderr) == ("the real one\n", "")


@pytest.mark.torch
@pytest.mark.parametrize("backend", ["pytorch"])
@pytest.mark.parametrize(
    "lines",
    [
        "{d2l}; import torchvision; vgg19 = torchvision.models.vgg19",
        "import torchvision; {d2l}; vgg19 = torchvision.models.vgg19",
        "{d2l}; from torchvision import models; vgg19 = models.vgg19",
        "{d2l}; from torchvision.models import vgg19",
        "{d2l}; from torchvision.models.vgg import vgg19",
    ],
)
def test_torchvision_is_watched_whoever_imports_it_whenever(lines):
    lines = lines.format(d2l="from d2l_style import torch as d2l")
    code = f"{lines}; print(hasattr(vgg19, '__wrapped__'))"
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
    )
    assert (said.stdout, said.stderr) == ("True\n", "")


@pytest.mark.torch
@pytest.mark.parametrize("backend", ["pytorch"])
def test_without_torchvision_there_is_nothing_to_wrap():
    code = (
        "import sys; sys.modules['torchvision'] = None\n"
        "from d2l_style import torch as d2l\n"
        "print(d2l.Recipe().lr)"
    )
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
    )
    assert (said.stdout, said.stderr) == ("0.3\n", "")
