"""What stands against a harvest of a source now, whoever starts it, in words: off, failing, down, outside its hours.

Put here: the rules. Keep out: where the facts come from (`stages.standing`) and when a harvest is due (`retrieval`). Pure: the time is an
argument. The breaker is that of https://martinfowler.com/bliki/CircuitBreaker.html: closed, open for a pause, then half-open for one try.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

DAY = timedelta(days=1)

Hours = tuple[time, time]
Kind = Literal["disabled", "frozen", "failing", "down", "hours"]
COUNTED = frozenset({"succeeded", "failed"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One harvest that was started, however it ended.

    ``cancelled``: somebody ended it; ``paused``: its time was up, it goes on later; ``down``: the source did not answer at all.
    ``versions`` are those of the source and the protocol, where they are known; ``is_past`` says that only past days were asked for.
    """

    started_at: datetime
    ended_at: datetime | None
    status: Literal["started", "succeeded", "failed", "cancelled", "paused", "down"]
    versions: tuple[str, str] | None = None
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Breaker:
    """A source is left alone for ``pause`` when its last harvests with these ``versions`` failed, ``failures`` of them."""

    failures: int
    pause: timedelta
    versions: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outage:
    """A source that does not answer, since when, why, and when it is looked at again."""

    since: datetime
    next_look_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts that may stand against a harvest. ``hours`` are spans of the UTC day, ``[start, end)``, also over midnight."""

    source: str = "SOURCE"
    is_enabled: bool = True
    disabled_reason: str | None = None
    is_frozen: bool = False
    hours: tuple[Hours, ...] = ()
    breaker: Breaker | None = None
    reset_at: datetime | None = None
    outage: Outage | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that stands against a harvest; ``until`` where the clock alone lifts it."""

    kind: Kind
    because: str
    until: datetime | None = None


def find_obstacles(standing: Standing, attempts: Sequence[Attempt], now: datetime) -> Iterator[Obstacle]:
    """Everything that stands against a harvest now, the most lasting first; ``attempts`` come in any order."""
    if not standing.is_enabled:
        yield Obstacle("disabled", f"is disabled: {standing.disabled_reason}" if standing.disabled_reason else "is disabled")
    if standing.is_frozen:
        yield Obstacle("frozen", "is frozen: its last accepted set stays as it is")
    failing = _find_failing(standing, attempts, now)
    if failing is not None:
        yield failing
    if standing.outage is not None:
        yield Obstacle("down", _outage_words(standing.outage, now))
    opening = next_opening(standing.hours, now)
    if opening > now:
        spans = ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in standing.hours)
        yield Obstacle("hours", f"is outside its hours, {spans} UTC (next at {as_clock(opening)})", opening)


def find_failures(standing: Standing, attempts: Sequence[Attempt]) -> list[Attempt]:
    """The harvests that failed one after the other up to now, latest first: with the versions of the breaker, and since the last reset."""
    breaker, reset_at = standing.breaker, standing.reset_at
    if breaker is None:
        return []
    counted = [
        each
        for each in attempts
        if each.status in COUNTED and each.versions == breaker.versions and (reset_at is None or each.started_at > reset_at)
    ]
    counted.sort(key=by_start, reverse=True)
    failures = next((number for number, each in enumerate(counted) if each.status != "failed"), len(counted))
    return counted[:failures]


def describe_breaker(standing: Standing, attempts: Sequence[Attempt], now: datetime) -> str:
    """The state of the breaker, for tables: closed, open or half-open, and how many harvests failed."""
    failures = len(find_failures(standing, attempts))
    if standing.breaker is None or failures == 0:
        return "closed"
    failing = _find_failing(standing, attempts, now)
    if failing is not None and failing.until is not None:
        return f"open until {as_clock(failing.until)}: {failures} failed"
    if failures < standing.breaker.failures:
        return f"closed: {failures} of {standing.breaker.failures} failed"
    return f"half-open, one try is allowed: {failures} failed"


def next_opening(hours: Sequence[Hours], moment: datetime) -> datetime:
    """The moment itself when it is inside one of the spans, or there are none; else when the next one begins."""
    moment = moment.astimezone(UTC)
    if not hours or any(_is_inside(each, moment) for each in hours):
        return moment
    return min(_next_clock(start, moment) for start, _ in hours)


def next_closing(hours: Sequence[Hours], moment: datetime) -> datetime | None:
    """When the spans that follow on each other from this moment end; ``None`` when never, the moment itself when it is in none of them."""
    end = moment.astimezone(UTC)
    while (inside := [each for each in hours if _is_inside(each, end)]) and end - moment < DAY:
        end = max(_next_clock(each_end, end) for _, each_end in inside)
    return None if not hours or end - moment >= DAY else end


def by_start(attempt: Attempt) -> tuple[datetime, str]:
    """Later attempts are greater; of two that started at once, the one that succeeded."""
    return attempt.started_at, attempt.status


def as_clock(moment: datetime) -> str:
    """An instant as people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _find_failing(standing: Standing, attempts: Sequence[Attempt], now: datetime) -> Obstacle | None:
    """The open breaker; once its pause is over one harvest may be tried, and when that fails the pause begins again."""
    breaker, failures = standing.breaker, find_failures(standing, attempts)
    if breaker is None or len(failures) < breaker.failures:
        return None
    until = (failures[0].ended_at or failures[0].started_at) + breaker.pause
    if now >= until:
        return None
    what = "harvest" if breaker.failures == 1 else f"{breaker.failures} harvests"
    words = f"is left alone since the last {what} with the same versions failed"
    return Obstacle("failing", f"{words} (until {as_clock(until)}, or `harvest reset {standing.source}`)", until)


def _outage_words(outage: Outage, now: datetime) -> str:
    look = f"next look at {as_clock(outage.next_look_at)}" if outage.next_look_at > now else "the next look is due"
    return f"is down since {as_clock(outage.since)}: {outage.reason} ({look})"


def _is_inside(hours: Hours, moment: datetime) -> bool:
    start, end = hours
    clock = moment.time()
    return start <= clock < end if start < end else clock >= start or clock < end


def _next_clock(clock: time, after: datetime) -> datetime:
    """When the clock shows this time next, later than ``after``."""
    found = datetime.combine(after.date(), clock, UTC)
    return found if found > after else found + DAY
