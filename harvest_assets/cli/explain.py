"""``harvest explain``: the way of one document, from what is published back to the request that brought it."""

from dataclasses import asdict

import click
import orjson

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_facts, print_json, say, shorten
from harvest_assets.stages.explanation import Explanation
from harvest_assets.stages.explanation import explain as follow
from harvest_assets.stages.installation import Installation

_BODY_LINES = 6


@click.command()
@click.argument("srn")
@click.option("--dataset", help="The dataset to look into; the first that has the source unless given.")
@json_option
def explain(srn: str, dataset: str | None, *, as_json: bool) -> None:
    """Show where the document SRN comes from: version, set, document, raw record, request."""
    found = follow(Installation.open(), srn, dataset)
    if as_json:
        print_json(asdict(found))
    else:
        print_explanation(found)


def print_explanation(found: Explanation) -> None:
    """The steps for people, from what is published back to the source."""
    if found.version is None:
        say(f"{found.srn}: in no current version; this is the last accepted set of its source")
    else:
        print_facts(f"{found.srn} is published in", _facts(found.version))
    print_facts("by the set", _facts(found.set))
    print_facts("with the document", _facts(found.document))
    for task, result in found.derivatives.items():
        if result["status"] == "not_applicable":
            continue
        print_facts(f"and the result of {task}", _facts(result))
    if found.record is None:
        say("No raw record: the source no longer lists it, and the document says so.")
        return
    body = "\n".join(shorten(line, 160) for line in str(found.record["body"]).splitlines()[:_BODY_LINES])
    print_facts("read from the raw record", _facts({**found.record, "body": shorten(body, 1000)}))
    if found.request is not None:
        names = ("method", "url", "status", "body_bytes", "started_at", "seconds", "attempts", "page")
        print_facts("that this request brought", _facts({name: found.request[name] for name in names}))


def _facts(values: dict[str, object]) -> list[tuple[str, object]]:
    """Values in one line each; what is not there is left out."""
    return [
        (f"  {name.replace('_', ' ')}", shorten(orjson.dumps(value).decode(), 300) if isinstance(value, dict | list) else value)
        for name, value in values.items()
        if value not in (None, [], {})
    ]
