"""Results of the platform of the University of the Arts become products with their file."""

from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.extract.hku import Hku
from harvest_assets.interfaces import Extraction

Extract = Callable[..., Extraction]


@pytest.fixture
def record(load: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return load("hku")


def test_every_field_is_read_and_dates_have_their_day_first(extract: Extract, record: dict[str, Any]) -> None:
    product, file = extract(Hku, record).documents
    provider = {"name": "Hogeschool voor de Kunsten Utrecht", "slug": "hku"}
    assert product.properties == {
        "title": "Light and sound",
        "language": "nl",
        "copyright": "cc-by-nc-nd-40",
        "publisher_date": "2021-04-03",
        "publisher_year": 2021,
        "keywords": ["light", "sound", "theatre"],
        "authors": [{"name": "Author van One", "external_id": "hku:person:12"}],
        "provider": provider,
        "organizations": {"root": provider | {"type": "institute"}},
        "publishers": ["Hogeschool voor de Kunsten Utrecht"],
        "files": ["https://files.example.org/401/film+clip.mp4"],
    }
    assert file.properties == {
        "url": "https://files.example.org/401/film+clip.mp4",
        "media_type": "video/mp4",
        "title": "Film",
        "technical_type": "video",
        "domain": "files.example.org",
        "hash": file.srn.rpartition(":")[2],
        "product_id": "r0",
        "access_rights": "OpenAccess",
        "copyright": "cc-by-nc-nd-40",
        "language": "nl",
        "is_link": False,
        "provider": provider,
    }


@pytest.mark.parametrize("deleted", [True, 1, "1", "true", "yes"])
def test_a_deleted_result_gives_no_document(extract: Extract, record: dict[str, Any], deleted: object) -> None:
    assert extract(Hku, record | {"deleted": deleted}) == Extraction([])


@pytest.mark.parametrize("deleted", [False, 0, "0", "false", "", None, {}, []])
def test_a_result_that_is_not_deleted_is_read(extract: Extract, record: dict[str, Any], deleted: object) -> None:
    assert len(extract(Hku, record | {"deleted": deleted}).documents) == 2


def test_a_result_that_does_not_say_whether_it_is_deleted_is_set_aside(extract: Extract, record: dict[str, Any]) -> None:
    (aside,) = extract(Hku, record | {"deleted": {"at": 1}}).set_aside
    assert aside.reason == "/deleted is a dict, it must be a text"


@pytest.mark.parametrize(
    ("persons", "names"),
    [
        ({"person": [{"first_name": "Author", "last_name": "One"}, {"last_name": "Two"}]}, ["Author One", "Two"]),
        ({"person": {}}, []),
        ({}, []),
        (None, []),
        ({"person": {"email": {}}}, []),
    ],
)
def test_persons_are_one_several_or_none(extract: Extract, record: dict[str, Any], persons: object, names: list[str]) -> None:
    product = extract(Hku, record | {"persons": persons}).documents[0]
    assert [author["name"] for author in product.properties.get("authors", [])] == names


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("TEXT", "application/pdf"), ("AUDIO", "audio/mp3"), ("IMAGE", "image/jpeg"), ("NOT_SET", None), (None, None), ([], None)],
)
def test_a_file_has_the_media_type_of_its_kind(extract: Extract, record: dict[str, Any], kind: object, media_type: str | None) -> None:
    record["document"]["file"] = {"raw": "https://example.org/x", "type": kind}
    assert extract(Hku, record).documents[1].media_type == media_type


@pytest.mark.parametrize("document", [{}, None, [], {"file": {}}, {"file": {"raw": {}}}])
def test_a_result_may_have_no_file(extract: Extract, record: dict[str, Any], document: object) -> None:
    (product,) = extract(Hku, record | {"document": document}).documents
    assert "files" not in product.properties


def test_other_licences_are_all_rights_reserved_unless_the_source_says_what_they_are(extract: Extract, record: dict[str, Any]) -> None:
    record["licence"] = "Vrij"
    assert extract(Hku, record).documents[0].properties["copyright"] == "yes"
    product, file = extract(Hku, record, licences={"Vrij": "cc0-10"}, access_rights="RestrictedAccess").documents
    assert (product.properties["copyright"], file.properties["access_rights"]) == ("cc0-10", "RestrictedAccess")
