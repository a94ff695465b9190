"""XML → records: the elements of a name one after the other, or the whole document. No entities, no DTD, no network, no huge trees.

Elements are thrown away as they have been read, so that a large file needs no large tree. https://www.w3.org/TR/xml/
"""

import io
from collections.abc import Iterator

from lxml import etree

from harvest_assets.errors import RecordError
from harvest_assets.harvest.contents.markup import Element, describe, has_doctype, local_name
from harvest_assets.harvest.contents.rows import RECORD_BYTES, Item, Row, check_size, read_or_set_aside
from harvest_assets.harvest.files.layout import Found, Hole, Layout

_MOST_ELEMENTS = 1_000_000


def read_xml(content: bytes, layout: Layout) -> Found:
    """Each outermost element called ``records``, with the namespaces that it needs to stand alone, or the document as it came.

    Raises:
        RecordError: The file has a DTD, is not well-formed, perhaps after some of its records, or is too large as one record.
    """
    if has_doctype(content):
        raise RecordError("the file has a DOCTYPE, which is refused", rule="doctype")
    if layout.options.records is None and len(content) > RECORD_BYTES:
        check_size(content)
    try:
        yield from _read_document(content, layout) if layout.options.records is None else _read_elements(content, layout)
    except etree.XMLSyntaxError as error:
        raise RecordError(f"the file is not well-formed XML: {describe(error)}", rule="not_well_formed") from error


def _read_document(content: bytes, layout: Layout) -> Found:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    root = etree.fromstring(content, parser)
    _refuse_dtd(root)
    yield read_or_set_aside(lambda: _read(root, content, layout, None), content)


def _read_elements(content: bytes, layout: Layout) -> Found:
    number = 0
    for element in _iterate_outermost(content, str(layout.options.records)):
        number += 1
        yield _read_element(element, layout, number)
    if not number:
        yield Hole(f"{layout.name}: there is no element {layout.options.records!r} in it (option records)")


def _iterate_outermost(content: bytes, name: str) -> Iterator[Element]:
    """Elements of a name that are in no other of that name, each when it has been read to its end; whatever else there is goes."""
    inside = 0  # elements that are open, from the outermost of that name on
    size = 0
    for event, element in etree.iterparse(
        io.BytesIO(content), events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    ):
        if event == "start":
            if element.getparent() is None:
                _refuse_dtd(element)
            inside += inside > 0 or local_name(element) == name
            size = size + 1 if inside > 1 else 0
            if size > _MOST_ELEMENTS:
                raise RecordError(f"an element {name!r} has more than {_MOST_ELEMENTS} elements in it", rule="too_large")
            continue
        if inside == 1:
            yield element
        inside = max(0, inside - 1)
        if not inside:
            _throw_away(element)


def _read_element(element: Element, layout: Layout, number: int) -> Item:
    body = etree.tostring(element, encoding="utf-8", with_tail=False)
    return read_or_set_aside(lambda: _read(element, body, layout, number), body)


def _read(element: Element, body: bytes, layout: Layout, number: int | None) -> Row:
    identifier = layout.identify(_find(element, layout.options.identifier), number)
    return Row(identifier, _find(element, layout.options.datestamp) or "", check_size(body))


def _find(element: Element, name: str | None) -> str | None:
    """An attribute of the element, or the text of a child, or else of the first element below, of a local name."""
    if name is None:
        return None
    if name.startswith("@"):
        wanted = name[1:]
        return next((str(value).strip() for key, value in element.attrib.items() if str(key).rpartition("}")[2] == wanted), None)
    found = next((child for child in element if local_name(child) == name), None)
    if found is None:
        found = next(element.iterdescendants("{*}" + name), None)
    return None if found is None else (found.text or "").strip()


def _throw_away(element: Element) -> None:
    """Free an element that has been read, and what stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _refuse_dtd(element: Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:  # pyright: ignore[reportUnnecessaryComparison] - the stub is wrong
        raise RecordError("the file has a DOCTYPE, which is refused", rule="doctype")
