"""``harvest plan``: what a harvest of today would do to a source, and the verdict that it would get; nothing is published or kept."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import click
import orjson

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_json, print_table, say, shorten
from harvest_assets.cli.page_progress import show_pages
from harvest_assets.cli.run_parameters import read_parameters
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.plan import KINDS, Plan
from harvest_assets.stages.plan import plan as rehearse

_MOST_SAMPLES = 100
_SHOWN_FIELDS = 8
_WORDS = {
    "added": "added",
    "changed": "changed",
    "deleted": "deleted by the source",
    "absent": "absent from the list",
    "left_out": "left out of their record",
    "unchanged": "unchanged",
}


@click.command()
@click.argument("source")
@click.option("--limit", type=click.IntRange(min=0), help="Stop after so many different records.")
@click.option("--full", is_flag=True, help="Ask for everything, whatever was received before.")
@click.option("--ignore-disabled", is_flag=True, help="Ask although the source is disabled.")
@click.option("--force", metavar="REASON", help="Ask although it failed too often, is down or outside its hours.")
@click.option("--samples", type=click.IntRange(0, _MOST_SAMPLES), default=5, show_default=True, help="How many of each kind to show.")
@json_option
@click.pass_context
def plan(ctx: click.Context, /, source: str, *, samples: int, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - what the options are
    """Harvest SOURCE as of today and show what it would add, change, delete and quarantine; publish nothing.

    Exit code 1 when the integrity check would not accept it.
    """
    installation = Installation.open()
    chosen, parameters = installation.catalog.source(source), read_parameters(options)
    with _shown(source, as_json=as_json):
        found = rehearse(installation, chosen, parameters, samples=samples)
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found)
    ctx.exit(0 if found.verdict.is_accepted else 1)


def _shown(source: str, *, as_json: bool) -> AbstractContextManager[None]:
    """Progress on standard error, where a person looks at it."""
    return show_pages(source) if sys.stderr.isatty() and not as_json else nullcontext()


def _print(found: Plan) -> None:
    _print_harvest(found)
    against = f"the accepted state of {found.based_on}" if found.based_on else "nothing: no harvest was accepted before today"
    print_table(f"Documents, against {against}", ("documents", "would be"), ((found.counts[kind], _WORDS[kind]) for kind in KINDS))
    for kind, rows in found.samples.items():
        _print_samples(kind, rows, found.counts[kind])
    if found.quarantined:
        _print_quarantined(found)
    say(f"{found.verdict.decision}: {found.verdict.words}")
    for note in found.notes:
        say(f"note: {note}")
    say(f"nothing was kept; next: harvest run {found.source}")


def _print_harvest(found: Plan) -> None:
    harvest = found.harvest
    announced = f" of {harvest['announced']} announced" if harvest["announced"] is not None else ""
    proof = "complete" if harvest["is_complete"] else f"not complete: {shorten('; '.join(harvest['incomplete_because']), 400)}"
    window = f"{harvest['window']['start'] or 'the beginning'} to {harvest['window']['end'] or 'now'}"
    say(f"{found.source} {found.day}: {harvest['distinct']} records{announced}, {proof}")
    say(f"  asked for {window}, pages: {harvest['pages']}")


def _print_samples(kind: str, rows: Sequence[Mapping[str, Any]], count: int) -> None:
    if not rows:
        return
    title = f"{_WORDS[kind].capitalize()}: {len(rows)} of {count}"
    if kind == "changed":
        print_table(title, ("srn", "field", "old", "new"), (line for row in rows for line in _field_rows(row)))
    else:
        print_table(title, ("srn", "entity", "title"), ((row["srn"], row["entity"], shorten(row["title"] or "")) for row in rows))


def _field_rows(row: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """A line for each field; the name of the document stands on the first."""
    shown = row["fields"][:_SHOWN_FIELDS]
    lines = [("" if number else row["srn"], each["field"], _value(each["old"]), _value(each["new"])) for number, each in enumerate(shown)]
    rest = len(row["fields"]) - len(shown)
    return [*lines, *([("", f"and {rest} more", "", "")] if rest else [])]


def _value(value: object) -> str | None:
    return None if value is None else shorten(value if isinstance(value, str) else orjson.dumps(value).decode(), 60)


def _print_quarantined(found: Plan) -> None:
    rows = ((each["records"], each["stage"], each["rule"], shorten(each["reason"], 100)) for each in found.quarantined)
    print_table("Records that would be quarantined", ("records", "stage", "rule", "for example"), rows)
    samples = ((each["identifier"], each["stage"], shorten(each["reason"], 100), each["begins"]) for each in found.quarantine_samples)
    print_table("Some of them", ("identifier", "stage", "reason", "begins"), samples)
