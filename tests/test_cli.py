"""The command line: what it writes, what it says, and how it ends."""

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest
from PIL import Image
from servers import closed_address, serving

import d2l_style
from d2l_style import cli
from d2l_style.cli import fetch as fetch_command
from d2l_style.cli import transfer as transfer_command
from d2l_style.engine.forecast import Forecast
from d2l_style.network import fetch
from d2l_style.pictures import images
from d2l_style.recipe import PRESETS, Recipe


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line here; return (exit code, stdout, stderr)."""

    def run_here(*args):
        monkeypatch.setattr(sys, "argv", ["d2l-style", *map(str, args)])
        for stream in ("stdout", "stderr"):  # pytest's own lack the method
            monkeypatch.setattr(
                getattr(sys, stream), "reconfigure", str, raising=False
            )
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, *capsys.readouterr()

    return run_here


@pytest.fixture
def recorded(monkeypatch):
    """Record what a transfer is made of, and run nothing."""
    calls = []

    class Recorded:
        def __init__(self, content_img, style_img, recipe, backend):
            calls.append((content_img, style_img, recipe, backend))
            self.recipe, self.epoch = recipe, 0

        def run(self):
            return iter(())

        def forecast(self):
            return Forecast(1.5e9, 0.25)

        def image(self):
            h, w = self.recipe.image_shape
            return Image.new("RGB", (w, h), "red")

    monkeypatch.setattr(transfer_command, "StyleTransfer", Recorded)
    # Which network it is depends on the GPU that a framework sees.
    monkeypatch.setattr(
        transfer_command, "network_of", lambda recipe, _: recipe.weights
    )
    return calls


def python(*args, env=(), **options):
    """Run Python on the arguments in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, args)],
        capture_output=True,
        text=True,
        env={**os.environ, **dict(env)},
        timeout=60,
        **options,
    )


def one_sentence(err):
    assert err.startswith("Error: ")
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


# Transfer


def test_transfer_writes_a_picture(run, backend, pictures, out, narrow_file):
    code, said, err = run(
        *("transfer", *pictures, "-o", out, "--backend", backend),
        *("--weights", narrow_file, "--size", "32x48", "--epochs", 3),
    )
    assert (code, err) == (0, "")
    assert f"Network: {narrow_file}.\n" in said
    assert "3/3" in said
    for loss in ("content", "style", "TV"):
        assert f"{loss} " in said
    assert said.endswith(f"{out} holds the picture.\n")
    with Image.open(out) as img:
        assert img.size == (48, 32)
        assert img.mode == "RGB"
    assert os.listdir(out.parent) == [out.name]


@pytest.mark.torch
def test_what_is_written_is_what_the_library_makes(
    run, pictures, out, narrow_file
):
    from d2l_style.transfer import StyleTransfer

    recipe = Recipe(
        weights=narrow_file,
        image_shape=(20, 24),
        num_epochs=4,
        style_layers=["conv2_1"],
        content_layers=["conv3_2"],
        lr=0.1,
    )
    transfer = StyleTransfer(*pictures, recipe, "pytorch")
    for _ in transfer.run():
        pass
    code, _, _ = run(
        *("transfer", *pictures, "-o", out, "--weights", narrow_file),
        *("--size", "20x24", "--epochs", 4, "--lr", 0.1),
        *("--style-layers", "conv2_1", "--content-layers", "conv3_2"),
    )
    assert code == 0
    with Image.open(out) as img:
        assert img.tobytes() == transfer.image().tobytes()


def test_it_says_what_a_run_will_take(run, pictures, out, recorded):
    code, said, _ = run("transfer", *pictures, "-o", out, "--epochs", "400")
    told = "300x450 pixels, 400 epochs: about 1 min 40 s and 1.5 GB of memory."
    assert code == 0
    assert told in said.splitlines()


