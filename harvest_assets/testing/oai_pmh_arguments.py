"""Arguments of OAI-PMH requests: what each verb takes, its dates, and resumption tokens.

Specification: http://www.openarchives.org/OAI/openarchivesprotocol.html (sections 2.7, 3.1, 3.5, 3.6). Inclusive ``from`` and ``until``
become a half-open window here and nowhere else. Tokens hold all that a list needs, so the server remembers none of them.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson

from harvest_assets.model.window import DAY, Window
from harvest_assets.testing.repository import Granularity, Repository

PREFIX = "oai_dc"
LISTS = frozenset({"ListRecords", "ListIdentifiers"})

_REQUIRED = {"GetRecord": {"identifier", "metadataPrefix"}, "ListRecords": {"metadataPrefix"}, "ListIdentifiers": {"metadataPrefix"}}
_OPTIONAL = {
    "Identify": set[str](),
    "ListMetadataFormats": {"identifier"},
    "ListSets": set[str](),
    "GetRecord": set[str](),
    "ListRecords": {"from", "until", "set"},
    "ListIdentifiers": {"from", "until", "set"},
}
_RESUMABLE = LISTS | {"ListSets"}


class _Form(NamedTuple):
    name: str
    pattern: re.Pattern[str]
    lasts: timedelta


_FORMS = (
    _Form("YYYY-MM-DD", re.compile(r"\d{4}-\d\d-\d\d", re.ASCII), DAY),
    _Form("YYYY-MM-DDThh:mm:ssZ", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII), timedelta(seconds=1)),
)


class OaiError(Exception):
    """One of the eight errors of the protocol; ``code`` is its name there."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list, from which record on. ``offset`` above 0 came with a resumption token; ``is_after_empty`` from a page without records."""

    verb: str
    start: str | None = None
    until: str | None = None
    set_spec: str | None = None
    offset: int = 0
    is_resumed: bool = False
    is_after_empty: bool = False


def read_verb(arguments: Sequence[tuple[str, str]]) -> str:
    """The verb.

    Raises:
        OaiError: ``badVerb``, when it is missing, repeated or unknown.
    """
    verbs = [value for key, value in arguments if key == "verb"]
    if len(verbs) != 1 or verbs[0] not in _OPTIONAL:
        raise OaiError("badVerb", f"got the verbs {verbs!r}; ask for one of {', '.join(_OPTIONAL)}")
    return verbs[0]


def read_arguments(verb: str, arguments: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The arguments beside the verb.

    Raises:
        OaiError: ``badArgument``, when one is unknown, repeated or missing, or stands beside a resumption token.
    """
    given = [(key, value) for key, value in arguments if key != "verb"]
    found = dict(given)
    if len(found) != len(given):
        raise OaiError("badArgument", f"{verb}: an argument is repeated; give each one once")
    if "resumptionToken" in found and verb in _RESUMABLE:
        if len(found) > 1:
            raise OaiError("badArgument", f"{verb}: resumptionToken is exclusive; leave {sorted(found.keys() - {'resumptionToken'})!r} out")
        return found
    required = _REQUIRED.get(verb, set())
    if unknown := sorted(found.keys() - required - _OPTIONAL[verb]):
        raise OaiError("badArgument", f"{verb}: does not take {unknown!r}; it takes {sorted(required | _OPTIONAL[verb])!r}")
    if missing := sorted(required - found.keys()):
        raise OaiError("badArgument", f"{verb}: needs {missing!r}")
    return found


def check_prefix(prefix: str) -> None:
    """Only ``oai_dc`` is offered.

    Raises:
        OaiError: ``cannotDisseminateFormat``, for any other.
    """
    if prefix != PREFIX:
        raise OaiError("cannotDisseminateFormat", f"metadataPrefix {prefix!r} is not offered; ask for {PREFIX!r}")


def read_list_request(verb: str, arguments: dict[str, str], repository: Repository) -> ListRequest:
    """A list request, first or resumed.

    Raises:
        OaiError: ``badResumptionToken``, ``cannotDisseminateFormat`` or ``noSetHierarchy``.
    """
    if "resumptionToken" in arguments:
        return _read_token(verb, arguments["resumptionToken"], repository)
    check_prefix(arguments["metadataPrefix"])
    if "set" in arguments and not repository.policy.sets:
        raise OaiError("noSetHierarchy", "this repository has no sets; leave the argument out")
    return ListRequest(verb, arguments.get("from"), arguments.get("until"), arguments.get("set"))


def read_window(request: ListRequest, granularity: Granularity) -> Window:
    """Inclusive ``from`` and ``until`` as a half-open window.

    Raises:
        OaiError: ``badArgument``, for a date that is none, is finer than the granularity, differs from the other one in granularity, or
            lies after it.
    """
    start = _read_date("from", request.start, granularity) if request.start is not None else None
    last = _read_date("until", request.until, granularity) if request.until is not None else None
    if start and last and start[1] != last[1]:
        raise OaiError("badArgument", f"from {request.start!r} and until {request.until!r} differ in granularity; use the same for both")
    if start and last and start[0] > last[0]:
        raise OaiError("badArgument", f"from {request.start!r} is later than until {request.until!r}")
    return Window(start[0] if start else None, last[0] + last[1] if last else None)


def write_token(request: ListRequest, offset: int, repository: Repository, *, after_empty: bool = False) -> str:
    """A token that stands for the rest of the list. It holds ``+``, ``/`` and ``=``, which clients must encode."""
    content = [repository.name, request.verb, request.start, request.until, request.set_spec, offset, *([True] if after_empty else [])]
    return b64encode(orjson.dumps(content) + b"~?>~").decode()


def _read_token(verb: str, token: str, repository: Repository) -> ListRequest:
    try:
        name, asked, start, until, set_spec, offset, *rest = orjson.loads(b64decode(token, validate=True).removesuffix(b"~?>~"))
    except (Base64Error, ValueError, TypeError):
        raise OaiError("badResumptionToken", f"token {token!r} was not handed out here; start the list again") from None
    if (name, asked) != (repository.name, verb) or not isinstance(offset, int) or offset < 0:
        raise OaiError("badResumptionToken", f"token {token!r} belongs to another list; start the list again")
    return ListRequest(verb, start, until, set_spec, offset, is_resumed=True, is_after_empty=bool(rest))


def _read_date(argument: str, text: str, granularity: Granularity) -> tuple[datetime, timedelta]:
    """The first instant that a date means, and how long it lasts."""
    forms = _FORMS[:1] if granularity == "day" else _FORMS
    for form in forms:
        if form.pattern.fullmatch(text):
            with suppress(ValueError):
                return datetime.fromisoformat(text).replace(tzinfo=UTC), form.lasts
    allowed = " or ".join(form.name for form in forms)
    raise OaiError("badArgument", f"{argument} {text!r} is not a date of the form {allowed}")
