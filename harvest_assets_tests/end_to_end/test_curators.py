"""What curators say of documents, and what schemas ask of them, from their files to exports and the change feed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from harvest_assets_tests.end_to_end.origin import JsonRecords, Origin
from harvest_assets_tests.end_to_end.place import Place

At = Callable[[int], datetime]
Put = Callable[..., None]
TASKS = ["licences", "validity"]
TITLED = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}


@pytest.fixture
def put(origin: Origin, place: Place, at: At) -> Put:
    """Four products ``a`` to ``d`` with a file each, and a function that lists one of them with other fields."""
    records = JsonRecords(origin, "none", {"identifier": "/id"})

    def put_one(name: str, **fields: Any) -> None:
        file = {"url": origin.url(f"/{name}.pdf"), "mime_type": "application/pdf"}
        records.put(name, {"id": name, "title": f"Work {name}", "copyright": "cc-by-40", "files": [file], **fields}, at(-1))

    for name in "abcd":
        put_one(name)
    place.write_source("lib", **records.keys, extract="publinova", tasks=TASKS)
    return put_one


def own(rows: Any, name: str) -> set[str]:
    """SRNs of a product and its file."""
    return {srn for srn in rows if srn.split(":")[1] == name}


def pass_day(place: Place, number: int, since: int) -> tuple[dict[str, dict[str, Any]], int, dict[str, str]]:
    """A day through all stages: what is exported, how far the feed goes, and what it says."""
    place.run(number)
    version = place.release(number)
    exported = place.exported(version)
    assert exported == place.content(version)
    assert len(exported) == version.counts["live"] == place.manifest("sets", number).counts["live"]
    return exported, *place.changes(since)


def test_a_corrected_title_is_published_and_survives_what_the_source_says_next(place: Place, put: Put) -> None:
    first, sequence, _ = pass_day(place, 0, 0)
    entry = {"srn": "lib:a", "reason": "A typing error", "title": "Corrected", "properties": {"doi": "10.5072/a", "publishers": None}}
    place.write("overrides/titles.yaml", [entry])
    corrected, sequence, operations = pass_day(place, 1, sequence)
    assert operations == {"lib:a": "upsert"}
    assert corrected["lib:a"]["title"] == corrected["lib:a"]["properties"]["title"] == "Corrected"
    assert corrected["lib:a"]["properties"]["doi"] == "10.5072/a"
    said = corrected["lib:a"]["derivatives"]["overrides"]
    assert (said["status"], said["output"]["reason"], said["output"]["file"]) == ("succeeded", "A typing error", "overrides/titles.yaml")
    assert {srn: row for srn, row in corrected.items() if srn != "lib:a"} == {srn: row for srn, row in first.items() if srn != "lib:a"}
    assert place.calls(1) == {"overrides": 1, "validity": 1}

    put("a", title="Another error", description="New words")
    survived, sequence, operations = pass_day(place, 2, sequence)
    assert operations == {"lib:a": "upsert"}
    assert (survived["lib:a"]["title"], survived["lib:a"]["properties"]["description"]) == ("Corrected", "New words")
    assert place.documents(2)["a"]["title"] == "Another error"

    place.write("overrides/titles.yaml", [])
    plain, _, operations = pass_day(place, 3, sequence)
    assert operations == {"lib:a": "upsert"}
    assert plain["lib:a"]["title"] == plain["lib:a"]["properties"]["title"] == "Another error"
    assert "overrides" not in plain["lib:a"]["derivatives"]


@pytest.mark.usefixtures("put")
def test_a_hidden_document_and_its_files_are_gone_until_its_entry_is_taken_out(place: Place) -> None:
    first, sequence, _ = pass_day(place, 0, 0)
    place.write("overrides/hidden.csv", "srn,field,value,reason,until\nlib:b,hidden,true,Withdrawn,\n")
    hidden, sequence, operations = pass_day(place, 1, sequence)
    assert operations == dict.fromkeys(own(first, "b"), "delete")
    assert hidden == {srn: row for srn, row in first.items() if srn not in own(first, "b")}
    assert place.manifest("sets", 1).counts == {"live": 6, "withheld": 2}
    assert place.results("overrides", 1)["lib:b"]["reason"] == "hidden: Withdrawn"

    place.write("overrides/hidden.csv", "srn,field,value,reason,until\n")
    shown, _, operations = pass_day(place, 2, sequence)
    assert operations == dict.fromkeys(own(first, "b"), "upsert")
    assert shown == first


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("broken", ["- srn: lib:b\n  hidden: [", "- {srn: 'lib:b', reason: Withdrawn, hiden: true}\n"])
def test_what_was_hidden_stays_hidden_while_its_file_is_broken(place: Place, broken: str) -> None:
    place.write("overrides/hidden.yaml", [{"srn": "lib:b", "reason": "Withdrawn", "hidden": True}])
    first, sequence, _ = pass_day(place, 0, 0)
    assert own(first, "b") == set()
    place.write("overrides/hidden.yaml", broken, is_broken=True)
    place.run(1)
    assert place.exported(place.release(1)) == first
    assert place.changes(sequence) == (sequence, {})
    place.write("overrides/hidden.yaml", [])
    shown, _, operations = pass_day(place, 2, sequence)
    assert operations == dict.fromkeys(own(shown, "b"), "upsert")
    assert len(shown) == len(first) + 2 == 8


def test_a_record_that_breaks_its_schema_is_withheld_with_its_files_until_one_of_them_is_mended(place: Place, put: Put) -> None:
    place.write("schemas/product.json", TITLED)
    put("c", title=None, description="It has no title")
    first, sequence, _ = pass_day(place, 0, 0)
    assert own(first, "c") == set()
    assert place.manifest("sets", 0).counts == {"live": 6, "withheld": 2}
    judged = place.results("validity", 0)["lib:c"]
    assert (judged["status"], judged["output"]["state"], judged["withholds"]) == ("succeeded", "inactive", True)
    assert judged["reason"].startswith("/title: ")

    put("c")
    mended, sequence, operations = pass_day(place, 1, sequence)
    assert operations == dict.fromkeys(own(mended, "c"), "upsert")
    assert place.manifest("sets", 1).counts == {"live": 8, "withheld": 0}

    put("c", title=None, description="It has no title")
    broken, sequence, operations = pass_day(place, 2, sequence)
    assert (broken, operations) == (first, dict.fromkeys(own(mended, "c"), "delete"))

    place.write("schemas/product.json", {"type": "object"})
    lax, _, operations = pass_day(place, 3, sequence)
    assert operations == dict.fromkeys(own(mended, "c"), "upsert")
    assert lax["lib:c"]["derivatives"]["validity"]["output"] == {"state": "active"}


def test_a_curator_can_mend_what_breaks_its_schema(place: Place, put: Put) -> None:
    place.write("schemas/product.json", TITLED)
    put("d", title=None, description="It has no title")
    _, sequence, _ = pass_day(place, 0, 0)
    place.write("overrides/titles.yaml", [{"srn": "lib:d", "reason": "The library was asked", "title": "Given"}])
    mended, _, operations = pass_day(place, 1, sequence)
    assert operations == dict.fromkeys(own(mended, "d"), "upsert")
    assert mended["lib:d"]["title"] == "Given"
