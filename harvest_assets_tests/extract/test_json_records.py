"""Whatever senders put into a JSON record, it becomes documents or is set aside, the same ones on every machine."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_assets.extract.hku import Hku
from harvest_assets.extract.json_records import Node
from harvest_assets.extract.publinova import Publinova
from harvest_assets.extract.pure import PureV1, PureV2
from harvest_assets.extract.sharekit import Sharekit
from harvest_assets.extract.sia import Sia
from harvest_assets.interfaces import Extraction, Extractor

Extract = Callable[..., Extraction]
Load = Callable[[str], dict[str, Any]]

FORMATS: dict[str, tuple[type[Extractor], dict[str, object]]] = {
    "sharekit": (Sharekit, {"test_organisations": ["Test"]}),
    "pure_v1": (PureV1, {}),
    "pure_v2": (PureV2, {"research_themes": "asjc", "keyword_groups": ["ASJCSubjectAreas"], "append_subtitle": True}),
    "hku": (Hku, {}),
    "publinova": (Publinova, {}),
    "sia": (Sia, {"contact_email": "desk@example.org"}),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _list_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _list_places(inner, (*place, key))


def _replace(value: Any, place: tuple[Any, ...], new: object) -> Any:
    if not place:
        return new
    copy = value.copy()
    copy[place[0]] = _replace(value[place[0]], place[1:], new)
    return copy


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_anything_in_place_of_any_field_gives_documents_or_sets_the_record_aside(
    extract: Extract, load: Load, name: str, data: st.DataObject
) -> None:
    kind, options = FORMATS[name]
    record = load(name)
    for _ in range(data.draw(st.integers(1, 3))):
        record = _replace(record, data.draw(st.sampled_from(list(_list_places(record)))), data.draw(JSON))
    extraction = extract(kind, record, load(name), **options)
    assert {document.owner for document in extraction.documents} - {"shop:r0"} == {"shop:r1"}
    assert all(aside.identifier == "r0" and aside.rule and aside.reason for aside in extraction.set_aside)
    orjson.dumps([document.properties for document in extraction.documents])
    product, *files = [document for document in extraction.documents if document.owner == "shop:r1"]
    assert [file.url for file in files] == product.properties.get("files", [])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("missing", [None, [], {}, ""])
def test_any_field_may_be_missing_or_empty(extract: Extract, load: Load, name: str, missing: object) -> None:
    kind, options = FORMATS[name]
    record = load(name)
    for place in _list_places(record):
        extraction = extract(kind, _replace(record, place, missing), **options)
        reasons = [aside.rule for aside in extraction.set_aside]
        assert reasons == [] or place == () or set(reasons) <= {"other_format"}, place


@pytest.mark.parametrize(
    ("body", "rule", "reason"),
    [
        (b"", "not_json", "the record is not JSON: "),
        (b'{"a": ', "not_json", "the record is not JSON: "),
        (b"\xff", "not_json", "the record is not JSON: "),
        (b'{"title": "\\ud800"}', "not_json", "the record is not JSON: "),
        (b"[" * 100_000, "not_json", "the record is not JSON: "),
        (b"[]", "not_an_object", "the record is a JSON list, it must be an object"),
        (b"null", "not_an_object", "the record is a JSON NoneType, it must be an object"),
    ],
)
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_no_json_object_is_set_aside(extract: Extract, load: Load, name: str, body: bytes, rule: str, reason: str) -> None:
    kind, options = FORMATS[name]
    extraction = extract(kind, body, load(name), **options)
    (aside,) = extraction.set_aside
    assert (aside.identifier, aside.page, aside.stage, aside.rule, aside.body) == ("r0", 3, "extract", rule, body)
    assert aside.reason.startswith(reason)
    assert extraction.documents[0].owner == "shop:r1"


def test_every_process_reads_the_same_documents(build_batch: Callable[..., pa.RecordBatch], tmp_path: Path) -> None:
    fixtures = Path(__file__).parent / "fixtures"
    kinds = {name: f"{kind.__module__}:{kind.__name__}" for name, (kind, _) in FORMATS.items()}
    batches = tmp_path / "batches"
    batches.mkdir()
    for name in kinds:
        batch = build_batch((fixtures / f"{name}.json").read_bytes(), envelope=b"")
        (batches / name).write_bytes(batch.serialize().to_pybytes())
    program = (
        "import sys, importlib, pathlib, orjson, pyarrow as pa\n"
        "from harvest_assets.model.record import RAW_RECORDS\n"
        f"for name, place in {kinds!r}.items():\n"
        "    module, _, attribute = place.partition(':')\n"
        "    kind = getattr(importlib.import_module(module), attribute)\n"
        "    batch = pa.ipc.read_record_batch((pathlib.Path(sys.argv[1]) / name).read_bytes(), RAW_RECORDS)\n"
        "    documents = kind('shop', 'product', kind.options()).extract(batch).documents\n"
        "    print(orjson.dumps([(document.srn, document.properties) for document in documents]).decode())\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(batches)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert outputs.pop().count(b"\n") == len(FORMATS)


def _build(**fields: object) -> Node:
    return Node(fields, "", [])


@pytest.mark.parametrize(
    ("value", "text", "note"),
    [
        (" a ", "a", None),
        (5, "5", None),
        (1.5, "1.5", None),
        (None, None, None),
        ({}, None, None),
        (" ", None, None),
        (True, None, "/x: a bool where a text belongs, left out"),
        (["a"], None, "/x: a list where a text belongs, left out"),
    ],
)
def test_a_text_is_a_text_or_a_number(value: object, text: str | None, note: str | None) -> None:
    node = _build(x=value)
    assert node.text("x") == text
    assert node.notes == ([note] if note else [])


def test_texts_are_a_list_or_one_and_what_else_is_in_them_is_noted() -> None:
    node = _build(x=["a", 2, None, {"b": 1}, {}, True], y="one")
    assert (node.texts("x"), node.texts("y"), node.texts("z")) == (["a", "2"], ["one"], [])
    assert node.notes == ["/x/3: a dict where a text belongs, left out", "/x/5: a bool where a text belongs, left out"]


def test_a_truth_value_may_be_a_number_or_a_word() -> None:
    assert [_build(x=value).flag("x") for value in (True, 1, "1", "Yes", " true ")] == [True] * 5
    assert [_build(x=value).flag("x") for value in (False, 0, "0", "no", None, {}, "")] == [False] * 7
    node = _build(x="maybe")
    assert node.flag("x") is False
    assert node.notes == ["/x: a str where a truth value belongs, left out"]


def test_objects_inside_say_where_they_are() -> None:
    node = _build(x={"y": [{"z": []}, 5, {"z": 1}]}, u=[])
    inner = node.child("x").children("y")
    assert [each.place for each in inner] == ["/x/y/0", "/x/y/2"]
    assert node.child("u").child("v").children("w") == []
    assert node.notes == ["/x/y/1: a int where an object belongs, left out"]


def test_a_required_object_may_be_empty_but_not_missing() -> None:
    assert _build(x=[]).require("x").fields == {}
    assert _build(x={"a": 1}).require("x").fields == {"a": 1}
