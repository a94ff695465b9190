"""Learning Object Metadata as it is written, whatever its flavour: IMS 1.2 and czp with ``langstring``, NL-LOM with ``string``.

Put here: where LOM has its fields. Keep out: what a source means by them. Elements are told apart by local name, in lower case, because
flavours differ in namespace and in case. https://standards.ieee.org/ieee/1484.12.3/4236/, https://wiki.kennisnet.nl/display/PUB/NL-LOM
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from harvest_assets.extract.xml_records import Element, group_children, list_children, local_name, read_text

DISCIPLINE = "discipline"
EDUCATIONAL_LEVEL = "educational level"
ACCESS_RIGHTS = "access rights"

_TAXON_PARTS = {DISCIPLINE: ("id",), EDUCATIONAL_LEVEL: ("entry",), ACCESS_RIGHTS: ("id",)}
_ENTITIES = frozenset({"entity", "centity"})
_STRINGS = frozenset({"langstring", "string"})

_Children = Mapping[str, Sequence[Element]]


class Contribution(NamedTuple):
    """Who did what when: the role in lower case, texts of vCards, and dates with what is said of them."""

    role: str
    entities: tuple[str, ...]
    dates: tuple[tuple[str, str], ...]


class Taxon(NamedTuple):
    """A term of a classification: disciplines by vocabulary and identifier, levels by their entry, access rights by their identifier."""

    purpose: str
    source: str
    identifier: str
    entry: str


class Location(NamedTuple):
    """An address and the format that belongs to it; ``fallback`` is a format that may be that of any address of its block."""

    address: str
    media_type: str = ""
    fallback: str = ""


class LomRecord(NamedTuple):
    """A record's fields: texts stripped, empty ones ``""``; the first string of a text in several languages."""

    title: str
    description: str
    language: str
    keywords: tuple[str, ...]
    aggregation_level: str
    contributions: tuple[Contribution, ...]
    locations: tuple[Location, ...]
    material_types: tuple[str, ...]
    copyright: str
    copyright_description: str
    taxa: tuple[Taxon, ...]

    def find_taxa(self, purpose: str) -> Iterator[Taxon]:
        """The terms used for a purpose, in the order of the record."""
        return (taxon for taxon in self.taxa if taxon.purpose == purpose)


def read_lom(lom: Element) -> LomRecord:
    """Read a ``lom`` element; parts that are missing are empty."""
    sections = group_children(lom)
    general = group_children(*sections.get("general", ()))
    rights = group_children(*sections.get("rights", ()))
    return LomRecord(
        title=_read_first(general, "title"),
        description=_read_first(general, "description"),
        language=_read_first(general, "language"),
        keywords=tuple(_read_all(general, "keyword")),
        aggregation_level=next(_read_values(general, "aggregationlevel"), ""),
        contributions=tuple(_read_contributions(sections.get("lifecycle", ()))),
        locations=tuple(location for block in sections.get("technical", ()) for location in _pair(group_children(block))),
        material_types=tuple(_read_values(group_children(*sections.get("educational", ())), "learningresourcetype")),
        copyright=next(_read_values(rights, "copyrightandotherrestrictions"), ""),
        copyright_description=_read_first(rights, "description"),
        taxa=tuple(_read_taxa(sections.get("classification", ()))),
    )


def _read_string(element: Element) -> str:
    """The first of its strings that is not empty; its own text where it has no strings."""
    for child in list_children(element):
        if local_name(child.tag) in _STRINGS:
            text = read_text(child) if len(child) else (child.text or "").strip()  # the most frequent call of all, spared
            if text:
                return text
    return read_text(element)


def _read_value(element: Element) -> str:
    """A value of a vocabulary: it stands beside its ``source``; some write it alone."""
    has_source = False
    for child in list_children(element):
        name = local_name(child.tag)
        if name == "value":
            return _read_string(child)
        has_source = has_source or name == "source"
    return "" if has_source else _read_string(element)


def _read_all(children: _Children, name: str) -> Iterator[str]:
    return (text for element in children.get(name, ()) if (text := _read_string(element)))


def _read_first(children: _Children, name: str) -> str:
    for element in children.get(name, ()):
        if text := _read_string(element):
            return text
    return ""


def _read_values(children: _Children, name: str) -> Iterator[str]:
    return (text for element in children.get(name, ()) if (text := _read_value(element)))


def _read_contributions(lifecycles: Iterable[Element]) -> Iterator[Contribution]:
    for lifecycle in lifecycles:
        for element in list_children(lifecycle):
            if local_name(element.tag) == "contribute":
                yield _read_contribution(element)


def _read_contribution(contribute: Element) -> Contribution:
    role, entities, dates = "", list[str](), list[tuple[str, str]]()
    for child in list_children(contribute):
        name = local_name(child.tag)
        if name == "role":
            role = role or _read_value(child).lower()
        elif name in _ENTITIES:
            entities.append("\n".join(read_text(card) for card in list_children(child)) if len(child) else read_text(child))
        elif name == "date":
            dates.append(_read_date(child))
    return Contribution(role, tuple(entities), tuple(dates))


def _read_date(date: Element) -> tuple[str, str]:
    label = written = ""
    for child in list_children(date):
        name = local_name(child.tag)
        if name == "datetime":
            written = read_text(child)
        elif name == "description":
            label = _read_string(child).lower()
    return label, written if len(date) else read_text(date)


def _pair(technical: _Children) -> Iterator[Location]:
    """Addresses with their formats.

    Only inside one ``technical`` block, and there by place when there are as many of the one as of the other: empty elements keep their
    place. Where the numbers differ no place can be trusted; a single format then stands for addresses that do not tell their own.
    """
    formats = [read_text(element).lower() for element in technical.get("format", ())]
    addresses = [read_text(element) for element in technical.get("location", ())]
    fallback = formats[0] if len(formats) == 1 else ""
    declared = formats if len(formats) == len(addresses) else [""] * len(addresses)
    return (Location(address, form, fallback) for address, form in zip(addresses, declared, strict=True) if address)


def _read_taxa(classifications: Iterable[Element]) -> Iterator[Taxon]:
    for classification in classifications:
        children = group_children(classification)
        purpose = next(_read_values(children, "purpose"), "").lower()
        if purpose in _TAXON_PARTS:
            for path in children.get("taxonpath", ()):
                yield from _read_path(purpose, path)


def _read_path(purpose: str, path: Element) -> Iterator[Taxon]:
    """The terms of a path, from the broadest to the narrowest; flavours nest them or list them."""
    source, waiting = "", list[Element]()
    for child in list_children(path):
        name = local_name(child.tag)
        if name == "taxon":
            waiting.append(child)
        elif name == "source" and purpose == DISCIPLINE:
            source = source or _read_string(child)
    for taxon in waiting:
        texts, inner = _read_taxon(taxon, _TAXON_PARTS[purpose])
        yield Taxon(purpose, source, texts.get("id", ""), texts.get("entry", ""))
        waiting.extend(inner)


def _read_taxon(taxon: Element, parts: Container[str]) -> tuple[Mapping[str, str], Sequence[Element]]:
    """The parts that are wanted, and the terms inside it."""
    texts, inner = dict[str, str](), list[Element]()
    for child in list_children(taxon):
        name = local_name(child.tag)
        if name in parts:
            texts[name] = texts.get(name) or _read_string(child)
        elif name == "taxon":
            inner.append(child)
    return texts, inner
