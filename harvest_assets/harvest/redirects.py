"""Where a redirect leads, and whether to go there.

Redirects are followed by hand, one request after the other, so that each hop is recorded, budgeted and checked like a first request.
https://www.rfc-editor.org/rfc/rfc9110#name-redirection-3xx
"""

from urllib.parse import SplitResult, urljoin, urlsplit

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.redaction import Redactor

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_KEEPING_STATUSES = frozenset({307, 308})

_DEFAULT_PORTS = {"http": 80, "https": 443}


def split_url(url: str, redactor: Redactor) -> SplitResult:
    """Take an address apart that we are about to ask.

    Raises:
        PermanentError: It is not an http or https address, names no host, or carries a user and password.
    """
    try:
        parts = urlsplit(url)
        problem = _find_problem(parts)
    except ValueError:
        parts, problem = SplitResult("", "", "", "", ""), "it cannot be read as an address"
    if problem:
        raise PermanentError(f"{redactor.clean(url)!r}: {problem}; correct the address, or ask its publisher to", failure="address")
    return parts


def read_origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address that `split_url` has let through; what decides who may see a secret header."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def resolve_location(url: str, location: str, redactor: Redactor) -> str:
    """Absolute address of a ``Location`` header that came from ``url``.

    Raises:
        PermanentError: It leaves http and https, or goes from https back to http.
    """
    try:
        target = urljoin(url, _decode_header(location))
    except ValueError:
        target = location
    parts = split_url(target, redactor)
    if urlsplit(url).scheme == "https" and parts.scheme == "http":
        raise PermanentError(
            f"{redactor.clean(url)!r}: redirects from https to {redactor.clean(target)!r}, which anyone can read and change; "
            "ask the publisher for an https address",
            failure="insecure_redirect",
        )
    return target


def check_body(url: str, target: str, status: int, body: bytes, redactor: Redactor) -> None:
    """Let a request with a body be sent on to another address, or not; it is never turned into a GET without it.

    Raises:
        PermanentError: The status does not ask for the same request again, or the body holds a secret and the target is of another
            origin.
    """
    sent_on = f"POST {redactor.clean(url)!r}: status {status} sends on to {redactor.clean(target)!r}"
    if status not in _KEEPING_STATUSES:
        raise PermanentError(f"{sent_on} by GET, which would lose the body; only 307 and 308 repeat it, so correct the address")
    if read_origin(url) != read_origin(target) and redactor.holds_secret(body.decode("utf-8", "replace")):
        raise PermanentError(f"{sent_on}, another origin, and the body holds a secret; correct the address if it may have it")


def _find_problem(parts: SplitResult) -> str | None:
    if parts.scheme not in _DEFAULT_PORTS:
        return f"scheme {parts.scheme!r} is not one of 'http', 'https'"
    if parts.username is not None or parts.password is not None:
        return "it carries a user and password, which would be written to logs; configure them as a header"
    if not parts.hostname or parts.port == 0:
        return "it names no host and port that can be asked"
    return None


def _decode_header(value: str) -> str:
    """Read as UTF-8 what a server sent unencoded; the HTTP library hands over bytes as latin-1."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
