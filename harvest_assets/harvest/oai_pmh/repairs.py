"""Repairs that need no guess: bytes outside the root element, and characters that XML does not allow.

Repositories append PHP notices after ``</OAI-PMH>`` and copy control characters out of their databases. What is dropped carries no
metadata; anything else stays broken and is reported. https://www.w3.org/TR/xml/#charsets
"""

import re

_ROOT = re.compile(rb"<((?:[\w.-]+:)?)OAI-PMH[\s>]")
_DECLARATION = b"<?xml"
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


def _keep_legal_reference(reference: re.Match[bytes]) -> bytes:
    digits, base = (reference.group(1), 16) if reference.group(1) else (reference.group(2), 10)
    return reference.group(0) if _is_legal(int(digits, base)) else b""


def _is_legal(code: int) -> bool:
    return any(code in span for span in _LEGAL)
