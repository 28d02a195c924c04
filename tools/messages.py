"""Translations without GNU gettext: find messages, check that each has its English, compile.

Chinese is the source (the msgid), English stands in `locale/en/LC_MESSAGES/django.po` of the room that says it. Django
merges all catalogues, so a message is translated when any of them translates it.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polib
from babel.messages.extract import extract_python

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "doorstep"
CATALOGUE = Path("locale/en/LC_MESSAGES/django.po")
TIERS = {"registers", "record", "resources", "services", "management", "insight"}
LEFT_OUT = {"tests", "migrations", "_build", "static"}
PLAIN = ("_", "gettext", "gettext_lazy", "gettext_noop")
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(PLAIN, None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
HOLE = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")
TRANSLATED_PARTS = re.compile(
    r"{%\s*comment.*?endcomment\s*%}|{%-?\s*blocktrans(?:late)?\b.*?{%-?\s*endblocktrans(?:late)?\s*%}|{%.*?%}|{{.*?}}|{#.*?#}"
    r"|<!--.*?-->|<(\w+)[^>]*\blang=\"zh[^>]*>[^<]*</\1>",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Message:
    """One text for people, as the code says it, with its context and plural where it has them."""

    text: str
    context: str | None
    plural: str | None
    file: Path
    line: int

    @property
    def key(self) -> tuple[str | None, str]:
        """What catalogues find it by."""
        return self.context, self.text


def sources(package: Path) -> list[Path]:
    """Python files and templates that may speak to people."""
    files = (f for f in package.rglob("*") if f.suffix in {".py", ".html", ".txt", ".xml"} and f.is_file())
    return sorted(f for f in files if not LEFT_OUT & set(f.relative_to(package).parts))


def as_python(file: Path) -> bytes:
    """The file's text, a template turned into calls that an extractor of Python understands."""
    text = file.read_text()
    if file.suffix == ".py":
        return text.encode()
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure(USE_I18N=True)
    return str(templatize(text, origin=str(file))).encode()


def messages_of(file: Path) -> Iterator[Message]:
    """Every message of one file."""
    source = io.BytesIO(as_python(file))
    for line, function, found, _comments in extract_python(source, KEYWORDS, (), {"encoding": "utf-8"}):
        said: Any = found  # Babel types it as a list, and gives one text or a tuple of them
        parts = [part for part in (said if isinstance(said, tuple) else (said,)) if part]
        if not parts:
            continue
        context = str(parts.pop(0)) if "pgettext" in str(function) and len(parts) > 1 else None
        plural = str(parts[1]) if str(function).startswith(("ngettext", "npgettext")) and len(parts) > 1 else None
        yield Message(str(parts[0]), context, plural, file, line)


def owner(file: Path, package: Path) -> Path:
    """The folder whose catalogue holds the file's messages: its room, or its tier where a tier has no rooms."""
    parts = file.relative_to(package).parts
    depth = 2 if parts[0] in TIERS or parts[:2] == ("site", "demo") else 1
    return package.joinpath(*parts[: min(depth, len(parts) - 1)])


def catalogues(package: Path) -> dict[Path, polib.POFile]:
    """All English catalogues, by path."""
    return {path: polib.pofile(str(path), wrapwidth=0) for path in sorted(package.glob(f"**/{CATALOGUE}"))}


def holes(text: str) -> set[str]:
    """The placeholders of a text."""
    return {match.group(0) for match in HOLE.finditer(text)}


def faults_of(entry: polib.POEntry) -> Iterator[str]:
    """What is wrong with one translation: a guess, a lost placeholder, Chinese left in it."""
    if entry.fuzzy:
        yield "is only a guess (fuzzy)"
    texts = [text for text in (entry.msgstr, *entry.msgstr_plural.values()) if text]
    allowed = holes(entry.msgid) | holes(entry.msgid_plural)
    for text in texts:
        if holes(text) - allowed or (not entry.msgid_plural and holes(text) != allowed):
            yield f"has other placeholders than its source: {text}"
        if CHINESE.search(text):
            yield f"is not English: {text}"


def is_translated(entry: polib.POEntry) -> bool:
    """Whether an entry in use has all its English texts."""
    if entry.obsolete:
        return False
    return all(entry.msgstr_plural.values()) if entry.msgstr_plural else bool(entry.msgstr)


def untranslatable(file: Path) -> Iterator[tuple[int, str]]:
    """Chinese text of a template outside every translation tag, but for what is marked as Chinese (lang="zh…")."""
    text = file.read_text()
    rest = TRANSLATED_PARTS.sub(lambda match: "\n" * match.group(0).count("\n"), text)
    for number, line in enumerate(rest.splitlines(), 1):
        if CHINESE.search(line):
            yield number, line.strip()


def check(package: Path = PACKAGE) -> int:
    """Print every message without its English, every faulty translation, every bare Chinese text; 1 if any."""
    wrong: list[str] = []
    known: set[tuple[str | None, str]] = set()
    for path, catalogue in catalogues(package).items():
        known |= {(entry.msgctxt, entry.msgid) for entry in catalogue if is_translated(entry)}
        for entry in catalogue:
            wrong += [
                f"{path.relative_to(package)}:{entry.linenum} {entry.msgid} {fault}" for fault in faults_of(entry)
            ]
    files = sources(package)
    for message in (message for file in files for message in messages_of(file)):
        if message.key not in known and CHINESE.search(message.text):
            wrong.append(f"{message.file.relative_to(package)}:{message.line} {message.text!r} has no English")
    for file in files:
        if file.suffix == ".html":
            bare = untranslatable(file)
            wrong += [
                f"{file.relative_to(package)}:{line} Chinese outside translation tags: {text}" for line, text in bare
            ]
    print("\n".join([*wrong, f"translations: {len(known)} messages in English, {len(wrong)} faults"]))
    return int(bool(wrong))


def extract(package: Path = PACKAGE) -> int:
    """Add each new message to the catalogue of its room, to be translated there; none is taken out."""
    opened = catalogues(package)
    known = {(entry.msgctxt, entry.msgid) for catalogue in opened.values() for entry in catalogue if not entry.obsolete}
    added = 0
    for message in (message for file in sources(package) for message in messages_of(file)):
        if message.key in known or not CHINESE.search(message.text):
            continue
        known.add(message.key)
        path = owner(message.file, package) / CATALOGUE
        opened.setdefault(path, new_catalogue()).append(entry_of(message, package))
        added += 1
    for path, catalogue in opened.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save(str(path))
    print(f"translations: {added} new messages to translate")
    return 0


def new_catalogue() -> polib.POFile:
    """An empty English catalogue."""
    catalogue = polib.POFile(wrapwidth=0)
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": "en",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    return catalogue


def entry_of(message: Message, package: Path) -> polib.POEntry:
    """A message as an entry still to be translated."""
    entry = polib.POEntry(msgid=message.text, msgctxt=message.context)
    entry.occurrences = [(str(message.file.relative_to(package)), "")]
    if message.plural:
        entry.msgid_plural = message.plural
        entry.msgstr_plural = {0: "", 1: ""}
    return entry


def compile_all(package: Path = PACKAGE) -> int:
    """Write the binary catalogue beside each one that is newer."""
    for path, catalogue in catalogues(package).items():
        binary = path.with_suffix(".mo")
        if not binary.exists() or binary.stat().st_mtime < path.stat().st_mtime:
            catalogue.save_as_mofile(str(binary))
    return 0


def main(arguments: list[str]) -> int:
    """Do one of: compile, extract, check."""
    return {"compile": compile_all, "extract": extract, "check": check}[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
