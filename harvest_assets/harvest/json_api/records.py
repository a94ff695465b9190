"""A page of JSON → rows of raw records, and items set aside.

A body is the item as the page's parser read it, written again with sorted keys: the same content has the same bytes, whatever the order
and spacing of the page it came in.
"""

from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.errors import PermanentError, RecordError, TransientError
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.pointers import resolve
from harvest_assets.model.record import RAW_RECORDS, SetAside

_SHOWN_BYTES = 80
_SHOWN_KEYS = 12
_CONTROL_BYTES = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_CONTENT_AFTER_END = "unexpected content after document"
_LONGEST_COUNT = 18  # digits; what is longer is no count
_FALSE_WORDS = frozenset({"", "0", "false", "no"})


class CutPageError(TransientError):
    """The page stops before its end; asking again may bring all of it."""


def parse_page(body: bytes, place: str) -> tuple[Any, bool]:
    """Bytes of an answer → JSON, and whether it was mended first; ``place`` begins every message.

    Raises:
        CutPageError: The answer is empty or stops before its end.
        PermanentError: It is something else than JSON, or JSON that its standard forbids (NaN, nesting without end).
    """
    text = body.strip()
    if not text:
        raise CutPageError(f"{place}: the answer is empty (cut off after byte 0)")
    try:
        return orjson.loads(text), False
    except orjson.JSONDecodeError as error:
        mended = _mend(text, error)
        if mended != text:
            return parse_page(mended, place)[0], True
        if text[:1] in b"{[" and _is_cut(text, error):
            raise CutPageError(f"{place}: the answer is cut off after byte {len(body)}") from error
        raise PermanentError(f"{place}: the answer is not JSON ({error}), it begins with {text[:_SHOWN_BYTES]!r}") from error


def _mend(text: bytes, error: orjson.JSONDecodeError) -> bytes:
    """The text without raw control characters, which JSON forbids and which mean nothing, then without markup after its end.

    Anything else after the end could be more records, and stays.
    """
    kept = text.translate(None, _CONTROL_BYTES)
    if kept != text:
        return kept
    if error.msg.startswith(_CONTENT_AFTER_END) and error.doc[error.pos :].lstrip().startswith("<"):
        return error.doc[: error.pos].encode()
    return text


def _is_cut(text: bytes, error: orjson.JSONDecodeError) -> bool:
    """Whether the parser stopped where the text stops; for bytes that are no UTF-8 it does not say where, the decoder does."""
    if error.doc:
        return error.pos >= len(error.doc)
    try:
        text.decode()
    except UnicodeDecodeError as broken:
        return broken.reason == "unexpected end of data"
    return False


def find_records(page: Any, pointer: str, place: str) -> list[Any]:  # noqa: ANN401 - JSON has no narrower type
    """The list of items in a page.

    Raises:
        PermanentError: The pointer leads to no list.
    """
    found = resolve(page, pointer)
    if isinstance(found, list):
        return found
    there = (
        f"the keys there are {', '.join(map(repr, list(page)[:_SHOWN_KEYS]))}"
        if isinstance(page, dict)
        else f"the page is a {type(page).__name__}"
    )
    what = "nothing" if found is None else f"a {type(found).__name__}"
    raise PermanentError(f"{place}: records {pointer!r} leads to {what}, not to a list; {there}")


def read_items(items: list[Any], options: JsonApiOptions, number: int) -> tuple[pa.RecordBatch, tuple[SetAside, ...]]:
    """Each item becomes a row or is set aside; rows keep the order of the page."""
    rows: list[tuple[str, str, bool, bytes]] = []
    set_aside: list[SetAside] = []
    for item in items:
        try:
            rows.append((*_read_head(item, options), _write(item)))
        except RecordError as error:
            set_aside.append(SetAside(None, number, "harvest", RecordError.__name__, str(error), _write_anything(item), error.rule))
    return _build_batch(rows, number), tuple(set_aside)


def read_total(page: Any, options: JsonApiOptions, *, at_least: int) -> int | None:  # noqa: ANN401 - JSON has no narrower type
    """What the page announces of the whole list; a number in quotes counts, one that is less than the page holds does not."""
    found = None if options.total is None else resolve(page, options.total)
    if isinstance(found, str) and found.isdecimal() and len(found) <= _LONGEST_COUNT:
        found = int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= at_least else None


def _read_head(item: Any, options: JsonApiOptions) -> tuple[str, str, bool]:  # noqa: ANN401 - JSON has no narrower type
    identifier = resolve(item, options.identifier)
    if isinstance(identifier, bool) or not isinstance(identifier, str | int) or identifier == "":
        raise RecordError(
            f"identifier {options.identifier!r} leads to {identifier!r}, not to a text or an integer"[:300], rule="no_identifier"
        )
    datestamp = None if options.datestamp is None else resolve(item, options.datestamp)
    if not isinstance(datestamp, str | int | float | None):
        raise RecordError(
            f"datestamp {options.datestamp!r} leads to a {type(datestamp).__name__}, not to a text or a number", rule="datestamp_type"
        )
    deleted = None if options.deleted is None else resolve(item, options.deleted)
    return str(identifier), "" if datestamp is None else str(datestamp), _is_true(deleted)


def _is_true(value: Any) -> bool:  # noqa: ANN401 - JSON has no narrower type
    return value.strip().lower() not in _FALSE_WORDS if isinstance(value, str) else bool(value)


def _write(item: Any) -> bytes:  # noqa: ANN401 - JSON has no narrower type
    try:
        return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise RecordError(f"the record cannot be written again: {error}", rule="not_writable") from error


def _write_anything(item: Any) -> bytes:  # noqa: ANN401 - JSON has no narrower type
    """Bytes of an item also when it is nested deeper than the writer goes; then as Python shows it."""
    try:
        return _write(item)
    except RecordError:
        return repr(item).encode()


def _build_batch(rows: list[tuple[str, str, bool, bytes]], number: int) -> pa.RecordBatch:
    columns = [
        pa.array([row[0] for row in rows], pa.string()),
        pa.array([row[1] for row in rows], pa.string()),
        pa.array([row[2] for row in rows], pa.bool_()),
        pa.array([[] for _ in rows], pa.list_(pa.string())),
        pa.array([row[3] for row in rows], pa.binary()),
        pa.array([b""] * len(rows), pa.binary()),
        pa.array([number] * len(rows), pa.int32()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=RAW_RECORDS)
