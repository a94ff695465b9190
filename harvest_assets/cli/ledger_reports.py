"""What the harvest ledger and the looks at a source say, for people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from harvest_assets.cli.output import print_facts, print_table, say, shorten

LONGEST_REASON = 120
SHOWN_OUTAGES = 5


def print_rows(title: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows of the ledger: what was asked for, and what became of it."""
    columns = ("source", "range", "status", "completions", "attempts", "records", "reason")
    print_table(title, columns, [[row["source"], describe_range(row), *_outcome(row)] for row in rows])


def print_gaps(source: str, gaps: Sequence[Mapping[str, Any]]) -> None:
    """Ranges that failed and that no other harvest has covered, and how to close them."""
    for gap in gaps:
        say(f"{source} has a gap: {describe_range(gap)} failed: {shorten(gap['reason'] or 'no reason is known', LONGEST_REASON)}")
        if gap["start"] and gap["end"]:
            last = datetime.fromisoformat(gap["end"]) - timedelta(microseconds=1)
            say(f"next: harvest run {source} --from {gap['start'][:10]} --to {last.date()} closes it")


def print_availability(source: str, looks: Mapping[str, Any] | None) -> None:
    """Whether a source answered, how often it did, and when it did not."""
    if looks is None:
        return
    last, uptime = looks["last"], looks["uptime"]
    known = {True: "up", False: "down", None: "not known"}[last["is_up"]]
    facts = {
        "last look": f"{last['checked_at'][:19]}: {known} since {last['since'][:19]}{', ' + last['reason'] if last['reason'] else ''}",
        "uptime": "not known" if uptime is None else f"{uptime:.1%} of {looks['looks']} looks",
    }
    outages = looks["outages"][:SHOWN_OUTAGES]
    spans = {f"outage {number}": f"{each['since'][:19]} to {(each['until'] or 'now')[:19]}" for number, each in enumerate(outages, 1)}
    print_facts(f"Availability of {source}", {**facts, **spans}.items())


def describe_range(row: Mapping[str, Any]) -> str:
    """A half-open range, its beginning and its end."""
    return f"{row['start'] or 'the beginning'} to {row['end'] or 'now'}"


def _outcome(row: Mapping[str, Any]) -> list[object]:
    reason = row["reason"]
    return [row["status"], row["completions"], row["attempts"], row["records"], reason and shorten(reason, LONGEST_REASON)]
