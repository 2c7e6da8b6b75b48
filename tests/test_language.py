"""The language of messages: chosen, inherited, and never a reason to fail."""

import pytest

from d2l_style import language as lang


@pytest.fixture(autouse=True)
def _english_afterwards(monkeypatch):
    monkeypatch.setattr(lang, "_chosen", None)
    monkeypatch.delenv(lang.VARIABLE, raising=False)


def test_english_unless_asked_for_another():
    assert lang.language() == "en"
    assert lang._("A message") == "A message"


@pytest.mark.parametrize("wish", ["ko", "ko_KR.UTF-8", "KO"])
def test_the_environment_chooses(monkeypatch, wish):
    monkeypatch.setenv(lang.VARIABLE, wish)
    assert lang.language() == "ko"


@pytest.mark.parametrize("wish", ["", "xx", "../../etc", "日本語"])
def test_a_wish_that_cannot_be_met_is_english(monkeypatch, wish):
    monkeypatch.setenv(lang.VARIABLE, wish)
    assert lang.language() == "en"


def test_set_language_wins(monkeypatch):
    monkeypatch.setenv(lang.VARIABLE, "ko")
    lang.set_language("vi")
    assert lang.language() == "vi"


@pytest.mark.parametrize("wrong", ["de", "", None, "KO", 3, ["ko"]])
def test_another_language_is_refused_and_nothing_changes(wrong):
    lang.set_language("ko")
    with pytest.raises(ValueError, match="'en', 'ko', 'vi'"):
        lang.set_language(wrong)
    assert lang.language() == "ko"


@pytest.mark.parametrize("chosen", lang.LANGUAGES)
def test_a_message_without_translation_stays_english(chosen):
    lang.set_language(chosen)
    assert lang._("No such message {here}.") == "No such message {here}."
