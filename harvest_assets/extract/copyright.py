"""Codes for what may be done with a work: ``cc-by-nc-40``, ``cc0-10``, ``pdm-10``, ``yes`` (all rights reserved).

A code is read from an address of Creative Commons or from the customary short names; whatever else a text says is no code.
https://creativecommons.org/share-your-work/cclicenses/
"""

import re
from itertools import pairwise

_WORDS = {"public domain": "pdm-10", "copyrighted": "yes"}
_NAMES = {"mark": "pdm", "zero": "cc0"}
_VERSION = r"(?P<version>[1-4]\.?\d)(?![.\d])"
_ADDRESS = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/(?P<name>mark|zero|[a-z]{2}(?:-[a-z]{2}){0,3})(?![a-z-])(?:/" + _VERSION + ")?",
    re.IGNORECASE | re.ASCII,
)
_SHORT = re.compile(
    r"(?<![a-z0-9])(?:cc[\s_-]+(?P<name>by(?:[\s_-]+(?:nc|nd|sa)(?![a-z0-9])){0,3})|(?P<free>cc0|pdm))(?![a-z0-9])(?:[\s_-]*v?"
    + _VERSION
    + ")?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 10_000


def read_copyright(text: str | None) -> str | None:
    """The one code that a text holds: addresses count before short names; None when it holds none, or several that differ."""
    stripped = " ".join((text or "")[:_LONGEST].split())
    known = _WORDS.get(stripped.lower())
    if known is not None:
        return known
    return _choose(
        {_build_code(match) for match in _ADDRESS.finditer(stripped)} or {_build_code(match) for match in _SHORT.finditer(stripped)}
    )


def _choose(codes: set[str]) -> str | None:
    """The longest of codes of which each begins the next, as ``cc-by`` does ``cc-by-40``; None when they say different things."""
    ordered = sorted(codes, key=len)
    agree = all(longer.rpartition("-")[0] == shorter and longer[-1].isdigit() for shorter, longer in pairwise(ordered))
    return ordered[-1] if ordered and agree else None


def _build_code(match: re.Match[str]) -> str:
    parts = match.groupdict()
    elements = re.split(r"[\s_-]+", (parts.get("free") or parts["name"]).lower())
    first = elements[0]
    name = "-".join(["cc", "by", *sorted({*elements} - {"by"})]) if first == "by" else _NAMES.get(first, first)
    return f"{name}-{parts['version'].replace('.', '')}" if parts["version"] else name
