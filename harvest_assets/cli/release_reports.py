"""A dataset as it stands: versions, members, files, in words."""

from typing import Any

from harvest_assets.cli.output import print_table, say
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.promotion import find_current
from harvest_assets.stages.releases import version_of
from harvest_assets.stages.versions import Version, versions_of
from harvest_assets.store.store import Store


def describe_release(installation: Installation, dataset: str, day: str) -> dict[str, Any]:
    """The version of a release, whether it is current, and where its files are."""
    store = installation.store
    version = version_of(store, dataset, day)
    current = find_current(store, dataset)
    return {
        "dataset": dataset,
        "version": version.number,
        "day": version.day,
        "current_version": current,
        "is_current": current == version.number,
        "counts": version.counts,
        "members": _describe_members(version),
        "exports": _export_files(store, dataset, day),
    }


def describe_dataset(installation: Installation, dataset: str) -> dict[str, Any]:
    """The current and the last version of a dataset, and the members of the last one that are not current, with the reason."""
    store = installation.store
    last = next(versions_of(store, dataset), None)
    members = _describe_members(last) if last else []
    return {
        "dataset": dataset,
        "title": installation.catalog.dataset(dataset).title,
        "current_version": find_current(store, dataset),
        "last_version": last.number if last else None,
        "last_day": last.day if last else None,
        "live": last.counts["live"] if last else 0,
        "not_current": [each for each in members if each["state"] != "current"],
    }


def print_release(described: dict[str, Any]) -> None:
    """A release for people."""
    state = "current" if described["is_current"] else f"not current, that is version {described['current_version'] or 'none'}"
    print_table(
        f"{described['dataset']} version {described['version']} of {described['day']}: {described['counts']['live']} documents, {state}",
        ("source", "state", "day", "live", "why"),
        ([each[name] for name in ("source", "state", "day", "live", "words")] for each in described["members"]),
    )
    for path in described["exports"]:
        say(f"  {path}")
    if not described["is_current"]:
        say(f"  next: harvest promote {described['dataset']} --version {described['version']}, if it is to be the current one")


def _describe_members(version: Version) -> list[dict[str, Any]]:
    return [
        {"source": each.source, "state": each.state, "day": each.day, "live": each.live, "words": each.words} for each in version.members
    ]


def _export_files(store: Store, dataset: str, day: str) -> list[str]:
    manifest = store.manifests.find("exports", dataset, day)
    if manifest is None:
        return []
    return [f"{store.files.url}/{manifest.reference.folder}/{file.name}" for files in manifest.tables.values() for file in files]
