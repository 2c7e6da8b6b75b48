"""The command line of a section, made from its function ``tables``."""

import argparse
import inspect

from rich.console import Console

from d2l_style.recipe import BACKENDS


def show(tables, doc, quick, argv=None):
    """Print the tables; every parameter of ``tables`` is an option.

    ``doc`` says what is measured, ``quick`` holds what ``--quick`` sets.
    """
    options = options_of(tables, doc, quick, argv)
    for table in tables(**options):
        Console().print(table.rich())


def options_of(tables, doc, quick, argv=None):
    """Return the keyword arguments that the command line asks for."""
    given = vars(_parser(tables, doc).parse_args(argv))
    return {**(quick if given.pop("quick") else {}), **given}


def size(text):
    """Read a size such as 300x450 into (height, width)."""
    h, w = text.lower().split("x")
    return int(h), int(w)


def _parser(tables, doc):
    parser = argparse.ArgumentParser(
        description=doc.splitlines()[0], argument_default=argparse.SUPPRESS
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        default=False,
        help="little of everything, to see that it works",
    )
    for name, parameter in inspect.signature(tables).parameters.items():
        default = parameter.default
        shape = isinstance(default, tuple)
        parser.add_argument(
            f"--{name}",
            type=size if shape else type(default),
            choices=BACKENDS if name == "backend" else None,
            metavar="HxW" if shape else None,
            help=f"{'x'.join(map(str, default)) if shape else default}",
        )
    return parser
