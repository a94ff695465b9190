"""The sensors, a tick at a time: what is asked for, what is not, and why."""

import socket
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from harvest_assets.defs import sensors
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.model.verdict import Evidence, Verdict
from harvest_assets.stages.attempts import KIND as ATTEMPTS
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.versions import create_version
from harvest_assets.store.manifests import Manifest, new_generation


@pytest.fixture
def tick(instance: dg.DagsterInstance) -> Callable[[Any], dg.SensorResult]:
    """Evaluate a sensor as the daemon does, and keep the partitions that it adds."""

    def run(sensor: dg.SensorDefinition) -> dg.SensorResult:
        context = dg.build_sensor_context(instance=instance, resources={"installation": InstallationResource()})
        result = sensor(context)
        assert isinstance(result, dg.SensorResult)
        for request in result.dynamic_partitions_requests or ():
            instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        return result

    return run


def attempted(folder, source: str, minutes_ago: int, status: str, **more: Any) -> datetime:
    """Set an attempt down in the ledger, as a harvest does."""
    started = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    day = str(started.date())
    ended = None if status == "started" else started.isoformat()
    entry = {"started_at": started.isoformat(), "days": [day, day], "status": status, "ended_at": ended, **more}
    folder.installation.store.ledger.write(ATTEMPTS, source, f"{started:%Y%m%dT%H%M%S%f}", entry)
    return started


def put_set(folder, source: str, day: date) -> None:
    """A set as `sets` commits it; an empty one is enough for a release to list."""
    store = folder.installation.store
    verdict = Verdict(
        "held",
        "nothing arrived",
        Evidence(has_history=False, is_complete=True, old_live=0, new_live=0, missing=0, missing_confirmed=0, added=0),
    )
    facts = {"verdict": verdict.as_dict(), "contributes": None, "batch": "by-hand"}
    store.manifests.commit(Manifest("sets", source, str(day), new_generation(), "", counts={"live": 0}, facts=facts))


def keys_of(result: dg.SensorResult) -> list[str]:
    return sorted(str(each.partition_key) for each in result.run_requests or ())


def reason_of(result: dg.SensorResult) -> str:
    assert not result.run_requests
    assert result.skip_reason is not None
    return str(result.skip_reason.skip_message)


# -- new_sources -------------------------------------------------------------------------------------------------------------------------


def test_a_new_file_is_a_partition_and_a_run_in_the_same_tick(folder, tick, instance, today: date):
    folder.add_source("one")
    folder.add_source("two", url="https://host.example:8443/oai")
    folder.add_dataset("both", ["one", "two"])
    result = tick(sensors.new_sources)
    assert instance.get_dynamic_partitions("sources") == ["one", "two"]
    assert instance.get_dynamic_partitions("datasets") == ["both"]
    assert keys_of(result) == [f"{today}|one", f"{today}|two"]
    tags = {str(each.partition_key): each.tags for each in result.run_requests or ()}
    assert tags[f"{today}|two"] == {"harvest/source": "two", "harvest/host": "host.example"}
    assert reason_of(tick(sensors.new_sources)) == "nothing new"


def test_a_file_that_is_wrong_is_named_and_stops_nothing_else(folder, tick, instance, today: date):
    folder.add_source("right")
    folder.add_source("wrong", protocol="oaipmh")
    folder.write("sources", "broken", "title: [")
    result = tick(sensors.new_sources)
    assert keys_of(result) == [f"{today}|right"]
    assert instance.get_dynamic_partitions("sources") == ["right"]
    again = reason_of(tick(sensors.new_sources))
    assert "sources/wrong.yaml: " in again
    assert "sources/broken.yaml: " in again
    assert "Did you mean 'oai-pmh'?" in again or "did you mean 'oai-pmh'?" in again


def test_files_that_come_later_are_found_and_the_known_ones_are_left_alone(folder, tick, today: date):
    folder.add_source("one")
    tick(sensors.new_sources)
    folder.add_source("two")
    assert keys_of(tick(sensors.new_sources)) == [f"{today}|two"]


def test_a_source_that_is_not_to_be_harvested_is_a_partition_without_a_run(folder, tick, instance):
    folder.add_source("resting", frozen=True)
    folder.add_source("off", enabled=False, disabled_reason="being rebuilt")
    folder.add_source("by-hand", frequency="never")
    result = tick(sensors.new_sources)
    assert keys_of(result) == []
    assert instance.get_dynamic_partitions("sources") == ["by-hand", "off", "resting"]


