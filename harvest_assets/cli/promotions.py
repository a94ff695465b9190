"""``harvest promote`` and ``rollback``: which version of a dataset is current."""

import click

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_json, say
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.promotion import Segment, find_current, rollback_target
from harvest_assets.stages.promotion import promote as make_current

_reason = click.option("--reason", help="Why, for those who read the ledger later.")


@click.command()
@click.argument("dataset")
@click.option("--version", "number", type=click.IntRange(min=1), required=True, help="The version to make current.")
@_reason
@json_option
def promote(dataset: str, number: int, reason: str | None, *, as_json: bool) -> None:
    """Make a version of DATASET the current one; the change feed tells what that changes."""
    installation = Installation.open()
    slug = installation.catalog.dataset(dataset).slug
    _promote(installation, slug, number, reason, as_json=as_json)


@click.command()
@click.argument("dataset")
@click.option("--version", "number", type=click.IntRange(min=1), help="The version to go back to; the one before unless given.")
@_reason
@json_option
def rollback(dataset: str, number: int | None, reason: str | None, *, as_json: bool) -> None:
    """Go back to an earlier version of DATASET; the change feed takes back what came since."""
    installation = Installation.open()
    slug = installation.catalog.dataset(dataset).slug
    target = rollback_target(installation.store, slug) if number is None else number
    _promote(installation, slug, target, reason or "rollback", as_json=as_json)


def _promote(installation: Installation, dataset: str, number: int, reason: str | None, *, as_json: bool) -> None:
    before = find_current(installation.store, dataset)
    segment = make_current(installation.store, dataset, number, reason=reason)
    if as_json:
        print_json({"dataset": dataset, "version": number, "before": before, **_changed(segment, before, number)})
        return
    if before == number:
        say(f"{dataset}: version {number} was current already; nothing changed")
        return
    changed = _changed(segment, before, number)
    say(
        f"{dataset}: version {number} is current (before: {before or 'none'}); "
        f"{changed['upserts']} upserts, {changed['deletes']} deletions, the feed ends at {segment.last}"
    )


def _changed(segment: Segment, before: int | None, number: int) -> dict[str, int]:
    if before == number:
        return {"upserts": 0, "deletes": 0, "sequence": segment.last}
    return {"upserts": segment.upserts, "deletes": segment.deletes, "sequence": segment.last}
