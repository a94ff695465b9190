"""Spans of time as people write them in YAML: ``30m``, ``26h``, ``3d``."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

PATTERN = r"^[0-9]{1,5}(m|h|d)$"
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def parse_duration(value: object) -> timedelta:
    """Read a whole number with its unit, minutes, hours or days; a span that is one already is kept.

    Raises:
        ValueError: It is anything else; bare numbers are refused because their unit would be a guess.
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.fullmatch(PATTERN, value, re.ASCII):
        raise ValueError(f"{value!r} is not a duration; write a number and its unit, such as 30m, 2h or 1d")
    return int(value[:-1]) * _UNITS[value[-1]]


def format_duration(span: timedelta) -> str:
    """The shortest text that ``parse_duration`` reads as this span; parts of a minute are dropped."""
    minutes = int(span.total_seconds()) // 60
    if minutes and minutes % 1440 == 0:
        return f"{minutes // 1440}d"
    return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}m"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]


def duration_key(default: str, description: str) -> Any:  # noqa: ANN401 - pydantic fields are declared as any value
    """A key of a model with a duration as its default, which the JSON Schema shows as people write it."""
    return Field(default=parse_duration(default), json_schema_extra={"default": default}, description=description)
