"""Repairs that need no guess: bytes outside the root element, characters that XML does not allow, bytes that are not UTF-8.

Repositories append PHP notices after ``</OAI-PMH>``, copy control characters out of their databases, and paste Windows-1252 into pages
that say they are UTF-8. What is dropped carries no metadata; anything else stays broken and is reported.
https://www.w3.org/TR/xml/#charsets, https://encoding.spec.whatwg.org/#windows-1252
"""

import codecs
import re

_ROOT = re.compile(rb"<((?:[\w.-]+:)?)OAI-PMH[\s>]")
_DECLARATION = b"<?xml"
_ENCODING = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z][\w.:-]{0,39})[\"']")
_SINGLE_BYTE = re.compile(r"iso8859-\d+|cp125\d")
_MOST_STRAY_BYTES = 1_000_000  # one second; what has more is another encoding altogether
_CONTROL_BYTES = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")

_LEGAL = ((0x9, 0xA, 0xD), range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000))


def find_root(body: bytes) -> re.Match[bytes] | None:
    """The start tag of the root element in an ASCII-compatible encoding; group 1 is its prefix with the colon."""
    return _ROOT.search(body)


def find_end(body: bytes, root: re.Match[bytes]) -> int | None:
    """Where the root element ends, or None when its end tag is not there."""
    start = body.rfind(b"</" + root.group(1) + b"OAI-PMH")
    end = body.find(b">", start) if start >= 0 else -1
    return end + 1 if end >= 0 else None


def find_surroundings(body: bytes) -> bytes:
    """What `cut_surroundings` leaves out, and the XML declaration."""
    root = find_root(body)
    end = find_end(body, root) if root else None
    return b"" if root is None or end is None else body[: root.start()] + body[end:]


def cut_surroundings(body: bytes) -> bytes:
    """The XML declaration, when there is one before the root, and everything up to the end of the root element."""
    root = find_root(body)
    end = find_end(body, root) if root else None
    if root is None or end is None:
        return body
    declaration = body.find(_DECLARATION, 0, root.start())
    return body[declaration if declaration >= 0 else root.start() : end]


def drop_illegal_characters(body: bytes) -> bytes:
    """The same without raw control characters and without references to characters that XML 1.0 forbids; for ASCII-compatible encodings."""
    return _REFERENCE.sub(_keep_legal_reference, body.translate(None, _CONTROL_BYTES))


def read_stray_bytes(body: bytes) -> bytes:
    """The same in UTF-8, where it is not: each byte that UTF-8 does not allow is read as Windows-1252.

    Only for pages that say that they are UTF-8 or ASCII, say nothing, or name an encoding that nobody knows. UTF-8 stays UTF-8.
    """
    said = _read_encoding(body)
    if said not in {"utf-8", "ascii", None} or (said == "ascii" and body.isascii()):
        return body
    if len(body) - len(body.decode("utf-8", errors="ignore").encode()) > _MOST_STRAY_BYTES:
        return body
    written = body.decode("utf-8", errors=_STRAY_BYTES).encode()
    return body if written == body and said == "utf-8" else _drop_declaration(written)


def convert_to_utf_8(body: bytes) -> bytes:
    """The same in UTF-8, when it is in an encoding of one byte a character, so that its records can be read apart from it."""
    said = _read_encoding(body)
    if said is None or not _SINGLE_BYTE.fullmatch(said):
        return body
    return _drop_declaration(body.decode(said, errors=_STRAY_BYTES).encode())


def _read_encoding(body: bytes) -> str | None:
    """The name of the declared encoding as Python spells it; UTF-8 when there is no declaration, ``None`` when nobody knows its name."""
    declared = _ENCODING.match(body)
    try:
        return codecs.lookup(declared.group(1).decode()).name if declared else "utf-8"
    except LookupError:
        return None


def _drop_declaration(body: bytes) -> bytes:
    return body[body.find(b"?>") + 2 :] if body.startswith(_DECLARATION) else body


def _read_as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """The bytes that do not decode, in the reading of browsers: Windows-1252, and Latin-1 for the five bytes that it leaves out."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    failed = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in failed), error.end


_STRAY_BYTES = "harvest_assets.windows-1252"
codecs.register_error(_STRAY_BYTES, _read_as_windows_1252)


def _keep_legal_reference(reference: re.Match[bytes]) -> bytes:
    digits, base = (reference.group(1), 16) if reference.group(1) else (reference.group(2), 10)
    return reference.group(0) if _is_legal(int(digits, base)) else b""


def _is_legal(code: int) -> bool:
    return any(code in span for span in _LEGAL)
