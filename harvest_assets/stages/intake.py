"""Records that are sent to us: checked at the door, kept in the inbox, and taken into the latest day of their source.

They take the path of every other record: a new generation of the day's raw records has them on top, documents are folded, tasks run, the
set is published under the integrity check. Nothing is removed because it was not sent, and the next harvest asks for what it would have.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from harvest_assets.config.intake import Intake
from harvest_assets.config.sources import Source
from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.json_api import posted as json_posted
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.oai_pmh import posted as oai_posted
from harvest_assets.model.exchange import Exchange
from harvest_assets.model.fingerprint import body_fingerprints
from harvest_assets.model.record import RAW_RECORDS
from harvest_assets.model.verdict import Verdict
from harvest_assets.model.window import midnight
from harvest_assets.stages.batches import is_current
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.latest_day import Remaking, find_latest, remake
from harvest_assets.stages.quarantine import as_text
from harvest_assets.stages.shapes import RAW
from harvest_assets.stages.single_records import ASSET, Answered, attach_tables, count_pages
from harvest_assets.store.inbox import Inbox, Received
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.rows import with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot

KIND = "intakes"
MOST_AT_ONCE = 10_000
TAKEN = "taken_in"  # the fact of raw records that they have records on top that were sent, so that a run that broke can be taken up

JSON = re.compile(r"application/([\w.+-]+\+)?json")
XML = re.compile(r"(application|text)/([\w.+-]+\+)?xml")


@dataclass(frozen=True, slots=True)
class Kind:
    """How records of a protocol are sent: the content types, in words and as a pattern, and who reads one."""

    words: str
    content_type: re.Pattern[str]
    read: Callable[[Installation, Source, Intake, bytes], pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the records of an inbox.

    ``taken`` of them are in ``day`` now, ``older`` than what was known already were left out. ``made`` are the partitions that were made,
    committed, in the order of the stages; ``verdict`` is the one on the day.
    """

    source: str
    day: str | None = None
    taken: int = 0
    older: int = 0
    made: Sequence[Manifest] = ()
    verdict: Verdict | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, without what was made."""
        words = {"decision": self.verdict.decision, "words": self.verdict.words} if self.verdict else {"decision": None, "words": None}
        return {**{name: getattr(self, name) for name in ("source", "day", "taken", "older")}, **words}


def find_kind(source: Source) -> Kind | None:
    """How single records of a source are sent; None for a protocol that has no form for one."""
    return _KINDS.get(source.protocol)


def receive(installation: Installation, source: Source, intake: Intake, body: bytes) -> dict[str, Any]:
    """Check a record and keep it in the inbox; its id, and its identifier at the source.

    Raises:
        RecordError: The body holds no record.
        ConfigurationError: Records of this source cannot be sent.
    """
    kind = find_kind(source)
    if kind is None:
        raise ConfigurationError(f"{source.file}: single records of protocol {source.protocol!r} cannot be sent; take 'intake' out")
    [record] = kind.read(installation, source, intake, body).to_pylist()
    received = Received(as_text(datetime.now(UTC)), {name: record[name] for name in RAW_RECORDS.names if name != "page"})
    return {"id": Inbox(installation.store.files).put(source.slug, received), "source": source.slug, "identifier": record["identifier"]}


def waiting_sources(installation: Installation) -> dict[str, list[str]]:
    """Ids of the records that wait, by source; sources that are frozen, or take none in any more, are left out."""
    inbox, catalog = Inbox(installation.store.files), installation.catalog
    ready = [slug for slug in inbox.sources() if slug in catalog.sources and _is_ready(catalog.sources[slug])]
    found = {slug: inbox.ids(slug) for slug in ready}
    return {slug: ids for slug, ids in found.items() if ids}


def take_in(installation: Installation, source: Source, batch: str, *, now: datetime | None = None) -> Taken:
    """Empty the inbox of a source into its latest day, or into today where it has none, and write down what became of it.

    Raises:
        ConfigurationError: The source is frozen.
        BusyError: A harvest of the source is under way, or has not been folded; the records wait.
    """
    if source.frozen:
        raise ConfigurationError(f"{source.file}: 'frozen' keeps the last accepted set as it is; take the key out to take records in")
    store, inbox = installation.store, Inbox(installation.store.files)
    with store.hold(f"harvest-{source.slug}"):
        found = inbox.read(source.slug, inbox.ids(source.slug)[:MOST_AT_ONCE])
        taken = _Intake(installation, source, batch, now or datetime.now(UTC)).run(found) if found else Taken(source.slug)
        inbox.forget(source.slug, found)
    if found:
        store.ledger.write(KIND, source.slug, batch, {**taken.as_dict(), "ended_at": as_text(datetime.now(UTC))})
    return taken


def _is_ready(source: Source) -> bool:
    return source.open_intake is not None and not source.frozen


class _Intake:
    """Records of one source laid into its latest day; every stage is committed before the next."""

    def __init__(self, installation: Installation, source: Source, batch: str, now: datetime) -> None:
        self._installation = installation
        self._store = installation.store
        self._source = source
        self._batch = batch
        self._now = now

    def run(self, found: Sequence[Received]) -> Taken:
        raw = self._find_day()
        snapshot = None if raw is None else self._store.snapshot(raw, RAW)
        newest = _newest(found, snapshot)
        made: list[Manifest] = []
        if newest:
            with self._store.files.scratch() as scratch:
                raw = self._lay(scratch, snapshot, newest)
            self._store.manifests.commit(raw)
            made.append(raw)
        if raw is None or (not made and self._is_folded(raw)):
            return Taken(self._source.slug, raw and raw.day, older=len(found))
        remade = remake(self._installation, self._source, raw.day, self._batch, Remaking(by="intake"))
        return Taken(self._source.slug, raw.day, len(newest), len(found) - len(newest), [*made, *remade.made], remade.verdict)

    def _find_day(self) -> Manifest | None:
        """Raw records of the latest day; those that an intake made and could not fold, because it was ended, are as good as any."""
        latest = self._store.manifests.latest(ASSET, self._source.slug)
        if latest is None or latest.facts.get(TAKEN):
            return latest
        return find_latest(self._store, self._source.slug)[0]

    def _is_folded(self, raw: Manifest) -> bool:
        return is_current(self._store.manifests.find("documents", raw.scope, raw.day), raw.reference)

    def _lay(self, scratch: Path, on: Snapshot | None, newest: Sequence[Received]) -> Manifest:
        """A new generation of the day with the records on top, not committed."""
        day = on.manifest.day if on else str(self._now.date())
        version = on.manifest.code_version if on else self._source.protocol
        writer = SnapshotWriter(self._store.files, scratch, RAW, Origin(ASSET, self._source.slug, day, version), on)
        start = count_pages(self._store, on.manifest) if on else 0
        pages = [start + number for number in range(1, len(newest) + 1)]
        writer.append(_as_rows(newest, pages))
        identifiers = {str(each.record["identifier"]) for each in newest}
        exchanges = [(page, _exchange(each)) for page, each in zip(pages, newest, strict=True)]
        known = on.manifest if on else self._first_day(day)
        attach_tables(self._store, scratch, known, Answered(identifiers, exchanges=exchanges), writer)
        added = len(identifiers) - (_count_received(on, identifiers) if on else 0)
        proof = known.facts["completeness"]
        counts = {"records": proof["records"] + len(newest), "distinct": proof["distinct"] + added}
        return writer.finish(
            counts={"received": known.counts["received"] + added},
            facts={**known.facts, "completeness": {**proof, **counts}, TAKEN: self._batch},
        ).manifest

    def _first_day(self, day: str) -> Manifest:
        """The day of a source that was never asked for anything: all that was sent is there, and the first harvest asks for everything."""
        everything = midnight(self._source.start) if self._source.start else datetime.fromtimestamp(0, UTC)
        counts = {"pages": 0, "records": 0, "distinct": 0, "set_aside": 0, "unidentified": 0, "duplicates": 0}
        proof = {**counts, "announced_total": None, "last_position": None, "last_page_reached": True, "holes": [], "stopped": None}
        facts: dict[str, Any] = {
            "started_at": self._now.isoformat(),
            "window": {"start": self._now.isoformat(), "end": self._now.isoformat()},
            "batch": self._batch,
            "asked_for": [day, day],
            "is_complete": True,
            "incomplete_because": [],
            "proves_absence": False,
            "next_start": everything.isoformat(),
            "completeness": {**proof, "is_split": False},
            "restarted": None,
            "lists": 0,
            "notes": ["its records were sent; nothing was asked for"],
            "parameters": {},
            "granularity": None,
            "deleted_record": None,
        }
        return Manifest(ASSET, self._source.slug, day, "", "", counts={"received": 0}, facts=facts)


def _newest(found: Sequence[Received], on: Snapshot | None) -> list[Received]:
    """The last version of each record, in order of arrival, without those that are older than what is known of them."""
    stamps: dict[str, str] = {}
    if on is not None:
        keys = pa.array(sorted({each.record["identifier"] for each in found}), pa.string())
        stamps = {row["identifier"]: row["datestamp"] for row in on.select(keys)}
    kept: dict[str, Received] = {}
    for each in found:
        identifier, datestamp = str(each.record["identifier"]), str(each.record["datestamp"])
        if not _is_older(datestamp, stamps.get(identifier, "")):
            stamps[identifier] = datestamp or stamps.get(identifier, "")
            kept[identifier] = each
    return list(kept.values())


def _is_older(one: str, other: str) -> bool:
    """Whether a datestamp is before another; not where one of them says no time, or only one of them its zone."""
    try:
        return datetime.fromisoformat(one) < datetime.fromisoformat(other)
    except (TypeError, ValueError):
        return False


def _as_rows(received: Sequence[Received], pages: Sequence[int]) -> pa.RecordBatch:
    rows = [{**each.record, "page": page} for each, page in zip(received, pages, strict=True)]
    batch = pa.RecordBatch.from_pylist(rows, schema=RAW_RECORDS)
    return pa.RecordBatch.from_arrays([*batch.columns, body_fingerprints(batch.column("body"))], schema=with_fingerprint(RAW.schema))


def _exchange(received: Received) -> Exchange:
    """The request that brought a record, as the requests of harvests are written down."""
    size = len(cast("bytes", received.record["body"]))
    address = f"intake:{received.id}"
    return Exchange("POST", address, address, 202, size, datetime.fromisoformat(received.received_at), 0.0, 1)


def _count_received(on: Snapshot, identifiers: set[str]) -> int:
    """How many of the records the day had received before."""
    names = ", ".join("'" + each.replace("'", "''") + "'" for each in sorted(identifiers))
    return on.count(f"received AND key IN ({names})")


def _read_json(installation: Installation, source: Source, intake: Intake, body: bytes) -> pa.RecordBatch:
    options = cast("JsonApiOptions", source.resolved_options(installation.environ))
    return json_posted.read_posted(body, options, intake.record)


def _read_oai_pmh(installation: Installation, source: Source, intake: Intake, body: bytes) -> pa.RecordBatch:
    del installation, source, intake
    return oai_posted.read_posted(body)


_KINDS: Mapping[str, Kind] = {
    "json": Kind("application/json", JSON, _read_json),
    "oai-pmh": Kind("application/xml or text/xml", XML, _read_oai_pmh),
}
