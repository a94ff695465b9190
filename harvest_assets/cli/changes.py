"""``harvest changes``: the change feed of a dataset, from where a consumer left off."""

from itertools import islice

import click

from harvest_assets.cli.options import choose_dataset, json_option
from harvest_assets.cli.output import print_json_line, print_table, say, shorten, warn
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.promotion import read_changes

_SHOWN = 50


@click.command()
@click.argument("dataset", required=False)
@click.option("--since", type=click.IntRange(min=0), default=0, show_default=True, help="Sequence of the last change that you have.")
@click.option("--limit", type=click.IntRange(min=1), help=f"How many changes; {_SHOWN} unless given, all with --json.")
@json_option
def changes(dataset: str | None, since: int, limit: int | None, *, as_json: bool) -> None:
    """Show what changed in DATASET after a sequence number; the name may be left out where there is one dataset only.

    With --json: one change a line, and the sequence to use next on standard error.
    """
    installation = Installation.open()
    slug = choose_dataset(installation, dataset)
    found = islice(read_changes(installation.store, slug, since), limit if as_json else limit or _SHOWN)
    last = since
    if as_json:
        for change in found:
            print_json_line(change)
            last = change["sequence"]
        warn(f"next: harvest changes {slug} --since {last}")
        return
    rows = [(each["sequence"], each["operation"], each["srn"], each["version"], _title(each)) for each in found]
    print_table(f"Changes of {slug} after {since}", ("sequence", "operation", "srn", "version", "title"), rows)
    say(f"next: harvest changes {slug} --since {rows[-1][0] if rows else since}")


def _title(change: dict[str, object]) -> str:
    document = change["document"]
    return shorten(str(document.get("title") or ""), 60) if isinstance(document, dict) else ""