def test_a_small_run_takes_more_than_nothing(
    run, pictures, out, recorded, monkeypatch
):
    monkeypatch.setattr(
        transfer_command.StyleTransfer,
        "forecast",
        lambda run: Forecast(3.21e6, 0.0001),
    )
    _, said, _ = run("transfer", *pictures, "-o", out)
    told = "500 epochs: less than a second and 3.2 MB of memory."
    assert told in said


def test_the_pictures_own_size(run, pictures, out, recorded):
    code, _, err = run("transfer", *pictures, "-o", out, "--size", "own")
    assert (code, err) == (0, "")
    w, h = images.open_image(pictures[0]).size
    assert recorded[0][2].image_shape == (h, w)


def test_what_does_not_fit_is_refused_before_it_begins(run, pictures, out):
    code, _, err = run(
        *("transfer", *pictures, "-o", out, "--size", "20000x20000"),
    )
    assert code == 1
    assert "20000x20000 pixels need about" in err
    assert "would fit" in err
    assert os.listdir(out.parent) == []


def test_without_options_it_is_the_preset(run, pictures, out, recorded):
    code, _, err = run("transfer", *pictures, "-o", out)
    assert (code, err) == (0, "")
    [(content_img, style_img, recipe, backend)] = recorded
    assert recipe == Recipe()
    assert (type(backend), backend) == (str, "pytorch")
    for img, path in zip((content_img, style_img), pictures, strict=True):
        assert img.tobytes() == images.open_image(path).tobytes()


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ("--weights random", {"weights": "random"}),
        ("--weights a/b.safetensors", {"weights": "a/b.safetensors"}),
        ("--size 40x60", {"image_shape": (40, 60)}),
        ("--size 40X60", {"image_shape": (40, 60)}),
        ("--size 40x60 --own-shape", {"image_shape": (43, 56)}),
        ("--style-fit squeeze", {"style_fit": "squeeze"}),
        ("--style-fit crop", {"style_fit": "crop"}),
        ("--style-fit keep", {"style_fit": "keep"}),
        ("--epochs 7", {"num_epochs": 7}),
        ("--style-layers conv1_1,conv2_1", {"style_layers": (0, 5)}),
        ("--style-layers 0,5", {"style_layers": (0, 5)}),
        ("--style-layers ,", {"style_layers": ()}),
        ("--content-layers conv2_2", {"content_layers": (7,)}),
        ("--content-weight 0", {"content_weight": 0.0}),
        ("--style-weight 1e3", {"style_weight": 1e3}),
        ("--tv-weight 2.5", {"tv_weight": 2.5}),
        ("--lr 0.05", {"lr": 0.05}),
    ],
)
def test_every_option_reaches_the_recipe(
    run, pictures, out, recorded, options, changes
):
    code, _, err = run("transfer", *pictures, "-o", out, *options.split())
    assert (code, err) == (0, "")
    assert recorded[0][2] == Recipe().replace(**changes)


@pytest.mark.parametrize("backend", ["pytorch", "mxnet"])
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_of_both_backends(
    run, pictures, out, recorded, preset, backend
):
    code, _, _ = run(
        *("transfer", *pictures, "--out", out),
        *("--preset", preset, "--backend", backend),
    )
    assert code == 0
    assert recorded[0][2:] == (Recipe.preset(preset, backend), backend)


def test_an_option_comes_on_top_of_the_preset(run, pictures, out, recorded):
    run(
        *("transfer", *pictures, "-o", out, "--backend", "mxnet"),
        *("--preset", "as-printed", "--lr", "0.2"),
    )
    recipe = Recipe.preset("as-printed", "mxnet", lr=0.2)
    assert recorded[0][2] == recipe
    assert recipe.tap == "conv"


@pytest.mark.parametrize(
    "name", ["a.jpg", "b.PNG", "c.webp", "d.tif", "é.png"]
)
def test_other_formats(run, pictures, out, recorded, name):
    out = out.with_name(name)
    code, _, err = run("transfer", *pictures, "-o", out)
    assert (code, err) == (0, "")
    with Image.open(out) as img:
        assert img.size == (450, 300)
    assert os.listdir(out.parent) == [name]


