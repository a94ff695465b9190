"""``harvest sources``: which sources there are, whether their files are right, and how a new one begins."""

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
import orjson

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_json, print_table, say, warn
from harvest_assets.config.catalog import load_catalog
from harvest_assets.config.json_schema import json_schema
from harvest_assets.config.settings import Settings
from harvest_assets.config.sources import Source, source_file
from harvest_assets.config.template import write_source_template
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.health import check_source
from harvest_assets.stages.installation import Installation


@click.group()
def sources() -> None:
    """List, check and create the files of sources."""


@sources.command("list")
@json_option
def list_sources(*, as_json: bool) -> None:
    """Show every source with its state and whether it is due."""
    installation = Installation.open()
    now = datetime.now(UTC)
    rows = [_describe(installation, source, now) for source in installation.catalog.sources.values()]
    if as_json:
        print_json({"sources": rows, "problems": [str(each) for each in installation.catalog.problems]})
        return
    columns = ("source", "title", "protocol", "frequency", "state", "accepted", "live", "freshness", "due")
    print_table("Sources", columns, ([row[name] for name in columns] for row in rows))
    for problem in installation.catalog.problems:
        warn(str(problem))


def _describe(installation: Installation, source: Source, now: datetime) -> dict[str, object]:
    health = asdict(check_source(installation, source, now))
    return {
        "source": source.slug,
        "title": source.title,
        "protocol": source.protocol,
        "frequency": source.frequency,
        "state": "frozen" if source.frozen else "enabled" if source.enabled else "disabled",
        "accepted": health["accepted_day"],
        "live": health["live"],
        "freshness": health["freshness"],
        "due": f"{'now' if health['is_due'] else 'no'}: {health['due_because']}",
        "is_due": health["is_due"],
    }


@sources.command()
@click.argument("slugs", metavar="[SOURCE]...", nargs=-1)
@json_option
@click.pass_context
def check(ctx: click.Context, slugs: tuple[str, ...], *, as_json: bool) -> None:
    """Check the files of sources and datasets, or those of some sources; exit 1 when something is wrong."""
    settings = Settings.from_environ(os.environ)
    catalog = load_catalog(settings.config_folder)
    for slug in slugs:
        if slug not in catalog.broken_sources:
            catalog.source(slug)
    wanted = {source_file(slug) for slug in slugs}
    problems = [each for each in catalog.check(os.environ) if not wanted or each.file in wanted]
    files = wanted or {source_file(slug) for slug in {*catalog.sources, *catalog.broken_sources}} | {
        f"datasets/{slug}.yaml" for slug in catalog.datasets
    }
    right = len(files - {each.file for each in problems})
    if as_json:
        print_json({"right": right, "problems": [{"file": each.file, "message": each.message} for each in problems]})
    else:
        for problem in problems:
            say(str(problem))
        say(f"{right} {'file is' if right == 1 else 'files are'} right, {len({each.file for each in problems})} wrong")
    ctx.exit(1 if problems else 0)


@sources.command()
@click.argument("slug")
@click.option("--protocol", required=True, help="How records are asked for, such as oai-pmh or json.")
@click.option("--url", required=True, help="Where records are asked for.")
def new(slug: str, protocol: str, url: str) -> None:
    """Write the file of a new source."""
    folder = Settings.from_environ(os.environ).config_folder / "sources"
    content = write_source_template(slug, protocol, url)
    path = folder / f"{slug}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        raise ConfigurationError(f"{str(path)!r} is there already and stays as it is; edit it, or choose another name") from None
    say(str(path))
    say("Next: correct what is marked as required, then")
    say(f"  harvest sources check {slug}")
    say(f"  harvest preview {slug}")
    say(f"  harvest run {slug}")


@sources.command()
@click.argument("kind", type=click.Choice(["source", "dataset"]), default="source")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def schema(kind: Literal["source", "dataset"], output: Path | None) -> None:
    """Print the JSON Schema of a source's or a dataset's file, for editors."""
    document = json_schema(kind)
    if output is None:
        print_json(document)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    say(str(output))
