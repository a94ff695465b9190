"""The documents of one record: the product or project, and one for each of its files, under the same addresses in both.

Put here: how a record's documents hang together. Keep out: where a format has its fields.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harvest_assets.errors import RecordError
from harvest_assets.extract.files import build_file
from harvest_assets.extract.media_types import read_file_address
from harvest_assets.extract.products import build_properties
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.web_addresses import normalise_address
from harvest_assets.interfaces import Extractor
from harvest_assets.model.document import Document, build_srn

_INHERITED = ("language", "provider", "copyright")
_LONGEST_QUOTE = 80


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as a record lists it; ``properties`` are those of ``build_file``, what they lack comes from the record.

    Without a media type, the extension of the address tells it.
    """

    address: str | None
    media_type: str | None = None
    title: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])


def build_documents(extractor: Extractor, row: RawRow, fields: Mapping[str, Any], files: Iterable[FoundFile] = ()) -> list[Document]:
    """A record's document, then those of its files in their order; ``fields`` are those of ``build_properties``.

    ``modified_at`` is no property: it is the datestamp where the protocol gave none, so that a record that was only stamped anew is
    unchanged. An address that comes twice is one file, one that is not http(s) is none and is named in ``notes``.

    Raises:
        RecordError: There is neither a title nor a description nor a file: the record is in another format.
    """
    found = list(files)  # before the notes are taken, which reading files adds to
    notes: list[str] = list(fields.get("notes") or ())
    listed = _list_files(found, notes)
    told = {name: value for name, value in fields.items() if name != "modified_at"}
    properties = build_properties(**{**told, "files": list(listed), "notes": notes})
    if not properties.keys() & {"title", "description", "files"}:
        raise RecordError(
            f"neither title nor description nor files are where extractor {extractor.name!r} reads them: check the source's extractor",
            rule="other_format",
        )
    srn = build_srn(extractor.source, row.identifier)
    document = Document(
        srn, srn, extractor.entity, properties, title=properties.get("title"), datestamp=row.datestamp or fields.get("modified_at")
    )
    inherited = {name: properties[name] for name in _INHERITED if name in properties}
    return [document, *(_build_file(document, url, file, inherited) for url, file in listed.items())]


def _list_files(files: Iterable[FoundFile], notes: list[str]) -> dict[str, FoundFile]:
    """Files by their normalised address, the first of those that share one."""
    listed: dict[str, FoundFile] = {}
    for file in files:
        url = normalise_address(file.address)
        if url is None:
            continue
        if read_file_address(url) is None:
            notes.append(f"files: {url[:_LONGEST_QUOTE]!r} is no http(s) address, left out")
        else:
            listed.setdefault(url, file)
    return listed


def _build_file(record: Document, url: str, file: FoundFile, inherited: Mapping[str, Any]) -> Document:
    known = {name: value for name, value in file.properties.items() if value is not None and value != ""}
    told = None if file.media_type else read_file_address(url)
    media_type = told.media_type if told else file.media_type
    return build_file(record, url, media_type, file.title, **{**inherited, **known})
