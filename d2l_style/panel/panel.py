"""The live panel: turn a knob, watch losses and picture answer."""

import atexit
import html
import threading
from pathlib import Path

import ipywidgets as widgets

from d2l_style.engine.base import Diverged
from d2l_style.engine.forecast import duration
from d2l_style.language import N_, _
from d2l_style.machine.tuning import free_cores
from d2l_style.network.weights import describe
from d2l_style.panel.choices import presets
from d2l_style.panel.controls import Controls
from d2l_style.panel.pages import (
    KEPT,
    PicturesPage,
    RecipePage,
    SnapshotsPage,
)
from d2l_style.panel.session import Session
from d2l_style.panel.snapshots import Snapshot
from d2l_style.panel.views import Views
from d2l_style.panel.worker import Worker
from d2l_style.pictures import images
from d2l_style.pictures.png import names_in_png, png_bytes, recipe_in_png
from d2l_style.pictures.samples import sample_images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer, backend_module, network_of

_CHOSEN = {"content": "rainier", "style": "autumn-oak"}
_EXPECTED = (Diverged, ValueError, OSError, ImportError)
_CSS = (Path(__file__).parent / "static" / "panel.css").read_text("utf-8")
# One panel computes at a time: two threads would fight for the processor,
# and the panel of a cell that is run again can no longer be reached.
_current = None


