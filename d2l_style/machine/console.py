"""What is printed, where a terminal has not all letters of the world."""

import sys


def forgive_letters():
    """Print ``?`` for letters that the terminal lacks, and go on."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's has no encoding
            stream.reconfigure(errors="replace")
