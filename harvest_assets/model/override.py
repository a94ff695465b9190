"""``Override``: what a curator says of a document instead of its source. It is kept apart from what was harvested, and survives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Override:
    """One document's corrections.

    ``properties`` replace those of the same name, null takes one away. ``title``, ``url`` and ``media_type`` replace the columns of these
    names. ``is_hidden`` keeps the document from being published. ``file`` is where it was written, ``until`` the last day that it holds.
    """

    srn: str
    reason: str
    file: str
    properties: Mapping[str, Any]
    title: str | None = None
    url: str | None = None
    media_type: str | None = None
    is_hidden: bool = False
    until: date | None = None
