"""Record bytes cut out of a page, as sent, without serialising a tree again.

Serialising costs three times as much as cutting (7.6 against 2.4 µs for a record of 2 kB) and gives other bytes than those that came.
A cut is used only when it is certain: a start tag and an end tag for each record, one after the other, and no tag more.
"""

import re
from xml.sax.saxutils import quoteattr


def cut_records(body: bytes, name: bytes, count: int) -> list[bytes] | None:
    """Bytes of ``count`` elements called ``name`` (with prefix) that are known to be in the page, in order; None when cutting is unsafe.

    None of the elements may be empty. Then each has one start tag and one end tag, so that equal counts leave no room for look-alikes in
    comments, CDATA or nested metadata.
    """
    tags = _find_tags(body, name)
    starts, ends = tags[::2], tags[1::2]
    if len(starts) != count or len(ends) != count:
        return None
    if any(_is_end(body, start) for start in starts) or not all(_is_end(body, end) for end in ends):
        return None
    return [body[start : body.find(b">", end) + 1] for start, end in zip(starts, ends, strict=True)]


def cut_outermost(body: bytes, name: bytes, begins_anew: re.Pattern[bytes]) -> tuple[bytes, list[bytes]]:
    """What is left of a page without its outermost elements called ``name``, and those elements, for a page that does not parse.

    Where ``begins_anew`` matches, another such element begins although the one before has lost its end tag. An end tag without a start
    ends what follows the element before.
    """
    frame: list[bytes] = []
    slices: list[bytes] = []
    depth = begin = done = 0
    for tag in _find_tags(body, name):
        is_end = _is_end(body, tag)
        if depth and not is_end and begins_anew.match(body, tag):
            frame.append(body[done:begin])
            slices.append(body[begin:tag])
            done, depth = tag, 0
        if depth == 0:
            begin = done if is_end and slices else tag
        depth = max(0, depth - 1) if is_end else depth + 1
        if depth == 0:
            frame.append(body[done:begin])
            done = body.find(b">", tag) + 1
            slices.append(body[begin:done])
    return b"".join([*frame, body[done:]]), slices


def build_envelope(name: str, namespaces: dict[str | None, str]) -> bytes:
    """A start tag with the namespaces in scope, in a fixed order, so that equal pages have equal envelopes."""
    declared = sorted((f"xmlns:{prefix}" if prefix else "xmlns", address) for prefix, address in namespaces.items())
    return f"<{name}{''.join(f' {prefix}={quoteattr(address)}' for prefix, address in declared)}>".encode()


def _find_tags(body: bytes, name: bytes) -> list[int]:
    """Places of start and end tags of a name, not of names that merely begin like it."""
    return [tag.start() for tag in re.finditer(rb"</?" + re.escape(name) + rb"[\s>/]", body)]


def _is_end(body: bytes, tag: int) -> bool:
    return body.startswith(b"</", tag)
