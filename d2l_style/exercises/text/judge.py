"""How well is the style of a sentence transferred? Figures for text.py.

    evaluate("english")                # three methods, judged
    evaluate("english", strict=True)   # the same, with an independent judge
    tradeoff("english", [1.5, 3, 6])   # content kept against style reached

Two terms pull against each other, as with pictures: copying the source keeps
all content and changes no style, taking a sentence of the other style does
the reverse. Both figures count words and know nothing of grammar or meaning,
so read the results as well.

They are kind, too: the judge learns from the sentences the method learns
from, and the settings were tuned on these corpora. Of 10 English results it
passes 9 to 10. With ``strict``, which also leaves less to learn from, it is 5
to 7, over five seeds; in Korean still 9 to 10, as a few endings make the
style, and in Vietnamese 8 to 10.
"""

import math
import numbers
import random
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from d2l_style.exercises.text.baseline import (
    LANGUAGES,
    THRESHOLD,
    check,
    check_threshold,
    corpus,
    is_ending,
    is_word,
    join,
    mean,
    other,
    ranking,
    tokens,
    transfer,
)
from d2l_style.language import invalid

# Words that say little about what a sentence is about: not counted as content.
FUNCTION_WORDS = {
    "english": "a an the i i'm i've you your we my me it it's is are am was "
    "be been to of for and or that if as at in on this with so just please "
    "would could can will do not have has",
    "korean": "저는 나는 나 저도 나도 제 내 제가 내가 저희 우리 너 좀 주 있",
    "vietnamese": "tôi tớ tao mày cậu mình em chúng quý vị khách ông bà là "
    "xin vui lòng kính thưa ạ nha nhé đi á nè đó và của cho với được rồi",
}


class NaiveBayes:
    """Tells styles apart by their words, taken as independent.

    p(style | words) is proportional to p(style) * product of p(w | style)
    with p(w | style) = (count(w in style) + l) / (words in style + l * V), V
    the number of different words, l = ``smoothing`` (Laplace's is 1), and
    p(style) its share of the sentences. Words never seen are passed over.
    """

    def __init__(self, smoothing=1.0):
        if not smoothing > 0:
            raise invalid(
                "smoothing must be above 0, not {given!r}.", given=smoothing
            )
        self.smoothing = smoothing
        self.counts = {}

    def fit(self, corpora):
        """Count {style: sequence of :func:`tokens`}; return the classifier."""
        if len(corpora) < 2 or not all(corpora.values()):
            raise invalid(
                "fit needs at least two styles, with sentences in each."
            )
        self.counts = {
            style: Counter(w for sentence in sentences for w in sentence)
            for style, sentences in corpora.items()
        }
        total = sum(map(len, corpora.values()))
        self.priors = {s: len(c) / total for s, c in corpora.items()}
        self.words = set().union(*self.counts.values())
        return self

    def probability(self, sentence, style):
        """Return p(style | sentence), 0 to 1, for a tuple of tokens."""
        if not self.counts:
            raise invalid("The classifier knows no style yet: call fit first.")
        if style not in self.counts:
            raise invalid(
                "Unknown style {style!r}. Known: {known}.",
                style=style,
                known=", ".join(self.counts),
            )
        logs = {s: self._log(sentence, s) for s in self.counts}
        return 1 / sum(
            math.exp(min(x - logs[style], 700)) for x in logs.values()
        )

    def _log(self, sentence, style):
        counts = self.counts[style]
        total = counts.total() + self.smoothing * len(self.words)
        return math.log(self.priors[style]) + sum(
            math.log((counts[w] + self.smoothing) / total)
            for w in sentence
            if w in self.words
        )


def split(sentences, seed=0, fold=0, folds=4):
    """Return (train, held out): two lists, every sentence in one of them.

    Shuffled by ``seed``, every ``folds``-th sentence is held out, beginning
    at number ``fold``: over all folds, each is held out once.
    """
    if not 0 <= fold < folds or folds < 2:
        raise invalid(
            "fold must be 0 to folds - 1 and folds at least 2, not "
            "{fold!r} of {folds!r}.",
            fold=fold,
            folds=folds,
        )
    order = list(sentences)
    random.Random(seed).shuffle(order)
    train = [s for i, s in enumerate(order) if i % folds != fold]
    return train, order[fold::folds]


def content_kept(source, result, language):
    """Return the share of the source's content words in the result, 0 to 1.

    |C(source) & C(result)| / |C(source)|, C(x) the multiset of words without
    punctuation, Korean endings and :data:`FUNCTION_WORDS`; 1 where the source
    has none. Which words were deleted is not asked: a style phrase such as
    "regret" counts as content too, so even a good result may miss 1.
    """
    have, wanted = (_content(s, language) for s in (result, source))
    return (have & wanted).total() / wanted.total() if wanted else 1.0


def _content(sentence, language):
    ignored = FUNCTION_WORDS[language].split()
    words = [w.lower() for w in tokens(sentence, language)]
    return Counter(
        w
        for w in words
        if is_word(w) and not is_ending((w,)) and w not in ignored
    )


# --- the methods that are compared -----------------------------------------


def _do_nothing(source, language, to, corpora, threshold):
    return source


def _retrieve_only(source, language, to, corpora, threshold):
    ranked = _ranking(language, tuple(corpora[to]))
    return join(ranked(tokens(source, language))[0], language)


@lru_cache(maxsize=16)
def _ranking(language, sentences):
    """Do once what is the same for every source."""
    return ranking([tokens(s, language) for s in sentences])


