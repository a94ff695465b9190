"""``python -m benchmarks.second_date``: what a second date costs the document tasks, when one document in a hundred changed.

A repository of the loopback universe is harvested on two days through every stage in this process, all tasks that are installed. A call
is a document that a task had to derive something for.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from harvest_assets.config.sources import Source
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.derivatives import derive
from harvest_assets.stages.documents import fold
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.testing.repository import Repository
from harvest_assets.testing.universe import Universe

SOURCE = """title: Library
protocol: oai-pmh
url: {url}
options: {{metadata_prefix: oai_dc}}
http: {{requests_per_second: 1000}}
network: {{allow: [loopback]}}
task_options: {{video_previews: {{pause_seconds: 0}}}}
"""
TODAY = datetime.now(UTC).date()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1000, help="records of the repository")
    parser.add_argument("--share", type=float, default=0.01, help="share of them that changes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Universe() as universe:
        repository = universe.add(Repository.generate("lib", arguments.records, seed=7, last_day=TODAY - timedelta(days=2)))
        installation = _install(Path(folder), universe)
        first = _harvest(installation, TODAY)
        for identifier in repository.identifiers()[:: round(1 / arguments.share)]:
            record = repository.record(identifier)
            repository.change(identifier, at=datetime.now(UTC), title=f"{record.content.title}, revised")
        _print(first, _harvest(installation, TODAY + timedelta(days=1)))


def _install(folder: Path, universe: Universe) -> Installation:
    (folder / "config" / "sources").mkdir(parents=True)
    (folder / "config" / "datasets").mkdir()
    (folder / "config" / "sources" / "lib.yaml").write_text(SOURCE.format(url=universe.oai_url("lib")))
    environ = {name: str(folder / name.lower()) for name in ("HARVEST_STORE", "HARVEST_STATE")}
    return Installation.open({**environ, "HARVEST_CONFIG": str(folder / "config"), "HARVEST_CONTACT": "https://contact.example/"})


def _harvest(installation: Installation, day: date) -> dict[str, tuple[int, int, float]]:
    """Calls, documents and seconds of every task on a day."""
    source, batch = installation.catalog.source("lib"), str(day)
    _commit(installation, harvest(installation, Request(source, [day], batch, RunParameters(), day)).values())
    _commit(installation, fold(installation, source, [str(day)], batch).values())
    return {task: _derive(installation, source, task, str(day)) for task in source.task_names}


def _derive(installation: Installation, source: Source, task: str, day: str) -> tuple[int, int, float]:
    began = time.monotonic()
    manifest = _commit(installation, derive(installation, source, task, [day], day).values())
    return manifest.counts["calls"], manifest.counts["keys"], time.monotonic() - began


def _commit(installation: Installation, drafts: Iterable[Snapshot]) -> Manifest:
    (manifest,) = (each.manifest for each in drafts)
    installation.store.manifests.commit(manifest)
    return manifest


def _print(first: Mapping[str, tuple[int, int, float]], second: Mapping[str, tuple[int, int, float]]) -> None:
    print("| task | documents | calls, first date | s | calls, second date | s | share |\n|---|--:|--:|--:|--:|--:|--:|")
    for task, (calls, documents, seconds) in first.items():
        again, _, later = second[task]
        print(f"| {task} | {documents} | {calls} | {seconds:.1f} | {again} | {later:.1f} | {again / max(calls, 1):.1%} |")
    calls, again = (sum(each[0] for each in day.values()) for day in (first, second))
    print(f"| all | | {calls} | | {again} | | {again / max(calls, 1):.1%} |")


if __name__ == "__main__":
    main()
