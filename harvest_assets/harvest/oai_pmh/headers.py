"""Record headers read from the bytes of a page that is known to be well-formed, when they look as they nearly always do.

Eight times as fast as walking the tree. Anything unusual, a comment, an entity, an attribute or another order, and the whole page is left
to the tree: ``None``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

_STATUS_DELETED = re.compile(rb"""\s+status\s*=\s*(?:"deleted"|'deleted')\s*""")


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a page, column by column, in the order of the records."""

    identifiers: list[str]
    datestamps: list[str]
    deleted: list[bool]
    set_specs: list[list[str]]


def scan_headers(bodies: Sequence[bytes], prefix: str | None) -> Headers | None:
    """The header at the beginning of each record; ``prefix`` is that of the record elements."""
    found = [_pattern(prefix).match(body) for body in bodies]
    matches = [each for each in found if each is not None]
    attributes = [each[1] for each in matches]
    if len(matches) < len(bodies) or any(each is not None and not _STATUS_DELETED.fullmatch(each) for each in attributes):
        return None
    identifiers = [each[2].decode().strip() for each in matches]
    if not all(identifiers):
        return None
    datestamps = [each[3].decode().strip() for each in matches]
    specs = [[each.decode().strip() for each in _set_pattern(prefix).findall(match[4])] if match[4] else [] for match in matches]
    return Headers(identifiers, datestamps, [each is not None for each in attributes], specs)


def _qualify(prefix: str | None) -> bytes:
    return re.escape(f"{prefix}:".encode()) if prefix else b""


@cache
def _pattern(prefix: str | None) -> re.Pattern[bytes]:
    name = _qualify(prefix)
    return re.compile(
        rb"<%brecord>\s*<%bheader(\s[^<>&]*)?>\s*<%bidentifier>([^<&\r]+)</%bidentifier>\s*<%bdatestamp>([^<&\r]*)</%bdatestamp>"
        rb"((?:\s*<%bsetSpec>[^<&\r]*</%bsetSpec>)*)\s*</%bheader>".replace(b"%b", name)
    )


@cache
def _set_pattern(prefix: str | None) -> re.Pattern[bytes]:
    return re.compile(rb"<%bsetSpec>([^<&\r]*)<".replace(b"%b", _qualify(prefix)))