class StylePanel(widgets.VBox):
    """A style transfer with knobs, in a notebook.

    ``content_img`` and ``style_img`` are names of :func:`sample_images` or
    pictures as :func:`~.images.as_image` takes them; without them
    the chapter's. ``recipe`` is where the knobs begin; ``net`` and ``device``
    are passed on to the backend, ``"pytorch"`` or ``"mxnet"``. The run has a
    thread of its own, so the notebook stays usable: ``panel.transfer`` is
    the :class:`~d2l_style.transfer.StyleTransfer` it works on, and
    ``panel.transfer.image()`` its picture at this moment.

    Making a panel stops the one before. Raises ``ImportError`` without the
    framework, ``ValueError`` and ``FileNotFoundError`` as opening the
    pictures does.
    """

    def __init__(
        self,
        content_img=None,
        style_img=None,
        recipe=None,
        backend="pytorch",
        *,
        net=None,
        device=None,
    ):
        backend_module(backend)  # complains if the framework is not here
        self.backend = backend
        start = _checked(recipe) or Recipe.preset("fast", backend)
        given = {"content": content_img, "style": style_img}
        names, pictures, own = _opened(given)
        _take_over(self)
        self._first_pictures, self._own_net = pictures, net is not None
        self._in_force = start
        self._invalid = False  # whether a control shows what cannot be
        self.session = Session(
            lambda: StyleTransfer(
                self._first_pictures["content"],
                self._first_pictures["style"],
                self._in_force,
                backend,
                net=net,
                device=device,
            ),
            names,
        )
        self._lock, self._new_pictures = threading.Lock(), {}
        self.views = Views()
        self.controls = Controls(start, self._changed)
        self.pictures = PicturesPage(names, self._picture_chosen, self._say)
        for kind in own:
            self.pictures.add(kind, names[kind], pictures[kind])
            self.pictures.show(kind, names[kind])
        self.recipe_page = RecipePage(
            lambda: self.recipe, self._load, self._say
        )
        self.snapshots = SnapshotsPage(self._go_back, self._png, self._gif)
        self._make_bar()
        super().__init__(self._laid_out())
        self.add_class("d2l-panel")
        self._connect()
        free_cores()
        self.worker = Worker(self._epoch, self._failed)
        self.worker.tell(self._prepare, "prepare")

    # For cells

    @property
    def transfer(self):
        """The :class:`~d2l_style.transfer.StyleTransfer`, once it is built.

        None if it could not be; the panel says why.
        """
        if self.session.transfer is None:
            self.worker.settle(60)
        return self.session.transfer

    @property
    def recipe(self):
        """The recipe in force."""
        return self._in_force

    def start(self):
        """Run, or go on running; what the Start button does."""
        free_cores()
        self.worker.tell(self._go, "go")

    def pause(self):
        """Stop after the epoch in hand; :meth:`start` goes on."""
        self.worker.pause()
        self.worker.tell(self._paused, "go")

    def save_png(self, path):
        """Write the picture as PNG, with its recipe inside."""
        self._built()
        Path(path).write_bytes(self._png()[2])

    def save_gif(self, path):
        """Write the run as an animated GIF."""
        last = self._built().image()
        Path(path).write_bytes(self.views.film.gif(last))

    def _built(self):
        if self.transfer is None:
            raise ValueError(
                _(
                    "There is no picture yet: the panel could not begin. It "
                    "says why above its tabs."
                )
            )
        return self.transfer

    @classmethod
    def from_png(cls, path, content_img=None, style_img=None, **kwargs):
        """Open a panel with the recipe of a PNG that a panel has saved.

        And with its pictures, where they are samples; others have to be
        handed in. Raises as :func:`recipe_in_png` does.
        """
        recipe, here = recipe_in_png(path), sample_images()
        names = {k: v for k, v in names_in_png(path).items() if v in here}
        if content_img is None:
            content_img = names.get("content")
        if style_img is None:
            style_img = names.get("style")
        return cls(content_img, style_img, recipe, **kwargs)

    def close(self):
        """Stop the thread and give the memory back; the picture goes too."""
        if getattr(self, "worker", None) is None:
            return  # it never came into being
        self.stop()
        _forget(self)
        self.session.forget()
        self.snapshots.kept.clear()
        self.views.film.clear()
        for widget in _all_in(self):
            for part in ("layout", "style"):
                if hasattr(widget, part):
                    getattr(widget, part).close()
            if widget is not self:
                widget.close()
        super().close()

    def stop(self, told=None):
        """Stop the thread for good; the panel stays to be looked at.

        ``told`` says why, in a sentence.
        """
        self.worker.stop()
        told = told or _("This panel is stopped. Run its cell again.")
        self._say(told, "note")
        self._set_state("stopped")

    # Making it

    def _make_bar(self):
        def button(label, icon, told):
            return widgets.Button(
                description=label,
                icon=icon,
                tooltip=told,
                layout={"width": "auto"},
            )

        self.main = button(_("Start"), "play", _("Run the epochs, or pause."))
        self.main.button_style = "primary"
        self.reset = button(
            _("Reset"), "refresh", _("Begin again at epoch 0.")
        )
        self.undo = button(
            _("Undo"), "undo", _("Back to before the last change.")
        )
        self.redo = button(
            _("Redo"), "repeat", _("Forward again to where Undo came from.")
        )
        self.keep = button(
            _("Keep"), "camera", _("Put the picture in the strip.")
        )
        self.progress = widgets.FloatProgress(
            0, min=0, max=1, layout={"width": "160px"}
        )
        self.status = widgets.HTML()
        self.preset = widgets.Dropdown(
            options=[(_("choose a preset"), ""), *presets().items()],
            description=_("preset"),
            tooltip=_("Take over a preset's recipe; size and network stay."),
            style={"description_width": "initial"},
            layout={"width": "330px"},
        )
        self.messages = widgets.HTML()

    def _laid_out(self):
        where = "PyTorch" if self.backend == "pytorch" else "MXNet"
        told = _("Style transfer in {framework}", framework=where)
        title = widgets.HTML(f"<b>{told}</b>")
        self.network = widgets.HTML()
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        bar = widgets.HBox(
            [
                self.main,
                self.reset,
                self.undo,
                self.redo,
                self.keep,
                self.progress,
                self.status,
            ],
            layout=wrap,
        )
        settings = widgets.VBox([self.preset, self.controls.settings_page])
        titles, pages = zip(
            (_("Weights"), self.controls.weights_page),
            (_("Layers"), self.controls.layers_page),
            (_("Pictures"), self.pictures.box),
            (_("Settings"), settings),
            (_("Recipe"), self.recipe_page.box),
            (_("Snapshots"), self.snapshots.box),
            strict=True,
        )
        self.tabs = widgets.Tab(pages, titles=titles)
        style = widgets.HTML(f"<style>{_CSS}</style>", layout={"height": "0"})
        head = widgets.HBox([title, self.network], layout=wrap)
        return [style, head, bar, self.messages, self.views.box, self.tabs]

    def _connect(self):
        self.main.on_click(self._pressed_main)
        self.reset.on_click(self._command(self._do_reset))
        self.undo.on_click(self._command(self._do_undo))
        self.redo.on_click(self._command(self._do_redo))
        self.keep.on_click(self._command(self._do_keep))
        self.controls.own_shape.on_click(self._command(self._do_own_shape))
        self.preset.observe(self._preset_chosen, "value")
        self.views.log.observe(
            lambda _change: self.worker.tell(self._redraw, "redraw"), "value"
        )
        self.controls.calibrated.observe(
            lambda _change: self.worker.tell(self._show_shares, "shares"),
            "value",
        )
        for name, control in self.controls.weights.items():
            control.on_share = self._weight_for(name.split("_")[0])
        for i, row in self.controls.layers.items():
            row.weight.on_share = self._factor_for(i)

    # What the user does: these run in the notebook's threads

    def _pressed_main(self, _button):
        if self.worker.going:
            self.pause()
        else:
            self.start()

    def _command(self, what):
        return lambda _button: self.worker.tell(what)

    def _changed(self):
        """Take over what the controls show, after the epoch in hand."""
        try:
            recipe = self.controls.recipe()
        except ValueError as error:
            self._invalid = True
            self._say(str(error))
            return
        self._load(recipe)

    def _load(self, recipe):
        if self.worker.stopped:
            return
        self._invalid = False
        self._say("")
        self._in_force = recipe
        self.worker.tell(self._apply, "apply")

    def _preset_chosen(self, change):
        if change["new"]:
            now = self.recipe
            kept = ("image_shape", "weights", "init", "seed")
            preset = Recipe.preset(change["new"], self.backend)
            keep = {name: getattr(now, name) for name in kept}
            try:
                self._load(preset.replace(**keep))
            except ValueError as error:  # a size that is too small for it
                self._say(str(error))
            self.preset.value = ""

    def _picture_chosen(self, kind, name, img):
        if self.worker.stopped:
            return
        with self._lock:
            self._new_pictures[kind] = name, img
        self._say("")
        self.worker.tell(self._apply, "apply")

    def _go_back(self, snapshot):
        self.worker.tell(lambda: self._do_go_back(snapshot))

    def _weight_for(self, term):
        def weight(share):
            now = self.recipe
            shares = self.session.known_shares(now)
            value = shares and shares.weight(now, term, share)
            if value is None:
                self._refuse_share()
                return None
            return value / (now.style_repeats if term == "style" else 1)

        return weight

    def _refuse_share(self):
        self._say(
            _(
                "This share cannot be had: either this loss has no gradient "
                "(no layer, or all factors 0), or it is the only one that "
                "has."
            )
        )
        self.worker.tell(self._show_shares, "shares")

    def _factor_for(self, i):
        def factor(share):
            now = self.recipe
            shares = self.session.known_shares(now)
            value = None
            if shares and i in now.style_layers:
                place = now.style_layers.index(i)
                value = shares.layer_weight(now, place, share)
            if value is None:
                self._refuse_share()
            return value

        return factor

    def _png(self):
        transfer = self.transfer
        if transfer is None:
            return None
        with transfer.alone():
            img, recipe = transfer.image(), transfer.recipe
            facts = {"epochs": transfer.epoch, **self.session.names}
            name = self._file_name()
        data = png_bytes(img, recipe, backend=self.backend, **facts)
        return f"{name}.png", "image/png", data

    def _gif(self):
        if self.transfer is None:
            return None
        film = self.views.film.gif(self.transfer.image())
        return f"{self._file_name()}.gif", "image/gif", film

    def _file_name(self):
        content, style = (
            Path(self.session.names[kind]).stem
            for kind in ("content", "style")
        )
        return f"{content}-in-{style}-{self.session.transfer.epoch}"

    # What the worker does: these run in its thread

    def _prepare(self):
        """Build the transfer, show its first picture, forecast its time."""
        self._set_state("preparing")
        transfer = self.session.begin()
        self._show_network()
        self.views.show_pictures(transfer)
        self.views.update(self.session, force=True)
        self._forecast()

    def _forecast(self):
        self._set_state("measuring")
        seconds = self.session.time_epochs()
        left = self.session.recipe.num_epochs - self.session.transfer.epoch
        self._settle(seconds * max(0, left), seconds)

    def _settle(self, *forecast):
        """Show the state that follows from where the run is."""
        if self.worker.going:
            state = "running"
        elif self.session.finished:
            state = "finished"
        else:
            state = "paused" if self.session.transfer.epoch else "ready"
        self._set_state(state, *forecast)

    def _go(self):
        if self.session.transfer is None:
            self._prepare()
        if self.session.finished:
            n = self.session.recipe.num_epochs
            self._say(
                _(
                    "All {n} epochs are done. Raise the epochs under "
                    "Settings to go on, or press Reset to begin again.",
                    n=n,
                ),
                "note",
            )
            return
        if not self._invalid:
            self._say("")
        self.worker.go()
        self._settle()

    def _paused(self):
        if self.session.transfer is not None:
            self._settle()
            self.views.update(self.session, force=True)

    def _epoch(self):
        """Run one epoch; return whether to go on."""
        if self.session.finished:  # there are fewer epochs now
            self._set_state("finished")
            return False
        first = self.session.transfer.epoch == 0
        self.session.epoch()
        finished = self.session.finished
        self.views.update(self.session, force=first or finished)
        self._show_progress()
        if finished:
            self._set_state("finished")
        return not finished

    def _apply(self):
        """Take over the recipe and the pictures that are wanted."""
        with self._lock:
            recipe, new = self._in_force, self._new_pictures
            self._new_pictures = {}
        session = self.session
        names = {kind: name for kind, (name, _img) in new.items()}
        pictures = {kind: img for kind, (_name, img) in new.items()}
        if session.transfer is None:
            self._first_pictures |= pictures
            session.names = session.names | names
            self._prepare()
            return
        old, going = session.recipe, self.worker.going
        try:
            session.edit(
                recipe,
                **{f"{kind}_img": img for kind, img in pictures.items()},
                named=names,
            )
        except Exception as error:
            self._return_to_what_is()
            if not isinstance(error, _EXPECTED):
                raise
            self._say(_in_a_sentence(error))  # and the run goes on
            return
        if new or recipe.image_shape != old.image_shape:
            self.views.show_pictures(session.transfer)
        if recipe.weights != old.weights:
            self._show_network()
        self._show_recipe()
        if old.makes_anew(recipe) and not going:
            self._forecast()
        elif not going:
            self._settle()

    def _return_to_what_is(self):
        """Show the recipe and the pictures that are still in force."""
        self._in_force = self.session.recipe
        self.controls.show(self._in_force)
        for kind, name in self.session.names.items():
            self.pictures.show(kind, name)

    def _show_recipe(self):
        """Bring controls, shares and views to what is in force now."""
        # Nothing newer waits, and nothing refused is still to be seen.
        if self._in_force == self.session.recipe and not self._invalid:
            self.controls.show(self.session.recipe)
        self._show_shares()
        self.views.update(self.session, force=True)
        self._show_progress()
        self._show_ways()

    def _show_ways(self, off=False):
        """Let Undo and Redo be pressed where there is a way."""
        self.undo.disabled = off or not self.session.can_undo
        self.redo.disabled = off or not self.session.can_redo

    def _show_shares(self):
        shares = None
        if self.controls.calibrated.value:
            shares = self.session.shares()
        self.controls.show_shares(shares, self.session.recipe)

    def _redraw(self):
        self.views.update(self.session, force=True)

    def _do_reset(self):
        self.worker.pause()
        if self.session.transfer is None:
            self._prepare()
            return
        self.session.reset()
        self.views.film.clear()
        self._say("")
        self._after_jump()

    def _do_own_shape(self):
        """Have the size in the content picture's own proportions."""
        transfer = self.session.transfer
        img = self._first_pictures["content"]
        if transfer is not None:
            img, _style = transfer.pictures
        now = self.recipe.image_shape
        shape = images.fitted_shape(img, now)
        if _as_near(shape, now):
            return
        try:
            self._load(self.recipe.replace(image_shape=shape))
        except ValueError as error:  # the picture is too narrow
            self._say(str(error))

    def _do_undo(self):
        self._jump(self.session.undo)

    def _do_redo(self):
        self._jump(self.session.redo)

    def _jump(self, jump):
        """Undo or redo, and keep a change that was wished for since."""
        wish, before = self._in_force, self.session.recipe
        if not jump():
            return
        self._after_jump()
        changes = before.changes(wish)
        if changes:
            try:
                self._load(self.session.recipe.replace(**changes))
            except ValueError as error:  # it does not go with what was
                self._say(str(error))

    def _do_go_back(self, snapshot):
        self.session.return_to(snapshot.moment, snapshot.name)
        self._after_jump()

    def _after_jump(self):
        """Show where the session is now, which may be anywhere."""
        self.views.film.cut(self.session.transfer.epoch)
        self._return_to_what_is()
        self.views.show_pictures(self.session.transfer)
        self._show_recipe()
        self._settle()

    def _do_keep(self):
        if self.snapshots.full:
            self._say(
                _(
                    "The strip is full: it holds {count} pictures. Save this "
                    "one with Save PNG under Snapshots.",
                    count=KEPT,
                )
            )
            return
        history, transfer = self.session.history, self.session.begin()
        losses = {
            name: getattr(history, name)[-1]
            for name in ("content", "style", "tv")
            if history.epochs
        }
        name = _(
            "{number} (epoch {epoch})",
            number=len(self.snapshots.kept) + 1,
            epoch=transfer.epoch,
        )
        self.snapshots.add(
            Snapshot(
                name,
                transfer.image(),
                self.session.moment(),
                losses,
            )
        )
        self._say(
            _("Kept as {name}, see the page Snapshots.", name=name), "note"
        )

    def _failed(self, error):
        """Say what went wrong, in the worker's thread; nothing is lost."""
        self._say(_in_a_sentence(error))
        if self.session.transfer is None:
            self._set_state("missing")
            return
        self._settle()
        self.views.update(self.session, force=True)

    # Showing how it goes

    def _say(self, text, kind="error"):
        role = "alert" if kind == "error" else "status"
        self.messages.value = (
            f'<div class="d2l-{kind}" role="{role}">{html.escape(text)}</div>'
            if text
            else ""
        )

    def _set_state(self, state, forecast=None, seconds=None):
        self.state = state = "stopped" if self.worker.stopped else state
        running = state == "running"
        begun = self.session.transfer and self.session.transfer.epoch
        self.main.description = (
            _("Pause") if running else _("Resume") if begun else _("Start")
        )
        self.main.icon = "pause" if running else "play"
        off = state == "stopped"
        for button in (self.main, self.reset, self.keep):
            button.disabled = off
        self._show_ways(off)
        self._show_progress(forecast, seconds)

    def _show_network(self):
        """Say which network it is; how to get the book's, when pointed at."""
        told = html.escape(
            describe(network_of(self.session.recipe, self.backend))
        )
        if self._own_net:
            told = _("Network: your own, handed in as net=.")
            self.controls.settings["weights"].disabled = True
        first = told.split(". ")[0].rstrip(".")
        self.network.value = f'<small title="{told}">{first}</small>'

    def _show_progress(self, forecast=None, seconds=None):
        transfer = self.session.transfer
        if transfer is None:
            self.status.value = _(_STATES[self.state])
            return
        total, done = transfer.recipe.num_epochs, transfer.epoch
        self.progress.max, self.progress.value = total, min(done, total)
        parts = [
            _(_STATES[self.state]),
            _("epoch {done} of {total}", done=f"<b>{done}</b>", total=total),
        ]
        if forecast is not None:
            told = N_("about {duration} here ({seconds:.2g} s an epoch)")
            parts.append(_(told, duration=duration(forecast), seconds=seconds))
        elif each := self.session.seconds_per_epoch:
            left = duration(each * max(0, total - done))
            told = N_("{seconds:.2g} s each, {duration} left")
            parts.append(_(told, seconds=each, duration=left))
        self.status.value = " · ".join(part for part in parts if part)


