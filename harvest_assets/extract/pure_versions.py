"""Where the two versions of Pure's web services have the same things."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harvest_assets.extract.json_records import Node
from harvest_assets.extract.pure_options import PureOptions, PureV2Options
from harvest_assets.extract.research_themes import find_research_theme

_FREE = "keywordContainers"
_ASJC = "ASJCSubjectAreas"
_ASJC_CODES = "/asjc/"
_TERMS = "en_GB"


@dataclass(frozen=True, slots=True)
class Shape:
    """The places and readers that differ: names of fields, and functions from a node to what it holds."""

    people: str
    file_address: str
    read_modified_at: Callable[[Node], str | None]
    read_abstract: Callable[[Node, str | None], str | None]
    read_term: Callable[[Node], str | None]
    read_free_keywords: Callable[[Node], Iterator[str]]


def last_segment(uri: str | None) -> str | None:
    """What follows the last slash, as Pure's addresses of terms and locales end with their name."""
    return (uri or "").rstrip("/").rpartition("/")[2] or None


def read_keywords(record: Node, shape: Shape, options: PureOptions) -> list[str | None]:
    """Free keywords, and the terms of the classifications that the options name."""
    found: list[str | None] = []
    for group in record.children("keywordGroups"):
        name = group.text("logicalName")
        if name == _FREE:
            found.extend(shape.read_free_keywords(group))
        elif isinstance(options, PureV2Options) and name in options.keyword_groups:
            terms = group.children("classifications")
            found.extend(_read_local(term.child("term"), _TERMS) for term in terms if term.text("uri") not in options.ignored_keywords)
    return found


def read_themes(record: Node, options: PureV2Options) -> list[str]:
    """Research themes by subject area; a code without a theme is noted."""
    found: list[str] = []
    for group in record.children("keywordGroups") if options.research_themes == "asjc" else ():
        for term in group.children("classifications") if group.text("logicalName") == _ASJC else ():
            code = (term.text("uri") or "").partition(_ASJC_CODES)[2]
            theme = find_research_theme(code)
            if theme is None:
                record.notes.append(f"{term.place}/uri: {code[:80]!r} is no subject area that has a research theme")
            else:
                found.append(theme)
    return found


def _read_local(texts: Node, locale: str | None) -> str | None:
    """The text in a language, else the first there is."""
    wanted = texts.text(locale) if locale else None
    return wanted or next((text for name in texts.fields if (text := texts.text(name))), None)


def _read_first_text(term: Node) -> str | None:
    return next((text for each in term.children("text") if (text := each.text("value"))), None)


def _read_old_keywords(group: Node) -> Iterator[str]:
    for container in group.children("keywordContainers"):
        for words in container.children("freeKeywords"):
            yield from words.texts("freeKeywords")


def _read_new_keywords(group: Node) -> Iterator[str]:
    for words in group.children("keywords"):
        yield from words.texts("freeKeywords")


V1 = Shape(
    people="personAssociations",
    file_address="fileURL",
    read_modified_at=lambda record: record.child("info").text("modifiedDate"),
    read_abstract=lambda record, _: _read_first_text(record.child("abstract")),
    read_term=lambda kind: _read_first_text(kind.child("term")),
    read_free_keywords=_read_old_keywords,
)
V2 = Shape(
    people="contributors",
    file_address="url",
    read_modified_at=lambda record: record.text("modifiedDate"),
    read_abstract=lambda record, locale: _read_local(record.child("abstract"), locale),
    read_term=lambda kind: _read_local(kind.child("term"), _TERMS),
    read_free_keywords=_read_new_keywords,
)
