"""Questions to answer before the cell below them is run.

    ask("content-layer")

Whoever has said what will happen looks closer at what does. Every answer,
right or wrong, gets a sentence; nothing is counted.
"""

import html
from dataclasses import dataclass

import ipywidgets as widgets

from d2l_style.exercises.verdict import right, wrong
from d2l_style.language import N_, _, invalid
from d2l_style.machine.figures import guard_figures


@dataclass(frozen=True)
class Option:
    text: str
    reply: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    text: str
    options: tuple


QUESTIONS = {
    "content-layer": Question(
        N_(
            "The content layer moves from conv4_4 down to conv1_2; all else "
            "stays. What will the result look like?"
        ),
        (
            Option(
                N_("Further from the photo: objects lose their places."),
                N_(
                    "It is the other way round. How many pixels does one "
                    "feature of conv1_2 see?"
                ),
            ),
            Option(
                N_("Closer to the photo, edge by edge."),
                N_(
                    "Yes. A feature of conv1_2 sees 5 x 5 pixels, so it holds "
                    "each edge in its place, as far as the style lets it."
                ),
                right=True,
            ),
            Option(
                N_("Just the same: the weight has not changed."),
                N_(
                    "The weight is the same, but what it weighs is not. Run "
                    "the sweep and compare."
                ),
            ),
        ),
    ),
    "style-layer": Question(
        N_(
            "Only one style layer is left, conv1_1 or conv5_1. Which of the "
            "two brings the painting's colours, but no large shapes?"
        ),
        (
            Option(
                N_("conv5_1"),
                N_(
                    "The deep layer knows large patterns and cares little "
                    "for the exact colour. Look at both columns."
                ),
            ),
            Option(
                N_("conv1_1"),
                N_(
                    "Yes. It sees 3 x 3 pixels: colours and their nearest "
                    "neighbours, and nothing larger."
                ),
                right=True,
            ),
            Option(
                N_("Both bring the same, only not equally much."),
                N_("Run the sweep and look at the colours of the sky."),
            ),
        ),
    ),
    "gram-sign": Question(
        N_(
            "One of two Gram matrices of the same layer has no negative "
            "entry: one was made before the ReLU, one after it. Which?"
        ),
        (
            Option(
                N_("The one before the ReLU: squares are never negative."),
                N_(
                    "Squares stand on the diagonal only. The other entries "
                    "multiply two channels."
                ),
            ),
            Option(
                N_("The one after the ReLU."),
                N_(
                    "Yes: no feature is negative there, so no product is. "
                    "Before the ReLU, two channels can also disagree."
                ),
                right=True,
            ),
            Option(
                N_("Either: it depends on the picture."),
                N_("Think of the smallest value that a ReLU lets through."),
            ),
        ),
    ),
    "times-ten": Question(
        N_(
            "All three weights are multiplied by ten. What happens to the "
            "picture after the same number of epochs?"
        ),
        (
            Option(
                N_("It changes ten times faster."),
                N_(
                    "It would with plain gradient descent. But Adam is not "
                    "plain: how long is its first step?"
                ),
            ),
            Option(
                N_("It becomes noisier: all forces are stronger."),
                N_(
                    "All of them are, in proportion: where they balance "
                    "stays the same."
                ),
            ),
            Option(
                N_("Nearly nothing."),
                N_(
                    "Yes. The minimum depends on the ratios of the weights, "
                    "and Adam divides the gradient by its own size."
                ),
                right=True,
            ),
        ),
    ),
    "squeezed": Question(
        N_(
            "A style picture three times as wide as high is squeezed into "
            "the photo's shape. Its round strokes become ..."
        ),
        (
            Option(
                N_("... tall and narrow, and so do those in the result."),
                N_(
                    "Yes, if only slightly: the Gram matrices describe the "
                    "squeezed picture, since the network never saw another."
                ),
                right=True,
            ),
            Option(
                N_("... round again, since the Gram matrix forgets places."),
                N_("It forgets where a stroke was, not what it looked like."),
            ),
            Option(
                N_("... flat and wide."),
                N_("Which side has to lose more pixels?"),
            ),
        ),
    ),
    "start": Question(
        N_(
            "The same recipe starts from the content picture, from noise, "
            "and from the style picture. After the same epochs, which "
            "result has the least of the photo?"
        ),
        (
            Option(
                N_("The one from the style picture."),
                N_(
                    "Nearly. It starts with the wrong picture, but a smooth "
                    "one. Run the sweep and look at the numbers."
                ),
            ),
            Option(
                N_("All have the same: the loss is the same."),
                N_(
                    "They would if there were one minimum, and enough epochs "
                    "to find it."
                ),
            ),
            Option(
                N_("The one from noise."),
                N_(
                    "Yes. The content loss has to build the photo out of "
                    "nothing, and the noise has to go at the same time."
                ),
                right=True,
            ),
        ),
    ),
    "text-gram": Question(
        N_(
            "In a picture the Gram matrix describes the style. What takes "
            "its place in the text baseline?"
        ),
        (
            Option(
                N_("How often a style uses each phrase, wherever it stands."),
                N_(
                    "Yes: counts that forget the place, like the sums in the "
                    "Gram matrix."
                ),
                right=True,
            ),
            Option(
                N_("The words that are left when the style is deleted."),
                N_("That is the content. What was deleted, and why that?"),
            ),
            Option(
                N_("The grammar of the sentence."),
                N_("It would be good to have. The baseline knows none."),
            ),
        ),
    ),
}


def ask(name):
    """Return a question as a widget: options, and a reply to the chosen one.

    ``name`` is one of :data:`QUESTIONS`, else ``ValueError``.
    """
    if name not in QUESTIONS:
        raise invalid(
            "There is no question {name!r}. There are: {valid}.",
            name=name,
            valid=", ".join(QUESTIONS),
        )
    question = QUESTIONS[name]
    choice = widgets.RadioButtons(
        options=[(_(o.text), i) for i, o in enumerate(question.options)],
        value=None,
        layout={"width": "auto"},
    )
    reply = widgets.HTML()

    def answered(change):
        if change["new"] is None:
            return
        option = question.options[change["new"]]
        said = (right if option.right else wrong)(_(option.reply))
        reply.value = said._repr_html_()

    choice.observe(answered, "value")
    prompt = f"<b>{html.escape(_(question.text))}</b>"
    box = widgets.VBox([widgets.HTML(prompt), choice, reply])
    guard_figures(box)
    return box
