"""Items of a Sharekit channel become products, files and links."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.assemble.documents import encode_documents
from harvest_assets.extract.sharekit import Sharekit
from harvest_assets.interfaces import Extraction

Extract = Callable[..., Extraction]
Load = Callable[[str], dict[str, Any]]


@pytest.fixture
def record(load: Load) -> dict[str, Any]:
    return load("sharekit")


def test_every_field_of_a_product_is_read(extract: Extract, record: dict[str, Any]) -> None:
    product = extract(Sharekit, record).documents[0]
    assert (product.srn, product.owner, product.entity, product.title) == ("shop:r0", "shop:r0", "product", "Wound care in practice")
    assert product.properties == {
        "title": "Wound care in practice",
        "subtitle": "A first course",
        "description": "What a nurse needs to know.",
        "language": "en",
        "doi": "10.5072/example",
        "publisher_date": "2023-09-01",
        "publisher_year": 2023,
        "copyright": "cc-by-40",
        "technical_type": "document",
        "keywords": ["HBOVPK2023", "Vaktherapie", "wounds"],
        "has_parts": ["part-b", "part-a"],
        "publishers": ["Example University", "HBO Verpleegkunde"],
        "provider": {"external_id": "owner-1", "name": "Example University"},
        "organizations": {"root": {"external_id": "owner-1", "name": "Example University", "type": "unknown"}},
        "authors": [
            {
                "name": "Author One",
                "email": "author.one@example.org",
                "external_id": "p-1",
                "orcid": "0000-0002-1825-0097",
                "is_external": False,
            },
            {"name": "Author Two", "external_id": "p-2", "dai": "123", "is_external": True},
        ],
        "files": [
            "https://files.example.org/objects/wound+care.pdf",
            "https://files.example.org/objects/slides",
            "https://www.example.org/course",
        ],
        "learning_material": {
            "aggregation_level": "3",
            "material_types": ["kennisoverdracht"],
            "lom_educational_levels": ["HBO", "WO"],
            "study_vocabulary": ["http://example.org/terms/1", "http://example.org/terms/2"],
            "disciplines": ["gezondheid"],
            "consortium": "Projectgroep Vaktherapie",
        },
        "research_product": {"research_object_type": "Rapport", "research_themes": ["gezondheid", "techniek"]},
        "notes": [
            "/attributes/links/0/important: a str where a whole number belongs, left out",
            "authors/1: its e-mail address is none, left out",
            "authors/2: a person without a name, left out",
            "authors/3: a person without a name, left out",
        ],
    }


def test_every_field_of_files_and_links_is_read(extract: Extract, record: dict[str, Any]) -> None:
    product, paper, slides, link = extract(Sharekit, record).documents
    shared = {"product_id": "r0", "provider": product.properties["provider"], "language": "en"}
    assert paper.properties == shared | {
        "url": "https://files.example.org/objects/wound+care.pdf",
        "media_type": "application/pdf",
        "title": "wound care.pdf",
        "technical_type": "document",
        "domain": "files.example.org",
        "hash": "3858f62230ac3c915f300c664312c63f",
        "access_rights": "OpenAccess",
        "copyright": "cc-by-nc-40",
        "priority": 1,
        "is_link": False,
    }
    url = "https://files.example.org/objects/slides"
    digest = hashlib.sha1(url.encode()).hexdigest()  # noqa: S324 - a name, no secret
    assert slides.srn == f"shop:r0:{digest}"
    assert slides.properties == shared | {
        "url": url,
        "media_type": "application/vnd.ms-powerpoint",
        "technical_type": "presentation",
        "domain": "files.example.org",
        "hash": digest,
        "access_rights": "RestrictedAccess",
        "copyright": "cc-by-40",
        "priority": 0,
        "is_link": False,
    }
    kept = ("title", "media_type", "technical_type", "access_rights", "copyright", "priority", "is_link")
    assert [link.properties[name] for name in kept] == ["The course", "text/html", "website", "ClosedAccess", "cc-by-40", 0, True]
    assert [file.url for file in (paper, slides, link)] == product.properties["files"]
    assert {(file.entity, file.owner, file.parent) for file in (paper, slides, link)} == {("file", "shop:r0", "shop:r0")}


@pytest.mark.parametrize(
    "changes",
    [
        {"meta": {"status": "deleted"}},
        {"meta": {"status": "Deleted"}, "attributes": None},
        {"meta": {"status": "draft"}},
        {"attributes": {}},
        {"attributes": []},
        {"attributes": None},
    ],
)
def test_a_record_that_is_gone_gives_no_document(extract: Extract, record: dict[str, Any], changes: dict[str, Any]) -> None:
    extraction = extract(Sharekit, record | changes, record)
    assert {document.owner for document in extraction.documents} == {"shop:r1"}
    assert extraction.set_aside == ()


def test_a_deleted_record_needs_no_attributes(extract: Extract) -> None:
    assert extract(Sharekit, {"id": "1", "meta": {"status": "deleted"}}) == Extraction([])


def test_records_of_test_organisations_give_no_document(extract: Extract, record: dict[str, Any]) -> None:
    assert extract(Sharekit, record, test_organisations=["Example University"]) == Extraction([])
    assert len(extract(Sharekit, record, test_organisations=["Example"]).documents) == 4


@pytest.mark.parametrize(
    ("broken", "rule", "reason"),
    [
        ({"id": "1"}, "other_format", "the record has no /attributes: check the source's extractor"),
        ({"attributes": [1]}, "field_type", "/attributes is a list, it must be an object"),
        ({"meta": {"status": [1]}}, "field_type", "/meta/status is a list, it must be a text"),
        (
            {"attributes": {"language": "nl"}},
            "other_format",
            "neither title nor description nor files are where extractor 'sharekit' reads",
        ),
    ],
)
def test_a_record_in_another_format_is_set_aside(
    extract: Extract, record: dict[str, Any], broken: dict[str, Any], rule: str, reason: str
) -> None:
    extraction = extract(Sharekit, broken, record)
    (aside,) = extraction.set_aside
    assert (aside.identifier, aside.rule) == ("r0", rule)
    assert reason in aside.reason
    assert {document.owner for document in extraction.documents} == {"shop:r1"}


@pytest.mark.parametrize("missing", ["owner", "authors", "keywords", "vocabularies", "educationalLevels", "files", "links", "meta"])
def test_what_a_record_lacks_is_left_out_and_costs_nothing_else(extract: Extract, record: dict[str, Any], missing: str) -> None:
    record["attributes"].pop(missing, None)
    record.pop(missing, None)
    product = extract(Sharekit, record).documents[0]
    assert product.title == "Wound care in practice"
    assert ("provider" in product.properties) == (missing != "owner")
    assert ("organizations" in product.properties) == (missing != "owner")


def test_a_file_that_the_source_removed_is_no_longer_a_document(extract: Extract, record: dict[str, Any]) -> None:
    before = {document.srn for document in extract(Sharekit, record).documents}
    gone = extract(Sharekit, record).documents[1].srn
    record["attributes"]["files"] = [file for file in record["attributes"]["files"] if "wound" not in str(file["url"])]
    after = extract(Sharekit, record).documents
    assert before - {document.srn for document in after} == {gone}
    assert after[0].properties["files"] == ["https://files.example.org/objects/slides", "https://www.example.org/course"]


@pytest.mark.parametrize(
    ("etag", "expected"),
    [('"abc"', "abc"), ("abc", None), ('"abc', None), ('"', None), ('W/"abc"', None), ('""', None), (None, None), (["x"], None)],
)
def test_only_a_quoted_entity_tag_is_a_hash(extract: Extract, record: dict[str, Any], etag: object, expected: str | None) -> None:
    record["attributes"]["files"] = [{"url": "https://example.org/a", "eTag": etag}]
    file = extract(Sharekit, record).documents[1]
    assert file.properties["hash"] == (expected or file.srn.rpartition(":")[2])


@pytest.mark.parametrize(("important", "priority"), [("2", 2), (3, 3), ("", 0), (None, 0), ("-1", 0), ("1" * 30, 0), (1.5, 0), (True, 0)])
def test_a_priority_is_a_whole_number(extract: Extract, record: dict[str, Any], important: object, priority: int) -> None:
    record["attributes"]["files"] = [{"url": "https://example.org/a", "important": important}]
    assert extract(Sharekit, record).documents[1].properties["priority"] == priority


def test_words_of_keywords_name_consortia_and_publishers_as_the_source_says(extract: Extract, record: dict[str, Any]) -> None:
    options = {"publisher_keywords": {}, "consortium_keywords": {"WOUND": "Wound Care Group"}}
    properties = extract(Sharekit, record, **options).documents[0].properties
    assert properties["publishers"] == ["Example University"]
    assert properties["learning_material"]["consortium"] == "Wound Care Group"
    record["attributes"]["consortium"] = "Named Consortium"
    assert extract(Sharekit, record, **options).documents[0].properties["learning_material"]["consortium"] == "Named Consortium"


def test_a_material_without_a_type_is_of_unknown_type(extract: Extract, record: dict[str, Any]) -> None:
    record["attributes"]["typesLearningMaterial"] = []
    assert extract(Sharekit, record).documents[0].properties["learning_material"]["material_types"] == ["unknown"]
    record["attributes"]["typesLearningMaterial"] = "video"
    assert extract(Sharekit, record).documents[0].properties["learning_material"]["material_types"] == ["video"]


@pytest.mark.parametrize(
    ("sent", "doi"), [("https://doi.org/10.5072/a", "10.5072/a"), ("10.5072/a", "10.5072/a"), ("none yet", "none yet")]
)
def test_a_doi_loses_its_resolver_and_what_is_none_stays_as_sent(extract: Extract, record: dict[str, Any], sent: str, doi: str) -> None:
    record["attributes"]["doi"] = sent
    assert extract(Sharekit, record).documents[0].properties["doi"] == doi


def test_a_record_that_was_only_stamped_anew_is_unchanged(extract: Extract, record: dict[str, Any]) -> None:
    before = encode_documents(extract(Sharekit, record).documents)
    record["attributes"]["modifiedAt"] = "2026-11-21T00:00:00Z"
    again = encode_documents(extract(Sharekit, record).documents)
    assert again.column("fingerprint") == before.column("fingerprint")