def test_a_picture_that_is_there_is_replaced(run, pictures, out, recorded):
    out.write_bytes(b"old")
    assert run("transfer", *pictures, "-o", out)[0] == 0
    assert Image.open(out).size == (450, 300)


# What cannot work


def refused(run, folder, *args, code=1):
    """Assert that nothing is written and return the sentence."""
    before = sorted(os.listdir(folder))
    ended, _, err = run("transfer", *args)
    assert ended == code
    assert sorted(os.listdir(folder)) == before
    assert "Traceback" not in err
    return one_sentence(err) if code == 1 else err


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ("--size 0x10", "at least 1 and at most 20000, not 0"),
        ("--size 300", "like 300x450, or own, not '300'"),
        ("--size 300x", "like 300x450, or own, not '300x'"),
        ("--size axb", "like 300x450, or own, not 'axb'"),
        ("--size -5x4", "like 300x450, or own, not '-5x4'"),
        ("--size 3.5x4", "like 300x450, or own, not '3.5x4'"),
        ("--size 10x10x3", "like 300x450, or own, not '10x10x3'"),
        ("--size 15x300", "conv5_1"),
        ("--size 7x7 --style-layers conv1_1", "conv4_4"),
        ("--style-layers conv9_9", "conv9_9"),
        ("--style-layers 1", "'1' is not a convolution"),
        ("--style-layers conv1_1,0", "twice"),
        ("--content-layers relu1_1", "conv1_1 = 0"),
        ("--content-layers , --style-layers ,", "No layer is chosen"),
        ("--epochs 0", "num_epochs"),
        ("--epochs -3", "num_epochs"),
        ("--lr 0", "lr must be"),
        ("--lr -1", "lr must be"),
        ("--lr nan", "lr must be"),
        ("--content-weight -1", "content_weight"),
        ("--style-weight -1", "style_weight"),
        ("--tv-weight inf", "tv_weight"),
        ("--max-pixels 100", "too large"),
        ("--weights none.safetensors", "none.safetensors"),
        ("--weights imagenet", "fetch vgg19 --torchvision'"),
    ],
)
@pytest.mark.torch
def test_bad_options(run, pictures, out, options, part):
    short = "--epochs", "1", "--size", "32x32"  # should it run all the same
    args = *pictures, "-o", out, *short, *options.split()
    assert part in refused(run, out.parent, *args)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ("--backend jax", "'pytorch', 'mxnet'"),
        ("--preset vgg", "'paired', 'fast', 'as-printed'"),
        ("--epochs many", "'--epochs'"),
        ("--lr fast", "'--lr'"),
        ("--nonsense", "No such option"),
    ],
)
def test_options_of_the_wrong_type(
    run, pictures, out, recorded, options, part
):
    args = *pictures, "-o", out, *options.split()
    assert part in refused(run, out.parent, *args, code=2)
    assert recorded == []


def test_missing_arguments(run, pictures, out):
    said = refused(run, out.parent, pictures[0], "-o", out, code=2)
    assert "Missing argument 'STYLE'" in said.replace("style", "STYLE")
    assert "--out" in refused(run, out.parent, *pictures, code=2)


def test_pictures_that_are_none(run, pictures, out, recorded, tmp_path):
    content, style = pictures
    gone = str(tmp_path / "[bold]gone.jpg")  # no markup in what it says
    assert gone in refused(run, out.parent, gone, style, "-o", out)
    assert gone in refused(run, out.parent, content, gone, "-o", out)
    notes = tmp_path / "notes.txt"
    notes.write_text("Not a picture.")
    said = refused(run, out.parent, content, notes, "-o", out)
    assert f"{notes} is not a picture" in said
    said = refused(run, out.parent, content, tmp_path, "-o", out)
    assert f"{tmp_path} is a folder" in said
    (tmp_path / "a.jpg").touch()
    said = refused(run, out.parent, content, tmp_path, "-o", out)
    assert f"Name one picture, like {tmp_path / 'a.jpg'}" in said
    cut = tmp_path / "cut.png"
    cut.write_bytes(Path(content).read_bytes()[:2000])
    assert "cut off" in refused(run, out.parent, cut, style, "-o", out)
    assert recorded == []


