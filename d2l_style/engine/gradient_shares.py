"""What a weight amounts to: the share its loss has in the gradient.

The raw weights mean different things in every layer, size and network. The
length of the weighted gradient, relative to the others', does not. It is
measured halfway between the content and the style picture: at the content
picture itself, where runs start, the content loss has no gradient at all.
"""

from dataclasses import dataclass

import numpy as np

TERMS = ("content", "style", "tv")
LEAST, MOST = 1e-4, 0.999  # shares that a weight can be asked to have


@dataclass(frozen=True)
class Shares:
    """Inner products of the losses' gradients, from which shares follow.

    ``products`` is (n, n): content layers, style layers, TV, unweighted.
    It belongs to the pictures, layers, tap, size and network of a recipe;
    weights may differ.
    """

    products: np.ndarray
    num_contents: int

    @classmethod
    def of(cls, synthesis):
        """Return those of a :class:`~d2l_style.engine.base.SynthesisBase`.

        Costs about as much as an epoch for every loss.
        """
        gradients = synthesis.gradients(halfway(synthesis))
        G = np.stack([g.ravel() for g in gradients]).astype(np.float64)
        return cls(G @ G.T, len(synthesis.recipe.content_layers))

    def lengths(self, recipe):
        """Return each term's gradient length without its weight: a dict."""
        factors = self._factors(recipe)
        return {
            term: float(np.sqrt(max(f @ self.products @ f, 0.0)))
            for term, f in zip(TERMS, factors, strict=True)
        }

    def of_terms(self, recipe):
        """Return the shares of content, style and TV: {term: 0 to 1}."""
        weights = weights_of(recipe)
        lengths = self.lengths(recipe)
        return _normalised({t: weights[t] * lengths[t] for t in TERMS})

    def of_layers(self, recipe):
        """Return the share of each style layer among the style layers."""
        n, m = self.num_contents, len(recipe.style_layers)
        own = np.sqrt(np.diag(self.products)[n : n + m])
        lengths = own * _layer_weights(recipe)
        return _normalised(dict(enumerate(lengths)))

    def weight(self, recipe, term, share):
        """Return the weight that gives ``term`` this share, others as is.

        w = share / (1 - share) * (sum of the others' weighted lengths) /
        (length). The share is kept within LEAST and MOST. Where nothing else
        has a gradient or the term has none, there is no such weight: None.
        """
        lengths, weights = self.lengths(recipe), weights_of(recipe)
        others = sum(weights[t] * lengths[t] for t in TERMS if t != term)
        return _solved(share, others, lengths[term])

    def layer_weight(self, recipe, i, share):
        """Return the factor that gives style layer ``i`` this share.

        None if there is none, as in :meth:`weight`.
        """
        n, factors = self.num_contents, _layer_weights(recipe)
        own = np.sqrt(np.diag(self.products)[n : n + len(factors)])
        others = sum(own * factors) - own[i] * factors[i]
        return _solved(share, others, own[i])

    def _factors(self, recipe):
        """Return three vectors (n,): which gradients make up each term."""
        n, m = self.num_contents, len(recipe.style_layers)
        content, style, tv = np.zeros((3, len(self.products)))
        content[:n] = 1
        style[n : n + m] = _layer_weights(recipe)
        tv[n + m] = 1
        return content, style, tv


def weights_of(recipe):
    """Return {term: weight}, style with its repeats."""
    return {
        "content": recipe.content_weight,
        "style": recipe.style_weight * recipe.style_repeats,
        "tv": recipe.tv_weight,
    }


def in_the_books_terms(recipe):
    """Return (style, TV) weights of the same run with a content weight of 1.

    Adam forgets the scale of the loss, so dividing all weights by one number
    changes nothing. None without a content loss to compare with.
    """
    if not recipe.content_layers or not recipe.content_weight:
        return None
    weights = weights_of(recipe)
    return tuple(weights[t] / recipe.content_weight for t in ("style", "tv"))


def halfway(synthesis):
    """Return the mean of content and style picture, standardised."""
    both = (synthesis.first_array(init) for init in ("content", "style"))
    return sum(both) / 2


def _layer_weights(recipe):
    return np.array(list(recipe.style_factors.values()), np.float64)


def _normalised(lengths):
    total = sum(lengths.values())
    return {k: float(v / total) if total else 0.0 for k, v in lengths.items()}


def _solved(share, others, length):
    if others <= 0 or length <= 0:
        return None
    share = min(max(share, LEAST), MOST)
    return float(share / (1 - share) * others / length)
