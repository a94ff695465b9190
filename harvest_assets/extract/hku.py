"""``hku``: results of the publication platform of HKU University of the Arts Utrecht → products and their file.

Its JSON is made from XML: an empty element is ``{}``, and one person is an object where several are a list. Dates have their day first.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, cast

import pyarrow as pa
from pydantic import Field

from harvest_assets.extract.access_rights import OPEN
from harvest_assets.extract.dates import read_day, read_year
from harvest_assets.extract.json_records import Node, extract_records
from harvest_assets.extract.products import build_organizations, build_person
from harvest_assets.extract.providers import ProviderOptions
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.record_documents import FoundFile, build_documents
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import Document

_KEPT = {None, "false", "no", "0"}
_LANGUAGES = {"Nederlands": "nl", "Engels": "en"}
_MEDIA_TYPES = {"TEXT": "application/pdf", "VIDEO": "video/mp4", "AUDIO": "audio/mp3", "IMAGE": "image/jpeg"}


class HkuOptions(Options):
    """Who offers the results, and what may be done with them."""

    provider: ProviderOptions = Field(
        default_factory=lambda: ProviderOptions(name="Hogeschool voor de Kunsten Utrecht", slug="hku"),
        description="The organisation behind the platform, which is the publisher too.",
    )
    licences: dict[str, str] = Field(
        default_factory=lambda: {"Niet commercieel - geen afgeleide werken (CC BY-NC-ND)": "cc-by-nc-nd-40"},
        description="Copyright codes by the exact text of `licence`; every other text is `yes`, all rights reserved.",
    )
    access_rights: Literal["OpenAccess", "RestrictedAccess", "ClosedAccess"] = Field(
        OPEN, description="Access rights of all files, because the records do not give them."
    )


class Hku(Extractor):
    """Reads results; one with the flag ``deleted`` gives no document."""

    name: ClassVar[str] = "hku"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = HkuOptions

    def __init__(self, source: str, entity: str, options: Options) -> None:
        super().__init__(source, entity, options)
        self._options = cast("HkuOptions", options)

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its product, followed by its file, or nothing, or is set aside."""
        return extract_records(records, self._read)

    def _read(self, row: RawRow, record: Node) -> list[Document]:
        if record.state("deleted") not in _KEPT:
            return []
        return build_documents(self, row, self._read_fields(record), self._find_files(record))

    def _read_fields(self, record: Node) -> dict[str, Any]:
        options = self._options
        provider = options.provider.build()
        published = record.text("date")
        return {
            "modified_at": read_day(record.text("datelastmodified")),
            "title": record.text("title"),
            "language": _LANGUAGES.get(record.text("language") or ""),
            "description": record.text("description"),
            "copyright": options.licences.get(record.text("licence") or "", "yes"),
            "keywords": [tag.strip() for tag in (record.text("tags") or "").split(",")],
            "authors": [self._read_author(person) for person in record.child("persons").children("person")],
            "provider": provider,
            "organizations": build_organizations(provider, "institute"),
            "publishers": [options.provider.name],
            "publisher_date": read_day(published),
            "publisher_year": read_year(published),
            "notes": record.notes,
        }

    def _read_author(self, person: Node) -> dict[str, Any]:
        names = (person.text("first_name"), person.text("prefix"), person.text("last_name"))
        number = person.text("person_id")
        return build_person(
            " ".join(name for name in names if name),
            email=person.text("email"),
            external_id=f"{self._options.provider.slug or self.source}:person:{number}" if number else None,
        )

    def _find_files(self, record: Node) -> Iterator[FoundFile]:
        for file in record.child("document").children("file"):
            properties = {"access_rights": self._options.access_rights, "is_link": False}
            yield FoundFile(file.text("raw"), _MEDIA_TYPES.get(file.text("type") or ""), file.text("title"), properties)
