"""``lom`` and ``nl_lom``: Learning Object Metadata → one document per record and one per address that it names.

Put here: what the fields of a record become. Keep out: where LOM has them (``lom_record``), what a source can set (``lom_options``).
A record with another educational level than the source asks for gives no document. Of people the name is kept, the rest only on demand.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast

import pyarrow as pa

from harvest_assets.extract.access_rights import CLOSED, OPEN, RESTRICTED
from harvest_assets.extract.copyright import read_copyright
from harvest_assets.extract.dates import read_day
from harvest_assets.extract.lom_options import LomOptions, NlLomOptions
from harvest_assets.extract.lom_record import ACCESS_RIGHTS, DISCIPLINE, EDUCATIONAL_LEVEL, Contribution, LomRecord, Taxon, read_lom
from harvest_assets.extract.media_types import read_file_address
from harvest_assets.extract.products import build_organizations, build_person, build_provider
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.record_documents import FoundFile, build_documents
from harvest_assets.extract.vcards import VCard, read_vcards
from harvest_assets.extract.xml_records import Element, extract_records, find_metadata
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import Document

_ALL_RIGHTS_RESERVED = "yes"
_NO_CODES = frozenset({"", _ALL_RIGHTS_RESERVED, "no"})
_LONGEST_QUOTE = 80


class Lom(Extractor):
    """Reads the czp flavour of IMS 1.2, and any other that has the same names."""

    name: ClassVar[str] = "lom"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = LomOptions

    def __init__(self, source: str, entity: str, options: Options) -> None:
        super().__init__(source, entity, options)
        self._options = cast("LomOptions", options)
        self._author_roles = frozenset(role.lower() for role in self._options.author_roles)
        self._constants = self._options.constants.list_properties()
        self._material_constants = self._options.constants.learning_material.model_dump(exclude_none=True)
        self._date_roles = [role.lower() for role in self._options.date_roles]

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its product, followed by its files, or nothing, or is set aside."""
        return extract_records(records, self._read)

    def _read(self, row: RawRow, record: Element) -> list[Document]:
        return self._build(row, read_lom(find_metadata(record, "LOM", "lom")))

    def _build(self, row: RawRow, lom: LomRecord) -> list[Document]:
        levels: Sequence[str] = [taxon.entry for taxon in lom.find_taxa(EDUCATIONAL_LEVEL) if taxon.entry]
        if self._options.levels is not None:
            levels = self._options.levels.complete(levels, row.set_specs)
            if not self._options.levels.accept(levels):
                return []
        fields = {**self._build_fields(row, lom, levels), **self._constants}
        return build_documents(self, row, fields, self._find_files(lom, fields))

    def _build_fields(self, row: RawRow, lom: LomRecord, levels: Sequence[str]) -> dict[str, Any]:
        notes: list[str] = []
        publishers = [card.name for card in _read_people(lom, {"publisher"}, notes)]
        provider = self._choose_provider(publishers)
        published = self._find_day(lom.contributions, notes)
        return {
            "modified_at": row.datestamp,
            "title": lom.title,
            "description": lom.description,
            "language": lom.language,
            "keywords": lom.keywords,
            "copyright": _read_licence(lom),
            "copyright_description": lom.copyright_description,
            "authors": [self._build_author(card) for card in _read_people(lom, self._author_roles, notes)],
            "provider": provider,
            "organizations": build_organizations(provider, self._options.organization_type),
            "publishers": publishers,
            "publisher_date": published,
            "publisher_year": None if published is None else int(published[:4]),
            "learning_material": self._build_learning_material(lom, levels),
            "notes": notes,
        }

    def _build_learning_material(self, lom: LomRecord, levels: Sequence[str]) -> dict[str, Any]:
        disciplines = list(lom.find_taxa(DISCIPLINE))
        identifiers = [taxon.identifier for taxon in disciplines]
        return {
            "aggregation_level": lom.aggregation_level,
            "material_types": lom.material_types or ["unknown"],
            "lom_educational_levels": levels,
            "studies": identifiers,
            "disciplines": identifiers,
            "study_vocabulary": [term for taxon in disciplines if "/concept/" in (term := _build_term(taxon))],
            "consortium": self._find_consortium(lom.keywords),
            **self._material_constants,
        }

    def _choose_provider(self, publishers: Sequence[str]) -> dict[str, str]:
        constant = self._options.constants.provider
        if constant is not None:
            return constant.build()
        if publishers:
            return build_provider(publishers[0])
        default = self._options.default_provider
        return {} if default is None else default.build()

    def _find_consortium(self, keywords: Sequence[str]) -> str | None:
        together = "\n".join(keywords).lower()
        return next((name for part, name in self._options.keyword_consortia.items() if part.lower() in together), None)

    def _build_author(self, card: VCard) -> dict[str, Any]:
        return build_person(card.name, **{field: getattr(card, field) for field in self._options.author_fields})

    def _find_day(self, contributions: Sequence[Contribution], notes: list[str]) -> str | None:
        """The first day of publication that can be read, by the order of the roles and then of the record."""
        for written in self._find_dates(contributions):
            day = read_day(written)
            if day is not None:
                return day
            notes.append(f"publisher_date: {written[:_LONGEST_QUOTE]!r} is no date, left out")
        return None

    def _find_dates(self, contributions: Sequence[Contribution]) -> Iterator[str]:
        for role in self._date_roles:
            for contribution in contributions:
                for label, written in contribution.dates:
                    if written and (role == contribution.role or role in label):
                        yield written

    def _find_files(self, lom: LomRecord, fields: dict[str, Any]) -> Iterator[FoundFile]:
        title = lom.title if self._options.file_titles == "record" else None
        rights = self._choose_access_rights(lom, fields["copyright"])
        for location in lom.locations:
            media_type = _clean_media_type(location.media_type) or _guess(location.address) or _clean_media_type(location.fallback)
            is_link = None if media_type is None else media_type == "text/html"
            yield FoundFile(location.address, media_type, title, {"access_rights": rights, "is_link": is_link})

    def _choose_access_rights(self, lom: LomRecord, licence: str) -> str:
        if self._options.access_rights == "copyright":
            return RESTRICTED if licence == _ALL_RIGHTS_RESERVED else OPEN
        return next((taxon.identifier for taxon in lom.find_taxa(ACCESS_RIGHTS) if taxon.identifier), CLOSED)


