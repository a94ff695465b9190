"""``harvest reset``: a source that failed too often is tried again."""

from dataclasses import asdict
from datetime import UTC, datetime

import click

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_json, say
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.standing import Reset
from harvest_assets.stages.standing import reset as forget


@click.command()
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every source that failed.")
@click.option("--reason", required=True, help="Why another try is worth it; kept for those who read it later.")
@json_option
def reset(sources: tuple[str, ...], *, everything: bool, reason: str, as_json: bool) -> None:
    """Forget the failures of sources, so that those that are left alone for failing too often are harvested again."""
    if everything == bool(sources):
        raise ConfigurationError("name the sources to reset, or say --all")
    installation, now = Installation.open(), datetime.now(UTC)
    catalog = installation.catalog
    chosen = list(catalog.sources.values()) if everything else [catalog.source(slug) for slug in dict.fromkeys(sources)]
    done = [forget(installation, source, reason, now) for source in chosen]
    if as_json:
        print_json([asdict(each) for each in done])
        return
    for each in done:
        say(_describe(each))


def _describe(done: Reset) -> str:
    if not done.failures:
        return f"{done.source}: no harvest with its present versions failed since the last one that succeeded; nothing is changed"
    failures = "1 failure is" if done.failures == 1 else f"{done.failures} failures are"
    lifted = f"lifted: {done.source} {done.lifted}" if done.lifted else "nothing stood against it"
    return f"{done.source}: {failures} forgotten; {lifted}"
