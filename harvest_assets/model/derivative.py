"""``Derivative``: the result of one document task for one document. A result is never "nothing"."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import pyarrow as pa

Status = Literal["succeeded", "failed", "not_applicable", "cancelled"]

DERIVATIVES = pa.schema(
    [
        pa.field("srn", pa.string(), nullable=False, metadata={"description": "The document"}),
        pa.field("status", pa.string(), nullable=False, metadata={"description": "succeeded, failed, not_applicable or cancelled"}),
        pa.field("output", pa.string(), nullable=False, metadata={"description": "What the task found, as JSON"}),
        pa.field("reason", pa.string(), metadata={"description": "Why it failed, was cancelled or does not apply, in words"}),
        pa.field("failure", pa.string(), metadata={"description": "The class of the failure, in a word"}),
        pa.field("attempts", pa.int32(), nullable=False, metadata={"description": "How often it was tried with this input"}),
        pa.field("derived_at", pa.string(), metadata={"description": "When the task looked; of a success or a failure"}),
        pa.field("retry_at", pa.string(), metadata={"description": "When the task looks again though nothing changed; empty: never"}),
        pa.field(
            "input_fingerprint", pa.string(), nullable=False, metadata={"description": "Fingerprint of what the task read of the document"}
        ),
        pa.field("task_version", pa.string(), nullable=False),
        pa.field("withholds", pa.bool_(), nullable=False, metadata={"description": "The result keeps the document from being published"}),
        pa.field("result_fingerprint", pa.int64(), nullable=False, metadata={"description": "Fingerprint of what consumers see of it"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Derivative:
    """What a task says about one document: a row of ``DERIVATIVES`` without what the graph adds to it.

    ``failure`` is the class of a failure in a word (timeout, encrypted, …), ``is_final`` says that trying again with the same input is of
    no use. ``again_after`` is when a result is looked at again though nothing changed; for a failure that is not final the graph knows.
    ``withholds`` keeps the document, and those that are part of it, from being published.
    """

    srn: str
    status: Status
    output: dict[str, Any]
    reason: str | None = None
    failure: str | None = None
    is_final: bool = False
    again_after: timedelta | None = None
    withholds: bool = False


@dataclass(frozen=True, slots=True)
class Applicability:
    """Whether a task has something to do for a document, and if not, why, in words."""

    applies: bool
    reason: str | None = None


APPLIES = Applicability(applies=True)


def does_not_apply(reason: str) -> Applicability:
    """The task has nothing to do for the document."""
    return Applicability(applies=False, reason=reason)
