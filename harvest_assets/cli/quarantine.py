"""``harvest quarantine``: which records could not be read, the bytes of one, and reading them again after a fix."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import click

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_facts, print_json, print_table, say, shorten
from harvest_assets.cli.starting import open_runs
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.quarantine import WAITING, Selection
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.quarantine import STATES, count_groups, find_rows
from harvest_assets.stages.replays import KIND

SHOWN_ROWS = 100
SHOWN_BYTES = 4_000
FACTS = ("stage", "state", "error", "rule", "reason", "attempts", "first_seen_at", "last_seen_at", "first_day", "last_day")
SETTLED = ("released_at", "released_by")

Command = TypeVar("Command", bound=Callable[..., object])


@click.group()
def quarantine() -> None:
    """Show records that were set aside, and read them again."""


def _selection_options(command: Command) -> Command:
    for name, words in (
        ("error", "Only those of this class of error, such as RecordError."),
        ("rule", "Only those that break this rule, such as field_type."),
    ):
        command = click.option(f"--{name}", help=words)(command)
    return click.option("--stage", type=click.Choice(["harvest", "extract"]), help="Only those of this stage.")(command)


@quarantine.command("list")
@click.argument("source", required=False)
@_selection_options
@click.option("--all", "everything", is_flag=True, help="Also those that were released or are gone, for 90 days.")
@json_option
def list_(source: str | None, *, everything: bool, as_json: bool, **selected: str | None) -> None:
    """List the records of SOURCE that wait, or count them by source, stage, error and rule."""
    installation, selection = Installation.open(), Selection(**selected)
    states = STATES if everything else (WAITING,)
    if source is None:
        groups = [asdict(each) for each in count_groups(installation.store, selection, states=states)]
        print_json(groups) if as_json else _print_groups(groups)
        return
    _require_known(installation, source)
    rows = installation.store.quarantine.table(source, selection, states=states).to_pylist()
    print_json(rows) if as_json else _print_rows(source, rows)


@quarantine.command()
@click.argument("source")
@click.argument("id")
@click.option("--raw", is_flag=True, help="Write the bytes as they came to standard output, and nothing else.")
def show(source: str, id: str, *, raw: bool) -> None:  # noqa: A002 - the name of the argument in the usage line
    """Show the record ID of SOURCE: the facts, and its bytes with control characters escaped."""
    installation = Installation.open()
    _require_known(installation, source)
    rows = find_rows(installation.store, source, id)
    if raw:
        last = max(rows, key=lambda row: row["last_seen_at"])
        sys.stdout.buffer.write(installation.store.files.read(last["body"]))
        sys.stdout.buffer.flush()
        return
    for row in rows:
        settled = SETTLED if row["state"] != WAITING else ()
        facts = [(name.replace("_", " "), row[name]) for name in (*FACTS, *settled)]
        print_facts(f"{source} {shorten(row['id'], 200)}", [*facts, ("bytes", row["body_bytes"]), ("kept in", row["body"])])
        _print_body(installation.store.files.read(row["body"]))


@quarantine.command()
@click.argument("source", required=False)
@_selection_options
@json_option
@click.pass_context
def retry(ctx: click.Context, /, source: str | None, *, as_json: bool, **selected: str | None) -> None:
    """Read the records that wait again, of SOURCE or of every source, in a Dagster run for each."""
    installation, selection = Installation.open(), Selection(**selected)
    sources = _choose_sources(installation, source, selection)
    done: list[dict[str, Any]] = []
    if sources:
        with open_runs(installation) as runs:
            for each in sources:
                outcome = runs.replay(each, selection)
                entry = installation.store.ledger.find(KIND, each, outcome.run_id) or {"source": each}
                done.append({**entry, "run_id": outcome.run_id, "succeeded": outcome.succeeded, "reason": outcome.reason})
                if not as_json:
                    _print_replay(installation, done[-1])
    if as_json:
        print_json(done)
    elif not done:
        say("nothing waits")
    ctx.exit(0 if all(each["succeeded"] for each in done) else 1)


def escape(body: bytes) -> str:
    """Bytes as text that does nothing to a terminal: what cannot be printed is escaped, lines are kept."""
    text = body.decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text)


def _require_known(installation: Installation, source: str) -> None:
    """Accept a source that has a quarantine, retired or not, and else one that is configured."""
    if not installation.store.quarantine.has(source):
        installation.catalog.source(source)


def _choose_sources(installation: Installation, source: str | None, selection: Selection) -> list[str]:
    """Sources with selected records that wait; without a name, those that can be replayed."""
    if source is not None and installation.catalog.source(source).frozen:
        raise ConfigurationError(f"sources/{source}.yaml: 'frozen' keeps the last accepted set as it is; take the key out to read again")
    waiting = sorted({each.source for each in count_groups(installation.store, selection)})
    if source is not None:
        return [each for each in waiting if each == source]
    known = installation.catalog.sources
    for each in waiting:
        if each not in known or known[each].frozen:
            say(f"{each}: left alone, it is {'frozen' if each in known else 'no longer configured'}")
    return [each for each in waiting if each in known and not known[each].frozen]


def _print_groups(groups: Sequence[dict[str, Any]]) -> None:
    columns = ("source", "stage", "error", "rule", "records", "first_seen_at", "last_seen_at")
    print_table("Quarantine", [each.replace("_", " ") for each in columns], ([each[name] for name in columns] for each in groups))


def _print_rows(source: str, rows: Sequence[dict[str, Any]]) -> None:
    columns = ("id", "stage", "state", "rule", "reason", "attempts", "first_day", "last_day", "body_bytes")
    shown = [{**row, "id": shorten(row["id"], 200), "reason": shorten(row["reason"], 200)} for row in rows[:SHOWN_ROWS]]
    names = [each.replace("_", " ") for each in columns]
    print_table(f"Quarantine of {source}", names, ([row[name] for name in columns] for row in shown))
    if len(rows) > SHOWN_ROWS:
        say(f"{len(rows) - SHOWN_ROWS} more; --json prints all")


def _print_body(body: bytes) -> None:
    say(escape(body[:SHOWN_BYTES]))
    if len(body) > SHOWN_BYTES:
        say(f"… {len(body) - SHOWN_BYTES} more bytes; --raw writes all of them")


def _print_replay(installation: Installation, done: dict[str, Any]) -> None:
    source = done["source"]
    if not done["succeeded"]:
        say(f"{source}: FAILED: {done['reason']}")
        return
    became = f"{done['released']} released, {done['gone']} gone, {done['waiting']} still wait"
    say(f"{source} {done['day']}: {done['selected']} read again, {became}")
    for each in done["reasons"][:SHOWN_ROWS]:
        say(f"  {each['waiting']} for: {shorten(each['reason'], 300)}")
    for line in done["not_asked"]:
        say(f"  {line}")
    if done["words"]:
        say(f"  {done['decision']}: {done['words']}")
        datasets = [slug for slug in installation.catalog.datasets if source in installation.catalog.members(slug)]
        for dataset in datasets:
            say(f"  next: harvest release {dataset} --date {done['day']}")
