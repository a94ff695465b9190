"""Zip containers (Office, OpenDocument, EPUB) before anybody opens them: how much is really in them, and what XML declares.

Declared sizes lie, so everything is unpacked once, counted and thrown away; an honest document takes milliseconds. Entities that
refer to others, or to other files, are how an XML bomb is made; these formats have no use for them.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, https://www.w3.org/TR/xml/#sec-entity-decl
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from xml.parsers import expat

from harvest_assets.errors import RecordError

MAX_BYTES = 200 * 1024 * 1024
MAX_RATIO = 200
MAX_ENTRIES = 10_000
_SMALL = 16 * 1024 * 1024  # what unpacks to less is no bomb, however well it is packed
_PIECE, _CHUNK = 64 * 1024, 256 * 1024
_HEADER = 30
_XML_NAMES = (".xml", ".rels", ".opf", ".ncx", ".xhtml", ".html", ".htm")
_LONGEST_ENTITY = 1000

_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError, struct.error, zlib.error)
_METHOD = re.compile(rb"""<[^>]*EncryptionMethod[^>]*Algorithm\s*=\s*["']([^"']*)""")
_ONLY_FONTS = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")


def check_archive(content: bytes) -> zipfile.ZipFile:
    """Open a container after everything in it was counted.

    Raises:
        RecordError: It is no zip container (``unreadable``), or encrypted (``encrypted``), unpacks to too much or has too many entries
            (``zip_bomb``), or XML in it declares entities of entities (``xml_bomb``).
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _UNREADABLE as error:
        raise RecordError(f"the container cannot be opened: {error}", rule="unreadable") from None
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise RecordError(f"the container has {len(entries)} entries; at most {MAX_ENTRIES} are read", rule="zip_bomb")
    _check_size(sum(entry.file_size for entry in entries), len(content))
    _unpack_all(memoryview(content), entries)
    _check_locks(archive)
    return archive


def read_part(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """A part of a container that was checked; None when it is not there or broken."""
    try:
        return archive.read(name)
    except (KeyError, *_UNREADABLE):
        return None


def check_entities(chunks: Iterable[bytes], name: str) -> None:
    """Read XML up to its first element: all entities are declared before it.

    Raises:
        RecordError: ``xml_bomb``, for an entity that is long, refers to others or lies outside the document.
    """
    parser = expat.ParserCreate()
    elements: list[str] = []

    def see_entity(entity: str, is_parameter: bool, value: str | None, *place: str | None) -> None:  # noqa: FBT001 - as expat calls it
        del is_parameter, place
        if value is None or "&" in value or "%" in value or len(value) > _LONGEST_ENTITY:
            raise RecordError(f"{name}: the entity {entity[:40]!r} is long, or refers to others or outside: an XML bomb", rule="xml_bomb")

    parser.EntityDeclHandler = see_entity
    parser.StartElementHandler = lambda *element: elements.append(str(element[0]))
    with suppress(expat.ExpatError, ValueError, LookupError):  # whether XML is well-formed is for those to say who read it
        for chunk in chunks:
            parser.Parse(chunk)
            if elements:
                return


def _unpack_all(content: memoryview, entries: Iterable[zipfile.ZipInfo]) -> None:
    meter = _Meter(len(content))
    for entry in entries:
        name = entry.filename[:80]
        if entry.flag_bits & 1:
            raise RecordError(f"the container's entry {name!r} is encrypted", rule="encrypted")
        chunks = meter.watch(_unpack(content, entry))
        if entry.filename.lower().endswith(_XML_NAMES):
            check_entities(chunks, name)
        for _ in chunks:
            pass


class _Meter:
    """Counts what comes out of a container, entry after entry, and stops when it becomes too much."""

    def __init__(self, packed_bytes: int) -> None:
        self._packed_bytes = packed_bytes
        self._unpacked_bytes = 0

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._unpacked_bytes += len(chunk)
            _check_size(self._unpacked_bytes, self._packed_bytes)
            yield chunk


def _unpack(content: memoryview, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of an entry in chunks, as far as it is there and can be unpacked; what cannot harms nobody."""
    start = entry.header_offset
    if not 0 <= start <= len(content) - _HEADER:  # an offset before the file is what a wrong place of the directory makes of it
        return
    name_bytes, extra_bytes = struct.unpack_from("<HH", content, start + 26)
    start += _HEADER + name_bytes + extra_bytes
    packed = content[start : start + entry.compress_size]
    pieces = (bytes(packed[place : place + _PIECE]) for place in range(0, len(packed), _PIECE))
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from pieces
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        with suppress(zlib.error):
            yield from _inflate(pieces)
    else:
        raise RecordError(f"the container's entry {entry.filename[:80]!r} is packed in an unknown way", rule="unreadable")


def _inflate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in pieces:
        left = piece
        while left and not inflate.eof:
            yield inflate.decompress(left, _CHUNK)
            left = inflate.unconsumed_tail


def _check_size(size: int, packed: int) -> None:
    if size > MAX_BYTES:
        raise RecordError(f"the container of {packed} bytes unpacks to {size} bytes or more; at most {MAX_BYTES} are read", rule="zip_bomb")
    if size > max(_SMALL, MAX_RATIO * packed):
        raise RecordError(
            f"the container of {packed} bytes unpacks to {size} bytes or more, over {MAX_RATIO} times as much: a zip bomb", rule="zip_bomb"
        )


def _check_locks(archive: zipfile.ZipFile) -> None:
    """OpenDocument and EPUB encrypt entries by means of their own; that an EPUB's fonts are disguised does not matter."""
    manifest = read_part(archive, "META-INF/manifest.xml") or b""
    methods = _METHOD.findall(read_part(archive, "META-INF/encryption.xml") or b"")
    if b"encryption-data" in manifest or any(method not in _ONLY_FONTS for method in methods):
        raise RecordError("the document is encrypted: its container says so", rule="encrypted")
