"""Neural style transfer, one chapter in two frameworks.

Import one of the two backends, as the book's cells do::

    from d2l_style import torch as d2l
    from d2l_style import mxnet as d2l

Importing this package imports neither framework.
"""

from d2l_style.language import set_language

__version__ = "0.1.0"
__all__ = ["set_language"]
