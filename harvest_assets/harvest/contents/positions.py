"""Positions in a list of files, as short text: where to go on, and a mark of what was there.

A mark is a digest of what a place was read from. When it is another one at the next attempt, the place means nothing any more.
"""

import hashlib
from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harvest_assets.errors import PositionExpiredError

_MARK_DIGITS = 16


class Position(BaseModel):
    """Base of the positions of a protocol: whole numbers, lists of them, and marks."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def write(self) -> str:
        """The position as a page names it."""
        return self.model_dump_json()


AnyPosition = TypeVar("AnyPosition", bound=Position)


def read_position(kind: type[AnyPosition], text: str, place: str) -> AnyPosition:
    """The position that a page named.

    Raises:
        PositionExpiredError: The text is none.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise PositionExpiredError(f"{place}: position {text[:100]!r} cannot be read: start the list again") from error


def digest(parts: Iterable[str | bytes]) -> str:
    """A mark of parts in their order."""
    whole = hashlib.sha256()
    for part in parts:
        encoded = part if isinstance(part, bytes) else part.encode(errors="surrogatepass")
        whole.update(len(encoded).to_bytes(8))
        whole.update(encoded)
    return whole.hexdigest()[:_MARK_DIGITS]
