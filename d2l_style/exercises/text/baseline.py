"""The chapter's last exercise: can style be transferred to text?

A baseline to read in ten minutes, after Li, Jia, He and Liang, "Delete,
Retrieve, Generate: A Simple Approach to Sentiment and Style Transfer", NAACL
2018. A sentence is content plus a few phrases that carry its style:

    sentence -> delete its style's phrases -> content with gaps
             -> retrieve a sentence of the other style, near in content
             -> generate: put that sentence's phrases into the gaps

    text.transfer(
        "We would like to visit the museum on Friday.", "english", "casual"
    ).result  # "I'm gonna visit the museum on Friday."
    text.transfer(
        "The park is rather beautiful.", "english", "casual"
    ).result  # "Let's just the park is it's super beautiful."
    print(text.explain("The room is super small.", "english", "formal"))

How well it does is measured in judge.py; korean.py takes verb endings off.

What it cannot do. It knows neither grammar nor meaning: phrases land where
they do not agree with their neighbours and bring a meaning along that the
source did not have, a "not" may come or go, a request become an order. Of
Korean verbs, irregular ones go wrong (추워 becomes 추웁니다), and honorific
words stay. Nothing is trained but counts, on some 75 sentences a style that
we wrote for this purpose; words never seen there carry no style. Read the
results yourself. The paper's best variants generate with a recurrent network.
For what came after, see the survey of Hu, Lee, Aggarwal and Zhang, "Text
Style Transfer: A Review and Experimental Evaluation",
doi 10.1145/3544903.3544906.
"""

import math
import numbers
import re
import sys
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from d2l_style.exercises.text.korean import (
    is_ending,
    nfc,
    split_ending,
    with_ending,
)
from d2l_style.exercises.text.steps import Explanation
from d2l_style.language import invalid

LANGUAGES = {
    "english": ("formal", "casual"),
    "korean": ("polite", "plain"),
    "vietnamese": ("formal", "casual"),
}
GAP = "[…]"  # no sentence has such a token
LONGEST = {"english": 3, "korean": 1, "vietnamese": 3}  # words in a phrase
SMOOTHING, THRESHOLD = 1.0, 3.9  # of the salience; tuned, as in the paper
NEIGHBOURS = 20  # retrieved sentences that are tried


def corpus(language, style):
    """Return the sentences of a style: a tuple of strings, in NFC."""
    check(language, style)
    path = Path(__file__).parent / "corpora" / f"{language}-{style}.txt"
    return tuple(path.read_text("utf-8").split("\n")[:-1])


def tokens(sentence, language):
    """Return the words and punctuation marks of a sentence: a tuple.

    The first letter becomes small, since it says where the word stands.
    Vietnamese is written in syllables; phrases of several make its words.

    Korean style sits in the ending of the last verb: 갑니다 and 가요 are
    polite, 가 is plain. So the word before a sentence's closing mark is split
    into stem and ending, 가 + -습니다, 가 + -어요, 가 + -어. Under one name
    each, they can stand for each other whatever the stem. The split is made
    between letters (jamo, Unicode NFD), as ᆸ belongs to the ending; 해 is
    하 + -어. :func:`join` does the reverse.
    """
    check(language)
    if not isinstance(sentence, str) or not re.search(r"\w", sentence):
        raise invalid(
            "The sentence must be a string with at least one word, such "
            "as {example!r}, not {given!r}.",
            example=corpus(language, LANGUAGES[language][0])[0],
            given=sentence,
        )
    text = nfc(sentence).replace("’", "'").strip()
    if not re.match(r"I\b", text):
        text = text[0].lower() + text[1:]
    found = re.findall(r"\w+(?:['-]\w+)*|[^\w\s]", text)
    if language == "korean":
        last = max(i for i, t in enumerate(found) if is_word(t))
        found[last : last + 1] = split_ending(found[last])
    return tuple(found)


def join(words, language):
    """Return tokens as a sentence; Korean endings agree with their stems."""
    out = []
    for word in words:
        if word.startswith("-") and out and language == "korean":
            out[-1] = with_ending(out[-1], word)
        elif out and not is_word(word):
            out[-1] = out[-1].rstrip(",;") + word
        elif is_word(word):
            out.append(word)
    text = " ".join(out)
    if language == "english":
        text = re.sub(r"\bi\b", "I", text)
    return text[:1].upper() + text[1:]


