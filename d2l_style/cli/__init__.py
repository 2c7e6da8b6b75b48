"""The command line: ``d2l-style``, the same as ``python -m d2l_style``."""

import sys


def main():
    """Run the command line and leave with its exit status."""
    try:
        # Here, since importing takes time in which one may press Ctrl-C.
        from d2l_style.cli.app import run

        run()
    except KeyboardInterrupt as ended:
        sys.exit(getattr(ended, "code", 130))
