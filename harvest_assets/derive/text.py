"""``Text``: what was read of a file, in the same shape whoever read it, and text as it is kept.

Put here: normal forms of text and of what files say of themselves. Keep out: how a format is read (`text_files`, `open_document`, `tika`).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MAX_CHARACTERS = 1_000_000
_MAX_FIELD = 1_000
_MAX_AUTHORS = 100
_ROOM = 4  # blanks that normalising takes away: so many times the text that is kept is looked at

_LINE_ENDS = re.compile(r"[\r\x0b\x0c\x85\u2028\u2029]\n?")
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u2060\ufeff\ud800-\udfff\ufff9-\ufffc]")
_BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_EDGES = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one file, and what the file says of itself; ``media_type`` is what it really is, ``embedded`` counts files inside it."""

    text: str
    media_type: str
    engine: str
    title: str | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    page_count: int | None = None
    is_truncated: bool = False
    embedded: int | None = None
    notes: tuple[str, ...] = ()


def normalise(text: str) -> str:
    """Text as it is kept: NFC, no control characters, one blank between words, one empty line at most between paragraphs."""
    lines = _BLANKS.sub(" ", _UNWANTED.sub("", _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text))))
    return _EMPTY_LINES.sub("\n\n", _EDGES.sub("\n", lines)).strip()


def shorten(text: str) -> tuple[str, bool]:
    """Normalised text of at most a million characters, and whether something was cut off."""
    whole = normalise(text[: _ROOM * MAX_CHARACTERS])
    return whole[:MAX_CHARACTERS].rstrip(), len(whole) > MAX_CHARACTERS or len(text) > _ROOM * MAX_CHARACTERS


def clean_line(text: object) -> str | None:
    """A title or a name on one line, of at most a thousand characters; None when there is nothing."""
    line = " ".join(normalise(text[: _ROOM * _MAX_FIELD]).split()) if isinstance(text, str) else ""
    return line[:_MAX_FIELD] or None


def clean_authors(names: Iterable[object]) -> tuple[str, ...]:
    """Names in the order of the file, without repetitions and empty ones."""
    cleaned = (clean_line(name) for name in names)
    return tuple(dict.fromkeys(name for name in cleaned if name))[:_MAX_AUTHORS]


def clean_language(tag: object) -> str | None:
    """A language tag as a file declares it, with hyphens; None when it is none. See https://www.rfc-editor.org/rfc/rfc5646."""
    found = _TAG.fullmatch(tag.strip()) if isinstance(tag, str) else None
    return found[0].replace("_", "-") if found else None
