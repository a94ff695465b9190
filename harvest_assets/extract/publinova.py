"""``publinova``: products of Publinova's own list → products and their files. A state other than ``active`` gives no document."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, cast

import pyarrow as pa
from pydantic import Field

from harvest_assets.extract.access_rights import OPEN
from harvest_assets.extract.dates import read_day, read_year
from harvest_assets.extract.dois import read_doi
from harvest_assets.extract.json_records import Node, extract_records
from harvest_assets.extract.products import build_organizations, build_person
from harvest_assets.extract.providers import ProviderOptions
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.record_documents import FoundFile, build_documents
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import ACTIVE, Document


class PublinovaOptions(Options):
    """Who offers the products, and who may read their files."""

    provider: ProviderOptions = Field(
        default_factory=lambda: ProviderOptions(name="Publinova", slug="publinova"), description="The organisation behind the list."
    )
    access_rights: Literal["OpenAccess", "RestrictedAccess", "ClosedAccess"] = Field(
        OPEN, description="Access rights of all files, because the records do not give them."
    )


class Publinova(Extractor):
    """Reads research products; what a record lacks is left out."""

    name: ClassVar[str] = "publinova"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = PublinovaOptions

    def __init__(self, source: str, entity: str, options: Options) -> None:
        super().__init__(source, entity, options)
        self._options = cast("PublinovaOptions", options)

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its product, followed by its files, or nothing, or is set aside."""
        return extract_records(records, self._read)

    def _read(self, row: RawRow, record: Node) -> list[Document]:
        if (record.state("state") or ACTIVE) != ACTIVE:
            return []
        return build_documents(self, row, self._read_fields(record), self._find_files(record))

    def _read_fields(self, record: Node) -> dict[str, Any]:
        provider = self._options.provider.build()
        published = record.text("published_at")
        return {
            "modified_at": record.text("modified_at"),
            "doi": read_doi(record.text("doi")),
            "title": record.text("title"),
            "language": record.text("language"),
            "description": record.text("description"),
            "copyright": record.text("copyright"),
            "keywords": [keyword.text("label") for keyword in record.children("keywords")],
            "authors": [_read_author(author) for author in record.children("authors")],
            "provider": provider,
            "organizations": build_organizations(provider, "repository"),
            "publishers": [party.text("name") for party in record.children("parties")],
            "publisher_date": read_day(published),
            "publisher_year": read_year(published),
            "research_product": {
                "research_object_type": record.text("research_object_type"),
                "research_themes": [theme.text("label") for theme in record.children("research_themes")],
            },
            "notes": record.notes,
        }

    def _find_files(self, record: Node) -> Iterator[FoundFile]:
        rights = {"access_rights": self._options.access_rights}
        for file in record.children("files"):
            yield FoundFile(file.text("url"), file.text("mime_type"), file.text("title"), rights)


def _read_author(author: Node) -> dict[str, Any]:
    return build_person(
        author.text("name"),
        email=author.text("email"),
        external_id=author.text("id"),
        dai=author.text("dai"),
        orcid=author.text("orcid"),
        isni=author.text("isni"),
    )
