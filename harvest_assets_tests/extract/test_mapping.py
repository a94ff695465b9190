"""JSON records become documents and files as a source's YAML says."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
import pyarrow as pa
import pytest
from pydantic import ValidationError

from harvest_assets.extract.mapping import Mapping, MappingOptions
from harvest_assets.interfaces import Extraction
from harvest_assets.model.document import Document

Read = Callable[..., Extraction]


@pytest.fixture
def read(build_batch: Callable[..., pa.RecordBatch]) -> Read:
    """Records, as values or bytes, through a mapping with these options."""

    def build(*records: object, **options: object) -> Extraction:
        mapping = Mapping("shop", "product", MappingOptions.model_validate({"fields": {}, **options}))
        bodies = [record if isinstance(record, bytes) else orjson.dumps(record) for record in records]
        return mapping.extract(build_batch(*bodies, envelope=b""))

    return build


def test_fields_and_title_are_read_by_their_pointers(read: Read) -> None:
    record = {"meta": {"title": "T", "a/b": 5}, "tags": [{"name": "z"}, {"name": None}, {}, {"name": "a"}], "none": None}
    fields = {
        "name": "/meta/title",
        "slash": {"pointer": "/meta/a~1b", "type": "integer"},
        "tags": {"pointer": "/tags/*/name", "type": "string"},
        "first": "/tags/0",
        "missing": "/meta/other/deep",
        "null": "/none",
        "deeper": "/none/x",
        "default": {"pointer": "/none", "default": "d"},
        "false": {"pointer": "/no", "type": "boolean", "default": False},
        "whole": {"pointer": "/tags/*/name", "type": "list"},
    }
    extraction = read(record, title="/meta/title", fields=fields)
    assert extraction.set_aside == ()
    assert extraction.documents == [
        Document(
            srn="shop:r0",
            owner="shop:r0",
            entity="product",
            properties={
                "name": "T",
                "slash": 5,
                "tags": ["z", "a"],
                "first": {"name": "z"},
                "default": "d",
                "false": False,
                "whole": ["z", "a"],
            },
            title="T",
            datestamp="2024-05-01",
        )
    ]


def test_stars_map_over_lists_of_lists(read: Read) -> None:
    record = {"a": [{"b": [{"c": 1}, {"c": 2}]}, {}, {"b": []}, {"b": [{"c": 3}]}], "empty": []}
    (document,) = read(record, fields={"c": "/a/*/b/*/c", "items": "/a/*", "empty": "/empty/*/x", "none": "/x/*/y"}).documents
    assert document.properties == {"c": [1, 2, 3], "items": record["a"], "empty": []}


@pytest.mark.parametrize(
    ("declared", "value"),
    [("string", "x"), ("integer", 1), ("number", 1), ("number", 1.5), ("boolean", True), ("list", [1])],
)
def test_values_of_the_declared_type_are_kept(read: Read, declared: str, value: object) -> None:
    (document,) = read({"x": value}, fields={"x": {"pointer": "/x", "type": declared}}).documents
    assert document.properties == {"x": value}


@pytest.mark.parametrize(
    ("declared", "value", "got"),
    [
        ("string", 1, "int"),
        ("integer", "1", "str"),
        ("integer", True, "bool"),
        ("integer", 1.5, "float"),
        ("number", False, "bool"),
        ("boolean", 0, "int"),
        ("list", {}, "dict"),
        ("string", ["x"], "list"),
    ],
)
def test_a_value_of_another_type_sets_the_record_aside(read: Read, declared: str, value: object, got: str) -> None:
    extraction = read({"x": value}, {}, fields={"x": {"pointer": "/x", "type": declared}})
    assert [document.srn for document in extraction.documents] == ["shop:r1"]
    (aside,) = extraction.set_aside
    assert (aside.identifier, aside.page, aside.stage, aside.error) == ("r0", 3, "extract", "RecordError")
    assert aside.reason == f"field 'x' at /x is a {got}, declared as {declared}"
    assert orjson.loads(aside.body) == {"x": value}


def test_the_type_of_a_starred_field_is_that_of_each_item(read: Read) -> None:
    (aside,) = read({"x": [{"y": "a"}, {"y": 1}]}, fields={"x": {"pointer": "/x/*/y", "type": "string"}}).set_aside
    assert aside.reason == "field 'x' at /x/*/y is a int, declared as string"


def test_a_star_on_something_else_sets_the_record_aside(read: Read) -> None:
    (aside,) = read({"x": {"y": 1}}, fields={"x": "/x/*/y"}).set_aside
    assert aside.reason == "/x holds a dict, and '*' needs a list"


@pytest.mark.parametrize(("body", "reason"), [(b"{", "the record is not JSON: "), (b"<x/>", "the record is not JSON: ")])
def test_a_record_that_is_not_json_is_set_aside(read: Read, body: bytes, reason: str) -> None:
    extraction = read(body, {"a": 1}, fields={"a": "/a"})
    assert [document.properties for document in extraction.documents] == [{"a": 1}]
    assert extraction.set_aside[0].reason.startswith(reason)


@pytest.mark.parametrize(
    ("record", "title"), [({}, None), ({"t": None}, None), ({"t": "x"}, "x"), ({"t": ["x", "y"]}, "x"), ({"t": []}, None)]
)
def test_the_title_is_the_first_text(read: Read, record: dict[str, Any], title: str | None) -> None:
    (document,) = read(record, title="/t").documents
    assert document.title == title


@pytest.mark.parametrize("value", [5, [5], {"nl": "x"}])
def test_a_title_of_another_type_sets_the_record_aside(read: Read, value: object) -> None:
    (aside,) = read({"t": value}, title="/t").set_aside
    assert aside.reason.startswith("the title is a ")
    assert aside.reason.endswith("it must be a string or a list of strings")


def test_files_become_documents_of_their_own(read: Read) -> None:
    record = {
        "files": [
            {"href": "https://example.org/a.pdf", "type": "application/x-own"},
            {"href": " https://example.org/b.csv "},
            {"href": "https://example.org/page"},
            {"href": "https://example.org/a.pdf"},
            {"href": "file:///etc/hosts"},
            {"href": None},
            {},
        ]
    }
    files = {"records": "/files", "url": "/href", "media_type": "/type"}
    record_document, *rest = read(record, files=files).documents
    assert [(document.url, document.media_type, document.title) for document in rest] == [
        ("https://example.org/a.pdf", "application/x-own", "a.pdf"),
        ("https://example.org/b.csv", "text/csv", "b.csv"),
        ("https://example.org/page", None, "page"),
    ]
    assert {(document.entity, document.owner, document.parent) for document in rest} == {("file", "shop:r0", record_document.srn)}
    digest = hashlib.sha1(b"https://example.org/page").hexdigest()  # noqa: S324 - a name, not a signature
    assert rest[2].srn == f"shop:r0:{digest}"
    assert rest[2].properties == {
        "url": "https://example.org/page",
        "title": "page",
        "technical_type": "unknown",
        "domain": "example.org",
        "hash": digest,
        "product_id": "r0",
    }


def test_files_may_be_plain_addresses_in_nested_lists(read: Read) -> None:
    _, file = read({"parts": [{"files": ["http://example.org/x.mp3"]}, {}]}, files={"records": "/parts/*/files/*", "url": ""}).documents
    assert (file.url, file.media_type) == ("http://example.org/x.mp3", "audio/mpeg")


def test_a_record_without_files_is_a_document_without_files(read: Read) -> None:
    assert len(read({}, files={"records": "/files", "url": ""}).documents) == 1


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"href": "x"}, "files at /files are a dict, not a list"),
        ([{"href": 5}], "field 'files.url' at /href is a int, declared as string"),
        ([{"href": "http://example.org/", "type": []}], "field 'files.media_type' at /type is a list, declared as string"),
    ],
)
def test_files_of_another_shape_set_the_record_aside(read: Read, files: object, reason: str) -> None:
    extraction = read({"files": files}, files={"records": "/files", "url": "/href", "media_type": "/type"})
    assert extraction.documents == []
    assert extraction.set_aside[0].reason == reason


def test_options_that_are_wrong_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"'title' is no JSON pointer: it must be empty or begin with '/', as in '/metadata/title'"):
        MappingOptions.model_validate({"fields": {"a": "title"}})
    with pytest.raises(ValidationError, match=r"'string', 'integer', 'number', 'boolean' or 'list'"):
        MappingOptions.model_validate({"fields": {"a": {"pointer": "/a", "type": "date"}}})
    with pytest.raises(ValidationError, match=r"fields\n.*Field required"):
        MappingOptions.model_validate({})
