"""Addresses as identities: one spelling for each, because a file is named after the SHA-1 of its own.

Put here: what makes two spellings one. Keep out: whether anything is at an address, which is for the task that asks.
"""


def normalise_address(text: str | None) -> str | None:
    """The address that a file is known by: without surrounding white space, ``+`` for each space and ``%20``; None when nothing is left."""
    stripped = (text or "").strip()
    return stripped.replace("%20", "+").replace(" ", "+") or None


def read_domain(address: str) -> str | None:
    """The host of an http(s) address in lower case, without port and credentials; None when there is none."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme.lower() not in {"http", "https"}:
        return None
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
    host = authority.partition("]")[0].lstrip("[") if authority.startswith("[") else authority.partition(":")[0]
    return host.lower() or None