@pytest.mark.parametrize(
    "name",
    [
        "result",
        "result.txt",
        "result.",
        ".png",
        "result.psd",  # Pillow reads it and does not write it
        "result.xbm",  # holds no colours
        "result.grib",
    ],
)
def test_an_out_that_is_no_picture(run, pictures, out, recorded, name):
    out = out.with_name(name)
    said = refused(run, out.parent, *pictures, "-o", out)
    assert f"{out} must end in .png" in said
    assert recorded == []


def test_an_out_that_is_a_folder(run, pictures, out, recorded):
    folder = out.parent / "folder.png"
    folder.mkdir()
    for path in (out.parent, folder):
        said = refused(run, out.parent, *pictures, "-o", path)
        assert f"{path} is a folder" in said
    assert recorded == []


def test_an_out_in_a_folder_that_is_not_there(run, pictures, out, recorded):
    path = out.parent / "gone" / "result.png"
    said = refused(run, out.parent, *pictures, "-o", path)
    assert f"no folder {path.parent}" in said
    file = out.parent / "file"
    file.write_bytes(b"")
    refused(run, out.parent, *pictures, "-o", file / "result.png")
    assert recorded == []


def test_an_out_that_may_not_be_written(
    run, pictures, out, recorded, monkeypatch
):
    """As root one may write everywhere: here the system says no."""

    def forbidden(path, **kwargs):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Path, "touch", forbidden)
    said = refused(run, out.parent, *pictures, "-o", out)
    assert said == f"Error: {out} cannot be written: Permission denied.\n"
    assert recorded == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write"
)
def test_a_folder_that_may_not_be_written(run, pictures, out, recorded):
    out.parent.chmod(0o500)
    said = refused(run, out.parent, *pictures, "-o", out)
    assert "cannot be written" in said
    assert recorded == []


def test_a_name_that_is_too_long(run, pictures, out, recorded):
    out = out.with_name("a" * 300 + ".png")
    assert "too long" in refused(run, out.parent, *pictures, "-o", out)
    assert recorded == []


def test_a_picture_larger_than_the_format_allows(run, pictures, out, recorded):
    """WebP ends at 16383 pixels; better said before the run."""
    out = out.with_suffix(".webp")
    refused(run, out.parent, *pictures, "-o", out, "--size", "16x20000")
    assert recorded == []


def test_a_half_written_picture_does_not_stay(
    run, pictures, out, recorded, monkeypatch
):
    out.write_bytes(b"old")
    saved = []

    def full(path, data):
        saved.append(path)
        path.write_text("half")
        if len(saved) > 1:  # the first is the check before the run
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    said = refused(run, out.parent, *pictures, "-o", out)
    assert "No space left" in said
    assert len(recorded) == 1
    assert out.read_bytes() == b"old"


def test_divergence_keeps_the_last_picture(
    run, backend, pictures, out, narrow_file
):
    code, _, err = run(
        *("transfer", *pictures, "-o", out, "--backend", backend),
        *("--weights", narrow_file, "--size", "32x48", "--lr", "1e30"),
    )
    assert code == 1
    said = one_sentence(err)
    assert "no longer finite" in said
    assert "lr=1e+30" in said
    assert "Lower lr" in said
    with Image.open(out) as img:
        assert img.size == (48, 32)
    assert os.listdir(out.parent) == [out.name]


SLOW_RUN = """
    import signal, sys
    from d2l_style import cli
    from d2l_style.cli import transfer
    from d2l_style.transfer import StyleTransfer

    signal.signal(signal.SIGINT, signal.default_int_handler)

    class Told(StyleTransfer):
        def run(self, num_epochs=None):
            for epoch in super().run(num_epochs):
                yield epoch
                if num_epochs is None and epoch.number == 3:
                    print("three epochs", file=sys.stderr, flush=True)

    transfer.StyleTransfer = Told
    cli.main()
"""


