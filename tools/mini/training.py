"""One training run: its options, its steps, its state."""

import math
import time
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch.nn import functional as F

from tools.mini import checkpoint, distances, gradient
from tools.mini.augment import Crops
from tools.mini.inherit import inherit
from tools.mini.painted import LIFE, Group
from tools.mini.student import WIDTHS, Heads, Student

LATER = ("steps", "minutes")  # what may change when a run is continued
WARMUP = 100  # steps of a rising learning rate, on which no clock has a say
LONGEST = 60  # seconds: what a step takes longer was a pause, not work
MEASURED = 8  # batches over which the teacher's maps are standardised
AHEAD = 10**9  # batches of such numbers are never trained on
CLIP = 30.0  # most of a gradient's norm
COARSE = 4  # pixels over which gradients are averaged, as well as at 1


@dataclass(frozen=True, kw_only=True)
class Options:
    """All that decides what a run computes."""

    widths: tuple = WIDTHS
    distance: float = 2.0
    gradient: float = 4.0
    paint: int = 2
    groups: int = 24
    invented: int = 60
    ema: float = 0.999
    lr: float = 2e-3
    decay: float = 0.01
    batch: int = 32
    size: int = 160
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

    Each step has ``batch`` crops of pictures and ``batch`` pictures that the
    student is painting. Three terms are minimised: what linear heads miss of
    the teacher's maps, on both; how the student's distances between pictures
    differ from the teacher's; and how the gradients that a transfer would
    follow point elsewhere.
    """

    def __init__(
        self, options, teacher, pictures, state=None, device="cpu", first=None
    ):
        """Begin, or go on from ``state``, what :meth:`state` returned.

        The student begins as a part of its teacher, or as the network whose
        parameters are ``first``, a dict of arrays.
        """
        self.options, self.teacher = options, teacher
        self.device = torch.device(device)
        self.crops = Crops(pictures, options.size, options.seed, device)
        with torch.random.fork_rng():
            torch.manual_seed(options.seed)
            self.student = Student(options.widths).to(self.device)
            self.heads = Heads(options.widths, teacher.widths).to(self.device)
            self.scales = distances.Scales(self.device)
            if not state:
                batches = [self._batch(AHEAD + i) for i in range(MEASURED)]
                teacher.measure(batches)
                if first:
                    self.student.load(first)
                else:
                    inherit(self.student, teacher, batches)
                self.heads.fit(self.student, teacher, batches)
        self.named = [
            *self.student.named_parameters(prefix="student"),
            *self.heads.named_parameters(prefix="heads"),
        ]
        self._parameters = [p for _, p in self.named]
        self.optimizer = torch.optim.AdamW(
            self._parameters,
            lr=options.lr,
            weight_decay=options.decay,
            fused=True,
        )
        self.average = {
            name: p.detach().clone()
            for name, p in self.student.named_parameters()
        }
        self.steps_done, self.seconds = 0, 0.0
        self.groups, self.parts = {}, {}
        if state:
            self._restore(*state)

    def _batch(self, step, n=None):
        return self.crops.batch(step, n or self.options.batch)

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
        """Take one step and return its loss."""
        began = time.perf_counter()
        group = self._group()
        total, pull = self._loss(group)
        self.optimizer.param_groups[0]["lr"] = self.lr()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, CLIP)
        self.optimizer.step()
        value = total.item()
        if not math.isfinite(value):
            raise ValueError(
                f"The loss is {value} at step {self.steps_done}. Go on from "
                "an earlier checkpoint, or start anew with a smaller --lr."
            )
        self._average()
        group.descend(pull)
        self._paint(group)
        self.steps_done += 1
        self.seconds += min(time.perf_counter() - began, LONGEST)
        return value

    def _group(self):
        """Return the painted pictures whose turn it is.

        A group whose time is over begins anew; the first ones end early, so
        that they do not all begin together.
        """
        k, count = self.steps_done % self.options.groups, self.options.groups
        old = self.groups.get(k)
        if old is not None and old.steps < old.life:
            return old
        rng = np.random.default_rng((self.options.seed, self.steps_done, 2))
        pictures = self._batch(
            AHEAD // 2 + self.steps_done, 2 * self.options.batch
        )
        group = Group(pictures, self.teacher, rng)
        if old is None:
            group.life = LIFE * (k + 1) // count
        self.groups[k] = group
        return group

    def _loss(self, group):
        """Return (loss, the gradient that the group's pictures follow)."""
        X = self._batch(self.steps_done)
        heads, fresh = self._heads_loss(X)
        painted, misled, pull = self._painted_loss(group)
        options = self.options
        distance = _far(fresh + painted[1])
        self.parts = {
            "heads": heads.detach(),
            "painted": painted[0].detach(),
            "distance": distance.detach(),
            "gradient": misled.detach(),
        }
        total = heads + painted[0] + options.distance * distance
        return total + options.gradient * misled, pull

    def _heads_loss(self, X):
        """Return (what the heads miss, ratios of distances) of crops X."""
        taught, maps = self.teacher(X), self.student(X)
        missed = self._missed(maps, taught)
        n = len(X) // 2
        G_t, G_s = distances.grams(taught), distances.grams(maps)
        t, s = (
            distances.style_distances(
                {tap: G[:n] for tap, G in some.items()},
                {tap: G[n : 2 * n] for tap, G in some.items()},
            )
            for some in (G_t, G_s)
        )
        ratios = self.scales.log_ratios(t, s)
        self.scales.update(ratios)
        return missed, [ratios]

    def _missed(self, maps, taught):
        """Return the heads' mean squared errors, summed over all taps."""
        predicted = self.heads(maps, self.steps_done)
        wanted = self.teacher.targets(taught, self.steps_done)
        return sum(
            F.mse_loss(predicted[tap], wanted[tap]) * _importance(tap[0])
            for tap in predicted
        )

    def _painted_loss(self, group):
        """Return ((missed, ratios), misdirection, the student's pull)."""
        X = group.X.detach().clone().requires_grad_()
        taught = self.teacher(X, distances.DEEPEST)
        t = self._distances(taught, group.style_grams, group.content_Y)
        objective = group.objective(*_read(t, group))
        (g_t,) = torch.autograd.grad(objective.sum(), X)
        taught = _constant(taught)
        maps, marks = gradient.forward(self.student.features, X.detach())
        G, content_Y = self._targets(group)
        s = self._distances(maps, G, content_Y)
        g_s = gradient.gradient(
            *(self.student.features, maps, marks, group, G, content_Y),
            self.scales,
        )
        ratios = [
            self.scales.log_ratios(_constant(a), b)
            for a, b in zip(t, s, strict=True)
        ]
        self.scales.update(ratios[0])
        missed = self._missed(maps, taught)
        return (missed, ratios), _misdirection(g_s, g_t), g_s.detach()

    def _targets(self, group):
        """Return the student's Gram matrices and content of a group."""
        n = len(group.X)
        both = torch.cat([group.style_X, group.content_X])
        maps = self.student(both, distances.DEEPEST)
        G = distances.grams({i: Y[:n] for i, Y in maps.items()})
        return G, maps[distances.CONTENT][n:]

    def _distances(self, maps, style_grams, content_Y):
        """Return (contents, styles): two dicts of distances, by tap."""
        return (
            distances.content_distances(maps[distances.CONTENT], content_Y),
            distances.style_distances(distances.grams(maps), style_grams),
        )

    def _paint(self, group):
        """Take some more steps with the student as it is now."""
        features = self.student.features
        with torch.no_grad():
            G, content_Y = self._targets(group)
            for _ in range(self.options.paint):
                maps, marks = gradient.forward(features, group.X)
                pull = gradient.gradient(
                    *(features, maps, marks, group, G, content_Y),
                    self.scales,
                )
                group.descend(pull)

    @torch.no_grad()
    def _average(self):
        """Move the averaged weights; early on they follow more closely."""
        done = self.steps_done
        keep = min(self.options.ema, (1 + done) / (10 + done))
        names, new = zip(*self.student.named_parameters(), strict=True)
        torch._foreach_lerp_(
            [self.average[name] for name in names], list(new), 1 - keep
        )

    def parameters(self):
        """Return the averaged weights as float32 NumPy arrays."""
        return arrays(self.average)

    def state(self):
        """Return (tensors, facts) from which the run can go on.

        The pictures in the making are not kept: they begin anew.
        """
        tensors = {name: p.detach() for name, p in self.named}
        for name, p in self.named:
            for key, value in self.optimizer.state.get(p, {}).items():
                tensors[f"adam.{key}.{name}"] = value
        for name, value in self.average.items():
            tensors[f"average.{name}"] = value
        for index, log in self.scales.logs.items():
            tensors[f"scale.{index}"] = log
        for (index, after), (shift, scale) in self.teacher.statistics.items():
            tensors[f"teacher.{index}.{after:d}.shift"] = shift
            tensors[f"teacher.{index}.{after:d}.scale"] = scale
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
            for index, log in self.scales.logs.items():
                log.copy_(tensors[f"scale.{index}"])
            kept = checkpoint.group(tensors, "teacher")
            self.teacher.statistics = {
                (int(index), after == "1"): tuple(
                    kept[f"{index}.{after}.{part}"].to(self.device)
                    for part in ("shift", "scale")
                )
                for index, after, part in (key.split(".") for key in kept)
                if part == "shift"
            }
        except (KeyError, RuntimeError) as error:
            raise ValueError(
                f"The checkpoint is not one of these networks ({error}). "
                "Name another, or start anew without --resume."
            ) from None
        self.steps_done = facts["step"]
        self.scales.seen = dict.fromkeys(self.scales.seen, self.steps_done)
        self.seconds = facts["seconds"]


def _importance(index):
    """Return what a layer counts: those that the chapter reads, twice."""
    return 2 if index in (*distances.STYLES, distances.CONTENT) else 1


def _constant(tensors):
    return {key: tensor.detach() for key, tensor in tensors.items()}


def _read(distances_of, group):
    """Return (contents, styles) at the taps that the group reads."""
    contents, styles = distances_of
    return (
        {tap: d for tap, d in contents.items() if tap[1] == group.after},
        {tap: styles[tap] for tap in group.taps},
    )


def _far(several):
    """Return how far ratios of distances are from 1, on a log scale."""
    logs = [r for ratios in several for r in ratios.values()]
    return sum(F.smooth_l1_loss(r, torch.zeros_like(r)) for r in logs)


def _misdirection(g, wanted):
    """Return 1 - cosine of gradients, at full size and averaged, summed."""
    total = 0
    for a, b in (
        (g, wanted),
        (F.avg_pool2d(g, COARSE), F.avg_pool2d(wanted, COARSE)),
    ):
        cosine = F.cosine_similarity(a.flatten(1), b.flatten(1), dim=1)
        total = total + (1 - cosine).mean()
    return total


def _like(p, value):
    """Return a moment, or Adam's count, as it goes with its parameter."""
    if value.shape != p.shape:
        return value.to(p.device)
    return torch.empty_like(p).copy_(value)


def arrays(tensors):
    """Return tensors as float32 arrays: {name: array}."""
    return {
        name: np.ascontiguousarray(value.float().cpu().numpy())
        for name, value in tensors.items()
    }
