"""When a source is due for its next harvest: a named frequency or a cron expression, after successes and after failures.

Put here: the rules of time. Keep out: what stands against a harvest whoever starts it (`obstacles`), locks, back-off of hosts. Pure: the
time is an argument. All times are aware; days are UTC days. Cron expressions have five fields: https://man7.org/linux/man-pages/man5/crontab.5.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from croniter import croniter
from croniter.croniter import CroniterError

from harvest_assets.assemble.obstacles import Attempt, Obstacle, Standing, as_clock, by_start, find_obstacles, next_opening
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.window import midnight

DAYS = {"daily": 1, "weekly": 7, "biweekly": 14, "monthly": 30, "half-yearly": 180, "annually": 365}
NEVER = "never"

# Pauses before the first, second and third retry on the day of a failure: a hiccup, a restart, an office hour.
PAUSES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
ENDINGS = {"cancelled": "was cancelled"}

CRON_FIELDS = 5
CRON_NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC SUN MON TUE WED THU FRI SAT"
CRON_FIELD = re.compile(rf"(?:[\d*/,-]|{CRON_NAMES.replace(' ', '|')})+", re.IGNORECASE)
# Any instant would do; a leap year lets "29 February" be found at once.
CRON_PROBE = datetime(2028, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often a source is harvested: every ``days`` UTC days, or at the instants of ``cron``, or (both ``None``) by hand only."""

    text: str
    days: int | None = None
    cron: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a source's file says about time, and what stands against it.

    ``retry_frequency`` is the rarest that a source is tried after a failure; until ``retry_at`` it was put off because another run held
    its lock.
    """

    frequency: str
    retry_frequency: str = "weekly"
    standing: Standing = field(default_factory=Standing)
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """Whether a harvest is due, and why, in words.

    ``next_at`` is when the source becomes due, or since when it is; ``None`` where time does not decide it.
    """

    is_due: bool
    because: str
    next_at: datetime | None


def parse_frequency(text: str) -> Frequency:
    """Read a frequency as a source's file gives it.

    Raises:
        ConfigurationError: It is neither a known name nor a cron expression of five fields that comes true some day.
    """
    if text == NEVER:
        return Frequency(text)
    if text in DAYS:
        return Frequency(text, days=DAYS[text])
    if _is_cron(text):
        return Frequency(text, cron=" ".join(text.split()))
    raise ConfigurationError(
        f"frequency: {text!r} is not one of {', '.join(DAYS)}, {NEVER}, and no cron expression of five fields in UTC that comes true "
        "some day (minute hour day month weekday, like '30 2 * * 1-5')"
    )


def due(schedule: Schedule, attempts: Sequence[Attempt], now: datetime) -> Due:
    """Decide whether a harvest of the source is due; ``attempts`` come in any order.

    An interval counts from the start of the last attempt, in UTC days, so that a long harvest does not make a source drift; an attempt
    that failed shortens it to ``retry_frequency`` and is repeated on the same day after 15 minutes, 1 hour and 4 hours. Attempts that
    found the source down, and failures before a reset, count for nothing.

    Raises:
        ConfigurationError: A frequency is not valid.
    """
    frequency = parse_frequency(schedule.frequency)
    retry_days = _parse_retry_days(schedule.retry_frequency)
    obstacles = {each.kind: each for each in find_obstacles(schedule.standing, attempts, now)}
    off = _off_reason(schedule, attempts, obstacles)
    if off:
        return Due(is_due=False, because=off, next_at=None)
    regular, because = _regular_time(frequency, retry_days, schedule, attempts)
    found = _at_its_time(schedule.standing, regular, because, obstacles, now)
    return replace(found, next_at=_since(schedule.standing, attempts, found.next_at)) if found.is_due else found


def _since(standing: Standing, attempts: Sequence[Attempt], next_at: datetime | None) -> datetime | None:
    """Since when it is due: not before a pause of the breaker, over by now, had ended."""
    if next_at is None:
        return None
    paused = next((each for each in find_obstacles(standing, attempts, next_at) if each.kind == "failing"), None)
    return next_at if paused is None or paused.until is None else next_opening(standing.hours, paused.until)


def _at_its_time(standing: Standing, regular: datetime | None, because: str, obstacles: Mapping[str, Obstacle], now: datetime) -> Due:
    """Due from its regular time on, unless something stands against it then; hours put it off to when they begin."""
    failing, down, hours = (obstacles.get(kind) for kind in ("failing", "down", "hours"))
    times = [each for each in (regular, failing.until if failing else None) if each is not None]
    next_at = next_opening(standing.hours, max(times)) if times else None
    blocking = failing or down
    if blocking:
        return Due(is_due=False, because=blocking.because, next_at=None if down else next_at)
    if regular is not None and next_at is not None and now < regular:
        return Due(is_due=False, because=f"{because}; next at {as_clock(next_at)}", next_at=next_at)
    if hours:
        return Due(is_due=False, because=hours.because, next_at=hours.until)
    return Due(is_due=True, because=because, next_at=next_at)


def _parse_retry_days(text: str) -> int | None:
    """The interval after a failure; ``None`` when a failure does not shorten it."""
    frequency = parse_frequency(text)
    if frequency.cron:
        raise ConfigurationError(f"retry_frequency: {text!r} is a cron expression; allowed are {', '.join(DAYS)}, {NEVER}")
    return frequency.days


def _off_reason(schedule: Schedule, attempts: Sequence[Attempt], obstacles: Mapping[str, Obstacle]) -> str | None:
    """Why the source is not due whatever the time is."""
    off = obstacles.get("disabled") or obstacles.get("frozen")
    if off:
        return off.because
    if schedule.frequency == NEVER:
        return "has frequency 'never': it is harvested by hand only, also for the first time"
    running = [attempt.started_at for attempt in attempts if attempt.status == "started"]
    if running:
        return f"is being harvested since {as_clock(min(running))}"
    return None


def _regular_time(
    frequency: Frequency, retry_days: int | None, schedule: Schedule, attempts: Sequence[Attempt]
) -> tuple[datetime | None, str]:
    """When a harvest is due again, and by which rule, in words; no time for a source that was never harvested."""
    reset_at = schedule.standing.reset_at
    tries = [each for each in attempts if not each.is_past and each.status != "down"]
    counted = [each for each in tries if each.status != "failed" or reset_at is None or each.started_at > reset_at]
    at, because = None, "was never harvested" if reset_at is None or not tries else f"was reset at {as_clock(reset_at)}"
    if counted:
        last = max(counted, key=by_start)
        at, rule = min(_candidates(frequency, retry_days, last, counted), key=lambda candidate: candidate[0])
        because = f"{rule}; the last harvest started at {as_clock(last.started_at)} and {ENDINGS.get(last.status, last.status)}"
    if schedule.retry_at is not None and (at is None or at < schedule.retry_at):
        return schedule.retry_at, "was put off while another run was at it"
    return at, because


def _candidates(frequency: Frequency, retry_days: int | None, last: Attempt, attempts: Sequence[Attempt]) -> list[tuple[datetime, str]]:
    """The instants at which one of the rules makes the source due again, each with the rule in words; the earliest counts."""
    found = [_regular(frequency, last.started_at)]
    if last.status == "succeeded":
        return found
    ended_at = (last.ended_at or last.started_at).astimezone(UTC)
    if retry_days is not None:
        what = "a failure" if last.status == "failed" else "a harvest that was not finished"
        found.append((_days_after(last.started_at, retry_days), f"every {retry_days} days at least after {what}"))
    if last.status == "paused":
        found.append((ended_at + PAUSES[0], "goes on where it paused"))
    failures = _failures_of_the_day(last, attempts)
    if last.status == "failed" and failures <= len(PAUSES):
        retry_at = ended_at + PAUSES[failures - 1]
        if retry_at.date() == last.started_at.astimezone(UTC).date():
            found.append((retry_at, f"retry {failures} of {len(PAUSES)} on the day of a failure"))
    return found


def _regular(frequency: Frequency, after: datetime) -> tuple[datetime, str]:
    if frequency.days is not None:
        return _days_after(after, frequency.days), f"frequency {frequency.text!r}"
    return _next_instant(str(frequency.cron), after), f"cron {frequency.cron!r} (UTC)"


def _days_after(moment: datetime, days: int) -> datetime:
    return midnight(moment.astimezone(UTC).date() + timedelta(days=days))


def _failures_of_the_day(last: Attempt, attempts: Sequence[Attempt]) -> int:
    """How many attempts failed on the UTC day of the last one, successes of that day forgiving those before them."""
    day = last.started_at.astimezone(UTC).date()
    count = 0
    for attempt in sorted(attempts, key=by_start, reverse=True):
        if attempt.status == "succeeded" or attempt.started_at.astimezone(UTC).date() != day:
            break
        count += attempt.status == "failed"
    return count


def _next_instant(cron: str, after: datetime) -> datetime:
    """The first instant of the expression that is later than ``after``."""
    instant: datetime = croniter(cron, after.astimezone(UTC)).get_next(datetime)
    return instant


def _is_cron(text: str) -> bool:
    """Five fields of the classic syntax; croniter's own additions (seconds, ``H``, ``R``, ``@daily``) would not be understood elsewhere."""
    fields = text.split()
    if len(fields) != CRON_FIELDS or not all(CRON_FIELD.fullmatch(field) for field in fields):
        return False
    try:
        _next_instant(text, CRON_PROBE)
    except CroniterError:
        return False
    return True
