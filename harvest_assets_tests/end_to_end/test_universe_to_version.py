"""Two dates of the demo universe become versions; what does not change is written once, and a run again gives the same bytes."""

import gzip
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg
import orjson
import pytest

from harvest_assets.model.window import midnight
from harvest_assets.stages.promotion import find_current, read_changes
from harvest_assets.stages.versions import Version, read_version
from harvest_assets.testing import Faults
from harvest_assets.testing.demo import LIBRARY, MUSEUM, PRESS, build_demo, second_day

JSON_OPTIONS = {
    "protocol": "json",
    "options": {
        "records": "/items",
        "identifier": "/id",
        "datestamp": "/modified",
        "deleted": "/deleted",
        "total": "/total",
        "paging": {"style": "next", "pointer": "/links/next"},
        "date_filter": {"since": "modified_since", "before": "modified_before"},
    },
    "extract": {
        "format": "mapping",
        "options": {"title": "/title", "fields": {"subjects": "/subjects"}, "files": {"records": "/files", "url": "/url"}},
    },
}


@pytest.fixture
def universe(today: date):
    with build_demo(today) as opened:
        yield opened


@pytest.fixture
def demo(workplace):
    """The sources and the dataset of the demo, with the tasks of their files: the press has its pictures looked at."""
    address = workplace.universe
    workplace.add_source(LIBRARY, address.oai_url(LIBRARY))
    workplace.add_source(MUSEUM, address.oai_url(MUSEUM), mode="full")
    workplace.add_source(PRESS, address.json_url(PRESS), tasks=["url_checks"], **JSON_OPTIONS)
    workplace.add_dataset("demo", [LIBRARY, MUSEUM, PRESS])
    return workplace


def harvest_all(demo, day: date) -> None:
    for source in (LIBRARY, MUSEUM, PRESS):
        outcome = demo.harvest(source, day)
        assert outcome.succeeded, outcome.reason
    outcome = demo.release("demo", day)
    assert outcome.succeeded, outcome.reason


