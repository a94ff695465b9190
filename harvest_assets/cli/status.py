"""``harvest status``: how sources and datasets are, and everything about one source."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from harvest_assets.cli.ledger_reports import print_availability, print_gaps, print_rows
from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_facts, print_json, print_table, say, shorten, warn
from harvest_assets.cli.release_reports import describe_dataset
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.health import as_rows, check_sources
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.source_reports import SourceReport, report_source

SOURCE_COLUMNS = ("source", "freshness", "accepted", "live", "last", "up", "gaps", "set aside", "due", "because")


@click.command()
@click.argument("source", required=False)
@click.option("--ledger", is_flag=True, help="Show every row of the harvest ledger, of SOURCE or of all sources.")
@click.option(
    "--hosts",
    is_flag=True,
    help="Show which source, or only SOURCE, asked which host how often today; with --json also in the last 7 days.",
)
@json_option
def status(source: str | None, *, ledger: bool, hosts: bool, as_json: bool) -> None:
    """Show the health of all sources and the versions of all datasets, or what is known of SOURCE."""
    installation = Installation.open()
    if hosts and ledger:
        raise ConfigurationError("say either --ledger or --hosts")
    if hosts:
        _show_hosts(installation, source, as_json=as_json)
    elif ledger:
        _show_ledger(installation, source, as_json=as_json)
    elif source is None:
        _show_all(installation, as_json=as_json)
    else:
        _require_known(installation, source)
        report = report_source(installation.store, source)
        print_json(report.as_dict()) if as_json else _print_source(report)


def _require_known(installation: Installation, source: str) -> None:
    """Accept a source that left its trace, retired or not, and else one that is configured."""
    store = installation.store
    if source not in store.manifests.scopes("raw_records") and source not in HarvestLedger(store).sources():
        installation.catalog.source(source)


def _show_ledger(installation: Installation, source: str | None, *, as_json: bool) -> None:
    kept = HarvestLedger(installation.store)
    if source is not None:
        _require_known(installation, source)
    rows = [asdict(row) for row in (kept.all_rows() if source is None else kept.rows(source))]
    print_json(rows) if as_json else print_rows("Harvest ledger", rows)


def _show_hosts(installation: Installation, source: str | None, *, as_json: bool) -> None:
    if source is not None:
        _require_known(installation, source)
    usage = [each for each in installation.budget().usage() if source in (None, each.user)]
    if as_json:
        print_json(
            [{"host": each.host, "used_day": each.used_day, "source": each.user or None, "requests": each.requests} for each in usage]
        )
        return
    today = datetime.now(UTC).date()
    rows = [(each.host, each.user, each.requests) for each in usage if each.used_day == today]
    print_table(f"Requests on {today} (UTC)", ("host", "source", "requests"), rows)


def _show_all(installation: Installation, *, as_json: bool) -> None:
    sources = as_rows(check_sources(installation))
    datasets = [describe_dataset(installation, slug) for slug in installation.catalog.datasets]
    problems = [str(each) for each in installation.catalog.problems]
    if as_json:
        print_json({"sources": sources, "datasets": datasets, "problems": problems})
        return
    print_table("Sources", SOURCE_COLUMNS, map(_source_row, sources))
    columns = ("dataset", "current_version", "last_version", "last_day", "live")
    print_table("Datasets", [each.replace("_", " ") for each in columns], ([each[name] for name in columns] for each in datasets))
    for dataset in datasets:
        for member in dataset["not_current"]:
            say(f"{dataset['dataset']}: {member['source']} {member['state'].replace('_', ' ')}: {member['words']}")
    for problem in problems:
        warn(problem)


def _source_row(health: dict[str, Any]) -> tuple[object, ...]:
    return (
        health["source"],
        health["freshness"],
        health["accepted_day"],
        health["live"],
        health["last_status"],
        health["is_up"],
        health["gaps"],
        health["set_aside"],
        health["is_due"],
        health["due_because"],
    )


def _print_source(report: SourceReport) -> None:
    attempts = ((each["started_at"][:19], each["status"], "…".join(each["days"]), each.get("reason")) for each in report.attempts)
    print_table(f"Last attempts at {report.source}", ("started", "ended as", "days", "reason"), attempts)
    print_rows(f"Ranges of {report.source} written last", report.ledger)
    print_gaps(report.source, report.gaps)
    print_availability(report.source, report.availability)
    if report.last_harvest is not None:
        _print_harvest(report.last_harvest)
    verdicts = ((each["day"], each.get("decision"), each.get("live"), each.get("words")) for each in report.verdicts)
    print_table("Verdicts", ("day", "decision", "live", "words"), verdicts)
    if report.set_aside:
        aside = ((each["identifier"], each["stage"], each["reason"], each["bytes"], each["begins"]) for each in report.set_aside)
        print_table("Set aside", ("identifier", "stage", "reason", "bytes", "begins"), aside)
    for each in report.stale_days:
        say(f"{each.day} is stale: {each.because}")
    if report.stale_days:
        say(f"next: harvest run {report.source} --from {report.stale_days[0].day} --to {report.stale_days[-1].day} redoes them in order")


def _print_harvest(harvest: dict[str, Any]) -> None:
    proof = "yes" if harvest["is_complete"] else f"no: {'; '.join(harvest['incomplete_because'])}"
    facts = {
        "started": harvest["started_at"],
        "window": f"{harvest['window']['start'] or 'the beginning'} to {harvest['window']['end'] or 'now'}",
        "pages": harvest["pages"],
        "received": f"{harvest['received']} records, {harvest['distinct']} distinct",
        "announced": harvest["announced"] if harvest["announced"] is not None else "not said",
        "complete": shorten(proof, 400),
    }
    print_facts(f"Last harvest, {harvest['day']}", facts.items())
    if harvest["restarted"]:
        say(f"  {harvest['restarted']}")