@pytest.mark.torch
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT")
def test_control_c_keeps_the_picture(pictures, out, narrow_file):
    args = "--size", "32x48", "--epochs", "1000000", "--weights", narrow_file
    process = subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", "-c", textwrap.dedent(SLOW_RUN)),
            *("transfer", *pictures, "-o", str(out), *args),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr.readline() == "three epochs\n"
        process.send_signal(signal.SIGINT)
        said, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert err == ""
    last = said.splitlines()[-1]
    assert last.startswith("Stopped after ")
    assert int(last.split()[2]) >= 3
    goes_on = "; --resume goes on from there."
    assert last.endswith(f" epochs. {out} holds the picture{goes_on}")
    with Image.open(out) as img:
        assert img.size == (48, 32)
    assert sorted(os.listdir(out.parent)) == [
        out.name,
        f"{out.name}.unfinished",
    ]


def test_control_c_before_the_first_epoch(run, pictures, out, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer_command, "StyleTransfer", interrupted)
    code, said, err = run("transfer", *pictures, "-o", out)
    assert code in (1, 130)
    assert "Traceback" not in err
    assert "holds the picture" not in said
    assert os.listdir(out.parent) == []


# In a process of its own


WITHOUT = (
    "import sys\n"
    "sys.modules[{name!r}] = None\n"
    "from d2l_style.cli import main\n"
    "main()"
)


@pytest.mark.parametrize(
    ("backend", "name", "title"),
    [("pytorch", "torch", "PyTorch"), ("mxnet", "mxnet", "MXNet")],
)
def test_a_backend_that_is_not_installed(pictures, out, backend, name, title):
    done = python(
        *("-c", WITHOUT.format(name=name), "transfer", *pictures),
        *("-o", out, "--backend", backend),
    )
    assert done.returncode == 1
    said = one_sentence(done.stderr)
    assert f"{title} is needed, but it is not installed." in said
    assert os.listdir(out.parent) == []


@pytest.mark.torch
def test_python_m(pictures, out, narrow_file):
    done = python(
        *("-m", "d2l_style", "transfer", *pictures, "-o", out.name),
        *("--weights", narrow_file, "--size", "16x16", "--epochs", 1),
        cwd=out.parent,
        env={"PYTHONPATH": str(Path(d2l_style.__file__).parents[1])},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("result.png holds the picture.\n")
    assert Image.open(out).size == (16, 16)


def test_names_that_the_terminal_cannot_show(tmp_path):
    done = python(
        *("-m", "d2l_style", "transfer", "山.jpg", "b.jpg"),
        *("-o", tmp_path / "a.png"),
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
    )
    assert done.returncode == 1
    assert one_sentence(done.stderr) == (
        "Error: There is no picture at ?.jpg.\n"
    )


# Fetch


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one drawing, and the command line's idea of its twin."""
    folder = tmp_path / "img"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"drawn")
    sha256 = hashlib.sha256(b"the book's").hexdigest()
    sources = [fetch.Source("https://official.invalid/a.jpg", sha256, 0.1)]
    for name in ("fetch_images", "restore_images"):
        monkeypatch.setattr(
            fetch_command.fetching,
            name,
            partial(getattr(fetch, name), sources=sources),
        )
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder


def test_fetch_images_from_a_mirror(run, folder, monkeypatch):
    path = folder / "a.jpg"
    with serving(**{"a.jpg": b"the book's"}) as server:
        monkeypatch.setenv("D2L_STYLE_MIRROR", server.url)
        code, said, _ = run("fetch", "images", "--to", folder)
    assert (code, said) == (0, f"{path} is the book's picture now.\n")
    assert path.read_bytes() == b"the book's"
    code, said, _ = run("fetch", "images", "--to", folder, "--restore")
    assert (code, said) == (0, f"{path} is our own drawing again.\n")
    assert path.read_bytes() == b"drawn"
    code, said, _ = run("fetch", "images", "--to", folder, "--restore")
    assert code == 0
    assert said.startswith("There is nothing to restore")


