"""``dataset_versions``: an immutable, numbered list of sets with one date.

``versions/{dataset}/{number}.json`` is written once and never again. A source that failed or is late contributes its last accepted set,
and the version says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from harvest_assets.errors import ConfigurationError, IntegrityError
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.published import OpenSet, open_set
from harvest_assets.stages.sets import Contribution
from harvest_assets.store.manifests import Manifest, Reference
from harvest_assets.store.store import Store

UNHAPPY = {"failed": "the harvest failed", "down": "the source does not answer", "cancelled": "the harvest was ended"}
MemberState = Literal["current", "fell_back", "late", "failed", "missing"]


@dataclass(frozen=True, slots=True)
class Member:
    """One source of a version.

    ``state``: *current* is the accepted set of the version's day; *fell_back* an earlier one, because the day's was not accepted; *late*
    an earlier one, because the day has none; *failed* the same after a failed harvest; *missing* nothing, because none was ever accepted.
    """

    source: str
    state: MemberState
    words: str
    day: str | None
    live: int
    set: Reference | None
    contribution: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Version:
    """A dataset version; ``files`` are all table files that it needs, with their SHA-256."""

    dataset: str
    number: int
    day: str
    written_at: str
    members: tuple[Member, ...]
    counts: dict[str, int]
    files: tuple[dict[str, Any], ...]

    def contributions(self) -> Mapping[str, Contribution]:
        """What each source contributes, by source; sources that contribute nothing are left out."""
        return {each.source: Contribution.from_dict(each.contribution) for each in self.members if each.contribution}


def create_version(installation: Installation, dataset: str, day: str) -> Version:
    """List the sets of a dataset for a day under the next number; the same sets for the same day keep their number."""
    store = installation.store
    number = _last_number(store, dataset) + 1  # before the search: what comes after it is met at its number
    members = tuple(_member(installation, source, day) for source in installation.catalog.members(dataset))
    same = next((each for each in versions_of(store, dataset) if each.day == day and each.members == members), None)
    if same is not None:
        return same
    counts = {
        "live": sum(each.live for each in members),
        "sources": len(members),
        **{state: sum(each.state == state for each in members) for state in ("current", "fell_back", "late", "failed", "missing")},
    }
    files = tuple(_files(store, members))
    while True:
        version = Version(dataset, number, day, datetime.now(UTC).isoformat(timespec="seconds"), members, counts, files)
        if store.files.create(_path(dataset, number), orjson.dumps(asdict(version), option=orjson.OPT_INDENT_2)):
            return version
        quicker = read_version(store, dataset, number)
        if quicker.day == day and quicker.members == members:
            return quicker
        number += 1


def read_version(store: Store, dataset: str, number: int) -> Version:
    """A version by its number.

    Raises:
        ConfigurationError: There is no such version.
    """
    content = store.files.find(_path(dataset, number))
    if content is None:
        raise ConfigurationError(f"dataset {dataset!r} has no version {number}; the last one is {_last_number(store, dataset) or 'none'}")
    fields: dict[str, Any] = orjson.loads(content)
    fields["members"] = tuple(_read_member(each) for each in fields["members"])
    fields["files"] = tuple(fields["files"])
    return Version(**fields)


def versions_of(store: Store, dataset: str) -> Iterator[Version]:
    """The versions of a dataset, latest first."""
    for number in reversed(_numbers(store, dataset)):
        yield read_version(store, dataset, number)


def open_version(store: Store, version: Version) -> Sequence[OpenSet]:
    """The sets of a version, in order of source."""
    return [open_set(store, source, contribution) for source, contribution in sorted(version.contributions().items())]


def _member(installation: Installation, source: str, day: str) -> Member:
    store = installation.store
    published = _last_set(store, source, day)
    if published is None or published.facts["contributes"] is None:
        failure = _failure(store, source, day)
        return Member(
            source, "missing", failure or "no harvest was ever accepted", None, 0, published.reference if published else None, None
        )
    contribution = Contribution.from_dict(published.facts["contributes"])
    state, words = _state(store, source, day, published)
    live = int(published.counts["live"])
    return Member(source, state, words, contribution.documents.day, live, published.reference, published.facts["contributes"])


def _state(store: Store, source: str, day: str, published: Manifest) -> tuple[MemberState, str]:
    words = str(published.facts["verdict"]["words"])
    if published.day == day:
        accepted = published.facts["contributes"]["documents"] == asdict(published.input_of("documents"))
        return ("current" if accepted else "fell_back"), words
    failure = _failure(store, source, day)
    if failure:
        return "failed", failure
    return "late", f"no harvest on {day}; the set of {published.day} stands"


def _failure(store: Store, source: str, day: str) -> str | None:
    for entry in recent_attempts(store, source):
        if entry["days"][0] <= day <= entry["days"][1]:
            return f"{UNHAPPY[entry['status']]}: {entry['reason']}" if entry["status"] in UNHAPPY else None
    return None


def _last_set(store: Store, source: str, day: str) -> Manifest | None:
    return store.manifests.find("sets", source, day) or next(store.manifests.before("sets", source, day), None)


def _files(store: Store, members: Sequence[Member]) -> Iterator[dict[str, Any]]:
    """Every index and row file that the members refer to, once."""
    for member in members:
        if member.contribution is None:
            continue
        contribution = Contribution.from_dict(member.contribution)
        for reference in (contribution.documents, *contribution.derivatives.values()):
            yield from table_files(store, reference)


def table_files(store: Store, reference: Reference) -> Iterator[dict[str, Any]]:
    """Path, bytes and SHA-256 of every file that a snapshot is read from."""
    manifest = store.manifests.read(reference)
    for file in manifest.tables["index"]:
        yield {"path": f"{reference.folder}/{file.name}", "bytes": file.bytes, "sha256": file.sha256}
    for part in manifest.parts:
        earlier = Reference(reference.asset, reference.scope, part.day, part.generation)
        rows = manifest if earlier == reference else store.manifests.read(earlier)
        for file in rows.tables["rows"]:
            yield {"path": f"{earlier.folder}/{file.name}", "bytes": file.bytes, "sha256": file.sha256}


def _read_member(fields: Mapping[str, Any]) -> Member:
    reference = Reference(**fields["set"]) if fields["set"] else None
    return Member(fields["source"], fields["state"], fields["words"], fields["day"], fields["live"], reference, fields["contribution"])


def _numbers(store: Store, dataset: str) -> list[int]:
    names = [name.removesuffix(".json") for name in store.files.list_names(f"versions/{dataset}")]
    if not all(name.isdigit() for name in names):
        raise IntegrityError(f"versions/{dataset} holds a file that is no version: {names!r}; move it away")
    return [int(name) for name in names]


def _last_number(store: Store, dataset: str) -> int:
    return max(_numbers(store, dataset), default=0)


def _path(dataset: str, number: int) -> str:
    return f"versions/{dataset}/{number:08d}.json"