class NlLom(Lom):
    """Reads NL-LOM, and any other that has the same names as IEEE 1484.12.3."""

    name: ClassVar[str] = "nl_lom"
    options: ClassVar[type[Options]] = NlLomOptions


def _read_people(lom: LomRecord, roles: set[str] | frozenset[str], notes: list[str]) -> Iterator[VCard]:
    """The vCards of those with one of the roles, of all when there are none; what is wrong with the others is noted once."""
    for contribution in lom.contributions:
        if roles and contribution.role not in roles:
            continue
        for entity in contribution.entities:
            found = read_vcards(entity)
            notes.extend(f"{contribution.role or 'contribute'}: {fault}, left out" for fault in found.faults)
            yield from found.cards


def _read_licence(lom: LomRecord) -> str:
    """A code as it stands, else that which the description of the rights holds, else ``yes`` unless there are no restrictions."""
    written = lom.copyright.lower()
    if written not in _NO_CODES:
        return lom.copyright
    return read_copyright(lom.copyright_description) or written or _ALL_RIGHTS_RESERVED


def _build_term(taxon: Taxon) -> str:
    """The address of a term: its vocabulary and its identifier, unless that is an address itself."""
    if not taxon.source or "://" in taxon.identifier:
        return taxon.identifier
    return f"{taxon.source.rstrip('/')}/{taxon.identifier}" if taxon.identifier else ""


def _clean_media_type(text: str) -> str | None:
    """A media type without parameters; None for what is none, such as ``non-digital``."""
    plain = text.partition(";")[0].strip()
    return plain if plain.count("/") == 1 and not plain.startswith("/") and not plain.endswith("/") else None


def _guess(address: str) -> str | None:
    told = read_file_address(address)
    return told.media_type if told else None
