"""Choose the pictures of an exercise by clicking on them.

    pictures = choose_pictures()
    pictures

shows two rows of thumbnails; a later cell takes ``pictures.content_img`` and
``pictures.style_img``.
"""

import html

import ipywidgets as widgets

from d2l_style.language import N_, invalid
from d2l_style.machine.figures import guard_figures
from d2l_style.pictures.picker import PicturePickers
from d2l_style.pictures.samples import KINDS, sample_images

_UNKNOWN = {
    "content": N_(
        "There is no content picture {given!r}. Choose one of: {valid}."
    ),
    "style": N_(
        "There is no style picture {given!r}. Choose one of: {valid}."
    ),
}


def choose_pictures(content="rainier", style="autumn-oak"):
    """Return a :class:`Chooser`, a widget to choose two pictures with.

    ``content`` and ``style`` are those chosen at first, names in
    :func:`~.samples.sample_images`; ``ValueError`` for others.
    """
    return Chooser(content, style)


class Chooser(widgets.VBox):
    """Thumbnails to click, and buttons to upload one's own pictures.

    ``content_img`` and ``style_img`` are the pictures chosen, RGB
    ``PIL.Image`` in full size, ``names`` what they are called. A picture
    that cannot be read is refused in a sentence above the thumbnails, where
    it is seen; then the choice stays as it was.
    """

    def __init__(self, content="rainier", style="autumn-oak"):
        self.names = {"content": content, "style": style}
        self._imgs = {k: _open(k, name) for k, name in self.names.items()}
        self.pictures = PicturePickers(self.names, self._take, self._complain)
        self.message = widgets.HTML()
        super().__init__([self.message, self.pictures.box])
        guard_figures(self)

    @property
    def content_img(self):
        """The content picture, a ``PIL.Image`` in mode RGB."""
        return self._imgs["content"]

    @property
    def style_img(self):
        """The style picture, a ``PIL.Image`` in mode RGB."""
        return self._imgs["style"]

    def _take(self, kind, name, img):
        if name != self.names[kind]:  # else _complain has put it back
            self._imgs[kind] = img
            self.names = self.names | {kind: name}
        self.message.value = ""

    def _complain(self, text):
        for kind in KINDS:  # show what is in force
            self.pictures.pickers[kind].value = self.names[kind]
        lines = map(html.escape, text.splitlines())
        self.message.value = f'<div role="alert">{"<br>".join(lines)}</div>'


def _open(kind, name):
    samples = sample_images()
    if not isinstance(name, str) or name not in samples:
        raise invalid(_UNKNOWN[kind], given=name, valid=", ".join(samples))
    return samples[name].open()
