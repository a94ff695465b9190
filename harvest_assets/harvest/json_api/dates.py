"""``DateFilter``: how a list is asked for by time of change, as a source's YAML says it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from harvest_assets.harvest.json_api.paging_options import SENT_IN, In, Name, check_names
from harvest_assets.interfaces import Options
from harvest_assets.model.window import Window

_UNITS = (timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
_ROUNDINGS = (timedelta(), *_UNITS)
_SAMPLE = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)
_NEVER_CUT = timedelta(days=36_500)


class DateFilter(Options):
    """What bounds the time of change: ``since`` inclusive, ``before`` exclusive, in UTC as ``format`` (strftime) says."""

    since: Annotated[Name, Field(description="What takes the start, as in `modified_since`.")]
    before: Annotated[Name | None, Field(description="What takes the end; without it a list reaches to now and cannot be cut.")] = None
    format: Annotated[str, Field(description="How a time is written (strftime).")] = "%Y-%m-%dT%H:%M:%SZ"
    sent_in: Annotated[In, Field(alias="in", description=SENT_IN)] = "query"

    @field_validator("format")
    @classmethod
    def _must_be_readable(cls, text: str) -> str:
        try:
            is_lossy = not _SAMPLE - _ROUNDINGS[-1] < _read_back(_SAMPLE, text) <= _SAMPLE
        except (ValueError, re.error):  # strptime builds a regular expression and lets its errors pass
            is_lossy = True
        if is_lossy:
            raise ValueError(f"{text!r} is no date format that can be read back to the day, such as '%Y-%m-%dT%H:%M:%SZ'")
        return text

    @model_validator(mode="after")
    def _has_pointers(self) -> Self:
        check_names(self.sent_in, since=self.since, before=self.before)
        return self

    @property
    def smallest_window(self) -> timedelta:
        """The shortest window that the format can tell; longer than any list where the end is not sent, for that cannot be cut."""
        if self.before is None:
            return _NEVER_CUT
        return next(unit for unit in _UNITS if _SAMPLE - _read_back(_SAMPLE, self.format) < unit)

    def parameters(self, window: Window) -> dict[str, str]:
        """Values that cover a half-open window: the start rounded down, the end up to what the format can say."""
        parameters: dict[str, str] = {}
        if window.start is not None:
            parameters[self.since] = window.start.astimezone(UTC).strftime(self.format)
        if window.end is not None and self.before is not None:
            parameters[self.before] = self._round_up(window.end.astimezone(UTC)).strftime(self.format)
        return parameters

    def _round_up(self, end: datetime) -> datetime:
        return next((end + step for step in _ROUNDINGS if _read_back(end + step, self.format) >= end), end)


def _read_back(moment: datetime, pattern: str) -> datetime:
    return datetime.strptime(moment.strftime(pattern), pattern).replace(tzinfo=UTC)
