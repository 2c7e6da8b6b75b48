"""Style in text: the corpora, every step by hand, and the trade-off."""

import math
import unicodedata
from dataclasses import FrozenInstanceError

import pytest

from d2l_style.exercises import text
from d2l_style.exercises.text import GAP, LANGUAGES, NaiveBayes

ALL = [(lang, style) for lang, pair in LANGUAGES.items() for style in pair]


@pytest.fixture(scope="module")
def figures():
    return {language: text.evaluate(language) for language in LANGUAGES}


# --- the corpora -----------------------------------------------------------


@pytest.mark.parametrize(("language", "style"), ALL)
def test_sentences_are_many_different_and_clean(language, style):
    sentences = text.corpus(language, style)
    assert len(sentences) >= 70
    assert len({s.casefold() for s in sentences}) == len(sentences)
    for s in sentences:
        assert s == s.strip() == unicodedata.normalize("NFC", s)
        assert s[-1] in ".?!"
        assert "  " not in s
        assert len(s) >= 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_in_both_styles(language):
    a, b = (
        {text.tokens(s, language) for s in text.corpus(language, style)}
        for style in LANGUAGES[language]
    )
    assert not a & b


def test_the_languages_are_written_in_their_letters():
    for style in LANGUAGES["korean"]:
        for s in text.corpus("korean", style):
            assert any("가" <= c <= "힣" for c in s)
    for style in LANGUAGES["vietnamese"]:
        assert all(not s.isascii() for s in text.corpus("vietnamese", style))
    for style in LANGUAGES["english"]:
        assert all(s.isascii() for s in text.corpus("english", style))


# --- tokens ----------------------------------------------------------------


def test_words_and_marks():
    found = text.tokens("Well, I don’t know!", "english")
    assert found == ("well", ",", "I", "don't", "know", "!")
    assert text.tokens("I'm in.", "english") == ("I'm", "in", ".")


@pytest.mark.parametrize(
    ("word", "stem", "ending"),
    [
        ("갑니다", "가", "-습니다"),
        ("먹습니다", "먹", "-습니다"),
        ("가요", "가", "-어요"),
        ("먹어요", "먹", "-어요"),
        ("했어", "했", "-어"),
        ("해요", "하", "-어요"),
        ("해", "하", "-어"),
        ("마셔", "마시", "-어"),
        ("줘", "주", "-어"),
        ("학생이에요", "학생이", "-어요"),
        ("학생입니다", "학생이", "-습니다"),
        ("얼마야", "얼마이", "-어"),
        ("갈게", "가", "-을게"),
    ],
)
def test_a_korean_ending_comes_off_and_back(word, stem, ending):
    assert text.tokens(f"나 {word}.", "korean") == ("나", stem, ending, ".")
    assert text.join(("나", stem, ending, "."), "korean") == f"나 {word}."


def test_an_ending_agrees_with_another_stem():
    assert text.join(("가", "-습니다"), "korean") == "갑니다"
    assert text.join(("먹", "-습니다"), "korean") == "먹습니다"
    assert text.join(("좋", "-어"), "korean") == "좋아"
    assert text.join(("있", "-어"), "korean") == "있어"
    assert text.join(("요리이", "-어요"), "korean") == "요리예요"


@pytest.mark.parametrize(("language", "style"), ALL)
def test_joining_undoes_splitting(language, style):
    for s in text.corpus(language, style):
        assert text.join(text.tokens(s, language), language) == s


# --- delete, retrieve, generate --------------------------------------------

A = [("please", "come"), ("please", "eat", ".")]
B = [("come", "now"), ("eat", "now", "now")]


def test_salience_by_hand():
    scores = text.salience(A, B, n=2, smoothing=1)
    assert scores == {
        ("please",): (2 + 1) / (0 + 1),
        ("come",): (1 + 1) / (1 + 1),
        ("eat",): (1 + 1) / (1 + 1),
        ("please", "come"): 2.0,
        ("please", "eat"): 2.0,
    }
    assert text.salience(B, A, n=1, smoothing=0.5)["now",] == 3.5 / 0.5


def test_delete_leaves_gaps():
    scores = {("please",): 5.0, ("you", "know"): 4.0, ("know",): 1.0}
    content, markers = text.delete(
        ("please", "eat", "you", "know", "please", "know"), scores, 4
    )
    assert content == (GAP, "eat", GAP, "know")
    assert markers == (("please",), ("you", "know", "please"))
    assert text.delete(("eat",), scores, 4) == (("eat",), ())


def test_the_longest_phrase_is_deleted():
    scores = {("a",): 9.0, ("a", "b"): 4.0}
    assert text.delete(("a", "b"), scores, 4)[1] == (("a", "b"),)
    assert text.delete(("a", "b"), scores, 5)[1] == (("a",),)


