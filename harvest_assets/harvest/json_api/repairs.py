"""Bytes of an answer → JSON, mended where that loses nothing: encoding, control characters, documents in a row, markup after the end.

Put here: every repair, in the order in which they are tried. What cannot be mended without a guess about records stays broken.
https://www.rfc-editor.org/rfc/rfc8259
"""

import codecs
import json
import re
from typing import Any, NoReturn

import orjson

from harvest_assets.errors import TransientError
from harvest_assets.harvest.json_api.content import BrokenPageError, Content

BYTE_ORDER_MARK = "a byte order mark was dropped"
NOT_UTF_8 = "bytes that are not UTF-8 were read as windows-1252"
OTHER_UTF = "it was in {} and not in UTF-8"
CONTROL_CHARACTERS = "control characters, which JSON forbids, were dropped"
SEVERAL_DOCUMENTS = "{} JSON documents in a row were read as one page"
MARKUP = "markup after the end was dropped"

_SHOWN_CHARACTERS = 80
# the marks of UTF-32 come first: the one of UTF-16 is a part of them
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_NO_CONTROLS = dict.fromkeys(code for code in range(0x20) if chr(code) not in "\t\n\r")
_WHITE_SPACE = re.compile(r"[ \t\n\r]*")
_OBJECT = re.compile(r"\{\s*\"")


class CutPageError(TransientError):
    """The answer stops before its end; asking again may bring all of it."""


class EmptyPageError(CutPageError):
    """The answer holds nothing, which says nothing about any record."""


def read_content(body: bytes, place: str) -> Content:
    """What an answer holds; ``place`` begins every message.

    Raises:
        CutPageError: The answer is empty or stops before its end.
        UnreadablePageError: It is something else than JSON, or JSON that its standard forbids (NaN, nesting without end).
    """
    try:
        return Content((orjson.loads(body),))
    except orjson.JSONDecodeError:
        return _Mending(body, place).read()


class _Mending:
    """One answer that is not JSON as it came."""

    def __init__(self, body: bytes, place: str) -> None:
        self._body = body
        self._place = place
        self._repairs: list[str] = []

    def read(self) -> Content:
        text = self._decode(self._body)
        kept = text.translate(_NO_CONTROLS)
        if kept != text and kept.strip():
            self._repairs.append(CONTROL_CHARACTERS)
        if not kept.strip():
            raise EmptyPageError(f"{self._place}: the answer is empty (cut off after byte 0)")
        documents = self._split(kept)
        return Content(tuple(documents), tuple(self._repairs))

    def _decode(self, body: bytes) -> str:
        """Text in any encoding of Unicode that says so; else UTF-8, and windows-1252 for those bytes that are not."""
        for mark, encoding in _MARKS:
            if body.startswith(mark):
                return self._decode_wide(body, encoding)
        if body.startswith(codecs.BOM_UTF8):
            body = body.removeprefix(codecs.BOM_UTF8)
            self._repairs.append(BYTE_ORDER_MARK)
        try:
            return body.decode()
        except UnicodeDecodeError:
            self._repairs.append(NOT_UTF_8)
            return body.decode(errors=_AS_WINDOWS_1252)

    def _decode_wide(self, body: bytes, encoding: str) -> str:
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError as error:
            if error.end >= len(body):
                raise self._cut() from error
            raise self._broken(f"is not the {encoding} that its first bytes announce ({error.reason})") from error
        self._repairs.append(OTHER_UTF.format(encoding))
        return text

    def _split(self, text: str) -> list[Any]:
        documents: list[Any] = []
        start = _skip(text, 0)
        while start < len(text):
            if documents and text[start] == "<" and not _OBJECT.search(text, start):
                self._repairs.append(MARKUP)
                break
            end = _find_end(text, start)
            try:
                documents.append(orjson.loads(text[start:end]))
            except orjson.JSONDecodeError as error:
                self._refuse(text, error)
            start = _skip(text, end)
        if len(documents) > 1:
            self._repairs.append(SEVERAL_DOCUMENTS.format(len(documents)))
        return documents

    def _refuse(self, text: str, error: orjson.JSONDecodeError) -> NoReturn:
        beginning = text[_skip(text, 0) :][:_SHOWN_CHARACTERS]
        if beginning[0] in "{[" and error.pos >= len(error.doc):
            raise self._cut() from error
        raise self._broken(f"is not JSON ({error}), it begins with {beginning!r}") from error

    def _broken(self, words: str) -> BrokenPageError:
        return BrokenPageError(f"{self._place}: the answer {words}", self._body)

    def _cut(self) -> CutPageError:
        return CutPageError(f"{self._place}: the answer is cut off after byte {len(self._body)}")


def _read_as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8, one by one; those that windows-1252 leaves open as Latin-1 has them."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    strange = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode("windows-1252" if byte not in _OPEN_IN_WINDOWS_1252 else "latin-1") for byte in strange), error.end


_AS_WINDOWS_1252 = "harvest_assets.windows-1252"
_OPEN_IN_WINDOWS_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
codecs.register_error(_AS_WINDOWS_1252, _read_as_windows_1252)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


# only for ends of documents: it is the one parser at hand that says where a document ends without copying what follows
_scan = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant).raw_decode


def _find_end(text: str, start: int) -> int:
    """Where the document that begins here ends; the end of the text where there is no document."""
    try:
        return _scan(text, start)[1]
    except (ValueError, RecursionError):
        return len(text)


def _skip(text: str, start: int) -> int:
    found = _WHITE_SPACE.match(text, start)
    return found.end() if found else start
