"""Reschedules: harvests that found their source busy, kept until they are started again. Nobody waits inside a worker.

One entry of the ledger for each source and range. Pauses double from 10 seconds to 15 minutes, each stretched by up to its own length at
random, so that two that wait for the same source do not come back together.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from random import SystemRandom
from typing import Any

from harvest_assets.config.sources import Source
from harvest_assets.errors import BusyError, PausedError
from harvest_assets.model.parameters import RunParameters
from harvest_assets.model.window import DAY
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.ranges import Request
from harvest_assets.store.store import Store

KIND = "reschedules"
FIRST_SECONDS = 10.0
MOST_SECONDS = 900.0
MOST_DOUBLINGS = 10
_RANDOM = SystemRandom()


@dataclass(frozen=True, slots=True)
class Reschedule:
    """A harvest of the days ``[start, end)`` that is to be started again from ``retry_at`` on; it was put off ``retries + 1`` times."""

    source: str
    start: str
    end: str
    parameters: RunParameters
    transform: bool
    retries: int
    put_off_at: datetime
    retry_at: datetime

    @property
    def days(self) -> list[date]:
        """The days to harvest, in order."""
        first, last = date.fromisoformat(self.start), date.fromisoformat(self.end) - DAY
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def days_at(self, now: datetime) -> list[date]:
        """The days to harvest when it is started now: the list of a day that was today then goes on until now."""
        was_open = self.days == [self.put_off_at.astimezone(UTC).date()]
        return [now.astimezone(UTC).date()] if was_open else self.days

    @property
    def name(self) -> str:
        """The entry's name in the ledger."""
        return f"{self.start}_{self.end}"

    @property
    def key(self) -> str:
        """A name for this very try; the next one has another."""
        return f"{self.source}|{self.name}|{self.put_off_at.isoformat()}"


def put_off(
    store: Store, source: Source, days: Sequence[date], parameters: RunParameters, now: datetime, *, transform: bool = True
) -> datetime:
    """Keep a harvest that found its source busy, and say in the ledger that it was; returns when it is started again."""
    start, end = str(days[0]), str(days[-1] + DAY)
    found = store.ledger.find(KIND, source.slug, f"{start}_{end}")
    retries = 0 if found is None else int(found["retries"]) + 1
    retry_at = now + timedelta(seconds=pause_seconds(retries))
    put = Reschedule(source.slug, start, end, parameters, transform, retries, now, retry_at)
    store.ledger.write(KIND, source.slug, put.name, _as_entry(put))
    HarvestLedger(store).turn_away(source, start, end, "rescheduled", reason=in_words(retry_at), retry_at=retry_at.isoformat())
    return retry_at


@contextmanager
def put_off_when_busy(installation: Installation, request: Request, *, transform: bool) -> Generator[None]:
    """Put off a harvest that finds its source busy, or that pauses because its time is up; what is raised says when it goes on.

    Raises:
        BusyError: Another run harvests the source.
        PausedError: The harvest stopped itself between two pages.
    """
    try:
        yield
    except (BusyError, PausedError) as error:
        now = datetime.now(UTC)
        retry_at = put_off(installation.store, request.source, request.days, request.parameters, now, transform=transform)
        words = in_words(retry_at) if isinstance(error, BusyError) else f"{error}; started again at {retry_at:%H:%M:%S} UTC"
        raise type(error)(words) from error


def pause_seconds(retries: int) -> float:
    """How long to wait after so many retries."""
    return (1.0 + _RANDOM.random()) * min(FIRST_SECONDS * 2 ** min(retries, MOST_DOUBLINGS), MOST_SECONDS)


def in_words(retry_at: datetime) -> str:
    """What a person reads of a harvest that was put off."""
    return f"is being harvested by another run; started again at {retry_at.astimezone(UTC):%H:%M:%S} UTC"


def waiting(store: Store) -> list[Reschedule]:
    """Every harvest that was put off, the next one first."""
    found = [_from_entry(entry) for source in store.ledger.scopes(KIND) for entry in store.ledger.all(KIND, source)]
    return sorted(found, key=lambda each: each.retry_at)


def was_received(store: Store, put: Reschedule) -> bool:
    """Whether another run has received the range since; one that asks for everything, or again, is not answered by that."""
    if put.parameters.full or put.parameters.superfluous:
        return False
    last = str(put.days[-1])
    return any(
        entry["status"] == "succeeded"
        and entry["days"][0] <= put.start
        and last <= entry["days"][-1]
        and datetime.fromisoformat(entry["ended_at"]) >= put.put_off_at
        for entry in recent_attempts(store, put.source)
    )


def is_under_way(store: Store, put: Reschedule) -> bool:
    """Whether somebody is still harvesting the source."""
    return any(entry["status"] == "started" for entry in recent_attempts(store, put.source))


def skip(store: Store, source: Source, put: Reschedule) -> None:
    """Forget a harvest that another one has made superfluous, and say so in the ledger."""
    HarvestLedger(store).turn_away(source, put.start, put.end, "skipped", reason="another harvest has received it meanwhile")
    done(store, put)


def done(store: Store, put: Reschedule) -> None:
    """Forget a harvest that was put off, because it was started or cannot be; nothing happens when it was put off again meanwhile."""
    found = store.ledger.find(KIND, put.source, put.name)
    if found is not None and _from_entry(found).key == put.key:
        store.ledger.delete(KIND, put.source, put.name)


def _as_entry(put: Reschedule) -> dict[str, Any]:
    return {**asdict(put), "put_off_at": put.put_off_at.isoformat(), "retry_at": put.retry_at.isoformat()}


def _from_entry(entry: dict[str, Any]) -> Reschedule:
    fields = dict(entry, parameters=RunParameters(**entry["parameters"]))
    fields.update({name: datetime.fromisoformat(entry[name]) for name in ("put_off_at", "retry_at")})
    return Reschedule(**fields)
