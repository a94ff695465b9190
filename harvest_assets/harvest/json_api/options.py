"""What a source with ``protocol: json`` says: where things are, how the list is paged, and whether it can be asked for by date."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator

from harvest_assets.harvest.json_api.pointers import Pointer
from harvest_assets.interfaces import Options
from harvest_assets.model.window import Window

_ROUNDINGS = (timedelta(), timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
_SAMPLE = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)

Name = Annotated[str, Field(min_length=1)]


class NextLink(Options):
    """Each page holds the address of the next one, as text or as an object with ``href``."""

    style: Literal["next"]
    pointer: Pointer


class PageNumber(Options):
    """Pages have numbers. ``size`` must not be more than the server gives; a shorter page then is the last one."""

    style: Literal["page"]
    parameter: Name = "page"
    size_parameter: Name | None = None
    size: Annotated[int | None, Field(ge=1)] = None
    first: Annotated[int, Field(ge=0)] = 1


class Offset(Options):
    """Pages begin after a number of records. ``size`` must not be more than the server gives, unless a total is announced."""

    style: Literal["offset"]
    parameter: Name = "offset"
    size_parameter: Name | None = "limit"
    size: Annotated[int | None, Field(ge=1)] = None


class Cursor(Options):
    """Each page holds the value that asks for the next one."""

    style: Literal["cursor"]
    parameter: Name = "cursor"
    pointer: Pointer


class NoPaging(Options):
    """One page holds everything."""

    style: Literal["none"]


Paging = Annotated[NextLink | PageNumber | Offset | Cursor | NoPaging, Field(discriminator="style")]


class DateFilter(Options):
    """Parameters that bound the time of change: ``since`` inclusive, ``before`` exclusive, in UTC as ``format`` (strftime) says."""

    since: Name
    before: Name | None = None
    format: str = "%Y-%m-%dT%H:%M:%SZ"

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

    def parameters(self, window: Window) -> dict[str, str]:
        """Parameters that cover a half-open window: the start rounded down, the end up to what the format can say."""
        parameters: dict[str, str] = {}
        if window.start is not None:
            parameters[self.since] = window.start.astimezone(UTC).strftime(self.format)
        if window.end is not None and self.before is not None:
            parameters[self.before] = self._round_up(window.end.astimezone(UTC)).strftime(self.format)
        return parameters

    def _round_up(self, end: datetime) -> datetime:
        return next((end + step for step in _ROUNDINGS if _read_back(end + step, self.format) >= end), end)


class JsonApiOptions(Options):
    """Where things are in a page (``records``, ``total``) and in a record (``identifier``, ``datestamp``, ``deleted``), and how to ask.

    ``deleted`` leads to something that is true when the record is deleted; the texts ``false``, ``no``, ``0`` and the empty one are not.
    """

    records: Pointer = ""
    identifier: Pointer
    datestamp: Pointer | None = None
    deleted: Pointer | None = None
    total: Pointer | None = None
    paging: Paging = NoPaging(style="none")
    date_filter: DateFilter | None = None
    parameters: dict[str, str] = Field(default_factory=dict[str, str])
    max_pages: Annotated[int, Field(ge=1)] = 1_000_000


def _read_back(moment: datetime, pattern: str) -> datetime:
    return datetime.strptime(moment.strftime(pattern), pattern).replace(tzinfo=UTC)
