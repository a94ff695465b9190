"""Results of a document task as rows: their fingerprints, and when the task looks again.

A failure is tried again after growing intervals, then given up with its last reason. A result that is no failure is looked at again only
when its task says so.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.model.derivative import DERIVATIVES, Derivative
from harvest_assets.model.fingerprint import fingerprints
from harvest_assets.store.rows import with_fingerprint

INTERVALS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=7))
MAX_ATTEMPTS = len(INTERVALS) + 1
MAX_REASON = 1_000


@dataclass(frozen=True, slots=True)
class Tried:
    """One input: its fingerprint, and the row of its last result."""

    fingerprint: str
    last: Mapping[str, Any] | None = None

    @property
    def failures(self) -> int:
        """How often the task failed at it already."""
        return self.last["attempts"] if self.last and self.last["status"] in {"failed", "cancelled"} else 0

    def is_due(self, now: str) -> bool:
        """Whether the task has to look at it now."""
        return self.last is None or (self.last["retry_at"] is not None and self.last["retry_at"] <= now)


@dataclass(slots=True)
class Rows:
    """Collects rows of one task; ``now`` is the time of the run."""

    task_version: str
    now: datetime
    _rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def keep(self, row: Mapping[str, Any]) -> None:
        """A result that stands; where it is stored already, it is not stored again."""
        self._rows.append({name: row[name] for name in _UNMARKED.names})

    def add(self, derivative: Derivative, tried: Tried) -> None:
        """A result for an input; one that stands is not given up for the news that nobody looked at it again."""
        if derivative.status == "cancelled" and tried.last is not None and tried.last["status"] != "cancelled":
            self.keep(tried.last)
            return
        attempts = {"failed": tried.failures + 1, "succeeded": 1}.get(derivative.status, tried.failures)
        derivative, again = self._schedule(derivative, attempts)
        self._rows.append(
            {
                "srn": derivative.srn,
                "status": derivative.status,
                "output": orjson.dumps(derivative.output, option=orjson.OPT_SORT_KEYS).decode(),
                "reason": derivative.reason and derivative.reason[:MAX_REASON],
                "failure": derivative.failure,
                "attempts": attempts,
                "derived_at": self.now.isoformat(timespec="seconds") if derivative.status in {"succeeded", "failed"} else None,
                "retry_at": again and again.isoformat(timespec="seconds"),
                "input_fingerprint": tried.fingerprint,
                "task_version": self.task_version,
                "withholds": derivative.withholds,
            }
        )

    def take(self) -> Iterator[pa.RecordBatch]:
        """What was collected, in order of SRN, whatever order it came in; nothing when there is none."""
        rows, self._rows = sorted(self._rows, key=_srn), []
        if not rows:
            return
        seen = [orjson.dumps([row["status"], row["output"], row["reason"], row["withholds"]]) for row in rows]
        times = (orjson.dumps([row[name] for name in _UNSEEN]) for row in rows)
        marks = fingerprints(seen)
        table = pa.RecordBatch.from_pylist(rows, schema=_UNMARKED)
        whole = fingerprints(one + other for one, other in zip(seen, times, strict=True))
        yield pa.RecordBatch.from_arrays([*table.columns, marks, whole], schema=with_fingerprint(DERIVATIVES))

    def _schedule(self, derivative: Derivative, attempts: int) -> tuple[Derivative, datetime | None]:
        """When to look again; a failure that was tried often enough says that it is given up."""
        if derivative.status == "cancelled":
            return derivative, self.now + (derivative.again_after or timedelta())
        if derivative.status != "failed" or derivative.is_final or derivative.again_after is not None:
            return derivative, None if derivative.again_after is None else self.now + derivative.again_after
        if attempts >= MAX_ATTEMPTS:
            reason = f"given up after {attempts} attempts: {derivative.reason}"
            return replace(derivative, reason=reason), None
        return derivative, self.now + INTERVALS[attempts - 1]


_UNSEEN = ("failure", "attempts", "derived_at", "retry_at", "input_fingerprint", "task_version")
_UNMARKED = pa.schema([each for each in DERIVATIVES if each.name != "result_fingerprint"])


def not_applicable_rows(srns: pa.Array, reason: str, task_version: str) -> pa.RecordBatch:
    """The same answer for many documents that nobody had to look at."""
    rows = Rows(task_version, datetime.min)  # noqa: DTZ901 - nothing is looked at again, so no time is written
    rows.add(Derivative("", "not_applicable", {}, reason), Tried(""))
    one = next(rows.take())
    columns = [srns, *(pa.repeat(column[0], len(srns)) for column in one.columns[1:])]
    return pa.RecordBatch.from_arrays(columns, schema=one.schema)


def fingerprint_input(task_fingerprint: str, options: Mapping[str, Any]) -> str:
    """What a result rests on: what the task read for the document, and its options."""
    if not options:
        return task_fingerprint
    content = orjson.dumps([task_fingerprint, options], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(content).hexdigest()


def _srn(row: Mapping[str, Any]) -> str:
    return str(row["srn"])