def salience(corpus_a, corpus_b, n=3, smoothing=SMOOTHING):
    """Return how much more often a than b says each phrase: {n-gram: score}.

    score(u) = (count_a(u) + l) / (count_b(u) + l), l = ``smoothing`` > 0, for
    the n-grams u of 1 to ``n`` words in a, without punctuation: above 1 for
    what is typical of a (Li et al. 2018, equation 1). Corpora are sequences
    of :func:`tokens`.
    """
    if n < 1 or not smoothing > 0:
        raise invalid(
            "n must be at least 1 and smoothing above 0, not {n!r} and "
            "{smoothing!r}.",
            n=n,
            smoothing=smoothing,
        )
    a = Counter(u for s in corpus_a for u in _ngrams(s, n))
    b = Counter(u for s in corpus_b for u in _ngrams(s, n))
    return {u: (a[u] + smoothing) / (b[u] + smoothing) for u in a}


def delete(sentence, scores, threshold=THRESHOLD):
    """Return (content, markers): what is left with gaps, what was deleted.

    From left to right, the longest phrase whose score is at least
    ``threshold`` becomes a :data:`GAP`; neighbouring gaps become one.
    ``sentence`` is a tuple of tokens, and so are the content and each marker.
    Raises ``ValueError`` if ``threshold`` is no finite number above 0.
    """
    check_threshold(threshold)
    longest = max(map(len, scores), default=0)
    content, markers, i = [], [], 0
    while i < len(sentence):
        phrases = (tuple(sentence[i : i + n]) for n in range(longest, 0, -1))
        typical = (p for p in phrases if scores.get(p, 0) >= threshold)
        phrase = next(typical, None)
        if phrase is None:
            content.append(sentence[i])
            i += 1
            continue
        side_by_side = content[-1:] == [GAP]
        if side_by_side and is_ending(phrase) == is_ending(markers[-1]):
            markers[-1] += phrase
        else:
            content.append(GAP)
            markers.append(phrase)
        i += len(phrase)
    return tuple(content), tuple(markers)


def retrieve(content, corpus_b, scores=None, k=1, threshold=THRESHOLD):
    """Return the sentence of ``corpus_b`` whose content is nearest.

    Nearest is the greatest cosine, 0 to 1, between vectors with an entry
    tf(w) * idf(w) for each word, tf(w) its count in the sentence, idf(w) =
    log((1 + N) / (1 + number of the N sentences with w)) + 1. With ``scores``
    their phrases are deleted from ``corpus_b`` before. Of equals the first
    counts. With ``k`` > 1 a list of the k nearest, best first.
    """
    best = ranking(corpus_b, scores, threshold)(content)[:k]
    return best[0] if k == 1 else best


def ranking(corpus_b, scores=None, threshold=THRESHOLD):
    """Return a function of content: ``corpus_b``, the nearest first.

    As in :func:`retrieve`; what is the same for all contents is done once.
    """
    if not corpus_b:
        raise invalid("There is no sentence to retrieve: corpus_b is empty.")
    contents = [delete(s, scores or {}, threshold)[0] for s in corpus_b]
    seen = Counter(w for s in contents for w in set(s))

    def vector(words):
        return {
            w: tf * (math.log((1 + len(contents)) / (1 + seen[w])) + 1)
            for w, tf in Counter(words).items()
            if w not in (GAP, ".", ",", "!")
        }

    vectors = [vector(s) for s in contents]
    lengths = [math.hypot(*v.values()) for v in vectors]

    def ranked(content):
        u = vector(content)
        length = math.hypot(*u.values())

        def cosine(i):
            product = sum(u[w] * vectors[i].get(w, 0) for w in u)
            return product / (length * lengths[i]) if product else 0.0

        order = sorted(range(len(vectors)), key=lambda i: -cosine(i))
        return [corpus_b[i] for i in order]

    return ranked


@dataclass(frozen=True)
class Transfer:
    """A sentence in two styles, and how one came from the other."""

    source: str
    markers: tuple  # phrases deleted from the source
    retrieved: str  # the sentence of the other style that lent its phrases
    result: str


