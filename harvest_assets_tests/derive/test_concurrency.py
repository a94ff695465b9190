"""Many things at once, few in flight."""

import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from typing import cast

import pytest

from harvest_assets.derive.concurrency import Share, map_in_turns, map_unordered


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


def first_letter(item: str) -> str:
    return item[0]


def in_turns(items: list[str], **share: int) -> list[str]:
    return list(map_in_turns(str, items, key=first_letter, share=Share(**share)))


def test_keys_take_turns() -> None:
    assert in_turns(["a1", "a2", "a3", "b1", "c1", "c2"], workers=1) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_only_so_many_keys_take_turns_at_a_time() -> None:
    assert in_turns(["a1", "a2", "b1", "c1", "c2"], workers=1, keys=2) == ["a1", "b1", "a2", "c1", "c2"]


def test_every_item_of_every_key_gets_its_result() -> None:
    items = [f"{'abcdefghij'[number % 10]}{number}" for number in range(1000)]
    assert sorted(in_turns(items, workers=8, each=1, keys=3)) == sorted(items)
    assert in_turns([]) == []


def test_no_key_has_more_than_its_share_in_work() -> None:
    busy, most, lock = Counter[str](), Counter[str](), threading.Lock()

    def work(item: str) -> None:
        with lock:
            busy[item[0]] += 1
            most[item[0]] = max(most[item[0]], busy[item[0]])
        time.sleep(0.001)
        with lock:
            busy[item[0]] -= 1

    items = [f"{'abc'[number % 3]}{number}" for number in range(150)]
    assert len(list(map_in_turns(work, items, key=first_letter, share=Share(workers=16, each=2)))) == 150
    assert max(most.values()) == 2


def test_a_slow_key_does_not_hold_up_the_others() -> None:
    release = threading.Event()

    def work(item: str) -> str:
        if item[0] == "s":
            assert release.wait(10)
        return item

    slow, quick = [f"s{number}" for number in range(9)], [f"q{number}" for number in range(9)]
    results = map_in_turns(work, [*slow, *quick], key=first_letter, share=Share(workers=3, each=2))
    assert sorted(next(results) for _ in quick) == quick
    release.set()
    assert sorted(results) == slow


def test_what_the_work_on_a_key_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_in_turns(int, ["1", "b"], key=first_letter, share=Share()))
