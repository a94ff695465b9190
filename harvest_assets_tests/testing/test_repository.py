"""Records, their histories and their order, without a server."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.errors import ConfigurationError
from harvest_assets.model.window import Window, midnight
from harvest_assets.testing import Repository

LATER = datetime(2026, 5, 1, 12, 30, 15, 900_000, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 3, 1)


def generate(count: int = 30, **shape: object) -> Repository:
    return Repository.generate("library", count, seed=7, **{"first_day": FIRST, "last_day": LAST, **shape})  # type: ignore[typeddict-item]


def test_equal_arguments_make_equal_records() -> None:
    assert list(generate().records()) == list(generate().records())


def test_another_seed_makes_other_records() -> None:
    other = Repository.generate("library", 30, seed=8, first_day=FIRST, last_day=LAST)
    assert [r.content for r in other.records()] != [r.content for r in generate().records()]


def test_a_record_does_not_depend_on_how_many_there_are() -> None:
    assert generate(30).record_at(12).content == generate(3000).record_at(12).content


def test_datestamps_fill_the_days_from_first_to_last() -> None:
    days = {record.datestamp[:10] for record in generate(120).records()}
    assert min(days) == "2026-01-01"
    assert max(days) == "2026-03-01"
    assert len(days) == 60


def test_people_are_placeholders() -> None:
    creators = {creator for record in generate(200).records() for creator in record.content.creators}
    assert creators
    assert all(creator.startswith("Author ") and creator[7:].isdecimal() for creator in creators)


def test_a_share_of_the_records_has_files() -> None:
    endings = [file.rpartition(".")[2] for record in generate(400).records() for file in record.content.files]
    assert set(endings) == {"pdf", "jpg", "png"}
    assert 100 < len(endings) < 300


def test_a_change_moves_a_record_to_its_new_datestamp() -> None:
    repository = generate()
    changed = repository.identifiers()[3]
    repository.change(changed, at=LATER, title="New & <better>")
    record = list(repository.records())[-1]
    assert (record.identifier, record.datestamp, record.content.title) == (changed, "2026-05-01T12:30:15Z", "New & <better>")
    assert len(list(repository.records())) == 30


def test_redating_keeps_the_content() -> None:
    repository = generate()
    identifier = repository.identifiers()[0]
    before = repository.record(identifier)
    repository.redate(identifier, at=LATER)
    after = repository.record(identifier)
    assert before.content == after.content
    assert before.datestamp != after.datestamp


def test_a_deleted_record_stays_listed_and_comes_back_with_its_content() -> None:
    repository = generate()
    identifier = repository.identifiers()[5]
    content = repository.record(identifier).content
    repository.delete(identifier, at=LATER)
    assert identifier not in repository.identifiers()
    assert repository.record(identifier).deleted
    assert len(list(repository.records())) == 30
    repository.restore(identifier, at=LATER + timedelta(days=1))
    assert repository.record(identifier).content == content
    assert identifier in repository.identifiers()


def test_without_announced_deletions_a_deleted_record_is_not_listed() -> None:
    repository = generate(deleted_record="no")
    identifier = repository.identifiers()[5]
    repository.delete(identifier, at=LATER)
    assert identifier not in [record.identifier for record in repository.records()]
    assert not repository.has(identifier)


def test_a_vanished_record_leaves_no_trace() -> None:
    repository = generate()
    identifier = repository.identifiers()[5]
    repository.vanish(identifier)
    assert len(list(repository.records())) == 29
    assert not repository.has(identifier)
    with pytest.raises(ConfigurationError, match=r"no record 'oai:library.example:0000005'; see identifiers"):
        repository.record(identifier)


def test_added_records_get_the_next_identifier_or_their_own() -> None:
    repository = generate()
    assert repository.add(at=LATER) == "oai:library.example:0000030"
    assert repository.add("urn:own", at=LATER, title="Own", files=("https://example.org/a.pdf",)) == "urn:own"
    assert repository.record("urn:own").content.title == "Own"
    assert len(repository.identifiers()) == 32


def test_an_identifier_cannot_be_added_twice() -> None:
    repository = generate()
    with pytest.raises(ConfigurationError, match=r"a record 'oai:library.example:0000000' exists already; change it"):
        repository.add("oai:library.example:0000000", at=LATER)


def test_a_time_without_zone_is_refused() -> None:
    repository = generate()
    with pytest.raises(ConfigurationError, match="time '2026-05-01T00:00:00' has no zone; give an aware UTC time"):
        repository.add(at=datetime(2026, 5, 1))  # noqa: DTZ001 - the naive time is what is tested


def test_day_granularity_writes_days_and_orders_within_them_by_identifier() -> None:
    repository = generate(granularity="day")
    repository.redate("oai:library.example:0000020", at=LATER)
    repository.redate("oai:library.example:0000010", at=LATER + timedelta(hours=3))
    last = list(repository.records())[-2:]
    assert [(r.identifier[-2:], r.datestamp) for r in last] == [("10", "2026-05-01"), ("20", "2026-05-01")]


def test_a_set_holds_the_sets_below_it() -> None:
    repository = generate(sets=("a:b", "a:c", "d"))
    both = set(repository.select(Window(), "a:b")) | set(repository.select(Window(), "a:c"))
    assert set(repository.select(Window(), "a")) == both
    assert repository.select(Window(), "a:") == []


def test_half_a_list_is_about_half_and_another_salt_keeps_another_half() -> None:
    repository = generate(1000)
    monday, tuesday = repository.select(Window(), salt="monday"), repository.select(Window(), salt="tuesday")
    assert 430 < len(monday) < 570
    assert 430 < len(tuesday) < 570
    assert 180 < len(set(monday) & set(tuesday)) < 320
    assert monday == repository.select(Window(), salt="monday")


def test_the_earliest_datestamp_precedes_every_record() -> None:
    repository = generate()
    assert repository.earliest_datestamp() == "2026-01-01T00:00:00Z"
    repository.add(at=datetime(2020, 1, 1, tzinfo=UTC))
    assert repository.earliest_datestamp() == "2020-01-01T00:00:00Z"


def test_a_million_records_are_made_only_when_asked_for() -> None:
    repository = generate(1_000_000, size="full")
    assert len(repository.select(Window())) == 1_000_000
    assert isinstance(repository.select(Window()), range)
    assert repository.record_at(999_999).datestamp == "2026-03-01T23:59:54Z"


moves = st.lists(
    st.tuples(st.sampled_from(["change", "delete", "redate", "restore", "vanish", "add"]), st.integers(0, 19), st.integers(0, 5_500_000)),
    max_size=12,
)


@given(moves=moves, cuts=st.lists(st.integers(0, 5_500_000), max_size=4), granularity=st.sampled_from(["day", "seconds"]))
def test_any_history_is_listed_once_in_order_in_any_split_of_windows(
    moves: list[tuple[str, int, int]], cuts: list[int], granularity: str
) -> None:
    repository = generate(20, granularity=granularity)
    gone: set[str] = set()
    for kind, number, second in moves:
        identifier, at = f"oai:library.example:{number:07d}", midnight(FIRST) + timedelta(seconds=second)
        if kind == "add":
            repository.add(at=at)
        elif kind == "vanish" and identifier not in gone:
            repository.vanish(identifier)
            gone.add(identifier)
        elif kind != "vanish" and identifier not in gone:
            getattr(repository, kind)(identifier, at=at)
    whole = [repository.record_at(number) for number in repository.select(Window())]
    assert [(r.datestamp, r.identifier) for r in whole] == sorted((r.datestamp, r.identifier) for r in whole)
    assert len(whole) == 20 + sum(kind == "add" for kind, _, _ in moves) - len(gone)
    bounds = [None, *(midnight(FIRST) + timedelta(seconds=cut) for cut in sorted(cuts)), None]
    pieces = [n for start, end in pairwise(bounds) for n in repository.select(Window(start, end))]
    assert [repository.record_at(n) for n in pieces] == whole
