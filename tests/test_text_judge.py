"""Style in text, judged: the classifier, the figures and the trade-off."""

import math
from dataclasses import FrozenInstanceError

import pytest

from d2l_style.exercises import judge, text
from d2l_style.exercises.text import LANGUAGES, baseline
from d2l_style.exercises.text.judge import NaiveBayes

A = [("please", "come"), ("please", "eat", ".")]
B = [("come", "now"), ("eat", "now", "now")]


@pytest.fixture(scope="module")
def figures():
    return {language: judge.evaluate(language) for language in LANGUAGES}


@pytest.fixture(scope="module")
def strict():
    return {lang: judge.evaluate(lang, strict=True) for lang in LANGUAGES}


def test_naive_bayes_by_hand():
    bayes = NaiveBayes().fit({"a": A, "b": B})
    # 5 words in a, 5 in b, V = 5: come, eat, now, please and the full stop.
    a = 1 / 2 * (2 + 1) / 10 * (1 + 1) / 10
    b = 1 / 2 * (0 + 1) / 10 * (1 + 1) / 10
    p = bayes.probability(("please", "come", "never-seen"), "a")
    assert p == pytest.approx(a / (a + b))
    assert bayes.probability(("please",), "a") == pytest.approx(0.75)
    half = NaiveBayes(0.5).fit({"a": A, "b": B})
    assert half.probability(("please",), "a") == pytest.approx(2.5 / 3)


def test_naive_bayes_knows_how_many_there_are():
    bayes = NaiveBayes().fit({"a": [("x",)] * 3, "b": [("x",)]})
    p = bayes.probability(("unseen",), "a")
    assert p == pytest.approx(3 / 4)
    both = [bayes.probability(("x", "x"), s) for s in "ab"]
    assert math.isclose(sum(both), 1)


def test_a_long_sentence_does_not_overflow():
    bayes = NaiveBayes().fit({"a": A, "b": B})
    assert bayes.probability(("please",) * 5000, "b") < 1e-200
    assert bayes.probability(("please",) * 5000, "a") == 1


def test_a_split_holds_out_every_sentence_once():
    names = [str(i) for i in range(30)]
    seen = []
    for fold in range(4):
        train, held = judge.split(names, seed=3, fold=fold)
        assert sorted(train + held) == sorted(names)
        assert not set(train) & set(held)
        seen += held
    assert sorted(seen) == sorted(names)
    assert judge.split(names, 3) == judge.split(names, 3)
    assert judge.split(names, 3) != judge.split(names, 4)


def test_content_kept_by_hand():
    source = "Please send the report to the dentist."
    assert judge.content_kept(source, source, "english") == 1
    assert judge.content_kept(source, "Send a report!", "english") == 2 / 3
    assert judge.content_kept(source, "Hey, run!", "english") == 0
    assert judge.content_kept("Would you?", "Run!", "english") == 1
    plain, polite = "책 읽었어.", "저는 책 읽었습니다."
    assert judge.content_kept(polite, plain, "korean") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_judge_can_be_trusted_on_real_sentences(language, figures):
    assert 0.85 <= figures[language]["classifier"] <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_trade_off_of_content_and_style(language, figures):
    a, b = LANGUAGES[language]
    for way in (f"{a} to {b}", f"{b} to {a}"):
        nothing, retrieved, moved = (
            figures[language][way][m]
            for m in ("do nothing", "retrieve", "transfer")
        )
        assert nothing["content"] == 1
        assert nothing["style"] < 0.2
        assert retrieved["style"] > 0.9
        assert retrieved["content"] < 0.4
        assert moved["style"] > nothing["style"] + 0.5
        assert moved["content"] > retrieved["content"] + 0.3
        assert moved["content"] < 1


def test_the_same_seed_gives_the_same_figures(figures):
    baseline._learn.cache_clear()
    assert judge.evaluate("english") == figures["english"]
    assert judge.evaluate("english", seed=1) != figures["english"]


def test_held_out_sentences_are_not_learned_from(monkeypatch):
    """Whoever is asked to transfer has never seen the source."""
    asked = []

    def spy(source, language, to, corpora, threshold):
        asked.append(source)
        assert all(source not in sentences for sentences in corpora.values())
        return source

    monkeypatch.setattr(judge, "METHODS", {"spy": spy})
    judge.evaluate("english")
    both = (text.corpus("english", s) for s in LANGUAGES["english"])
    assert sorted(asked) == sorted(s for c in both for s in c)


# --- an independent judge --------------------------------------------------


def test_three_thirds_in_turn_share_no_sentence():
    rounds = list(judge._thirds("english", seed=5))
    assert len(rounds) == 3
    for style in LANGUAGES["english"]:
        everything = sorted(text.corpus("english", style))
        for thirds in rounds:  # those of one round
            assert sorted(s for t in thirds for s in t[style]) == everything
        for role in zip(*rounds, strict=True):  # learned, judged or tested
            assert sorted(s for t in role for s in t[style]) == everything


