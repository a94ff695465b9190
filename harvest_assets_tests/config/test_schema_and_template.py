"""The JSON Schemas and the file of a new source agree with what is loaded."""

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from harvest_assets.config.json_schema import json_schema
from harvest_assets.config.plugins import extractors, protocols
from harvest_assets.config.source_keys import SourceKeys
from harvest_assets.config.sources import build_source
from harvest_assets.config.template import write_source_template
from harvest_assets.errors import ConfigurationError

GOOD: dict[str, Any] = {"title": "A", "protocol": "shelf", "url": "http://127.0.0.1/", "options": {"row": "a"}, "extract": "plain"}


def accepts(content: dict[str, Any]) -> bool:
    schema = json_schema("source")
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(content)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"options": {"row": "a", "paging": {"style": "numbered", "first": 2}}},
        {"extract": {"format": "cards", "options": {"title": "/t"}}},
        {"extract": {"format": "plain"}},
        {"protocol": "prefixed", "options": {"metadata_prefix": "plain"}},
        {"tasks": ["reading"], "overlap": "30m", "start": "2020-01-31", "network": {"allow": ["private"]}},
        {"protocol": "oai-pmh", "options": {"set": "a"}},
    ],
)
def test_the_schema_of_a_source_accepts_what_is_loaded(keys: dict[str, Any]) -> None:
    assert build_source("a", {**GOOD, **keys}).slug == "a"
    assert accepts({**GOOD, **keys})


@pytest.mark.parametrize(
    "keys",
    [
        {"titel": "x"},
        {"protocol": "unknown"},
        {"options": {}},
        {"options": {"row": "a", "size": "big"}},
        {"options": {"row": "a", "paging": {"style": "numbered", "parameter": "p"}}},
        {"options": {"row": "a", "set": "a"}},
        {"extract": "cards"},
        {"extract": "unknown"},
        {"extract": {"format": "plain", "options": {"title": "/t"}}},
        {"tasks": ["unknown"]},
        {"overlap": "1 hour"},
        {"http": {"max_attempts": 0}},
    ],
)
def test_the_schema_of_a_source_refuses_what_is_not_loaded(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"sources/a\.yaml: "):
        build_source("a", {**GOOD, **keys})
    assert not accepts({**GOOD, **keys})


def test_options_and_extract_are_required_where_the_protocol_needs_them() -> None:
    assert not accepts({key: value for key, value in GOOD.items() if key != "options"})
    assert not accepts({key: value for key, value in GOOD.items() if key != "extract"})
    assert accepts({"title": "A", "protocol": "oai-pmh", "url": "http://127.0.0.1/"})


def test_every_plug_in_is_in_the_schema() -> None:
    schema = json_schema("source")
    assert schema["properties"]["protocol"]["enum"] == sorted(protocols())
    assert len(schema["allOf"]) == len(protocols())
    assert [choice["properties"]["format"]["const"] for choice in schema["properties"]["extract"]["oneOf"][1:]] == sorted(extractors())
    assert {"protocol-shelf-Cursor", "protocol-shelf-Numbered"} <= set(schema["$defs"])


@pytest.mark.parametrize("kind", ["source", "dataset"])
def test_every_key_is_described(kind: Any) -> None:
    schema = json_schema(kind)
    sections = [schema, *(part for name, part in schema.get("$defs", {}).items() if not name.startswith(("protocol-", "extractor-")))]
    undescribed = [name for section in sections for name, key in section["properties"].items() if not key.get("description")]
    assert undescribed == []
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False


def test_the_schema_of_a_dataset_accepts_and_refuses() -> None:
    validator = Draft202012Validator(json_schema("dataset"))
    assert validator.is_valid({"title": "A", "sources": ["*"]})
    assert not validator.is_valid({"title": "A", "sources": []})
    assert not validator.is_valid({"title": "A", "sources": ["a"], "exports": ["csv"]})


def test_durations_are_shown_as_people_write_them() -> None:
    schema = json_schema("source")
    assert schema["properties"]["overlap"]["default"] == "1h"
    assert schema["properties"]["freshness"]["default"] == {"warn": "26h", "fail": "3d"}


# -- the file of a new source ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["shelf", "prefixed", "demanding", "oai-pmh", "json"])
def test_a_new_file_loads_as_it_is(protocol: str) -> None:
    text = write_source_template("a-new_source", protocol, "https://example.org/oai?x=1")
    source = build_source("a-new_source", yaml.safe_load(text))
    assert (source.title, source.protocol, source.url) == ("A new source", protocol, "https://example.org/oai?x=1")


def test_a_new_file_explains_every_key_and_shows_its_default() -> None:
    lines = write_source_template("a", "prefixed", "https://example.org/").splitlines()
    for name, field in SourceKeys.model_fields.items():
        assert f"# {field.description}" in lines, name
    assert "# overlap: 1h" in lines
    assert "# mode: auto" in lines
    assert "# options:" in lines
    assert "#   metadata_prefix: plain" in lines


def test_required_options_are_lines_with_a_remark_and_the_others_comments() -> None:
    lines = write_source_template("a", "shelf", "https://example.org/").splitlines()
    assert "options:" in lines
    assert "  row: /row  # required: correct it" in lines
    assert "  # size: 10" in lines
    assert "extract:" in lines


def test_a_placeholder_has_the_shape_of_its_option() -> None:
    assert yaml.safe_load(write_source_template("a", "demanding", "https://example.org/"))["options"] == {
        "kind": "round",
        "corner": {"height": 1.0, "lit": True, "names": []},
        "paging": {"style": "cursor", "parameter": "/parameter"},
        "width": 7,
        "depth": 1,
    }


def test_a_title_that_yaml_would_take_for_something_else_stays_text() -> None:
    assert yaml.safe_load(write_source_template("2024", "prefixed", "https://example.org/"))["title"] == "2024"


def test_what_cannot_become_a_source_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^'A b' is not a name for a source; use a-z, 0-9, '_' and '-', at most 63$"):
        write_source_template("A b", "shelf", "https://example.org/")
    with pytest.raises(ConfigurationError, match=r"^url 'example' is not an address; write http:// or https:// and a host$"):
        write_source_template("a", "shelf", "example")
    with pytest.raises(ConfigurationError, match=r"^protocol 'shelv' is not one of .* Did you mean 'shelf'\?$"):
        write_source_template("a", "shelv", "https://example.org/")
