"""``plan``: what a harvest would do is what it then does, and nothing of the plan stays."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harvest_assets.errors import BusyError, RefusedError, TransientError
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.plan import KINDS, Plan, plan
from harvest_assets.store.files import SCRATCH
from harvest_assets.testing.faults import Faults, Refusal, Spot

STRICT = "integrity: {minimum_history: 1, maximum_loss: 0.05, maximum_turnover: 0.25, confirmations: 3}\n"
PLANNING = """
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.plan import plan
installation = Installation.open()
plan(installation, installation.catalog.source("lib"))
"""


def stored(world) -> dict[str, bytes]:
    """Every file of the store and what is in it; lock files are the state folder's."""
    return {path: world.store.files.read(path) for path in world.store.files.list_below("")}


def planned(world, **parameters) -> Plan:
    """A plan of which nothing stays, and which may be made twice."""
    before = stored(world)
    found = plan(world.installation, world.source(), RunParameters(**parameters))
    assert stored(world) == before
    return found


def kept(row: dict) -> tuple[str | None, str | None]:
    """SRN and title."""
    return row["srn"].partition(":")[2], row["title"]


def assert_a_run_does_so(world, found: Plan) -> None:
    verdict = world.run(0)
    counts = world.manifest("documents", 0).counts
    assert (verdict.decision, verdict.words, verdict.evidence) == (found.verdict.decision, found.verdict.words, found.verdict.evidence)
    assert counts["added"] == found.counts["added"]
    assert counts["removed"] == sum(found.counts[kind] for kind in ("deleted", "absent", "left_out"))
    assert counts["live"] == sum(found.counts[kind] for kind in ("added", "changed", "unchanged"))
    assert world.manifest("raw_records", 0).facts["is_complete"] == found.harvest["is_complete"]


def test_a_source_that_was_never_harvested_adds_everything_and_leaves_nothing(world):
    repository = world.add_source()
    found = planned(world)
    assert stored(world) == {}
    assert found.based_on is None
    assert found.counts["added"] >= len(repository.identifiers())
    assert {kind for kind in KINDS if found.counts[kind]} == {"added"}
    assert found.verdict.decision == "first_run"
    assert len(found.samples["added"]) == 5
    assert_a_run_does_so(world, found)


def test_adds_changes_and_deletions_are_counted_with_samples_of_what_differs(world, at, on):
    repository = world.add_source()
    world.run(-1)
    changed, deleted, *_ = repository.identifiers()
    old = world.documents(-1)[changed]["title"]
    repository.change(changed, at=at(0), title="Changed \x1b[31m title")
    repository.delete(deleted, at=at(0))
    added = repository.add(at=at(0), title="Added")
    found = planned(world)
    assert found.based_on == str(on(-1))
    assert (added, "Added") in map(kept, found.samples["added"])
    (row,) = [row for row in found.samples["changed"] if row["srn"] == f"lib:{changed}"]
    fields = {each["field"]: each for each in row["fields"]}
    assert fields["title"]["old"] == old
    assert fields["title"]["new"].startswith("Changed")
    assert "datestamp" not in fields
    assert deleted in {kept(row)[0] for row in found.samples["deleted"]}
    assert found.counts["absent"] == found.counts["left_out"] == 0
    assert_a_run_does_so(world, found)


def test_records_that_a_whole_list_lacks_and_files_that_their_record_lost_are_told_apart(world, at):
    repository = world.add_source(keys="mode: full\n")
    identifier = repository.add(at=at(-5), files=("one.pdf", "two.pdf"))
    world.run(-1)
    gone = repository.identifiers()[0]
    repository.vanish(gone)
    repository.change(identifier, at=at(-1), files=("one.pdf",))
    found = planned(world)
    assert gone in {kept(row)[0] for row in found.samples["absent"]}
    assert found.counts["left_out"] == 1
    assert found.counts["deleted"] == 0
    assert_a_run_does_so(world, found)


def test_half_a_list_would_fall_back_and_a_plan_of_it_changes_nothing(world):
    world.add_source(count=40, keys="mode: full\n" + STRICT)
    world.run(-1)
    world.universe.faults("lib", Faults(half_list="salt"))
    found = planned(world)
    assert found.verdict.decision == "fell_back"
    assert not found.as_dict()["verdict"]["is_accepted"]
    assert found.counts["absent"] > 0
    assert len(found.samples["absent"]) == 5
    assert_a_run_does_so(world, found)


def test_an_incomplete_list_says_why_and_would_delete_nothing(world):
    world.add_source(keys="mode: full\n")
    world.run(-1)
    world.universe.faults("lib", Faults(lying_total=3))
    found = planned(world)
    assert not found.harvest["is_complete"]
    assert "announced were received" in found.harvest["incomplete_because"][0]
    assert found.verdict.decision == "accepted_with_warning"
    assert found.counts["unchanged"] == found.verdict.evidence.old_live
    assert_a_run_does_so(world, found)