def test_strict_keeps_method_judge_and_test_apart(monkeypatch):
    judged, asked = set(), []

    def spy(source, language, to, corpora, threshold):
        learned = {
            text.tokens(s, language) for c in corpora.values() for s in c
        }
        own = text.tokens(source, language)
        assert len(learned) > 40
        assert len(judged) > 40
        assert not learned & judged
        assert own not in learned | judged
        asked.append(source)
        return source

    class Watched(NaiveBayes):
        def fit(self, corpora):
            judged.clear()
            judged.update(s for part in corpora.values() for s in part)
            return super().fit(corpora)

    monkeypatch.setattr(judge, "METHODS", {"spy": spy})
    monkeypatch.setattr(judge, "NaiveBayes", Watched)
    judge.evaluate("english", strict=True)
    both = (text.corpus("english", s) for s in LANGUAGES["english"])
    assert sorted(asked) == sorted(s for c in both for s in c)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_strict_judge_is_less_kind(language, figures, strict):
    a, b = LANGUAGES[language]
    assert 0.85 <= strict[language]["classifier"] <= 1
    ways = (f"{a} to {b}", f"{b} to {a}")
    kind, fair = (
        sum(f[language][way]["transfer"]["style"] for way in ways) / 2
        for f in (figures, strict)
    )
    assert fair < kind
    for way in ways:
        nothing = strict[language][way]["do nothing"]
        moved = strict[language][way]["transfer"]
        assert nothing["content"] == 1
        assert moved["style"] > nothing["style"] + 0.4


# --- the trade-off ---------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_higher_threshold_keeps_content_and_loses_style(language):
    low, middle, high = judge.tradeoff(language, [1.5, 3.9, 100])
    assert (low.threshold, middle.threshold, high.threshold) == (1.5, 3.9, 100)
    assert low.content < middle.content < high.content
    assert low.style > 0.8
    assert middle.style > high.style
    assert high.content > 0.99
    assert high.style < 0.2


def test_the_trade_off_is_the_mean_of_both_directions(figures):
    (point,) = judge.tradeoff("korean", (t for t in [text.THRESHOLD]))
    ways = [v for k, v in figures["korean"].items() if " to " in k]
    for name in ("style", "content"):
        both = sum(way["transfer"][name] for way in ways) / 2
        assert getattr(point, name) == pytest.approx(both)
    with pytest.raises(FrozenInstanceError):
        point.style = 1


def test_evaluate_hands_the_threshold_on(figures):
    other = judge.evaluate("korean", threshold=100)
    for way in ("polite to plain", "plain to polite"):
        assert other[way]["retrieve"] == figures["korean"][way]["retrieve"]
        assert other[way]["transfer"]["style"] < 0.2


# --- what a learner may get wrong ------------------------------------------


@pytest.mark.parametrize("language", ["latin", None, "", "English"])
def test_an_unknown_language_says_which_there_are(language):
    told = "There are: english, korean, vietnamese"
    with pytest.raises(ValueError, match=told):
        judge.evaluate(language)
    with pytest.raises(ValueError, match=told):
        judge.tradeoff(language, [3])


@pytest.mark.parametrize("threshold", [0, -1, math.nan, math.inf, "3", None])
def test_nonsense_is_no_threshold(threshold):
    told = "threshold must be a finite number above 0"
    with pytest.raises(ValueError, match=told):
        judge.evaluate("english", threshold=threshold)
    with pytest.raises(ValueError, match=told):
        judge.tradeoff("english", [3, threshold])


@pytest.mark.parametrize("thresholds", [[], 3, None, "123", b"123", iter(())])
def test_thresholds_are_a_list_of_numbers(thresholds):
    with pytest.raises(ValueError, match="list of at least one number"):
        judge.tradeoff("english", thresholds)


@pytest.mark.parametrize("folds", [0, 1, -4, 2.5, "4", None, True, 1000])
def test_folds_are_a_whole_number(folds):
    told = "whole number from 2 to"
    with pytest.raises(ValueError, match=told):
        judge.evaluate("english", folds=folds)
    with pytest.raises(ValueError, match=told):
        judge.tradeoff("english", [3], folds=folds)


def test_wrong_numbers_and_corpora_are_sentences():
    with pytest.raises(ValueError, match="smoothing must be above 0"):
        NaiveBayes(0)
    with pytest.raises(ValueError, match="at least two styles"):
        NaiveBayes().fit({"a": A})
    with pytest.raises(ValueError, match="call fit first"):
        NaiveBayes().probability(("a",), "a")
    with pytest.raises(ValueError, match="Unknown style 'c'. Known: a, b"):
        NaiveBayes().fit({"a": A, "b": B}).probability(("a",), "c")
    with pytest.raises(ValueError, match="folds at least 2"):
        judge.split(["a"], fold=4)
