"""The Korean and Vietnamese editions: complete, in step, the same code."""

import csv
import re
from collections import Counter
from itertools import pairwise
from string import Formatter
from unicodedata import east_asian_width

import nbformat
import polib
import pytest
from conftest import ROOT
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from test_notebooks import execute, streams

from tools import build_notebooks, localise, messages

NOTEBOOKS = ROOT / "notebooks"
LANGUAGES = localise.LANGUAGES
_CODE, _MATH = re.compile(r"`[^`]+`"), re.compile(r"\$\$?[^$]+\$\$?")
_TARGET = re.compile(r"\]\(([^)\s]+)\)")
_PLACE = re.compile(r"(?<!\{)\{[^{}]*\}(?!\})")
_LINK = re.compile(r"\[[^\]]*\]\([^)\s]+\)")


def entries(language, which):
    path = {
        "notebooks": localise.LOCALES / f"{language}.po",
        "package": messages.PACKAGE / "locale" / f"{language}.po",
    }[which]
    return polib.pofile(str(path))


def editions():
    """Yield (English notebook, language) of every translated notebook."""
    for source in sorted(build_notebooks.SOURCES.glob("*.md")):
        for edition in build_notebooks.editions(source):
            for language in LANGUAGES:
                yield edition.name(source), language


def cells(name):
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells


def prose(name):
    texts = [c.source for c in cells(name) if c.cell_type == "markdown"]
    return "\n\n".join(texts)


# The catalogues


@pytest.fixture(scope="module")
def wanted():
    """All messages of today's English, by language and catalogue."""
    found = {}
    for language, path, texts in messages.catalogues():
        which = "package" if messages.PACKAGE in path.parents else "notebooks"
        found[language, which] = texts
    return found


