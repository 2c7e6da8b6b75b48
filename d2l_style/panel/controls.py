"""The widgets that hold a Recipe: they show one and give one."""

import html

import ipywidgets as widgets

from d2l_style.engine.gradient_shares import in_the_books_terms
from d2l_style.language import N_, _
from d2l_style.network import vgg
from d2l_style.panel.choices import label, networks, options
from d2l_style.panel.parts import hint
from d2l_style.panel.quiet import Quiet
from d2l_style.panel.weight import WeightControl
from d2l_style.recipe import CHOICES, Recipe

_BOOK = Recipe()  # whose layers are marked
_LAYERS = ("content_layers", "style_layers")
_ON_LAYERS = {*_LAYERS, "style_layer_weights"}
_KINDS = {int: widgets.IntText, float: widgets.FloatText}
_AS_LAYER = {  # a convolution's two boxes: name, tooltip, said of the book's
    "style": (
        N_("{layer} style"),
        N_("{layer} as a style layer"),
        N_("the book's style layer"),
    ),
    "content": (
        N_("{layer} content"),
        N_("{layer} as a content layer"),
        N_("the book's content layer"),
    ),
}


class Controls:
    """Widgets for everything in a :class:`~d2l_style.recipe.Recipe`.

    ``changed()`` is called when the user has changed something, not when
    :meth:`show` does. ``weights_page``, ``layers_page`` and
    ``settings_page`` hold them.
    """

    def __init__(self, recipe, changed):
        self._changed, self._quiet = changed, Quiet()
        self._shares_shown = False
        self._shown, self._own_networks = None, {}
        self._layers_before = recipe  # in whose order ticked layers come
        self.weights = {
            name: WeightControl(
                label(name), entry.span, _(entry.help), self._notify
            )
            for name, entry in CHOICES.items()
            if entry.span
        }
        self.calibrated = widgets.Checkbox(
            description=_("sliders show each loss's share in the gradient"),
            indent=False,
            **hint(
                _(
                    "The same share means the same pull in every layer, "
                    "size, network and framework."
                )
            ),
            layout={"width": "auto"},
        )
        self.books_terms = widgets.HTML()
        self._make_layers()
        self._make_settings()
        self.calibrated.observe(self._turn_sliders, "value")
        self.weights_page = self._lay_out_weights()
        self.layers_page = self._lay_out_layers()
        self.settings_page = self._lay_out_settings()
        self.show(recipe)

    # In and out

    def recipe(self):
        """Return the recipe that the widgets show; ``ValueError`` if none.

        The error says which choice is not valid.
        """
        self._shown = None  # the widgets may hold what is no recipe
        style = self._ticked("style")
        factors = [self.layers[i].weight.value for i in style]
        self._shown = Recipe(
            content_layers=self._ticked("content"),
            style_layers=style,
            style_layer_weights=factors if set(factors) != {1.0} else (),
            image_shape=(self.height.value, self.width.value),
            **{name: control.value for name, control in self.weights.items()},
            **{name: box.value for name, box in self.settings.items()},
        )
        return self._shown

    def _ticked(self, kind):
        """Return the chosen layers, in the order that they had before."""
        ticked = [i for i, r in self.layers.items() if getattr(r, kind).value]
        before = getattr(self._layers_before, f"{kind}_layers")
        stayed = [i for i in before if i in ticked]
        return stayed + [i for i in ticked if i not in before]

    def show(self, recipe):
        """Show a recipe without telling anybody."""
        other = list(CHOICES)
        if self._shown is not None:
            other = self._shown.changes(recipe)
        self._shown = self._layers_before = recipe
        with self._quiet():
            if not _ON_LAYERS.isdisjoint(other):
                self._show_layers(recipe)
            for name in other:
                if name in self.weights:
                    self.weights[name].value = getattr(recipe, name)
                elif name in self.settings:
                    self._show_setting(name, getattr(recipe, name))
                elif name == "image_shape":
                    self.height.value, self.width.value = recipe.image_shape

    def _show_layers(self, recipe):
        factors = recipe.style_factors
        for i, row in self.layers.items():
            row.style.value = i in factors
            row.content.value = i in recipe.content_layers
            row.weight.value = factors.get(i, 1.0)

    def _show_setting(self, name, value):
        if name == "weights":
            self._offer(value)
        self.settings[name].value = value

    def show_shares(self, shares, recipe):
        """Show what the weights amount to; None: it is not known."""
        self._show_books_terms(recipe)
        if shares is None and not self._shares_shown:
            return
        self._shares_shown = shares is not None
        of_terms = shares.of_terms(recipe) if shares else {}
        for name, control in self.weights.items():
            control.show_share(of_terms.get(name.split("_")[0]))
        of_layers = shares.of_layers(recipe) if shares else {}
        places = {i: k for k, i in enumerate(recipe.style_layers)}
        for i, row in self.layers.items():
            row.weight.show_share(of_layers.get(places.get(i)))

    def _show_books_terms(self, recipe):
        terms = in_the_books_terms(recipe)
        if terms is None:
            self.books_terms.value = _(
                "There is no content loss to measure the others by."
            )
            return
        style, tv = (f"<b>{term:.3g}</b>" for term in terms)
        self.books_terms.value = _(
            "In the book's terms, with a content weight of 1: style {style}, "
            "TV {tv}.",
            style=style,
            tv=tv,
        )

    # Parts

    def _make_layers(self):
        self.layers = {
            conv.index: LayerRow(conv, self._notify) for conv in vgg.CONVS
        }

    def _make_settings(self):
        self.height, self.width = (
            widgets.IntText(description=side, continuous_update=False)
            for side in (_("height"), _("width"))
        )
        self.own_shape = widgets.Button(
            description=_("Shape of the content picture"),
            icon="crop",
            tooltip=_(
                "Height and width in the content picture's proportions, with "
                "about as many pixels as now."
            ),
            layout={"width": "auto"},
        )
        self.settings = {name: _setting(name) for name in _in_settings()}
        for box in (self.height, self.width, *self.settings.values()):
            box.observe(self._notify, "value")

    def _lay_out_weights(self):
        return widgets.VBox(
            [
                *(control.row for control in self.weights.values()),
                self.calibrated,
                self.books_terms,
            ]
        )

    def _lay_out_layers(self):
        head = widgets.HTML(
            _(
                "★ marks the book's choice. A factor weighs a style layer on "
                "top of the style weight."
            )
        )
        rows = list(self.layers.values())
        columns = [
            widgets.VBox([_layer_header(), *(row.box for row in part)])
            for part in (rows[:8], rows[8:])
        ]
        wrap = {"flex_flow": "row wrap", "grid_gap": "0 24px"}
        return widgets.VBox([head, widgets.HBox(columns, layout=wrap)])

    def _lay_out_settings(self):
        size = [self.height, self.width]
        button = widgets.HBox(
            [self.own_shape], layout={"justify_content": "flex-end"}
        )
        for box in (*size, *self.settings.values(), button):
            box.layout.width, box.layout.max_width = "384px", "98%"
            if box is not button:
                box.style.description_width = "155px"
        wrap = {"flex_flow": "row wrap", "grid_gap": "0 24px"}
        return widgets.VBox(
            [
                widgets.HBox(size, layout=wrap),
                button,
                widgets.HBox(list(self.settings.values()), layout=wrap),
            ]
        )

    def _offer(self, network):
        """Have a network among the choices that came with a recipe."""
        box, offered = self.settings["weights"], networks()
        if network not in offered.values():
            self._own_networks[network] = network
        offered |= self._own_networks
        if dict(box.options) != offered:
            box.options = list(offered.items())

    # Events

    def _notify(self, *_change):
        if not self._quiet.on:
            self._changed()

    def _turn_sliders(self, change):
        controls = [row.weight for row in self.layers.values()]
        for control in (*self.weights.values(), *controls):
            control.calibrated = change["new"]


