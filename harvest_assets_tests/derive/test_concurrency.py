"""Many things at once, few in flight."""

import threading
from collections.abc import Generator, Iterator
from typing import cast

import pytest

from harvest_assets.derive.concurrency import map_unordered


def count_to(limit: int, drawn: list[int]) -> Iterator[int]:
    for number in range(limit):
        drawn.append(number)
        yield number


def test_every_item_gets_its_result() -> None:
    assert sorted(map_unordered(lambda number: number * 2, range(100), workers=3)) == list(range(0, 200, 2))


def test_no_items_are_no_results() -> None:
    assert list(map_unordered(str, [], workers=3)) == []


def test_a_slow_item_does_not_hold_up_the_others() -> None:
    release = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert release.wait(10)
        return number

    results = map_unordered(work, range(20), workers=2)
    quick = [next(results) for _ in range(19)]
    release.set()
    assert sorted(quick) == list(range(1, 20))
    assert list(results) == [0]


def test_no_more_is_drawn_than_the_consumer_can_soon_take() -> None:
    drawn: list[int] = []
    results = map_unordered(str, count_to(1000, drawn), workers=4)
    next(results)
    assert len(drawn) <= 8
    cast("Generator[str]", results).close()


def test_a_consumer_that_leaves_ends_the_work() -> None:
    threads, drawn = threading.active_count(), list[int]()
    results = map_unordered(str, count_to(1000, drawn), workers=4)
    next(results)
    cast("Generator[str]", results).close()
    assert threading.active_count() == threads
    assert len(drawn) <= 8


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError, match="by zero"):
        list(map_unordered(lambda number: 1 // number, [1, 0, 1], workers=2))
