"""A run with a progress bar, which survives being told to end."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from d2l_style.language import N_, _
from d2l_style.machine.signals import held_back
from d2l_style.trouble import trouble


class _TimeLeft(TimeRemainingColumn):
    """The time that remains, in words."""

    def render(self, task):
        time = super().render(task)
        return Text(_("{time} left", time=time), time.style)


def run_with_bar(run, unfinished):
    """Run to the end, :class:`~.unfinished.Unfinished` beside it.

    Returns what :func:`~d2l_style.trouble.trouble` says of it. Raises
    :class:`~.signals.Ended` if told to end: after the epoch in hand, and at
    once if told again.
    """
    with (
        held_back(1) as told,
        Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            _TimeLeft(),
        ) as progress,
    ):
        losses = N_("content {content:.3g}  style {style:.3g}  TV {tv:.3g}")
        task = progress.add_task(
            "", total=run.recipe.num_epochs, completed=run.epoch
        )
        totals, last = [], {}
        for epoch in run.run():
            totals.append(epoch.total)
            last = {n: getattr(epoch, n) for n in ("content", "style", "tv")}
            progress.update(
                task,
                completed=epoch.number,
                description=_(losses, **last),
            )
            unfinished.follow(run)
            if told():
                raise told()
    return trouble(totals, last, run.recipe)