class LayerRow:
    """One convolution: is it a style layer, how much, a content layer?"""

    def __init__(self, conv, changed):
        self.style, self.content = (
            _layer_box(conv.name, kind) for kind in ("style", "content")
        )
        self.weight = WeightControl(
            _("factor of {layer}", layer=conv.name),
            (-3, 3),
            _(
                "Factor of {layer} on top of the style weight.",
                layer=conv.name,
            ),
            changed,
            narrow=True,
        )
        self.weight.disabled = True
        self.style.observe(self._follow, "value")
        for box in (self.style, self.content):
            box.observe(changed, "value")
        self.box = widgets.HBox(
            [_layer_name(conv), self.style, self.content, self.weight.row]
        )

    def _follow(self, change):
        self.weight.disabled = not change["new"]


def _layer_box(layer, kind):
    """Return the box that makes a convolution a layer of a kind."""
    name, sentence, _of_book = _AS_LAYER[kind]
    box = widgets.Checkbox(
        indent=False,
        description=_(name, layer=layer),
        **hint(_(sentence, layer=layer)),
        layout={"width": "20px", "margin": "0 10px"},
    )
    box.add_class("d2l-bare")
    return box


def _layer_name(conv):
    """Return a convolution's name, with a star if the book chooses it."""
    sentence = ", ".join(
        _(of_book)
        for kind, (_name, _help, of_book) in _AS_LAYER.items()
        if conv.index in getattr(_BOOK, f"{kind}_layers")
    )
    star = "★" if sentence else ""
    return widgets.HTML(
        f'<span title="{html.escape(sentence)}">{conv.name} {star}</span>',
        layout={"width": "76px"},
    )


def _layer_header():
    """Return the heads of the columns, as wide as what stands below."""
    heads = (
        ("", 74),
        (_("style"), 40),
        (_("content"), 40),
        (_("factor"), 100),
    )
    cells = "".join(
        f'<span style="width:{width}px">{html.escape(head)}</span>'
        for head, width in heads
    )
    return widgets.HTML(f'<div class="d2l-heads">{cells}</div>')


def _in_settings():
    """Return the choices that have no page of their own, common ones first."""
    own = {"image_shape", *_ON_LAYERS}
    names = [n for n, c in CHOICES.items() if not c.span and n not in own]
    return sorted(names, key=lambda name: not CHOICES[name].common)


def _setting(name):
    """Return a choice's widget: among its options, or any number."""
    sentence = {"description": label(name), **hint(_(CHOICES[name].help))}
    if offered := options(name):
        return widgets.Dropdown(options=list(offered.items()), **sentence)
    kind = _KINDS[type(getattr(_BOOK, name))]
    return kind(continuous_update=False, **sentence)
