"""JSON pointers with one addition: a ``*`` segment stands for every item of a list.

https://www.rfc-editor.org/rfc/rfc6901
"""

from typing import Annotated, Any, Final

from pydantic import AfterValidator

from harvest_assets.errors import RecordError

EVERY = "*"


class Missing:
    """What a pointer finds where nothing is; unlike null it cannot be sent."""


MISSING: Final = Missing()


def _check_pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is no JSON pointer: it must be empty or begin with '/', as in '/metadata/title'")
    return text


Pointer = Annotated[str, AfterValidator(_check_pointer)]


def split_pointer(pointer: str) -> tuple[str, ...]:
    """Segments of a pointer, unescaped; none for the whole."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def resolve(value: Any, segments: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """What the segments lead to, a list when one of them is ``*``; `MISSING` when they lead nowhere or to null.

    Raises:
        RecordError: A ``*`` stands where something other than a list is.
    """
    for place, segment in enumerate(segments):
        if value is None:
            return MISSING
        if segment == EVERY:
            return _resolve_every(value, segments, place)
        value = _step(value, segment)
        if value is MISSING:
            return MISSING
    return MISSING if value is None else value


def _resolve_every(value: Any, segments: tuple[str, ...], place: int) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if not isinstance(value, list):
        raise RecordError(f"/{'/'.join(segments[:place])} holds a {type(value).__name__}, and '*' needs a list", rule="pointer")
    rest = segments[place + 1 :]
    found = [resolve(item, rest) for item in value]
    if EVERY in rest:
        return [inner for outer in found if outer is not MISSING for inner in outer]
    return [item for item in found if item is not MISSING]


def _step(value: Any, segment: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if isinstance(value, dict):
        return value.get(segment, MISSING)
    if isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
        return value[int(segment)]
    return MISSING
