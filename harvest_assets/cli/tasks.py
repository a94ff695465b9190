"""``harvest tasks``: what document tasks there are, what each of them has found of a source, and with what trouble."""

import click

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_json, print_table, say
from harvest_assets.config.plugins import document_tasks, find_document_task, order_tasks
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.task_inputs import upstream
from harvest_assets.stages.task_reports import STATUSES, find_results, sample_results, summarise

SHOWN = 50


@click.command()
@click.argument("source", required=False)
@click.argument("task", required=False)
@json_option
def tasks(source: str | None, task: str | None, *, as_json: bool) -> None:
    """List the document tasks, the results of each for SOURCE, or the documents of SOURCE that TASK has trouble with."""
    if source is None:
        _print_installed(as_json=as_json)
    elif task is None:
        _print_source(source, as_json=as_json)
    else:
        _print_task(source, task, as_json=as_json)


def _print_installed(*, as_json: bool) -> None:
    known = document_tasks()
    rows = [
        {
            "task": name,
            "version": known[name].version,
            "entities": sorted(known[name].entities) or ["every"],
            "after": list(upstream(known[name])),
            "does": (known[name].__doc__ or "").strip().partition("\n")[0],
        }
        for name in order_tasks(known)
    ]
    if as_json:
        print_json(rows)
    else:
        cells = [[row["task"], row["version"], ", ".join(row["entities"]), ", ".join(row["after"]) or "-", row["does"]] for row in rows]
        print_table("Document tasks", ["task", "version", "entities", "after", "does"], cells)


def _print_source(slug: str, *, as_json: bool) -> None:
    installation = Installation.open()
    rows = summarise(installation.store, installation.catalog.source(slug))
    if as_json:
        print_json(rows)
        return
    columns = ["task", "day", "documents", *STATUSES, "withheld", "failures"]
    failures = [", ".join(f"{count} {name}" for name, count in sorted(row["failures"].items())) or "-" for row in rows]
    cells = [[*(row[name] for name in columns[:-1]), failed] for row, failed in zip(rows, failures, strict=True)]
    print_table(f"Document tasks of {slug}", [name.replace("_", " ") for name in columns], cells)
    if not rows:
        say(f"No task has looked at its documents yet: harvest run {slug}")


def _print_task(slug: str, task: str, *, as_json: bool) -> None:
    find_document_task(task)
    installation = Installation.open()
    results = find_results(installation.store, installation.catalog.source(slug).slug, task)
    rows = [] if results is None else sample_results(results, SHOWN)
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"{slug}: {task} has no results; see: harvest tasks {slug}")
    else:
        columns = ["srn", "status", "failure", "attempts", "retry_at", "said"]
        print_table(
            f"{task} of {slug}, trouble first", [each.replace("_", " ") for each in columns], ([row[c] for c in columns] for row in rows)
        )
