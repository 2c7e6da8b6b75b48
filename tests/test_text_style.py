"""Style in text: the corpora, and every step by hand."""

import re
import subprocess
import sys
import unicodedata
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser

import pytest

from d2l_style.exercises import text
from d2l_style.exercises.text import baseline, steps
from d2l_style.exercises.text.baseline import GAP, LANGUAGES, THRESHOLD

NONSENSE = [0, -1, float("nan"), float("inf"), 10**400, "3", None, [3], True]
ALL = [(lang, style) for lang, pair in LANGUAGES.items() for style in pair]


# --- the corpora -----------------------------------------------------------


@pytest.mark.parametrize(("language", "style"), ALL)
def test_sentences_are_many_different_and_clean(language, style):
    sentences = text.corpus(language, style)
    assert len(sentences) >= 74
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
        ("붑니다", "불", "-습니다"),
        ("만드네요", "만들", "-네요"),
        ("여세요", "열", "-으세요"),
        ("배고파", "배고프", "-어"),
        ("써요", "쓰", "-어요"),
        ("예뻐", "예쁘", "-어"),
        ("보여", "보이", "-어"),
        ("움직입니다", "움직이", "-습니다"),
        ("아니에요", "아니", "-어요"),
        ("겁니다", "거이", "-습니다"),
        ("갑시다", "가", "-읍시다"),
        ("만든다", "만들", "-는다"),
        ("좋죠", "좋", "-죠"),
        ("켜", "켜", "-어"),
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
    assert text.join(("만들", "-습니다"), "korean") == "만듭니다"
    assert text.join(("만들", "-어"), "korean") == "만들어"
    assert text.join(("아프", "-어요"), "korean") == "아파요"
    assert text.join(("크", "-어"), "korean") == "커"
    assert text.join(("줄이", "-어"), "korean") == "줄여"
    assert text.join(("아니", "-어"), "korean") == "아니야"
    assert text.join(("거이", "-습니까"), "korean") == "겁니까"


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


@pytest.mark.parametrize(
    ("sentence", "style", "result"),
    [
        (
            "We would like to visit the museum on Friday.",
            "casual",
            "I'm gonna visit the museum on Friday.",
        ),
        (
            "The park is rather beautiful.",
            "casual",
            "Let's just the park is it's super beautiful.",
        ),
        (
            "The room is super small.",
            "formal",
            "The room is rather small.",
        ),
    ],
)
def test_the_examples_come_out_as_the_docstring_says(sentence, style, result):
    assert text.transfer(sentence, "english", style).result == result
    assert sentence in baseline.__doc__