def test_retrieve_finds_the_nearest_content():
    corpus = [("cats", "sleep"), ("dogs", "run"), ("cats", "run", "home")]
    assert text.retrieve(("dogs", GAP, "run"), corpus) == corpus[1]
    assert text.retrieve(("cats", "home"), corpus) == corpus[2]
    assert text.retrieve(("fish",), corpus) == corpus[0]
    ranked = text.retrieve(("dogs", "run"), corpus, k=3)
    assert ranked == [corpus[1], corpus[2], corpus[0]]


def test_a_rare_word_counts_more():
    """Without idf it is 2 / sqrt(10) = 0.63 for the first, 0.5 for rain."""
    corpus = [("the", "the", "soup"), ("rain", "dogs"), ("the",), ("the",)]
    wanted = ("the", "rain")
    ranked = text.retrieve(wanted, corpus, k=4)
    assert ranked.index(corpus[1]) < ranked.index(corpus[0])


def test_style_phrases_are_no_content_to_retrieve_by():
    corpus = [("hey", "hey", "cats"), ("dogs", "hey")]
    wanted = ("hey", "dogs")
    assert text.retrieve(wanted, corpus, {("hey",): 9.0}) == corpus[1]


def test_generate_fills_gaps_by_their_places():
    scores = {("hey",): 9.0, ("okay",): 9.0}
    made, misfit = text.generate(
        (GAP, "call", "me", GAP, "."),
        (("please",), ("kindly",)),
        ("hey", "wait", "here", "okay", "!"),
        scores,
    )
    assert made == ("hey", "call", "me", "okay", "!")
    assert misfit == 0


def test_generate_adds_at_the_ends_and_closes_gaps():
    scores = {("hey",): 9.0, ("okay",): 9.0}
    lender = ("hey", ",", "wait", "here", "okay", "?")
    made, misfit = text.generate(("call", "me", "."), (), lender, scores)
    assert made == ("hey", ",", "call", "me", "okay", ".")
    assert misfit == 2
    made, misfit = text.generate(
        ("call", GAP), (("kindly",),), ("wait", "here"), scores
    )
    assert made == ("call",)
    assert misfit == 10  # nothing to lend, and a gap


def test_a_phrase_may_move_half_a_sentence_and_no_more():
    lender, scores = ("hey", "wait", "here"), {("hey",): 9.0}
    made, misfit = text.generate(
        ("call", GAP, "me", "now"), (("kindly",),), lender, scores
    )
    assert made == ("call", "hey", "me", "now")
    assert misfit == pytest.approx(1 / 3)
    made, misfit = text.generate(
        ("call", "me", GAP), (("kindly",),), lender, scores
    )
    assert made == ("hey", "call", "me")
    assert misfit == 2


@pytest.mark.parametrize(
    ("own", "lent", "kept"),
    [(".", "!", "!"), ("!", ".", "."), ("?", "!", "?"), (".", "?", ".")],
)
def test_a_question_stays_a_question(own, lent, kept):
    lender = ("hey", "wait", "here", lent)
    made, _ = text.generate(("call", "me", own), (), lender, {("hey",): 9})
    assert made[-1] == kept


def test_an_ending_stays_rather_than_leaving_a_stem_bare():
    made, _ = text.generate(
        ("책", "읽", GAP, "."),
        (("-어",),),
        ("저는", "갔", "."),
        {("저는",): 9},
    )
    assert text.join(made, "korean") == "저는 책 읽어."


def test_transfer_tells_what_it_did():
    done = text.transfer("저는 주말에 청소를 해요.", "korean", "plain")
    assert done.source == "저는 주말에 청소를 해요."
    assert done.markers == ("저는", "-어요")
    assert done.retrieved in text.corpus("korean", "plain")
    assert done.result == "나 주말에 청소를 해."
    with pytest.raises(FrozenInstanceError):
        done.result = ""


# --- judging ---------------------------------------------------------------


def test_naive_bayes_by_hand():
    judge = NaiveBayes().fit({"a": A, "b": B})
    # 5 words in a, 5 in b, V = 5: come, eat, now, please and the full stop.
    a = 1 / 2 * (2 + 1) / 10 * (1 + 1) / 10
    b = 1 / 2 * (0 + 1) / 10 * (1 + 1) / 10
    p = judge.probability(("please", "come", "never-seen"), "a")
    assert p == pytest.approx(a / (a + b))
    assert judge.probability(("please",), "a") == pytest.approx(0.75)
    half = NaiveBayes(0.5).fit({"a": A, "b": B})
    assert half.probability(("please",), "a") == pytest.approx(2.5 / 3)


