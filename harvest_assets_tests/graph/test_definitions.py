"""The graph as Dagster sees it: a change of any asset, check, job, sensor or schedule shows in the snapshot beside this file."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


def describe_partitions(definition: dg.PartitionsDefinition | None) -> Any:
    if isinstance(definition, dg.MultiPartitionsDefinition):
        return {each.name: describe_partitions(each.partitions_def) for each in definition.partitions_defs}
    if isinstance(definition, dg.DynamicPartitionsDefinition):
        return f"dynamic: {definition.name}"
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        return f"daily in {definition.timezone}, end offset {definition.end_offset}"
    assert definition is None
    return None


def describe_dependency(dependency: dg.AssetDep) -> str:
    mapping = "" if dependency.partition_mapping is None else f" by {type(dependency.partition_mapping).__name__}"
    return f"{dependency.asset_key.to_user_string()}{mapping}"


def describe_metadata(metadata: Any) -> dict[str, Any]:
    """Keys of the metadata, and of a column schema the columns; where the code is does not count."""
    found: dict[str, Any] = {name: "given" for name in metadata if name != "dagster/code_references"}
    schema = metadata.get("dagster/column_schema")
    if schema is not None:
        columns = (schema.value if hasattr(schema, "value") else schema).columns
        found["dagster/column_schema"] = [f"{each.name}: {each.type}" + (" (described)" if each.description else "") for each in columns]
    return found


def describe_condition(condition: dg.AutomationCondition) -> str:
    """A condition as an expression; Dagster's own ones by their label."""
    parts = [each.get_label() or describe_condition(each) for each in condition.children]
    return f"{condition.name}({', '.join(parts)})" if parts else condition.name


def describe_asset(spec: dg.AssetSpec, policy: dg.BackfillPolicy | None, retries: dg.RetryPolicy | None) -> dict[str, Any]:
    condition = spec.automation_condition
    return {
        "group": spec.group_name,
        "kinds": sorted(spec.kinds),
        "owners": list(spec.owners),
        "is_described": bool(spec.description),
        "code_version": spec.code_version,
        "partitions": describe_partitions(spec.partitions_def),
        "backfill_policy": None if policy is None else policy.policy_type.value,
        "retries": None if retries is None else retries.max_retries,
        "has_freshness_policy": spec.freshness_policy is not None,
        "automation_condition": None if condition is None else {"label": condition.get_label(), "is": describe_condition(condition)},
        "deps": sorted(map(describe_dependency, spec.deps)),
        "metadata": describe_metadata(spec.metadata),
    }


def assets_of(definitions: dg.Definitions) -> dict[str, dg.AssetsDefinition]:
    return {each.key.to_user_string(): each for each in definitions.assets or () if isinstance(each, dg.AssetsDefinition)}


def test_every_asset_is_as_the_snapshot_says(definitions: dg.Definitions, snapshot: SnapshotAssertion):
    described = {
        key: describe_asset(next(iter(asset.specs)), asset.backfill_policy, asset.op.retry_policy)
        for key, asset in sorted(assets_of(definitions).items())
    }
    assert described == snapshot


def test_every_check_job_sensor_and_schedule_is_as_the_snapshot_says(definitions: dg.Definitions, snapshot: SnapshotAssertion):
    repository = definitions.get_repository_def()
    checks = {
        f"{spec.asset_key.to_user_string()}: {spec.name}": {
            "blocking": spec.blocking,
            "is_described": bool(spec.description),
            "partitions": describe_partitions(spec.partitions_def),
        }
        for asset in assets_of(definitions).values()
        for spec in asset.check_specs
    }
    jobs = {
        name: {
            "selection": sorted(key.to_user_string() for key in repository.get_job(name).asset_layer.executable_asset_keys),
            "partitions": describe_partitions(repository.get_job(name).partitions_def),
            "is_described": bool(repository.get_job(name).description),
        }
        for name in sorted(repository.job_names)
        if not name.startswith("__")
    }
    sensors = {
        each.name: {
            "interval": each.minimum_interval_seconds,
            "starts_as": each.default_status.value,
            "is_described": bool(each.description),
        }
        for each in sorted(repository.sensor_defs, key=lambda each: each.name)
    }
    schedules = {each.name: {"cron": each.cron_schedule, "starts_as": each.default_status.value} for each in repository.schedule_defs}
    assert {"checks": checks, "jobs": jobs, "sensors": sensors, "schedules": schedules} == snapshot


def test_every_table_has_its_columns_described(definitions: dg.Definitions):
    for key, asset in assets_of(definitions).items():
        schema = next(iter(asset.specs)).metadata.get("dagster/column_schema")
        if schema is not None:
            columns = (schema.value if hasattr(schema, "value") else schema).columns
            assert columns, key
            assert any(column.description for column in columns), key


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)


def test_the_definitions_load_with_warnings_as_errors():
    load = (
        "import warnings; import dagster; warnings.simplefilter('error');"
        "from pydantic.warnings import PydanticDeprecatedSince20;"
        "warnings.filterwarnings('ignore', category=PydanticDeprecatedSince20);"
        "from harvest_assets.definitions import defs; print(len(defs.assets))"
    )
    done = run(sys.executable, "-W", "error::DeprecationWarning:harvest_assets", "-c", load)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) >= 10


@pytest.mark.parametrize(
    "command",
    [("dg", "check", "defs"), ("dagster", "definitions", "validate", "-w", "workspace.yaml")],
    ids=["dg check defs", "dagster definitions validate"],
)
def test_the_command_line_of_dagster_finds_nothing_wrong(command: tuple[str, ...]):
    program = Path(sys.executable).with_name(command[0])
    done = run(str(program), *command[1:])
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
