"""The widgets that hold a Recipe: they show one and give one."""

from dataclasses import fields

import ipywidgets as widgets

from d2l_style import vgg
from d2l_style.fetch import cached_vgg19
from d2l_style.language import _
from d2l_style.panel.quiet import Quiet
from d2l_style.panel.weight import WeightControl
from d2l_style.recipe import (
    EPSILONS,
    INITS,
    OPTIMIZERS,
    TAPS,
    Recipe,
)
from d2l_style.shares import in_the_books_terms
from d2l_style.weights import bundled

_BOOK = Recipe()  # whose layers are marked
PRESETS = {
    "paired: the same in both frameworks": "paired",
    "as printed, English and Korean editions": "as-printed",
    "as printed, Vietnamese edition": "as-printed-vi",
}
_TERMS = {  # of the recipe: label, range in powers of ten, help
    "content_weight": (
        "content",
        (-3, 3),
        "How much the picture must still show what the photo shows.",
    ),
    "style_weight": (
        "style",
        (0, 7),
        "How much it must be painted as the painting is.",
    ),
    "tv_weight": (
        "TV (smoothness)",
        (-2, 4),
        "Total variation: how much neighbouring pixels must agree.",
    ),
}


class Controls:
    """Widgets for everything in a :class:`~d2l_style.recipe.Recipe`.

    ``changed()`` is called when the user has changed something, not when
    :meth:`show` does. ``tabs`` maps titles to what goes on a page.
    """

    def __init__(self, recipe, changed):
        self._changed, self._quiet = changed, Quiet()
        self._shown, self._own_networks = recipe, {}
        self.weights = {
            name: WeightControl(label, exponents, told, self._notify)
            for name, (label, exponents, told) in _TERMS.items()
        }
        self.calibrated = widgets.Checkbox(
            description="sliders show each loss's share in the gradient",
            indent=False,
            tooltip=(
                "The same share means the same pull in every layer, size, "
                "network and framework."
            ),
            layout={"width": "auto"},
        )
        self.books_terms = widgets.HTML()
        self._make_layers()
        self._make_settings()
        self.calibrated.observe(self._turn_sliders, "value")
        self.tabs = {
            "Weights": self._weights_page(),
            "Layers": self._layers_page(),
            "Settings": self._settings_page(),
        }
        self.show(recipe)

    # In and out

    def recipe(self):
        """Return the recipe that the widgets show; ``ValueError`` if none.

        The error says which choice is not valid.
        """
        style = self._ticked("style")
        factors = [self.layers[i].weight.value for i in style]
        return Recipe(
            content_layers=self._ticked("content"),
            style_layers=style,
            style_layer_weights=factors if set(factors) != {1.0} else (),
            image_shape=(self.height.value, self.width.value),
            **{name: control.value for name, control in self.weights.items()},
            **{name: box.value for name, box in self.settings.items()},
        )

    def _ticked(self, kind):
        """Return the chosen layers, in the order that they had before."""
        ticked = [i for i, r in self.layers.items() if getattr(r, kind).value]
        order = getattr(self._shown, f"{kind}_layers")
        return sorted(
            ticked, key=lambda i: order.index(i) if i in order else len(order)
        )

    def show(self, recipe):
        """Show a recipe without telling anybody."""
        self._shown = recipe
        with self._quiet():
            for name, control in self.weights.items():
                control.value = getattr(recipe, name)
            factors = recipe.style_factors
            for i, row in self.layers.items():
                row.style.value = i in factors
                row.content.value = i in recipe.content_layers
                row.weight.value = factors.get(i, 1.0)
                row.weight.disabled = i not in factors
            self.height.value, self.width.value = recipe.image_shape
            for name, box in self.settings.items():
                value = getattr(recipe, name)
                if name == "weights":
                    self._offer(value)
                box.value = value
            self._show_books_terms(recipe)

    def show_shares(self, shares, recipe):
        """Show what the weights amount to; None: it is not known."""
        with self._quiet():
            of_terms = shares.of_terms(recipe) if shares else {}
            for name, control in self.weights.items():
                control.show_share(of_terms.get(name.split("_")[0]))
            of_layers = shares.of_layers(recipe) if shares else {}
            for i, row in self.layers.items():
                chosen = i in recipe.style_layers
                k = recipe.style_layers.index(i) if chosen else None
                row.weight.show_share(of_layers.get(k))
            self._show_books_terms(recipe)

    def _show_books_terms(self, recipe):
        terms = in_the_books_terms(recipe)
        if terms is None:
            self.books_terms.value = (
                "There is no content loss to measure the others by."
            )
            return
        style, tv = terms
        self.books_terms.value = (
            "In the book's terms, with a content weight of 1: style "
            f"<b>{style:.3g}</b>, TV <b>{tv:.3g}</b>."
        )

    # Parts

    def _make_layers(self):
        self.layers = {
            conv.index: LayerRow(conv, self._notify) for conv in vgg.CONVS
        }

    def _make_settings(self):
        self.height = _whole("height")
        self.width = _whole("width")
        self.own_shape = widgets.Button(
            description=_("Shape of the content picture"),
            icon="crop",
            tooltip=_(
                "Height and width in its proportions, with about as many "
                "pixels as now."
            ),
        )
        self.settings = {
            "num_epochs": _whole("epochs"),
            "lr": _number("learning rate"),
            "lr_decay_epoch": _whole("decay every (epochs)"),
            "lr_decay": _number("decay factor"),
            "init": _choice("start image", INITS),
            "seed": _whole("seed of the noise"),
            "weights": _choice("network", networks()),
            "tap": _choice("features read at", TAPS),
            "antialias": _choice(
                "pictures reduced by",
                {"averaging (Pillow)": True, "skipping (OpenCV)": False},
            ),
            "style_fit": _choice(_("style picture"), _style_fits()),
            "style_repeats": _whole("style terms repeated"),
            "optimizer": _choice("optimiser", OPTIMIZERS),
            "adam_epsilon": _choice("Adam's epsilon as in", EPSILONS),
        }
        for box in (self.height, self.width, *self.settings.values()):
            box.observe(self._notify, "value")
        if len(self.settings) + 1 + len(_TERMS) + 3 != len(fields(Recipe)):
            raise AssertionError("The recipe has a choice without a widget.")

    def _weights_page(self):
        return widgets.VBox(
            [
                *(control.row for control in self.weights.values()),
                self.calibrated,
                self.books_terms,
            ]
        )

    def _layers_page(self):
        head = widgets.HTML(
            "★ marks the book's choice. A factor weighs a style layer on top "
            "of the style weight."
        )
        rows = list(self.layers.values())
        columns = [
            widgets.VBox([_layer_header(), *(row.box for row in part)])
            for part in (rows[:8], rows[8:])
        ]
        wrap = {"flex_flow": "row wrap", "grid_gap": "0 24px"}
        return widgets.VBox([head, widgets.HBox(columns, layout=wrap)])

    def _settings_page(self):
        boxes = [self.height, self.width, self.own_shape]
        boxes += self.settings.values()
        for box in boxes:
            box.layout.width = "310px"
        wrap = {"flex_flow": "row wrap", "grid_gap": "0 24px"}
        return widgets.HBox(boxes, layout=wrap)

    def _offer(self, network):
        """Have a network among the choices that came with a recipe."""
        box, offered = self.settings["weights"], networks()
        if network not in offered.values():
            self._own_networks[network] = network
        offered |= self._own_networks
        if dict(box.options) != offered:
            box.options = list(offered.items())

    # Events

    def _notify(self, *_):
        if not self._quiet.on:
            for row in self.layers.values():
                row.weight.disabled = not row.style.value
            self._changed()

    def _turn_sliders(self, change):
        controls = [row.weight for row in self.layers.values()]
        for control in (*self.weights.values(), *controls):
            control.calibrated = change["new"]


