"""The live panel: turn a knob, watch losses and picture answer."""

import atexit
import html
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import ipywidgets as widgets

from d2l_style.language import _, invalid
from d2l_style.machine.figures import guard_figures
from d2l_style.machine.files import write_whole
from d2l_style.machine.tuning import free_cores
from d2l_style.network.weights import NAMES, describe
from d2l_style.panel.bar import WRAP, Bar
from d2l_style.panel.choices import presets
from d2l_style.panel.controls import Controls
from d2l_style.panel.errors import EXPECTED, in_a_sentence
from d2l_style.panel.given import checked, opened
from d2l_style.panel.lasting import Lasting
from d2l_style.panel.pages import (
    KEPT,
    PicturesPage,
    RecipePage,
    SnapshotsPage,
)
from d2l_style.panel.parts import hint
from d2l_style.panel.session import Session
from d2l_style.panel.snapshots import Snapshot
from d2l_style.panel.tabs import Tabs
from d2l_style.panel.viewers import Pulse
from d2l_style.panel.views import Views
from d2l_style.panel.worker import Worker
from d2l_style.pictures import images
from d2l_style.pictures.png import names_in_png, png_bytes, recipe_in_png
from d2l_style.pictures.samples import KINDS, sample_images
from d2l_style.recipe import Recipe
from d2l_style.transfer import StyleTransfer, backend_module, network_of

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
        start = checked(recipe) or Recipe.preset("fast", backend)
        given = {"content": content_img, "style": style_img}
        names, pictures, own = opened(given)
        _take_over(self)
        self.wanted = start
        self._refused = False  # whether a control shows what cannot be
        self._doing, self._named, self._warned = "preparing", None, ""
        self._first_pictures, self._own_net = pictures, net is not None
        self.session = Session(
            lambda: StyleTransfer(
                self._first_pictures["content"],
                self._first_pictures["style"],
                self.wanted,
                backend,
                net=net,
                device=device,
            ),
            names,
        )
        self._lock, self._new_pictures = threading.Lock(), {}
        self.bar, self.views = Bar(), Views()
        self.pulse, self._unseen = Pulse(self._seen), False
        self.lasting = Lasting(backend, self._own_net, self.bar.say)
        self.controls = Controls(start, self._changed)
        say = self.bar.say
        self.pictures = PicturesPage(names, self._picture_chosen, say)
        for kind in own:
            self.pictures.add(kind, names[kind], pictures[kind])
            self.pictures.show(kind, names[kind])
        self.recipe_page = RecipePage(lambda: self.wanted, self._want, say)
        self.snapshots = SnapshotsPage(self._go_back, self._png, self._gif)
        super().__init__(self._laid_out())
        guard_figures(self)
        self.add_class("d2l-panel")
        self._connect()
        if left := self.lasting.kept.offer():
            self.bar.offer_run(*left)
        free_cores()
        self.worker = Worker(
            self._epoch, self._failed, self.render, self._ended
        )
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
        """The recipe in force; ``wanted`` is what the reader has asked for.

        They differ while an epoch is in hand.
        """
        begun = self.session.transfer is not None
        return self.session.recipe if begun else self.wanted

    @property
    def state(self):
        """What the panel is doing, in a word."""
        if self.worker.stopped:
            return "stopped"
        if self._unseen:
            return "unseen"
        return self._doing or self.session.state(self.worker.going)

    def start(self):
        """Run, or go on running; what the Start button does."""
        free_cores()
        self._unseen = False
        self.worker.tell(self._go, "go")

    def pause(self):
        """Stop after the epoch in hand; :meth:`start` goes on."""
        self._unseen = False
        self.worker.pause()
        self.worker.tell(lambda: None, "go")  # in place of a start that waits

    def save_png(self, path):
        """Write the picture as PNG, with its recipe inside."""
        self._built()
        write_whole(path, self._png()[2])

    def save_gif(self, path):
        """Write the run as an animated GIF."""
        last = self._built().image()
        write_whole(path, self.views.film.gif(last))

    def _built(self):
        if self.transfer is None:
            raise invalid(
                "There is no picture yet: the panel could not begin. It "
                "says why above its tabs."
            )
        return self.transfer

    @classmethod
    def from_png(
        cls, path, content_img=None, style_img=None, *, weights=None, **kwargs
    ):
        """Open a panel with the recipe of a PNG that a panel has saved.

        And with its pictures, where they are samples; others have to be
        handed in, and so has a network in a file, as ``weights``. Raises as
        :func:`recipe_in_png` does.
        """
        recipe, here = recipe_in_png(path), sample_images()
        if weights is not None:
            recipe = recipe.replace(weights=weights)
        elif recipe.weights not in NAMES:  # who sent it chose that file
            raise invalid(
                "The recipe in this picture takes its network from the file "
                "{path}. If you trust that file, hand it in as weights=.",
                path=recipe.weights,
            )
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

    def stop(self, sentence=None):
        """Stop the thread for good; the panel stays to be looked at.

        ``sentence`` says why, in a sentence.
        """
        self.worker.stop()
        self.pulse.end()
        sentence = sentence or _("This panel is stopped. Run its cell again.")
        self.bar.say(sentence, "note")
        self.bar.render(self.state, self.session)

    def _ipython_display_(self, **kwargs):
        """Show the panel, and leave a place for what stays without it."""
        from IPython.display import display

        with self.lasting.shown():
            if hasattr(super(), "_ipython_display_"):  # ipywidgets 7
                super()._ipython_display_(**kwargs)
            else:
                display(self._repr_mimebundle_(), raw=True)

    # Making it

    def _laid_out(self):
        where = "PyTorch" if self.backend == "pytorch" else "MXNet"
        sentence = _("Style transfer in {framework}", framework=where)
        self.network = widgets.HTML()
        head = [widgets.HTML(f"<b>{sentence}</b>"), self.network]
        self.preset = widgets.Dropdown(
            options=[(_("choose a preset"), ""), *presets().items()],
            description=_("preset"),
            **hint(_("Take over a preset's recipe; size and network stay.")),
            style={"description_width": "initial"},
            layout={"width": "330px"},
        )
        settings = widgets.VBox([self.preset, self.controls.settings_page])
        self.tabs = Tabs(
            {
                _("Weights"): self.controls.weights_page,
                _("Layers"): self.controls.layers_page,
                _("Pictures"): self.pictures.box,
                _("Settings"): settings,
                _("Recipe"): self.recipe_page.box,
                _("Snapshots"): self.snapshots.box,
            }
        )
        return [
            self.pulse,
            widgets.HTML(f"<style>{_CSS}</style>", layout={"height": "0"}),
            widgets.HBox(head, layout=WRAP),
            self.bar.box,
            self.bar.offer,
            self.bar.messages,
            self.views.box,
            self.tabs,
        ]

    def _connect(self):
        bar, controls = self.bar, self.controls
        bar.main.on_click(self._pressed_main)
        for button, command in (
            (bar.reset, self._do_reset),
            (bar.undo, lambda: self._jump(self.session.undo)),
            (bar.redo, lambda: self._jump(self.session.redo)),
            (bar.keep, self._do_keep),
            (bar.go_on, self._do_go_on),
            (controls.own_shape, self._do_own_shape),
        ):
            button.on_click(lambda _button, do=command: self.worker.tell(do))
        self.preset.observe(self._preset_chosen, "value")
        for box in (self.views.log, controls.calibrated):
            box.observe(lambda _change: self._show_anew(), "value")
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

    def _seen(self):
        """Go on: somebody looks again."""
        if self._unseen:
            self.start()

    def _changed(self):
        """Take over what the controls show, after the epoch in hand."""
        try:
            recipe = self.controls.recipe()
        except ValueError as error:
            self._refused = True
            self.bar.say(str(error))
            return
        self._want(recipe)

    def _want(self, recipe):
        """Have a recipe in force after the epoch in hand."""
        if self.worker.stopped:
            return
        self._refused = False
        self.bar.say("")
        with self._lock:
            self.wanted = recipe
        self.worker.tell(self._apply, "apply")

    def _show_anew(self):
        self.worker.tell(lambda: None, "render")

    def _preset_chosen(self, change):
        if change["new"]:
            kept = ("image_shape", "weights", "init", "seed")
            preset = Recipe.preset(change["new"], self.backend)
            keep = {name: getattr(self.wanted, name) for name in kept}
            try:
                self._want(preset.replace(**keep))
            except ValueError as error:  # a size that is too small for it
                self.bar.say(str(error))
            self.preset.value = ""

    def _picture_chosen(self, kind, name, img):
        if self.worker.stopped:
            return
        with self._lock:
            self._new_pictures[kind] = name, img
        self.bar.say("")
        self.worker.tell(self._apply, "apply")

    def _go_back(self, snapshot):
        self.worker.tell(lambda: self._do_go_back(snapshot))

    def _weight_for(self, term):
        def weight(share):
            now = self.wanted
            shares = self.session.known_shares(now)
            value = shares and shares.weight(now, term, share)
            if value is None:
                return self._refuse_share()
            return value / (now.style_repeats if term == "style" else 1)

        return weight

    def _factor_for(self, i):
        def factor(share):
            now, value = self.wanted, None
            shares = self.session.known_shares(now)
            if shares and i in now.style_layers:
                place = now.style_layers.index(i)
                value = shares.layer_weight(now, place, share)
            return self._refuse_share() if value is None else value

        return factor

    def _refuse_share(self):
        self.bar.say(
            _(
                "This share cannot be had: either this loss has no gradient "
                "(no layer, or all factors 0), or it is the only one that "
                "has."
            )
        )
        self._show_anew()

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

    @contextmanager
    def _busy(self, doing):
        """Say what is being done as long as the block lasts."""
        self._doing = doing
        self.bar.render(self.state, self.session)
        try:
            yield
        finally:
            self._doing = ""

    def _prepare(self):
        """Build the transfer, show its first picture, forecast its time."""
        with self._busy("preparing"):
            self.session.begin()
            self.views.update(self.session, force=True)
        self._forecast()

    def _forecast(self):
        with self._busy("measuring"):
            self.session.time_epochs()

    def _go(self):
        if self.session.transfer is None:
            self._prepare()
        if self.session.finished:
            n = self.session.recipe.num_epochs
            self.bar.say(
                _(
                    "All {n} epochs are done. Raise the epochs under "
                    "Settings to go on, or press Reset to begin again.",
                    n=n,
                ),
                "note",
            )
            return
        if not self._refused:
            self.bar.say("")
        self.bar.withdraw_offer()
        self.worker.go()

    def _epoch(self):
        """Run one epoch; return whether to go on."""
        session = self.session
        if self.pulse.missing:
            self._unseen = True
            return False
        if not session.finished:  # there may be fewer epochs now
            first = session.transfer.epoch == 0
            session.epoch()
            self.views.update(session, force=first)
            self.bar.render_progress(self.state, session)
            self._warn()
            self.lasting.follow(session, self.views.curves.value)
        return not session.finished

    def _warn(self):
        """Say, once, that the run goes wrong and what is to blame."""
        sentence = self.session.trouble()
        if sentence and sentence != self._warned:
            self.bar.say(sentence, "note")
        self._warned = sentence

    def _apply(self):
        """Take over the recipe and the pictures that are wanted."""
        with self._lock:
            wanted, new = self.wanted, self._new_pictures
            self._new_pictures = {}
        session = self.session
        names = {kind: name for kind, (name, _img) in new.items()}
        pictures = {f"{kind}_img": img for kind, (_n, img) in new.items()}
        if session.transfer is None:
            self._first_pictures |= {k: img for k, (_n, img) in new.items()}
            session.names = session.names | names
            self._prepare()
            return
        old = session.recipe
        try:
            session.edit(wanted, **pictures, named=names)
        except Exception as error:
            self._be_where_it_is(wanted)
            if not isinstance(error, EXPECTED):
                raise
            self.bar.say(in_a_sentence(error))  # and the run goes on
            return
        if old.makes_anew(wanted) and not self.worker.going:
            self._forecast()

    def _be_where_it_is(self, wish):
        """Want what is in force, unless something newer is wanted by now."""
        with self._lock:
            if self.wanted is wish:
                self.wanted, self._refused = self.session.recipe, False

    def _do_reset(self):
        self.worker.pause()
        if self.session.transfer is None:
            self._prepare()
            return
        self.session.reset()
        self.views.film.clear()
        self.bar.say("")
        self._refused = False

    def _do_own_shape(self):
        """Have the size in the content picture's own proportions."""
        img, now = self._first_pictures["content"], self.wanted.image_shape
        if self.session.transfer is not None:
            img, _style = self.session.transfer.pictures
        shape = images.fitted_shape(img, now)
        if not _as_near(shape, now):
            self._want_changed(self.wanted, {"image_shape": shape})

    def _want_changed(self, recipe, changes):
        try:
            self._want(recipe.replace(**changes))
        except ValueError as error:  # they do not go together
            self.bar.say(str(error))

    def _jump(self, jump):
        """Undo or redo, and keep a change that was wished for since."""
        wish, before = self.wanted, self.session.recipe
        if jump():
            self._land(wish)
            changes = before.changes(wish)
            if changes:
                self._want_changed(self.session.recipe, changes)

    def _do_go_back(self, snapshot):
        wish = self.wanted
        self.session.return_to(snapshot.moment, snapshot.name)
        self._land(wish)

    def _do_go_on(self):
        """Take up the run that was left beside the notebook."""
        wish = self.wanted
        moment = self.lasting.kept.take_up(self.session)
        samples = sample_images()
        for kind, img in zip(KINDS, moment.pictures, strict=True):
            if moment.names[kind] not in samples:
                self.pictures.add(kind, moment.names[kind], img)
        self._land(wish)
        self.bar.withdraw_offer()

    def _land(self, wish):
        """Be where the session is now, which may be anywhere."""
        self.views.film.cut(self.session.transfer.epoch)
        self._be_where_it_is(wish)

    def _do_keep(self):
        if self.snapshots.full:
            self.bar.say(
                _(
                    "The strip is full: it holds {count} pictures. Save this "
                    "one with Save PNG under Snapshots.",
                    count=KEPT,
                )
            )
            return
        transfer = self.session.begin()
        name = _(
            "{number} (epoch {epoch})",
            number=len(self.snapshots.kept) + 1,
            epoch=transfer.epoch,
        )
        moment, losses = self.session.moment(), self.session.history.last()
        self.snapshots.add(Snapshot(name, transfer.image(), moment, losses))
        sentence = _("Kept as {name}, see the page Snapshots.", name=name)
        self.bar.say(sentence, "note")

    def _failed(self, error):
        """Say what went wrong, in the worker's thread; nothing is lost."""
        self.bar.say(in_a_sentence(error))

    def _ended(self):
        """Leave the run, and give back all that cannot be used any more."""
        self.lasting.leave(self.session, self.views.curves.value)
        self.session.end()
        self.views.end()
        self.pictures.end()
        self.snapshots.end()
        self._first_pictures, self._new_pictures = {}, {}

    # Showing how it goes

    def render(self):
        """Have every widget show what is: controls, bar, pictures, plots.

        The worker calls it after each command and at the end of a run.
        """
        session = self.session
        self.bar.render(self.state, session)
        if session.transfer is None:
            return
        recipe = session.recipe
        with self._lock:
            newer = self._new_pictures or self.wanted != recipe
        if not newer and not self._refused:
            self.controls.show(recipe)
            for kind, name in session.names.items():
                self.pictures.show(kind, name)
        calibrated = self.controls.calibrated.value
        shares = session.shares() if calibrated else None
        self.controls.show_shares(shares, recipe)
        if recipe.weights != self._named:  # looking for it reads the disk
            self._render_network(recipe)
        self.views.update(session, force=True)
        if not self.worker.going:
            self.lasting.leave(session, self.views.curves.value)

    def _render_network(self, recipe):
        """Say which network it is; how to get the book's, when pointed at."""
        self._named = recipe.weights
        sentence = html.escape(describe(network_of(recipe, self.backend)))
        if self._own_net:
            sentence = _("Network: your own, handed in as net=.")
            self.controls.settings["weights"].disabled = True
        first = sentence.split(". ")[0].rstrip(".")
        self.network.value = f'<small title="{sentence}">{first}</small>'


def _as_near(shape, now):
    """Return whether rounding alone may tell two (h, w) apart.

    Without it the size would creep, pixel by pixel, at every press.
    """
    upright = [h > w for h, w in (shape, now)]
    return upright[0] == upright[1] and abs(min(shape) - min(now)) <= 1


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
        worker.stop(timeout=5, ended=lambda: None)  # no page hears widgets
        with suppress(Exception):  # the kernel is restarted, say
            _current.lasting.kept.write(_current.session)
