"""Arguments and options that several commands share."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

import click

from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.installation import Installation

Command = TypeVar("Command", bound=Callable[..., object])


def day_option(*names: str, required: bool = False, help: str) -> Callable[[Command], Command]:  # noqa: A002 - click names it so
    """An option that is a UTC day, written as 2026-01-31."""

    def to_day(_ctx: click.Context, _parameter: click.Parameter, value: datetime | None) -> date | None:
        return None if value is None else value.date()

    kind = click.DateTime(["%Y-%m-%d"])
    return click.option(*names, type=kind, callback=to_day, required=required, help=help, metavar="YYYY-MM-DD")


def json_option(command: Command) -> Command:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")(command)


def choose_dataset(installation: Installation, slug: str | None) -> str:
    """The dataset that was named, or the only one that there is.

    Raises:
        ConfigurationError: There is no such dataset, or several and none was named.
    """
    if slug is not None:
        return installation.catalog.dataset(slug).slug
    known = list(installation.catalog.datasets)
    if len(known) != 1:
        raise ConfigurationError(f"which dataset? name one of: {', '.join(known) or 'none is configured, add datasets/NAME.yaml'}")
    return known[0]
