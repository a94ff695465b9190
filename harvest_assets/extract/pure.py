"""``pure_v1``, ``pure_v2``: research outputs of a Pure installation → products and their files and links.

``pure_v1`` reads the versioned web services (``/ws/api/524/research-outputs``), ``pure_v2`` their successor without a number; where they
differ is in `pure_versions`. https://api.elsevierpure.com/ws/api/documentation/
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast

import pyarrow as pa

from harvest_assets.extract.access_rights import CLOSED, OPEN, RESTRICTED
from harvest_assets.extract.copyright import read_copyright
from harvest_assets.extract.dates import build_day
from harvest_assets.extract.dois import read_doi
from harvest_assets.extract.json_records import Node, extract_records
from harvest_assets.extract.products import build_organizations, build_person
from harvest_assets.extract.pure_options import PureOptions, PureV2Options
from harvest_assets.extract.pure_versions import V1, V2, Shape, last_segment, read_keywords, read_themes
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.record_documents import FoundFile, build_documents
from harvest_assets.extract.web_addresses import normalise_address
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import Document

_ACCESS_RIGHTS = {"open": OPEN, "restricted": RESTRICTED}


class Pure(Extractor):
    """What both versions have in common; what a record lacks is left out."""

    version: ClassVar[str] = "1"
    shape: ClassVar[Shape]

    def __init__(self, source: str, entity: str, options: Options) -> None:
        super().__init__(source, entity, options)
        self._options = cast("PureOptions", options)
        self._slug = self._options.provider.slug or source

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its product, followed by its files and links, or is set aside."""
        return extract_records(records, self._read)

    def _read(self, row: RawRow, record: Node) -> list[Document]:
        return build_documents(self, row, self._read_fields(record), self._find_files(record))

    def _read_fields(self, record: Node) -> dict[str, Any]:
        options = self._options
        provider = options.provider.build()
        locale = last_segment(record.child("language").text("uri"))
        published = _find_publication(record)
        title = record.child("title").text("value")
        subtitle = record.child("subTitle").text("value") if options.append_subtitle else None
        return {
            "modified_at": self.shape.read_modified_at(record),
            "doi": _find_doi(record),
            "title": ": ".join(part for part in (title, subtitle) if part),
            "language": options.languages.get(locale or ""),
            "description": self.shape.read_abstract(record, locale),
            "keywords": read_keywords(record, self.shape, options),
            "authors": self._read_authors(record.children(self.shape.people)),
            "provider": provider,
            "organizations": build_organizations(provider, "institute"),
            "publishers": options.publishers or [options.provider.name],
            "publisher_date": published,
            "publisher_year": int(published[:4]) if published else None,
            "research_product": {
                "research_object_type": self.shape.read_term(record.child("type")),
                "research_themes": read_themes(record, options) if isinstance(options, PureV2Options) else None,
            },
            "notes": record.notes,
        }

    def _read_authors(self, people: Sequence[Node]) -> list[dict[str, Any]]:
        """Contributors in their order, but the first of the organisation's own comes first; those without a name are nobody."""
        authors = [author for person in people if (author := self._read_author(person)) is not None]
        first = next((place for place, author in enumerate(authors) if not author["is_external"]), 0)
        return [*authors[first : first + 1], *authors[:first], *authors[first + 1 :]]

    def _read_author(self, person: Node) -> dict[str, Any] | None:
        names = person.child("name")
        name = " ".join(part for part in (names.text("firstName"), names.text("lastName")) if part)
        if not name:
            return None
        digest = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
        known = person.child("person").text("uuid") or person.child("externalPerson").text("uuid")
        is_external = bool(person.fields.get("externalPerson"))
        return build_person(name, external_id=known or f"{self._slug}:person:{digest}", is_external=is_external)

    def _find_files(self, record: Node) -> Iterator[FoundFile]:
        for version in (*record.children("electronicVersions"), *record.children("additionalFiles")):
            licence = last_segment(version.child("licenseType").text("uri"))
            access = last_segment(version.child("accessType").text("uri"))
            file = version.child("file")
            properties = {
                "access_rights": _ACCESS_RIGHTS.get(access or "", CLOSED),
                "copyright": read_copyright(licence) or licence or "yes",
                "is_link": not file.fields,
            }
            if file.fields:
                yield FoundFile(self._move(file.text(self.shape.file_address)), file.text("mimeType"), file.text("fileName"), properties)
            else:
                yield FoundFile(version.text("link"), "text/html", None, properties)

    def _move(self, address: str | None) -> str | None:
        """The address under which a file is public, where that of the interface asks for a key."""
        url, public = normalise_address(address), self._options.public_files
        if url is None or public is None or public.marker not in url:
            return url
        return f"{public.url}{url.partition(public.marker)[2]}"


class PureV1(Pure):
    """Reads research outputs of the versioned web services."""

    name: ClassVar[str] = "pure_v1"
    options: ClassVar[type[Options]] = PureOptions
    shape: ClassVar[Shape] = V1


class PureV2(Pure):
    """Reads research outputs of the web services without a version in their address."""

    name: ClassVar[str] = "pure_v2"
    options: ClassVar[type[Options]] = PureV2Options
    shape: ClassVar[Shape] = V2


def _find_doi(record: Node) -> str | None:
    found = (version.text("doi") for version in record.children("electronicVersions"))
    return read_doi(next((doi for doi in found if doi), None))


def _find_publication(record: Node) -> str | None:
    """The day of the status that is current; the first of its month or year where no more is said."""
    current = next((status for status in record.children("publicationStatuses") if status.flag("current")), None)
    if current is None:
        return None
    day = current.child("publicationDate")
    return build_day(day.integer("year"), day.integer("month"), day.integer("day"))
