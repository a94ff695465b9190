"""Promotion and the change feed: whoever replays the feed has what the current version shows."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harvest_assets.errors import ConfigurationError, TransientError
from harvest_assets.stages.promotion import (
    append_changes,
    find_current,
    is_newer,
    preview_changes,
    promote,
    read_changes,
    rollback_target,
)
from harvest_assets.stages.versions import read_version


def replay(store, dataset="all", since=0, state=None):
    """What a consumer has who applied every change after a sequence number; sequence numbers have to grow by one."""
    state = {} if state is None else state
    for change in read_changes(store, dataset, since):
        since += 1
        assert change["sequence"] == since
        if change["operation"] == "delete":
            assert change["document"] is None
            del state[change["srn"]]
        else:
            state[change["srn"]] = change["document"]
    return state, since


@pytest.fixture
def two_versions(world, at):
    """A version of day 0 that is current, and one of day 1 with a record more, one less and one changed."""
    repository = world.add_source()
    world.add_dataset()
    world.run(0)
    first = world.release(0)
    changed, deleted, *_ = [record.identifier for record in repository.records() if not record.content.files]
    repository.change(changed, at=at(1), title="Changed")
    repository.delete(deleted, at=at(1))
    repository.add(at=at(1), title="Added", files=())
    world.run(1)
    return first, world.release(1, is_promoted=False)


def test_a_promotion_moves_the_pointer_and_appends_what_changed(world, two_versions):
    first, second = two_versions
    assert find_current(world.store, "all") == 1
    before = replay(world.store)[1]
    assert before == first.counts["live"]
    assert preview_changes(world.store, second) == {"upserts": 2, "deletes": 1}
    segment = promote(world.store, "all", 2)
    assert (segment.first, segment.last, segment.from_version, segment.to_version) == (before + 1, before + 3, 1, 2)
    assert (segment.upserts, segment.deletes) == (2, 1)
    assert find_current(world.store, "all") == 2
    assert replay(world.store)[0] == world.content(second)
    assert [change["sequence"] for change in read_changes(world.store, "all", before + 1)] == [before + 2, before + 3]


def test_promoting_the_current_version_again_changes_nothing_for_consumers(world, two_versions):
    del two_versions
    one = promote(world.store, "all", 2)
    assert promote(world.store, "all", 2) == one
    assert preview_changes(world.store, read_version(world.store, "all", 2)) == {"upserts": 0, "deletes": 0}


def test_a_rollback_is_told_as_changes_that_take_back(world, two_versions):
    first, second = two_versions
    promote(world.store, "all", 2)
    state, since = replay(world.store)
    assert rollback_target(world.store, "all") == 1
    promote(world.store, "all", rollback_target(world.store, "all"), reason="second thoughts")
    assert find_current(world.store, "all") == 1
    state, since = replay(world.store, since=since, state=state)
    assert state == world.content(first)
    assert world.store.ledger.latest("promotions", "all", 1)[0]["reason"] == "second thoughts"
    promote(world.store, "all", 2)
    assert replay(world.store, since=since, state=state)[0] == world.content(second)


def test_there_is_nothing_to_go_back_to_before_the_first_version(world):
    world.add_source()
    world.add_dataset()
    with pytest.raises(ConfigurationError, match="dataset 'all' has no version before the first to go back to; name one with --version"):
        rollback_target(world.store, "all")
    world.run(0)
    world.release(0)
    with pytest.raises(ConfigurationError, match="dataset 'all' has no version before 1 to go back to"):
        rollback_target(world.store, "all")


def test_a_promotion_that_was_interrupted_before_the_pointer_moved_is_completed_by_the_next(world, two_versions):
    _, second = two_versions
    interrupted = append_changes(world.store, second)
    assert find_current(world.store, "all") == 1
    assert promote(world.store, "all", 2) == interrupted
    assert find_current(world.store, "all") == 2
    assert replay(world.store)[0] == world.content(second)


def test_another_version_can_follow_an_interrupted_promotion(world, two_versions, at):
    _, second = two_versions
    append_changes(world.store, second)
    world.universe.repository("lib").add(at=at(2))
    world.run(2)
    third = world.release(2)
    assert find_current(world.store, "all") == 3
    assert replay(world.store)[0] == world.content(third)


def test_a_table_that_no_segment_names_is_no_part_of_the_feed(world, two_versions):
    _, second = two_versions
    before = list(read_changes(world.store, "all", 0))
    world.store.files.write("feeds/all/tables/00000000000000000999-left.parquet", b"left by a promotion that was killed")
    assert list(read_changes(world.store, "all", 0)) == before
    promote(world.store, "all", 2)
    assert replay(world.store)[0] == world.content(second)


def test_one_promotion_at_a_time(world, two_versions):
    del two_versions
    with world.store.hold("promote-all"), pytest.raises(TransientError, match="'promote-all' is being worked on by another run"):
        promote(world.store, "all", 2)
    assert find_current(world.store, "all") == 1


def test_the_pointer_is_one_file_that_names_the_version(world, two_versions):
    del two_versions
    entry = orjson.loads(world.store.files.read("current/all.json"))
    assert (entry["version"], entry["reason"]) == (1, None)
    assert entry["sequence"] == replay(world.store)[1]


def test_a_release_of_an_old_day_is_not_newer(world, two_versions):
    first, second = two_versions
    assert is_newer(world.store, second)
    promote(world.store, "all", 2)
    assert not is_newer(world.store, first)
    assert not is_newer(world.store, second)
    world.run(0)
    old_day = world.release(0, is_promoted=False)
    assert old_day.number == 3
    assert not is_newer(world.store, old_day)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(0, 5)),
        st.tuples(st.just("delete"), st.integers(0, 5)),
        st.tuples(st.just("restore"), st.integers(0, 5)),
        st.tuples(st.just("redate"), st.integers(0, 5)),
        st.tuples(st.just("add"), st.integers(0, 5)),
        st.tuples(st.just("tasks"), st.integers(0, 1)),
        st.tuples(st.just("promote"), st.integers(0, 9)),
        st.tuples(st.just("day"), st.just(0)),
    ),
    min_size=4,
    max_size=10,
)


@settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_replaying_the_feed_gives_the_current_version_after_any_history(world_at, tmp_path_factory, at, steps) -> None:
    world = world_at(Path(tmp_path_factory.mktemp("history")))
    repository = world.add_source(count=6)
    world.add_dataset()
    everything = [record.identifier for record in repository.records()]
    number, versions = 0, 1
    world.run(0)
    world.release(0)
    state, since = replay(world.store)
    for turn, (kind, choice) in enumerate(steps):
        moment = at(number + 1) + timedelta(seconds=turn)
        identifier = everything[choice % len(everything)]
        if kind == "change":
            repository.change(identifier, at=moment, title=f"Title {turn}", files=(f"{turn}.pdf",))
        elif kind in {"delete", "restore", "redate"}:
            getattr(repository, kind)(identifier, at=moment)
        elif kind == "add":
            repository.add(at=moment)
        elif kind == "tasks":
            world.configure(keys="tasks: [url_checks]\n" if choice else "")
        elif kind == "day":
            number += 1
            world.run(number)
            versions = world.release(number).number
        else:
            promote(world.store, "all", 1 + choice % versions)
        current = read_version(world.store, "all", find_current(world.store, "all"))
        state, since = replay(world.store, since=since, state=state)
        assert without_dates(state) == without_dates(world.content(current))
    assert replay(world.store) == (state, since)


def without_dates(state):
    """Dates that the source gives are no part of the comparison: a record that only moved is no change."""
    return {srn: {**document, "datestamp": None} for srn, document in state.items()}


def test_a_version_to_which_no_source_contributes_is_not_promoted_by_itself(world):
    world.add_source()
    world.add_dataset()
    assert not is_newer(world.store, world.release(0, is_promoted=False))
    world.run(0)
    assert is_newer(world.store, world.release(0, is_promoted=False))
