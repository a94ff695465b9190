"""Availability: whether a source answers at all, looked at on its own frequency, and what those looks say.

A look asks for as little as possible and leaves one small entry in the ledger. A source without ``availability.every`` is never looked at
and never down; a look older than three times that says nothing any more. Why looks are made in a sensor: ``docs/decisions/0010``.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from harvest_assets.assemble.obstacles import Outage
from harvest_assets.config.sources import Source
from harvest_assets.errors import HarvestError, PermanentError, TransientError
from harvest_assets.stages.installation import Installation
from harvest_assets.store.store import Store

KIND = "availability"
KEPT = 500
WORDS = 300
# A look that is older than this many times the source's frequency says nothing.
OUTDATED = 3


@dataclass(frozen=True, slots=True)
class Availability:
    """One look. ``is_up`` is empty when it says nothing: we were not allowed to ask. ``since``: how long that has been so without a gap."""

    source: str
    checked_at: datetime
    is_up: bool | None
    since: datetime
    seconds: float
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {**asdict(self), "checked_at": self.checked_at.isoformat(), "since": self.since.isoformat()}

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> "Availability":
        """The look that ``as_dict`` wrote."""
        times: dict[str, Any] = {name: datetime.fromisoformat(entry[name]) for name in ("checked_at", "since")}
        return cls(**{**entry, **times})


def check(installation: Installation, source: Source, now: datetime) -> Availability:
    """Look whether the source answers, and write it down.

    Raises:
        ConfigurationError: The source cannot be asked: a header or option refers to a variable that is not set.
    """
    store, started = installation.store, time.monotonic()
    is_up, reason = _ask(installation, source)
    seconds = round(time.monotonic() - started, 3)
    before = latest(store, source.slug)
    is_same = before is not None and before.is_up is is_up and not _is_outdated(before, source, now)
    since = before.since if before is not None and is_same else now
    look = Availability(source.slug, now, is_up, since, seconds, reason)
    store.ledger.write(KIND, source.slug, f"{now:%Y%m%dT%H%M%S%f}", look.as_dict())
    store.ledger.prune(KIND, source.slug, KEPT)
    return look


def latest(store: Store, source: str) -> Availability | None:
    """The last look at a source."""
    return next(iter(history(store, source, 1)), None)


def history(store: Store, source: str, count: int = KEPT) -> list[Availability]:
    """The last looks at a source, latest first."""
    return [Availability.from_dict(entry) for entry in store.ledger.latest(KIND, source, count)]


def is_up_now(store: Store, source: Source, now: datetime) -> bool | None:
    """What is known of a source now; nothing when it is not looked at, or was not for too long."""
    look = _valid_look(store, source, now)
    return None if look is None else look.is_up


def find_outage(store: Store, source: Source, now: datetime) -> Outage | None:
    """The outage that a source is in, as far as the last look can say."""
    look, every = _valid_look(store, source, now), source.availability.every
    if look is None or every is None or look.is_up is not False:
        return None
    return Outage(look.since, look.checked_at + every, look.reason or "no answer")


def uptime(looks: Sequence[Availability]) -> float | None:
    """The share of looks that found the source up, 0 to 1, among those that say something."""
    known = [look.is_up for look in looks if look.is_up is not None]
    return sum(known) / len(known) if known else None


def describe_history(looks: Sequence[Availability]) -> dict[str, Any] | None:
    """What looks, latest first, add up to: the last one, the uptime, and every outage among them; ``None`` without looks."""
    if not looks:
        return None
    spells = [list(spell) for _, spell in groupby(reversed(looks), key=lambda look: (look.is_up, look.since))]
    ends = [spell[0].checked_at.isoformat() for spell in spells[1:]] + [None]
    outages = [
        {"since": spell[0].since.isoformat(), "until": end, "reason": spell[-1].reason}
        for spell, end in zip(spells, ends, strict=True)
        if spell[0].is_up is False
    ]
    return {"looks": len(looks), "uptime": uptime(looks), "last": looks[0].as_dict(), "outages": outages[::-1]}


def find_due_looks(installation: Installation, now: datetime) -> list[Source]:
    """Sources whose time for a look has come, those first that were not looked at for longest."""
    due: list[tuple[float, str, Source]] = []
    for source in installation.catalog.sources.values():
        every = source.availability.every
        if every is None or source.frozen or not source.enabled:
            continue
        look = latest(installation.store, source.slug)
        if look is None or now >= look.checked_at + every:
            due.append((look.checked_at.timestamp() if look else 0.0, source.slug, source))
    return [source for _, _, source in sorted(due, key=lambda each: each[:2])]


@dataclass(frozen=True, slots=True)
class Round:
    """Looks that have ended, sources whose look is still under way, and why sources could not be looked at."""

    looks: Sequence[Availability]
    under_way: Sequence[str]
    problems: Sequence[str]


class Lookout:
    """Looks at many sources at once, in a few threads. A look that takes long stays behind: nobody waits for it, and it ends by itself."""

    def __init__(self, threads: int = 16) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="look")
        self._under_way: dict[str, Future[Availability]] = {}

    def look(self, installation: Installation, now: datetime, *, wait_seconds: float) -> Round:
        """Begin every look that is due and is not under way, wait that long at most, and tell what has ended since the last round."""
        for source in find_due_looks(installation, now):
            if source.slug not in self._under_way:
                self._under_way[source.slug] = self._pool.submit(check, installation, source, now)
        wait(self._under_way.values(), timeout=wait_seconds)
        looks: list[Availability] = []
        problems: list[str] = []
        for slug, future in sorted(self._under_way.items()):
            if future.cancel():  # not begun: its turn comes first in the next round
                del self._under_way[slug]
            elif future.done():
                del self._under_way[slug]
                try:
                    looks.append(future.result())
                except HarvestError as error:
                    problems.append(f"{slug}: {error}")
        return Round(looks, sorted(self._under_way), problems)

    def close(self) -> None:
        """Wait for what is under way, and begin nothing more."""
        self._pool.shutdown(cancel_futures=True)


def _ask(installation: Installation, source: Source) -> tuple[bool | None, str | None]:
    """Whether it answers; what we refuse to ask, or do not understand, says nothing about it."""
    with installation.client(source, look=True) as client:
        try:
            source.build_protocol(client, installation.environ).check_available()
        except TransientError as error:
            return False, _one_line(error)
        except PermanentError as error:
            return None, _one_line(error)
    return True, None


def _one_line(error: HarvestError) -> str:
    return " ".join(str(error).split())[:WORDS]


def _valid_look(store: Store, source: Source, now: datetime) -> Availability | None:
    if source.availability.every is None:
        return None
    look = latest(store, source.slug)
    return None if look is None or _is_outdated(look, source, now) else look


def _is_outdated(look: Availability, source: Source, now: datetime) -> bool:
    every = source.availability.every
    return every is not None and now - look.checked_at > OUTDATED * every
