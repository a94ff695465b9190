"""What can be said of an address without asking anybody: whether it is one, and of what kind.

The syntax is that of https://www.rfc-editor.org/rfc/rfc3986, with the letters of https://www.rfc-editor.org/rfc/rfc3987, as browsers take
them. Pure; whether the host exists is for the network to say.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

WEB_SCHEMES = ("http", "https")
# What the usual servers take in a request line is 8,000; beyond 2,083 some clients give up, but such files exist.
LONGEST_ADDRESS = 8_000
_LONGEST_HOST = 253

_SCHEME = re.compile(r"([a-z][a-z0-9+-]{0,30}):", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)


class Problem(NamedTuple):
    """What is wrong with an address: its class in a word, and one line in words without the address, which may hold a password."""

    name: str
    reason: str


def read_scheme(url: str) -> str | None:
    """The scheme in lower case; ``None`` where an address begins with a host, as in ``example.org:80`` or ``//example.org``."""
    match = _SCHEME.match(url)
    return match[1].lower() if match else None


def find_problem(url: str) -> Problem | None:
    """Why an address cannot be asked; ``None`` when it can. Schemes other than http and https are not its concern."""
    if len(url) > LONGEST_ADDRESS:
        return Problem("too_long", f"the address has {len(url)} characters, more than {LONGEST_ADDRESS}")
    if match := _CONTROL.search(url):
        return Problem("control_characters", f"the address holds the control character {match[0]!r} at position {match.start()}")
    if any(character.isspace() for character in url):
        return Problem("spaces", "the address holds white space; write %20 where it is meant")
    if read_scheme(url) is None:
        return Problem("no_scheme", "the address does not begin with a scheme; write https:// before it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return Problem("bad_host", f"the address cannot be taken apart: {str(error)[:100]}")
    return _find_problem_of_host(parts, port)


def _find_problem_of_host(parts: SplitResult, port: int | None) -> Problem | None:
    if parts.username is not None or parts.password is not None:
        return Problem("credentials", "the address carries a user or password, which is not sent; publish an address without")
    if port == 0 or not parts.hostname or not _is_host(parts.hostname):
        return Problem("bad_host", f"the address names no host that can be asked: {(parts.hostname or '')[:100]!r}")
    return None


def _is_host(host: str) -> bool:
    """Whether a name can exist: an IP address, or labels of letters, digits and hyphens after the encoding for DNS."""
    if ":" in host:
        return _is_address(host, IPv6Address)
    if len(host) > _LONGEST_HOST + 1:
        return False
    try:
        name = host.encode("idna").decode("ascii").removesuffix(".")
    except UnicodeError:
        return False
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _is_address(name, IPv4Address)
    return len(name) <= _LONGEST_HOST and all(_LABEL.fullmatch(label) for label in labels)


def _is_address(host: str, kind: type[IPv4Address | IPv6Address]) -> bool:
    try:
        kind(host)
    except ValueError:
        return False
    return True
