"""Pictures that carry their recipe, and the run as a moving picture."""

import io
from dataclasses import dataclass

from PIL import Image, PngImagePlugin

from d2l_style import images
from d2l_style.recipe import Recipe

_KEY = "d2l-style recipe"  # in a PNG's text
FRAMES = 100  # of a moving picture, at most
_FRAME_SIDE = 450  # pixels, the longer side


def png_bytes(img, recipe, **facts):
    """Return a picture as PNG bytes with the recipe that made it.

    ``facts`` (strings: which pictures, how many epochs) go beside it.
    """
    info = PngImagePlugin.PngInfo()
    info.add_itxt(_KEY, recipe.to_json())
    for name, value in facts.items():
        info.add_itxt(f"d2l-style {name}", str(value))
    out = io.BytesIO()
    img.save(out, "PNG", pnginfo=info)
    return out.getvalue()


def recipe_in_png(source):
    """Return the recipe in a PNG that :func:`png_bytes` wrote.

    ``source`` is a path or a binary file. Raises ``ValueError`` if there is
    none in it or it is damaged, ``FileNotFoundError`` without the file.
    """
    text = _text_in(source).get(_KEY)
    if not text:
        raise ValueError(
            "This picture carries no recipe. Only PNG files saved by the "
            "panel do, as long as no other program has rewritten them."
        )
    return Recipe.from_json(text)


def names_in_png(source):
    """Return the names of the pictures in it: {"content": ..., ...}."""
    text = _text_in(source)
    return {
        kind: text[f"d2l-style {kind}"]
        for kind in ("content", "style")
        if f"d2l-style {kind}" in text
    }


def _text_in(source):
    images.open_image(source)  # complains in a sentence of what is no picture
    if hasattr(source, "seek"):
        source.seek(0)
    with Image.open(source) as img:
        img.load()
        return getattr(img, "text", {})


def jpeg_bytes(img, quality=90):
    """Return a picture as JPEG bytes, for showing it."""
    out = io.BytesIO()
    img.save(out, "JPEG", quality=quality)
    return out.getvalue()


@dataclass(frozen=True)
class Snapshot:
    """A picture that was kept, and the way back to its moment.

    ``losses`` are those of its epoch.
    """

    name: str
    img: Image.Image
    moment: object
    losses: dict


class Film:
    """Frames of a run, evenly spread over it, never more than FRAMES.

    When it is full, every second frame goes, and from then on only every
    second one comes in.
    """

    def __init__(self):
        self.clear()

    def clear(self):
        """Forget all frames."""
        self._frames, self._every, self._seen = [], 1, 0

    def cut(self, epoch):
        """Forget the frames after ``epoch``."""
        self._frames = [f for f in self._frames if f[0] <= epoch]

    def __len__(self):
        return len(self._frames)

    def add(self, epoch, jpeg):
        """Take in the picture of an epoch, JPEG bytes, if it is its turn.

        An epoch that is in the film already is passed over.
        """
        if self._frames and self._frames[-1][0] >= epoch:
            return
        if self._seen % self._every == 0:
            self._frames.append((epoch, jpeg))
            if len(self._frames) >= FRAMES:
                self._frames, self._every = self._frames[::2], 2 * self._every
        self._seen += 1

    def gif(self, last=None, seconds=6):
        """Return the film as GIF bytes, ending on the picture ``last``.

        Raises ``ValueError`` if there is no frame yet.
        """
        imgs = [Image.open(io.BytesIO(f)) for _, f in list(self._frames)]
        imgs += [last] * (last is not None)
        if not imgs:
            raise ValueError("There is no film yet: nothing has been run.")
        scale = min(1, _FRAME_SIDE / max(imgs[-1].size))
        size = tuple(max(1, round(side * scale)) for side in imgs[-1].size)
        frames = [img.convert("RGB").resize(size) for img in imgs]
        each = max(40, round(1000 * seconds / len(frames)))
        durations = [each] * (len(frames) - 1) + [1500]
        out = io.BytesIO()
        frames[0].save(
            out,
            "GIF",
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
        )
        return out.getvalue()
