"""Where a published document comes from: version, set, document, raw record, request.

Every step follows a reference that the step before it stored, so the answer is what happened and not what would happen now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow.parquet as pq

from harvest_assets.errors import PermanentError
from harvest_assets.model.document import build_srn
from harvest_assets.stages.history import accepted_before, read_verdict
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.promotion import find_current
from harvest_assets.stages.sets import Contribution
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT, RAW
from harvest_assets.stages.versions import Member, read_version
from harvest_assets.store.manifests import Manifest, Reference
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way of one document through the stages.

    ``version`` is empty when no current version has the source: then ``set`` is the last accepted one. ``record`` and ``request`` are empty
    when the document stands for a record that the source no longer lists.
    """

    srn: str
    version: dict[str, Any] | None
    set: dict[str, Any]
    document: dict[str, Any]
    derivatives: dict[str, dict[str, Any]]
    record: dict[str, Any] | None
    request: dict[str, Any] | None


def explain(installation: Installation, srn: str, dataset: str | None = None) -> Explanation:
    """Follow a document back to the request that brought it.

    Raises:
        PermanentError: Nothing is published under this name.
        ConfigurationError: There is no such dataset.
    """
    store, source = installation.store, srn.partition(":")[0]
    _require_source(installation, srn, source)
    version, member = _find_member(installation, source, dataset)
    contribution = Contribution.from_dict(member.contribution) if member and member.contribution else _last_accepted(store, source)
    if contribution is None:
        raise PermanentError(f"{srn!r}: no harvest of {source!r} was ever accepted; see: harvest status {source}")
    documents = store.snapshot_of(contribution.documents, DOCUMENT)
    row = documents.find(srn)
    if row is None:
        raise PermanentError(
            f"{srn!r} is not among the {documents.manifest.counts['live']} documents of {source!r} ({documents.day}); "
            "an SRN is SOURCE:IDENTIFIER exactly as published"
        )
    held = Reference("documents", source, row["part"].day, row["part"].generation)
    record = _find_record(store, held, str(row["owner"]).removeprefix(build_srn(source, "")))
    return Explanation(
        srn=srn,
        version=version,
        set=_describe_set(store, documents.manifest, member),
        document=_describe_document(row, held),
        derivatives=_find_derivatives(store, contribution, srn),
        record=record,
        request=_find_request(store, record),
    )


def _require_source(installation: Installation, srn: str, source: str) -> None:
    known = sorted({*installation.catalog.sources, *installation.catalog.broken_sources, *installation.store.manifests.scopes("documents")})
    if source not in known:
        raise PermanentError(f"{srn!r} begins with no source; an SRN is SOURCE:IDENTIFIER with one of: {', '.join(known) or 'none'}")


def _find_member(installation: Installation, source: str, dataset: str | None) -> tuple[dict[str, Any] | None, Member | None]:
    """The current version that has the source, of the dataset that was named or else of the first by name."""
    store, catalog = installation.store, installation.catalog
    for slug in [catalog.dataset(dataset).slug] if dataset else catalog.datasets:
        current = find_current(store, slug)
        version = read_version(store, slug, current) if current is not None else None
        for member in version.members if version else ():
            if version and member.source == source and member.contribution:
                described = {"dataset": slug, "number": version.number, "day": version.day, "state": member.state, "words": member.words}
                return described, member
    if dataset:
        raise PermanentError(f"the current version of dataset {dataset!r} has nothing of {source!r}; see: harvest status")
    return None, None


def _last_accepted(store: Store, source: str) -> Contribution | None:
    accepted = accepted_before(store, source, "9999")
    if accepted is None:
        return None
    published = store.manifests.find("sets", source, accepted.day)
    contributes = published.facts["contributes"] if published else None
    if contributes and contributes["documents"]["generation"] == accepted.generation:
        return Contribution.from_dict(contributes)
    return Contribution(accepted.reference, {})


def _describe_set(store: Store, documents: Manifest, member: Member | None) -> dict[str, Any]:
    verdict = read_verdict(store, documents)
    own = {"documents_of": documents.day, "generation": documents.generation, "decision": verdict.decision, "words": verdict.words}
    return {"published_on": member.set.day if member and member.set else documents.day, **own}


def _describe_document(row: Mapping[str, Any], held: Reference) -> dict[str, Any]:
    fields = {name: row[name] for name in ("owner", "entity", "state", "parent", "title", "url", "media_type", "datestamp")}
    return {**fields, "properties": orjson.loads(row["properties"]), "changed_on": held.day, "rows_in": held.folder}


def _find_derivatives(store: Store, contribution: Contribution, srn: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for task, reference in sorted(contribution.derivatives.items()):
        row = store.snapshot_of(reference, DERIVATIVE).find(srn)
        if row is not None:
            output = orjson.loads(row["output"])
            told = {name: row.get(name) for name in ("status", "reason", "failure", "attempts", "retry_at")}
            found[task] = {**told, "output": output, "made_on": row["part"].day}
    return found


def _find_record(store: Store, held: Reference, identifier: str) -> dict[str, Any] | None:
    """The raw record that the harvest behind a generation of documents knew."""
    raw: Snapshot = store.snapshot_of(store.manifests.read(held).input_of("raw_records"), RAW)
    row = raw.find(identifier)
    if row is None:
        return None
    part = Reference("raw_records", held.scope, row["part"].day, row["part"].generation)
    return {
        "identifier": identifier,
        "datestamp": row["datestamp"],
        "deleted": row["deleted"],
        "set_specs": row["set_specs"],
        "bytes": len(row["body"]),
        "body": row["body"].decode(errors="replace"),
        "page": row["page"],
        "received_on": part.day,
        "rows_in": part.folder,
    }


def _find_request(store: Store, record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The request whose answer held the record."""
    if record is None:
        return None
    path = store.files.localise(f"{record['rows_in']}/requests.parquet")
    matching = pq.read_table(path, filters=[("page", "=", record["page"])]).to_pylist()
    return {**matching[-1], "started_at": matching[-1]["started_at"].isoformat()} if matching else None
