"""Run the benchmarks, print their tables and write them to a file.

    python -m benchmarks [--only epoch,equal_loss] [--quick] [--to FILE]

Each section runs in a process of its own and can be called alone, too:
``python -m benchmarks.epoch``. The file is ``benchmarks/results.md``; what
``--quick`` measures says only that it works, and goes to ``out/``.
"""

import argparse
import time
from pathlib import Path

from rich.console import Console

from benchmarks import sections
from benchmarks.processes import apart
from benchmarks.results import Results, section
from benchmarks.subjects import ROOT
from d2l_style.machine.console import steady_streams


def main(argv=None):
    """Run the program."""
    steady_streams()
    args = _parser().parse_args(argv)
    folder = ROOT / ("out" if args.quick else "benchmarks")
    results = Results(args.to or folder / "results.md", sections.NAMES)
    for name in args.only:
        results[name] = run(name, args.quick, Console())
    print(f"{results.path.name} holds the tables.")


def run(name, quick, console):
    """Run a section, print its tables and return its text.

    What it lacks, if it cannot be run here, takes the tables' place.
    """
    start = time.perf_counter()
    try:
        doc, tables = apart(sections.measured, name, quick)
    except ImportError as error:
        console.print(f"{name}: {error}")
        return f"Not measured: {error}"
    seconds = time.perf_counter() - start
    console.rule(f"{name}, {seconds:.0f} s")
    for table in tables:
        console.print(table.rich())
    return section(doc, tables, seconds)


def names(text):
    """Read names of sections, with commas between them."""
    asked = text.split(",")
    for name in asked:
        if name not in sections.NAMES:
            raise argparse.ArgumentTypeError(
                f"There is no benchmark {name!r}. There are: "
                f"{', '.join(sections.NAMES)}."
            )
    return asked


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add(
        "--only", type=names, default=sections.NAMES, help="names, with commas"
    )
    add("--quick", action="store_true", help="only to see that it works")
    add("--to", type=Path, metavar="FILE", help="where the tables go")
    return parser


if __name__ == "__main__":
    main()