@pytest.mark.parametrize("answer", [404, b"login page", None])
def test_fetch_that_fails(run, folder, monkeypatch, answer):
    with serving(**{"a.jpg": answer or 404}) as server:
        url = server.url if answer else closed_address()
        monkeypatch.setenv("D2L_STYLE_MIRROR", url)
        code, said, err = run("fetch", "images", "--to", folder)
    assert (code, said) == (1, "")
    assert "a.jpg" in err.splitlines()[-1]  # after the progress bar
    assert "Traceback" not in err
    assert os.listdir(folder) == ["a.jpg"]
    assert (folder / "a.jpg").read_bytes() == b"drawn"


def test_fetch_into_no_folder(run, tmp_path):
    code, _, err = run("fetch", "images", "--to", tmp_path / "gone")
    assert code == 1
    assert "There is no folder" in one_sentence(err)


def test_fetch_images_asks_for_the_clones_folder(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = run("fetch", "images")
    assert code == 1
    assert "There is no folder img." in one_sentence(err)


def test_fetch_vgg19(run, monkeypatch, own_cache):
    path = own_cache / "net.bin"
    monkeypatch.setattr(fetch, "fetch_vgg19", lambda: path)
    code, said, _ = run("fetch", "vgg19")
    assert (code, said) == (0, f"Oxford's VGG-19 is at {path}.\n")
    monkeypatch.setattr(fetch, "fetch_torchvision_vgg19", fetch.cached_vgg19)
    code, said, _ = run("fetch", "vgg19", "--torchvision")
    path = own_cache / "vgg19-imagenet.safetensors"
    assert (code, said) == (0, f"The book's VGG-19 is at {path}.\n")


def test_fetch_vgg19_restores_nothing(run, monkeypatch):
    monkeypatch.setattr(fetch, "fetch_vgg19", None)
    code, _, err = run("fetch", "vgg19", "--restore")
    assert code == 1
    assert "fetch images" in one_sentence(err)


def test_torchvision_has_no_pictures(run, folder):
    code, _, err = run("fetch", "images", "--torchvision", "--to", folder)
    assert code == 1
    assert "fetch vgg19" in one_sentence(err)
    assert (folder / "a.jpg").read_bytes() == b"drawn"


def test_fetch_of_something_else(run):
    code, _, err = run("fetch", "vgg16")
    assert code == 2
    assert "'vgg19', 'images'" in err


@pytest.mark.torch
def test_a_cache_that_cannot_be_used(run, tmp_path, monkeypatch, no_carrier):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("D2L_STYLE_CACHE", str(tmp_path / "file"))
    for options in ([], ["--torchvision"]):
        code, _, err = run("fetch", "vgg19", *options)
        assert code == 1
        assert "D2L_STYLE_CACHE" in one_sentence(err)


# What it says of itself


def test_version(run):
    assert run("--version") == (0, f"d2l-style {d2l_style.__version__}\n", "")


def test_help(run):
    code, said, _ = run("--help")
    assert code == 0
    for part in ("transfer", "fetch", "--version", "Paint one picture"):
        assert part in said


def test_without_arguments_it_helps(run):
    code, said, err = run()
    assert code in (0, 2)
    assert "transfer" in said + err


@pytest.mark.torch
def test_a_portrait_in_the_style_of_a_strip(run, pictures, out, narrow_file):
    """The result has the portrait's shape; the strip can be too narrow."""
    Image.new("RGB", (40, 90), "teal").save(pictures[0])
    Image.new("RGB", (900, 30), "olive").save(pictures[1])
    options = "--epochs", 1, "--weights", narrow_file, "--own-shape"
    args = "transfer", *pictures, "-o", out, "--size", "48x48", *options
    code, _, err = run(*args, "--style-fit", "keep")
    assert code == 1
    assert "9x256 pixels" in one_sentence(err)
    assert not out.exists()
    code, _, err = run(*args, "--style-fit", "crop")
    assert (code, err) == (0, "")
    with Image.open(out) as img:
        assert img.size == (32, 72)


def test_a_content_picture_too_narrow_for_its_own_shape(
    run, pictures, out, recorded
):
    Image.new("RGB", (2000, 1), "teal").save(pictures[0])
    code, _, err = run("transfer", *pictures, "-o", out, "--own-shape")
    assert code == 1
    assert "8x16875 pixels are too few for conv5_1" in one_sentence(err)
    assert not recorded


@pytest.mark.parametrize("wrong", ["stretch", "", "KEEP", "0"])
def test_a_fit_that_is_none(run, pictures, out, recorded, wrong):
    code, _, err = run(
        *("transfer", *pictures, "-o", out, "--style-fit", wrong)
    )
    assert code == 2
    for valid in ("squeeze", "crop", "keep"):
        assert valid in err
    assert not recorded


def test_help_of_each_command(run):
    code, said, _ = run("transfer", "--help")
    assert code == 0
    for option in (
        *("--out", "--backend", "--weights", "--size", "--epochs", "--lr"),
        *("--style-layers", "--content-layers", "--preset", "--max-pixels"),
        *("--content-weight", "--style-weight", "--tv-weight"),
        *("--style-fit", "--own-shape"),
        *("CONTENT", "STYLE"),
    ):
        assert option in said
    assert "300x450" in said
    code, said, _ = run("fetch", "--help")
    assert code == 0
    for part in (
        *("vgg19", "images", "--to", "--restore", "--torchvision"),
        *("18.5 MB", "548 MB"),
    ):
        assert part in said


def test_the_result_never_replaces_what_goes_in(run, pictures, recorded):
    before = [Path(path).read_bytes() for path in pictures]
    for path in pictures:
        code, _, err = run("transfer", *pictures, "-o", path)
        assert code == 1
        assert "is one of the two pictures that go in" in err
    assert [Path(path).read_bytes() for path in pictures] == before
    assert not recorded


def test_jpegs_are_good_ones(run, pictures, out, recorded):
    """Pillow's own quality of 75 would show."""
    path = out.with_suffix(".jpg")
    assert run("transfer", *pictures, "-o", path)[0] == 0
    with Image.open(path) as img:
        assert max(img.quantization[0]) < 20


def test_fetch_finds_the_pictures_beside_the_notebooks(
    run, folder, tmp_path, monkeypatch
):
    notebooks = folder.parent / "notebooks"
    notebooks.mkdir()
    monkeypatch.chdir(notebooks)
    if folder.name != "img":
        folder = folder.rename(folder.parent / "img")
    code, said, _ = run("fetch", "images", "--restore")
    assert code == 0
    assert "nothing to restore" in said


BRACKETED = """
from d2l_style import language

class Bracketed:
    def get(self, message):
        return f"[{message}]"

language._catalogue = lambda name: Bracketed()
import typer
from d2l_style.cli import app

app = typer.main.get_command(app.app)
print(repr(app.help))
for command in app.commands.values():
    print(repr(command.help))
    for parameter in command.params:
        print(parameter.name, repr(parameter.help))
"""


def test_every_help_text_can_be_translated():
    done = python("-c", BRACKETED)
    assert done.returncode == 0, done.stderr
    texts = done.stdout.splitlines()
    assert len(texts) > 20
    assert not [t for t in texts if "'[" not in t and '"[' not in t]


def test_what_it_says_can_be_translated(
    run, pictures, out, recorded, monkeypatch
):
    korean = {
        "Error:": "오류:",
        "{out} holds the picture.": "그림은 {out}에 있습니다.",
        "--size must be height x width, like 300x450, or own, not "
        "{given!r}.": "--size: {given!r}",
    }
    monkeypatch.setattr("d2l_style.language._catalogue", lambda _: korean)
    code, said, _ = run("transfer", *pictures, "-o", out)
    assert code == 0
    assert said.endswith(f"그림은 {out}에 있습니다.\n")
    code, _, err = run("transfer", *pictures, "-o", out, "--size", "3")
    assert (code, err) == (1, "오류: --size: '3'\n")
