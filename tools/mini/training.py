"""One training run: its options, its steps, its state."""

import math
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from tools.mini import checkpoint
from tools.mini.augment import Crops
from tools.mini.student import DEPTHS, WIDTHS, Heads, Student, loss

LATER = ("steps", "minutes")  # what may change when a run is continued
WARMUP = 100  # steps of a rising learning rate, on which no clock has a say
LONGEST = 60  # seconds: what a step takes longer was a pause, not work
MEASURED = 10  # batches over which the teacher's maps are standardised


@dataclass(frozen=True, kw_only=True)
class Options:
    """All that decides what a run computes."""

    arch: str = "vgg19"
    widths: tuple = WIDTHS
    pool: str = "max"
    loss: str = "mse"
    gram: float = 0.0
    denoise: float = 0.0
    ema: float = 0.999
    lr: float = 2e-3
    decay: float = 0.01
    batch: int = 32
    size: int = 96
    seed: int = 0
    steps: int | None = None
    minutes: float | None = None
    bf16: bool = False

    def continued(self, given):
        """Return these options with those of the dict ``given``.

        Raises ``ValueError`` if one would make it another run.
        """
        for name, value in given.items():
            before = getattr(self, name)
            if name not in LATER and value != before:
                raise ValueError(
                    f"--{name} is {before} in this checkpoint and cannot "
                    "become another. Leave the option out, or start anew "
                    "without --resume."
                )
        if set(given) & set(LATER):
            given = {"steps": None, "minutes": None, **given}
        return replace(self, **given)


class Training:
    """A student that learns from a teacher, step by step.

    Every draw of chance comes from the seed and the step's number, so that
    the state is: weights, AdamW's moments, the averaged weights, the
    teacher's statistics, the step and the seconds.
    """

    def __init__(self, options, teacher, pictures, state=None):
        """Begin, or go on from ``state``, what :meth:`state` returned."""
        self.options, self.teacher = options, teacher
        self.crops = Crops(pictures, options.size, options.seed)
        with torch.random.fork_rng():
            torch.manual_seed(options.seed)
            self.student = Student(options.widths, options.pool)
            self.heads = Heads(options.widths, teacher)
        self.named = [
            *self.student.named_parameters(prefix="student"),
            *self.heads.named_parameters(prefix="heads"),
        ]
        self.optimizer = torch.optim.AdamW(
            [p for _, p in self.named],
            lr=options.lr,
            weight_decay=options.decay,
            fused=True,
        )
        self.average = {
            name: p.detach().clone()
            for name, p in self.student.named_parameters()
        }
        self.steps_done, self.seconds = 0, 0.0
        if state:
            self._restore(*state)
        else:
            # Batches of such numbers are never trained on.
            teacher.measure(self._batch(10**9 + i) for i in range(MEASURED))

    def _batch(self, step):
        return self.crops.batch(step, self.options.batch)

    def fraction(self):
        """Return how much of the budget is used up, from 0 to 1."""
        used = [0.0]
        if self.options.steps is not None:
            used.append(self.steps_done / max(self.options.steps, 1))
        if self.options.minutes is not None:
            used.append(self.seconds / max(60 * self.options.minutes, 1e-9))
        return min(max(used), 1.0)

    def lr(self):
        """Return the learning rate of the next step."""
        if self.steps_done < WARMUP:
            return self.options.lr * (self.steps_done + 1) / WARMUP
        cosine = 0.5 * (1 + math.cos(math.pi * self.fraction()))
        return self.options.lr * max(cosine, 1e-3)

    def step(self):
        """Take one step and return its loss, summed over depths."""
        began = time.perf_counter()
        step = self.steps_done
        X = self._batch(step)
        seen = X
        if self.options.denoise:
            seen = self.crops.disturbed(X, step, self.options.denoise)
        with self._precision():
            maps = self.student(seen, DEPTHS)
            answers = list(self.heads(maps, self.teacher(X), step))
        total = sum(
            loss(Y_hat, Y, self.options.loss, self.options.gram)
            for Y_hat, Y in answers
        )
        value = total.item()
        if not math.isfinite(value):
            raise ValueError(
                f"The loss is {value} at step {step}. Go on from "
                "an earlier checkpoint, or start anew with a smaller --lr."
            )
        self.optimizer.param_groups[0]["lr"] = self.lr()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.optimizer.step()
        self._average()
        self.steps_done += 1
        self.seconds += min(time.perf_counter() - began, LONGEST)
        return value

    def _precision(self):
        if self.options.bf16:
            return torch.autocast("cpu", torch.bfloat16)
        return nullcontext()

    @torch.no_grad()
    def _average(self):
        """Move the averaged weights; early on they follow more closely."""
        done = self.steps_done
        keep = min(self.options.ema, (1 + done) / (10 + done))
        for name, p in self.student.named_parameters():
            self.average[name].lerp_(p, 1 - keep)

    def parameters(self):
        """Return the averaged weights as float32 NumPy arrays."""
        return arrays(self.average)

    def state(self):
        """Return (tensors, facts) from which the run can go on."""
        tensors = {name: p.detach() for name, p in self.named}
        for name, p in self.named:
            for key, value in self.optimizer.state.get(p, {}).items():
                tensors[f"adam.{key}.{name}"] = value
        for name, value in self.average.items():
            tensors[f"average.{name}"] = value
        for name, value in self.teacher.statistics().items():
            tensors[f"teacher.{name}"] = value
        facts = {
            "options": asdict(self.options),
            "step": self.steps_done,
            "seconds": self.seconds,
        }
        return tensors, facts

    @torch.no_grad()
    def _restore(self, tensors, facts):
        try:
            for name, p in self.named:
                p.copy_(tensors[name])
                self.optimizer.state[p] = {
                    key: _like(p, tensors[f"adam.{key}.{name}"])
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"adam.{key}.{name}" in tensors
                }
            for name, value in self.average.items():
                value.copy_(tensors[f"average.{name}"])
            self.teacher.set_statistics(checkpoint.group(tensors, "teacher"))
        except (KeyError, RuntimeError) as error:
            raise ValueError(
                f"The checkpoint does not fit this teacher ({error}). Name "
                "the one that the run began with."
            ) from None
        self.steps_done, self.seconds = facts["step"], facts["seconds"]


def _like(p, value):
    """Return a moment in the memory order of its parameter."""
    if value.shape != p.shape:
        return value
    return torch.empty_like(p).copy_(value)


def arrays(tensors):
    """Return tensors as float32 arrays: {name: array}."""
    return {
        name: np.ascontiguousarray(value.float().numpy())
        for name, value in tensors.items()
    }
