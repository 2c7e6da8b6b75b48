"""Help with the exercises of the chapter.

    from d2l_style.exercises import sweep

runs a grid of recipes; the other modules are listed in CONTRIBUTING.md.
"""

from d2l_style.exercises.sweeps import Sweep, sweep
from d2l_style.exercises.verdict import YourTurn

__all__ = ["Sweep", "YourTurn", "sweep"]
