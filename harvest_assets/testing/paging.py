"""Cut a list into pages, honestly or as the faults demand; what OAI-PMH and JSON have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from harvest_assets.model.window import Window
from harvest_assets.testing.faults import Faults, Hits
from harvest_assets.testing.repository import Repository


@dataclass(frozen=True, slots=True)
class Cut:
    """One page: numbers of its records, where the list goes on (``None``: nowhere), what is announced, and how many there really are."""

    numbers: Sequence[int]
    next_offset: int | None
    announced_total: int | None
    total: int


def list_numbers(repository: Repository, window: Window, set_spec: str | None, faults: Faults) -> Sequence[int]:
    """Numbers of the records that the list of a window shows under these faults."""
    window = Window() if faults.ignores_window else window
    if faults.redated_at is None:
        return repository.select(window, set_spec, salt=faults.half_list)
    is_inside = (window.start is None or faults.redated_at >= window.start) and (window.end is None or faults.redated_at < window.end)
    return repository.select(Window(), set_spec, salt=faults.half_list) if is_inside else ()


def cut_page(numbers: Sequence[int], offset: int, size: int, hits: Hits) -> Cut:
    """The page of ``size`` records that starts at ``offset``."""
    total = len(numbers)
    end = offset + size
    next_offset = end if end < total else None
    if offset >= total and hits.faults.endless == "last_page" and total:
        offset = (total - 1) // size * size
    if hits.faults.endless and next_offset is None:
        next_offset = end
    if "repeated_token" in hits.spots:
        next_offset = end - size
    announced = None if hits.faults.hidden_total else total + hits.faults.lying_total
    return Cut(numbers[offset : offset + size], next_offset, announced, total)


def page_number(offset: int, size: int) -> int:
    """The page, from 1, that a fault means when it names one."""
    return offset // size + 1