@pytest.mark.parametrize("sensor", [sensors.new_sources, sensors.due_harvests, sensors.due_versions, sensors.availability])
def test_without_a_configuration_folder_a_tick_says_so_and_does_nothing(sensor, folder, tick):
    (folder.path / "config").rmdir()
    assert "is not a folder; set HARVEST_CONFIG" in reason_of(tick(sensor))


# -- due_harvests ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def known(folder, instance):
    """One source and its dataset, known to Dagster already."""
    folder.add_source("one")
    folder.add_dataset("all", ["one"])
    instance.add_dynamic_partitions("sources", ["one"])
    instance.add_dynamic_partitions("datasets", ["all"])
    return folder


@pytest.mark.usefixtures("known")
def test_a_source_that_is_due_gets_one_run_a_day_under_a_key_that_says_so(tick, today: date):
    first, second = tick(sensors.due_harvests), tick(sensors.due_harvests)
    assert keys_of(first) == [f"{today}|one"]
    assert [each.run_key for each in first.run_requests or ()] == [f"one|{today}|first"]
    assert [each.run_key for each in second.run_requests or ()] == [f"one|{today}|first"], "the daemon drops what it has seen"


def test_the_first_run_has_the_same_key_from_both_sensors(known, tick, today: date):
    known.add_source("two")
    by_file = {each.run_key for each in tick(sensors.new_sources).run_requests or ()}
    by_time = {each.run_key for each in tick(sensors.due_harvests).run_requests or ()}
    assert by_file == {f"two|{today}|first"}
    assert by_file <= by_time


def test_a_source_that_was_harvested_today_is_not_due(known, tick):
    attempted(known, "one", 1, "succeeded")
    assert "one: " in reason_of(tick(sensors.due_harvests))


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"frozen": True}, "is frozen"),
        ({"enabled": False, "disabled_reason": "moved"}, "is disabled"),
        ({"frequency": "never"}, "is harvested by hand only"),
    ],
)
def test_a_source_that_rests_is_not_due_and_the_tick_says_why(known, tick, keys: dict[str, Any], reason: str):
    known.add_source("one", **keys)
    assert reason in reason_of(tick(sensors.due_harvests))


@pytest.mark.usefixtures("known")
def test_a_source_whose_run_has_not_ended_is_not_asked_for_again(tick, instance, today: date):
    with_run = instance.create_run_for_job(_nothing, tags={"harvest/source": "one"}, status=dg.DagsterRunStatus.STARTED)
    assert reason_of(tick(sensors.due_harvests)) == "one: a run is under way"
    instance.delete_run(with_run.run_id)
    assert keys_of(tick(sensors.due_harvests)) == [f"{today}|one"]


@dg.job
def _nothing() -> None: ...


def test_a_source_that_is_being_harvested_from_the_command_line_is_not_asked_for_either(known, tick):
    attempted(known, "one", 5, "started")
    with known.installation.store.hold("harvest-one"):
        assert "is being harvested since" in reason_of(tick(sensors.due_harvests))


def test_after_a_failure_a_source_rests_until_its_retry(known, tick):
    attempted(known, "one", 2, "failed", error="TransientError", reason="HTTP 503")
    result = tick(sensors.due_harvests)
    assert _is_near_midnight() or "retry 1 of 3 on the day of a failure" in reason_of(result)


def _is_near_midnight() -> bool:
    """Retries are for the same UTC day: near its end there is none left."""
    now = datetime.now(UTC)
    return (now.hour, now.minute) >= (23, 40) or (now.hour, now.minute) < (0, 5)


def test_a_failure_of_yesterday_is_tried_again_under_a_key_of_its_own(known, tick, today: date):
    started = attempted(known, "one", 60 * 26, "failed", error="TransientError", reason="HTTP 503")
    (request,) = tick(sensors.due_harvests).run_requests or ()
    assert request.run_key == f"one|{today}|{started.isoformat()}"


def test_an_attempt_that_was_killed_counts_as_failed_and_is_tried_again(known, tick, today: date):
    started = attempted(known, "one", 60 * 26, "started")
    (request,) = tick(sensors.due_harvests).run_requests or ()
    assert request.run_key == f"one|{today}|{started.isoformat()}"


def test_a_source_that_failed_too_often_is_left_alone_and_the_tick_says_how_to_lift_that(known, tick):
    source = known.installation.catalog.source("one")
    versions = {"source_version": source.version, "protocol_version": source.protocol_version}
    for number in range(5):
        attempted(known, "one", 60 * 24 * (number + 1), "failed", error="PermanentError", reason="HTTP 403", **versions)
    said = reason_of(tick(sensors.due_harvests))
    assert "one: is left alone since the last 5 harvests with the same versions failed (until " in said
    assert "or `harvest reset one`)" in said


