"""One call of the network client: what is asked for, and what is recorded of it while it lasts. Only `http` uses this module."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from harvest_assets.model.exchange import Exchange, Hop


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked for. With ``start_bytes`` no more than the start of the body is read.

    ``is_own`` marks a request of the client itself, for a token or for robots.txt: the source's headers and credentials are not for
    it, and robots.txt does not speak of it.
    """

    method: str
    url: str
    attempts: int
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    start_bytes: int | None = None
    body: bytes | None = field(default=None, repr=False)
    is_own: bool = False


@dataclass(slots=True)
class Journey:
    """What is known of a call on its way; addresses are clean. ``token`` is the access token of the last request, never recorded."""

    method: str
    url: str
    started_at: datetime
    began: float = field(default_factory=time.monotonic)
    attempts: int = 0
    hops: list[Hop] = field(default_factory=list[Hop])
    token: str | None = field(default=None, repr=False)

    def record(self, status: int, body_bytes: int) -> Exchange:
        """What is kept of the call; status 0 when no answer came."""
        final_url = self.hops[-1].url if self.hops else self.url
        seconds = time.monotonic() - self.began
        return Exchange(self.method, self.url, final_url, status, body_bytes, self.started_at, seconds, self.attempts, tuple(self.hops))
