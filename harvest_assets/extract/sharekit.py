"""``sharekit``: items of a SURFsharekit channel (JSON:API) → products and their files and links.

A record whose ``meta.status`` is other than ``active``, or whose attributes are empty, is gone and gives no document.
https://jsonapi.org/format/1.1/#document-resource-objects
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

import pyarrow as pa
from pydantic import Field

from harvest_assets.extract.access_rights import read_access_rights
from harvest_assets.extract.dates import read_day, read_year
from harvest_assets.extract.dois import read_doi
from harvest_assets.extract.json_records import Node, extract_records
from harvest_assets.extract.products import build_organizations, build_person, build_provider
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.record_documents import FoundFile, build_documents
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import ACTIVE, Document


class SharekitOptions(Options):
    """What differs between the channels of one repository."""

    test_organisations: list[str] = Field(
        default_factory=list[str], description="Names of owners whose records are tests and give no document."
    )
    publisher_keywords: dict[str, str] = Field(
        default_factory=lambda: {"hbovpk": "HBO Verpleegkunde"},
        description="Publishers to add, by what one of the keywords contains in any case.",
    )
    consortium_keywords: dict[str, str] = Field(
        default_factory=lambda: {"vaktherapie": "Projectgroep Vaktherapie"},
        description="Consortia of records that name none, by what one of the keywords contains in any case; the first that applies.",
    )


class Sharekit(Extractor):
    """Reads learning materials and research products alike; what a record lacks is left out."""

    name: ClassVar[str] = "sharekit"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = SharekitOptions

    def __init__(self, source: str, entity: str, options: Options) -> None:
        super().__init__(source, entity, options)
        self._options = cast("SharekitOptions", options)

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its product, followed by its files and its links, or nothing, or is set aside."""
        return extract_records(records, self._read)

    def _read(self, row: RawRow, record: Node) -> list[Document]:
        if (record.child("meta").state("status") or ACTIVE) != ACTIVE:
            return []
        attributes = record.require("attributes")
        owner = attributes.child("owner")
        if not attributes.fields or owner.text("name") in self._options.test_organisations:
            return []
        return build_documents(self, row, self._read_fields(attributes, owner), _find_files(attributes))

    def _read_fields(self, attributes: Node, owner: Node) -> dict[str, Any]:
        provider = build_provider(owner.text("name"), external_id=owner.text("id"))
        keywords = attributes.texts("keywords")
        published = attributes.text("publishedAt")
        doi = attributes.text("doi")
        return {
            "modified_at": attributes.text("modifiedAt"),
            "doi": read_doi(doi) or doi,
            "title": attributes.text("title"),
            "subtitle": attributes.text("subtitle"),
            "language": attributes.text("language"),
            "description": attributes.text("abstract"),
            "copyright": attributes.text("termsOfUse"),
            "technical_type": attributes.text("technicalFormat"),
            "keywords": keywords,
            "is_part_of": attributes.texts("partOf"),
            "has_parts": attributes.texts("hasParts"),
            "authors": [_read_author(author) for author in attributes.children("authors")],
            "provider": provider,
            "organizations": build_organizations(provider, "unknown") if provider else None,
            "publishers": [*attributes.texts("publishers"), *_find_by_keywords(self._options.publisher_keywords, keywords)],
            "publisher_date": read_day(published),
            "publisher_year": read_year(published),
            "learning_material": self._read_learning_material(attributes, keywords),
            "research_product": {
                "research_object_type": attributes.text("typeResearchObject"),
                "research_themes": attributes.texts("themesResearchObject"),
            },
            "notes": attributes.notes,
        }

    def _read_learning_material(self, attributes: Node, keywords: Sequence[str]) -> dict[str, Any]:
        consortia = [attributes.text("consortium"), *_find_by_keywords(self._options.consortium_keywords, keywords)]
        return {
            "aggregation_level": attributes.text("aggregationlevel"),
            "material_types": attributes.texts("typesLearningMaterial") or ["unknown"],
            "lom_educational_levels": [level.text("value") for level in attributes.children("educationalLevels")],
            "study_vocabulary": list(_find_terms(attributes.child("vocabularies"))),
            "disciplines": attributes.texts("themesLearningMaterial"),
            "consortium": next((name for name in consortia if name), None),
        }


def _read_author(author: Node) -> dict[str, Any]:
    person = author.child("person")
    return build_person(
        person.text("name"),
        email=person.text("email"),
        external_id=person.text("id"),
        dai=person.text("dai"),
        orcid=person.text("orcid"),
        isni=person.text("isni"),
        is_external=author.flag("external"),
    )


def _find_by_keywords(names: Mapping[str, str], keywords: Sequence[str]) -> list[str]:
    """The names whose words are part of a keyword, in the order of the options."""
    return [name for part, name in names.items() if any(part.lower() in keyword.lower() for keyword in keywords)]


def _find_terms(vocabularies: Node) -> Iterator[str | None]:
    for name in vocabularies.fields:
        for term in vocabularies.children(name):
            yield term.text("source")


def _find_files(attributes: Node) -> Iterator[FoundFile]:
    for file in attributes.children("files"):
        yield FoundFile(
            file.text("url"),
            file.text("resourceMimeType"),
            file.text("fileName"),
            {**_read_rights(file), "copyright": file.text("usageRight")},
        )
    for link in attributes.children("links"):
        yield FoundFile(
            link.text("url"),
            link.text("resourceMimeType") or "text/html",
            link.text("urlName"),
            {**_read_rights(link), "copyright": link.text("usageRight"), "is_link": True},
        )


def _read_rights(file: Node) -> dict[str, Any]:
    """What files and links have in common."""
    return {
        "hash": _read_etag(file.text("eTag")),
        "access_rights": read_access_rights(file.text("accessRight")),
        "priority": file.integer("important") or 0,
        "is_link": False,
    }


def _read_etag(etag: str | None) -> str | None:
    """What a strong entity tag has between its quotes (https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3); others are no hash."""
    is_quoted = etag is not None and len(etag) > 1 and etag.startswith('"') and etag.endswith('"')
    return etag.strip('"') if etag is not None and is_quoted else None
