"""Bring the catalogues up to date with the English text.

    python -m tools.messages

Two catalogues for each language: that of the notebooks, in
notebooks/source/locale, with a message for each Markdown block and comment;
and that of the package, in d2l_style/locale, with a message for each ``_()``
and for the titles and descriptions of the pictures.
Translations of unchanged messages stay. A changed message keeps its old
translation, marked fuzzy: rewrite it and remove the mark. Messages that are
gone go. A test names what is left to do.
"""

import difflib
import tomllib
from pathlib import Path

import polib
from babel.messages.extract import extract_from_dir

from tools import build_notebooks, localise

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "d2l_style"
PICTURES = ROOT / "img" / "pictures.toml"  # titles and what they show
_KEYWORDS = {"_": None, "N_": None, "invalid": None}
_ALIKE = 0.6  # from here on, two messages may be versions of one


def of_notebooks(language):
    """Return {message: the sources it is in} of a language's notebooks."""
    found = {}
    for source in sorted(build_notebooks.SOURCES.glob("*.md")):

        def note(message, name=source.name):
            found.setdefault(message, []).append(name)
            return message

        for edition in build_notebooks.editions(source):
            build_notebooks.translated(source, edition, language, note)
    return {message: sorted(set(names)) for message, names in found.items()}


def of_package():
    """Return {message: the modules it is in} of the package."""
    found = {}
    extracted = extract_from_dir(
        str(PACKAGE), method_map=[("**.py", "python")], keywords=_KEYWORDS
    )
    for module, _line, message, _comments, _context in sorted(extracted):
        found.setdefault(message, []).append(module)
    for facts in tomllib.loads(PICTURES.read_text("utf-8")).values():
        for message in (facts["title"], facts["alt"]):
            found.setdefault(message, []).append(PICTURES.name)
    return {message: sorted(set(names)) for message, names in found.items()}


def catalogues():
    """Yield (language, path, messages) of every catalogue."""
    package = of_package()
    for language in localise.LANGUAGES:
        notebooks = of_notebooks(language)
        yield language, localise.LOCALES / f"{language}.po", notebooks
        yield language, PACKAGE / "locale" / f"{language}.po", package


def merged(old, messages, language):
    """Return a catalogue with exactly these messages, in their order."""
    new = polib.POFile(wrapwidth=78)
    new.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    known = {entry.msgid: entry for entry in old}
    gone = [message for message in known if message not in messages]
    for message, places in messages.items():
        entry = known.get(message) or _redo(message, gone, known)
        new.append(
            polib.POEntry(
                msgid=message,
                msgstr=entry.msgstr,
                flags=[flag for flag in entry.flags if flag == "fuzzy"],
                previous_msgid=entry.previous_msgid,
                occurrences=[(place, "") for place in places],
            )
        )
    return new


def _redo(message, gone, known):
    """Return an entry without translation, or with that of a like message."""
    alike = difflib.get_close_matches(message, gone, 1, _ALIKE)
    if not alike or not known[alike[0]].msgstr:
        return polib.POEntry(msgid=message)
    return polib.POEntry(
        msgid=message,
        msgstr=known[alike[0]].msgstr,
        flags=["fuzzy"],
        previous_msgid=alike[0],
    )


def main():
    for language, path, messages in catalogues():
        old = polib.pofile(str(path)) if path.is_file() else []
        new = merged(old, messages, language)
        path.parent.mkdir(exist_ok=True)
        new.save(str(path))
        to_do = len(new.untranslated_entries()) + len(new.fuzzy_entries())
        print(f"{path.relative_to(ROOT)}: {len(new)} messages, {to_do} to do")


if __name__ == "__main__":
    main()
