"""``harvest demo``: two days of the loopback universe, harvested and published, so that there is something to look at."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from itertools import islice
from threading import Event
from urllib.parse import urlsplit

import click

from harvest_assets.cli.environment import find_project_file, today_utc
from harvest_assets.cli.explain import print_explanation
from harvest_assets.cli.output import print_table, say, shorten
from harvest_assets.cli.run import harvest_source, release_dataset
from harvest_assets.cli.starting import Runs, open_runs
from harvest_assets.errors import ConfigurationError, PermanentError, TransientError
from harvest_assets.stages.explanation import explain
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.promotion import read_changes
from harvest_assets.stages.versions import read_version
from harvest_assets.testing.demo import LIBRARY, MUSEUM, PRESS, build_demo, second_day
from harvest_assets.testing.universe import Universe

DATASET = "demo"
SOURCES = (LIBRARY, MUSEUM, PRESS)
PORT = 8771
_SHOWN_CHANGES = 5


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Port of the universe on 127.0.0.1.")
@click.option("--keep", is_flag=True, help="Go on serving the universe until Ctrl-C.")
def demo(port: int, *, keep: bool) -> None:
    """Harvest a library, a museum and a press of the loopback universe for two days, and publish both."""
    installation = open_demo(port)
    today = today_utc()
    yesterday = today - timedelta(days=1)
    if installation.store.manifests.days("sets", LIBRARY):
        say("The store has harvests already: the same days are harvested again, and only what differs becomes a change.")
    with serve_universe(build_demo(today, port), port) as universe, open_runs(installation) as runs:
        say(f"universe     {universe.url} serves {', '.join(SOURCES)}")
        versions = [_play_day(runs, installation, yesterday)]
        second_day(universe, today)
        say("night        library and press changed, deleted and added; the museum lost half of its list")
        versions.append(_play_day(runs, installation, today))
        _summarise(installation, versions)
        if keep:
            say(f"The universe stays at {universe.url} until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                Event().wait()


def open_demo(port: int) -> Installation:
    """The installation with the project's configuration, unless HARVEST_CONFIG names another.

    Raises:
        ConfigurationError: A source of the demo is missing, or asks another port.
    """
    if not os.environ.get("HARVEST_CONFIG"):
        os.environ["HARVEST_CONFIG"] = str(find_project_file("config"))
    installation = Installation.open()
    installation.catalog.dataset(DATASET)
    for source in map(installation.catalog.source, SOURCES):
        asked = urlsplit(source.url).port
        if asked != port:
            raise ConfigurationError(f"{source.file}: url {source.url!r} asks port {asked}, the universe is on {port}; make them the same")
    return installation


@contextmanager
def serve_universe(universe: Universe, port: int) -> Generator[Universe]:
    """The universe while the block runs.

    Raises:
        TransientError: The port is taken.
    """
    try:
        universe.start()
    except OSError as error:
        raise TransientError(
            f"port {port} of 127.0.0.1 is in use ({error.strerror}); stop what listens there (`harvest dev` serves the universe too)"
        ) from error
    try:
        yield universe
    finally:
        universe.stop()


def _play_day(runs: Runs, installation: Installation, day: date) -> dict[str, object]:
    """Harvest every source for a day and publish; one line each."""
    for source in SOURCES:
        report = harvest_source(runs, installation, source, [day])
        if not report.succeeded:
            raise PermanentError(f"{source} {day}: {report.reason}")
        found = report.days[-1]
        say(f"{day}   {source}: {found['distinct']} records, {found['live']} live, {found['decision']}")
    version = release_dataset(runs, installation, DATASET, day)
    state = "current" if version["is_current"] else f"not current, version {version['current_version']} of a later day is"
    say(f"{day}   {DATASET}: version {version['version']}, {state}")
    return version


def _summarise(installation: Installation, versions: list[dict[str, object]]) -> None:
    store = installation.store
    say()
    rows = [_version_row(installation, version) for version in versions]
    print_table("Versions", ("version", "day", "documents", *SOURCES), rows)
    last = read_version(store, DATASET, int(str(versions[-1]["version"])))
    for member in last.members:
        if member.state != "current":
            say(f"{member.source}, {member.state.replace('_', ' ')} to {member.day}: {member.words}")
    say()
    _show_changes(installation)
    _say_where(installation, versions[-1])


def _show_changes(installation: Installation) -> None:
    """The first changes that the last promotion brought, or else those of the feed, and where one of them comes from."""
    store = installation.store
    found = list(read_changes(store, DATASET, _sequence_before(store.ledger.latest("promotions", DATASET, 2))))
    title = f"The first of {len(found)} changes that the last promotion brought"
    if not found:
        title = "The last promotion brought no change; the first of the feed"
        found = list(islice(read_changes(store, DATASET, 0), _SHOWN_CHANGES))
    rows = [(each["sequence"], each["operation"], each["srn"], _title(each)) for each in found[:_SHOWN_CHANGES]]
    print_table(title, ("sequence", "operation", "srn", "title"), rows)
    upsert = next((each["srn"] for each in found if each["operation"] == "upsert"), None)
    if upsert:
        print_explanation(explain(installation, upsert, DATASET))


def _version_row(installation: Installation, described: dict[str, object]) -> tuple[object, ...]:
    version = read_version(installation.store, DATASET, int(str(described["version"])))
    members = {each.source: f"{each.live} {each.state.replace('_', ' ')}" for each in version.members}
    return (version.number, version.day, version.counts["live"], *(members.get(source) for source in SOURCES))


def _sequence_before(promotions: list[dict[str, object]]) -> int:
    """Where the feed ended before the last promotion."""
    return int(str(promotions[-1]["sequence"])) if len(promotions) > 1 else 0


def _title(change: dict[str, object]) -> str:
    document = change["document"]
    return shorten(str(document.get("title") or ""), 60) if isinstance(document, dict) else ""


def _say_where(installation: Installation, version: dict[str, object]) -> None:
    say()
    say("Look at")
    exports = version["exports"]
    for path in exports if isinstance(exports, list) else ():
        say(f"  {path}")
    say(f"  {installation.store.files.url}/current/{DATASET}.json")
    say("  make dev        the graph, its runs and checks: http://127.0.0.1:3000")
    say("  harvest status  every source and dataset")
    say(f"  harvest changes {DATASET} --since 0")
