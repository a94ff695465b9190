"""Details of projects become projects."""

from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.extract.sia import Sia
from harvest_assets.interfaces import Extraction

Extract = Callable[..., Extraction]


@pytest.fixture
def record(load: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return load("sia")


def test_every_field_is_read(extract: Extract, record: dict[str, Any]) -> None:
    (project,) = extract(Sia, record, entity="project", contact_email="desk@example.org").documents
    assert (project.entity, project.title) == ("project", "Quiet roads")
    assert project.properties == {
        "title": "Quiet roads",
        "description": "What makes a road quiet.",
        "goal": "Quieter roads.",
        "project_status": "finished",
        "started_at": "2019-09-01",
        "ended_at": "2021-08-31",
        "provider": {"name": "SIA", "slug": "sia"},
        "research_project": {
            "owners": [{"email": "desk@example.org"}],
            "contacts": [{"email": "desk@example.org"}],
            "parties": ["Example University", "Partner B", "Member A"],
        },
    }


@pytest.mark.parametrize("status", [None, "", {}, " "])
def test_a_hidden_project_gives_no_document(extract: Extract, record: dict[str, Any], status: object) -> None:
    assert extract(Sia, record | {"status": status}, {"zichtbaarheid": "verborgen"}) == Extraction([])


def test_a_status_is_unknown_unless_the_source_says_what_it_means(extract: Extract, record: dict[str, Any]) -> None:
    record["status"] = "Lopend"
    assert extract(Sia, record).documents[0].properties["project_status"] == "unknown"
    named = extract(Sia, record, statuses={"Lopend": "ongoing"}).documents[0].properties
    assert named["project_status"] == "ongoing"
    assert "owners" not in named["research_project"]


def test_a_project_without_parties_is_read(extract: Extract, record: dict[str, Any]) -> None:
    for name in ("contactinformatie", "consortiumpartners", "netwerkleden"):
        record[name] = None
    assert "research_project" not in extract(Sia, record).documents[0].properties
