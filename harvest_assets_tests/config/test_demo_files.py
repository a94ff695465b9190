"""The files that come with the project: they load, and fit the universe that `harvest demo` starts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from harvest_assets.config.catalog import Catalog, load_catalog
from harvest_assets.config.json_schema import json_schema
from harvest_assets.testing.demo import build_demo

CONFIG = Path(__file__).parents[2] / "config"
PORT = 8771


@pytest.fixture
def catalog() -> Catalog:
    return load_catalog(CONFIG)


def test_every_file_that_comes_with_the_project_is_right(catalog: Catalog) -> None:
    assert catalog.problems == ()
    assert {"demo-library", "demo-museum", "demo-press"} <= set(catalog.sources)
    assert catalog.members("demo") == ("demo-library", "demo-museum", "demo-press")


def test_the_demo_asks_the_addresses_of_the_demo_universe(catalog: Catalog) -> None:
    universe = build_demo(datetime.now(UTC).date(), port=PORT)
    assert catalog.source("demo-library").url == universe.oai_url("demo-library")
    assert catalog.source("demo-museum").url == universe.oai_url("demo-museum")
    assert catalog.source("demo-press").url == universe.json_url("demo-press", "next")


def test_the_demo_may_reach_this_machine_only(catalog: Catalog) -> None:
    assert {source.network.allow for slug, source in catalog.sources.items() if slug.startswith("demo-")} == {("loopback",)}


def test_the_museum_is_asked_for_everything_and_the_others_for_what_changed(catalog: Catalog) -> None:
    modes = {slug: catalog.source(slug).mode for slug in catalog.members("demo")}
    assert modes == {"demo-library": "auto", "demo-museum": "full", "demo-press": "auto"}


def test_editors_find_nothing_wrong_in_the_files_either() -> None:
    for folder, kind in (("sources", "source"), ("datasets", "dataset")):
        validator = Draft202012Validator(json_schema(kind))
        for path in sorted((CONFIG / folder).glob("*.yaml")):
            assert [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text()))] == [], path.name
