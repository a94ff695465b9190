"""``harvest preview``: the first page of a source, read into documents; nothing is stored."""

from collections.abc import Iterable
from itertools import islice

import click
import orjson

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_facts, print_json_line, print_table, say, shorten
from harvest_assets.model.document import Document
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.previews import Preview
from harvest_assets.stages.previews import preview as read_preview

_SHOWN_PROPERTIES = 4


@click.command()
@click.argument("source")
@click.option("-n", "count", type=click.IntRange(min=0), default=5, show_default=True, help="How many documents to show.")
@json_option
def preview(source: str, count: int, *, as_json: bool) -> None:
    """Fetch one page of SOURCE, show what it says and what its records become, and store nothing.

    With --json: one line for the page, then one for each document.
    """
    installation = Installation.open()
    found = read_preview(installation, installation.catalog.source(source))
    if as_json:
        _print_lines(found, count)
    elif found is None:
        say(f"{source}: the list is empty")
    else:
        _print_page(source, found)
        _print_documents(found.documents[:count])


def _print_lines(found: Preview | None, count: int) -> None:
    print_json_line({"kind": "page", **(_describe_page(found) if found else {"records": 0})})
    for document in found.documents[:count] if found else ():
        print_json_line({"kind": "document", **_describe_document(document)})


def _describe_page(found: Preview) -> dict[str, object]:
    page = found.page
    return {
        "request": page.exchange.url,
        "status": page.exchange.status,
        "bytes": page.exchange.body_bytes,
        "seconds": round(page.exchange.seconds, 3),
        "records": page.records.num_rows,
        "deleted": found.deleted,
        "documents": len(found.documents),
        "set_aside": [{"identifier": each.identifier, "stage": each.stage, "reason": each.reason} for each in found.set_aside],
        "announced_total": page.announced_total,
        "goes_on": page.next_position is not None,
    }


def _describe_document(document: Document) -> dict[str, object]:
    return {
        "srn": document.srn,
        "entity": document.entity,
        "title": document.title,
        "parent": document.parent,
        "url": document.url,
        "media_type": document.media_type,
        "datestamp": document.datestamp,
        "properties": document.properties,
    }


def _print_page(source: str, found: Preview) -> None:
    described = _describe_page(found)
    described["set_aside"] = len(found.set_aside)
    described["announced_total"] = found.page.announced_total if found.page.announced_total is not None else "not said"
    described["goes_on"] = "yes, there is a next page" if found.page.next_position is not None else "no, this is the last page"
    print_facts(f"First page of {source}", ((name.replace("_", " "), value) for name, value in described.items()))
    for each in found.set_aside[:5]:
        say(f"  set aside: {each.identifier or 'no identifier'}: {each.reason}")


def _print_documents(documents: Iterable[Document]) -> None:
    rows = [(each.srn, each.entity, shorten(each.title or "", 60), _show_properties(each)) for each in documents]
    say()
    print_table("Documents", ("srn", "entity", "title", "properties"), rows)


def _show_properties(document: Document) -> str:
    shown = islice(document.properties.items(), _SHOWN_PROPERTIES)
    return "\n".join(f"{name}: {shorten(orjson.dumps(value, default=str).decode(), 60)}" for name, value in shown)
