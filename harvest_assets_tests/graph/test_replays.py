"""The job ``replay_quarantine``, over sources that were harvested by real runs."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from harvest_assets.defs.partitions import harvest_key
from harvest_assets.defs.replay_runs import run_replay
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.defs.runs import register, run_harvest
from harvest_assets.model.quarantine import Selection
from harvest_assets.stages.quarantine import waiting_count
from harvest_assets.testing import Repository, Universe
from harvest_assets_tests.graph.conftest import Folder

OPTIONS = {"records": "/items", "identifier": "/id", "datestamp": "/modified", "paging": {"style": "next", "pointer": "/links/next"}}
TYPED, UNTYPED = {"pointer": "/title", "type": "string"}, "/title"

Configure = Callable[[str, Any], None]
Replay = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def universe() -> Iterator[Universe]:
    with Universe() as started:
        yield started


@pytest.fixture
def configure(folder: Folder, universe: Universe) -> Configure:
    """Write a source's file, with the field that its records may lack the type for."""

    def write(slug: str, field: Any) -> None:
        folder.add_source(
            slug,
            protocol="json",
            url=universe.json_url(slug),
            options=OPTIONS,
            extract={"format": "mapping", "options": {"title": "/id", "fields": {"name": field}}},
            network={"allow": ["loopback"]},
            http={"requests_per_second": 1000, "max_attempts": 1},
        )

    return write


@pytest.fixture
def harvested(folder: Folder, universe: Universe, configure: Configure, instance: dg.DagsterInstance, today: date) -> Folder:
    """Two sources with a broken record each, harvested today."""
    at = datetime.now(UTC) - timedelta(days=2)
    for slug in ("library", "press"):
        repository = universe.add(Repository.generate(slug, 5, seed=1, first_day=today - timedelta(9), last_day=today - timedelta(3)))
        repository.change(repository.identifiers()[0], at=at, title=1)  # pyright: ignore[reportArgumentType] - that is what is wrong with it
        configure(slug, TYPED)
    installation = folder.installation
    register(instance, installation)
    for slug in ("library", "press"):
        outcome = run_harvest(instance, installation, slug, [str(today)])
        assert outcome.succeeded, outcome.reason
    return folder


@pytest.fixture
def start(definitions: dg.Definitions, instance: dg.DagsterInstance) -> Replay:
    """The job as the launchpad starts it."""

    def execute(**config: Any) -> dg.ExecuteInProcessResult:
        return definitions.resolve_job_def("replay_quarantine").execute_in_process(
            run_config={"ops": {"replay": {"config": config}}}, instance=instance, raise_on_error=False
        )

    return execute


def waiting(folder: Folder) -> list[int]:
    return [waiting_count(folder.installation.store, slug) for slug in ("library", "press")]


def test_a_harvest_fills_the_quarantine_and_a_replay_after_the_fix_empties_it(
    harvested: Folder, configure: Configure, start: Replay, instance: dg.DagsterInstance, today: date
) -> None:
    assert waiting(harvested) == [1, 1]
    for slug in ("library", "press"):
        configure(slug, UNTYPED)
    result = start(rule="field_type", error="RecordError", stage="extract")
    assert result.success
    assert waiting(harvested) == [0, 0]
    key = harvest_key(str(today), "press")
    for asset in ("documents", "sets"):
        wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[key])
        record = instance.fetch_materializations(wanted, limit=1).records[0]
        assert record.run_id == result.run_id
        assert record.asset_materialization is not None
        manifest = harvested.installation.store.manifests.find(asset, "press", str(today))
        assert manifest is not None
        assert record.asset_materialization.metadata["generation"].value == manifest.generation
    evaluations = [event.asset_check_evaluation_data for event in result.all_events if event.event_type_value == "ASSET_CHECK_EVALUATION"]
    assert {(each.partition, each.passed) for each in evaluations} == {
        (harvest_key(str(today), slug), True) for slug in ("library", "press")
    }
    (output,) = [event for event in result.all_events if event.is_successful_output]
    shown = output.step_output_data.metadata["replays"].value.records
    assert [(each.data["source"], each.data["released"], each.data["still_waiting"]) for each in shown] == [
        ("library", 1, 0),
        ("press", 1, 0),
    ]


def test_only_what_is_configured_is_read_again(harvested: Folder, configure: Configure, start: Replay) -> None:
    for slug in ("library", "press"):
        configure(slug, UNTYPED)
    assert start(rule="not_json").success
    assert waiting(harvested) == [1, 1]
    assert start(sources=["press"]).success
    assert waiting(harvested) == [1, 0]


def test_a_source_that_fails_does_not_keep_the_others_from_being_replayed(harvested: Folder, configure: Configure, start: Replay) -> None:
    configure("press", UNTYPED)
    result = start(sources=["nowhere", "press"])
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "sources/nowhere.yaml: 'nowhere' is not a source" in failure.step_failure_data.user_failure_data.description
    assert waiting(harvested) == [1, 0]


def test_a_source_that_is_no_longer_configured_is_left_alone(harvested: Folder, start: Replay) -> None:
    (harvested.path / "config" / "sources" / "press.yaml").unlink()
    assert start().success
    assert waiting(harvested) == [1, 1]


def test_the_command_line_starts_the_same_job(harvested: Folder, configure: Configure, instance: dg.DagsterInstance) -> None:
    configure("press", UNTYPED)
    outcome = run_replay(instance, harvested.installation, "press", Selection(rule="field_type"))
    assert (outcome.succeeded, outcome.reason) == (True, None)
    run = instance.get_run_by_id(outcome.run_id)
    assert run is not None
    assert (run.job_name, run.tags["harvest/source"]) == ("replay_quarantine", "press")
    entry = harvested.installation.store.ledger.find("replays", "press", outcome.run_id)
    assert entry is not None
    assert (entry["released"], entry["waiting"]) == (1, 0)


def test_why_a_replay_failed_is_one_line(harvested: Folder, instance: dg.DagsterInstance) -> None:
    with InstallationResource().open().store.hold("harvest-press"):
        outcome = run_replay(instance, harvested.installation, "press", Selection())
    assert not outcome.succeeded
    assert outcome.reason is not None
    assert outcome.reason.startswith("sources/press.yaml: 'harvest-press' is being worked on by another run")


def test_the_launchpad_documents_every_field(definitions: dg.Definitions) -> None:
    config = definitions.resolve_job_def("replay_quarantine").nodes[0].definition.config_schema
    fields = config.config_type.fields
    assert sorted(fields) == ["error", "rule", "sources", "stage"]
    assert all(field.description for field in fields.values())
    assert not any(field.is_required for field in fields.values())


def test_a_stage_that_does_not_exist_is_refused_before_anything_runs(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="stage"):
        definitions.resolve_job_def("replay_quarantine").execute_in_process(
            run_config={"ops": {"replay": {"config": {"stage": "publish"}}}}, instance=instance
        )
