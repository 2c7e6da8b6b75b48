"""Is the answer right, and if not, what to look at again.

A check looks at what an answer does, not at how it is written: functions are
called, recipes are run and measured. It takes any answer that holds, and of
others it says what they miss, never what the answer is. All return a
:class:`~d2l_style.exercises.verdict.Verdict`.
"""

from d2l_style.exercises.checks.exercise1_layers import layers, receptive_field
from d2l_style.exercises.checks.exercise2_weights import unweighted, weights
from d2l_style.exercises.checks.exercise3_pictures import gallery, own_shape
from d2l_style.exercises.checks.exercise4_text import salience, threshold

__all__ = [
    "gallery",
    "layers",
    "own_shape",
    "receptive_field",
    "salience",
    "threshold",
    "unweighted",
    "weights",
]
