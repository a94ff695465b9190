"""The job ``take_in`` and the sensor that starts it, as Dagster runs them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from harvest_assets.config.intake import Intake
from harvest_assets.defs.graph import build_resources
from harvest_assets.defs.intake import OP, received_records, take_in_job
from harvest_assets.defs.keys import SOURCE_TAG
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.stages.installation import Installation
from harvest_assets.store.inbox import Inbox, Received

SOURCE = """title: Library
protocol: json
url: http://127.0.0.1:9/
options: {identifier: /id, datestamp: /modified}
extract: {format: mapping, options: {title: /name, fields: {name: /name}}}
tasks: []
"""


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """One source, ``lib``, in the environment of this process."""
    (tmp_path / "config" / "sources").mkdir(parents=True)
    (tmp_path / "config" / "sources" / "lib.yaml").write_text(SOURCE)
    for name, place in {"HARVEST_CONFIG": "config", "HARVEST_STORE": "store", "HARVEST_STATE": "state"}.items():
        monkeypatch.setenv(name, str(tmp_path / place))
    return Installation.open()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        made.add_dynamic_partitions("sources", ["lib"])
        yield made


def send(installation: Installation, identifier: str, source: str = "lib") -> None:
    body = f'{{"id": "{identifier}", "name": "Sent"}}'.encode()
    record = {"identifier": identifier, "datestamp": "", "deleted": False, "set_specs": [], "body": body, "envelope": b""}
    Inbox(installation.store.files).put(source, Received(datetime.now(UTC).isoformat(timespec="microseconds"), record))


def run(instance: dg.DagsterInstance, source: str = "lib") -> dg.ExecuteInProcessResult:
    config = {"ops": {OP: {"config": {"source": source}}}}
    return take_in_job.execute_in_process(run_config=config, instance=instance, resources=build_resources(), raise_on_error=False)


def test_a_run_takes_the_inbox_in_and_shows_every_partition_that_it_made(installation, instance):
    send(installation, "1")
    result = run(instance)
    assert result.success
    made = {(event.asset_key.to_user_string(), event.partition) for event in result.get_asset_materialization_events()}
    day = str(datetime.now(UTC).date())
    assert made == {(asset, f"{day}|lib") for asset in ("raw_records", "documents", "overrides", "sets")}
    assert [event.passed for event in result.get_asset_check_evaluations()] == [True]
    entry = installation.store.ledger.find("intakes", "lib", result.run_id)
    assert entry is not None
    assert (entry["taken"], entry["decision"]) == (1, "first_run")


def test_a_run_for_a_source_that_is_busy_fails_with_the_reason_and_keeps_the_records(installation, instance):
    send(installation, "1")
    with installation.store.hold("harvest-lib"):
        result = run(instance)
    assert not result.success
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert "is being worked on by another run" in str(failure.event_specific_data)
    assert len(Inbox(installation.store.files).ids("lib")) == 1


class Taking(InstallationResource):
    """The installation, its source taking records in."""

    def open(self) -> Installation:
        opened = super().open()
        for source in opened.catalog.sources.values():
            vars(source)["intake"] = Intake.model_validate({"secret": "${ENV:SECRET}"})
        return opened


def tick(instance: dg.DagsterInstance, resource: InstallationResource) -> dg.SensorResult:
    with dg.build_sensor_context(instance=instance) as context:
        result = received_records(context, installation=resource)
    assert isinstance(result, dg.SensorResult)
    return result


def test_the_sensor_asks_for_a_run_when_something_waits_and_again_when_more_does(installation, instance):
    assert tick(instance, Taking()).skip_reason.skip_message == "nothing was sent"
    send(installation, "1")
    [request] = tick(instance, Taking()).run_requests
    assert request.run_config == {"ops": {OP: {"config": {"source": "lib"}}}}
    assert request.tags[SOURCE_TAG] == "lib"
    [same] = tick(instance, Taking()).run_requests
    send(installation, "2")
    [other] = tick(instance, Taking()).run_requests
    assert same.run_key.rpartition("|")[0] == request.run_key.rpartition("|")[0] != other.run_key.rpartition("|")[0]


def test_the_sensor_leaves_sources_alone_that_take_nothing_in_or_are_not_there(installation, instance):
    send(installation, "1")
    send(installation, "1", source="retired")
    assert tick(instance, InstallationResource()).skip_reason.skip_message == "nothing was sent"
    assert [request.tags[SOURCE_TAG] for request in tick(instance, Taking()).run_requests] == ["lib"]


def test_while_a_run_of_the_source_is_under_way_its_records_wait(installation, instance):
    send(installation, "1")
    config = {"ops": {OP: {"config": {"source": "lib"}}}}
    instance.create_run_for_job(take_in_job, run_config=config, status=dg.DagsterRunStatus.STARTED, tags={SOURCE_TAG: "lib"})
    assert tick(instance, Taking()).skip_reason.skip_message == "lib: a run is under way, 1 records wait"


def test_a_configuration_that_cannot_be_read_is_said(instance, monkeypatch):
    monkeypatch.setenv("HARVEST_CONFIG", "/nowhere")
    assert "is not a folder" in tick(instance, InstallationResource()).skip_reason.skip_message