def test_records_that_cannot_be_read_are_counted_by_rule_with_a_reason_and_their_beginning(world):
    world.add_source()
    world.universe.faults("lib", Faults(unreadable_record=Spot(page=1)))
    found = planned(world)
    (rule,) = found.quarantined
    (sample,) = found.quarantine_samples
    assert (rule["records"], rule["stage"]) == (1, "harvest")
    assert rule["reason"] == sample["reason"]
    assert rule["rule"]
    assert sample["begins"].startswith("<record")
    assert_a_run_does_so(world, found)


def test_a_limited_plan_says_that_it_proves_nothing(world):
    world.add_source(keys="mode: full\n")
    world.run(-1)
    found = planned(world, limit=3, full=True)
    assert found.harvest["distinct"] == 3
    assert not found.harvest["is_complete"]
    assert any("a limited list proves nothing" in note for note in found.notes)
    assert found.counts["absent"] == 0


def test_samples_are_as_many_as_asked_for_and_long_values_are_shortened(world, at):
    repository = world.add_source()
    world.run(-1)
    for identifier in repository.identifiers()[:4]:
        repository.change(identifier, at=at(0), description="long " * 1000)
    found = plan(world.installation, world.source(), samples=2)
    assert len(found.samples["changed"]) == 2
    assert found.counts["changed"] >= 4
    values = [each["new"] for row in found.samples["changed"] for each in row["fields"]]
    assert any(isinstance(value, str) and len(value) == 500 and value.endswith("…") for value in values)
    none = plan(world.installation, world.source(), samples=0)
    assert none.counts == found.counts
    assert not any(none.samples.values())


def outside_of_hours() -> str:
    """An hour of the day that is far away."""
    far = datetime.now(UTC) + timedelta(hours=11)
    return f"hours: ['{far:%H:00}-{far + timedelta(hours=1):%H:00}']\n"


@pytest.mark.parametrize(
    ("keys", "words", "parameters"),
    [
        ("enabled: false\ndisabled_reason: being rebuilt\n", "lib is disabled: being rebuilt", {"ignore_disabled": True}),
        (outside_of_hours(), "lib is outside its hours", {"force": "a look"}),
    ],
    ids=["disabled", "hours"],
)
def test_what_stands_against_a_harvest_stands_against_its_plan_and_is_lifted_in_the_same_way(world, keys: str, words: str, parameters):
    world.add_source(keys=keys)
    with pytest.raises(RefusedError, match=words):
        plan(world.installation, world.source())
    assert stored(world) == {}
    assert planned(world, **parameters).counts["added"] > 0


def test_a_plan_that_fails_leaves_nothing_either_and_does_not_use_what_a_failed_harvest_left(world):
    world.add_source(count=12)
    world.universe.faults("lib", Faults(refusals=(Refusal(429, page=3),)))
    before = stored(world)
    with pytest.raises(TransientError, match="status 429"):
        plan(world.installation, world.source())
    assert stored(world) == before
    with pytest.raises(TransientError, match="status 429"):
        world.receive(0)
    world.universe.faults("lib")
    found = planned(world)
    assert found.harvest["is_complete"]
    assert_a_run_does_so(world, found)


def test_parts_that_other_processes_read_leave_nothing_in_the_store(world, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HARVEST_CONTACT", "https://contact.example/")
    world.add_source(count=30, keys="ranges: {interval: 5d, processes: 2, parallel: 2}\nmode: full\n")
    found = planned(world)
    assert stored(world) == {}
    assert found.harvest["is_complete"], found.harvest["incomplete_because"]
    assert_a_run_does_so(world, found)


def test_while_a_source_is_being_harvested_it_is_not_planned(world):
    world.add_source()
    with world.store.hold("harvest-lib"), pytest.raises(BusyError, match="'harvest-lib' is being worked on by another run"):
        plan(world.installation, world.source())


def test_what_a_killed_plan_wrote_is_gone_when_the_next_command_needs_room(world):
    world.add_source(count=12)
    world.universe.faults("lib", Faults(latency_seconds=0.3))
    environ = {**os.environ, **world.installation.environ}
    scratch = Path(world.store_url) / SCRATCH
    with subprocess.Popen([sys.executable, "-c", PLANNING], env=environ) as process:
        until = time.monotonic() + 20
        while not list(scratch.glob("*/rehearsal/staging/lib/*/*")) and time.monotonic() < until:
            time.sleep(0.02)
        assert list(scratch.glob("*/rehearsal/staging/lib/*/*")), "it had begun to write"
        process.send_signal(signal.SIGKILL)
    world.universe.faults("lib")
    plan(world.installation, world.source())
    assert stored(world) == {}
    assert list(scratch.iterdir()) == []


def test_a_plan_on_an_object_store_leaves_no_object(universe, world_at, tmp_path: Path, s3_url: str):
    assert universe.url
    world = world_at(tmp_path / "there")
    world.store_url = s3_url
    world.reload()
    repository = world.add_source(count=6)
    world.run(-1)
    before = {path for path in world.store.files.list_below("") if not path.startswith("locks/")}
    found = plan(world.installation, world.source())
    assert {path for path in world.store.files.list_below("") if not path.startswith("locks/")} == before
    assert found.counts["unchanged"] >= len(repository.identifiers())
    assert isinstance(world.installation, Installation)
