"""``oai_dc``: Dublin Core as OAI-PMH repositories send it → one document per record and one per file that it links to.

Records of one envelope are parsed together, one by one only when that fails; a record that fails alone is set aside.
http://www.openarchives.org/OAI/2.0/oai_dc.xsd, https://www.dublincore.org/specifications/dublin-core/dces/
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import ClassVar

import pyarrow as pa
from lxml import etree

from harvest_assets.errors import RecordError
from harvest_assets.extract.files import build_file
from harvest_assets.extract.media_types import read_file_address
from harvest_assets.extract.raw_rows import RawRow, iterate_rows
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import Document, build_srn
from harvest_assets.model.record import SetAside

Element = etree._Element  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - lxml has no public name for its elements

ELEMENTS = (
    "title",
    "creator",
    "subject",
    "description",
    "publisher",
    "contributor",
    "date",
    "type",
    "format",
    "identifier",
    "source",
    "language",
    "relation",
    "coverage",
    "rights",
)

_TAGS = {f"{{http://purl.org/dc/elements/{version}/}}{name}": name for version in ("1.1", "1.0") for name in ELEMENTS}
_TOGETHER = 500


class OaiDc(Extractor):
    """Reads the fifteen elements; values are stripped, empty ones and repetitions dropped, subjects sorted."""

    name: ClassVar[str] = "oai_dc"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = Options

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its document, followed by those of its files, or is set aside."""
        documents: list[Document] = []
        set_aside: list[SetAside] = []
        for row, record in _parse_rows(iterate_rows(records)):
            try:
                self._add(documents, row, record)
            except RecordError as error:
                set_aside.append(row.put_aside(str(error), error.rule))
        return Extraction(documents, tuple(set_aside))

    def _add(self, documents: list[Document], row: RawRow, record: Element | str) -> None:
        if isinstance(record, str):
            raise RecordError(record, rule="not_well_formed")
        properties = _read_elements(_find_dublin_core(record))
        srn = build_srn(self.source, row.identifier)
        title = properties["title"][0] if "title" in properties else None
        document = Document(srn, srn, self.entity, properties, title=title, datestamp=row.datestamp)
        documents.append(document)
        documents.extend(_find_files(document))


def _parse_rows(rows: Iterable[RawRow]) -> Iterator[tuple[RawRow, Element | str]]:
    """Rows with their record element, or with the reason why there is none."""
    for envelope, group in groupby(rows, key=attrgetter("envelope")):
        while some := list(islice(group, _TOGETHER)):
            bodies = [row.body for row in some]
            together = _parse(envelope, bodies) if envelope else None
            parsed = together if together is not None else [_parse_alone(envelope, body) for body in bodies]
            yield from zip(some, parsed, strict=True)


def _parse(envelope: bytes, bodies: Sequence[bytes]) -> list[Element] | None:
    """The elements of bodies that share an envelope; None when they do not parse, or not as one element each."""
    name = envelope[1:].split(b">", 1)[0].split(None, 1)[0]
    try:
        elements = list(_parse_document(b"".join((envelope, *bodies, b"</", name, b">"))).iterchildren("*"))
    except etree.XMLSyntaxError:
        return None
    return elements if len(elements) == len(bodies) else None


def _parse_alone(envelope: bytes, body: bytes) -> Element | str:
    """The element of one body, or why it cannot be read."""
    if envelope:
        parsed = _parse(envelope, [body])
        return parsed[0] if parsed else "the record is not one well-formed XML element"
    try:
        return _parse_document(body)
    except etree.XMLSyntaxError as error:
        return f"the record is not well-formed XML: {' '.join(str(error.msg).split())}"


def _parse_document(document: bytes) -> Element:
    """Parse bytes that came from outside: no entities, no DTD, no network, libxml2's limits on size and depth."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(document, parser)


def _find_dublin_core(record: Element) -> Element:
    """The element that holds the fifteen: the child of ``metadata``, whatever its own namespace."""
    metadata = record.find("{*}metadata")
    if metadata is None or not len(metadata):
        raise RecordError("the record has no metadata", rule="no_metadata")
    element = metadata[0]
    if etree.QName(element).localname != "dc":
        raise RecordError(
            f"the metadata is {element.tag!r}, not oai_dc: check metadata_prefix and the extractor of the source", rule="other_format"
        )
    return element


def _read_elements(dublin_core: Element) -> dict[str, list[str]]:
    """Values by element: elements in the order of the standard, values in the order of the record."""
    found: dict[str, list[str]] = {}
    for child in dublin_core:
        name = _TAGS.get(child.tag)
        text = (_read_mixed(child) if len(child) else child.text or "").strip()
        if name is None or not text:
            continue
        values = found.get(name)
        if values is None:
            found[name] = [text]
        elif text not in values:
            values.append(text)
    if "subject" in found:
        found["subject"].sort()
    return {name: found[name] for name in ELEMENTS if name in found}


def _read_mixed(element: Element) -> str:
    """Text of an element that has markup in it."""
    return etree.tostring(element, method="text", encoding="unicode", with_tail=False)


def _find_files(document: Document) -> Iterator[Document]:
    """One document per address in identifier and relation whose extension tells that it is a file."""
    values = [*document.properties.get("identifier", ()), *document.properties.get("relation", ())]
    for value in dict.fromkeys(values):
        address = read_file_address(value) if "://" in value and _may_name_a_file(value) else None
        if address is not None and address.media_type is not None:
            yield build_file(document, address.url, address.media_type, address.name)


def _may_name_a_file(address: str) -> bool:
    """Whether the end of its path may hold an extension, a cheap look that spares most addresses the thorough one."""
    path = address.partition("#")[0].partition("?")[0]
    last = path[path.rfind("/") + 1 :]
    return "." in last or "%" in last
