"""``didl``: MODS in DIDL, where a record that a repository hides keeps its header and loses its metadata."""

from typing import ClassVar

from harvest_assets.extract.mods import OaiMods
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.xml_records import Element
from harvest_assets.model.document import Document


class Didl(OaiMods):
    """Reads publications as ``oai_mods`` does; a record whose metadata is empty gives no document."""

    name: ClassVar[str] = "didl"

    def _read(self, row: RawRow, record: Element) -> list[Document]:
        metadata = record.find("{*}metadata")
        if metadata is not None and not len(metadata) and not (metadata.text or "").strip():
            return []
        return super()._read(row, record)
