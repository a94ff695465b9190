"""``Document``: what we read out of a record, and its columns.

An SRN (source record name) is ``{source}:{identifier}``; a file of a record is ``{srn of the record}:{sha1 of its address}``.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

ACTIVE = "active"
DELETED = "deleted"

DOCUMENTS = pa.schema(
    [
        pa.field("srn", pa.string(), nullable=False, metadata={"description": "Source record name, unique in the source"}),
        pa.field("owner", pa.string(), nullable=False, metadata={"description": "SRN of the record that the document was read from"}),
        pa.field("entity", pa.string(), metadata={"description": "product, file, project, person, …; empty for a deleted document"}),
        pa.field("state", pa.string(), nullable=False, metadata={"description": "active or deleted"}),
        pa.field("parent", pa.string(), metadata={"description": "SRN of the document that this one is part of"}),
        pa.field("title", pa.string(), metadata={"description": "First title"}),
        pa.field("url", pa.string(), metadata={"description": "Address of the file; only for files"}),
        pa.field("media_type", pa.string(), metadata={"description": "Declared or guessed media type; only for files"}),
        pa.field(
            "datestamp", pa.string(), metadata={"description": "Time of change that the source gave, as sent; not part of the fingerprint"}
        ),
        pa.field("properties", pa.string(), nullable=False, metadata={"description": "Everything read from the record, as JSON"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that a source describes.

    ``properties`` is JSON-ready; lists whose order means nothing are sorted by the extractor, so that equal content has an
    equal fingerprint.
    """

    srn: str
    owner: str
    entity: str
    properties: dict[str, Any]
    title: str | None = None
    parent: str | None = None
    url: str | None = None
    media_type: str | None = None
    datestamp: str | None = None


def build_srn(source: str, identifier: str) -> str:
    """The name of a record among all sources."""
    return f"{source}:{identifier}"
