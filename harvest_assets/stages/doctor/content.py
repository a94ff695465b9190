"""Formats by their first bytes; what a server calls its content is not believed.

Put here: bytes → a name. Keep out: asking for them.
"""

import re
import zlib

import orjson

from harvest_assets.interfaces import Response
from harvest_assets.stages.doctor.findings import tidy

_ROOTS = {"OAI-PMH": "oai-pmh", "urlset": "sitemap", "sitemapindex": "sitemap", "rss": "feed", "feed": "feed", "RDF": "feed"}
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
_ARCHIVES = (b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_GZIP = b"\x1f\x8b"
_TAR_MARK = slice(257, 262)
_UNPACKED_BYTES = 262_144
_LEAST_LINES = 2


def recognise_content(body: bytes) -> str | None:
    """The protocol that reads such content: ``oai-pmh``, ``json``, ``sitemap``, ``feed`` or ``files``; None for anything else."""
    if body.startswith(_GZIP):
        return recognise_content(_unpack(body)) or "files"
    if body.startswith(_ARCHIVES) or body[_TAR_MARK] == b"ustar":
        return "files"
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return _ROOTS.get(read_root(text))
    if text[:1] in {b"{", b"["}:
        return "files" if _is_json_lines(text) else "json"
    return "files" if _find_delimiter(text) else None


def read_layout(body: bytes) -> dict[str, str]:
    """What the first bytes of a file tell of its format, as options of the protocol ``files``; nothing for archives and documents."""
    plain = _unpack(body) if body.startswith(_GZIP) else body
    text = plain.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):
        return {"format": "jsonl"} if _is_json_lines(text) else {"format": "json"}
    delimiter = _find_delimiter(text)
    if body.startswith(_ARCHIVES) or body[_TAR_MARK] == b"ustar" or text[_TAR_MARK] == b"ustar" or delimiter is None:
        return {}
    return {"format": "csv", **({"delimiter": delimiter} if delimiter != "," else {})}


def read_root(text: bytes) -> str:
    """The local name of the first element of a document, empty when there is none."""
    found = _ROOT.search(_COMMENT.sub(b"", text))
    return found[1].decode() if found else ""


def describe_content(response: Response) -> str:
    """An answer that was not recognised, in a few words."""
    text = response.body.lstrip()
    root = read_root(text) if text.startswith(b"<") else ""
    if b"<!doctype html" in text[:512].lower() or root.lower() == "html":
        words = "an HTML page"
    elif root:
        words = f"XML with the root {tidy(root, 40)!r}"
    else:
        words = f"content that begins with {tidy(text[:60].decode(errors='replace'), 50)!r}" if text else "no content"
    return f"status {response.status}, {words}"


def _unpack(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(body, _UNPACKED_BYTES)
    except zlib.error:
        return b""


def _is_json_lines(text: bytes) -> bool:
    """Whether the first line is an object of its own, and another one begins after it."""
    first, _, rest = text.partition(b"\n")
    try:
        return bool(rest.lstrip().startswith(b"{") and isinstance(orjson.loads(first), dict))
    except orjson.JSONDecodeError:
        return False


def _find_delimiter(text: bytes) -> str | None:
    """What the first two lines of a table have the same number of; None when this is no table."""
    lines = text.splitlines()[:_LEAST_LINES]
    if len(lines) < _LEAST_LINES or b"\x00" in text:
        return None
    return next((mark for mark in ",;\t" if 0 < lines[0].count(mark.encode()) == lines[1].count(mark.encode())), None)
