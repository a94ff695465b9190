"""Documents as rows: columns, canonical JSON and fingerprints; and the rows of documents that were taken back. Pure."""

from collections.abc import Iterable, Sequence

import orjson
import pyarrow as pa

from harvest_assets.model.document import ACTIVE, DELETED, DOCUMENTS, Document
from harvest_assets.model.fingerprint import fingerprints

_SEPARATOR = b"\x1f"
TOMBSTONE_FINGERPRINT = 0


def encode_documents(documents: Sequence[Document]) -> pa.RecordBatch:
    """N documents → n rows with the columns ``DOCUMENTS`` and ``fingerprint``.

    The fingerprint covers everything but the datestamp, so that a record whose date moved and whose content did not is unchanged.
    """
    properties = [orjson.dumps(each.properties, option=orjson.OPT_SORT_KEYS) for each in documents]
    contents = (_content(each, text) for each, text in zip(documents, properties, strict=True))
    columns = {
        "srn": [each.srn for each in documents],
        "owner": [each.owner for each in documents],
        "entity": [each.entity for each in documents],
        "state": [ACTIVE] * len(documents),
        "parent": [each.parent for each in documents],
        "title": [each.title for each in documents],
        "url": [each.url for each in documents],
        "media_type": [each.media_type for each in documents],
        "datestamp": [each.datestamp for each in documents],
        "properties": pa.array(properties, pa.binary()).cast(pa.string()),
    }
    arrays = [pa.array(values, DOCUMENTS.field(name).type) if isinstance(values, list) else values for name, values in columns.items()]
    return pa.RecordBatch.from_arrays([*arrays, fingerprints(contents)], schema=_SCHEMA)


def encode_tombstones(retracted: Iterable[tuple[str, str]]) -> pa.RecordBatch:
    """Pairs of SRN and owner → rows of deleted documents: they keep their name and nothing else."""
    pairs = list(retracted)
    nothing = pa.nulls(len(pairs), pa.string())
    columns = dict.fromkeys(DOCUMENTS.names, nothing) | {
        "srn": pa.array([srn for srn, _ in pairs], pa.string()),
        "owner": pa.array([owner for _, owner in pairs], pa.string()),
        "state": pa.array([DELETED] * len(pairs), pa.string()),
        "properties": pa.array(["{}"] * len(pairs), pa.string()),
    }
    marks = pa.array([TOMBSTONE_FINGERPRINT] * len(pairs), pa.int64())
    return pa.RecordBatch.from_arrays([*columns.values(), marks], schema=_SCHEMA)


def _content(document: Document, properties: bytes) -> bytes:
    fields = (document.entity, document.parent, document.title, document.url, document.media_type)
    return _SEPARATOR.join([*((field or "").encode() for field in fields), properties])


_SCHEMA = DOCUMENTS.append(pa.field("fingerprint", pa.int64(), nullable=False))
