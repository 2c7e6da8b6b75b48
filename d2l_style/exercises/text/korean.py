"""Korean verb endings: taken off a stem, and put on another.

    split_ending("마셔요")         # ['마시', '-어요']
    with_ending("마시", "-습니다")  # '마십니다'

Style sits in the ending, so text.py exchanges it. Regular verbs only, with
those whose ㄹ or ㅡ comes and goes (엽니다 and 열어, 아픕니다 and 아파): 추워
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
    "-읍시다": "ᆸ시다",
    "-는다": "ᆫ다",
}
for _e in (*"네죠지자다", "네요", "지요", "거든요", "거든", "더라", "잖아"):
    _ENDINGS[f"-{_e}"] = _e
# What a stem's last vowel becomes when -어 is added, as letters (jamo).
_WITH_EO = {"하": "해", "ᅩ": "ᅪ", "ᅮ": "ᅯ", "ᅵ": "ᅧ", "ᅬ": "ᅫ"}
# Stems that lose their ㄹ, or their ㅡ, before some endings. Those that would
# be another verb without it (살다, 사다) stay out.
_WITH_L = ["만들", "힘들", *"불열알울풀멀놀팔들"]
_WITH_EU = [f"{a}프" for a in "아고슬"] + [f"{a}쁘" for a in "바나예기"]
_WITH_EU += ["모으", "잠그", *"쓰크끄뜨"]
# Verbs in 이, which is no copula here.
_VERBS_IN_I = ("움직이", "반짝이", "망설이", "기울이")
_VERBS_IN_I += tuple(f"{a}이" for a in "보모쓰놓쌓섞줄끓들붙높속먹죽녹")


def split_ending(word):
    """Return [stem, ending] of a word, or [word] if it has no known ending.

    갑니다 is 가 + -습니다, 마셔 is 마시 + -어, 학생이에요 is 학생이 + -어요.
    """
    jamo = nfd(word)
    for ending, short in _ENDINGS.items():
        for form in (nfd(ending[1:]), nfd(short)):
            if jamo.endswith(form) and jamo != form:
                stem = nfc(jamo.removesuffix(form))
                taken = form != nfd(ending[1:]) or ending[1] == "네"
                return [_whole(stem) if taken else stem, ending]
    stem = word.removesuffix("요")
    ending = "-어" if stem == word else "-어요"
    if stem in ("아니에", "아니야"):
        return ["아니", ending]
    if stem in ("켜", "펴"):
        return [stem, ending]
    for eu in _WITH_EU:
        short = _with_eo_for_eu(eu)
        if stem == short or (len(eu) > 1 and stem.endswith(short)):
            return [stem.removesuffix(short) + eu, ending]
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
        if stem == "거이" and short[0] == "ᆸ":  # 할 거야, 할 겁니다
            jamo = nfd("거")
        if jamo[-1] == "ᆯ" and (short != ending[1:] or short[0] == "네"):
            return nfc(jamo[:-1] + short)
        return nfc(jamo + (ending[1:] if _closed(jamo) else short))
    yo = ending[2:]
    if stem == "아니":
        return stem + ("에요" if yo else "야")
    verb = stem.endswith(_VERBS_IN_I)
    if stem.endswith("이") and len(stem) > 1 and not verb:  # the copula
        if _closed(nfd(stem[:-1])):
            return stem + ("에요" if yo else "야")
        return stem[:-1] + ("예요" if yo else "야")
    if _closed(jamo):  # 아 after a bright vowel, but not after -았-, 있-
        bright = jamo[-2] in "ᅡᅩ" and jamo[-1] != "ᆻ"
        return stem + ("아" if bright else "어") + yo
    if jamo[-1] == "ᅳ" and not stem.endswith("르"):
        return _with_eo_for_eu(stem) + yo
    for before, after in _WITH_EO.items():
        if jamo.endswith(nfd(before)):
            return nfc(jamo.removesuffix(nfd(before)) + nfd(after)) + yo
    return stem + ("" if jamo[-1] in "ᅡᅥᅢᅦᅧ" else "어") + yo


def _whole(stem):
    """Return a stem with the letters that its ending has taken away."""
    if stem == "거":
        return "거이"
    with_l = nfc(nfd(stem) + "ᆯ")
    return with_l if with_l in _WITH_L else stem


def _with_eo_for_eu(stem):
    """Return a stem in ㅡ with -어: 아프 is 아파, 예쁘 is 예뻐, 쓰 is 써."""
    vowels = [j for j in nfd(stem[:-1]) if "ᅡ" <= j <= "ᅵ"]
    bright = vowels[-1:] in (["ᅡ"], ["ᅩ"])
    return nfc(nfd(stem)[:-1] + ("ᅡ" if bright else "ᅥ"))


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
