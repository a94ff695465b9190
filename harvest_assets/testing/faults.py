"""The switchboard of faults: how a repository of the universe misbehaves.

``Faults`` is a value; ``Switchboard`` remembers which repository has which and how often each has struck; ``damage`` spoils a finished
answer. Faults that concern the list itself (half of it, its end, its total) are read by `paging` and the responders.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from threading import Lock
from typing import ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict

from harvest_assets.errors import ConfigurationError
from harvest_assets.testing.exchange import Answer, answer_text

_JUNK = b"\n<b>Warning</b>: 3 notices follow the end of the document"
_CONTROL_CHARACTERS = b"\x00\x0b\x1f"
_LATIN_1_BYTE = b"\xe9"
# faults that mean nothing before this page: only a list has records, and only its second page was asked for with a token
_LEAST_PAGES = {"expired_token": 2, "repeated_token": 1, "unreadable_record": 1}
# where control characters do harm: in a title, or else in an identifier, of XML or JSON
_TEXT_ENDS = (b"</dc:title>", b'","creators"', b'","subjects"', b"</identifier>", b'","modified"', b"</title>", b"</loc>")


@dataclass(frozen=True, slots=True)
class Spot:
    """Which answers a fault hits: the first ``times`` (``None``: for ever) of one page (``None``: of all; 0: requests beside the list)."""

    page: int | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status instead of the answer; ``page`` and ``times`` as in ``Spot``."""

    status: int = 500
    page: int | None = None
    times: int | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How a repository misbehaves; everything off by default. Combine by setting several fields.

    Attributes:
        refusals: Statuses instead of answers (500, 503 and 429 with Retry-After, …).
        cut: The body ends in the middle, with a matching Content-Length.
        dropped: The connection ends in the middle of the body.
        empty: 200 with no body at all.
        expired_token: A token that was handed out is refused (``badResumptionToken``; in JSON, status 410).
        repeated_token: A page hands out the token that leads to itself.
        trailing_bytes: Something follows the end of the document.
        illegal_characters: Control characters, which neither XML nor JSON allows.
        unreadable_record: The page's first record has no header (JSON: no id).
        wrong_content_type: The answer says that it is HTML.
        wrong_encoding: One byte of Latin-1 in a document that says it is UTF-8.
        undeclared_gzip: The body is compressed and no header says so.
        concatenated: The page comes as two documents, one after the other (JSON only).
        empty_page: A page without records hands out a token that leads on.
        poison: Identifiers that the server cannot list: a page that would hold one is refused with ``poison_status``.
        poison_status: See ``poison``; 200 for a page that ends in the middle of that record and is not well-formed.
        broken_metadata: Identifiers whose metadata the server cannot write, with ``poison_status``; their headers it can (OAI-PMH).
        ignores_window: Dates are accepted and mean nothing: every record is listed.
        refuses_granularity: The repository promises seconds and takes days only (OAI-PMH).
        endless: After the last page there is always another: the last one again, or one without records.
        half_list: Only a seeded half of the records is listed, announced as the whole list; another salt, another half.
        lying_total: Added to the announced total.
        hidden_total: No total is announced.
        redated_at: Every record claims to have changed at this time.
        empty_status: HTTP status of an empty list.
        latency_seconds: Wait before an answer.
        byte_seconds: Wait before every byte of a body.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    refusals: tuple[Refusal, ...] = ()
    cut: Spot | None = None
    dropped: Spot | None = None
    empty: Spot | None = None
    expired_token: Spot | None = None
    repeated_token: Spot | None = None
    trailing_bytes: Spot | None = None
    illegal_characters: Spot | None = None
    unreadable_record: Spot | None = None
    wrong_content_type: Spot | None = None
    wrong_encoding: Spot | None = None
    undeclared_gzip: Spot | None = None
    concatenated: Spot | None = None
    empty_page: Spot | None = None
    poison: tuple[str, ...] = ()
    poison_status: int = 500
    broken_metadata: tuple[str, ...] = ()
    ignores_window: bool = False
    refuses_granularity: bool = False
    endless: Literal["last_page", "no_records"] | None = None
    half_list: str | None = None
    lying_total: int = 0
    hidden_total: bool = False
    redated_at: AwareDatetime | None = None
    empty_status: int = 200
    latency_seconds: float = 0.0
    byte_seconds: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.redated_at, datetime) and self.redated_at.tzinfo is None:
            raise ConfigurationError(f"faults: redated_at {self.redated_at.isoformat()!r} has no zone; give an aware UTC time")


