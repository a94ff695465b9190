"""Run parameters through real Dagster runs: what the launchpad can say, and what it changes."""

from datetime import date, timedelta

import dagster as dg
import pytest

from harvest_assets.defs import jobs
from harvest_assets.defs.graph import ASSETS, build_definitions, build_resources
from harvest_assets.defs.partitions import harvest_key
from harvest_assets.defs.runs import register, run_harvest
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.reschedules import waiting

WORDS = {"start_date", "end_date", "limit", "superfluous", "transform", "ignore_disabled", "force", "no_split", "optimize", "full"}


def launch(workplace, day: date, **config):
    """A run as the launchpad starts it: one partition and its config."""
    register(workplace.instance, workplace.installation)
    return dg.materialize(
        ASSETS,
        instance=workplace.instance,
        resources=build_resources(),
        selection=dg.AssetSelection.assets(*jobs.HARVEST_ASSETS),
        partition_key=harvest_key(str(day), "lib"),
        run_config={"ops": {"raw_records": {"config": config}}, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )


@pytest.fixture
def library(workplace, today: date):
    return workplace.add_repository("lib", 60, first_day=today - timedelta(days=6), last_day=today, page_size=20)


def assets_of(result: dg.ExecuteInProcessResult) -> set[tuple[str, str]]:
    return {
        (event.asset_key.path[-1], str(event.partition))
        for event in result.all_events
        if event.is_step_materialization and event.asset_key is not None
    }


def test_the_launchpad_knows_every_parameter_and_says_what_it_does():
    job = build_definitions().resolve_job_def("harvest")
    fields = (
        job.run_config_schema.config_type.fields["ops"].config_type.fields["raw_records"].config_type.fields["config"].config_type.fields
    )
    assert set(fields) == WORDS
    assert all(field.description for field in fields.values())


def test_without_transform_a_run_stops_after_the_raw_records(workplace, today: date, library):
    result = launch(workplace, today, transform=False)
    assert result.success
    assert assets_of(result) == {("raw_records", f"{today}|lib")}
    assert workplace.manifest("raw_records", "lib", today).counts["received"] == len(library.identifiers())
    assert workplace.installation.store.manifests.find("documents", "lib", str(today)) is None
    assert workplace.harvest("lib", today).succeeded


@pytest.mark.usefixtures("library")
def test_a_range_is_half_open_and_its_other_days_are_partitions_too(workplace, today: date):
    start, end = today - timedelta(days=4), today - timedelta(days=1)
    result = launch(workplace, today - timedelta(days=2), start_date=str(start), end_date=str(end))
    assert result.success
    days = [str(start + timedelta(days=number)) for number in range(3)]
    assert workplace.installation.store.manifests.days("raw_records", "lib") == days
    assert {("raw_records", f"{day}|lib") for day in days} <= assets_of(result)
    assert workplace.lists_begun("lib") == 1


@pytest.mark.usefixtures("library")
def test_a_day_outside_of_its_range_is_refused_with_words(workplace, today: date):
    result = launch(workplace, today, start_date=str(today - timedelta(days=3)), end_date=str(today))
    assert not result.success
    said = [event.step_failure_data.user_failure_data.description for event in result.all_events if event.is_step_failure]
    assert "end_date is the day after the last" in said[0]


@pytest.mark.usefixtures("library")
def test_half_a_range_and_words_that_are_no_days_are_refused(workplace, today: date):
    for config in ({"start_date": str(today)}, {"start_date": "soon", "end_date": str(today)}):
        result = launch(workplace, today, **config)
        said = [event.step_failure_data.user_failure_data.description for event in result.all_events if event.is_step_failure]
        assert "give both start_date and end_date as YYYY-MM-DD" in said[0]


@pytest.mark.usefixtures("library")
def test_a_disabled_source_refuses_until_somebody_insists(workplace, today: date):
    workplace.add_source("lib", workplace.universe.oai_url("lib"), enabled=False)
    refused = workplace.harvest("lib", today)
    assert not refused.succeeded
    assert "is disabled" in str(refused.reason)
    assert refused.error == "RefusedError"
    assert workplace.universe.requests == []
    source = workplace.installation.catalog.source("lib")
    (row,) = HarvestLedger(workplace.installation.store).rows("lib")
    assert (row.status, row.source_version) == ("skipped", source.version)
    assert workplace.harvest("lib", today, ignore_disabled=True).succeeded


@pytest.mark.usefixtures("library")
def test_a_limit_and_a_reason_reach_the_harvest(workplace, today: date):
    assert workplace.harvest("lib", today, limit=7, force="a first look").succeeded
    facts = workplace.manifest("raw_records", "lib", today).facts
    assert facts["completeness"]["distinct"] == 7
    assert facts["parameters"] == {"limit": 7, "force": "a first look"}


@pytest.mark.usefixtures("library")
def test_a_busy_source_is_put_off_with_its_parameters(workplace, today: date):
    installation = workplace.installation
    with installation.store.hold("harvest-lib"):
        register(workplace.instance, installation)
        outcome = run_harvest(workplace.instance, installation, "lib", [str(today)], RunParameters(limit=3), transform=False)
    assert not outcome.succeeded
    assert "is being harvested by another run; started again at" in str(outcome.reason)
    (put,) = waiting(installation.store)
    assert (put.days, put.parameters, put.transform) == ([today], RunParameters(limit=3), False)
