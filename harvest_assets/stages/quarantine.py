"""The quarantine: every record that was set aside, by whatever stage, and what became of it.

It follows committed partitions only, so it can be made up for: observe the days again. Reading such records again is `replays`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from harvest_assets.errors import ConfigurationError
from harvest_assets.model.document import build_srn
from harvest_assets.model.quarantine import Moment, Selection
from harvest_assets.stages.shapes import DOCUMENT, RAW
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.quarantine import Observation, QuarantineEdit
from harvest_assets.store.store import Store

KEPT = timedelta(days=90)
STATES = ("waiting", "released", "gone")
SET_ASIDE = "set_aside"
REPLAYED = "replayed"

_GENERATION_TIME = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True, slots=True)
class Group:
    """How many records of a source were set aside by the same stage, error and rule."""

    source: str
    stage: str
    error: str
    rule: str
    records: int
    first_seen_at: str
    last_seen_at: str


def observe(store: Store, source: str, days: Sequence[str], *, by: str = "harvest", now: datetime | None = None) -> None:
    """Bring the quarantine of a source up to date with committed days of documents, in any order and as often as one likes.

    ``by`` is what read them. What was settled ``KEPT`` ago is forgotten.

    Raises:
        TransientError: Somebody else is at it.
    """
    manifests = list(_find_days(store, source, days))
    if not store.quarantine.has(source) and not any(map(partial(_has_set_aside, store), manifests)):
        return
    with store.hold(f"quarantine-{source}"), store.quarantine.edit(source) as edit:
        for manifest in manifests:
            _observe_day(store, edit, manifest, by)
        edit.forget(as_text((now or datetime.now(UTC)) - KEPT))


def waiting_count(store: Store, source: str) -> int:
    """How many records of a source wait in the quarantine."""
    return store.quarantine.table(source).num_rows


def waiting_identifiers(store: Store, source: str, selection: Selection) -> list[str]:
    """Identifiers of the selected records that wait; those without one are left out."""
    return store.quarantine.table(source, selection)["identifier"].drop_null().to_pylist()


def count_groups(store: Store, selection: Selection, *, states: Sequence[str] = STATES[:1]) -> list[Group]:
    """Selected rows of all sources, counted by source, stage, error and rule; in that order."""
    tables = [store.quarantine.table(source, selection, states=states) for source in store.quarantine.sources()]
    if not tables:
        return []
    keys = ["source", "stage", "error", "rule"]
    columns = [("id", "count"), ("first_seen_at", "min"), ("last_seen_at", "max")]
    grouped = pa.concat_tables(tables).group_by(keys).aggregate(columns).sort_by([(key, "ascending") for key in keys])
    rows = grouped.select([*keys, *("_".join(each) for each in columns)]).to_pylist()
    return [Group(*row.values()) for row in rows]


def find_rows(store: Store, source: str, id: str) -> list[dict[str, Any]]:  # noqa: A002 - the column's name
    """The rows of a record in any state: one for each stage that set it aside.

    Raises:
        ConfigurationError: There is none.
    """
    rows = store.quarantine.table(source, Selection(id=id), states=STATES).to_pylist()
    if not rows:
        raise ConfigurationError(f"{id!r} of source {source!r} is not in quarantine; see: harvest quarantine list {source} --all")
    return rows


def count_reasons(rows: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """Reasons of rows, the most frequent first."""
    return Counter(row["reason"] for row in rows).most_common()


def set_aside_files(store: Store, manifest: Manifest) -> list[Path]:
    """The local files with what a partition set aside."""
    return table_files(store, manifest, SET_ASIDE)


def table_files(store: Store, manifest: Manifest, name: str) -> list[Path]:
    """The local files of a table that a partition has beside its rows; none when it has no such table."""
    return [store.files.localise(f"{manifest.reference.folder}/{each.name}") for each in manifest.tables.get(name, ())]


def as_text(moment: datetime) -> str:
    """A time as rows hold it, so that text sorts like time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _find_days(store: Store, source: str, days: Sequence[str]) -> Iterable[Manifest]:
    """Documents of the days, in order; the latest day's come last in any case, for it says what became of older trouble."""
    latest = store.manifests.days("documents", source)[-1:]
    for day in sorted({*days, *latest}):
        found = store.manifests.find("documents", source, day)
        if found is not None:
            yield found


def _has_set_aside(store: Store, documents: Manifest) -> bool:
    return any(table.rows for each in (documents, _raw_of(store, documents)) for table in each.tables.get(SET_ASIDE, ()))


def _raw_of(store: Store, documents: Manifest) -> Manifest:
    return store.manifests.read(documents.input_of("raw_records"))


def _observe_day(store: Store, edit: QuarantineEdit, documents: Manifest, by: str) -> None:
    raw = _raw_of(store, documents)
    read_at = datetime.strptime(documents.generation.partition("-")[0], _GENERATION_TIME).replace(tzinfo=UTC)
    edit.observe(
        Observation(
            received=Moment(documents.day, as_text(datetime.fromisoformat(raw.facts["started_at"]))),
            read=Moment(documents.day, as_text(read_at)),
            raw=store.snapshot(raw, RAW),
            documents=store.snapshot(documents, DOCUMENT),
            prefix=build_srn(documents.scope, ""),
            by=by,
            not_received=set_aside_files(store, raw),
            not_read=set_aside_files(store, documents),
            replayed=table_files(store, documents, REPLAYED),
        )
    )
