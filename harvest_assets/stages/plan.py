"""What a harvest of today would do, done for real on a rehearsal of the store: the server is asked, the records are read and judged.

Nothing of it is kept (`store.rehearsal`), so that a harvest afterwards starts from the same state and does the same.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.config.sources import Source
from harvest_assets.model.document import build_srn
from harvest_assets.model.parameters import RunParameters
from harvest_assets.model.verdict import Verdict
from harvest_assets.stages.documents import fold
from harvest_assets.stages.history import accepted_before, read_verdict
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.stages.shapes import DOCUMENT
from harvest_assets.stages.source_reports import describe_harvest, read_set_aside
from harvest_assets.store.comparisons import Kind, Received, sort_differences
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.rehearsal import Rehearsal
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store

BATCH = "plan"
GONE = ("deleted", "absent", "left_out")
KINDS = ("added", "changed", *GONE, "unchanged")
COMPARED = ("entity", "title", "parent", "url", "media_type")
MOST_CHARACTERS = 500

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a harvest of ``day`` would bring, against the accepted state of ``based_on`` (``None``: there is none).

    ``counts`` has all of ``KINDS``, of live documents; ``samples`` the first of each kind but the unchanged, those that changed with their
    ``fields`` as old and new. ``quarantined`` are the records that would be set aside, by stage and rule; ``notes`` are for people.
    """

    source: str
    day: str
    based_on: str | None
    harvest: Row
    counts: Mapping[str, int]
    samples: Mapping[str, Sequence[Row]]
    quarantined: Sequence[Row]
    quarantine_samples: Sequence[Row]
    verdict: Verdict
    notes: Sequence[str]

    def as_dict(self) -> Row:
        """JSON-ready form."""
        return {**asdict(self), "verdict": {**self.verdict.as_dict(), "is_accepted": self.verdict.is_accepted}}


def plan(installation: Installation, source: Source, parameters: RunParameters | None = None, *, samples: int = 5) -> Plan:
    """Ask the source as a harvest of today does, under its lock and limits, and say what would come of it.

    Raises:
        ConfigurationError: The source cannot be asked.
        RefusedError: Something stands against a harvest of the source now.
        BusyError: The source is being harvested.
        TransientError: A page failed after its retries.
        PermanentError: The server refuses, or breaks the protocol.
    """
    chosen = parameters or RunParameters()
    with _rehearsed(installation) as rehearsal:
        store = rehearsal.store
        raw = _harvest(rehearsal, source, chosen)
        after = next(iter(fold(rehearsal, source, [raw.day], BATCH).values()))
        earlier = accepted_before(store, source.slug, raw.day)
        before = None if earlier is None else store.snapshot(earlier, DOCUMENT)
        kinds = _compare(store, before, after, raw, samples)
        aside = [*read_set_aside(store, raw.manifest), *read_set_aside(store, after.manifest)]
        return Plan(
            source=source.slug,
            day=raw.day,
            based_on=None if earlier is None else earlier.day,
            harvest=describe_harvest(raw.manifest),
            counts={name: kinds[name].count if name in kinds else 0 for name in KINDS},
            samples=_read_samples(before, after, kinds),
            quarantined=_by_rule(aside),
            quarantine_samples=aside[:samples],
            verdict=read_verdict(store, after.manifest),
            notes=_notes(chosen, raw.manifest),
        )


@contextmanager
def _rehearsed(installation: Installation) -> Generator[Installation]:
    """The installation with a rehearsal of its store; processes that a harvest starts find it in their environment."""
    with installation.store.files.scratch() as scratch:
        folder = scratch / "rehearsal"
        store = Rehearsal(installation.store, folder, installation.settings.state_folder)
        yield replace(installation, store=store, environ={**installation.environ, "HARVEST_STORE": str(folder)})


def _harvest(rehearsal: Installation, source: Source, parameters: RunParameters) -> Snapshot:
    """The raw records of today, committed to the rehearsal."""
    today = datetime.now(UTC).date()
    (raw,) = harvest(rehearsal, Request(source, [today], BATCH, parameters, today)).values()
    rehearsal.store.manifests.commit(raw.manifest)
    return raw


def _compare(store: Store, before: Snapshot | None, after: Snapshot, raw: Snapshot, samples: int) -> dict[str, Kind]:
    received = Received(raw, build_srn(raw.manifest.scope, ""), absent_are_gone=bool(raw.manifest.facts["proves_absence"]))
    with store.files.scratch() as scratch:
        return sort_differences(scratch, before, after, received, samples=samples)


def _read_samples(before: Snapshot | None, after: Snapshot, kinds: Mapping[str, Kind]) -> dict[str, list[Row]]:
    """The first documents of each kind; rows are read for these only."""
    first = {name: kinds[name].first if name in kinds else () for name in KINDS if name != "unchanged"}
    old = _read_rows(before, [key for name in ("changed", *GONE) for key in first[name]])
    new = _read_rows(after, [*first["added"], *first["changed"]])
    found = {name: [_describe(old.get(key) or new[key]) for key in keys] for name, keys in first.items()}
    found["changed"] = [{**_describe(new[key]), "fields": _changed_fields(old[key], new[key])} for key in first["changed"]]
    return found


def _read_rows(snapshot: Snapshot | None, keys: Sequence[str]) -> dict[str, Row]:
    if snapshot is None or not keys:
        return {}
    return {row["srn"]: row for row in snapshot.select(pa.array(keys, pa.string()))}


def _describe(row: Row) -> Row:
    return {"srn": row["srn"], "entity": row["entity"], "title": _shortened(row["title"])}


def _changed_fields(old: Row, new: Row) -> list[Row]:
    """Columns and properties that differ, in order of name, with what they were and what they would be."""
    before, after = _fields(old), _fields(new)
    names = sorted({*before, *after})
    return [
        {"field": name, "old": _shortened(before.get(name)), "new": _shortened(after.get(name))}
        for name in names
        if before.get(name) != after.get(name)
    ]


def _fields(row: Row) -> Row:
    properties = orjson.loads(row["properties"])
    return {**{name: row[name] for name in COMPARED}, **{f"properties.{name}": value for name, value in properties.items()}}


def _shortened(value: object) -> object:
    """A value, or the beginning of its JSON where it is long: a record may hold a whole text."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return value if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _by_rule(aside: Iterable[Row]) -> list[Row]:
    """How many records each rule would set aside, most of them first, with the reason for the first of them."""
    counts: Counter[tuple[str, str]] = Counter()
    reasons: dict[tuple[str, str], str] = {}
    for row in aside:
        key = (row["stage"], row["rule"])
        counts[key] += 1
        reasons.setdefault(key, row["reason"])
    return [{"stage": key[0], "rule": key[1], "records": count, "reason": reasons[key]} for key, count in counts.most_common()]


def _notes(parameters: RunParameters, raw: Manifest) -> list[str]:
    notes = [str(note) for note in raw.facts["notes"]]
    if parameters.limit is not None:
        notes.append(
            f"limited to {parameters.limit} records: a limited list proves nothing, so that nothing is removed; a harvest without the limit"
            " may add, change and remove more"
        )
    return notes
