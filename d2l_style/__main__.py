"""``python -m d2l_style`` is the command line ``d2l-style``."""

from d2l_style.cli import main

main()
