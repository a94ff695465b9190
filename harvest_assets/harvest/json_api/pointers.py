"""JSON pointers: where in a page the records, the total and the next page are, and where in a record its identifier is.

https://www.rfc-editor.org/rfc/rfc6901
"""

from typing import Annotated, Any

from pydantic import AfterValidator


def _check_pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is no JSON pointer: it must be empty or begin with '/', as in '/links/next'")
    return text


Pointer = Annotated[str, AfterValidator(_check_pointer)]


def split_pointer(pointer: str) -> tuple[str, ...]:
    """Segments of a pointer, unescaped; none for the whole."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def resolve(value: Any, pointer: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """What a pointer leads to; None when it leads nowhere or to null."""
    for segment in split_pointer(pointer):
        if isinstance(value, dict):
            value = value.get(segment)
        elif isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
            value = value[int(segment)]
        else:
            return None
    return value
