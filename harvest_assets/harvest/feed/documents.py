"""One document of a feed → its entries, and where the feed goes on.

Formats are told by their root element, whatever the namespace says: ``feed`` (Atom), ``rss`` (RSS 2.0 and its forerunners), ``RDF``
(RSS 1.0). An entry that is not well-formed costs no other.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.contents.markup import (
    BrokenMarkupError,
    Element,
    Mended,
    describe,
    local_name,
    parse_xml,
    read_markup,
    refuse_dtd,
)
from harvest_assets.harvest.contents.rows import Item, Unread, read_or_set_aside
from harvest_assets.harvest.feed.entries import TOMBSTONE, read_entry
from harvest_assets.harvest.feed.slices import build_envelope, close_envelope, cut_elements, cut_outermost, qualify

_KIND = "a feed"
_ENTRY = re.compile(rb"<((?:[\w.-]+:)?(?:entry|item))[\s>]")
_CUTTABLE_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_HISTORY = "{http://purl.org/syndication/history/1.0}"


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """What one document of a feed says: ``next`` and ``previous_archive`` are addresses as sent (RFC 5005)."""

    items: tuple[Item, ...]
    next: str | None
    previous_archive: str | None
    is_complete: bool
    mended: Mended


def read_feed(body: bytes, place: str) -> FeedDocument:
    """Bytes of an answer → entries and links; ``place`` begins every message.

    Raises:
        CutDocumentError: The answer is empty or stops before its end.
        PermanentError: It is something else than a feed.
    """
    try:
        root, mended = read_markup(body, place, _KIND)
    except BrokenMarkupError as error:
        root, mended, bodies = _take_apart(error, place)
        items = [_read_alone(build_envelope(_find_parent(root, place)), body) for body in bodies]
    else:
        items = list(_read_entries(_find_parent(root, place), mended.body))
    channel = _find_channel(root)
    return FeedDocument(
        items=tuple(items),
        next=_find_link(channel, "next"),
        previous_archive=_find_link(channel, "prev-archive"),
        is_complete=channel.find(_HISTORY + "complete") is not None,
        mended=mended,
    )


def _take_apart(error: BrokenMarkupError, place: str) -> tuple[Element, Mended, Sequence[bytes]]:
    """A broken feed as its frame and its entries, where these can be cut out and the frame is whole."""
    mended = error.mended
    name = _ENTRY.search(mended.body)
    if name is None:
        raise error
    frame, bodies = cut_outermost(mended.body, name.group(1))
    try:
        root = refuse_dtd(parse_xml(frame), place)
    except etree.XMLSyntaxError:
        raise error from None
    return root, Mended(mended.body, (*mended.repairs, "entries were read one by one"), mended.original or mended.body), bodies


def _find_parent(root: Element, place: str) -> Element:
    """The element whose children the entries are."""
    name = local_name(root)
    if name not in {"feed", "rss", "RDF"}:
        raise PermanentError(f"{place}: the root element is {name!r}, not 'feed', 'rss' or 'RDF': check the address of the source")
    return _find_channel(root) if name == "rss" else root


def _find_channel(root: Element) -> Element:
    """The element that describes the feed itself."""
    return next((child for child in root if local_name(child) == "channel"), root)


def _read_entries(parent: Element, body: bytes) -> Iterable[Item]:
    elements = [child for child in parent if child.tag == TOMBSTONE or local_name(child) in {"entry", "item"}]
    envelope = build_envelope(parent)
    bodies = _cut(parent, elements, body)
    for element, cut in zip(elements, bodies, strict=True):
        whole = cut or etree.tostring(element, encoding="utf-8", with_tail=False)
        yield _read(element, whole, envelope if cut else b"")


def _cut(parent: Element, elements: Sequence[Element], body: bytes) -> Sequence[bytes | None]:
    """Bytes of the entries as they stand in the feed, where they can be cut out."""
    names = {qualify(element) for element in elements}
    encoding = (parent.getroottree().docinfo.encoding or "utf-8").lower()
    found = cut_elements(body, names.pop().encode(), len(elements)) if len(names) == 1 and encoding in _CUTTABLE_ENCODINGS else None
    return found or [None] * len(elements)


def _read_alone(envelope: bytes, body: bytes) -> Item:
    try:
        element = parse_xml(envelope + body + close_envelope(envelope))[0]
    except etree.XMLSyntaxError as error:
        return Unread(None, f"not well-formed XML: {describe(error)}", "not_well_formed", body)
    return _read(element, body, envelope)


def _read(element: Element, body: bytes, envelope: bytes) -> Item:
    return read_or_set_aside(lambda: read_entry(element, body, envelope), body)


def _find_link(channel: Element, relation: str) -> str | None:
    """The address of an Atom link, which RSS feeds carry too."""
    for child in channel:
        if local_name(child) == "link" and child.get("rel") == relation and child.get("href"):
            return child.get("href")
    return None
