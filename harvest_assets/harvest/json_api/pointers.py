"""JSON pointers: where in a page the records, the total and the next page are, and where in a request its paging is put.

https://www.rfc-editor.org/rfc/rfc6901, and for ``records`` one addition: a ``*`` segment stands for every item of a list.
"""

from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator

EVERY = "*"


def _check_pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is no JSON pointer: it must be empty or begin with '/', as in '/links/next'")
    return text


Pointer = Annotated[str, AfterValidator(_check_pointer)]


@lru_cache(maxsize=1_024)
def split_pointer(pointer: str) -> tuple[str, ...]:
    """Segments of a pointer, unescaped; none for the whole."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def resolve(value: Any, pointer: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """What a pointer leads to; None when it leads nowhere or to null."""
    for segment in split_pointer(pointer):
        value = _step(value, segment)
    return value


def resolve_every(value: Any, pointer: str) -> list[Any]:  # noqa: ANN401 - JSON has no narrower type
    """All that a pointer leads to, in order: one thing at most without a ``*``; nulls and what is missing are left out."""
    found = [value]
    for segment in split_pointer(pointer):
        if segment == EVERY:
            found = [item for each in found if isinstance(each, list) for item in each]
        else:
            found = [_step(each, segment) for each in found]
    return [each for each in found if each is not None]


def put(value: Any, pointer: str, new: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """A copy of a value that holds something new at the pointer; objects that are missing on the way are made.

    Raises:
        ValueError: On the way is something that holds nothing: a text, a number, a place after the end of a list.
    """
    return _put(value, split_pointer(pointer), new)


def _put(value: Any, segments: tuple[str, ...], new: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if not segments:
        return new
    first, rest = segments[0], segments[1:]
    if value is None or isinstance(value, dict):
        held = value or {}
        return {**held, first: _put(held.get(first), rest, new)}
    if isinstance(value, list) and first.isdecimal() and int(first) < len(value):
        return [_put(each, rest, new) if place == int(first) else each for place, each in enumerate(value)]
    raise ValueError(f"there is a {type(value).__name__} without a place {first!r}")


def _step(value: Any, segment: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if isinstance(value, dict):
        return value.get(segment)
    if isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
        return value[int(segment)]
    return None
