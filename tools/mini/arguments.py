"""What may stand on the command line of tools/train_mini.py."""

import argparse
import math
from pathlib import Path

import torch

from d2l_style.network import vgg
from tools.mini.student import WIDTHS

MINUTES = 90  # the budget if none is given
EVERY = 3  # minutes between checkpoints
LEAST = vgg.smallest_side(vgg.CONVS[-1].index)  # pixels of a crop


def train_parser(description, folder, output):
    """Return the parser of the training options."""
    absent = {"default": argparse.SUPPRESS}
    parser = argparse.ArgumentParser(
        prog="python -m tools.train_mini",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--widths",
        type=_numbers,
        help="channels of the five blocks (16,32,64,128,128)",
        **absent,
    )
    add(
        "--distance",
        type=_amount,
        help="weight of the distances between pictures (2)",
        **absent,
    )
    add(
        "--gradient",
        type=_amount,
        help="weight of the gradients' directions (4)",
        **absent,
    )
    add(
        "--groups",
        type=_at_least(1),
        help="batches of pictures being painted (24)",
        **absent,
    )
    add(
        "--paint",
        type=_at_least(0),
        help="steps painted for each step trained, besides one (2)",
        **absent,
    )
    add(
        "--invented",
        type=_at_least(0),
        help="pictures of chance beside the others (60)",
        **absent,
    )
    add("--ema", type=_amount, help="averaging of weights (0.999)", **absent)
    add("--lr", type=_amount, help="learning rate (0.002)", **absent)
    add("--decay", type=_amount, help="weight decay (0.01)", **absent)
    add(
        "--batch",
        type=_at_least(2),
        help="crops in a step, and as many painted pictures (32)",
        **absent,
    )
    add("--size", type=_at_least(LEAST), help="their pixels (160)", **absent)
    add("--seed", type=_at_least(0), help="(0)", **absent)
    add("--steps", type=_at_least(1), help="budget in steps", **absent)
    add("--minutes", type=_amount, help=f"budget ({MINUTES})", **absent)
    add(
        "--bf16",
        action=argparse.BooleanOptionalAction,
        help="the teacher in bfloat16 (where the device has it)",
        **absent,
    )
    add("--begin", type=Path, help="a network to begin with (safetensors)")
    add("--resume", action="store_true", help="go on from the checkpoint")
    add("--folder", type=Path, default=folder, help="of checkpoint and log")
    add("--every", type=_amount, default=EVERY, help="minutes per checkpoint")
    _add_common(parser, output)
    return parser


def calibrate_parser(output):
    """Return the parser of ``calibrate``."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.train_mini calibrate",
        description="Give a network the scales that its teacher has now.",
    )
    parser.add_argument("network", type=Path, help="a safetensors file")
    _add_common(parser, output)
    return parser


def _add_common(parser, output):
    add = parser.add_argument
    add("--output", type=Path, default=output)
    add("--device", type=_device, default="cpu", help="cpu or cuda (cpu)")
    add("--threads", type=_at_least(1), default=torch.get_num_threads())
    add(
        "--without",
        nargs="+",
        default=(),
        metavar="NAME",
        help="pictures to leave out, as img/rainier.jpg",
    )


def _numbers(text):
    values = tuple(int(part) for part in text.split(","))
    if len(values) != len(WIDTHS) or min(values) <= 0:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be five positive numbers, one per block."
        )
    return values


def _at_least(least):
    def number(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(
                f"{text!r} must be {least} or more."
            )
        return value

    return number


def _amount(text):
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} must be 0 or more.")
    return value


def _device(text):
    try:
        device = torch.device(text)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise argparse.ArgumentTypeError(f"{text!r} must be cpu or cuda.")
    if device.type == "cuda" and torch.cuda.device_count() <= (
        device.index or 0
    ):
        raise argparse.ArgumentTypeError(
            f"PyTorch finds no {text} on this computer: choose cpu."
        )
    return text
