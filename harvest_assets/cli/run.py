"""``harvest run``, ``release`` and ``accept``: what starts Dagster runs, in this process and visible in the UI."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any

import click

from harvest_assets.cli.environment import today_utc
from harvest_assets.cli.harvest_reports import HarvestReport, print_report, report_failure, report_success
from harvest_assets.cli.options import choose_dataset, day_option, json_option
from harvest_assets.cli.output import print_json, say
from harvest_assets.cli.page_progress import show_pages
from harvest_assets.cli.release_reports import describe_release, print_release
from harvest_assets.cli.run_parameters import read_days, read_parameters, run_parameter_options
from harvest_assets.cli.starting import Runs, open_runs
from harvest_assets.errors import ConfigurationError, PermanentError
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.decisions import accept as decide
from harvest_assets.stages.installation import Installation


@click.command()
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every source that is enabled and not frozen.")
@run_parameter_options
@click.option("--transform/--no-transform", default=True, help="Go on to documents and set, or stop after raw_records.")
@json_option
@click.pass_context
def run(ctx: click.Context, /, sources: tuple[str, ...], *, everything: bool, transform: bool, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - what the options are
    """Harvest sources, up to their sets; the server is asked once for all days together."""
    installation = Installation.open()
    days, parameters = read_days(options), read_parameters(options)
    reports: list[HarvestReport] = []
    chosen = _choose_sources(installation, sources, everything=everything)
    with open_runs(installation) as runs:
        for source in chosen:
            with _shown(source, as_json=as_json):
                report = harvest_source(runs, installation, source, days, parameters, transform=transform)
            reports.append(report)
            if not as_json:
                print_report(report)
    if as_json:
        print_json([each.as_dict() for each in reports])
    ctx.exit(0 if all(each.succeeded for each in reports) else 1)


def harvest_source(
    runs: Runs,
    installation: Installation,
    source: str,
    days: Sequence[date],
    parameters: RunParameters | None = None,
    *,
    transform: bool = True,
) -> HarvestReport:
    """Run one source and tell how it went."""
    outcome = runs.harvest(source, days, parameters, transform=transform)
    if not outcome.succeeded:
        return report_failure(source, outcome.reason, outcome.run_id, outcome.error)
    return report_success(installation, source, days, outcome.run_id, has_documents=transform)


def _shown(source: str, *, as_json: bool) -> AbstractContextManager[None]:
    """Progress on standard error, where a person looks at it."""
    return show_pages(source) if sys.stderr.isatty() and not as_json else nullcontext()


def _choose_sources(installation: Installation, slugs: Sequence[str], *, everything: bool) -> list[str]:
    if everything == bool(slugs):
        raise ConfigurationError("name the sources to harvest, or say --all")
    catalog = installation.catalog
    if everything:
        return [source.slug for source in catalog.sources.values() if source.enabled and not source.frozen]
    for source in map(catalog.source, slugs):
        if source.frozen:
            raise ConfigurationError(f"{source.file}: 'frozen' keeps the last accepted set as it is; take the key out to harvest again")
    return list(dict.fromkeys(slugs))


@click.command()
@click.argument("dataset", required=False)
@day_option("--date", "day", help="The day of the version; today (UTC) unless given.")
@json_option
def release(dataset: str | None, day: date | None, *, as_json: bool) -> None:
    """Publish DATASET: a version of the sets as of a day, its exports and changes; it becomes current unless promotion is by hand."""
    installation = Installation.open()
    slug, on = choose_dataset(installation, dataset), day or today_utc()
    with open_runs(installation) as runs:
        described = release_dataset(runs, installation, slug, on)
    if as_json:
        print_json(described)
    else:
        print_release(described)


def release_dataset(runs: Runs, installation: Installation, dataset: str, day: date) -> dict[str, object]:
    """Run a release and describe its version.

    Raises:
        PermanentError: The run failed.
    """
    outcome = runs.release(dataset, day)
    if not outcome.succeeded:
        raise PermanentError(f"the release of {dataset!r} on {day} failed: {outcome.reason}")
    return describe_release(installation, dataset, str(day))


@click.command()
@click.argument("source")
@day_option("--date", "day", required=True, help="The harvest to accept.")
@click.option("--reason", required=True, help="Why the source is right; kept with the verdict.")
@json_option
def accept(source: str, day: date, reason: str, *, as_json: bool) -> None:
    """Accept a harvest that the integrity check did not, and publish its set."""
    installation = Installation.open()
    slug = installation.catalog.source(source).slug
    accepted = decide(installation.store, slug, str(day), reason)
    if not accepted.is_published:
        with open_runs(installation) as runs:
            outcome = runs.sets(slug, day)
        if not outcome.succeeded:
            raise PermanentError(
                f"{slug} {day} is accepted, but its set could not be published: {outcome.reason}; give the same command again"
            )
    if as_json:
        print_json({"source": slug, "day": str(day), "is_new": accepted.is_new, "words": accepted.verdict.words})
        return
    say(f"{slug} {day}: {accepted.verdict.words}" if accepted.is_new else f"{slug} {day} was accepted already: {accepted.verdict.words}")
    for dataset in installation.catalog.datasets:
        if slug in installation.catalog.members(dataset):
            say(f"  next: harvest release {dataset} --date {day}")
