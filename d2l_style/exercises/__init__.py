"""Help with the exercises of the chapter.

    from d2l_style.exercises import sweep

runs a grid of recipes; the other modules are listed in CONTRIBUTING.md. What
a notebook imports stands here, its parts are in the folders.
"""

from d2l_style.exercises.sweeps import Sweep, sweep
from d2l_style.exercises.text import judge
from d2l_style.exercises.verdict import YourTurn

__all__ = ["Sweep", "YourTurn", "judge", "sweep"]