def transfer(sentence, language, to, corpora=None, threshold=THRESHOLD):
    """Return ``sentence`` in the style ``to``: a :class:`Transfer`.

    ``corpora`` = {style: sentences} to learn from; by default all there are.
    ``threshold`` is the salience from which on a phrase counts as style. Of
    the :data:`NEIGHBOURS` nearest sentences, the one is kept with the
    greatest fluency - misfit: misfit as in :func:`generate`, fluency the mean
    log of how often neighbouring words are neighbours in the style ``to``.
    Raises ``ValueError`` for a language, a style, a sentence, corpora or a
    threshold that will not do.
    """
    return explain(sentence, language, to, corpora, threshold).done


def explain(sentence, language, to, corpora=None, threshold=THRESHOLD):
    """Return :func:`transfer` step by step: an :class:`Explanation`.

    Shown by ``print``, and by Jupyter where it ends a cell.
    """
    known = _learned(language, to, corpora, threshold)
    content, markers = delete(
        tokens(sentence, language), known.leaves, threshold
    )
    lender, made = _best(content, markers, known, threshold)
    done = Transfer(
        sentence,
        tuple(" ".join(m) for m in markers),
        join(lender, language),
        join(made, language),
    )
    lent = delete(lender, known.wanted, threshold)
    return Explanation(done, _pieces(content, markers), _pieces(*lent))


def _best(content, markers, known, threshold):
    """Return (retrieved, result) with the greatest fluency - misfit."""
    best, retrieved = -math.inf, known.theirs[0]
    result = _refilled(content, markers)
    for lender in known.ranked(content)[:NEIGHBOURS]:
        made, misfit = generate(
            content, markers, lender, known.wanted, threshold
        )
        score = known.fluency(made) - misfit
        if score > best and any(map(is_word, made)):
            best, retrieved, result = score, lender, made
    return retrieved, result


class _Known(NamedTuple):
    """What is learned from two corpora."""

    theirs: list  # the tokens of each sentence of the wanted style
    leaves: dict  # saliences of the source's style
    wanted: dict  # saliences of the wanted style
    ranked: object  # a function, see ranking
    fluency: object  # a function, see _fluency


def _learned(language, to, corpora, threshold):
    """Check what was handed in, and learn from it."""
    check(language, to)
    check_threshold(threshold)
    styles = LANGUAGES[language]
    corpora = corpora or {s: corpus(language, s) for s in styles}
    if set(corpora) != set(styles):
        raise invalid(
            "corpora must have sentences of the styles {styles}, not of "
            "{given}.",
            styles=", ".join(styles),
            given=list(corpora),
        )
    ours, theirs = (tuple(corpora[s]) for s in (other(language, to), to))
    return _learn(language, ours, theirs, threshold)


@lru_cache(maxsize=16)
def _learn(language, ours, theirs, threshold):
    """Learn, and keep it for the next sentence."""
    ours = [tokens(s, language) for s in ours]
    theirs = [tokens(s, language) for s in theirs]
    n = LONGEST[language]
    leaves, wanted = salience(ours, theirs, n), salience(theirs, ours, n)
    ranked = ranking(theirs, wanted, threshold)
    return _Known(theirs, leaves, wanted, ranked, _fluency(theirs))


def generate(content, markers, retrieved, scores, threshold=THRESHOLD):
    """Return (tokens, misfit): ``content``, its gaps filled, and how badly.

    Each gap takes the phrase of ``retrieved`` whose place, from 0 for the
    beginning of a sentence to 1 for its end, is nearest and at most 0.5 away;
    a gap that finds none closes. Phrases left over go in only where they
    begin or end ``retrieved``. A Korean ending takes the place of an ending
    alone, and stays where there is no other. "." and "!" at the end are
    exchanged; "?" belongs to the meaning.

    The misfit, 0 or more, sums the distances, 1 for each gap and each phrase
    without a partner, and 9 where ``retrieved`` has nothing to lend or
    fewer than two words besides.
    """
    lender, phrases = delete(retrieved, scores, threshold)
    free = list(zip(_places(lender), phrases, strict=True))
    poor = not free or sum(map(is_word, lender)) < 2
    out, misfit = [], 9.0 * poor
    for place, old in _slots(content, markers):
        if place is None:
            out.extend(old)
            continue
        distance, partner = _partner(free, place, is_ending(old))
        if partner:
            free.remove(partner)
            out.extend(partner[1])
        elif is_ending(old):
            out.extend(old)
        misfit += distance
    _add_at_the_ends(out, free, comma=lender[1:2] == (",",))
    if out and out[-1] in ".!" and retrieved[-1] in ".!":
        out[-1] = retrieved[-1]
    return tuple(out), misfit + len(free)


