"""Pictures as bytes: PNG that carries its recipe, JPEG to show."""

import base64
import io

from PIL import PngImagePlugin

from d2l_style.language import invalid
from d2l_style.pictures import images
from d2l_style.recipe import Recipe

_KEY = "d2l-style recipe"  # in a PNG's text


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
        raise invalid(
            "This picture carries no recipe. Only PNG files saved by the "
            "panel do, as long as no other program has rewritten them."
        )
    return Recipe.from_json(text)


def names_in_png(source):
    """Return the names of the pictures in it: {"content": ..., ...}."""
    facts = facts_in_png(source)
    return {k: facts[k] for k in ("content", "style") if k in facts}


def facts_in_png(source):
    """Return the facts that :func:`png_bytes` put beside the recipe.

    {name: text}, empty if there are none; ``ValueError`` if it is damaged.
    """
    head = _KEY.removesuffix("recipe")
    return {
        key.removeprefix(head): str(text)
        for key, text in _text_in(source).items()
        if key.startswith(head) and key != _KEY
    }


def _text_in(source):
    with images.reading(source) as img:
        img.load()  # texts may stand behind the pixels
        return getattr(img, "text", {})


def jpeg_bytes(img, quality=90):
    """Return a picture as JPEG bytes, for showing it."""
    out = io.BytesIO()
    img.save(out, "JPEG", quality=quality)
    return out.getvalue()


def data_url(data, kind="jpeg"):
    """Return a picture's bytes as the address of an image in HTML.

    ``kind`` is what comes after ``image/``: ``jpeg``, ``svg+xml``.
    """
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
