"""Pictures that were kept, and the run as a moving picture."""

import io
from dataclasses import dataclass

from PIL import Image

from d2l_style.language import invalid

FRAMES = 100  # of a moving picture, at most
_FRAME_SIDE = 450  # pixels, the longer side


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
        imgs = [Image.open(io.BytesIO(f)) for _n, f in list(self._frames)]
        imgs += [last] * (last is not None)
        if not imgs:
            raise invalid("There is no film yet: nothing has been run.")
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