def exported(demo, day: date) -> dict[str, dict[str, Any]]:
    """The published documents of a release, read from the file that consumers read."""
    manifest = demo.manifest("exports", "demo", day)
    (file,) = manifest.tables["jsonl.gz"]
    path = demo.installation.store.files.localise(f"{manifest.reference.folder}/{file.name}")
    rows = [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return {row["srn"]: row for row in rows}


def states(version: Version) -> dict[str, str]:
    return {member.source: member.state for member in version.members}


def test_two_dates_of_the_demo_universe_become_two_versions(demo, today: date):
    harvest_all(demo, today - timedelta(days=1))
    second_day(demo.universe, today)
    harvest_all(demo, today)
    store = demo.installation.store
    first, second = read_version(store, "demo", 1), read_version(store, "demo", 2)
    assert states(first) == dict.fromkeys((LIBRARY, MUSEUM, PRESS), "current")
    assert states(second) == {LIBRARY: "current", MUSEUM: "fell_back", PRESS: "current"}
    assert find_current(store, "demo") == 2
    before, after = exported(demo, today - timedelta(days=1)), exported(demo, today)
    assert len(before) == first.counts["live"]
    assert len(after) == second.counts["live"]
    # what consumers who follow the feed end up with is what the export says
    followed: dict[str, Any] = {}
    for change in read_changes(store, "demo", 0):
        if change["operation"] == "upsert":
            followed[change["srn"]] = change["document"]
        else:
            del followed[change["srn"]]
    assert followed == after
    live = {source: len(demo.universe.repository(source).identifiers()) for source in (LIBRARY, PRESS)}
    products = [row for row in after.values() if row["entity"] == "product"]
    assert {source: sum(row["source"] == source for row in products) for source in live} == live
    assert any("revised" in (row["title"] or "") for row in products)
    museum = {srn for srn, row in before.items() if row["source"] == MUSEUM}
    assert {srn for srn, row in after.items() if row["source"] == MUSEUM} == museum


def test_a_second_harvest_of_unchanged_input_writes_no_row(workplace, today: date):
    days = today - timedelta(days=1), today
    workplace.add_repository("library", 120, last_day=today - timedelta(days=3), source={"mode": "full"})
    workplace.add_dataset("all", ["library"])
    for day in days:
        assert workplace.harvest("library", day).succeeded
        assert workplace.release("all", day).succeeded
    for asset in ("raw_records", "documents"):
        first, second = (workplace.manifest(asset, "library", day) for day in days)
        assert first.counts["new_rows"] > 0
        assert second.counts["new_rows"] == 0
        assert sum(file.rows for file in second.tables.get("rows", ())) == 0
        assert workplace.rows(asset, "library", days[0]) == workplace.rows(asset, "library", days[1])
    changes = list(read_changes(workplace.installation.store, "all", 0))
    assert [each["version"] for each in changes] == [1] * len(changes)


def test_running_a_partition_again_gives_the_same_bytes(demo, today: date):
    yesterday = today - timedelta(days=1)
    tables: list[dict[str, Any]] = []
    exports: list[Any] = []
    assert demo.harvest(PRESS, yesterday).succeeded
    second_day(demo.universe, today)
    for _ in range(2):
        assert demo.harvest(PRESS, today).succeeded
        assert demo.release("demo", today).succeeded
        manifests = [demo.manifest(asset, PRESS, today) for asset in ("raw_records", "documents", "url_checks")]
        tables.append({each.asset: [each.tables.get(name) for name in ("index", "rows")] for each in manifests})
        tables[-1]["url_checks"].pop()  # the second run builds on the results of the first, and has no row of its own
        exports.append(demo.manifest("exports", "demo", today).tables)
    assert tables[0] == tables[1]
    assert {asset: len(files) for asset, (files, *_) in tables[0].items()} == {"raw_records": 1, "documents": 1, "url_checks": 1}
    assert demo.manifest("url_checks", PRESS, today).counts["calls"] == 0
    assert exports[0] == exports[1]


def _check_statuses(instance: dg.DagsterInstance) -> dict[str, str]:
    check = dg.AssetCheckKey(dg.AssetKey("sets"), "set_integrity")
    found = instance.event_log_storage.get_asset_check_partition_info([check])
    return {str(each.partition_key): each.latest_execution_status.value for each in found}


def test_every_partition_has_its_verdict_whether_it_was_run_alone_or_in_a_range(workplace, today: date):
    days = [today - timedelta(days=count) for count in (4, 3, 2, 1)]
    workplace.add_repository("range-and-single", 90, last_day=today, first_day=today - timedelta(days=10))
    assert workplace.harvest("range-and-single", *days[:3]).succeeded
    assert workplace.harvest("range-and-single", days[3]).succeeded
    # The instance is shared with tests whose harvest fails on purpose: their checks stay planned.
    statuses = {key: status for key, status in _check_statuses(workplace.instance).items() if key.endswith("|range-and-single")}
    assert statuses == {f"{day}|range-and-single": "SUCCEEDED" for day in days}


def test_a_verdict_that_falls_back_is_a_failed_evaluation_with_its_evidence(workplace, today: date):
    workplace.add_repository("halved", 100, last_day=today - timedelta(days=3), source={"mode": "full"})
    assert workplace.harvest("halved", today - timedelta(days=1)).succeeded
    workplace.universe.faults("halved", Faults(half_list="a"))
    outcome = workplace.harvest("halved", today)
    assert outcome.succeeded
    (event,) = [
        entry.dagster_event.asset_check_evaluation_data
        for entry in workplace.instance.all_logs(outcome.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if entry.dagster_event
    ]
    assert (event.passed, event.partition) == (False, f"{today}|halved")
    assert event.metadata["decision"].value == "fell_back"
    files = sum(len(record.content.files) for record in workplace.universe.repository("halved").records())
    assert event.metadata["old_live"].value == 100 + files


def test_a_range_asks_once_and_equals_one_day_after_the_other(make_workplace, today: date):
    days = [today - timedelta(days=count) for count in (3, 2, 1)]
    stores = []
    for name in ("range", "singly"):
        place = make_workplace(name)
        repository = place.add_repository("press", 150, first_day=today - timedelta(days=30), last_day=today - timedelta(days=1))
        first, second = repository.identifiers()[:2]
        repository.change(first, at=_noon(days[1]), title="Changed on the second day")
        repository.delete(second, at=_noon(days[2]))
        place.universe.clear_requests()
        if name == "range":
            assert place.harvest("press", *days).succeeded
            assert place.lists_begun("press") == 1
        else:
            for day in days:
                assert place.harvest("press", day).succeeded
            assert place.lists_begun("press") == 3
        stores.append([place.rows("documents", "press", day) for day in days])
    in_range, singly = stores
    for one, other in zip(in_range, singly, strict=True):
        assert _live(one) == _live(other)
    assert len(_live(in_range[0])) < len(_live(in_range[1]))
    assert "Changed on the second day" in {row["title"] for row in in_range[1]}


def _noon(day: date) -> datetime:
    return midnight(day) + timedelta(hours=12)


def _live(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["srn"]: row for row in rows if row["state"] == "active"}


def test_what_nobody_asked_for_is_not_promoted(workplace, today: date):
    workplace.add_repository("careful", 60, last_day=today - timedelta(days=3))
    workplace.add_dataset("by-hand", ["careful"], promote="manual")
    assert workplace.harvest("careful", today).succeeded
    assert workplace.release("by-hand", today).succeeded
    assert read_version(workplace.installation.store, "by-hand", 1).counts["sources"] == 1
    assert find_current(workplace.installation.store, "by-hand") is None


def test_a_release_of_an_old_day_does_not_replace_a_later_one(workplace, today: date):
    yesterday = today - timedelta(days=1)
    workplace.add_repository("steady", 60, last_day=today - timedelta(days=3))
    workplace.add_dataset("steady-ones", ["steady"])
    assert workplace.harvest("steady", yesterday, today).succeeded
    for day in (today, yesterday):
        assert workplace.release("steady-ones", day).succeeded
    store = workplace.installation.store
    assert read_version(store, "steady-ones", 2).day == str(yesterday)
    assert find_current(store, "steady-ones") == 1