@dataclass(frozen=True, slots=True)
class Hits:
    """The faults that strike one answer: ``spots`` are names of fields of ``Faults``."""

    faults: Faults = field(default_factory=Faults)
    spots: frozenset[str] = frozenset()
    refusal: Refusal | None = None


Strike = Callable[[int], Hits]


class Switchboard:
    """Faults by repository, and how often each has struck. Thread-safe."""

    def __init__(self) -> None:
        self._faults: dict[str, Faults] = {}
        self._struck: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    def set(self, name: str, faults: Faults) -> None:
        """Replace the faults of a repository and count from nought again."""
        with self._lock:
            self._faults[name] = faults
            self._struck = {key: count for key, count in self._struck.items() if key[0] != name}

    def get(self, name: str) -> Faults:
        """The faults of a repository."""
        with self._lock:
            return self._faults.get(name, Faults())

    def strike(self, name: str, page: int) -> Hits:
        """Decide what hits the answer for a page, and count it. A refused answer uses up nothing but its refusal."""
        with self._lock:
            faults = self._faults.get(name, Faults())
            for position, refusal in enumerate(faults.refusals):
                if self._hits(name, f"refusals[{position}]", refusal, page):
                    return Hits(faults, refusal=refusal)
            values = ((item.name, getattr(faults, item.name)) for item in fields(faults))
            return Hits(
                faults, frozenset(spot for spot, value in values if isinstance(value, Spot) and self._hits(name, spot, value, page))
            )

    def _hits(self, name: str, fault: str, spot: Spot | Refusal, page: int) -> bool:
        struck = self._struck.get((name, fault), 0)
        if spot.page not in {None, page} or page < _LEAST_PAGES.get(fault, 0):
            return False
        if spot.times is not None and struck >= spot.times:
            return False
        self._struck[name, fault] = struck + 1
        return True


def refuse(refusal: Refusal) -> Answer:
    """The answer of a server that will not."""
    wait = refusal.retry_after_seconds
    headers = () if wait is None else (("Retry-After", str(wait)),)
    return answer_text(refusal.status, f"the server refuses with status {refusal.status}", *headers)


def damage(answer: Answer, hits: Hits) -> Answer:
    """Spoil an answer as its hits demand; the length that is announced is that of the spoiled body, except for ``dropped``."""
    body = answer.body
    if "illegal_characters" in hits.spots:
        body = _put_before_text_end(body, _CONTROL_CHARACTERS)
    if "trailing_bytes" in hits.spots:
        body += _JUNK
    if "cut" in hits.spots:
        body = body[: len(body) * 2 // 3]
    if "empty" in hits.spots:
        body = b""
    if "wrong_encoding" in hits.spots:
        body = _put_before_text_end(body, _LATIN_1_BYTE)
    if "undeclared_gzip" in hits.spots:
        body = gzip.compress(body, compresslevel=1)
    return replace(
        answer,
        body=body,
        content_type="text/html" if "wrong_content_type" in hits.spots else answer.content_type,
        latency_seconds=hits.faults.latency_seconds,
        byte_seconds=hits.faults.byte_seconds,
        is_dropped="dropped" in hits.spots,
    )


def _put_before_text_end(body: bytes, junk: bytes) -> bytes:
    for end in _TEXT_ENDS:
        if end in body:
            return body.replace(end, junk + end, 1)
    return body
