"""A record that was sent to us, in the form in which the list of its source has it."""

from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.errors import RecordError
from harvest_assets.harvest.json_api.content import Content
from harvest_assets.harvest.json_api.included import embed_included
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.pointers import resolve
from harvest_assets.harvest.json_api.records import Rows


def read_posted(body: bytes, options: JsonApiOptions, pointer: str) -> pa.RecordBatch:
    """One raw record (columns ``RAW_RECORDS``); ``pointer`` is where it is in the body, alone or as the only item of a list.

    Raises:
        RecordError: The body is no JSON, the pointer leads to anything else, or the record has no identifier.
    """
    document = _parse(body)
    item: Any = resolve(document, pointer)
    if isinstance(item, list) and len(item) == 1:
        item = item[0]
    if not isinstance(item, dict):
        kind = "nothing" if item is None else f"a list of {len(item)}" if isinstance(item, list) else f"a {type(item).__name__}"
        raise RecordError(f"the record is expected at {pointer!r} of the body, where {kind} is; send one object", rule="no_record")
    if options.included:
        [item] = embed_included([item], Content((document,)))
    rows = Rows(options, 0, "intake")
    rows.add(item)
    if rows.set_aside:
        raise RecordError(rows.set_aside[0].reason, rule=rows.set_aside[0].rule)
    return rows.batch()


def _parse(body: bytes) -> Any:  # noqa: ANN401 - JSON has no narrower type
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"line {error.lineno}, column {error.colno}: {error.msg}", rule="not_json") from None