@pytest.mark.parametrize("which", ["notebooks", "package"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_up_to_date(language, which, wanted):
    catalogue = entries(language, which)
    done = {e.msgid for e in catalogue if e.translated() and not e.obsolete}
    to_do = [text for text in wanted[language, which] if text not in done]
    gone = [
        e.msgid for e in catalogue if e.msgid not in wanted[language, which]
    ]
    assert to_do == [], "run `python -m tools.messages`, translate these"
    assert gone == [], "run `python -m tools.messages`"
    assert catalogue.fuzzy_entries() == []
    assert catalogue.obsolete_entries() == []


def test_a_changed_paragraph_is_named_and_keeps_its_old_translation():
    old = polib.POFile()
    old.append(polib.POEntry(msgid="A layer sees pixels.", msgstr="옛 문장"))
    old.append(polib.POEntry(msgid="Gone for good.", msgstr="사라짐"))
    today = {"A layer sees some pixels.": ["a.md"], "Quite new": ["a.md"]}
    new = messages.merged(old, today, "ko")
    changed, fresh = new
    assert changed.msgstr == "옛 문장"
    assert changed.previous_msgid == "A layer sees pixels."
    assert "fuzzy" in changed.flags
    assert not changed.translated()
    assert fresh.msgstr == ""
    assert len(new) == 2


def test_merging_twice_changes_nothing(wanted):
    for language in LANGUAGES:
        for which in ("notebooks", "package"):
            once = entries(language, which)
            twice = messages.merged(once, wanted[language, which], language)
            assert str(twice) == str(once)


def parts(text, which):
    """Return what must be the same in every language, counted."""
    if which == "package":
        return Counter(_PLACE.findall(text))
    shown = _MATH.sub("", text)
    return Counter(
        [
            *_CODE.findall(shown),
            *_MATH.findall(_CODE.sub("", text)),
            *_TARGET.findall(text),
            *re.findall(r"^#+ ", text, re.MULTILINE),
        ]
    )


@pytest.mark.parametrize("which", ["notebooks", "package"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_code_formulas_links_and_places_are_the_same(language, which):
    for entry in entries(language, which):
        ours, theirs = (parts(t, which) for t in (entry.msgid, entry.msgstr))
        assert ours == theirs, entry.msgid


def parsed(message):
    return Formatter().parse(message)


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_can_be_filled_in(language):
    """No brace of a translation is lost: str.format reads them all."""
    for entry in entries(language, "package"):
        if _PLACE.search(entry.msgid):
            names = [field for _text, field, *_how in parsed(entry.msgstr)]
            assert all(name != "" for name in names), entry.msgid


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_of_the_panel_can_be_told_apart(language):
    words = [
        entry.msgstr
        for entry in entries(language, "package")
        if any("choices.py" in place for place, _line in entry.occurrences)
    ]
    assert len(set(words)) == len(words)


# The notebooks


def without_comments(name, language=None):
    """Return the code of a notebook, and no word of any language in it."""
    code = [c.source for c in cells(name) if c.cell_type == "code"]
    if language:
        line = f"\nd2l.set_language('{language}')"
        assert "\n".join(code).count(line) == 1
        code = [text.replace(line, "") for text in code]
    return [localise.code(text, lambda _comment: "") for text in code]


@pytest.mark.parametrize(("name", "language"), editions())
def test_code_is_that_of_the_english_notebook(name, language):
    theirs = without_comments(f"{name}-{language}", language)
    assert theirs == without_comments(name)


@pytest.mark.parametrize(("name", "language"), editions())
def test_lines_of_code_still_fit_the_page(name, language):
    for cell in cells(f"{name}-{language}"):
        if cell.cell_type == "code":
            for line in cell.source.splitlines():
                wide = sum(east_asian_width(x) in "WF" for x in line)
                assert len(line) + wide <= 79, line


@pytest.mark.parametrize(("name", "language"), editions())
def test_links_lead_into_the_same_edition(name, language):
    text = prose(f"{name}-{language}")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {title.strip().replace(" ", "-") for title in titles}
    for target in _TARGET.findall(text):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif target.endswith(".ipynb"):
            assert target.endswith(f"-{language}.ipynb")
            assert (NOTEBOOKS / target).is_file()


def bare(text):
    """Return Markdown without code, formulas, links, and addresses."""
    for pattern in (_CODE, _MATH, _LINK):
        text = pattern.sub(" ; ", text)
    lines = text.splitlines()
    return "\n".join(line for line in lines if not line.startswith("    "))


# Names that stay, and the English of a term in brackets.
_NAMES = ("Dive into Deep Learning", "Neural Style Transfer", "Mount Rainier")
_WORDS = re.compile(r"(?<!\w)[A-Za-z]{2,}(?:[ -]+[A-Za-z]{2,}){2,}(?!\w)")
_BRACKETS = re.compile(r"\([^()]*\)")


def english_in(text):
    """Return the runs of three or more English words in a text."""
    for name in _NAMES:
        text = text.replace(name, ";")
    return _WORDS.findall(_BRACKETS.sub(";", bare(text)))


def vietnamese_without_accents(run):
    """Could it be Vietnamese? Its short words may have no accents."""
    syllables = re.split(r"[ -]+", run)
    return all(len(word) <= 5 for word in syllables)


@pytest.mark.parametrize(("name", "language"), editions())
def test_no_english_sentence_is_left(name, language):
    found = english_in(_sources_cut(prose(f"{name}-{language}")))
    if language == "vi":
        found = [run for run in found if not vietnamese_without_accents(run)]
    assert found == []


def _sources_cut(text):
    """Leave out the list of papers: names and titles, no prose."""
    lines = text.splitlines()
    return "\n".join(x for x in lines if not re.match(r"\* [A-Z]\. ", x))


def test_the_search_for_english_finds_some():
    assert english_in("여기 the picture is new 입니다")
    assert not english_in("그람 행렬(the Gram matrix itself), `a b c d`")


# The glossary


def glossary(language):
    column = {"ko": "korean", "vi": "vietnamese"}[language]
    path = ROOT / "notebooks" / "source" / "glossary.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["english"]: row[column].split("|") for row in rows}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_glossary_is_whole(language):
    terms = glossary(language)
    assert len(terms) >= 60
    assert all(all(form.strip() for form in forms) for forms in terms.values())


def terms_in(text, terms):
    """Return the terms in a message, the longest first, each place once."""
    text = bare(text).lower()
    for term in sorted(terms, key=len, reverse=True):
        word = re.escape(term.lower())
        text, count = re.subn(rf"\b{word}(?:s|es)?\b", ";", text)
        if count:
            yield term


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_term_is_rendered_as_the_glossary_says(language):
    terms, wrong = glossary(language), []
    for entry in entries(language, "notebooks"):
        translated = entry.msgstr.lower()
        for term in terms_in(_sources_cut(entry.msgid), terms):
            if not any(form.lower() in translated for form in terms[term]):
                wrong.append((term, entry.msgid[:60], entry.msgstr[:60]))
    assert wrong == []


def test_longer_terms_hide_shorter_ones():
    terms = {"loss": [], "style loss": []}
    assert list(terms_in("The style losses fall", terms)) == ["style loss"]
    assert [*pairwise(terms_in("a loss; a style loss", terms))] == [
        ("style loss", "loss")
    ]


# The READMEs


def readme(language=""):
    name = f"README.{language}.md" if language else "README.md"
    return (ROOT / name).read_text("utf-8")


def code_blocks(text):
    """Return the code blocks of a README without their comments."""
    blocks = re.findall(r"^ *```.*?^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+#.*$", "", b, flags=re.MULTILINE) for b in blocks]


@pytest.mark.parametrize("language", LANGUAGES)
def test_readmes_have_the_same_commands(language):
    assert code_blocks(readme(language)) == code_blocks(readme())


@pytest.mark.parametrize("language", ["", *LANGUAGES])
def test_links_of_readmes_lead_somewhere(language):
    targets = _TARGET.findall(readme(language))
    others = {"README.md", "README.ko.md", "README.vi.md"}
    own = f"README.{language}.md" if language else "README.md"
    assert others - {own} <= set(targets)
    for target in targets:
        if not target.startswith(("https://", "#")):
            assert (ROOT / target).is_file(), target
        if target.endswith(".ipynb"):
            edition = f"-{language}.ipynb" if language else ".ipynb"
            assert target.endswith(edition), target


@pytest.mark.parametrize("language", LANGUAGES)
def test_readmes_open_with_how_to_run_the_edition(language):
    assert readme(language).find(f"make lab LANG_UI={language}") > 0


# They run, and speak


def executed(name, small, folder):
    read = load_notebook_node(str(NOTEBOOKS / f"{name}.ipynb"))
    return execute(parameterize_notebook(read, small), folder)


@pytest.mark.slow
@pytest.mark.torch
def test_the_korean_chapter_runs_and_speaks_korean(tmp_path):
    small = {"image_shape": [64, 96], "num_epochs": 20}
    said = streams(executed("neural-style-pytorch-ko", small, tmp_path))
    assert any("가" <= letter <= "힣" for letter in said)
    assert "Network:" not in said


@pytest.mark.slow
@pytest.mark.mxnet
def test_the_vietnamese_exercises_run_and_speak_vietnamese(tmp_path):
    small = {"image_shape": [48, 72], "num_epochs": 5, "folder": "../out"}
    notebook = executed("exercises-mxnet-vi", small, tmp_path)
    catalogue = {e.msgid: e.msgstr for e in entries("vi", "package")}
    (turn,) = (text for text in catalogue if text.startswith("Your turn: ans"))
    said = [
        output["data"]["text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/plain" in output.get("data", {})
    ]
    assert sum(catalogue[turn] in text for text in said) == 8
    assert not any("Your turn" in text for text in said)
