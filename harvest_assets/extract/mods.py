"""``oai_mods``: MODS, alone or in DIDL → one document per publication and one for each of its files and start pages.

Put here: what the fields of a record become. Keep out: where MODS and DIDL have them (``mods_record``, ``didl_items``).
Of people nothing but the name is kept, and an identifier made of it.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import pyarrow as pa
from pydantic import Field

from harvest_assets.errors import RecordError
from harvest_assets.extract.access_rights import CLOSED, OPEN, read_access_rights
from harvest_assets.extract.copyright import read_copyright
from harvest_assets.extract.dates import read_day, read_year
from harvest_assets.extract.didl_items import START_PAGE, Resource, read_resources
from harvest_assets.extract.dois import read_doi
from harvest_assets.extract.mods_record import ModsRecord, read_mods
from harvest_assets.extract.products import build_organizations, build_person
from harvest_assets.extract.providers import ProviderOptions
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.record_documents import FoundFile, build_documents
from harvest_assets.extract.xml_records import Element, extract_records, find_metadata, iterate_descendants
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import Document

_LANGUAGES = {"nl": "nl", "dut": "nl", "nld": "nl", "en": "en", "eng": "en"}
_LINKS = frozenset({"", "object in context"})
_RAW = "raw object"


class ModsOptions(Options):
    """Who offers the publications of each set."""

    providers: dict[str, ProviderOptions] = Field(
        default_factory=dict[str, ProviderOptions], description="Who offers the records of a set, by the set."
    )
    default_provider: ProviderOptions | None = Field(None, description="Who offers the records of all other sets, and those without one.")
    organization_type: str = Field("unknown", description="What the provider is: consortium, institute, repository or unknown.")


class OaiMods(Extractor):
    """Reads publications; the first title, abstract and publisher, people with the role of an author."""

    name: ClassVar[str] = "oai_mods"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = ModsOptions

    def __init__(self, source: str, entity: str, options: Options) -> None:
        super().__init__(source, entity, options)
        self._options = cast("ModsOptions", options)

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its publication, followed by its files and start pages, or nothing, or is set aside."""
        return extract_records(records, self._read)

    def _read(self, row: RawRow, record: Element) -> list[Document]:
        metadata = find_metadata(record, "MODS or DIDL", "mods", "didl", "modscollection")
        element = next(iterate_descendants(metadata, "mods"), None)
        if element is None:
            raise RecordError("the metadata holds no MODS: check metadata_prefix and the extractor of the source", rule="no_metadata")
        mods = read_mods(element)
        files = [_build_file(resource) for resource in read_resources(metadata)] or _find_urls(mods)
        return build_documents(self, row, self._build_fields(row, mods), files)

    def _build_fields(self, row: RawRow, mods: ModsRecord) -> dict[str, Any]:
        provider = self._choose_provider(row.set_specs)
        issued = next((written for written in mods.dates_issued if read_day(written)), None)
        return {
            "modified_at": row.datestamp,
            "title": mods.title,
            "description": mods.abstract,
            "language": _read_language(mods.languages),
            "authors": [self._build_author(provider, name) for name in mods.authors],
            "provider": provider,
            "organizations": build_organizations(provider, self._options.organization_type),
            "publishers": [mods.publisher],
            "publisher_date": read_day(issued),
            "publisher_year": read_year(issued),
            "doi": _find_doi(mods),
            "copyright": read_copyright(mods.rights),
            "copyright_description": mods.rights,
            "research_product": {"research_object_type": mods.genre},
        }

    def _choose_provider(self, set_specs: Sequence[str]) -> dict[str, str]:
        named = (self._options.providers[name] for name in set_specs if name in self._options.providers)
        provider = next(named, self._options.default_provider)
        return {} if provider is None else provider.build()

    def _build_author(self, provider: dict[str, str], name: str) -> dict[str, Any]:
        digest = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
        return build_person(name, external_id=f"{provider.get('slug', self.source)}:person:{digest}")


def _read_language(languages: Sequence[str]) -> str | None:
    codes = (language.lower().replace("_", "-").partition("-")[0] for language in languages)
    return next((_LANGUAGES[code] for code in codes if code in _LANGUAGES), None)


def _find_doi(mods: ModsRecord) -> str | None:
    """The DOI among the identifiers of that type, else among the addresses."""
    found = (read_doi(text) for kind in ("doi", "uri") for written, text in mods.identifiers if written == kind)
    return next((doi for doi in found if doi), None)


def _build_file(resource: Resource) -> FoundFile:
    is_link = resource.kind == START_PAGE
    rights = OPEN if is_link else read_access_rights(resource.access_rights) or CLOSED
    return FoundFile(resource.address, resource.media_type or None, properties={"access_rights": rights, "is_link": is_link})


def _find_urls(mods: ModsRecord) -> list[FoundFile]:
    """Files, then links, of a record without DIDL: MODS says which they are, but not who may read them."""
    files = [FoundFile(url, properties={"access_rights": CLOSED, "is_link": False}) for access, url in mods.urls if access == _RAW]
    links = [FoundFile(url, properties={"access_rights": OPEN, "is_link": True}) for access, url in mods.urls if access in _LINKS]
    return [*files, *links]
