"""What may stand on the command line of tools/train_mini.py."""

import argparse
from pathlib import Path

import torch

from tools.mini.calibrate import FACTORS
from tools.mini.student import LOSSES, POOLS, WIDTHS

MINUTES = 90  # the budget if none is given
EVERY = 3  # minutes between checkpoints


def train_parser(description, folder, output):
    """Return the parser of the training options."""
    absent = {"default": argparse.SUPPRESS}
    parser = argparse.ArgumentParser(
        prog="python -m tools.train_mini",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--teacher", type=Path, help="safetensors file (else downloaded)")
    add("--arch", help="torchvision's name of it (vgg19)", **absent)
    add(
        "--widths",
        type=_numbers(int),
        help="channels of the five blocks (16,32,64,128,128)",
        **absent,
    )
    add("--pool", choices=POOLS, help="(max)", **absent)
    add("--loss", choices=LOSSES, help="its shape (mse)", **absent)
    add("--gram", type=float, help="weight of the Gram term (0)", **absent)
    add(
        "--denoise",
        type=float,
        help="most noise that only the student sees (0)",
        **absent,
    )
    add("--ema", type=float, help="averaging of weights (0.999)", **absent)
    add("--lr", type=float, help="learning rate (0.002)", **absent)
    add("--decay", type=float, help="weight decay (0.01)", **absent)
    add("--batch", type=_positive, help="crops per step (32)", **absent)
    add("--size", type=_positive, help="their pixels (96)", **absent)
    add("--seed", type=int, help="(0)", **absent)
    add("--steps", type=_positive, help="budget in steps", **absent)
    add("--minutes", type=float, help=f"budget ({MINUTES})", **absent)
    add(
        "--bf16",
        action=argparse.BooleanOptionalAction,
        help="bfloat16 (where the processor has it)",
        **absent,
    )
    add("--resume", action="store_true", help="go on from the checkpoint")
    add("--folder", type=Path, default=folder, help="of checkpoint and log")
    add("--every", type=float, default=EVERY, help="minutes per checkpoint")
    _add_common(parser, output)
    return parser


def calibrate_parser(output):
    """Return the parser of ``calibrate``."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.train_mini calibrate",
        description="Export a checkpoint's network with other factors.",
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument(
        "--last",
        action="store_true",
        help="the last weights instead of the averaged ones",
    )
    _add_common(parser, output)
    return parser


def _add_common(parser, output):
    add = parser.add_argument
    add(
        "--f",
        type=_numbers(float),
        default=FACTORS,
        help="RMS / sqrt(channels) of blocks 1 to 5 (0.45,0.25,0.22,0.3,0.3)",
    )
    add("--output", type=Path, default=output)
    add("--threads", type=_positive, default=torch.get_num_threads())
    add(
        "--without",
        nargs="+",
        default=(),
        metavar="NAME",
        help="pictures to leave out, as img/rainier.jpg",
    )


def _numbers(kind):
    def numbers(text):
        values = tuple(kind(part) for part in text.split(","))
        if len(values) != len(WIDTHS) or min(values) <= 0:
            raise argparse.ArgumentTypeError(
                f"{text!r} must be five positive numbers, one per block."
            )
        return values

    return numbers


def _positive(text):
    number = int(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be 1 or more.")
    return number
