"""The items of a DIDL document: metadata, files and start pages of one publication, as Dutch repositories bundle them.

https://wiki.surfnet.nl/display/standards/DIDL, ISO/IEC 21000-2
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harvest_assets.extract.xml_records import Element, group_children, iterate_descendants, local_name, read_attribute, read_text

FILE = "objectfile"
START_PAGE = "humanstartpage"

_TYPES = frozenset({"type", "objecttype"})
_KINDS = frozenset({FILE, START_PAGE, "descriptivemetadata"})


@dataclass(frozen=True, slots=True)
class Resource:
    """An address that an item refers to; ``kind`` is `FILE` or `START_PAGE`."""

    kind: str
    address: str
    media_type: str
    access_rights: str


def read_resources(didl: Element) -> Iterator[Resource]:
    """The files, then the start pages, each in the order of the document; what is inside the document has no address and is none."""
    return iter(sorted(_read_items(didl), key=lambda resource: resource.kind == START_PAGE))


def _read_items(didl: Element) -> Iterator[Resource]:
    for item in iterate_descendants(didl, "item"):
        children = group_children(item)
        kind, access_rights = _describe(children)
        for resource in group_children(*children.get("component", ())).get("resource", ()):
            address = read_attribute(resource, "ref")
            if address and kind in (FILE, START_PAGE):
                yield Resource(kind, address, read_attribute(resource, "mimetype").partition(";")[0].strip().lower(), access_rights)


def _describe(children: Mapping[str, Sequence[Element]]) -> tuple[str, str]:
    """Type and access rights, from an item's own descriptors; both are the last part of an address."""
    kind = access_rights = ""
    for descriptor in children.get("descriptor", ()):
        for element in descriptor.iter("*"):
            name = local_name(element.tag)
            if name in _TYPES and (found := _read_last_part(element).lower()) in _KINDS:
                kind = kind or found
            elif name == "accessrights":
                access_rights = access_rights or _read_last_part(element)
    return kind, access_rights


def _read_last_part(element: Element) -> str:
    text = read_attribute(element, "resource") or read_text(element)
    return text.rstrip("/").rpartition("/")[2]
