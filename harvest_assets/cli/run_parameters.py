"""The options of ``harvest run`` that say how a harvest differs from an ordinary one; names and meaning as in the launchpad."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, TypeVar

import click

from harvest_assets.cli.environment import today_utc
from harvest_assets.cli.options import day_option
from harvest_assets.cli.starting import days_between
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.parameters import RunParameters

Command = TypeVar("Command", bound=Callable[..., object])

_OPTIONS = (
    day_option("--date", "day", help="The day to harvest; today (UTC) unless given."),
    day_option("--from", "first", help="First of several days."),
    day_option("--to", "last", help="Last of several days."),
    day_option("--start-date", "start_date", help="First of several days; with --end-date, the day after the last: [start, end)."),
    day_option("--end-date", "end_date", help="Day after the last of several days."),
    click.option("--full", is_flag=True, help="Ask for everything, whatever was received before."),
    click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Stop after N different records; nothing is removed then."),
    click.option("--superfluous", is_flag=True, help="Ask again for a past range that succeeded."),
    click.option("--optimize", is_flag=True, help="Leave out past days that another harvest covers."),
    click.option("--no-split", is_flag=True, help="Ask for the whole range in one list."),
    click.option("--ignore-disabled", is_flag=True, help="Harvest although the source is disabled."),
    click.option(
        "--force", metavar="REASON", help="Harvest although it failed too often, is down or outside its hours; the reason is kept."
    ),
)


def run_parameter_options(command: Command) -> Command:
    """Add the options to a command; it takes them as ``**options``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_parameters(options: dict[str, Any]) -> RunParameters:
    """What the options say beyond the days.

    Raises:
        ConfigurationError: ``--force`` without a reason.
    """
    force = options["force"]
    if force is not None and not force.strip():
        raise ConfigurationError(f"--force {force!r} is no reason; say why the source is harvested all the same")
    return RunParameters(**{name: options[name] for name in asdict(RunParameters()) if name in options})


def read_days(options: dict[str, Any]) -> list[date]:
    """The days that the options say, in order.

    Raises:
        ConfigurationError: They say it in two ways, or by half.
    """
    day, pairs = options["day"], ((options["first"], options["last"]), (options["start_date"], options["end_date"]))
    said = [pair for pair in pairs if pair != (None, None)]
    if len(said) + (day is not None) > 1 or any(None in pair for pair in said):
        raise ConfigurationError(
            "say either --date DAY, or --from DAY --to DAY, or --start-date DAY --end-date DAY (the day after the last), or none for today"
        )
    if not said:
        return [day or today_utc()]
    first, last = said[0]
    if said[0] is pairs[0]:
        return days_between(first, last)
    if last <= first:
        raise ConfigurationError(f"--end-date {last} is the day after the last, so it has to be after --start-date {first}")
    return days_between(first, last - timedelta(days=1))
