"""Gaps: a past range that failed is asked for again without a person."""

from datetime import UTC, datetime, time, timedelta

import pytest

from harvest_assets.errors import PermanentError, TransientError
from harvest_assets.stages.gap_closing import close_gaps
from harvest_assets.stages.gaps import find_gaps
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.reschedules import done, waiting
from harvest_assets.testing.faults import Faults, Refusal

LATER = timedelta(hours=2)


@pytest.fixture
def gap(world, universe, on):
    """A source that could not be asked for two days of last week."""
    world.add_source(count=40)
    universe.faults("lib", Faults(refusals=(Refusal(503, 1),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(-4, -3, today=0)
    universe.faults("lib")
    return [on(-4), on(-3)]


def test_a_gap_is_put_off_once_and_closed_by_the_harvest_that_follows(world, gap):
    now = datetime.now(UTC) + LATER
    assert close_gaps(world.installation, now) == [f"lib: {gap[0]} to {gap[1] + timedelta(days=1)} is asked for again"]
    (put,) = waiting(world.store)
    assert (put.days, put.parameters.optimize) == (gap, True)
    assert close_gaps(world.installation, now) == []
    done(world.store, put)
    assert world.receive(-4, -3, today=0, optimize=True).manifest.facts["is_complete"]
    assert find_gaps(HarvestLedger(world.store).rows("lib")) == []
    assert close_gaps(world.installation, now + LATER) == []


@pytest.mark.usefixtures("gap")
def test_a_gap_is_left_for_an_hour(world):
    assert close_gaps(world.installation, datetime.now(UTC)) == []


@pytest.mark.usefixtures("gap")
def test_a_gap_of_a_source_that_is_refused_waits(world):
    world.configure(keys="enabled: false\n")
    assert close_gaps(world.installation, datetime.now(UTC) + LATER) == []


@pytest.mark.usefixtures("gap")
def test_a_gap_of_an_older_version_of_the_source_is_left_to_a_person(world):
    world.configure(keys="options: {metadata_prefix: oai_dc, max_pages: 7}\n")
    assert close_gaps(world.installation, datetime.now(UTC) + LATER) == []


def test_what_trying_again_does_not_change_is_left_to_a_person(world, universe):
    world.add_source(count=40)
    universe.faults("lib", Faults(refusals=(Refusal(403, 1),)))
    with pytest.raises(PermanentError, match="403"):
        world.receive(-4, -3, today=0)
    assert close_gaps(world.installation, datetime.now(UTC) + LATER) == []


def test_today_is_no_gap(world, universe, on):
    world.add_source(count=40)
    universe.faults("lib", Faults(refusals=(Refusal(503, 1),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    assert close_gaps(world.installation, datetime.combine(on(0), time(23, 59), UTC)) == []


def test_a_past_range_whose_harvest_was_killed_is_a_gap(world, on):
    world.add_source()
    ledger = HarvestLedger(world.store)
    ledger.mark(ledger.find(world.source(), str(on(-4)), str(on(-3))), "started")
    now = datetime.now(UTC) + LATER
    with world.store.hold("harvest-lib"):
        assert close_gaps(world.installation, now) == []
    assert close_gaps(world.installation, now) == [f"lib: {on(-4)} to {on(-3)} is asked for again"]


def test_days_of_a_source_that_cannot_be_asked_for_a_past_day_are_not_asked_for_again(world, universe):
    world.add_source(keys="options: {metadata_prefix: oai_dc, date_filter: false}\n")
    universe.faults("lib", Faults(refusals=(Refusal(503, 1),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(-1, today=-1)
    assert len(find_gaps(HarvestLedger(world.store).rows("lib"))) == 1
    assert close_gaps(world.installation, datetime.now(UTC) + LATER) == []
    assert waiting(world.store) == []
