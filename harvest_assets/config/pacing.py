"""The nested parts of a source's file about pace: how much at once, how long, when, how often, and when to leave it alone.

Descriptions here are the documentation: they go into the JSON Schema and into new files. Values are strict.
"""

from datetime import time, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from harvest_assets.config.durations import Duration, duration_key, parse_duration
from harvest_assets.config.sections import Section


def _more_than_nothing(span: timedelta) -> timedelta:
    if not span:
        raise ValueError("0 is no span of time; write at least 1m")
    return span


PositiveDuration = Annotated[Duration, AfterValidator(_more_than_nothing)]


class RateLimit(Section):
    """How many requests a source may be sent in a period, over all processes and hosts."""

    requests: int = Field(ge=1, description="Requests in a period: N means N")
    period_seconds: float = Field(default=1.0, gt=0, le=86400, description="Length of the period")


class Ranges(Section):
    """How a long range of dates is cut; only for sources that can be asked by date."""

    interval: Duration | None = Field(
        default=None, description="Longest span asked for in one list, such as 30d; a longer range is split. One list when left out"
    )
    parallel: int = Field(default=1, ge=1, le=64, description="Lists of a split range that are read at the same time")
    processes: int = Field(default=1, ge=1, le=16, description="Processes that share the lists of a split range")

    @model_validator(mode="after")
    def _interval_is_whole(self) -> Self:
        if self.interval is not None and self.interval < parse_duration("1h"):
            raise ValueError("interval is shorter than 1h; write 1h or more")
        return self


class Limits(Section):
    """From when on a harvest is ended; what was received is kept, and the next one goes on there."""

    duration: PositiveDuration = duration_key("6h", "Longest time for one harvest, such as 45m or 6h")
    silence: Duration = duration_key("30m", "Longest time without a page after which a harvest counts as stuck and is ended")
    task_duration: PositiveDuration = duration_key("1h", "Longest time for one document task; the next harvest goes on where it stopped")


class Breaker(Section):
    """When a source that keeps failing is left alone."""

    failures: int = Field(default=5, ge=1, le=20, description="Failed harvests in a row, with the same file and protocol, that stop it")
    pause: PositiveDuration = duration_key("7d", "How long it is left alone, unless somebody resets it: harvest reset SOURCE")


class Availability(Section):
    """How often to look whether the source answers at all; a source that is down is not harvested and does not count as failed."""

    every: PositiveDuration | None = duration_key("1h", "Time between two looks, such as 10m or 1d; none when set to null")
    timeout_seconds: float = Field(default=10.0, gt=0, le=120, description="Longest wait for an answer")


def _check_hours(text: str) -> str:
    parse_hours(text)
    return text


def parse_hours(text: str) -> tuple[time, time]:
    """A span of the day in UTC, ``[start, end)``; one that ends before it starts goes over midnight.

    Raises:
        ValueError: It is none.
    """
    try:
        start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise ValueError(f"{text!r} is no span of the day; write it as '20:00-06:00', in UTC") from None
    if start == end or start.tzinfo or end.tzinfo:
        raise ValueError(f"{text!r} is no span of the day; write two different times as '20:00-06:00', in UTC")
    return start, end


Hours = Annotated[str, AfterValidator(_check_hours)]
