"""Let ``vgg19(pretrained=True)`` of the frameworks themselves always answer.

The book's cells ask torchvision or Gluon for trained weights, and those
download them. Where the download fails, or a file that was downloaded before
is damaged, this module answers with the best network that is here and prints
one line that says so. A whole file is used as ever, as are all other calls.
"""

import contextlib
import functools
import hashlib
import http.client
import io
import os
import socket
import sys
import urllib.error
import urllib.request
import zipfile

import wrapt

from d2l_style.language import N_, _
from d2l_style.network.download import in_time

SECONDS = 5  # to wait for the server before doing without it
# What the frameworks raise if the server refuses, the connection is cut off,
# or what came is not the file it should be.
_FAILED = (
    OSError,
    RuntimeError,
    ValueError,
    http.client.HTTPException,
    zipfile.BadZipFile,
)


def watch_torchvision(substitute, has_gpu):
    """Wrap ``torchvision.models.vgg19`` as soon as it is imported.

    ``substitute(weights)`` makes the network that answers if the download
    fails, ``has_gpu()`` says whether it will be quick. Importing torchvision
    here would take a second and 160 MB from everybody who never asks it for
    a network.
    """

    def wrap(models):
        import torch

        def source(**kwargs):
            url = models.VGG19_Weights.DEFAULT.url
            folder = os.path.join(torch.hub.get_dir(), "checkpoints")
            path = os.path.join(folder, os.path.basename(url))
            return url, path, os.path.exists(path)

        for module in (models, models.vgg):
            module.vgg19 = _watched(module.vgg19, source, substitute, has_gpu)

    wrapt.register_post_import_hook(wrap, "torchvision.models")


def watch_gluon(substitute, has_gpu):
    """Wrap ``mxnet.gluon.model_zoo.vision.vgg19`` likewise."""
    from mxnet import base
    from mxnet.gluon import utils
    from mxnet.gluon.model_zoo import model_store, vision

    default = os.path.join(base.data_dir(), "models")

    def source(root=default, **kwargs):
        name = f"vgg19-{model_store.short_hash('vgg19')}"
        path = os.path.join(os.path.expanduser(root), f"{name}.params")
        # Gluon downloads a damaged one again, if there is a server.
        whole = os.path.exists(path) and _is_whole(path)
        return f"{utils._get_repo_url()}gluon/models/{name}.zip", path, whole

    for module in (vision, vision.vgg):
        module.vgg19 = _watched(module.vgg19, source, substitute, has_gpu)


def _watched(vgg19, source, substitute, has_gpu):
    """Return ``vgg19``, answering with ``substitute`` if it must.

    ``source(**kwargs)`` returns the file's address, its path here, and
    whether the framework would take what is there.
    """
    if hasattr(vgg19, "__wrapped_by_d2l_style__"):
        return vgg19

    @functools.wraps(vgg19)
    def watched(*args, **kwargs):
        if not _wants_weights(args, kwargs):
            return vgg19(*args, **kwargs)
        url, path, takes = source(**kwargs)
        if takes:
            try:
                return vgg19(*args, **kwargs)
            except Exception:  # a pickle can raise anything
                if _is_whole(path):
                    raise
        elif _answers(url):
            with contextlib.suppress(*_FAILED):
                return _without_noise(vgg19, *args, **kwargs)
        return _answer(vgg19, substitute, has_gpu, path, kwargs)

    watched.__wrapped_by_d2l_style__ = True
    return watched


def _is_whole(path):
    """Return whether a file has the hash that is in its name.

    ``vgg19-dcbb9e9d.pth`` of torchvision: the first letters of its SHA-256;
    ``vgg19-ad2f660d.params`` of Gluon: of its SHA-1.
    """
    stem, suffix = os.path.splitext(os.path.basename(path))
    algorithm = "sha1" if suffix == ".params" else "sha256"
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, algorithm).hexdigest()
    except OSError:
        return False
    return digest.startswith(stem.rpartition("-")[2])


def _answer(vgg19, substitute, has_gpu, path, kwargs):
    """Return the best network that is here, whatever "auto" would take."""
    from d2l_style.network.weights import describe, there

    framework = vgg19.__module__.split(".")[0]
    if os.path.exists(path):
        message = N_(
            "{framework}'s own file {path} is damaged, so d2l_style answers; "
            "delete it, and {framework} downloads it again."
        )
    else:
        message = N_(
            "{framework} could not download its VGG-19, so d2l_style answers."
        )
    for kind in there():
        try:
            net = substitute(kind)
            break
        except (OSError, ValueError):  # damaged, and as long as it should be
            continue
    sentences = [_(message, framework=framework, path=path), describe(kind)]
    if kind == "oxford" and not has_gpu():
        sentences.append(
            _(
                "It takes minutes on a CPU; d2l.pretrained_vgg19('mini') is "
                "the quick one."
            )
        )
    print(*sentences)
    if kwargs.get("ctx") is not None:  # Gluon's vgg19(ctx=...)
        net.collect_params().reset_ctx(kwargs["ctx"])
    return net


def _wants_weights(args, kwargs):
    given = (*args[:1], kwargs.get("pretrained"), kwargs.get("weights"))
    return any(given)


def _answers(url):
    """Return whether there is an answer for ``url``, and soon.

    The frameworks themselves would try for minutes where packets get lost,
    MXNet for ever where a server does not answer. A server that does not
    know the method HEAD may still have the file.
    """
    try:
        request = urllib.request.Request(url, method="HEAD")
        ask = functools.partial(urllib.request.urlopen, timeout=SECONDS)
        in_time(2 * SECONDS, ask, request).close()
    except urllib.error.HTTPError as error:
        return error.code in (405, 501)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return True


def _without_noise(function, *args, **kwargs):
    """Call the function; what it prints is shown only if it succeeds."""
    said = io.StringIO()
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(30)  # seconds without a byte, not in all
    try:
        with contextlib.redirect_stdout(said):
            result = function(*args, **kwargs)
    finally:
        socket.setdefaulttimeout(timeout)
    sys.stdout.write(said.getvalue())
    return result
