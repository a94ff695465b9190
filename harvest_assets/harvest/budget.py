"""``HostBudget``: how often a host may be asked, shared by every process that harvests.

One small file per host, guarded by ``flock``, holds when the next request is due (the theoretical arrival time of the generic cell
rate algorithm, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm, without burst), until when the host asked to be left
alone, and how many requests each UTC day had. It is state of running processes, not data: it may be deleted at any time.
"""

import fcntl
import hashlib
import logging
import math
import os
import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from harvest_assets.errors import ConfigurationError

logger = logging.getLogger(__name__)

KEPT_DAYS = 7
# Nothing is due later than this: a clock that went back, or a broken file, must not close a host for good.
_FARTHEST_SECONDS = 86_400.0
_FILE_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class HostUsage:
    """Requests that one host was sent on one UTC day, over all processes."""

    host: str
    used_day: date
    requests: int


@dataclass(slots=True)
class _Ledger:
    host: str
    next_at: float = 0.0
    held_until: float = 0.0
    days: dict[str, int] = field(default_factory=dict[str, int])


class HostBudget:
    """Spaces the requests to each host evenly over time; processes and threads that share the folder share the budget."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._clock = clock

    def reserve(self, host: str, requests_per_second: float) -> float:
        """Take the next free moment for one request and count it; return the seconds to wait until that moment.

        Moments of one host are ``1 / requests_per_second`` apart, so that no second holds more than that many.

        Raises:
            ConfigurationError: The rate is not a positive number.
        """
        if not (math.isfinite(requests_per_second) and requests_per_second > 0):
            raise ConfigurationError(
                f"requests_per_second {requests_per_second!r} is not a number above 0; set it to 5, or 0.2 for a slow host"
            )
        with self._open_ledger(host) as ledger:
            now = self._clock()
            _count_request(ledger, now)
            return _take_moment(ledger, now, requests_per_second)

    def confirm(self, host: str, requests_per_second: float) -> float:
        """Ask after a wait whether the moment still stands: 0, or, when the host was put on hold meanwhile, the wait for another one."""
        with self._open_ledger(host) as ledger:
            now = self._clock()
            return _take_moment(ledger, now, requests_per_second) if ledger.held_until > now else 0.0

    def hold(self, host: str, seconds: float) -> None:
        """Leave a host alone for some seconds from now, in every process; a longer hold that stands already stays."""
        with self._open_ledger(host) as ledger:
            now = self._clock()
            standing = min(ledger.held_until, now + _FARTHEST_SECONDS)
            ledger.held_until = max(standing, now + min(seconds, _FARTHEST_SECONDS))

    def usage(self) -> list[HostUsage]:
        """List the requests of the last 7 days of use: one row per host and day, newest day first, then by host."""
        ledgers = [_read_locked(path) for path in self._folder.glob("*.json")]
        rows = [HostUsage(ledger.host, date.fromisoformat(day), count) for ledger in ledgers for day, count in ledger.days.items()]
        return sorted(rows, key=lambda row: (-row.used_day.toordinal(), row.host))

    @contextmanager
    def _open_ledger(self, host: str) -> Generator[_Ledger]:
        """Hold the host's file locked, and write back what the caller made of it."""
        handle = os.open(self._folder / _file_name(host), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o664)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            ledger = _read_ledger(os.pread(handle, _FILE_BYTES, 0), host)
            yield ledger
            content = orjson.dumps({"host": host, "next_at": ledger.next_at, "held_until": ledger.held_until, "days": ledger.days})
            os.pwrite(handle, content, 0)
            os.ftruncate(handle, len(content))
        finally:
            os.close(handle)  # and with it the lock


@lru_cache(maxsize=4_096)
def _file_name(host: str) -> str:
    """Readable, safe and distinct: what is left of the host's characters, and a hash of all of them."""
    slug = re.sub(r"[^a-z0-9.-]+", "_", host.lower())[:80].lstrip(".")
    return f"{slug}-{hashlib.sha256(host.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.json"


def _read_locked(path: Path) -> _Ledger:
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return _read_ledger(file.read(), host=path.stem)


def _take_moment(ledger: _Ledger, now: float, requests_per_second: float) -> float:
    due_at = max(now, min(max(ledger.next_at, ledger.held_until), now + _FARTHEST_SECONDS))
    ledger.next_at = due_at + 1 / requests_per_second
    return due_at - now


def _count_request(ledger: _Ledger, now: float) -> None:
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    if today not in ledger.days:
        ledger.days = {day: ledger.days[day] for day in sorted(ledger.days)[1 - KEPT_DAYS :]}
    ledger.days[today] = ledger.days.get(today, 0) + 1


def _read_ledger(content: bytes, host: str) -> _Ledger:
    """Read a file of ours; one that was cut or overwritten starts afresh, because a lost count is better than a stopped harvest."""
    if not content:
        return _Ledger(host)
    try:
        stored: Any = orjson.loads(content)
        days = {date.fromisoformat(day).isoformat(): int(count) for day, count in stored["days"].items()}
        ledger = _Ledger(str(stored["host"]), float(stored["next_at"]), float(stored["held_until"]), days)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        logger.warning("budget of host %r: its file holds %r, which is not a budget; starting afresh", host, content[:80])
        return _Ledger(host)
    return ledger if math.isfinite(ledger.next_at) and math.isfinite(ledger.held_until) else _Ledger(host, days=days)
