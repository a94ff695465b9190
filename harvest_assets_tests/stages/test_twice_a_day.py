"""A source that is harvested twice on a day: the second harvest, without proof, takes back nothing of the first."""

from harvest_assets.stages.source_reports import find_stale_days
from harvest_assets.testing.faults import Faults


def test_a_second_harvest_without_proof_keeps_what_the_first_brought_and_took_away(world, universe, at):
    repository = world.add_source(count=12, keys="mode: full\n")
    world.run(-1)
    changed, deleted, *_ = repository.identifiers()
    repository.change(changed, at=at(-1), title="The new title")
    repository.delete(deleted, at=at(-1))
    assert world.run(0).decision.startswith("accepted")
    universe.faults("lib", Faults(lying_total=5))
    verdict = world.run(0)
    assert verdict.decision == "accepted_with_warning"
    assert world.documents(0)[changed]["title"] == "The new title"
    assert deleted not in world.live(0)
    assert find_stale_days(world.store, "lib") == []


def test_a_second_harvest_of_nothing_leaves_the_day_as_it_is(world, at):
    repository = world.add_source(count=12)
    world.run(-1)
    added = repository.add(at=at(0), title="New today")
    world.run(0)
    before = world.live(0)
    world.receive(0, limit=0)
    world.fold(0)
    assert world.live(0) == before
    assert added in before


def test_a_second_harvest_with_proof_decides_for_the_day(world, at):
    repository = world.add_source(count=12, keys="mode: full\n")
    world.run(-1)
    world.run(0)
    repository.delete(repository.identifiers()[0], at=at(0))
    world.run(0)
    assert len(world.live(0)) == 11
