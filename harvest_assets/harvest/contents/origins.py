"""Scheme, host and port of addresses, and addresses made absolute."""

from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where an address leads, without anything in it that may be secret."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def read_origin(address: str) -> Origin | None:
    """The origin of an http or https address; None for anything else."""
    try:
        parts = urlsplit(address)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:  # a port or an IPv6 address that is none
        return None
    is_complete = parts.scheme in _DEFAULT_PORTS and parts.hostname and port and not any(map(str.isspace, address))
    return Origin(parts.scheme, str(parts.hostname), port or 0) if is_complete else None


def join(base: str, link: str) -> str:
    """A link made absolute; one that is no address comes back as it is."""
    try:
        return urljoin(base, link)
    except ValueError:
        return link
