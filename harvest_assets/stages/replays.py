"""Replays: records in quarantine are read again, after whatever was wrong with them, or with us, was mended.

A record that could not be received is asked for again, alone, where the protocol can do that. One that could not be read lies in the raw
records. Both end in the latest day of the source, whose documents are folded again; the verdict on them is made as always.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from harvest_assets.config.sources import Source
from harvest_assets.errors import ConfigurationError, PermanentError
from harvest_assets.model.quarantine import Moment, Selection
from harvest_assets.model.verdict import Verdict
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.latest_day import Remaking, find_latest, remake
from harvest_assets.stages.quarantine import STATES, as_text, count_reasons, waiting_identifiers
from harvest_assets.stages.shapes import RAW
from harvest_assets.stages.single_records import ask_for
from harvest_assets.store.manifests import Manifest

KIND = "replays"


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the selected records of a source.

    ``waiting`` of them still wait, for ``reasons`` (and how many for each); ``not_asked`` says why some were not asked for again.
    ``made`` are the partitions that were made, committed, in the order of the stages; ``verdict`` is the one on the latest day.
    """

    source: str
    day: str | None
    selected: int
    released: int = 0
    gone: int = 0
    waiting: int = 0
    reasons: Sequence[tuple[str, int]] = ()
    not_asked: Sequence[str] = ()
    made: Sequence[Manifest] = ()
    verdict: Verdict | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, without what was made."""
        kept = ("source", "day", "selected", "released", "gone", "waiting")
        said = {"reasons": [{"reason": reason, "waiting": count} for reason, count in self.reasons], "not_asked": list(self.not_asked)}
        words = {"decision": self.verdict.decision, "words": self.verdict.words} if self.verdict else {"decision": None, "words": None}
        return {**{name: getattr(self, name) for name in kept}, **said, **words}


def replay(installation: Installation, source: Source, selection: Selection, batch: str) -> Replay:
    """Read the selected records of a source again, up to its set, and write down what became of it under the name of the batch.

    Raises:
        ConfigurationError: The source is frozen.
        BusyError: A harvest of the source is under way, or has not been folded.
        TransientError: The source did not answer; nothing has changed.
    """
    if source.frozen:
        raise ConfigurationError(f"{source.file}: 'frozen' keeps the last accepted set as it is; take the key out to read records again")
    store = installation.store
    selected = store.quarantine.table(source.slug, selection)
    with store.hold(f"harvest-{source.slug}"):
        done = _Replaying(installation, source, selection, batch).run() if selected.num_rows else _Done(None)
    keys = set(zip(selected["stage"].to_pylist(), selected["id"].to_pylist(), strict=True))
    after = [row for row in store.quarantine.table(source.slug, states=STATES).to_pylist() if (row["stage"], row["id"]) in keys]
    states = Counter(row["state"] for row in after)
    found = Replay(
        source=source.slug,
        day=done.day,
        selected=len(keys),
        released=states["released"],
        gone=states["gone"],
        waiting=states["waiting"],
        reasons=count_reasons(row for row in after if row["state"] == "waiting"),
        not_asked=done.not_asked,
        made=done.made,
        verdict=done.verdict,
    )
    entry = {**found.as_dict(), "selection": selection.as_dict(), "ended_at": as_text(datetime.now(UTC))}
    store.ledger.write(KIND, source.slug, batch, entry)
    return found


@dataclass(slots=True)
class _Done:
    day: str | None
    not_asked: list[str] = field(default_factory=list[str])
    made: list[Manifest] = field(default_factory=list[Manifest])
    verdict: Verdict | None = None


class _Replaying:
    """One replay of one source, stage by stage; every stage is committed before the next."""

    def __init__(self, installation: Installation, source: Source, selection: Selection, batch: str) -> None:
        self._installation = installation
        self._store = installation.store
        self._source = source
        self._selection = selection
        self._batch = batch

    def run(self) -> _Done:
        raw, documents = find_latest(self._store, self._source.slug)
        self._done = _Done(raw.day)
        self._ask(raw)
        unread = self._select("extract")
        if unread or self._done.made:
            self._fold(documents, unread)
        return self._done

    def _select(self, stage: str) -> list[str]:
        if self._selection.stage not in {None, stage}:
            return []
        chosen = Selection(stage, self._selection.error, self._selection.rule, self._selection.id)
        return waiting_identifiers(self._store, self._source.slug, chosen)

    def _ask(self, raw: Manifest) -> None:
        """Ask for the records that could not be received; those that arrive make a new generation of the latest day."""
        identifiers, nameless, notes = self._select("harvest"), self._count_nameless(), self._done.not_asked
        if nameless:
            notes.append(f"{nameless} without an identifier cannot be asked for alone; they wait for the next harvest")
        if identifiers and not self._source.enabled:
            notes.append(f"{len(identifiers)} were not asked for: {self._source.file} says that the source is not 'enabled'")
        elif identifiers:
            try:
                self._take(raw, identifiers)
            except PermanentError as error:
                notes.append(f"{len(identifiers)} were not asked for: {error}")

    def _take(self, raw: Manifest, identifiers: Sequence[str]) -> None:
        at, slug = as_text(datetime.now(UTC)), self._source.slug
        answered = ask_for(self._installation, self._source, self._store.snapshot(raw, RAW), identifiers)
        silent = len(set(identifiers) - answered.arrived - {each.identifier for each in answered.failed})
        if silent:
            self._done.not_asked.append(f"{silent} did not come: {answered.trouble or 'the source left them out of its answers'}")
        with self._store.hold(f"quarantine-{slug}"), self._store.quarantine.edit(slug) as edit:
            edit.fail(map(asdict, answered.failed), Moment(raw.day, at))
        if answered.snapshot is not None:
            self._commit([answered.snapshot.manifest])

    def _count_nameless(self) -> int:
        if self._selection.stage not in {None, "harvest"}:
            return 0
        return self._store.quarantine.table(self._source.slug, self._selection)["identifier"].null_count

    def _fold(self, before: Manifest, unread: Sequence[str]) -> None:
        remade = remake(self._installation, self._source, before.day, self._batch, Remaking(by="replay", again=unread))
        self._done.made += remade.made
        self._done.verdict = remade.verdict

    def _commit(self, manifests: Sequence[Manifest]) -> None:
        for manifest in manifests:
            self._store.manifests.commit(manifest)
        self._done.made += manifests
