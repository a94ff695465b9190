"""``Link`` headers: targets and relations (https://www.rfc-editor.org/rfc/rfc8288#section-3)."""

import re
from dataclasses import dataclass

_TARGET = re.compile(r"[\s,]*<([^>]*)>")
_PARAMETER = re.compile(r'\s*;\s*(?:([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?')
_END = re.compile(r"\s*(?:,|$)")
_QUOTED_PAIR = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Link:
    """One link: the target as sent, and its relation types in lower case."""

    target: str
    relations: frozenset[str]


def read_links(header: str) -> list[Link]:
    """The links of a header in their order, without those about another resource than the answer (``anchor``).

    Raises:
        ValueError: The header is malformed; what follows the trouble could be the link that is looked for. Addresses are not quoted,
            they may hold a secret.
    """
    links: list[Link] = []
    place = 0
    while header[place:].strip(" \t,"):
        target = _TARGET.match(header, place)
        if target is None:
            raise ValueError(f"no link begins at character {place + 1}; it is an address in <> and parameters")
        place = target.end()
        parameters: dict[str, str] = {}
        while (found := _PARAMETER.match(header, place)) is not None:
            place = found.end()
            _keep_first(parameters, found)
        if not _END.match(header, place):
            raise ValueError(f"what begins at character {place + 1} is neither a parameter nor another link")
        if "anchor" not in parameters:
            links.append(Link(target[1].strip(), frozenset(parameters.get("rel", "").lower().split())))
    return links


def _keep_first(parameters: dict[str, str], found: re.Match[str]) -> None:
    """Of a repeated parameter the first counts (section 3.3)."""
    name, quoted, token = found.groups()
    if name is not None:
        value = _QUOTED_PAIR.sub(r"\1", quoted) if quoted is not None else token or ""
        parameters.setdefault(name.lower(), value)
