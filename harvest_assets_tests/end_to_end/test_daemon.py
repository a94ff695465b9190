"""A real Dagster beside the tests: web server, daemon and code server, with the project's own settings and nothing reloaded.

Everything that is here is asked for as people and time ask for it: files that appear, a backfill from the UI, a process that dies.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from filelock import FileLock

from harvest_assets.model.window import midnight
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.documents import fold
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.promotion import find_current
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.stages.sets import publish
from harvest_assets.stages.shapes import DOCUMENT
from harvest_assets.stages.versions import read_version
from harvest_assets.store.store import Store
from harvest_assets.testing import Faults, Repository, Universe

pytestmark = [pytest.mark.xdist_group("daemon"), pytest.mark.timeout(400), pytest.mark.slow]

PROJECT = Path(__file__).parents[2]
PATIENCE_SECONDS = 150
CHAIN = ["raw_records", "documents", "image_previews", "url_checks", "sets"]
BACKFILL = """mutation($p: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $p) { __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } }
}"""
BACKFILL_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"""


def wait_for(what: str, find: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true value that ``find`` returns."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.3)
    pytest.fail(f"{what}: not within {seconds} s")


@dataclass
class Deployment:
    """``dagster dev`` under way, and the folder that it reads."""

    folder: Path
    port: int
    universe: Universe
    environ: dict[str, str]
    instance: dg.DagsterInstance

    @property
    def store(self) -> Store:
        return Installation.open(self.environ).store

    def write(self, kind: str, slug: str, text: str) -> None:
        path = self.folder / "config" / kind / f"{slug}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".partial")
        beside.write_text(text)
        beside.replace(path)

    def add_source(self, slug: str, count: int, *, page_size: int = 100, **keys: Any) -> Repository:
        today = datetime.now(UTC).date()
        shape = {"first_day": today - timedelta(days=30), "last_day": today - timedelta(days=1), "page_size": page_size}
        repository = self.universe.add(Repository.generate(slug, count, **shape))
        self.write("sources", slug, source_text(slug, self.universe.oai_url(slug), **keys))
        return repository

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        address = f"http://127.0.0.1:{self.port}/graphql"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return json.load(answer)["data"]

    def backfill(self, keys: list[str]) -> str:
        """Launch a backfill as the UI does."""
        params = {"assetSelection": [{"path": [asset]} for asset in CHAIN], "partitionNames": keys}
        launched = self.ask(BACKFILL, p=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return launched["backfillId"]

    def backfill_status(self, name: str) -> str:
        return self.ask(BACKFILL_STATUS, id=name)["partitionBackfillOrError"]["status"]

    def lists_asked(self, name: str) -> list[dict[str, str]]:
        asked = [each.arguments for each in self.universe.requests if each.path == f"/oai/{name}"]
        return [each for each in asked if each["verb"] == "ListRecords"]

    def wait_until_known(self, sources: list[str]) -> None:
        wait_for("partitions of new files", lambda: set(sources) <= set(self.instance.get_dynamic_partitions("sources")))


def source_text(slug: str, url: str, **keys: Any) -> str:
    content = {
        "title": slug,
        "protocol": "oai-pmh",
        "url": url,
        "options": {"metadata_prefix": "oai_dc"},
        "network": {"allow": ["loopback"]},
        "http": {"requests_per_second": 1000, "max_attempts": 1},
        "tasks": [],
        **keys,
    }
    return json.dumps(content)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One for all tests of this file, and one at a time on a machine."""
    folder = tmp_path_factory.mktemp("deployment")
    lock = FileLock(tmp_path_factory.getbasetemp().parent / "harvest-assets-daemon.lock")
    for name in ("dagster", "config"):
        (folder / name).mkdir()
    shutil.copy(PROJECT / "dagster.yaml", folder / "dagster")
    settings = {
        "HARVEST_CONFIG": str(folder / "config"),
        "HARVEST_STORE": str(folder / "store"),
        "HARVEST_STATE": str(folder / "state"),
        "HARVEST_CONTACT": "tests@example.org",
        "DAGSTER_HOME": str(folder / "dagster"),
    }
    port = free_port()
    # A module-wide patch: `DagsterInstance.get` reads the environment, and the other tests of this process have their own
    with lock, Universe() as universe, pytest.MonkeyPatch.context() as patch, (folder / "dagster.log").open("wb") as log:
        patch.setenv("DAGSTER_HOME", settings["DAGSTER_HOME"])
        with dg.DagsterInstance.get() as instance:
            process = subprocess.Popen(
                [
                    Path(sys.executable).with_name("dagster"),
                    "dev",
                    "-w",
                    str(PROJECT / "workspace.yaml"),
                    "-h",
                    "127.0.0.1",
                    "-p",
                    str(port),
                ],
                cwd=folder,
                env={**os.environ, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                running = Deployment(folder, port, universe, settings, instance)
                wait_for("dagster dev", lambda: _is_ready(running, process), 120)
                yield running
            finally:
                _stop(process)


def _is_ready(deployment: Deployment, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, (deployment.folder / "dagster.log").read_text()[-3000:]
    with suppress(OSError):
        return any(node["id"] for node in deployment.ask("{ assetNodes { id } }")["assetNodes"])
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End ``dagster dev`` and whatever it has started: it is the leader of a session of its own."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(30)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


DROPPED = [f"dropped-{number}" for number in range(3)]
FILLED = [f"filled-{number}" for number in range(4)]


@dataclass(frozen=True)
class Scene:
    """Everything that is under way at once: three files that were dropped in, a backfill, and a source whose worker will be killed."""

    deployment: Deployment
    today: date
    backfill: str

    @property
    def days(self) -> list[date]:
        """The days of the backfill: fewer than it has sources."""
        return [self.today - timedelta(days=count) for count in (3, 2, 1)]


@pytest.fixture(scope="module")
def scene(deployment: Deployment) -> Scene:
    today = datetime.now(UTC).date()
    for slug in DROPPED:
        deployment.add_source(slug, 40)
    deployment.write("datasets", "dropped", json.dumps({"title": "Dropped", "sources": DROPPED}))
    deployment.write("sources", "broken", "title: [")
    deployment.add_source("killed", 100, page_size=20, frequency="never")
    for slug in FILLED:
        repository = deployment.add_source(slug, 60, frequency="never")
        repository.change(
            repository.identifiers()[0], at=midnight(today - timedelta(days=2)) + timedelta(hours=3), title="Changed on the second day"
        )
    deployment.wait_until_known([*FILLED, "killed"])
    days = [today - timedelta(days=count) for count in (3, 2, 1)]
    return Scene(deployment, today, deployment.backfill([f"{day}|{source}" for source in FILLED for day in days]))


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(scene: Scene):
    deployment, today = scene.deployment, scene.today
    yesterday = today - timedelta(days=1)
    harvest_singly(deployment.environ, ["killed"], [yesterday])
    before = contributed(deployment.store, "killed", yesterday)
    deployment.universe.faults("killed", Faults(latency_seconds=2.0))
    asked_before = len(deployment.lists_asked("killed"))
    launched = deployment.backfill([f"{today}|killed"])
    wait_for("a page of the list", lambda: len(deployment.lists_asked("killed")) > asked_before)
    (run,) = runs_of(deployment, launched)
    os.kill(worker_pid(deployment, run.run_id), signal.SIGKILL)
    wait_for("the run to be failed", lambda: status_of(deployment, run.run_id) == dg.DagsterRunStatus.FAILURE)
    assert deployment.store.manifests.find("raw_records", "killed", str(today)) is None
    assert contributed(deployment.store, "killed", yesterday) == before

    deployment.universe.faults("killed")  # Dagster starts one run again by itself when its worker is lost
    again = wait_for("the retry", lambda: [each for each in runs_of(deployment, launched) if each.root_run_id == run.run_id])
    assert wait_for("the end of the retry", lambda: status_of(deployment, again[0].run_id) == dg.DagsterRunStatus.SUCCESS)
    assert contributed(deployment.store, "killed", today).keys() == before.keys()
    statuses = [each["status"] for each in recent_attempts(deployment.store, "killed")]
    assert statuses == ["succeeded", "failed", "succeeded"], "the attempt that was killed counts as failed"


def test_a_backfill_of_more_sources_than_days_is_right_in_any_order_and_asks_each_source_once(scene: Scene, tmp_path: Path):
    deployment, days = scene.deployment, scene.days
    assert wait_for("the backfill", lambda: _ended(deployment, scene.backfill)) == "COMPLETED_SUCCESS"
    assert len(runs_of(deployment, scene.backfill)) == len(days), "Dagster makes a run of each day, with all sources in it"
    asked = {source: deployment.lists_asked(source) for source in FILLED}
    assert {source: sum("resumptionToken" not in each for each in lists) for source, lists in asked.items()} == dict.fromkeys(FILLED, 1)

    environ = {**deployment.environ, "HARVEST_STORE": str(tmp_path / "store"), "HARVEST_STATE": str(tmp_path / "state")}
    singly = harvest_singly(environ, FILLED, days)
    for source in FILLED:
        for day in days:
            assert contributed(deployment.store, source, day) == contributed(singly, source, day), (source, day)
    first, second, third = (contributed(singly, FILLED[0], day) for day in days)
    assert "Changed on the second day" in {row["title"] for row in second.values()} - {row["title"] for row in first.values()}
    assert len(first) < len(second) < len(third), "records of each day came, too"


def test_files_that_are_dropped_in_become_a_version_without_a_reload(scene: Scene):
    deployment = scene.deployment
    number = wait_for("a current version", lambda: find_current(deployment.store, "dropped"))
    assert "broken" not in deployment.instance.get_dynamic_partitions("sources")
    assert deployment.instance.get_dynamic_partitions("datasets") == ["dropped"]
    members = {each.source: each.state for each in read_version(deployment.store, "dropped", number).members}
    words = [each.words for each in read_version(deployment.store, "dropped", number).members]
    assert members == dict.fromkeys(DROPPED, "current"), f"nobody is left out because it came a moment later: {words}"
    for source in DROPPED:
        assert sum("resumptionToken" not in each for each in deployment.lists_asked(source)) == 1


def _ended(deployment: Deployment, name: str) -> str | None:
    status = deployment.backfill_status(name)
    return status if status.startswith(("COMPLETED", "FAILED", "CANCELED")) else None


def harvest_singly(environ: dict[str, str], sources: list[str], days: list[date]) -> Store:
    """The same days one after the other, by the stages alone."""
    installation = Installation.open(environ)
    commit = installation.store.manifests.commit
    for slug in sources:
        source = installation.catalog.source(slug)
        for day in days:
            batch = str(day)
            for made in harvest(installation, Request(source, [day], batch)).values():
                commit(made.manifest)
            for made in fold(installation, source, [str(day)], batch).values():
                commit(made.manifest)
            for made in publish(installation, source, [str(day)], batch).values():
                commit(made.manifest)
    return installation.store


def contributed(store: Store, source: str, day: date) -> dict[str, dict[str, Any]]:
    """The live documents that a set contributes."""
    manifest = store.manifests.find("sets", source, str(day))
    assert manifest is not None
    assert manifest.facts["contributes"], manifest.facts["verdict"]
    documents = store.manifests.read(manifest.input_of("documents"))
    return {row["srn"]: row for row in store.snapshot(documents, DOCUMENT).table(where="live").to_pylist()}


def runs_of(deployment: Deployment, backfill: str) -> list[dg.DagsterRun]:
    return list(deployment.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill})))


def status_of(deployment: Deployment, run_id: str) -> dg.DagsterRunStatus | None:
    run = deployment.instance.get_run_by_id(run_id)
    return run.status if run else None


def worker_pid(deployment: Deployment, run_id: str) -> int:
    """The process that executes a run, as it said in its first event."""
    for entry in deployment.instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        if entry.dagster_event and "pid" in entry.dagster_event.engine_event_data.metadata:
            return int(str(entry.dagster_event.engine_event_data.metadata["pid"].value))
    pytest.fail(f"run {run_id} has not said which process it is")
