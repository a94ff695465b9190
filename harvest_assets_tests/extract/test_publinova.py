"""Products of Publinova's list become products and files."""

from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.extract.publinova import Publinova
from harvest_assets.interfaces import Extraction

Extract = Callable[..., Extraction]


@pytest.fixture
def record(load: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return load("publinova")


def test_every_field_is_read(extract: Extract, record: dict[str, Any]) -> None:
    product, file = extract(Publinova, record).documents
    provider = {"name": "Publinova", "slug": "publinova"}
    assert product.properties == {
        "title": "Cycling to school",
        "description": "A field study.",
        "language": "nl",
        "copyright": "open-access",
        "doi": "10.5072/cycling",
        "publisher_date": "2022-06-30",
        "publisher_year": 2022,
        "keywords": ["cycling", "school"],
        "authors": [{"name": "Author One", "email": "author.one@example.org", "external_id": "a-1"}],
        "provider": provider,
        "organizations": {"root": provider | {"type": "repository"}},
        "publishers": ["Party B", "Party A"],
        "files": ["https://files.example.org/cycling+report.pdf"],
        "research_product": {"research_object_type": "Rapport", "research_themes": ["Mens & maatschappij"]},
    }
    assert file.properties == {
        "url": "https://files.example.org/cycling+report.pdf",
        "media_type": "application/pdf",
        "title": "Report",
        "technical_type": "document",
        "domain": "files.example.org",
        "hash": file.srn.rpartition(":")[2],
        "product_id": "r0",
        "access_rights": "OpenAccess",
        "copyright": "open-access",
        "language": "nl",
        "provider": provider,
    }


@pytest.mark.parametrize("state", ["deleted", "inactive", "DELETED"])
def test_a_product_that_is_not_active_gives_no_document(extract: Extract, record: dict[str, Any], state: str) -> None:
    assert extract(Publinova, record | {"state": state}) == Extraction([])


@pytest.mark.parametrize("state", ["active", None, ""])
def test_a_product_is_active_unless_it_says_otherwise(extract: Extract, record: dict[str, Any], state: str | None) -> None:
    assert len(extract(Publinova, record | {"state": state}).documents) == 2


def test_missing_lists_and_bad_addresses_cost_nothing_else(extract: Extract, record: dict[str, Any]) -> None:
    for name in ("keywords", "authors", "parties", "research_themes"):
        del record[name]
    record["files"] = [{"url": "javascript:alert(1)"}, {"url": "ftp://example.org/a"}, {"title": "no address"}, "text"]
    (product,) = extract(Publinova, record).documents
    assert "files" not in product.properties
    assert product.properties["notes"] == [
        "/files/3: a str where an object belongs, left out",
        "files: 'javascript:alert(1)' is no http(s) address, left out",
        "files: 'ftp://example.org/a' is no http(s) address, left out",
    ]
