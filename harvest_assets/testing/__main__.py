"""``python -m harvest_assets.testing``: the universe of the demo by itself, until it is interrupted."""

from contextlib import suppress
from datetime import UTC, datetime
from threading import Event

import click

from harvest_assets.testing.demo import build_demo, second_day
from harvest_assets.testing.repository import Repository

_KEPT_RECORDS = 200_000  # of about 2 kB: 400 MB


@click.command()
@click.option("--port", default=0, show_default="a free one", help="Port on 127.0.0.1.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day to play; today (UTC) unless given.")
@click.option("--night", is_flag=True, help="Play the night before this day too: changes, deletions, a half list.")
@click.option("--benchmark", type=click.IntRange(min=1), help="Also serve a repository 'benchmark' of that many full records.")
@click.option("--page-size", default=500, show_default=True, help="Records on a page of 'benchmark'.")
def main(port: int, today: datetime | None, benchmark: int | None, page_size: int, *, night: bool) -> None:
    """Serve the loopback universe and print its addresses."""
    day = (today or datetime.now(UTC)).date()
    universe = build_demo(day, port)
    if night:
        second_day(universe, day)
    if benchmark:
        kept = min(benchmark, _KEPT_RECORDS)
        universe.add(Repository.generate("benchmark", benchmark, seed=9, size="full", page_size=page_size, kept_records=kept))
    with universe, suppress(KeyboardInterrupt):
        click.echo("\n".join(universe.describe()))
        Event().wait()


if __name__ == "__main__":
    main()