_STATES = {
    "preparing": N_("loading the network"),
    "missing": N_("no network yet: choose another under Settings"),
    "measuring": N_("measuring how fast this machine is"),
    "ready": N_("ready"),
    "running": N_("running"),
    "paused": N_("paused"),
    "finished": N_("finished"),
    "stopped": N_("stopped"),
}


def _opened(given):
    """Return the names, the pictures, and the kinds that are no samples."""
    samples, names, pictures, own = sample_images(), {}, {}, []
    for kind, picture in given.items():
        picture = _CHOSEN[kind] if picture is None else picture
        if isinstance(picture, str) and picture in samples:
            names[kind], pictures[kind] = picture, samples[picture].open()
        else:
            try:
                pictures[kind] = images.as_image(picture)
            except FileNotFoundError as error:
                offered = _("Samples are {names}.", names=", ".join(samples))
                raise FileNotFoundError(f"{error} {offered}") from None
            path = getattr(picture, "filename", picture)
            named = isinstance(path, (str, Path)) and str(path)
            names[kind] = Path(path).name if named else _("yours")
            own.append(kind)
    return names, pictures, own


def _as_near(shape, now):
    """Return whether rounding alone may tell two (h, w) apart.

    Without it the size would creep, pixel by pixel, at every press.
    """
    upright = [h > w for h, w in (shape, now)]
    return upright[0] == upright[1] and abs(min(shape) - min(now)) <= 1


