"""``oai_dc``: Dublin Core as OAI-PMH repositories send it → one document per record and one per file that it links to.

http://www.openarchives.org/OAI/2.0/oai_dc.xsd, https://www.dublincore.org/specifications/dublin-core/dces/
"""

from collections.abc import Iterator
from typing import ClassVar

import pyarrow as pa

from harvest_assets.extract.files import build_file
from harvest_assets.extract.media_types import read_file_address
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.xml_records import Element, extract_records, find_metadata, list_children, read_mixed
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import Document, build_srn

ELEMENTS = (
    "title",
    "creator",
    "subject",
    "description",
    "publisher",
    "contributor",
    "date",
    "type",
    "format",
    "identifier",
    "source",
    "language",
    "relation",
    "coverage",
    "rights",
)

_TAGS = {f"{{http://purl.org/dc/elements/{version}/}}{name}": name for version in ("1.1", "1.0") for name in ELEMENTS}


class OaiDc(Extractor):
    """Reads the fifteen elements; values are stripped, empty ones and repetitions dropped, subjects sorted."""

    name: ClassVar[str] = "oai_dc"
    version: ClassVar[str] = "2"
    options: ClassVar[type[Options]] = Options

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its document, followed by those of its files, or is set aside."""
        return extract_records(records, self._read)

    def _read(self, row: RawRow, record: Element) -> list[Document]:
        properties = _read_elements(find_metadata(record, "oai_dc", "dc"))
        srn = build_srn(self.source, row.identifier)
        title = properties["title"][0] if "title" in properties else None
        document = Document(srn, srn, self.entity, properties, title=title, datestamp=row.datestamp)
        return [document, *_find_files(document)]


def _read_elements(dublin_core: Element) -> dict[str, list[str]]:
    """Values by element: elements in the order of the standard, values in the order of the record."""
    found: dict[str, list[str]] = {}
    for child in list_children(dublin_core):
        name = _TAGS.get(child.tag)
        text = (read_mixed(child) if len(child) else child.text or "").strip()
        if name is None or not text:
            continue
        values = found.get(name)
        if values is None:
            found[name] = [text]
        elif text not in values:
            values.append(text)
    if "subject" in found:
        found["subject"].sort()
    return {name: found[name] for name in ELEMENTS if name in found}


def _find_files(document: Document) -> Iterator[Document]:
    """One document per address in identifier and relation whose extension tells that it is a file."""
    values = [*document.properties.get("identifier", ()), *document.properties.get("relation", ())]
    for value in dict.fromkeys(values):
        address = read_file_address(value) if "://" in value and _may_name_a_file(value) else None
        if address is not None and address.media_type is not None:
            yield build_file(document, address.url, address.media_type, address.name, rights=document.properties.get("rights"))


def _may_name_a_file(address: str) -> bool:
    """Whether the end of its path may hold an extension, a cheap look that spares most addresses the thorough one."""
    path = address.partition("#")[0].partition("?")[0]
    last = path[path.rfind("/") + 1 :]
    return "." in last or "%" in last
