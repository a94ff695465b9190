"""Entries cut out of the bytes of a feed, as sent, with a start tag in which they parse.

A cut is used only when it is certain: a start tag and an end tag for each entry, one after the other, and no tag more.
"""

import re
from xml.sax.saxutils import quoteattr

from harvest_assets.harvest.contents.markup import Element

_XML = "{http://www.w3.org/XML/1998/namespace}"


def cut_elements(body: bytes, name: bytes, count: int) -> list[bytes] | None:
    """Bytes of ``count`` elements called ``name`` (with prefix) that are known to be in the feed, in order; None when cutting is unsafe.

    An empty element, a namesake in a comment or in an entry, and the counts differ.
    """
    tags = _find_tags(body, name)
    starts, ends = tags[::2], tags[1::2]
    if len(starts) != count or len(ends) != count:
        return None
    if any(_is_end(body, start) for start in starts) or not all(_is_end(body, end) for end in ends):
        return None
    return [body[start : body.find(b">", end) + 1] for start, end in zip(starts, ends, strict=True)]


def cut_outermost(body: bytes, name: bytes) -> tuple[bytes, list[bytes]]:
    """What is left of a feed without its outermost elements called ``name``, and those elements, for a feed that does not parse."""
    frame: list[bytes] = []
    slices: list[bytes] = []
    depth = begin = done = 0
    for tag in _find_tags(body, name):
        begin = tag if depth == 0 else begin
        depth = max(0, depth - 1) if _is_end(body, tag) else depth + 1
        if depth == 0:
            frame.append(body[done:begin])
            done = body.find(b">", tag) + 1
            slices.append(body[begin:done])
    return b"".join([*frame, body[done:]]), slices


def build_envelope(parent: Element) -> bytes:
    """A start tag with what entries inherit, namespaces, language and base address, in a fixed order."""
    inherited = {"xmlns:" + prefix if prefix else "xmlns": address for prefix, address in parent.nsmap.items()}
    for element in [*reversed(list(parent.iterancestors())), parent]:
        inherited |= {f"xml:{name}": value for name in ("base", "lang") if (value := element.get(_XML + name)) is not None}
    written = "".join(f" {name}={quoteattr(value)}" for name, value in sorted(inherited.items()))
    return f"<{qualify(parent)}{written}>".encode()


def close_envelope(envelope: bytes) -> bytes:
    """The end tag to a start tag."""
    return b"</" + envelope[1:].split(b">", 1)[0].split(None, 1)[0] + b">"


def qualify(element: Element) -> str:
    """The name of an element as it is written."""
    name = element.tag.rpartition("}")[2]
    return f"{element.prefix}:{name}" if element.prefix else name


def _find_tags(body: bytes, name: bytes) -> list[int]:
    """Places of start and end tags of a name, not of names that merely begin like it."""
    return [tag.start() for tag in re.finditer(rb"</?" + re.escape(name) + rb"[\s>/]", body)]


def _is_end(body: bytes, tag: int) -> bool:
    return body.startswith(b"</", tag)
