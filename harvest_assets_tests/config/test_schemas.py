"""Schemas of published records: those that can be used, and what is said of the others."""

import json
from pathlib import Path

import pytest

from harvest_assets.config.schemas import MAX_BYTES, load_schemas
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.schema import build_validator

SHIPPED = Path(__file__).parents[2] / "config" / "schemas"


def test_schemas_are_named_after_their_files(tmp_path):
    (tmp_path / "product.json").write_text('{"type": "object"}')
    (tmp_path / "research-product.json").write_text('{"required": ["title"]}')
    (tmp_path / "notes.txt").write_text("not a schema")
    loaded = load_schemas(tmp_path)
    assert dict(loaded.documents) == {"product": {"type": "object"}, "research-product": {"required": ["title"]}}
    assert loaded.problems == ()


def test_a_folder_that_is_not_there_has_none(tmp_path):
    assert dict(load_schemas(tmp_path / "schemas").documents) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "line 1, column 2: "),
        ("[]", "the file holds a list; write a JSON Schema as an object"),
        ('{"type": "txt"}', '/type: "txt" is not valid under any of the schemas'),
        ('{"$ref": "https://example.org/other.json"}', "the schema: Resource 'https://example.org/other.json' is not present"),
        ('{"$ref": "file:///etc/hostname"}', "the schema: Resource 'file:///etc/hostname' is not present"),
        ('{"properties": {"a": {"format": "emial"}}}', "/properties/a/format: Unknown format: 'emial'; correct the schema"),
        ("x" * (MAX_BYTES + 1), f"the file is larger than {MAX_BYTES} bytes; keep to what a record has to fulfil"),
    ],
)
def test_a_broken_schema_is_named_and_stays_unusable(tmp_path, content, message):
    (tmp_path / "product.json").write_text(content)
    (tmp_path / "file.json").write_text("{}")
    loaded = load_schemas(tmp_path)
    [problem] = loaded.problems
    assert str(problem).startswith(f"schemas/product.json: {message}")
    assert set(loaded.documents) == {"product", "file"}
    with pytest.raises(ConfigurationError, match=r"^schemas/product\.json: "):
        build_validator(loaded.documents["product"])


def test_a_name_that_no_kind_of_document_has_is_refused(tmp_path):
    (tmp_path / "Product 2.json").write_text("{}")
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere.json")
    assert [str(each) for each in load_schemas(tmp_path).problems] == [
        "schemas/Product 2.json: 'Product 2' is not a name; rename the file after the kind of document, such as product.json",
        "schemas/gone.json: the file cannot be read (No such file or directory); allow this user to read it",
    ]


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    (tmp_path / "product.json").mkdir()
    assert [str(each) for each in load_schemas(tmp_path).problems] == [
        "schemas/product.json: the file cannot be read (Is a directory); allow this user to read it"
    ]


def record(entity: str, **fields: object) -> dict[str, object]:
    empty = {"parent": None, "title": None, "url": None, "media_type": None, "datestamp": None, "properties": {}, "derivatives": {}}
    return {"srn": "lib:1", "source": "lib", "entity": entity, **empty, **fields}


@pytest.mark.parametrize(
    ("name", "fields", "is_valid"),
    [
        ("product", {"title": "T"}, True),
        (
            "product",
            {"title": "T", "properties": {"authors": [{"name": "Author One", "email": "Author One"}], "publisher_year": 2020}},
            True,
        ),
        ("product", {"title": None}, True),
        ("product", {"title": " "}, False),
        ("product", {"title": "T", "properties": {"publisher_year": "2020"}}, False),
        ("file", {"parent": "lib:1", "url": "HTTPS://example.org/a b.pdf"}, False),
        ("file", {"parent": "lib:1", "url": "https://example.org/a.pdf", "media_type": "application/pdf"}, True),
        ("file", {"parent": "lib:1", "url": "http://münchen.example/ä.pdf"}, True),
        ("file", {"parent": "lib:1", "url": "ftp://example.org/a.pdf"}, False),
        ("file", {"url": "https://example.org/a.pdf"}, False),
        ("project", {"title": "P", "properties": {"project_status": "ongoing"}}, True),
        ("project", {"title": ""}, False),
    ],
)
def test_the_shipped_schemas_keep_back_what_cannot_be_found_and_no_more(name, fields, is_valid):
    loaded = load_schemas(SHIPPED)
    assert loaded.problems == ()
    assert build_validator(loaded.documents[name]).is_valid(record(name, **fields)) is is_valid


def test_the_shipped_schemas_say_which_draft_they_are_of():
    drafts = {json.loads(path.read_text())["$schema"] for path in SHIPPED.glob("*.json")}
    assert drafts == {"https://json-schema.org/draft/2020-12/schema"}
