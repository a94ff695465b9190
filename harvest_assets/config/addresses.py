"""Addresses that people write: of sources (http, https) and of networks that a source may reach."""

import re
from ipaddress import ip_network
from urllib.parse import urlsplit

from harvest_assets.config.names import not_one_of

_NETWORK_NAMES = ("loopback", "private")
_USER_INFO = re.compile(r"//[^/?#\\]*@")
_NOT_IN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f<>\"{}|\\^`]")


def check_web_address(text: str) -> str:
    """Keep an absolute http or https address as it is written.

    Raises:
        ValueError: Scheme, host or port is missing or wrong, it has user name and password (these belong into a header that
            refers to the environment), a fragment, or characters that need to be percent-encoded.
    """
    shown = _USER_INFO.sub("//…@", text)
    if shown != text:
        raise ValueError(f"{shown!r} has a user name or password in it; send them as a header: {{Authorization: '${{ENV:NAME}}'}}")
    if _NOT_IN_ADDRESS.search(text):
        raise ValueError(
            f"{text!r} has characters that no address has; percent-encode them, and keep ${{ENV:NAME}} for headers and options"
        )
    if not _has_scheme_and_host(text):
        raise ValueError(f"{text!r} is not an address; write http:// or https:// and a host")
    if "#" in text:
        raise ValueError(f"{text!r} has a fragment, which no server sees; leave out '#' and what follows")
    return text


def _has_scheme_and_host(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_network(text: str) -> str:
    """Keep ``loopback``, ``private`` or a network in CIDR notation, such as ``10.20.0.0/16``.

    Raises:
        ValueError: It is none of these, or the network has bits set behind its prefix.
    """
    if text in _NETWORK_NAMES:
        return text
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(not_one_of(text, [*_NETWORK_NAMES, "a network such as 10.20.0.0/16"])) from None
    return text