def test_naive_bayes_knows_how_many_there_are():
    judge = NaiveBayes().fit({"a": [("x",)] * 3, "b": [("x",)]})
    p = judge.probability(("unseen",), "a")
    assert p == pytest.approx(3 / 4)
    both = [judge.probability(("x", "x"), s) for s in "ab"]
    assert math.isclose(sum(both), 1)


def test_a_long_sentence_does_not_overflow():
    judge = NaiveBayes().fit({"a": A, "b": B})
    assert judge.probability(("please",) * 5000, "b") < 1e-200
    assert judge.probability(("please",) * 5000, "a") == 1


def test_a_split_holds_out_every_sentence_once():
    names = [str(i) for i in range(30)]
    seen = []
    for fold in range(4):
        train, held = text.split(names, seed=3, fold=fold)
        assert sorted(train + held) == sorted(names)
        assert not set(train) & set(held)
        seen += held
    assert sorted(seen) == sorted(names)
    assert text.split(names, 3) == text.split(names, 3)
    assert text.split(names, 3) != text.split(names, 4)


def test_content_kept_by_hand():
    source = "Please send the report to the dentist."
    assert text.content_kept(source, source, "english") == 1
    assert text.content_kept(source, "Send a report!", "english") == 2 / 3
    assert text.content_kept(source, "Hey, run!", "english") == 0
    assert text.content_kept("Would you?", "Run!", "english") == 1
    plain, polite = "책 읽었어.", "저는 책 읽었습니다."
    assert text.content_kept(polite, plain, "korean") == 1


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
    text._learn.cache_clear()
    assert text.evaluate("english") == figures["english"]
    assert text.evaluate("english", seed=1) != figures["english"]


def test_held_out_sentences_are_not_learned_from(monkeypatch):
    """Whoever is asked to transfer has never seen the source."""
    asked = []

    def spy(source, language, to, corpora):
        asked.append(source)
        assert all(source not in sentences for sentences in corpora.values())
        return source

    monkeypatch.setattr(text, "METHODS", {"spy": spy})
    text.evaluate("english")
    both = (text.corpus("english", s) for s in LANGUAGES["english"])
    assert sorted(asked) == sorted(s for c in both for s in c)


# --- what a learner may get wrong ------------------------------------------


@pytest.mark.parametrize("language", ["latin", None, "", "English"])
def test_an_unknown_language_says_which_there_are(language):
    told = "There are: english, korean, vietnamese"
    with pytest.raises(ValueError, match=told):
        text.transfer("Hello.", language, "casual")
    with pytest.raises(ValueError, match=told):
        text.evaluate(language)


@pytest.mark.parametrize("style", ["rude", "plain", 3])
def test_an_unknown_style_says_which_there_are(style):
    with pytest.raises(ValueError, match="english there are: formal and"):
        text.transfer("Hello.", "english", style)
    with pytest.raises(ValueError, match="english there are: formal and"):
        text.corpus("english", style)


@pytest.mark.parametrize("sentence", ["", "  ", "?!", None, 7, ["a"], "🙂"])
def test_no_sentence_is_a_sentence(sentence):
    with pytest.raises(ValueError, match="at least one word, such as"):
        text.transfer(sentence, "english", "casual")


@pytest.mark.parametrize(
    "sentence",
    [
        "a",
        "I",
        "___ […] ___",
        "-어요 - -",
        "요",
        "야!",
        "ㅋㅋㅋ",
        "TV야",
        "!!! hey ??? \n\t ok",
        "please " * 400,
        unicodedata.normalize("NFD", "Cảm ơn quý vị. 감사합니다"),
        "\u202eabc\x00",
    ],
)
@pytest.mark.parametrize(("language", "style"), ALL)
def test_odd_sentences_come_through(sentence, language, style):
    done = text.transfer(sentence, language, style)
    assert done.result.strip()
    assert GAP not in text.tokens(done.result, language)


def test_wrong_numbers_and_corpora_are_sentences():
    with pytest.raises(ValueError, match="smoothing above 0"):
        text.salience(A, B, smoothing=0)
    with pytest.raises(ValueError, match="n must be at least 1"):
        text.salience(A, B, n=0)
    with pytest.raises(ValueError, match="corpus_b is empty"):
        text.retrieve(("a",), [])
    with pytest.raises(ValueError, match="formal and casual, not of"):
        text.transfer("Hi.", "english", "casual", {"casual": ["Hey."]})
    with pytest.raises(ValueError, match="smoothing must be above 0"):
        NaiveBayes(0)
    with pytest.raises(ValueError, match="at least two styles"):
        NaiveBayes().fit({"a": A})
    with pytest.raises(ValueError, match="call fit first"):
        NaiveBayes().probability(("a",), "a")
    with pytest.raises(ValueError, match="folds at least 2"):
        text.split(["a"], fold=4)
