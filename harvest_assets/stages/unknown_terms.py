"""Terms that no vocabulary knows, from the results of the tasks that look terms up: what is missing most comes first."""

from collections import Counter
from typing import Any

import orjson

from harvest_assets.store.snapshots import Snapshot

# Texts that are remembered at a time; what comes rarely makes room when there are more.
REMEMBERED = 100_000
NOTHING = '"unknown":[]'


def count_unknown(results: Snapshot, *, most: int = 50) -> list[dict[str, Any]]:
    """Rows of ``term`` and ``documents``, how many documents have it, for the terms that come most; then in order of text."""
    found = Counter[str]()
    for batch in results.batches(columns=["output"], where="status = 'succeeded'"):
        for output in batch.column("output").to_pylist():
            if NOTHING not in output:
                found.update(orjson.loads(output).get("unknown", ()))
        if len(found) > REMEMBERED:
            found = Counter(dict(found.most_common(REMEMBERED // 2)))
    ranked = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    return [{"term": term, "documents": documents} for term, documents in ranked[:most]]
