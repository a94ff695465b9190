"""``HarvestConfig``: what the launchpad and ``harvest run`` let a person say about one harvest.

The fields and their meaning are those of ``RunParameters``, with the range and with ``transform``, which only a run knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from harvest_assets.defs.keys import RAW_RECORDS
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.parameters import RunParameters


class HarvestConfig(dg.Config):
    """How one harvest differs from an ordinary one. Everything may be left as it is."""

    start_date: str | None = Field(
        default=None, description="First day to ask for (YYYY-MM-DD), with end_date; the days of the run's partitions have to lie between"
    )
    end_date: str | None = Field(default=None, description="Day after the last one to ask for: [start_date, end_date) is half-open")
    limit: int | None = Field(default=None, description="Stop after so many different records; such a harvest removes nothing")
    superfluous: bool = Field(
        default=False, description="Ask again for a past range that succeeded with the same source and protocol versions"
    )
    transform: bool = Field(default=True, description="Go on to documents and set; false stops after raw_records")
    ignore_disabled: bool = Field(default=False, description="Harvest although the source is disabled in its file")
    force: str | None = Field(
        default=None,
        description="The reason why to harvest although the source failed too often, is down or is outside its hours; it is kept."
        " A harvest that is under way is never disturbed",
    )
    no_split: bool = Field(default=False, description="Ask for the whole range in one list, whatever ranges.interval says")
    optimize: bool = Field(default=False, description="Leave out past days that another harvest with the same versions covers")
    full: bool = Field(default=False, description="Ask for everything, whatever the cursor says; the integrity check applies all the same")

    def parameters(self) -> RunParameters:
        """The same for the stage."""
        names = asdict(RunParameters())
        return RunParameters(**{name: getattr(self, name) for name in names})

    def days(self, own: Sequence[str]) -> list[date]:
        """The days to ask for, in order.

        Raises:
            ConfigurationError: The range is not valid, or a day of the run lies outside of it.
        """
        days = [date.fromisoformat(day) for day in own]
        if self.start_date is None and self.end_date is None:
            return days
        start, end = _read_day("start_date", self.start_date), _read_day("end_date", self.end_date)
        if not start <= days[0] <= days[-1] < end:
            raise ConfigurationError(
                f"the run is for {days[0]} to {days[-1]}, outside of [start_date {start}, end_date {end}); "
                "choose partitions within the range, end_date is the day after the last"
            )
        return [start + timedelta(days=number) for number in range((end - start).days)]


def as_run_config(parameters: RunParameters, *, transform: bool = True) -> Mapping[str, Any]:
    """The run config that asks for these parameters."""
    said = {name: value for name, value in asdict(parameters).items() if value is not None and value is not False}
    return {"ops": {RAW_RECORDS: {"config": {**said, **({} if transform else {"transform": False})}}}}


def _read_day(name: str, text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise ConfigurationError(f"{name} {text!r} is no day; give both start_date and end_date as YYYY-MM-DD, or neither") from None
