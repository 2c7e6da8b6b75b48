"""Korean verb endings: taken off a stem, and put on another.

    split_ending("마셔요")         # ['마시', '-어요']
    with_ending("마시", "-습니다")  # '마십니다'

Style sits in the ending, so text.py exchanges it. Regular verbs only: 추워
becomes 추우 + -어, and 추웁니다.
"""

import unicodedata

# Endings as they follow a consonant, and a vowel, where that differs.
_ENDINGS = {
    "-습니다": "ᆸ니다",
    "-습니까": "ᆸ니까",
    "-으십시오": "십시오",
    "-으세요": "세요",
    "-을게": "ᆯ게",
    "-을래": "ᆯ래",
    "-을까": "ᆯ까",
}
for _e in ("네요", "지요", "더라", "잖아", "네", "지", "자", "다"):
    _ENDINGS[f"-{_e}"] = _e
# What a stem's last vowel becomes when -어 is added, as letters (jamo).
_WITH_EO = {"하": "해", "ᅩ": "ᅪ", "ᅮ": "ᅯ", "ᅵ": "ᅧ", "ᅬ": "ᅫ"}


def split_ending(word):
    """Return [stem, ending] of a word, or [word] if it has no known ending.

    갑니다 is 가 + -습니다, 마셔 is 마시 + -어, 학생이에요 is 학생이 + -어요.
    """
    jamo = nfd(word)
    for ending, short in _ENDINGS.items():
        for form in (nfd(ending[1:]), nfd(short)):
            if jamo.endswith(form) and jamo != form:
                return [nfc(jamo.removesuffix(form)), ending]
    stem = word.removesuffix("요")
    ending = "-어" if stem == word else "-어요"
    for tail in ("이에", "예", "이야", "야"):  # the copula, 이 + -어
        if stem.endswith(tail) and stem != tail:
            return [stem.removesuffix(tail) + "이", ending]
    if len(stem) > 1 and stem[-1] in "어아":
        return [stem[:-1], ending]
    jamo = nfd(stem)
    for before, after in _WITH_EO.items():
        if jamo.endswith(nfd(after)):
            return [
                nfc(jamo.removesuffix(nfd(after)) + nfd(before)),
                ending,
            ]
    return [stem, ending] if jamo[-1:] in tuple("ᅡᅥᅢᅦ") else [word]


def with_ending(stem, ending):
    """Return the word that a stem and an ending of :func:`split_ending` make.

    The reverse: ``with_ending("가", "-습니다")`` is 갑니다, with "먹" it is
    먹습니다.
    """
    jamo = nfd(stem)
    if ending not in ("-어", "-어요"):
        short = _ENDINGS.get(ending, ending[1:])
        return nfc(jamo + (ending[1:] if _closed(jamo) else short))
    yo = ending[2:]
    if stem.endswith("이") and len(stem) > 1:  # the copula
        if _closed(nfd(stem[:-1])):
            return stem + ("에요" if yo else "야")
        return stem[:-1] + ("예요" if yo else "야")
    if _closed(jamo):  # 아 after a bright vowel, but not after -았-, 있-
        bright = jamo[-2] in "ᅡᅩ" and jamo[-1] != "ᆻ"
        return stem + ("아" if bright else "어") + yo
    for before, after in _WITH_EO.items():
        if jamo.endswith(nfd(before)):
            return nfc(jamo.removesuffix(nfd(before)) + nfd(after)) + yo
    return stem + ("" if jamo[-1] in "ᅡᅥᅢᅦᅧ" else "어") + yo


def _closed(jamo):
    """Does the last syllable end in a consonant?"""
    return "ᆨ" <= jamo[-1] <= "ᇂ"


def nfc(text):
    """Return text with whole syllables (Unicode NFC), as one writes."""
    return unicodedata.normalize("NFC", text)


def nfd(text):
    """Return text with its syllables taken apart into jamo (NFD)."""
    return unicodedata.normalize("NFD", text)


def is_ending(phrase):
    """Is it a Korean ending? In other languages no token begins with -."""
    return len(phrase[0]) > 1 and phrase[0].startswith("-")