class LayerRow:
    """One convolution: is it a style layer, how much, a content layer?"""

    def __init__(self, conv, changed):
        book = [
            kind
            for kind in ("style", "content")
            if conv.index in getattr(_BOOK, f"{kind}_layers")
        ]
        small = {"width": "20px", "margin": "0 10px"}
        self.style, self.content = (
            widgets.Checkbox(
                indent=False,
                tooltip=f"{conv.name} as a {kind} layer",
                layout=small,
            )
            for kind in ("style", "content")
        )
        for box, kind in ((self.style, "style"), (self.content, "content")):
            box.description = f"{conv.name} {kind}"
            box.add_class("d2l-bare")
        star = "★" if book else ""
        told = f"the book's {' and '.join(book)} layer" if book else ""
        name = widgets.HTML(
            f'<span title="{told}">{conv.name} {star}</span>',
            layout={"width": "76px"},
        )
        self.weight = WeightControl(
            f"factor of {conv.name}",
            (-3, 3),
            f"Factor of {conv.name} on top of the style weight.",
            changed,
            narrow=True,
        )
        for box in (self.style, self.content):
            box.observe(changed, "value")
        self.box = widgets.HBox(
            [name, self.style, self.content, self.weight.row]
        )


def networks():
    """Return {label: Recipe.weights} of the networks on this machine."""
    offered = {"auto: the best one here": "auto"}
    if bundled().is_file():
        offered["vgg19-mini, small and bundled"] = "mini"
    if cached_vgg19().is_file():
        offered["VGG-19, as in the book"] = "imagenet"
    offered["VGG-19 with random weights"] = "random"
    return offered


def _style_fits():
    return {
        _("squeezed, as in the book"): "squeeze",
        _("cropped"): "crop",
        _("its own shape"): "keep",
    }


_WIDE = {"description_width": "155px"}


def _layer_header():
    return widgets.HTML(
        '<span style="display:inline-block;width:82px"></span>'
        '<span style="display:inline-block;width:38px">style</span>'
        '<span style="display:inline-block;width:56px">content</span>'
        "<span>factor</span>"
    )


def _whole(label):
    return widgets.IntText(
        description=label, continuous_update=False, style=_WIDE
    )


def _number(label):
    return widgets.FloatText(
        description=label, continuous_update=False, style=_WIDE
    )


def _choice(label, options):
    options = list(options.items()) if isinstance(options, dict) else options
    return widgets.Dropdown(options=options, description=label, style=_WIDE)
