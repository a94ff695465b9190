"""JSON and JSON lines → records. A body is written again with sorted keys, so that the same content has the same bytes.

https://www.rfc-editor.org/rfc/rfc8259, https://www.rfc-editor.org/rfc/rfc6901, https://jsonlines.org/
"""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from harvest_assets.errors import RecordError
from harvest_assets.harvest.contents.rows import Item, Row, Unread, check_size, read_or_set_aside
from harvest_assets.harvest.files.layout import Found, Layout

_NOTHING: Final = object()
_HOPELESS_LINES = 50
_SHOWN_KEYS = 12
_BOM = b"\xef\xbb\xbf"


def read_json(content: bytes, layout: Layout) -> Found:
    """The items of the list that ``records`` leads to, or the whole document.

    Raises:
        RecordError: The file is not JSON, or ``records`` leads to no list.
    """
    document = _parse(_decode(content, layout), "the file")
    pointer = layout.options.records
    if pointer is None:
        yield read_or_set_aside(lambda: _read(document, layout, None), content)
        return
    items = _resolve(document, pointer)
    if not isinstance(items, list):
        there = f"; the keys there are {', '.join(map(repr, list(document)[:_SHOWN_KEYS]))}" if isinstance(document, dict) else ""
        what = "nothing" if items is _NOTHING else f"a {type(items).__name__}"
        raise RecordError(f"records {pointer!r} leads to {what}, not to a list{there}", rule="no_records")
    for number, item in enumerate(items, start=1):
        yield _read_item(item, layout, number)


def read_json_lines(content: bytes, layout: Layout) -> Found:
    """A record a line; a line that is not JSON is set aside alone.

    Raises:
        RecordError: None of the first lines is JSON.
    """
    good = 0
    waiting: list[Unread] = []
    for number, line in enumerate(_split_lines(_decode(content, layout)), start=1):
        try:
            item = _read_item(_parse(line, f"line {number}"), layout, number)
        except RecordError as error:
            item = Unread.of(error, line)
            if not good:
                waiting.append(item)
                if len(waiting) == _HOPELESS_LINES:
                    raise RecordError(f"none of the first {_HOPELESS_LINES} lines is JSON: {error}", rule="not_json") from error
                continue
        good += 1
        yield from waiting
        waiting.clear()
        yield item
    yield from waiting


def _decode(content: bytes, layout: Layout) -> bytes:
    """The content as UTF-8."""
    try:
        return content.removeprefix(_BOM) if layout.options.encoding == "utf-8" else content.decode(layout.options.encoding).encode()
    except UnicodeError as error:
        raise RecordError(f"the file is not {layout.options.encoding}: {error}", rule="encoding") from error


def _parse(text: bytes, what: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"{what} is not JSON ({error})", rule="not_json") from error


def _split_lines(content: bytes) -> Iterator[bytes]:
    """Lines that are not empty, without a copy of the whole."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        if line := content[start:end].strip():
            yield line
        start = end + 1


def _read_item(item: Any, layout: Layout, number: int) -> Item:  # noqa: ANN401 - JSON has no narrower type
    try:
        return _read(item, layout, number)
    except RecordError as error:
        return Unread.of(error, _write_anything(item))


def _read(item: Any, layout: Layout, number: int | None) -> Row:  # noqa: ANN401 - JSON has no narrower type
    identifier = layout.identify(_read_text(item, layout.options.identifier, "identifier"), number)
    return Row(identifier, _read_text(item, layout.options.datestamp, "datestamp") or "", check_size(_write(item)))


def _read_text(item: Any, pointer: str | None, key: str) -> str | None:  # noqa: ANN401 - JSON has no narrower type
    """A text or a number as text; nothing when it is not there."""
    value = None if pointer is None else _resolve(item, pointer)
    if value is _NOTHING or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RecordError(f"{key} {pointer!r} leads to a {type(value).__name__}, not to a text or a number", rule=f"{key}_type")
    return str(value)


def _resolve(value: Any, pointer: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    for part in pointer.split("/")[1:]:
        segment = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(segment, _NOTHING)
        elif isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
            value = value[int(segment)]
        else:
            return _NOTHING
    return value


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
        return repr(item).encode(errors="backslashreplace")
