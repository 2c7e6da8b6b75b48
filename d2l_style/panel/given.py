"""What a panel is given: two pictures, by name or not, and a recipe."""

from pathlib import Path

from d2l_style.language import _, invalid
from d2l_style.pictures import images
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import Recipe

_CHOSEN = {"content": "rainier", "style": "autumn-oak"}


def opened(given):
    """Return the names, the pictures, and the kinds that are no samples."""
    samples, names, pictures, own = sample_images(), {}, {}, []
    for kind, picture in given.items():
        picture = _CHOSEN[kind] if picture is None else picture
        if isinstance(picture, str) and picture in samples:
            names[kind], pictures[kind] = picture, samples[picture].open()
        else:
            try:
                pictures[kind] = images.as_image(picture)
            except FileNotFoundError as error:
                offered = _("Samples are {names}.", names=", ".join(samples))
                raise FileNotFoundError(f"{error} {offered}") from None
            path = getattr(picture, "filename", picture)
            named = isinstance(path, (str, Path)) and str(path)
            names[kind] = images.file_name(path) if named else _("yours")
            own.append(kind)
    return names, pictures, own


def checked(recipe):
    """Return a recipe or None as it is; ``ValueError`` for others."""
    if recipe is None or isinstance(recipe, Recipe):
        return recipe
    raise invalid(
        "recipe must be a Recipe, not {given!r}. A preset is "
        "Recipe.preset('as-printed'), text is read by Recipe.from_text.",
        given=recipe,
    )