def test_pipeline_and_endings_import_no_judge():
    """Imports point one way: judge to text to korean."""
    code = (
        "import sys; import d2l_style.exercises.text; "
        "print('d2l_style.exercises.judge' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.stdout.strip() == "False", done.stderr


# --- the threshold ---------------------------------------------------------


def test_a_high_threshold_leaves_the_sentence_alone():
    sentence = "Could you please wait here?"
    done = text.transfer(sentence, "english", "casual", threshold=1e6)
    assert done.markers == ()
    assert done.result == sentence


def test_a_low_threshold_deletes_more():
    deleted = [
        sum(len(m.split()) for m in done.markers)
        for done in (
            text.transfer(
                "Could you please send me the report by Friday?",
                "english",
                "casual",
                threshold=threshold,
            )
            for threshold in (1.1, THRESHOLD, 50)
        )
    ]
    assert deleted == sorted(deleted, reverse=True)
    assert deleted[0] > deleted[1] > deleted[2] == 0


def test_every_step_takes_the_threshold():
    """The phrases of the lender count from the same salience on."""
    scores = {("hey",): 3.0, ("dogs",): 9.0}
    corpus = [("hey", "cats"), ("dogs", "cats")]
    lent = {
        t: text.generate(
            ("call", "me"), (), ("hey", "wait", "here"), scores, t
        )
        for t in (2, 4)
    }
    assert lent[2][0] == ("hey", "call", "me")
    assert lent[4][0] == ("call", "me")
    assert (
        text.retrieve(("hey",), corpus[::-1], scores, threshold=4)
        == (corpus[0])
    )
    assert (
        text.retrieve(("hey",), corpus[::-1], scores, threshold=2)
        == (corpus[1])
    )


def test_transfer_hands_one_threshold_to_all_steps(monkeypatch):
    taken, delete = set(), text.delete

    def spy(sentence, scores, threshold=THRESHOLD):
        taken.add(threshold)
        return delete(sentence, scores, threshold)

    monkeypatch.setattr(baseline, "delete", spy)
    baseline._learn.cache_clear()
    text.transfer("Please wait.", "english", "casual", threshold=2.5)
    assert taken == {2.5}


@pytest.mark.parametrize("threshold", NONSENSE)
def test_nonsense_is_no_threshold(threshold):
    told = "threshold must be a finite number above 0"
    with pytest.raises(ValueError, match=told):
        text.transfer("Hello.", "english", "casual", threshold=threshold)
    with pytest.raises(ValueError, match=told):
        text.explain("Hello.", "english", "casual", threshold=threshold)
    with pytest.raises(ValueError, match=told):
        text.delete(("a",), {}, threshold)
    with pytest.raises(ValueError, match=told):
        text.generate(("a",), (), ("b",), {}, threshold)


# --- showing the steps -----------------------------------------------------


class Page(HTMLParser):
    """The tags of a page and the text within ``del`` and ``ins``."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.within = [], {"del": [], "ins": []}
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        if self.tags[-1] in self.within:
            self.within[self.tags[-1]].append(data)

    def handle_endtag(self, tag):
        self.tags.append("/" + tag)


def test_an_explanation_has_a_line_for_each_step():
    sentence = "저는 주말에 청소를 해요."
    shown = text.explain(sentence, "korean", "plain")
    done = text.transfer(sentence, "korean", "plain")
    source, deleted, retrieved, result = str(shown).split("\n")
    assert source == f"Source     {sentence}"
    assert deleted == "Deleted    [저는] 주말에 청소를 하[-어요]."
    assert retrieved.startswith("Retrieved  ")
    assert "[" in retrieved
    assert result == "Result     나 주말에 청소를 해."
    assert shown.done == done
    assert repr(shown) == str(shown)
    with pytest.raises(FrozenInstanceError):
        shown.done = None


@pytest.mark.parametrize(("language", "style"), ALL)
def test_what_is_marked_is_what_was_deleted(language, style):
    other = baseline.other(language, style)
    for sentence in text.corpus(language, other)[:12]:
        shown = text.explain(sentence, language, style)
        marked = Page(shown._repr_html_()).within["del"]
        found = re.findall(r"\[(.*?)\]", str(shown).split("\n")[1])
        assert marked == found
        assert len(marked) == len(shown.done.markers)
        words = [w for w, _style in shown.deleted]
        flat = tuple(w for piece in words for w in piece)
        assert flat == text.tokens(sentence, language)


def test_a_sentence_without_style_has_nothing_marked():
    shown = text.explain("Cats sleep.", "english", "formal")
    assert str(shown).split("\n")[1] == "Deleted    cats sleep."


@pytest.mark.parametrize(
    "sentence",
    [
        "<script>alert('hey')</script> please",
        'please </td></table><img src=x onerror="alert(1)">',
        '&lt;b&gt; please & thank you "quoted"',
        "<!-- please",
    ],
)
def test_a_hostile_sentence_is_only_text(sentence):
    corpora = {"formal": [sentence, "Kindly wait."], "casual": [sentence]}
    for given in (None, corpora):
        shown = text.explain(sentence, "english", "casual", given, 1.2)
        page = Page(shown._repr_html_())
        allowed = {"table", "tr", "th", "td", "del", "ins"}
        assert {t.strip("/") for t in page.tags} <= allowed
        assert page.tags.count("table") == page.tags.count("/table") == 1
        assert sentence in str(shown)


@pytest.mark.parametrize("paper", [255, 30, 17])
@pytest.mark.parametrize("tag", ["del", "ins"])
def test_letters_can_be_read_on_light_and_dark(paper, tag):
    """WCAG's contrast of Jupyter's text, its opacity included, is AAA."""
    r, g, b, share = map(float, re.findall(r"[\d.]+", steps.TINTS[tag]))
    behind = [paper + share * (c - paper) for c in (r, g, b)]
    ink = 0.13 * 255 if paper == 255 else 0.87 * 255

    def light(rgb):
        c = [v / 255 for v in rgb]
        c = [
            v / 12.92 if v <= 0.04 else ((v + 0.055) / 1.055) ** 2.4 for v in c
        ]
        return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2] + 0.05

    low, high = sorted((light(behind), light([ink] * 3)))
    assert high / low > 7
    html = text.explain("Please wait.", "english", "casual")._repr_html_()
    assert "color:inherit" in html


def test_labels_follow_the_language(monkeypatch):
    shown = text.explain("Please wait.", "english", "casual")
    monkeypatch.setattr(steps, "_", lambda message: f"<{message}>")
    assert str(shown).startswith("<Source>")
    assert "&lt;Source&gt;" in shown._repr_html_()


# --- what a learner may get wrong ------------------------------------------


@pytest.mark.parametrize("language", ["latin", None, "", "English"])
def test_an_unknown_language_says_which_there_are(language):
    told = "There are: english, korean, vietnamese"
    with pytest.raises(ValueError, match=told):
        text.transfer("Hello.", language, "casual")


@pytest.mark.parametrize("style", ["rude", "plain", 3])
def test_an_unknown_style_says_which_there_are(style):
    with pytest.raises(ValueError, match="english there are: formal, casual"):
        text.transfer("Hello.", "english", style)
    with pytest.raises(ValueError, match="english there are: formal, casual"):
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
    with pytest.raises(ValueError, match="formal, casual, not of"):
        text.transfer("Hi.", "english", "casual", {"casual": ["Hey."]})
