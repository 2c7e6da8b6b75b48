"""Fit Oxford's factors to the losses that runs of the book print.

    python -m tools.calibrate_oxford --pictures FOLDER [--tries 6]

One factor for each of the six layers that the chapter reads, found by
Levenberg-Marquardt on the logarithms of all losses of the first two tables
of benchmarks/printed_losses.py, the second counting less. The slopes take
seven runs of both tables, each try one more: minutes on a GPU, hours
without. Prints the factors for network/oxford.py after every try, and how
far off the worst loss of each table is.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.printed_losses import LOSSES, PRINTED, book_pictures, run
from d2l_style.machine.doctor import require
from d2l_style.network import oxford

require("torch")

from d2l_style.torch import VGG19  # noqa: E402

SHARES = (1.0, 0.4)  # of the two tables
STEP = 0.06  # in the logarithm of a factor
STAY = 0.01  # how much a factor costs that leaves where it began
DAMPING = 0.3
ROOT = Path(__file__).resolve().parent.parent


def main(argv=None):
    """Run the program."""
    args = _parser().parse_args(argv)
    if oxford.carrier() is None:
        raise FileNotFoundError(
            "Oxford's VGG-19 is not on this machine: 'd2l-style fetch vgg19' "
            "brings it."
        )
    pictures = book_pictures(args.pictures)
    names = list(oxford.FACTORS)
    logs = np.log([oxford.FACTORS[name] for name in names])
    first, here = logs.copy(), residuals(names, logs, pictures)
    _say(names, logs, here)
    J = np.stack(
        [
            (residuals(names, logs + STEP * unit, pictures) - here) / STEP
            for unit in np.eye(len(names))
        ],
        axis=1,
    )
    damping = DAMPING
    for _try in range(args.tries):
        step = _solved(J, here, logs - first, damping)
        there = residuals(names, logs + step, pictures)
        # Broyden: what this run tells of the slopes, be it better or not.
        J += np.outer(there - here - J @ step, step) / (step @ step)
        if _cost(there) < _cost(here):
            logs, here, damping = logs + step, there, damping / 3
        else:
            damping *= 4
        _say(names, logs, here)


def residuals(names, logs, pictures):
    """Return log(measured / printed) of all losses, weighed by table."""
    factors = dict(zip(names, np.exp(logs), strict=True))
    net = VGG19(oxford.parameters(oxford.carrier(), factors))
    runs = PRINTED[: len(SHARES)]
    found = []
    for printed, measured, share in zip(
        runs, run(runs, pictures, net=net), SHARES, strict=True
    ):
        for epoch, losses in printed.losses.items():
            found += list(share * np.log(np.divide(measured[epoch], losses)))
    return np.array(found)


def _solved(J, r, moved, damping):
    """Return the Levenberg-Marquardt step of |r|^2 + STAY |moved|^2."""
    A = J.T @ J + (STAY + damping) * np.eye(J.shape[1])
    return -np.linalg.solve(A, J.T @ r + STAY * moved)


def _cost(r):
    return float(r @ r)


def _say(names, logs, r):
    factors = ", ".join(
        f'"{name}": {np.exp(log) * 58:.3f} / 58'
        for name, log in zip(names, logs, strict=True)
    )
    print(f"cost {_cost(r):.4f}  {{{factors}}}", flush=True)
    at = 0
    for printed, share in zip(PRINTED, SHARES, strict=False):
        rows = len(printed.losses)
        part = r[at : at + rows * len(LOSSES)].reshape(rows, -1) / share
        at += part.size
        worst = np.exp(np.abs(part).max(0)) - 1
        told = ", ".join(
            f"{name} {100 * w:.1f} %"
            for name, w in zip(LOSSES, worst, strict=True)
        )
        print(f"  {printed.title}: at most {told}", flush=True)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tools.calibrate_oxford",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument(
        "--pictures", default=ROOT / "img", help="with the book's own two"
    )
    parser.add_argument("--tries", type=int, default=6)
    return parser


if __name__ == "__main__":
    main()