def _in_a_sentence(error):
    text = str(error)
    lost = isinstance(error, MemoryError) or (
        "memory" in text.lower() and "alloc" in text.lower()
    )
    if lost:
        return _(
            "There is not enough memory for this. Choose a smaller size or a "
            "smaller network; the picture is kept."
        )
    if isinstance(error, _EXPECTED):
        return text
    first = (text.splitlines() or [""])[0][:200]
    return _(
        "Something went wrong ({kind}: {first}). The picture is kept; press "
        "Reset to begin again.",
        kind=type(error).__name__,
        first=first,
    )


def _checked(recipe):
    if recipe is None or isinstance(recipe, Recipe):
        return recipe
    raise ValueError(
        _(
            "recipe must be a Recipe, not {given!r}. A preset is "
            "Recipe.preset('as-printed'), text is read by Recipe.from_text.",
            given=recipe,
        )
    )


def _forget(panel):
    """Hold on to a closed panel no longer."""
    global _current
    if _current is panel:
        _current = None


def _take_over(panel):
    """Stop the panel before this one."""
    global _current
    before, _current = _current, panel
    if before is not None and getattr(before, "worker", None):
        before.stop(_("Stopped, since another panel was opened."))


def _all_in(widget):
    """Yield a widget and all that it contains."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _all_in(child)


@atexit.register
def _stop_at_exit():
    # A thread inside a framework while Python shuts down can crash it.
    worker = getattr(_current, "worker", None)
    if worker is not None:
        worker.stop(timeout=5)