def test_a_run_that_was_turned_away_is_asked_for_again_under_another_key(known, tick, today: date):
    source = known.installation.catalog.source("one")
    ledger = HarvestLedger(known.installation.store)
    ledger.turn_away(source, str(today), str(today + timedelta(days=1)), "skipped", reason="is outside its hours")
    (request,) = tick(sensors.due_harvests).run_requests or ()
    assert (request.run_key or "").startswith(f"one|{today}|first|{today}T")


def test_a_source_that_dagster_does_not_know_yet_is_left_to_the_other_sensor(folder, tick):
    folder.add_source("unknown")
    assert tick(sensors.due_harvests).run_requests in (None, [])


# -- availability ------------------------------------------------------------------------------------------------------------------------


def test_a_source_that_does_not_answer_is_down_until_the_next_look_and_is_not_harvested(known, tick):
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody_listens.getsockname()[1]}/oai"
        known.add_source("one", url=url, network={"allow": ["loopback"]}, http={"max_attempts": 1})
        said = _first_look(tick)
    assert said.startswith("one: ")
    assert "attempt" in said
    assert "one: is down since" in reason_of(tick(sensors.due_harvests))
    assert reason_of(tick(sensors.availability)) == "no look is due"


def test_a_source_that_cannot_be_asked_is_named_by_the_tick(known, tick):
    known.add_source("one", headers={"X-Key": "${ENV:NO_SUCH_KEY}"})
    assert "NO_SUCH_KEY" in _first_look(tick)


def _first_look(tick) -> str:
    """What ticks say once the look has ended; a slow machine may need several."""
    for _ in range(10):
        said = reason_of(tick(sensors.availability))
        if "under way" not in said:
            return said
    raise AssertionError(said)


# -- due_versions ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("known")
def test_a_dataset_without_any_set_waits(tick):
    assert reason_of(tick(sensors.due_versions)) == "all: no source has a set yet"


def test_a_release_waits_for_a_source_that_is_due_and_goes_on_when_it_has_its_verdict(known, tick, today: date):
    put_set(known, "one", today - timedelta(days=1))
    assert reason_of(tick(sensors.due_versions)) == "all: waits for one"
    attempted(known, "one", 0, "succeeded")
    put_set(known, "one", today)
    (request,) = tick(sensors.due_versions).run_requests or ()
    assert str(request.partition_key) == f"all|{today}"
    assert request.tags == {"harvest/dataset": "all"}
    assert (request.run_key or "").startswith(f"all|{today}|")


def test_a_release_waits_for_a_run_that_is_under_way(known, tick, instance, today: date):
    put_set(known, "one", today)
    attempted(known, "one", 0, "succeeded")
    instance.create_run_for_job(_nothing, tags={"harvest/source": "one"}, status=dg.DagsterRunStatus.STARTED)
    assert reason_of(tick(sensors.due_versions)) == "all: waits for one"


def test_a_source_that_failed_today_holds_up_nobody(known, tick, today: date):
    known.add_source("two")
    known.add_dataset("all", ["one", "two"])
    attempted(known, "one", 0, "succeeded")
    put_set(known, "one", today)
    attempted(known, "two", 0, "failed", error="TransientError", reason="HTTP 503")
    assert keys_of(tick(sensors.due_versions)) == [f"all|{today}"]


def test_a_source_whose_file_became_wrong_holds_up_nobody(known, tick, today: date):
    attempted(known, "one", 0, "succeeded")
    put_set(known, "one", today)
    known.write("sources", "typo", "title: [")
    known.add_dataset("all", ["one", "typo"])
    assert keys_of(tick(sensors.due_versions)) == [f"all|{today}"]


def test_nothing_is_released_twice_and_a_new_set_is(known, tick, today: date):
    attempted(known, "one", 0, "succeeded")
    put_set(known, "one", today)
    first = tick(sensors.due_versions).run_requests or ()
    create_version(known.installation, "all", str(today))
    assert reason_of(tick(sensors.due_versions)) == "all: version 1 lists these sets already"
    put_set(known, "one", today)
    second = tick(sensors.due_versions).run_requests or ()
    assert first[0].run_key != second[0].run_key


def test_a_dataset_that_is_being_released_is_not_asked_for_again(known, tick, instance, today: date):
    attempted(known, "one", 0, "succeeded")
    put_set(known, "one", today)
    instance.create_run_for_job(_nothing, tags={"harvest/dataset": "all"}, status=dg.DagsterRunStatus.STARTED)
    assert reason_of(tick(sensors.due_versions)) == "no datasets"
