"""Supervision with real runs: a second start gives way and comes again later; a harvest that hangs is ended, and its source is ready."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.remote_representation.external import RemoteJob
from dagster._core.workspace.context import BaseWorkspaceRequestContext, WorkspaceProcessContext
from dagster._core.workspace.load_target import GrpcServerTarget

from harvest_assets.defs.graph import build_definitions
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.defs.runs import register
from harvest_assets.defs.supervision import rescheduled_harvests, stuck_harvests
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.reschedules import put_off, waiting
from harvest_assets.testing import Faults

SECONDS = 100


def tick(instance: dg.DagsterInstance, sensor: dg.SensorDefinition, cursor: str | None = None) -> dg.SensorResult:
    """Evaluate a sensor as the daemon does."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"installation": InstallationResource()})
    result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result


def reason_of(result: dg.SensorResult) -> str:
    assert result.skip_reason is not None
    return str(result.skip_reason.skip_message)


def wait_for(what: str, find: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.1)
    return pytest.fail(f"{what}: not within {SECONDS} s")


# -- put off -----------------------------------------------------------------------------------------------------------------------------


def put_off_long_ago(workplace, days: list[date], parameters: RunParameters) -> None:
    """What a harvest that finds its source busy leaves behind; its time has come."""
    installation = workplace.installation
    source = installation.catalog.source("shelf")
    put_off(installation.store, source, days, parameters, datetime.now(UTC) - timedelta(minutes=5))


