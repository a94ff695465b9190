"""``Derivative``: the result of one document task for one document. A result is never "nothing"."""

from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

Status = Literal["succeeded", "failed", "not_applicable", "cancelled"]

DERIVATIVES = pa.schema(
    [
        pa.field("srn", pa.string(), nullable=False, metadata={"description": "The document"}),
        pa.field("status", pa.string(), nullable=False, metadata={"description": "succeeded, failed, not_applicable or cancelled"}),
        pa.field("output", pa.string(), nullable=False, metadata={"description": "What the task found, as JSON"}),
        pa.field("reason", pa.string(), metadata={"description": "Why it failed or was cancelled, in words"}),
        pa.field("attempts", pa.int32(), nullable=False, metadata={"description": "How often it was tried with this input"}),
        pa.field(
            "input_fingerprint", pa.string(), nullable=False, metadata={"description": "Fingerprint of what the task read of the document"}
        ),
        pa.field("task_version", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Derivative:
    """What a task says about one document: a row of ``DERIVATIVES`` without what the graph adds to it."""

    srn: str
    status: Status
    output: dict[str, Any]
    reason: str | None = None
