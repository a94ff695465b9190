"""Characters of plain text and web pages: which charset their bytes are in, and the text that they spell.

Bytes that are well-formed UTF-8 and not ASCII are UTF-8, whatever somebody declared: hardly any other text is by accident. After that a
declaration counts (server first, then page), if the bytes obey it; then windows-1252, as browsers read what says nothing. No statistics:
they go wrong on short texts, and equal bytes have to be read alike for ever. https://encoding.spec.whatwg.org/
"""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KNOWN = re.compile(
    r"utf-?(8|16|16le|16be|16-le|16-be)|iso-?8859-?\d{1,2}|windows-?125\d|cp125\d|koi8-[ru]|gbk|gb18030|big5|euc-(jp|kr)|shift[_-]jis"
    r"|iso-2022-jp|macintosh|mac-?roman"
)
_SAME = {
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "macintosh": "mac_roman",
    "us-ascii": "cp1252",
    "x-sjis": "shift_jis",
}
_META = re.compile(rb"""<(?:meta\b[^>]{0,500}?charset\s*=|\?xml\b[^>]{0,200}?encoding\s*=)\s*["']?([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_META_BYTES = 4096
_SAMPLE_BYTES = 4096
_MANY = 0.4


def decode(content: bytes, declared: str | None = None, *, is_markup: bool = False) -> tuple[str, str]:
    """The text of some bytes and the charset that it was in; never fails, since windows-1252 reads everything.

    ``declared`` is what the server said of the charset; pages and XML may say it themselves at their beginning (``is_markup``).
    """
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(charset, "replace"), charset
    candidates = ["utf-8"] if not content.isascii() else []
    candidates += [charset for label in (declared, _find_meta(content) if is_markup else None) if (charset := _resolve(label))]
    candidates += [guess] if (guess := _guess_utf16(content)) else ["utf-8"]
    for charset in candidates:
        try:
            return content.decode(charset), charset
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", "ignore"), "cp1252"


def read_charset(content_type: str | None) -> str | None:
    """The ``charset`` parameter of a Content-Type header."""
    found = re.search(r";\s*charset\s*=\s*[\"']?([\w.:-]{2,40})", content_type or "", re.IGNORECASE | re.ASCII)
    return found[1] if found else None


def _find_meta(content: bytes) -> str | None:
    found = _META.search(content[:_META_BYTES])
    label = found[1].decode("ascii").lower() if found else None
    # A page whose declaration could be read as ASCII is not in UTF-16, whatever it says.
    return "utf-8" if label is not None and label.startswith("utf") else label


def _resolve(label: str | None) -> str | None:
    """The codec of a label; None for those that nobody writes pages in, such as ``base64`` or ``utf-7``."""
    name = (label or "").strip().lower()
    name = _SAME.get(name, name)
    if not _KNOWN.fullmatch(name):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _guess_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: Western text has a zero in every other place."""
    sample = content[:_SAMPLE_BYTES]
    if len(sample) < 4 or len(content) % 2:  # noqa: PLR2004 - two characters
        return None
    half = len(sample) // 2
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if max(even, odd) < _MANY or min(even, odd) > _MANY / 4:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"
