"""``sia``: projects of Regieorgaan SIA → projects. A project without a status is hidden and gives no document."""

from typing import Any, ClassVar, cast

import pyarrow as pa
from pydantic import Field

from harvest_assets.extract.dates import read_day
from harvest_assets.extract.json_records import Node, extract_records
from harvest_assets.extract.products import build_person
from harvest_assets.extract.providers import ProviderOptions
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.record_documents import build_documents
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import Document


class SiaOptions(Options):
    """Who answers for the projects, and what their statuses mean."""

    provider: ProviderOptions = Field(
        default_factory=lambda: ProviderOptions(name="SIA", slug="sia"), description="The organisation behind the list."
    )
    contact_email: str | None = Field(
        default=None, description="Mail address of the owner and contact of every project; empty: they have none."
    )
    statuses: dict[str, str] = Field(
        default_factory=lambda: {"Afgerond": "finished"},
        description="`project_status` (finished, ongoing, preparing, to be started) by the text of `status`; all others are `unknown`.",
    )


class Sia(Extractor):
    """Reads details of projects; days without their time, parties in the order contact, consortium, network."""

    name: ClassVar[str] = "sia"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = SiaOptions

    def __init__(self, source: str, entity: str, options: Options) -> None:
        super().__init__(source, entity, options)
        self._options = cast("SiaOptions", options)

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its project, or nothing, or is set aside."""
        return extract_records(records, self._read)

    def _read(self, row: RawRow, record: Node) -> list[Document]:
        return [] if record.state("status") is None else build_documents(self, row, self._read_fields(record))

    def _read_fields(self, record: Node) -> dict[str, Any]:
        contact = build_person(None, email=self._options.contact_email)
        return {
            "title": record.text("titel"),
            "description": record.text("samenvatting"),
            "goal": record.text("eindrapportage"),
            "project_status": self._options.statuses.get(record.text("status") or "", "unknown"),
            "started_at": read_day(record.text("startdatum")),
            "ended_at": read_day(record.text("einddatum")),
            "provider": self._options.provider.build(),
            "research_project": {
                "owners": [contact],
                "contacts": [contact],
                "parties": [
                    record.child("contactinformatie").text("naam"),
                    *(partner.text("naam") for partner in record.children("consortiumpartners")),
                    *(member.text("naam") for member in record.children("netwerkleden")),
                ],
            },
            "notes": record.notes,
        }
