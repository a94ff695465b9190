"""Supervision, a tick at a time: what is started again and what is ended, when, and what is said of the rest."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.execution.plan.objects import StepSuccessData
from dagster._core.test_utils import freeze_time

from harvest_assets.defs.resources import InstallationResource
from harvest_assets.defs.supervision import rescheduled_harvests, stuck_harvests
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.attempts import KIND as ATTEMPTS
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.reschedules import put_off, waiting

LONG_AGO = datetime.now(UTC) - timedelta(minutes=10)
Tick = Callable[..., dg.SensorResult]


@dg.job
def _nothing() -> None: ...


@pytest.fixture
def tick(instance: dg.DagsterInstance) -> Tick:
    """Evaluate a sensor as the daemon does."""

    def run(sensor: dg.SensorDefinition, cursor: str | None = None) -> dg.SensorResult:
        context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"installation": InstallationResource()})
        result = sensor(context)
        assert isinstance(result, dg.SensorResult)
        return result

    return run


@pytest.fixture
def known(folder, instance: dg.DagsterInstance):
    """A source that Dagster knows."""
    folder.add_source("one", limits={"silence": "1m"})
    instance.add_dynamic_partitions("sources", ["one"])
    return folder


def reason_of(result: dg.SensorResult) -> str:
    assert not result.run_requests
    assert result.skip_reason is not None
    return str(result.skip_reason.skip_message)


def attempted(known, started_at: datetime, status: str, ended_at: datetime | None = None, days: int = 1) -> None:
    first, last = started_at.date() - timedelta(days=days - 1), started_at.date()
    entry = {
        "started_at": started_at.isoformat(),
        "days": [str(first), str(last)],
        "status": status,
        "ended_at": ended_at.isoformat() if ended_at else None,
    }
    known.installation.store.ledger.write(ATTEMPTS, "one", f"{started_at:%Y%m%dT%H%M%S%f}", entry)


# -- rescheduled_harvests ----------------------------------------------------------------------------------------------------------------


def put(known, days: list[date], parameters: RunParameters | None = None, *, at: datetime = LONG_AGO, transform: bool = True) -> datetime:
    installation = known.installation
    source = installation.catalog.source("one")
    return put_off(installation.store, source, days, parameters or RunParameters(), at, transform=transform)


@pytest.mark.parametrize("sensor", [rescheduled_harvests, stuck_harvests])
def test_without_a_configuration_folder_a_tick_says_so_and_does_nothing(sensor, folder, tick: Tick):
    (folder.path / "config").rmdir()
    assert "is not a folder; set HARVEST_CONFIG" in reason_of(tick(sensor))


@pytest.mark.usefixtures("known")
def test_where_nothing_was_put_off_nothing_is_started(tick: Tick):
    assert reason_of(tick(rescheduled_harvests)) == "nothing was put off"


def test_a_harvest_is_started_again_when_its_time_has_come_with_what_it_was_asked_for(known, tick: Tick, today: date):
    put(known, [today], RunParameters(limit=5, force="they said it is up"), transform=False)
    (request,) = tick(rescheduled_harvests).run_requests or ()
    (waits,) = waiting(known.installation.store)
    assert str(request.partition_key) == f"{today}|one"
    assert request.run_config == {"ops": {"raw_records": {"config": {"limit": 5, "force": "they said it is up", "transform": False}}}}
    assert request.tags["harvest/source"] == "one"
    assert request.tags["harvest/rescheduled"] == request.run_key == waits.key


def test_one_that_would_be_refused_goes_on_waiting_and_is_not_forgotten(known, tick: Tick, today: date):
    put(known, [today - timedelta(days=1)])
    known.add_source("one", enabled=False)
    assert "is disabled" in reason_of(tick(rescheduled_harvests))
    assert len(waiting(known.installation.store)) == 1
    known.add_source("one")
    assert len(tick(rescheduled_harvests).run_requests) == 1


def test_a_range_of_days_is_one_run_of_its_range(known, tick: Tick, today: date):
    days = [today - timedelta(days=number) for number in (2, 1, 0)]
    put(known, days)
    (request,) = tick(rescheduled_harvests).run_requests or ()
    assert request.partition_key is None
    assert request.tags["dagster/asset_partition_range_start"] == f"{days[0]}|one"
    assert request.tags["dagster/asset_partition_range_end"] == f"{today}|one"


def test_before_its_time_the_tick_says_when(known, tick: Tick, today: date):
    retry_at = put(known, [today], at=datetime.now(UTC))
    tomorrow = today + timedelta(days=1)
    assert reason_of(tick(rescheduled_harvests)) == f"one {today} to {tomorrow}: not before {retry_at:%H:%M:%S} UTC"


@pytest.mark.parametrize("tag", ["harvest/source", "dagster/partition/source"])
def test_while_a_run_of_the_source_is_under_way_it_goes_on_waiting(known, tick: Tick, today: date, instance, tag: str):
    put(known, [today])
    instance.create_run_for_job(_nothing, tags={tag: "one"}, status=dg.DagsterRunStatus.NOT_STARTED)
    assert reason_of(tick(rescheduled_harvests)).endswith(": a run is under way")


def test_a_harvest_without_a_run_counts_as_well(known, tick: Tick, today: date):
    put(known, [today])
    attempted(known, datetime.now(UTC) - timedelta(minutes=20), "started")
    with known.installation.store.hold("harvest-one"):
        assert reason_of(tick(rescheduled_harvests)).endswith(": a run is under way")
    assert len(tick(rescheduled_harvests).run_requests or ()) == 1, "a killed one is not waited for"


def test_of_two_ranges_of_a_source_one_is_started_at_a_time(known, tick: Tick, today: date):
    put(known, [today])
    put(known, [today - timedelta(days=1)])
    assert len(tick(rescheduled_harvests).run_requests or ()) == 1


def test_a_harvest_is_forgotten_when_its_run_has_ended_and_not_before(known, tick: Tick, today: date, instance):
    put(known, [today])
    (request,) = tick(rescheduled_harvests).run_requests or ()
    run = instance.create_run_for_job(_nothing, tags=dict(request.tags), status=dg.DagsterRunStatus.STARTED)
    assert reason_of(tick(rescheduled_harvests)).endswith(": a run is under way")
    assert len(waiting(known.installation.store)) == 1
    instance.report_run_failed(run)
    assert reason_of(tick(rescheduled_harvests)).endswith(": was started")
    assert waiting(known.installation.store) == []


def test_one_that_found_the_source_busy_again_waits_longer_under_another_key(known, tick: Tick, today: date, instance):
    put(known, [today])
    (first,) = tick(rescheduled_harvests).run_requests or ()
    run = instance.create_run_for_job(_nothing, tags=dict(first.tags), status=dg.DagsterRunStatus.STARTED)
    put(known, [today], at=LONG_AGO + timedelta(minutes=2))
    instance.report_run_failed(run)
    (second,) = tick(rescheduled_harvests).run_requests or ()
    assert second.run_key != first.run_key
    assert [each.retries for each in waiting(known.installation.store)] == [1]


def test_a_range_that_another_harvest_received_meanwhile_is_forgotten(known, tick: Tick, today: date):
    put(known, [today])
    attempted(known, datetime.now(UTC) - timedelta(minutes=20), "succeeded", datetime.now(UTC), days=3)
    assert reason_of(tick(rescheduled_harvests)).endswith(": forgotten, another harvest has received it")
    assert waiting(known.installation.store) == []


def test_a_source_whose_file_is_gone_is_forgotten_and_one_whose_file_is_wrong_is_not(known, tick: Tick, today: date):
    put(known, [today])
    known.write("sources", "one", "title: [")
    assert reason_of(tick(rescheduled_harvests)).endswith(": the source's file is wrong")
    assert len(waiting(known.installation.store)) == 1
    (known.path / "config" / "sources" / "one.yaml").unlink()
    assert reason_of(tick(rescheduled_harvests)).endswith(": forgotten, the source's file is gone")
    assert waiting(known.installation.store) == []


def test_a_source_that_dagster_does_not_know_yet_waits_for_its_partition(known, tick: Tick, today: date, instance):
    put(known, [today])
    instance.delete_dynamic_partition("sources", "one")
    assert reason_of(tick(rescheduled_harvests)).endswith(": the source has no partition yet")


# -- stuck_harvests ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def start(instance: dg.DagsterInstance) -> Callable[..., dg.DagsterRun]:
    """Records of runs that began ten minutes ago, at a stage, and whose process is not there."""

    def begin(*steps: str, ended: tuple[str, ...] = (), tag: str = "harvest/source") -> dg.DagsterRun:
        with freeze_time(LONG_AGO):
            run = instance.create_run_for_job(_nothing, tags={tag: "one"}, status=dg.DagsterRunStatus.STARTING)
            report(run, DagsterEventType.PIPELINE_START)
            for step in steps:
                report(run, DagsterEventType.STEP_START, step)
            for step in ended:
                report(run, DagsterEventType.STEP_SUCCESS, step)
        return run

    def report(run: dg.DagsterRun, kind: DagsterEventType, step: str | None = None) -> None:
        data = StepSuccessData(duration_ms=1.0) if kind is DagsterEventType.STEP_SUCCESS else None
        instance.report_dagster_event(DagsterEvent(kind.value, run.job_name, step_key=step, event_specific_data=data), run.run_id)

    return begin


def state_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def said_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    return "\n".join(each.message for each in instance.all_logs(run.run_id))


def began(known) -> None:
    attempted(known, LONG_AGO + timedelta(seconds=1), "started")


@pytest.mark.parametrize("tag", ["harvest/source", "dagster/partition/source"])
def test_a_run_whose_process_is_gone_has_failed_and_the_source_is_ready_again(known, tick: Tick, start, instance, tag: str):
    run = start("raw_records", tag=tag)
    began(known)
    result = tick(stuck_harvests)
    assert reason_of(result).startswith("one: the process of the harvest is gone: no sign of life since")
    assert state_of(instance, run) is dg.DagsterRunStatus.FAILURE
    assert "the process of the harvest is gone" in said_of(instance, run)
    (entry,) = known.installation.store.ledger.latest(ATTEMPTS, "one", 5)
    assert (entry["status"], entry["error"]) == ("failed", "Interrupted")
    assert result.cursor == "{}"
    assert reason_of(tick(stuck_harvests)) == "no harvest is stuck"


def test_a_run_that_was_gone_before_its_first_step_has_failed_too(known, tick: Tick, start, instance):
    run = start()
    assert "the process of the harvest is gone" in reason_of(tick(stuck_harvests))
    assert state_of(instance, run) is dg.DagsterRunStatus.FAILURE
    assert recent_attempts(known.installation.store, "one") == []


def test_a_run_that_has_just_begun_is_left_alone(known, tick: Tick, instance):
    assert known.installation.catalog.sources
    run = instance.create_run_for_job(_nothing, tags={"harvest/source": "one"}, status=dg.DagsterRunStatus.STARTED)
    assert reason_of(tick(stuck_harvests)) == "no harvest is stuck"
    assert state_of(instance, run) is dg.DagsterRunStatus.STARTED


@pytest.mark.parametrize(
    ("steps", "ended"),
    [(["raw_records", "documents"], ("raw_records",)), (["url_checks"], ())],
    ids=["after its raw records", "without raw records"],
)
def test_a_run_at_a_later_stage_is_left_alone_whatever_the_harvest_says(known, tick: Tick, start, instance, steps: list[str], ended):
    run = start(*steps, ended=ended)
    began(known)
    assert reason_of(tick(stuck_harvests)) == "no harvest is stuck"
    assert state_of(instance, run) is dg.DagsterRunStatus.STARTED


def test_runs_of_no_source_and_of_one_without_a_file_are_left_alone(known, tick: Tick, start, instance):
    runs = [start("raw_records"), start("raw_records", tag="harvest/dataset")]
    (known.path / "config" / "sources" / "one.yaml").unlink()
    assert reason_of(tick(stuck_harvests)) == "no harvest is stuck"
    assert {state_of(instance, run) for run in runs} == {dg.DagsterRunStatus.STARTED}
