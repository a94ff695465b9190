"""Published rows: the columns that consumers read, and a row as one JSON object."""

from collections.abc import Iterator

import orjson
import pyarrow as pa

PUBLISHED = pa.schema(
    [
        pa.field("srn", pa.string(), nullable=False, metadata={"description": "Source record name, unique in the dataset"}),
        pa.field("source", pa.string(), nullable=False),
        pa.field("entity", pa.string(), nullable=False),
        pa.field("parent", pa.string(), metadata={"description": "SRN of the document that this one is part of"}),
        pa.field("title", pa.string()),
        pa.field("url", pa.string()),
        pa.field("media_type", pa.string()),
        pa.field("datestamp", pa.string(), metadata={"description": "Time of change that the source gave, as sent"}),
        pa.field("properties", pa.string(), nullable=False, metadata={"description": "Everything read from the record, as JSON"}),
        pa.field("derivatives", pa.string(), nullable=False, metadata={"description": "Result of each document task, as JSON"}),
    ]
)


def to_json(batch: pa.RecordBatch) -> Iterator[bytes]:
    """One JSON object per published row; what is JSON already goes in as it is."""
    for row in batch.to_pylist():
        row["properties"] = orjson.Fragment(row["properties"])
        row["derivatives"] = orjson.Fragment(row["derivatives"])
        yield orjson.dumps(row)
