"""XML records as elements: those of one envelope are parsed together, one by one only when that fails; one that fails alone is set aside.

Put here: what every extractor of XML needs, from bytes to the element that holds the metadata, and text by local name (flavours of a
format differ in their namespaces). What comes in is hostile: no entities, no document type, no network, libxml2's limits on size and depth.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, islice
from operator import attrgetter

import pyarrow as pa
from lxml import etree

from harvest_assets.errors import RecordError
from harvest_assets.extract.raw_rows import RawRow, iterate_rows
from harvest_assets.interfaces import Extraction
from harvest_assets.model.document import Document
from harvest_assets.model.record import SetAside

Element = etree._Element  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - lxml has no public name for its elements

_TOGETHER = 500


def extract_records(records: pa.RecordBatch, read: Callable[[RawRow, Element], Iterable[Document]]) -> Extraction:
    """Each record becomes the documents that ``read`` makes of its element, none included; where it raises ``RecordError``, set aside."""
    documents: list[Document] = []
    set_aside: list[SetAside] = []
    for row, record in parse_rows(iterate_rows(records)):
        if isinstance(record, str):
            set_aside.append(row.put_aside(record, "not_well_formed"))
            continue
        try:
            documents.extend(read(row, record))
        except RecordError as error:
            set_aside.append(row.put_aside(str(error), error.rule))
    return Extraction(documents, tuple(set_aside))


def parse_rows(rows: Iterable[RawRow]) -> Iterator[tuple[RawRow, Element | str]]:
    """Rows with their record element, or with the reason why there is none."""
    for envelope, group in groupby(rows, key=attrgetter("envelope")):
        while some := list(islice(group, _TOGETHER)):
            bodies = [row.body for row in some]
            together = _parse(envelope, bodies) if envelope else None
            parsed = together if together is not None else [_parse_alone(envelope, body) for body in bodies]
            yield from zip(some, parsed, strict=True)


def find_metadata(record: Element, metadata_format: str, *names: str) -> Element:
    """The element with one of the local names, in lower case: the record itself, or what its ``metadata`` holds.

    Raises:
        RecordError: There is no metadata, or it is of another format.
    """
    if local_name(record.tag) in names:
        return record
    metadata = next((child for child in list_children(record) if local_name(child.tag) == "metadata"), None)
    if metadata is None or not len(metadata):
        raise RecordError("the record has no metadata", rule="no_metadata")
    element = metadata[0]
    if local_name(element.tag) not in names:
        raise RecordError(
            f"the metadata is {element.tag!r}, not {metadata_format}: check metadata_prefix and the extractor of the source",
            rule="other_format",
        )
    return element


@lru_cache(maxsize=4096)
def local_name(tag: str) -> str:
    """A name without its namespace, in lower case: flavours of one format differ in both."""
    return tag.rpartition("}")[2].lower()


def list_children(element: Element) -> list[Element]:
    """The children of an element, three times as fast as by iterating over it."""
    return element[:]  # pyright: ignore[reportArgumentType,reportReturnType] - lxml's stubs know no slices


def group_children(*elements: Element) -> dict[str, list[Element]]:
    """The children of elements by local name, in the order of the record."""
    found: dict[str, list[Element]] = {}
    for element in elements:
        for child in list_children(element):
            name = local_name(child.tag)
            if name in found:
                found[name].append(child)
            else:
                found[name] = [child]
    return found


def iterate_descendants(element: Element, name: str) -> Iterator[Element]:
    """All elements with a local name (in lower case) below an element, and itself, in the order of the record."""
    for each in element.iter("*"):
        if local_name(each.tag) == name:
            yield each


def read_attribute(element: Element, name: str) -> str:
    """The attribute with a local name (in lower case), stripped; empty when there is none."""
    return next((str(value).strip() for key, value in element.attrib.items() if local_name(str(key)) == name), "")


def read_text(element: Element) -> str:
    """The text of an element, stripped; that of markup in it included."""
    return read_mixed(element).strip() if len(element) else (element.text or "").strip()


def read_mixed(element: Element) -> str:
    """Text of an element that has markup in it."""
    return etree.tostring(element, method="text", encoding="unicode", with_tail=False)


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
        element = _parse_document(body)
    except etree.XMLSyntaxError as error:
        return f"the record is not well-formed XML: {' '.join(str(error.msg).split())}"
    if element.getroottree().docinfo.internalDTD:
        return "the record declares a document type: entities are not expanded, send it without"
    return element


def _parse_document(document: bytes) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(document, parser)
