"""MODS as it is written: the fields of one ``mods`` element, those of related items apart.

Put here: where MODS has its fields. Keep out: what a source means by them. https://www.loc.gov/standards/mods/userguide/
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harvest_assets.extract.xml_records import Element, group_children, iterate_descendants, read_attribute, read_text

_AUTHOR = frozenset({"aut", "author"})  # the code and the text of one MARC relator

_Children = Mapping[str, Sequence[Element]]


@dataclass(frozen=True, slots=True)
class ModsRecord:
    """A record's fields: texts stripped, empty ones ``""``; ``identifiers`` by their type, in lower case; ``urls`` by their access."""

    title: str
    abstract: str
    publisher: str
    languages: tuple[str, ...]
    authors: tuple[str, ...]
    dates_issued: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    rights: str
    genre: str
    urls: tuple[tuple[str, str], ...]


def read_mods(mods: Element) -> ModsRecord:
    """Read a ``mods`` element; parts that are missing are empty."""
    children = group_children(mods)
    origin = group_children(*children.get("origininfo", ()))
    return ModsRecord(
        title=_read_first(group_children(*children.get("titleinfo", ())), "title"),
        abstract=_read_first(children, "abstract"),
        publisher=_read_first(origin, "publisher"),
        languages=tuple(_read_all(group_children(*children.get("language", ())), "languageterm")),
        authors=tuple(name for element in children.get("name", ()) if (name := _read_author(element))),
        dates_issued=tuple(_read_all(origin, "dateissued")),
        identifiers=tuple(_read_typed(children.get("identifier", ()), "type")),
        rights=_read_rights(mods),
        genre=_read_first(children, "genre"),
        urls=tuple(_read_typed(group_children(*children.get("location", ())).get("url", ()), "access")),
    )


def _read_all(children: _Children, name: str) -> Iterator[str]:
    return (text for element in children.get(name, ()) if (text := read_text(element)))


def _read_first(children: _Children, name: str) -> str:
    return next(_read_all(children, name), "")


def _read_typed(elements: Iterable[Element], attribute: str) -> Iterator[tuple[str, str]]:
    return ((read_attribute(element, attribute).lower(), text) for element in elements if (text := read_text(element)))


def _read_author(name: Element) -> str:
    """Given and family name of somebody with the role of an author, the parts without a type where there are no others."""
    children = group_children(name)
    if not any(role.lower() in _AUTHOR for role in _read_all(group_children(*children.get("role", ())), "roleterm")):
        return ""
    parts: dict[str, list[str]] = {}
    for kind, text in _read_typed(children.get("namepart", ()), "type"):
        parts.setdefault(kind, []).append(text)
    return " ".join(" ".join([*parts.get("given", ()), *parts.get("family", ())] or parts.get("", ())).split())


def _read_rights(mods: Element) -> str:
    """What may be done with the work: ``rights`` of Dublin Core that some put inside, else ``accessCondition``, its address included."""
    for name in ("rights", "accesscondition"):
        for element in iterate_descendants(mods, name):
            text = read_text(element) or read_attribute(element, "href")
            if text:
                return text
    return ""
