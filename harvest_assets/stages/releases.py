"""Releases: the partitions (dataset by date) of everything that follows from a version, and how they find it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.health import is_source_due
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.versions import Version, read_version, versions_of
from harvest_assets.store.manifests import Manifest, new_generation
from harvest_assets.store.store import Store

VERSIONS = "dataset_versions"


def describe_release(asset: str, version: Version, counts: Mapping[str, int]) -> Manifest:
    """The partition of an asset that stands for a version; its facts name the number."""
    written_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(
        asset, version.dataset, version.day, new_generation(), written_at, counts=dict(counts), facts={"version": version.number}
    )


def version_of(store: Store, dataset: str, day: str) -> Version:
    """The version of a release.

    Raises:
        ConfigurationError: The release has none yet.
    """
    manifest = store.manifests.find(VERSIONS, dataset, day)
    if manifest is None:
        raise ConfigurationError(f"{VERSIONS} has no partition {dataset}|{day}; materialize it first")
    return read_version(store, dataset, int(manifest.facts["version"]))


@dataclass(frozen=True, slots=True)
class DueRelease:
    """Whether a dataset is to be released; ``evidence`` names the sets that it would list."""

    is_due: bool
    because: str
    evidence: str = ""


def is_release_due(installation: Installation, dataset: str, now: datetime, busy: Collection[str]) -> DueRelease:
    """Whether every source that was due today has a verdict or has failed, and the sets differ from the last version's.

    ``busy`` are sources whose run is under way.
    """
    store, day = installation.store, str(now.date())
    sets = {source: store.manifests.latest("sets", source) for source in installation.catalog.members(dataset)}
    present = {source: manifest.generation for source, manifest in sets.items() if manifest is not None}
    if not present:
        return DueRelease(is_due=False, because="no source has a set yet")
    waiting = [source for source in sets if source in busy or _is_waited_for(installation, source, now)]
    if waiting:
        return DueRelease(is_due=False, because=f"waits for {', '.join(waiting)}")
    last = next(versions_of(store, dataset), None)
    listed = {each.source: each.set.generation for each in last.members if each.set} if last else {}
    if last is not None and listed == present:
        return DueRelease(is_due=False, because=f"version {last.number} lists these sets already")
    evidence = sha256(repr(sorted(present.items())).encode()).hexdigest()[:16]
    return DueRelease(is_due=True, because=f"new sets on {day}", evidence=evidence)


def _is_waited_for(installation: Installation, source: str, now: datetime) -> bool:
    """Whether a source is due now and has not failed today; a source that cannot be harvested is never waited for."""
    if source not in installation.catalog.sources:
        return False
    decided = is_source_due(installation, installation.catalog.source(source), now)
    attempts = recent_attempts(installation.store, source)
    failed_today = bool(attempts) and attempts[0]["status"] == "failed" and attempts[0]["started_at"][:10] == str(now.date())
    return decided.is_due and not failed_today
