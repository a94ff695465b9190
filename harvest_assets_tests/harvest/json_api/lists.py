"""What the tests of lists share: seven items cut into pages, and reading a list up to its end or to the error that ends it."""

from collections.abc import Iterable

import pytest

from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

OPEN = Window()
ITEMS = [{"id": number} for number in range(7)]


def identifiers(pages: Iterable[Page]) -> list[str]:
    return [name for page in pages for name in page.records.column("identifier").to_pylist()]


def collect(pages: Iterable[Page], kind: type[Exception]) -> tuple[list[Page], Exception]:
    """Pages up to the error that ends the list, and the error."""
    received: list[Page] = []
    with pytest.raises(kind) as caught:
        received.extend(pages)
    return received, caught.value


def slice_offset(query: dict[str, str]) -> list[dict[str, int]]:
    start = int(query["offset"])
    return ITEMS[start : start + int(query["limit"])]


def slice_page(query: dict[str, str]) -> list[dict[str, int]]:
    start = (int(query["page"]) - 1) * 3
    return ITEMS[start : start + 3]
