"""How commands start Dagster runs. Dagster is imported here and now, not with the command line: it takes two seconds."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from harvest_assets.cli.environment import prepare_dagster_home, today_utc
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.parameters import RunParameters
from harvest_assets.model.quarantine import Selection
from harvest_assets.stages.installation import Installation

if TYPE_CHECKING:
    from harvest_assets.defs.runs import RunOutcome


class Runs:
    """Real Dagster runs in this process, on the instance that the UI shows."""

    def __init__(self, installation: Installation, instance: Any) -> None:  # noqa: ANN401 - a class of Dagster
        from harvest_assets.defs import runs  # noqa: PLC0415 - loads Dagster
        from harvest_assets.defs.partitions import FIRST_DAY  # noqa: PLC0415 - loads Dagster

        self._runs = runs
        self._first_day = date.fromisoformat(FIRST_DAY)
        self._installation = installation
        self._instance = instance
        runs.register(instance, installation)

    def harvest(
        self, source: str, days: Sequence[date], parameters: RunParameters | None = None, *, transform: bool = True
    ) -> "RunOutcome":
        """Harvest consecutive days of a source, up to its sets, or up to its records without ``transform``."""
        self._check(days)
        keys = [str(day) for day in days]
        return self._runs.run_harvest(self._instance, self._installation, source, keys, parameters, transform=transform)

    def sets(self, source: str, day: date) -> "RunOutcome":
        """Publish the set of a day again."""
        self._check([day])
        return self._runs.run_sets(self._instance, self._installation, source, str(day))

    def replay(self, source: str, selection: Selection) -> "RunOutcome":
        """Read records of a source that were set aside again, up to its sets."""
        from harvest_assets.defs.replay_runs import run_replay  # noqa: PLC0415 - loads Dagster

        return run_replay(self._instance, self._installation, source, selection)

    def release(self, dataset: str, day: date) -> "RunOutcome":
        """Publish a dataset on a day."""
        self._check([day])
        return self._runs.run_release(self._instance, dataset, str(day))

    def _check(self, days: Sequence[date]) -> None:
        if days[0] < self._first_day:
            raise ConfigurationError(f"{days[0]} is before the first day, {self._first_day}; set HARVEST_FIRST_DAY to an earlier one")
        if days[-1] > today_utc():
            raise ConfigurationError(f"{days[-1]} is still to come; today is {today_utc()} (UTC)")


@contextmanager
def open_runs(installation: Installation) -> Generator[Runs]:
    """Dagster's instance, ready for runs; ``DAGSTER_HOME`` is set and prepared."""
    os.environ["DAGSTER_HOME"] = str(prepare_dagster_home())
    from harvest_assets.defs.runs import open_instance  # noqa: PLC0415 - loads Dagster

    with open_instance() as instance:
        yield Runs(installation, instance)


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last.

    Raises:
        ConfigurationError: The last is before the first.
    """
    if last < first:
        raise ConfigurationError(f"--to {last} is before --from {first}; exchange them")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
