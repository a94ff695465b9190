"""XML from outside: refused at sight, parsed with care, mended where that needs no guess about content.

Entities, DTDs, the network and huge trees are off. What is mended, and the bytes as they came, are told. https://www.w3.org/TR/xml/
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from lxml import etree

from harvest_assets.errors import PermanentError, RecordError, TransientError
from harvest_assets.harvest.contents.compression import is_gzip, unpack_gzip
from harvest_assets.interfaces import Response

Element = etree._Element  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - lxml has no public name for its elements
Made = TypeVar("Made")

UNPACKED_BYTES = 64 * 1024 * 1024
CUT_ATTEMPTS = 3

_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)[\s/>]")
_DECLARED = re.compile(rb"<\?xml[^>]*\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_UTF_8 = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
_CONTROL_BYTES = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")
_LEGAL = ((0x9, 0xA, 0xD), range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000))
_ESCAPED = re.compile("[\udc80-\udcff]+")
_PROLOG_BYTES = 65_536
_SHOWN_BYTES = 80
_MOST_TAGS = 5_000_000  # at some 150 bytes each in a tree


class CutDocumentError(TransientError):
    """The document stops before its end; asking again may bring all of it."""


class BrokenMarkupError(PermanentError):
    """The document stays not well-formed however it is mended; ``mended`` is as far as that went."""

    def __init__(self, message: str, mended: "Mended") -> None:
        super().__init__(message)
        self.mended = mended


@dataclass(frozen=True, slots=True)
class Mended:
    """The bytes of an answer that are to be parsed, what was done to them, and as they came if anything was."""

    body: bytes
    repairs: tuple[str, ...] = ()
    original: bytes = b""


def fetch_whole(ask: Callable[[], Response], read: Callable[[Response], Made]) -> tuple[Response, Made]:
    """An answer and what ``read`` makes of it; one that is cut off is asked for three times."""
    attempt = 1
    while True:
        response = ask()
        try:
            return response, read(response)
        except CutDocumentError:
            if attempt == CUT_ATTEMPTS:
                raise
            attempt += 1


def parse_xml(document: bytes) -> Element:
    """Parse bytes that came from outside: no entities, no DTD, no network, libxml2's limits on size and depth."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    return etree.fromstring(document, parser)


def describe(error: etree.XMLSyntaxError) -> str:
    """What libxml2 says, in one line; it quotes the document, line breaks included."""
    return " ".join(str(error.msg).split())[:200]


def local_name(element: Element) -> str:
    """The name of an element without its namespace; empty for comments and processing instructions."""
    tag = cast("object", element.tag)  # the stub does not know that comments have none
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def read_markup(body: bytes, place: str, kind: str) -> tuple[Element, Mended]:
    """Bytes of an answer → the root of its tree; ``place`` begins every message, ``kind`` is what it should be.

    Raises:
        CutDocumentError: The answer is empty or stops before its end.
        BrokenMarkupError: It is broken beyond repair.
        PermanentError: It is HTML, or has a DTD.
    """
    mended = unpack(body, place)
    refuse_at_sight(mended.body, place, kind)
    try:
        return refuse_dtd(parse_xml(mended.body), place), mended
    except etree.XMLSyntaxError:
        mended = mend(mended)
    try:
        return refuse_dtd(parse_xml(mended.body), place), mended
    except etree.XMLSyntaxError as error:
        if is_cut(mended.body):
            raise CutDocumentError(f"{place}: the answer is cut off after byte {len(body)}") from error
        raise BrokenMarkupError(f"{place}: the answer is not well-formed XML: {describe(error)}", mended) from error


def unpack(body: bytes, place: str) -> Mended:
    """The bytes, decompressed when they are gzip whatever their headers said.

    Raises:
        CutDocumentError: The compressed answer stops before its end.
        PermanentError: It unpacks to more than ``UNPACKED_BYTES``.
    """
    if not is_gzip(body):
        return Mended(body)
    try:
        return Mended(unpack_gzip(body, limit=UNPACKED_BYTES))
    except RecordError as error:
        if error.rule == "damaged":
            raise CutDocumentError(f"{place}: {error}") from error
        raise PermanentError(f"{place}: {error}") from error