def run_as_asked(instance: dg.DagsterInstance, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    """Execute what a sensor asks for, as a worker does."""
    job = build_definitions().resolve_job_def("harvest")
    key = str(request.partition_key) if request.partition_key else None
    return job.execute_in_process(
        run_config=request.run_config, tags=dict(request.tags), instance=instance, partition_key=key, raise_on_error=False
    )


@pytest.mark.parametrize("count", [1, 2], ids=["one day", "two days"])
def test_a_second_start_returns_at_once_and_is_started_again_when_the_first_has_ended(workplace, today: date, step_waits, count: int):
    workplace.add_repository("shelf", 12, last_day=today - timedelta(days=5))
    days = [today - timedelta(days=number) for number in reversed(range(count))]
    store = workplace.installation.store
    with store.hold("harvest-shelf"):
        second = workplace.harvest("shelf", *days)
        assert not second.succeeded
        assert step_waits == [], "nobody waits in the worker"
        assert recent_attempts(store, "shelf") == []
        put_off_long_ago(workplace, days, RunParameters(limit=7))
    (request,) = tick(workplace.instance, rescheduled_harvests).run_requests or ()
    assert run_as_asked(workplace.instance, request).success
    manifest = workplace.manifest("raw_records", "shelf", today)
    assert manifest.facts["asked_for"] == [str(days[0]), str(today)]
    assert manifest.facts["completeness"]["distinct"] == 7
    assert workplace.manifest("sets", "shelf", today)
    assert reason_of(tick(workplace.instance, rescheduled_harvests)).endswith(": was started")
    assert waiting(store) == []


# -- stuck -------------------------------------------------------------------------------------------------------------------------------


@contextmanager
def code_server(instance: dg.DagsterInstance, folder: Path) -> Iterator[tuple[BaseWorkspaceRequestContext, RemoteJob]]:
    """A code server, which runs are started in and which can end them; and its job ``harvest``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "dagster", "api", "grpc", "-m", "harvest_assets.definitions", "-h", "127.0.0.1", "-p", str(port)]
    environ = {**os.environ, "DAGSTER_HOME": instance.root_directory}
    with (folder / "server.log").open("wb") as log, subprocess.Popen(command, env=environ, stdout=log, stderr=log) as server:
        try:
            wait_for("the code server", lambda: is_listening(port) or server.poll() is not None)
            target = GrpcServerTarget(host="127.0.0.1", port=port, socket=None, location_name="harvest_assets")
            with WorkspaceProcessContext(instance, target) as process:
                workspace = process.create_request_context()
                (repository,) = workspace.get_code_location("harvest_assets").get_repositories().values()
                yield workspace, repository.get_full_job("harvest")
        finally:
            server.terminate()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def launch(instance: dg.DagsterInstance, server: tuple[BaseWorkspaceRequestContext, RemoteJob], day: date, source: str) -> str:
    """Start a harvest as the daemon does; the id of its run."""
    workspace, job = server
    tags = {"harvest/source": source, "dagster/partition": f"{day}|{source}"}
    run = instance.create_run_for_job(
        build_definitions().resolve_job_def("harvest"),
        tags=tags,
        remote_job_origin=job.get_remote_origin(),
        job_code_origin=job.get_python_origin(),
    )
    instance.launch_run(run.run_id, workspace)
    return run.run_id


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


@pytest.mark.slow
def test_a_harvest_that_hangs_is_ended_and_its_source_is_ready_again(workplace, today: date, tmp_path: Path):
    # no silence at all is allowed, so that nobody has to wait for it
    workplace.add_repository("mute", 30, page_size=10, last_day=today - timedelta(days=5), source={"limits": {"silence": "0m"}})
    workplace.universe.faults("mute", Faults(latency_seconds=2))
    register(workplace.instance, workplace.installation)
    store, instance = workplace.installation.store, workplace.instance
    with code_server(instance, tmp_path) as server:
        run_id = launch(instance, server, today, "mute")
        wait_for("the first page", lambda: workplace.lists_asked("mute"))
        result = tick(instance, stuck_harvests)
        assert "mute: no page came since" in reason_of(result)
        wait_for("the end of the run", lambda: status_of(instance, run_id) is dg.DagsterRunStatus.CANCELED)
    wait_for("the lock", lambda: not store.is_held("harvest-mute"))
    assert any("no page came since" in entry.message for entry in instance.all_logs(run_id))
    cursor = tick(instance, stuck_harvests, result.cursor).cursor
    (entry,) = recent_attempts(store, "mute")
    assert (cursor, entry["status"], entry["error"]) == ("{}", "failed", "Stuck")
    assert "longer than limits.silence (0m)" in entry["reason"]
    workplace.universe.faults("mute")
    assert workplace.harvest("mute", today).succeeded


def test_a_process_that_lives_and_cannot_be_asked_is_failed_and_its_ledger_set_right_when_it_ends(workplace, today: date):
    """As of a run that the command line has started."""
    workplace.add_source("alone", "http://127.0.0.1:9/oai", limits={"silence": "0m"})
    store, instance = workplace.installation.store, workplace.instance
    run = instance.create_run_for_job(build_definitions().resolve_job_def("harvest"), tags={"harvest/source": "alone"})
    for kind, step in ((DagsterEventType.PIPELINE_START, None), (DagsterEventType.STEP_START, "raw_records")):
        instance.report_dagster_event(DagsterEvent(kind.value, run.job_name, step_key=step), run.run_id)
    started = datetime.now(UTC)
    entry = {"started_at": started.isoformat(), "days": [str(today), str(today)], "status": "started", "ended_at": None}
    name = f"{started:%Y%m%dT%H%M%S%f}"
    store.ledger.write("attempts", "alone", name, entry)
    with store.hold("harvest-alone"):
        result = tick(instance, stuck_harvests)
        assert status_of(instance, run.run_id) is dg.DagsterRunStatus.FAILURE
        assert recent_attempts(store, "alone")[0]["error"] == "Stuck"
        assert list(json.loads(result.cursor or "{}")) == [run.run_id]
        # the process notices at last, and writes what it thinks
        store.ledger.write("attempts", "alone", name, {**entry, "status": "cancelled", "ended_at": datetime.now(UTC).isoformat()})
    after = tick(instance, stuck_harvests, result.cursor)
    (entry,) = recent_attempts(store, "alone")
    assert (entry["status"], entry["error"], after.cursor) == ("failed", "Stuck", "{}")
    assert "no page came since" in entry["reason"]