def _slots(content, markers):
    """Yield (place, what was there) of gaps, (None, word) of what stays."""
    places, markers = iter(_places(content)), iter(markers)
    for word in content:
        if word == GAP:
            yield next(places), next(markers)
        elif is_ending((word,)):  # fits any ending, typical of a style or not
            yield 1, (word,)
        else:
            yield None, (word,)


def _partner(free, place, ending):
    """Return (distance, the nearest of ``free``), or (1, None) if too far."""
    fit = (f for f in free if is_ending(f[1]) == ending)
    near = min(((abs(f[0] - place), *f) for f in fit), default=(1,))
    return (near[0], near[1:]) if near[0] <= 0.5 else (1, None)


def _add_at_the_ends(out, free, comma):
    """Put phrases that begin or end a sentence where they belong."""
    for place, phrase in free:
        if place == 0 and not is_ending(phrase):
            out[:0] = phrase + (",",) * comma
        elif place == 1 and not is_ending(phrase):
            end = len(out) - bool(out and not is_word(out[-1]))
            out[end:end] = phrase


# --- small helpers ---------------------------------------------------------


def check(language, style=None):
    """Raise ``ValueError`` where there is no such language or style."""
    if language not in LANGUAGES:
        raise invalid(
            "Unknown language {given!r}. There are: {known}.",
            given=language,
            known=", ".join(LANGUAGES),
        )
    if style is not None and style not in LANGUAGES[language]:
        raise invalid(
            "Unknown style {given!r}. In {language} there are: {known}.",
            given=style,
            language=language,
            known=", ".join(LANGUAGES[language]),
        )


def check_threshold(threshold):
    """Raise ``ValueError`` for what is no finite number above 0."""
    number = isinstance(threshold, numbers.Real)
    number = number and not isinstance(threshold, bool)
    if not number or not 0 < threshold <= sys.float_info.max:
        raise invalid(
            "threshold must be a finite number above 0, such as "
            "{default}, not {given!r}. The higher, the fewer phrases "
            "count as style.",
            default=THRESHOLD,
            given=threshold,
        )


def other(language, style):
    """Return the other style of a language."""
    a, b = LANGUAGES[language]
    return a if style == b else b


def is_word(token):
    """Is it a word, or Korean ending, and not a mark or a gap?"""
    return token != GAP and bool(re.search(r"\w", token))


def _ngrams(words, n):
    """Yield all n-grams of 1 to n words that have no punctuation within."""
    for k in range(1, n + 1):
        for i in range(len(words) - k + 1):
            if all(map(is_word, words[i : i + k])):
                yield tuple(words[i : i + k])


def _places(content):
    """Return where the gaps are: shares of the words that stand before."""
    words = [i for i, w in enumerate(content) if is_word(w)]
    return [
        sum(j < i for j in words) / max(len(words), 1)
        for i, w in enumerate(content)
        if w == GAP
    ]


def _pieces(content, markers):
    """Return ((words, is it style?), ...): markers back in their gaps."""
    markers = iter(markers)
    return tuple(
        (next(markers), True) if word == GAP else ((word,), False)
        for word in content
    )


def _refilled(content, markers):
    return tuple(
        w for words, _style in _pieces(content, markers) for w in words
    )


def _fluency(corpus):
    """Return a function of tokens: their mean log p(word | word before)."""
    padded = [("", *s) for s in corpus]
    pairs = Counter(p for s in padded for p in zip(s, s[1:], strict=False))
    single = Counter(w for s in padded for w in s)
    size = len(single)

    def fluency(words):
        return mean(
            math.log(
                (pairs[p] + single[p[1]] / size) / (single[p[0]] + 1) + 1e-4
            )
            for p in zip(("", *words), words, strict=False)
        )

    return fluency


def mean(values):
    """Return the mean of numbers, 0.0 if there are none."""
    values = list(values)
    return sum(values) / len(values) if values else 0.0
