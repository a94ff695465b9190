"""Every source format from its server, by its protocol, through all stages and every document task, into an export."""

import hashlib
import shutil
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import orjson
import pytest

from harvest_assets.config.plugins import document_tasks
from harvest_assets.stages.shapes import DERIVATIVE
from harvest_assets_tests.end_to_end.formats import FORMATS, PDF, Format
from harvest_assets_tests.end_to_end.origin import JsonRecords, OaiPmhRecords, Origin
from harvest_assets_tests.end_to_end.place import PROJECT, Place

At = Callable[[int], datetime]
Rows = dict[str, dict[str, Any]]

TASKS = ["url_checks", "texts", "pdf_previews", "licences", "languages", "validity"]  # all of them are another test's
TWO_LANGUAGES = {"languages": {"languages": ["nl", "en"]}}  # models take long to load


@pytest.fixture(params=FORMATS, ids=lambda each: each.name)
def source_format(request: pytest.FixtureRequest) -> Format:
    return request.param


@pytest.fixture
def records(source_format: Format, origin: Origin, place: Place, at: At) -> OaiPmhRecords | JsonRecords:
    """A server with three records of a format, and the source ``lib`` that harvests it."""
    served = source_format.open(origin)
    for name in source_format.names:
        served.put(name, source_format.build(name), at(-1))
    extract = {"format": source_format.name, "options": source_format.options}
    place.write_source("lib", **served.keys, extract=extract, entity=source_format.entity, tasks=TASKS, task_options=TWO_LANGUAGES)
    return served


def name_file(product: str, url: str) -> str:
    return f"{product}:{hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()}"


def expect(source_format: Format, origin: Origin, *products: str) -> set[str]:
    """SRNs of products and of all their files."""
    files = {name_file(product, origin.url(path)) for product in products for path in source_format.files}
    return {*products, *files}


def check_documents(source_format: Format, origin: Origin, rows: Rows, product: str) -> None:
    own = rows[product]
    assert own["entity"] == source_format.entity
    assert own["parent"] is None
    assert own["properties"].items() >= dict(source_format.product).items()
    assert own["properties"].get("files", []) == [origin.url(path) for path in source_format.files]
    for path, (media_type, access_rights, _) in source_format.files.items():
        file = rows[name_file(product, origin.url(path))]
        assert (file["entity"], file["parent"], file["url"], file["media_type"]) == ("file", product, origin.url(path), media_type)
        assert file["properties"].get("access_rights") == access_rights


def check_results(source_format: Format, origin: Origin, rows: Rows, product: str) -> None:
    found = {task: each["output"] for task, each in rows[product]["derivatives"].items()}
    assert found["validity"] == {"state": "active"}
    assert found.get("licences", {}).get("spdx") == source_format.licence
    assert found.get("languages", {}).get("detected") == source_format.language
    for path, (media_type, _, is_read) in source_format.files.items():
        results = rows[name_file(product, origin.url(path))]["derivatives"]
        assert results["url_checks"]["output"]["outcome"] == "ok"
        assert results["validity"]["output"] == {"state": "active"}
        assert ("texts" in results) == is_read
        assert ("pdf_previews" in results) == (media_type == PDF)
        assert {each["status"] for each in results.values()} == {"succeeded"}
        assert not is_read or "Plain words of a work on loopback" in results["texts"]["output"]["excerpt"]


def test_a_format_goes_from_its_server_to_an_export_and_its_records_are_taken_back(
    source_format: Format, records: OaiPmhRecords | JsonRecords, origin: Origin, place: Place, at: At
) -> None:
    kept, hidden, changed = (f"lib:{name}" for name in source_format.names)

    assert place.run(0).decision == "first_run"
    first = place.exported(place.release(0))
    assert first.keys() == expect(source_format, origin, kept, hidden, changed)
    for product in (kept, hidden, changed):
        check_documents(source_format, origin, first, product)
        check_results(source_format, origin, first, product)
    assert place.manifest("raw_records", 0).facts["is_complete"]
    sequence, _ = place.changes()

    place.run(1)
    assert place.calls(1) == {}
    assert place.exported(place.release(1)) == first
    assert place.changes(sequence) == (sequence, {})

    records.put(hidden[4:], source_format.hide(source_format.build(hidden[4:])), at(2))
    if source_format.drop is not None:
        records.put(changed[4:], source_format.drop(source_format.build(changed[4:])), at(2))
    place.run(2)
    last = place.exported(place.release(2))
    dropped = {name_file(changed, origin.url(path)) for path in list(source_format.files)[-1:]}
    assert last.keys() == expect(source_format, origin, kept, changed) - dropped
    own = expect(source_format, origin, kept)
    assert {srn: last[srn] for srn in own} == {srn: first[srn] for srn in own}
    _, operations = place.changes(sequence)
    deleted = {srn for srn, operation in operations.items() if operation == "delete"}
    assert deleted == expect(source_format, origin, hidden) | dropped
    assert operations.keys() - deleted == ({changed} if dropped else set())


@pytest.mark.slow
def test_every_installed_task_has_a_result_for_every_document_of_its_entities_after_a_real_run(
    workplace: Any, origin: Origin, today: date, at: At
) -> None:
    for folder in ("schemas", "vocabularies"):
        shutil.copytree(PROJECT / "config" / folder, workplace.folder / "config" / folder)
    source_format = next(each for each in FORMATS if each.name == "sharekit")
    served = source_format.open(origin)
    for name in source_format.names:
        served.put(name, source_format.build(name), at(-1))
    workplace.add_source("lib", **{**served.keys, "extract": "sharekit", "tasks": None, "task_options": TWO_LANGUAGES})
    workplace.add_dataset("all", ["lib"])
    assert workplace.harvest("lib", today).succeeded
    assert workplace.release("all", today).succeeded

    tasks = document_tasks()
    assert len(tasks) >= 14
    documents = {row["srn"]: row["entity"] for row in workplace.rows("documents", "lib", today)}
    for name, task in tasks.items():
        rows = read_results(workplace, name, today)
        looked_at = {srn for srn, entity in documents.items() if not task.entities or entity in task.entities}
        assert {row["srn"] for row in rows} == looked_at, name
        assert {row["status"] for row in rows} <= {"succeeded", "not_applicable"}, name
        assert all(row["status"] == "succeeded" or row["reason"] for row in rows), name
    disciplines = [orjson.loads(row["output"])["keyword"] for row in read_results(workplace, "disciplines", today)]
    assert disciplines == [["health"]] * len(source_format.names)

    assert workplace.harvest("lib", today).succeeded
    assert {name: workplace.manifest(name, "lib", today).counts["calls"] for name in tasks} == dict.fromkeys(tasks, 0)


def read_results(workplace: Any, task: str, day: date) -> list[dict[str, Any]]:
    return workplace.installation.store.snapshot(workplace.manifest(task, "lib", day), DERIVATIVE).table().to_pylist()
