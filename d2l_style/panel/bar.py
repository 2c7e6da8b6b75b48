"""The panel's bar: its buttons, how far the run is, what there is to say."""

import html

import ipywidgets as widgets

from d2l_style.engine.forecast import about, duration
from d2l_style.language import N_, _

_STATES = {
    "preparing": N_("loading the network"),
    "missing": N_("no network yet: choose another under Settings"),
    "measuring": N_("measuring how fast this machine is"),
    "ready": N_("ready"),
    "running": N_("running"),
    "paused": N_("paused"),
    "finished": N_("finished"),
    "unseen": N_("paused, since nobody is looking"),
    "stopped": N_("stopped"),
}
WRAP = {"flex_flow": "row wrap", "align_items": "center"}


class Bar:
    """Buttons, progress and status in ``box``, and ``messages`` below."""

    def __init__(self):
        self.main = _button(_("Start"), "play", _("Run the epochs, or pause."))
        self.main.button_style = "primary"
        self.reset = _button(
            _("Reset"), "refresh", _("Begin again at epoch 0.")
        )
        self.undo = _button(
            _("Undo"), "undo", _("Back to before the last change.")
        )
        self.redo = _button(
            _("Redo"), "repeat", _("Forward again to where Undo came from.")
        )
        self.keep = _button(
            _("Keep"), "camera", _("Put the picture in the strip.")
        )
        self.progress = widgets.FloatProgress(
            0, min=0, max=1, layout={"width": "160px"}
        )
        self.status, self.messages = widgets.HTML(), widgets.HTML()
        self.go_on = _button("", "play", _("Take up the run that was left."))
        self._left = widgets.HTML()
        self.offer = widgets.HBox(
            [self._left, self.go_on], layout={**WRAP, "display": "none"}
        )
        buttons = [self.main, self.reset, self.undo, self.redo, self.keep]
        self.box = widgets.HBox(
            [*buttons, self.progress, self.status], layout=WRAP
        )

    def say(self, text, kind="error"):
        """Show a sentence, an ``"error"`` or a ``"note"``; "" clears it."""
        role = "alert" if kind == "error" else "status"
        self.messages.value = (
            f'<div class="d2l-{kind}" role="{role}">{html.escape(text)}</div>'
            if text
            else ""
        )

    def offer_run(self, epoch, num_epochs, names):
        """Offer to go on with a run that was left."""
        sentence = _(
            "A run of this notebook was left at epoch {done} of {total}: "
            "{content}, painted as {style}.",
            done=epoch,
            total=num_epochs,
            **names,
        )
        self._left.value = html.escape(sentence)
        self.go_on.description = _("Go on from epoch {epoch}", epoch=epoch)
        self.offer.layout.display = "flex"

    def withdraw_offer(self):
        """Offer nothing any more."""
        self.offer.layout.display = "none"

    def render(self, state, session):
        """Show a state of the panel and where its session is."""
        begun = session.transfer is not None and session.transfer.epoch
        running, off = state == "running", state == "stopped"
        self.main.description = (
            _("Pause") if running else _("Resume") if begun else _("Start")
        )
        self.main.icon = "pause" if running else "play"
        for button in (self.main, self.reset, self.keep):
            button.disabled = off
        self.undo.disabled = off or not session.can_undo
        self.redo.disabled = off or not session.can_redo
        self.render_progress(state, session)

    def render_progress(self, state, session):
        """Show how far a session is; all that changes with an epoch."""
        parts = [_(_STATES[state])]
        if session.transfer is not None:
            total, done = session.recipe.num_epochs, session.transfer.epoch
            self.progress.max, self.progress.value = total, min(done, total)
            so_far = N_("epoch {done} of {total}")
            parts.append(_(so_far, done=f"<b>{done}</b>", total=total))
            parts.append(_time_left(session, max(0, total - done)))
        self.status.value = " · ".join(part for part in parts if part)


def _button(label, icon, sentence):
    return widgets.Button(
        description=label,
        icon=icon,
        tooltip=sentence,
        layout={"width": "auto"},
    )


def _time_left(session, epochs):
    """Say what the epochs that are left will take, as far as it is known."""
    each = session.seconds_per_epoch
    if each and not epochs:
        return _("{seconds} s each", seconds=_two_digits(each))
    if each:
        sentence = N_("{seconds} s each, {duration} left")
        left = duration(each * epochs)
        return _(sentence, seconds=_two_digits(each), duration=left)
    if each := session.seconds_expected:
        sentence = N_("{time} here ({seconds} s an epoch)")
        time = about(each * epochs)
        return _(sentence, time=time, seconds=_two_digits(each))
    return ""


def _two_digits(number):
    """Return a number as people write it, never as 1.2e+02."""
    return f"{number:.2g}" if number < 9.95 else f"{number:.0f}"
