"""What moves by itself: a hand-made partition of any age goes on to its releases, a chain in one run asks nothing more."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from harvest_assets.defs.graph import ASSETS, build_resources
from harvest_assets.defs.jobs import HARVEST_ASSETS, RELEASE_ASSETS
from harvest_assets.defs.partitions import HARVESTS, RELEASES, SETS_OF_THE_DAY, harvest_key, release_key

OLD = "2025-03-04"


class Days:
    """Ticks of the automation sensor, and what they ask for."""

    def __init__(self, instance: dg.DagsterInstance, definitions: dg.Definitions) -> None:
        self.instance = instance
        self.definitions = definitions
        self._cursor = None

    def tick(self) -> dict[str, set[str]]:
        """Asset → partitions that are asked for."""
        everything = dg.AssetSelection.all()
        result = dg.evaluate_automation_conditions(self.definitions, self.instance, asset_selection=everything, cursor=self._cursor)
        self._cursor = result.cursor
        found: dict[str, set[str]] = {}
        for each in result.results:
            keys = {str(key) for key in each.true_subset.expensively_compute_partition_keys()}
            if keys:
                found[each.key.to_user_string()] = keys
        return found

    def made(self, asset: str, keys: Iterable[str], version: str | None = None) -> None:
        """Materializations, as runs leave them behind."""
        tags = None if version is None else {"dagster/code_version": version}
        for key in keys:
            self.instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=str(key), tags=tags))

    def carry_out(self, asked: dict[str, set[str]]) -> None:
        for asset, keys in asked.items():
            self.made(asset, keys)


@pytest.fixture
def days(instance: dg.DagsterInstance, definitions: dg.Definitions) -> Days:
    instance.add_dynamic_partitions("sources", ["one", "two"])
    instance.add_dynamic_partitions("datasets", ["both"])
    days = Days(instance, definitions)
    assert days.tick() == {}
    return days


def test_a_hand_made_partition_of_an_old_day_goes_on_to_its_releases(days: Days):
    days.made("raw_records", [harvest_key(OLD, "one")])
    seen: dict[str, set[str]] = {}
    for _ in range(6):
        asked = days.tick()
        for asset, keys in asked.items():
            seen.setdefault(asset, set()).update(keys)
        days.carry_out(asked)
    harvested, released = {f"{OLD}|one"}, {f"both|{OLD}"}
    expected = {asset: harvested for asset in HARVEST_ASSETS if asset != "raw_records"} | dict.fromkeys(RELEASE_ASSETS, released)
    assert seen == expected
    assert days.tick() == {}


def test_a_chain_that_was_made_in_one_run_asks_for_its_release_and_nothing_more(days: Days):
    for asset in HARVEST_ASSETS:
        days.made(asset, [harvest_key(OLD, "one")])
    asked = days.tick()
    assert asked == {asset: {f"both|{OLD}"} for asset in RELEASE_ASSETS}
    days.carry_out(asked)
    assert days.tick() == {}


def test_a_set_of_today_is_left_to_the_sensor_that_waits_for_the_other_sources(days: Days, today: date):
    for asset in HARVEST_ASSETS:
        days.made(asset, [harvest_key(str(today), "one"), harvest_key(str(today - timedelta(days=1)), "one")])
    asked = days.tick()
    assert asked == {asset: {f"both|{today - timedelta(days=1)}"} for asset in RELEASE_ASSETS}


def test_a_release_that_was_made_in_one_run_asks_nothing_more(days: Days):
    for asset in RELEASE_ASSETS:
        days.made(asset, [release_key("both", OLD)])
    assert days.tick() == {}


def test_a_partition_that_was_never_made_is_not_asked_for(days: Days, instance: dg.DagsterInstance):
    instance.add_dynamic_partitions("sources", ["three"])
    assert days.tick() == {}


def test_a_new_code_version_makes_exactly_the_partitions_again_that_exist(days: Days):
    keys = [harvest_key(OLD, "one"), harvest_key("2025-03-05", "two")]
    for asset in HARVEST_ASSETS:
        days.made(asset, keys)
    days.carry_out(days.tick())
    assert days.tick() == {}

    def rewrite(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(code_version="rewritten") if spec.key == dg.AssetKey("documents") else spec

    days.definitions = dg.Definitions(assets=dg.map_asset_specs(rewrite, ASSETS), resources=build_resources())
    asked = days.tick()
    assert asked == {asset: set(map(str, keys)) for asset in HARVEST_ASSETS if asset != "raw_records"}
    days.carry_out(asked)
    assert days.tick() == {asset: {f"both|{OLD}", "both|2025-03-05"} for asset in RELEASE_ASSETS}


def test_a_new_version_of_a_task_concerns_today_only_and_what_reads_it(days: Days):
    today = harvest_key(str(datetime.now(UTC).date()), "one")
    for asset in HARVEST_ASSETS:
        days.made(asset, [today, harvest_key(OLD, "one")])
    days.carry_out(days.tick())

    def rewrite(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(code_version="rewritten") if spec.key == dg.AssetKey("url_checks") else spec

    days.definitions = dg.Definitions(assets=dg.map_asset_specs(rewrite, ASSETS), resources=build_resources())
    readers = {"url_checks", "texts", "pdf_previews", "image_previews", "sets"}
    assert days.tick() == {asset: {str(today)} for asset in readers}


def test_new_vocabularies_concern_today_only(days: Days):
    today = harvest_key(str(datetime.now(UTC).date()), "one")
    for asset in HARVEST_ASSETS:
        days.made(asset, [today, harvest_key(OLD, "two")])
    days.carry_out(days.tick())
    days.instance.report_runless_asset_event(dg.AssetMaterialization("vocabularies"))
    lookups = {"study_vocabularies", "disciplines", "publisher_years", "consortia"}
    assert days.tick() == {asset: {str(today)} for asset in {*lookups, "validity", "sets"}}


def test_a_release_reads_the_sets_of_its_day_and_a_set_leads_to_the_releases_of_its_day(instance: dg.DagsterInstance):
    instance.add_dynamic_partitions("sources", ["one", "two"])
    instance.add_dynamic_partitions("datasets", ["both", "other"])
    day = release_key("both", OLD)
    upstream = SETS_OF_THE_DAY.get_upstream_mapped_partitions_result_for_partitions(
        RELEASES.empty_subset().with_partition_keys([day]), RELEASES, HARVESTS, dynamic_partitions_store=instance
    )
    assert set(upstream.partitions_subset.get_partition_keys()) == {f"{OLD}|one", f"{OLD}|two"}
    downstream = SETS_OF_THE_DAY.get_downstream_partitions_for_partitions(
        HARVESTS.empty_subset().with_partition_keys([harvest_key(OLD, "one")]), HARVESTS, RELEASES, dynamic_partitions_store=instance
    )
    assert set(downstream.get_partition_keys()) == {f"both|{OLD}", f"other|{OLD}"}
