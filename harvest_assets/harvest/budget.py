"""``HostBudget``: how often a host may be asked, shared by every process that harvests.

One small file per host, guarded by ``flock``, holds when the next request is due (the theoretical arrival time of the generic cell
rate algorithm, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm, without burst), until when the host asked to be left
alone, and the requests of the UTC day by user; a second one keeps the days before. A user's own `allowance` has a file beside them.
It is state of running processes, not data: it may be deleted at any time.
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
from harvest_assets.harvest.allowance import Allowance, move_place, take_place

logger = logging.getLogger(__name__)

KEPT_DAYS = 7
# Nothing is due later than this: a clock that went back, or a broken file, must not close a host for good.
_FARTHEST_SECONDS = 86_400.0
_FILE_BYTES = 1_048_576

_Days = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class HostUsage:
    """Requests that one host was sent on one UTC day by one user, over all processes; the user is a source, or empty if not known."""

    host: str
    used_day: date
    user: str
    requests: int


@dataclass(slots=True)
class Turn:
    """One request on its way to its moment; ``reserve`` says how long to wait, and keeps in it what was reserved."""

    host: str
    requests_per_second: float
    user: str = ""
    allowance: Allowance | None = None
    is_taken: bool = field(default=False, init=False)
    place: int = field(default=0, init=False)


@dataclass(slots=True)
class _Ledger:
    host: str
    next_at: float = 0.0
    held_until: float = 0.0
    days: _Days = field(default_factory=dict[str, dict[str, int]])


class HostBudget:
    """Spaces the requests to each host evenly over time; processes and threads that share the folder share the budget."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._clock = clock

    def reserve(self, turn: Turn) -> float:
        """Take the next free moment for one request and count it; return the seconds to wait, 0 when it may be sent now.

        After a wait ask again with the same turn, until it is 0: the host may have been put on hold meanwhile. Moments of one host are
        ``1 / requests_per_second`` apart, so that no second holds more than that many. While the user's allowance is used up nothing
        is taken, so that others get the host.

        Raises:
            ConfigurationError: The rate is not a positive number.
        """
        if not (math.isfinite(turn.requests_per_second) and turn.requests_per_second > 0):
            raise ConfigurationError(
                f"requests_per_second {turn.requests_per_second!r} is not a number above 0; set it to 5, or 0.2 for a slow host"
            )
        with self._open_ledger(turn.host) as ledger:
            now = self._clock()
            return 0.0 if turn.is_taken and ledger.held_until <= now else self._take_moment(turn, ledger, now)

    def hold(self, host: str, seconds: float) -> None:
        """Leave a host alone for some seconds from now, in every process; a longer hold that stands already stays."""
        with self._open_ledger(host) as ledger:
            now = self._clock()
            standing = min(ledger.held_until, now + _FARTHEST_SECONDS)
            ledger.held_until = max(standing, now + min(seconds, _FARTHEST_SECONDS))

    def usage(self) -> list[HostUsage]:
        """List the requests of the last 7 days of use: one row per host, day and user, newest day first, then by host and user."""
        counts: dict[tuple[str, str, str], int] = {}
        for ledger in [_read_locked(path) for path in self.folder.glob("*.json")]:
            for day, users in ledger.days.items():
                counts |= {(ledger.host, day, user): max(count, counts.get((ledger.host, day, user), 0)) for user, count in users.items()}
        rows = [HostUsage(host, date.fromisoformat(day), user, count) for (host, day, user), count in counts.items()]
        return sorted(rows, key=lambda row: (-row.used_day.toordinal(), row.host, row.user))

    def _take_moment(self, turn: Turn, ledger: _Ledger, now: float) -> float:
        due_at = max(now, min(max(ledger.next_at, ledger.held_until), now + _FARTHEST_SECONDS))
        free_at = self._take_place(turn, due_at) if turn.allowance else due_at
        if free_at > due_at:
            return free_at - now
        ledger.next_at = due_at + 1 / turn.requests_per_second
        if not turn.is_taken:
            self._count(turn, ledger, now)
        turn.is_taken = True
        return due_at - now

    def _take_place(self, turn: Turn, due_at: float) -> float:
        """When the user's allowance lets the request through; one that was put off keeps its place."""
        if turn.allowance is None:
            return due_at
        with self._lock(f"{_file_stem(turn.user)}.moments") as handle:
            if turn.is_taken:
                move_place(handle, turn.place, due_at)
                return due_at
            free_at, turn.place = take_place(handle, turn.allowance, due_at)
            return free_at

    def _count(self, turn: Turn, ledger: _Ledger, now: float) -> None:
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        if today not in ledger.days:
            self._put_away(ledger, today)
        users = ledger.days[today]
        users[turn.user] = users.get(turn.user, 0) + 1

    def _put_away(self, ledger: _Ledger, today: str) -> None:
        """Begin a day: move those before it to a file that is written once a day, so that a request rewrites few counts."""
        path = self.folder / f"{_file_stem(ledger.host)}.days.json"
        days = {**_read_locked(path).days, **ledger.days}
        if days:
            kept = {day: days[day] for day in sorted(days)[1 - KEPT_DAYS :]}
            self.folder.mkdir(parents=True, exist_ok=True)
            written = path.with_suffix(".new")
            written.write_bytes(orjson.dumps({"host": ledger.host, "days": kept}))
            written.replace(path)
        ledger.days = {today: {}}

    @contextmanager
    def _open_ledger(self, host: str) -> Generator[_Ledger]:
        """Hold the host's file locked, and write back what the caller made of it."""
        with self._lock(f"{_file_stem(host)}.json") as handle:
            content = os.pread(handle, _FILE_BYTES + 1, 0)
            if len(content) > _FILE_BYTES:
                os.ftruncate(handle, 0)
                content = content[:80]
            ledger = _read_ledger(content, host)
            yield ledger
            written = orjson.dumps({"host": host, "next_at": ledger.next_at, "held_until": ledger.held_until, "days": ledger.days})
            os.pwrite(handle, written.ljust(len(content)), 0)  # in one piece and never shorter: whoever is killed here leaves a whole file

    @contextmanager
    def _lock(self, name: str) -> Generator[int]:
        """Open and lock a file of the folder; it is opened each time, so that one that was deleted is not written to for ever."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            handle = os.open(self.folder / name, flags, 0o664)
        except FileNotFoundError:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / name, flags, 0o664)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)  # and with it the lock


@lru_cache(maxsize=4_096)
def _file_stem(name: str) -> str:
    """Make a readable, safe and distinct name: what is left of the name's characters, and a hash of all of them."""
    slug = re.sub(r"[^a-z0-9.-]+", "_", name.lower())[:80].lstrip(".")
    return f"{slug}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _read_locked(path: Path) -> _Ledger:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return _read_ledger(file.read(_FILE_BYTES), host=path.stem)
    except FileNotFoundError:
        return _Ledger(path.stem)


def _read_ledger(content: bytes, host: str) -> _Ledger:
    """Read a file of ours; one that was cut or overwritten starts afresh, because a lost count is better than a stopped harvest."""
    if not content:
        return _Ledger(host)
    try:
        stored: Any = orjson.loads(content)
        days = {date.fromisoformat(day).isoformat(): _read_users(users) for day, users in stored["days"].items()}
        ledger = _Ledger(str(stored["host"]), float(stored.get("next_at", 0)), float(stored.get("held_until", 0)), days)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        logger.warning("budget of host %r: its file holds %r, which is not a budget; starting afresh", host, content[:80])
        return _Ledger(host)
    return ledger if math.isfinite(ledger.next_at) and math.isfinite(ledger.held_until) else _Ledger(host, days=days)


def _read_users(users: Any) -> dict[str, int]:  # noqa: ANN401 - whatever a JSON file holds
    """Requests by user; the files of version 0.1 had one number for all."""
    counts: dict[str, int] = {"": users} if isinstance(users, int) else users
    if set(map(type, counts.values())) - {int}:
        raise TypeError("a count is no number")
    return counts
