"""What to say about a name that is not known: the names that are, and the nearest one."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN_CHARACTERS = 80


def shorten(value: object) -> str:
    """A value as messages show it: its ``repr``, cut after 80 characters."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant; None when nothing is similar enough to suggest."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def not_one_of(name: object, known: Iterable[str]) -> str:
    """The second half of a message, ``'oaipmh' is not one of json, oai-pmh. Did you mean 'oai-pmh'?``; names in order."""
    names = sorted(known)
    suggestion = nearest(str(name)[:_SHOWN_CHARACTERS], names)
    ending = f". Did you mean {suggestion!r}?" if suggestion else ""
    return f"{shorten(name)} is not one of {', '.join(names) or '(none is known)'}{ending}"
