"""Grids of recipes: their cells, their folder, and how they are run."""

from d2l_style.exercises.sweeps.run import Sweep, sweep

__all__ = ["Sweep", "sweep"]
