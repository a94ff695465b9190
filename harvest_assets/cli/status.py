"""``harvest status``: how sources and datasets are, and everything about one source."""

from dataclasses import asdict
from typing import Any

import click

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_facts, print_json, print_table, say, shorten, warn
from harvest_assets.cli.release_reports import describe_dataset
from harvest_assets.stages.health import as_rows, check_sources
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.source_reports import SourceReport, report_source


@click.command()
@click.argument("source", required=False)
@click.option("--hosts", is_flag=True, help="Show how many requests each host had in the last days.")
@json_option
def status(source: str | None, *, hosts: bool, as_json: bool) -> None:
    """Show the health of all sources and the versions of all datasets, or what is known of SOURCE."""
    installation = Installation.open()
    if hosts:
        _show_hosts(installation, as_json=as_json)
    elif source is None:
        _show_all(installation, as_json=as_json)
    else:
        if source not in installation.store.manifests.scopes("raw_records"):
            installation.catalog.source(source)
        report = report_source(installation.store, source)
        print_json(report.as_dict()) if as_json else _print_source(report)


def _show_hosts(installation: Installation, *, as_json: bool) -> None:
    rows = [asdict(each) for each in installation.budget().usage()]
    if as_json:
        print_json(rows)
    else:
        print_table("Requests", ("host", "day", "requests"), ((each["host"], str(each["used_day"]), each["requests"]) for each in rows))


def _show_all(installation: Installation, *, as_json: bool) -> None:
    sources = as_rows(check_sources(installation))
    datasets = [describe_dataset(installation, slug) for slug in installation.catalog.datasets]
    problems = [str(each) for each in installation.catalog.problems]
    if as_json:
        print_json({"sources": sources, "datasets": datasets, "problems": problems})
        return
    print_table("Sources", ("source", "freshness", "accepted", "live", "last", "set aside", "due", "because"), map(_source_row, sources))
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
        health["set_aside"],
        health["is_due"],
        health["due_because"],
    )


def _print_source(report: SourceReport) -> None:
    attempts = ((each["started_at"][:19], each["status"], "…".join(each["days"]), each.get("reason")) for each in report.attempts)
    print_table(f"Last attempts at {report.source}", ("started", "ended as", "days", "reason"), attempts)
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
