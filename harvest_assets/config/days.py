"""``Day``: a day as people write it in a file, ``2024-01-31``; YAML may have made a date of it already."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema


def read_day(value: object) -> date:
    """The day that is written, as text or as a date.

    Raises:
        ValueError: It is another text, or a date with a time.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return date.fromisoformat(value)
    raise ValueError(f"{str(value)!r} is not a day; write it as 2024-01-31")


Day = Annotated[date, BeforeValidator(read_day), WithJsonSchema({"type": "string", "format": "date"})]
