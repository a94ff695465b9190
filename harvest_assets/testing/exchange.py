"""What passes between the server and those who answer for it: ``Question`` in, ``Answer`` out; no socket in sight."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
XML = "text/xml; charset=utf-8"


class Seen(NamedTuple):
    """A request that the universe was asked; ``query`` is as sent (for a POST with a form, the form)."""

    method: str
    path: str
    query: str

    @property
    def arguments(self) -> dict[str, str]:
        """The query, decoded; of a repeated key the last value."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Question:
    """A request as it came in."""

    method: str
    path: str
    query: str
    body: bytes = b""
    range: str | None = None

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """Arguments in their order, repeated ones included."""
        return parse_qsl(self.query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response to write.

    ``byte_seconds`` is the wait before every byte of the body, ``latency_seconds`` the wait before the first; ``is_dropped`` closes the
    connection after half of a body whose whole length was promised.
    """

    status: int
    body: bytes = b""
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = field(default=())
    latency_seconds: float = 0.0
    byte_seconds: float = 0.0
    is_dropped: bool = False


def answer_text(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    """A short answer in plain text."""
    return Answer(status, f"{text}\n".encode(), TEXT, headers)


def answer_json(status: int, content: Any) -> Answer:  # noqa: ANN401 - any JSON value is allowed
    """A short answer in JSON."""
    return Answer(status, orjson.dumps(content), JSON)


def answer_redirect(status: int, location: str) -> Answer:
    """Send the client on to another address."""
    return answer_text(status, f"see {location}", ("Location", location))
