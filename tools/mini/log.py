"""What a run writes as it goes: a log, a line of progress."""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path

LINE_EVERY = 50  # steps between progress lines where there is no terminal


class Log:
    """``log.csv``: a comment with the run's facts, then step, loss, lr.

    Resuming keeps the comment, which tells how the steps can be repeated,
    and leaves out those behind the checkpoint, which come again.
    """

    def __init__(self, path, run, facts):
        facts = {**facts, "options": asdict(run.options)}
        rows = []
        if run.steps_done and path.exists():
            facts, rows = read_log(path)
            rows = [row for row in rows if row[0] <= run.steps_done]
        self.file = path.open("w", newline="", encoding="utf-8")
        self.file.write(f"# {json.dumps(facts)}\n")
        self.rows = csv.writer(self.file, lineterminator="\n")
        self.rows.writerow(("step", "loss", "lr"))
        for row in rows:
            self.add(*row)

    def add(self, step, loss, lr):
        self.rows.writerow((step, f"{loss:.7g}", f"{lr:.6g}"))
        self.file.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


def read_log(path):
    """Return (facts, [(step, loss, lr), ...]) of a log."""
    first, _, *lines = Path(path).read_text("utf-8").split("\n")
    # What follows the last line break was cut off.
    rows = (line.split(",") for line in lines[:-1] if line.count(",") == 2)
    facts = json.loads(first.removeprefix("#"))
    return facts, [(int(s), float(y), float(lr)) for s, y, lr in rows]


class Progress:
    """One line: step, loss (averaged), steps per second, time left."""

    def __init__(self, run):
        self.run, self.live, self.mean = run, sys.stdout.isatty(), None
        self.first = (run.steps_done, run.seconds, run.fraction())

    def show(self, loss):
        self.mean = loss if self.mean is None else self.mean * 0.95 + loss / 20
        step = self.run.steps_done
        if not self.live and step % LINE_EVERY:
            return
        step0, seconds0, fraction0 = self.first
        seconds = self.run.seconds - seconds0
        done = max(self.run.fraction() - fraction0, 1e-9)
        left = (1 - self.run.fraction()) * seconds / done
        parts = "  ".join(f"{k} {v:.2f}" for k, v in self.run.parts.items())
        print(
            f"step {step}  loss {self.mean:.3f} ({parts})  "
            f"{(step - step0) / seconds:.2f} steps/s  "
            f"{left // 60:.0f}:{left % 60:02.0f} left",
            end="\r" if self.live else "\n",
            flush=True,
        )

    def close(self):
        if self.live:
            print()
