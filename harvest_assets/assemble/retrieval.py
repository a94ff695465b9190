"""When a source is due for its next harvest: a named frequency or a cron expression, after successes and after failures.

Put here: the rules of time. Keep out: who is running what, locks, back-off of hosts; they arrive as ``Attempt``. Pure: the time is an
argument. All times are aware; days are UTC days. Cron expressions have five fields: https://man7.org/linux/man-pages/man5/crontab.5.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from croniter import croniter
from croniter.croniter import CroniterError

from harvest_assets.errors import ConfigurationError
from harvest_assets.model.window import midnight

DAYS = {"daily": 1, "weekly": 7, "biweekly": 14, "monthly": 30, "half-yearly": 180, "annually": 365}
NEVER = "never"

# Pauses before the first, second and third retry on the day of a failure: a hiccup, a restart, an office hour.
PAUSES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))

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
    """What a source's file says about time; ``retry_frequency`` is the rarest that a source is tried after a failure."""

    frequency: str
    frozen: bool
    enabled: bool
    retry_frequency: str = "weekly"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One harvest that was started, however it ended."""

    started_at: datetime
    ended_at: datetime | None
    status: Literal["started", "succeeded", "failed"]


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
    that failed shortens it to ``retry_frequency`` and is repeated on the same day after 15 minutes, 1 hour and 4 hours.

    Raises:
        ConfigurationError: A frequency is not valid.
    """
    frequency = parse_frequency(schedule.frequency)
    retry_days = _parse_retry_days(schedule.retry_frequency)
    standing = _standing_reason(schedule, attempts)
    if standing:
        return Due(is_due=False, because=standing, next_at=None)
    if not attempts:
        return Due(is_due=True, because="was never harvested", next_at=None)
    last = max(attempts, key=_by_start)
    next_at, rule = min(_candidates(frequency, retry_days, last, attempts), key=lambda candidate: candidate[0])
    because = f"{rule}; the last harvest started at {_clock(last.started_at)} and {last.status}"
    if now < next_at:
        because += f"; next at {_clock(next_at)}"
    return Due(is_due=now >= next_at, because=because, next_at=next_at)


def _parse_retry_days(text: str) -> int | None:
    """The interval after a failure; ``None`` when a failure does not shorten it."""
    frequency = parse_frequency(text)
    if frequency.cron:
        raise ConfigurationError(f"retry_frequency: {text!r} is a cron expression; allowed are {', '.join(DAYS)}, {NEVER}")
    return frequency.days


def _standing_reason(schedule: Schedule, attempts: Sequence[Attempt]) -> str | None:
    """Why the source is not due whatever the time is."""
    if not schedule.enabled:
        return "is disabled"
    if schedule.frozen:
        return "is frozen: its last accepted set stays as it is"
    if schedule.frequency == NEVER:
        return "has frequency 'never': it is harvested by hand only, also for the first time"
    running = [attempt.started_at for attempt in attempts if attempt.status == "started"]
    if running:
        return f"is being harvested since {_clock(min(running))}"
    return None


def _candidates(frequency: Frequency, retry_days: int | None, last: Attempt, attempts: Sequence[Attempt]) -> list[tuple[datetime, str]]:
    """The instants at which one of the rules makes the source due again, each with the rule in words; the earliest counts."""
    found = [_regular(frequency, last.started_at)]
    if last.status != "failed":
        return found
    if retry_days is not None:
        found.append((_days_after(last.started_at, retry_days), f"every {retry_days} days at least after a failure"))
    failures = _failures_of_the_day(last, attempts)
    if failures <= len(PAUSES):
        retry_at = (last.ended_at or last.started_at).astimezone(UTC) + PAUSES[failures - 1]
        if retry_at.date() == last.started_at.astimezone(UTC).date():
            found.append((retry_at, f"retry {failures} of {len(PAUSES)} on the day of a failure"))
    return found


def _by_start(attempt: Attempt) -> tuple[datetime, str]:
    """Later attempts are greater; of two that started at once, the one that succeeded."""
    return attempt.started_at, attempt.status


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
    for attempt in sorted(attempts, key=_by_start, reverse=True):
        if attempt.status != "failed" or attempt.started_at.astimezone(UTC).date() != day:
            break
        count += 1
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


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
