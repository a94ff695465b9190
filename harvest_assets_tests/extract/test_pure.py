"""Research outputs of both versions of Pure become products, files and links."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from harvest_assets.extract.pure import PureV1, PureV2
from harvest_assets.interfaces import Extraction

Extract = Callable[..., Extraction]
Load = Callable[[str], dict[str, Any]]

PROVIDER = {"name": "Example University", "slug": "example"}


def _name(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - a name, no secret


def test_every_field_of_version_2_is_read(extract: Extract, load: Load) -> None:
    product, *files = extract(PureV2, load("pure_v2"), provider=PROVIDER).documents
    assert product.properties == {
        "title": "Bridges",
        "description": "Over bruggen.",
        "language": "nl",
        "publisher_date": "2020-05-01",
        "publisher_year": 2020,
        "doi": "10.5072/bridges+1",
        "keywords": ["bridges", "tunnels"],
        "authors": [
            {"name": "Author Two", "external_id": "i-1", "is_external": False},
            {"name": "Author One", "external_id": "x-1", "is_external": True},
            {"name": "Three", "external_id": f"example:person:{_name('Three')}", "is_external": False},
        ],
        "provider": PROVIDER,
        "organizations": {"root": PROVIDER | {"type": "institute"}},
        "publishers": ["Example University"],
        "files": [
            "https://pure.example.org/ws/api/research-outputs/7ec4/files/bridges+1.pdf",
            "https://www.example.org/a+page",
            "https://pure.example.org/files/data.csv",
        ],
        "research_product": {"research_object_type": "Article"},
    }
    kept = ("title", "media_type", "access_rights", "copyright", "is_link", "technical_type")
    assert [tuple(file.properties.get(name) for name in kept) for file in files] == [
        ("bridges.pdf", "application/pdf", "OpenAccess", "cc-by-nc", False, "document"),
        (None, "text/html", "RestrictedAccess", "yes", True, "website"),
        ("data.csv", "text/csv", "ClosedAccess", "yes", False, "unknown"),
    ]
    assert {(file.properties["provider"]["name"], file.properties["language"]) for file in files} == {("Example University", "nl")}


def test_a_link_with_spaces_has_one_address_in_the_product_and_in_its_file(extract: Extract, load: Load) -> None:
    product, *files = extract(PureV2, load("pure_v2")).documents
    assert [file.srn for file in files] == [f"{product.srn}:{_name(address)}" for address in product.properties["files"]]
    assert [file.url for file in files] == product.properties["files"]
    assert "https://www.example.org/a+page" in product.properties["files"]


def test_an_installation_may_append_subtitles_and_read_classifications(extract: Extract, load: Load) -> None:
    options = {
        "provider": PROVIDER,
        "append_subtitle": True,
        "keyword_groups": ["ASJCSubjectAreas", "research_focus_areas"],
        "research_themes": "asjc",
        "publishers": ["Press One"],
    }
    properties = extract(PureV2, load("pure_v2"), **options).documents[0].properties
    assert properties["title"] == "Bridges: and tunnels"
    assert properties["keywords"] == ["Building and Construction", "Energy", "Engineering", "Onbekend", "bridges", "tunnels"]
    assert properties["research_product"]["research_themes"] == ["bouw_logistiek", "techniek"]
    assert properties["publishers"] == ["Press One"]
    assert properties["notes"] == ["/keywordGroups/1/classifications/2/uri: '9900' is no subject area that has a research theme"]


def test_terms_that_say_that_none_applies_are_told_by_their_address(extract: Extract, load: Load) -> None:
    groups = {"keyword_groups": ["research_focus_areas"], "ignored_keywords": ["research_focus_areas/01"]}
    assert extract(PureV2, load("pure_v2"), **groups).documents[0].properties["keywords"] == ["None", "bridges", "tunnels"]


def test_files_that_ask_for_a_key_get_the_address_where_they_are_public(extract: Extract, load: Load) -> None:
    public = {"marker": "/ws/api/", "url": "https://files.example.org/shop/"}
    product, moved, *_ = extract(PureV2, load("pure_v2"), public_files=public).documents
    assert moved.url == "https://files.example.org/shop/research-outputs/7ec4/files/bridges+1.pdf"
    assert moved.srn == f"{product.srn}:{_name(moved.url)}"
    assert product.properties["files"] == [moved.url, "https://www.example.org/a+page", "https://pure.example.org/files/data.csv"]


def test_public_files_need_an_address_to_be_at() -> None:
    with pytest.raises(ValidationError, match="String should match pattern"):
        PureV1.options.model_validate({"public_files": {"marker": "/ws/", "url": "files.example.org"}})


def test_the_description_is_in_the_language_of_the_product_else_the_first_there_is(extract: Extract, load: Load) -> None:
    record = load("pure_v2")
    record["language"]["uri"] = "/dk/atira/pure/core/languages/de_DE"
    properties = extract(PureV2, record).documents[0].properties
    assert properties["description"] == "About bridges."
    assert "language" not in properties
    properties = extract(PureV2, record, languages={"de_DE": "de"}).documents[0].properties
    assert properties["language"] == "de"


def test_every_field_of_version_1_is_read(extract: Extract, load: Load) -> None:
    product, file = extract(PureV1, load("pure_v1"), provider={"name": "Example University"}).documents
    assert product.properties == {
        "title": "Guests",
        "description": "About guests.",
        "publisher_date": "2021-02-03",
        "publisher_year": 2021,
        "doi": "10.5072/guests",
        "keywords": ["guests", "leisure"],
        "authors": [
            {"name": "Author One", "external_id": "i-1", "is_external": False},
            {"name": "Author Two", "external_id": "x-1", "is_external": True},
        ],
        "provider": {"name": "Example University"},
        "organizations": {"root": {"name": "Example University", "type": "institute"}},
        "publishers": ["Example University"],
        "files": ["https://pure.example.org/ws/files/1/guests.pdf"],
        "research_product": {"research_object_type": "Article"},
    }
    assert file.properties == {
        "url": "https://pure.example.org/ws/files/1/guests.pdf",
        "media_type": "application/pdf",
        "title": "guests.pdf",
        "technical_type": "document",
        "domain": "pure.example.org",
        "hash": file.srn.rpartition(":")[2],
        "product_id": "r0",
        "access_rights": "ClosedAccess",
        "copyright": "yes",
        "is_link": False,
        "provider": {"name": "Example University"},
    }


def test_people_without_an_identifier_are_named_after_the_source_when_it_has_no_slug(extract: Extract) -> None:
    record = {"title": {"value": "T"}, "contributors": [{"name": {"firstName": "Author", "lastName": "One"}}]}
    (author,) = extract(PureV2, record).documents[0].properties["authors"]
    assert author["external_id"] == f"shop:person:{_name('Author One')}"


@pytest.mark.parametrize(
    ("external", "order"),
    [([True, True, False, False], [2, 0, 1, 3]), ([False, True], [0, 1]), ([True, True], [0, 1]), ([], [])],
)
def test_the_first_author_of_the_organisation_comes_first_and_the_others_keep_their_order(
    extract: Extract, external: list[bool], order: list[int]
) -> None:
    people = [
        {"name": {"lastName": f"A{place}"}, "externalPerson" if is_external else "person": {"uuid": str(place)}}
        for place, is_external in enumerate(external)
    ]
    properties = extract(PureV2, {"title": {"value": "T"}, "contributors": people}).documents[0].properties
    assert [author["name"] for author in properties.get("authors", [])] == [f"A{place}" for place in order]


@pytest.mark.parametrize(
    "statuses", [None, [], [{"current": False, "publicationDate": {"year": 2020}}], [{"current": True}], [{"current": "maybe"}]]
)
def test_without_a_current_publication_there_is_no_date(extract: Extract, statuses: object) -> None:
    properties = extract(PureV2, {"title": {"value": "T"}, "publicationStatuses": statuses}).documents[0].properties
    assert not {"publisher_date", "publisher_year"} & properties.keys()