def refuse_at_sight(body: bytes, place: str, kind: str) -> None:
    """Refuse what needs no parser, or should not reach it.

    Raises:
        CutDocumentError: There is nothing.
        PermanentError: It is an HTML page, has a DOCTYPE, or would fill the memory.
    """
    if not body.strip():
        raise CutDocumentError(f"{place}: the answer is empty (cut off after byte 0)")
    if is_html(body):
        raise PermanentError(f"{place}: got an HTML page, not {kind}: check the address of the source")
    if body.count(b"<") > _MOST_TAGS:
        raise PermanentError(f"{place}: the answer has more than {_MOST_TAGS} tags; ask its publisher for several smaller ones")
    if has_doctype(body):
        raise PermanentError(f"{place}: the answer has a DOCTYPE, which is refused")


def is_html(body: bytes) -> bool:
    """Whether bytes begin as an HTML page does."""
    prolog = _read_prolog(body)
    root = _ROOT.search(body)
    return b"<!doctype html" in prolog or (root is not None and root.group(1).lower() == b"html")


def has_doctype(body: bytes) -> bool:
    """Whether a DOCTYPE stands before the root; one behind a very long comment shows only after parsing."""
    return b"<!doctype" in _read_prolog(body)


def refuse_dtd(root: Element, place: str) -> Element:
    """The root of a document without a DTD, whatever its encoding.

    Raises:
        PermanentError: It has one.
    """
    if root.getroottree().docinfo.internalDTD is not None:  # pyright: ignore[reportUnnecessaryComparison] - the stub is wrong
        raise PermanentError(f"{place}: the answer has a DOCTYPE, which is refused")
    return root


def mend(broken: Mended) -> Mended:
    """The same without bytes around the root, foreign bytes and illegal characters; only for encodings that look like ASCII."""
    body, repairs = broken.body.strip(), list(broken.repairs)
    if b"<\0" in body[:64] or b"\0<" in body[:64]:  # UTF-16 and UTF-32
        return broken
    for repair, words in (
        (_cut_surroundings, "bytes outside the root element were cut off"),
        (_decode_foreign, "bytes that are not UTF-8 were read as Windows-1252"),
        (_drop_illegal_characters, "illegal characters were dropped"),
    ):
        repaired = repair(body)
        if repaired != body:
            body = repaired
            repairs.append(words)
    return Mended(body, tuple(repairs), broken.original or broken.body) if repairs else broken


def is_cut(body: bytes) -> bool:
    """Whether bytes that are not well-formed stop before the end tag of their root."""
    root = _ROOT.search(body)
    if root is None:
        return body.lstrip().startswith(b"<") and body.rfind(b"<") > body.rfind(b">")
    return _find_end(body, root) is None


def show_start(body: bytes) -> str:
    """The first bytes of something unexpected, for a message."""
    return repr(body.lstrip()[:_SHOWN_BYTES])


def _read_prolog(body: bytes) -> bytes:
    """What stands before the root, in lower case; without the zero bytes of UTF-16."""
    start = body[:_PROLOG_BYTES].replace(b"\0", b"")
    root = _ROOT.search(start)
    return start[: root.start() if root else None].lower()


def _find_end(body: bytes, root: re.Match[bytes]) -> int | None:
    start = body.rfind(b"</" + root.group(1))
    end = body.find(b">", start) if start >= 0 else -1
    return end + 1 if end >= 0 else None


def _cut_surroundings(body: bytes) -> bytes:
    """The XML declaration and everything from the start to the end of the root."""
    root = _ROOT.search(body)
    end = _find_end(body, root) if root else None
    if root is None or end is None:
        return body
    declaration = body.find(b"<?xml", 0, root.start())
    return body[declaration if declaration >= 0 else root.start() : end]


def _decode_foreign(body: bytes) -> bytes:
    """Bytes that cannot be UTF-8, in a document that should be, read as what people mean by Latin-1."""
    declared = _DECLARED.match(body)
    if declared is not None and declared.group(1).lower() not in _UTF_8:
        return body
    return _ESCAPED.sub(_read_foreign, body.decode(errors="surrogateescape")).encode()


def _read_foreign(found: re.Match[str]) -> str:
    foreign = found.group().encode(errors="surrogateescape")
    try:
        return foreign.decode("cp1252")
    except UnicodeDecodeError:
        return foreign.decode("latin-1")


def _drop_illegal_characters(body: bytes) -> bytes:
    return _REFERENCE.sub(_keep_legal_reference, body.translate(None, _CONTROL_BYTES))


def _keep_legal_reference(reference: re.Match[bytes]) -> bytes:
    digits, base = (reference.group(1), 16) if reference.group(1) else (reference.group(2), 10)
    code = int(digits, base)
    return reference.group(0) if any(code in span for span in _LEGAL) else b""
