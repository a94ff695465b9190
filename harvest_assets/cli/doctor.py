"""``harvest doctor``: what is at an address, and a source's file that harvests it."""

import os
from pathlib import Path
from typing import TypedDict, Unpack

import click

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import open_console, print_facts, print_json, print_table, say
from harvest_assets.config.settings import Settings
from harvest_assets.stages.doctor.asking import Bounds
from harvest_assets.stages.doctor.diagnosis import Diagnosis, choose_slug, diagnose
from harvest_assets.stages.doctor.examined import Wanted
from harvest_assets.stages.doctor.profile_page import render_profile
from harvest_assets.stages.doctor.source_file import refuse_existing, write_files

LONGEST_SECONDS = 300.0
PATIENCE_SECONDS = 4.0

_MARKS = {"good": "", "note": "note", "warning": "SEE TO IT", "unknown": "unknown"}


class _Pace(TypedDict):
    """Options that go to the doctor as they are."""

    records: int
    allow: tuple[str, ...]
    requests_per_second: float | None


@click.command()
@click.argument("url")
@click.option("--slug", help="Name of the source; out of the address unless given.")
@click.option("--records", type=click.IntRange(1, 20_000), default=2000, show_default=True, help="Most records to look at.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Configuration folder; HARVEST_CONFIG, or ./config.")
@click.option(
    "--allow", multiple=True, metavar="NETWORK", help="Reach beyond the public internet: loopback, private, or a CIDR; repeatable."
)
@click.option("--requests-per-second", type=click.FloatRange(0.001, 1000), help="Pace; 2 unless given.")
@click.option("--force", is_flag=True, help="Replace the files of a source of this name.")
@json_option
def doctor(url: str, out: Path | None, slug: str | None, *, force: bool, as_json: bool, **pace: Unpack[_Pace]) -> None:
    """Find out what is at URL and how well it can be harvested; write sources/NAME.yaml, and NAME.html with the profile.

    At most some 60 requests and 5 minutes. Nothing is stored beside the two files.
    """
    settings = Settings.from_environ(os.environ)
    folder = out or settings.config_folder
    wanted = Wanted(url, slug or choose_slug(url), patience_seconds=PATIENCE_SECONDS, **pace)
    if not force:
        refuse_existing(folder, wanted.slug)
    with open_console(error=True).status(f"asking {wanted.slug}"):
        found = diagnose(wanted, settings, os.environ, Bounds(seconds=LONGEST_SECONDS))
    paths = write_files(folder, found, render_profile(found), force=force)
    if as_json:
        print_json({**found.as_dict(), "files": {"source": str(paths[0]), "profile": str(paths[1])}})
        return
    _print(found, paths)


def _print(found: Diagnosis, paths: tuple[Path, Path]) -> None:
    rows = [(each.topic, each.name, each.answer, _MARKS[each.standing]) for each in found.findings]
    print_table(f"{found.protocol} at {found.url}", ("topic", "question", "answer", ""), rows)
    profile = found.profile
    covered = ", ".join(f"{each.field} {each.documents / profile.documents:.0%}" for each in profile.coverage[:12])
    span = f"{profile.days[0][0]} to {profile.days[-1][0]}" if profile.days else "none"
    facts = [
        ("records", f"{profile.records:,}, {profile.distinct:,} different, {profile.deleted:,} deleted, {profile.set_aside:,} set aside"),
        ("datestamps", f"{span}, on {len(profile.days):,} days"),
        ("fields", covered or "no document was read"),
    ]
    say()
    print_facts("Sample", facts)
    say()
    say(f"source       {paths[0]}")
    say(f"profile      {paths[1]}")
    say("Next: read the findings, then")
    say(f"  harvest preview {found.slug}")
    say(f"  harvest run {found.slug}")