def _transfer(source, language, to, corpora, threshold):
    return transfer(source, language, to, corpora, threshold).result


METHODS = {
    "do nothing": _do_nothing,
    "retrieve": _retrieve_only,
    "transfer": _transfer,
}


# --- the figures -----------------------------------------------------------


def evaluate(language, seed=0, folds=4, threshold=THRESHOLD, strict=False):
    """Judge the methods on sentences they have not seen: a dict of figures.

    ``{"classifier": accuracy, "formal to casual": {method: {"style": share,
    "content": share}}, ...}``, both directions, all from 0 to 1. "classifier"
    is the share of real held-out sentences whose style the judge names, for
    the judge's own trustworthiness; "style" the share of results that it
    takes for the wanted style, "content" the mean of :func:`content_kept`.
    Methods: "do nothing" returns the source, "retrieve" the sentence nearest
    in content, "transfer" is :func:`transfer` with ``threshold``.

    Over ``folds``, a whole number of at least 2, everything is learned from
    the other sentences, and each is held out once. So the judge looks for
    the very words that the method has learned to put in. With ``strict`` the
    method learns from one third of the sentences, the judge from another,
    and the last third is tested, in turn; ``folds`` is not used. Raises
    ``ValueError`` for a language, folds or threshold that do not exist.
    """
    check(language)
    check_threshold(threshold)
    _check_folds(folds, language)
    rounds = (
        _thirds(language, seed) if strict else _folds(language, seed, folds)
    )
    right, pairs = _judge(language, rounds, threshold, METHODS)
    figures = {"classifier": mean(right)}
    for (style, name), judged in pairs.items():
        way = figures.setdefault(f"{style} to {other(language, style)}", {})
        hits, kept = zip(*judged, strict=True)
        way[name] = {"style": mean(hits), "content": mean(kept)}
    return figures


@dataclass(frozen=True)
class Tradeoff:
    """What a threshold gives: means of both directions, from 0 to 1."""

    threshold: float
    style: float  # share of results that the judge takes for the other style
    content: float  # share of the content words that results keep


def tradeoff(language, thresholds, seed=0, folds=4):
    """Return a list with a :class:`Tradeoff` for each of ``thresholds``.

    The figures are those of "transfer" in :func:`evaluate`. The higher the
    threshold, the fewer phrases count as style: more content is kept, and
    fewer results reach the other style. A very low threshold may cost style
    again, as English shows below 3: common words are taken for style, and
    the wrong ones are lent. Raises ``ValueError`` before
    anything is computed, as :func:`evaluate` does.
    """
    check(language)
    _check_folds(folds, language)
    wanted = _checked_thresholds(thresholds)
    return [_tradeoff(language, t, seed, folds) for t in wanted]


def _tradeoff(language, threshold, seed, folds):
    method = {"transfer": _transfer}
    rounds = _folds(language, seed, folds)
    pairs = _judge(language, rounds, threshold, method)[1].values()
    style, content = (
        mean(mean(pair[i] for pair in way) for way in pairs) for i in (0, 1)
    )
    return Tradeoff(float(threshold), style, content)


def _folds(language, seed, folds):
    """Yield (to learn from, for the judge, held out): {style: sentences}."""
    for fold in range(folds):
        parts = {
            s: split(corpus(language, s), seed, fold, folds)
            for s in LANGUAGES[language]
        }
        train, held_out = ({s: p[i] for s, p in parts.items()} for i in (0, 1))
        yield train, train, held_out


def _thirds(language, seed):
    """Yield the same with three parts that share no sentence, in turn."""
    a, b, c = (held_out for *_both, held_out in _folds(language, seed, 3))
    yield from ((a, b, c), (b, c, a), (c, a, b))


def _judge(language, rounds, threshold, methods):
    """Return what the judge said of real sentences, and of each result.

    A list of True or False; {(style of the source, method): [(style
    reached?, content kept), ...]}.
    """
    styles = LANGUAGES[language]
    right, pairs = [], {(s, m): [] for s in styles for m in methods}
    for learned, judged, held_out in rounds:
        judge = NaiveBayes().fit(
            {s: [tokens(t, language) for t in judged[s]] for s in styles}
        )
        for style, source in ((s, t) for s in styles for t in held_out[s]):
            to = other(language, style)
            p = judge.probability(tokens(source, language), style)
            right.append(p > 0.5)
            for name, method in methods.items():
                result = method(source, language, to, learned, threshold)
                p = judge.probability(tokens(result, language), to)
                kept = content_kept(source, result, language)
                pairs[style, name].append((p > 0.5, kept))
    return right, pairs


def _check_folds(folds, language):
    most = min(len(corpus(language, s)) for s in LANGUAGES[language])
    whole = isinstance(folds, numbers.Integral) and not isinstance(folds, bool)
    if not whole or not 2 <= folds <= most:
        raise invalid(
            "folds must be a whole number from 2 to {most}, the number "
            "of sentences, not {given!r}.",
            most=most,
            given=folds,
        )


def _checked_thresholds(thresholds):
    try:
        wanted = list(thresholds)
    except TypeError:
        wanted = []
    if not wanted or isinstance(thresholds, (str, bytes)):
        raise invalid(
            "thresholds must be a list of at least one number, such as "
            "[1.5, 3, 6], not {given!r}.",
            given=thresholds,
        )
    for threshold in wanted:
        check_threshold(threshold)
    return wanted
