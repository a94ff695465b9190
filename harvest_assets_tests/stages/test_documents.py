"""``documents``: what a harvest does to the state of a source, and what it may not do."""

from dataclasses import replace

import pytest

from harvest_assets.errors import ConfigurationError
from harvest_assets.extract.oai_dc import OaiDc
from harvest_assets.model.record import SetAside
from harvest_assets.stages.decisions import accept
from harvest_assets.stages.documents import fold
from harvest_assets.testing.faults import Faults


@pytest.fixture
def spoil(universe, monkeypatch):
    """From now on the title of one record is not well-formed XML."""

    def spoil_record(identifier: str) -> None:
        respond = universe._server.respond

        def respond_badly(question):
            answer = respond(question)
            start = answer.body.find(f"<identifier>{identifier}".encode())
            end = answer.body.find(b"</dc:title>", start)
            return replace(answer, body=answer.body[:end] + b" & <unclosed " + answer.body[end:]) if 0 < start < end else answer

        monkeypatch.setattr(universe._server, "respond", respond_badly)

    return spoil_record


STRICT = "integrity: {minimum_history: 1, maximum_loss: 0.05, maximum_turnover: 0.25, confirmations: 3}\n"


def test_new_changed_and_deleted_records_become_the_state_of_the_day(world, at):
    repository = world.add_source()
    world.run(0)
    changed, deleted, *untouched = repository.identifiers()
    repository.change(changed, at=at(1), title="Changed")
    repository.delete(deleted, at=at(1))
    added = repository.add(at=at(1), title="Added")
    verdict = world.run(1)
    assert world.live(1) == {changed, added, *untouched}
    rows = world.documents(1)
    assert rows[changed]["title"] == "Changed"
    assert rows[added]["title"] == "Added"
    assert (rows[deleted]["state"], rows[deleted]["title"], rows[deleted]["properties"]) == ("deleted", None, "{}")
    known, now = ({srn for srn, row in world.documents(number).items() if row["state"] == "active"} for number in (0, 1))
    assert (verdict.evidence.added, verdict.evidence.missing) == (len(now - known), len(known - now))
    assert world.live(0) == {changed, deleted, *untouched}


def test_a_record_whose_date_moved_and_whose_content_did_not_is_unchanged(world, at):
    repository = world.add_source()
    world.run(0)
    repository.redate(repository.identifiers()[3], at=at(1))
    world.run(1)
    assert world.manifest("raw_records", 1).counts["new_rows"] == 1
    assert world.manifest("documents", 1).counts["new_rows"] == 0
    assert world.documents(1) == world.documents(0)


def test_a_record_that_comes_back_lives_again(world, at):
    repository = world.add_source()
    world.run(0)
    identifier = repository.identifiers()[0]
    before = world.documents(0)[identifier]
    repository.delete(identifier, at=at(1))
    world.run(1)
    assert identifier not in world.live(1)
    repository.restore(identifier, at=at(2))
    world.run(2)
    after = world.documents(2)[identifier]
    assert {**after, "datestamp": None} == {**before, "datestamp": None}


def test_a_file_that_a_record_no_longer_has_is_taken_back(world, at):
    repository = world.add_source()
    identifier = repository.add(at=at(-1), files=("one.pdf", "two.pdf"))
    world.run(0)
    files = {srn: row for srn, row in world.documents(0).items() if row["owner"] == f"lib:{identifier}" and row["entity"] == "file"}
    assert len(files) == 2
    repository.change(identifier, at=at(1), files=("one.pdf",))
    world.run(1)
    states = {world.documents(1)[srn]["state"]: files[srn]["url"].rsplit("/", 1)[-1] for srn in files}
    assert states == {"active": "one.pdf", "deleted": "two.pdf"}


def test_the_files_of_a_deleted_record_are_deleted_with_it(world, at):
    repository = world.add_source(count=2)
    identifier = repository.add(at=at(-1), files=("one.pdf", "two.pdf"))
    world.run(0)
    repository.delete(identifier, at=at(1))
    world.run(1)
    rows = world.documents(1)
    assert {row["state"] for row in rows.values() if row["owner"] == f"lib:{identifier}"} == {"deleted"}


def test_what_a_complete_list_of_everything_lacks_is_gone_and_what_a_window_lacks_is_not(world):
    repository = world.add_source()
    world.run(0)
    identifier = repository.identifiers()[0]
    repository.vanish(identifier)
    world.run(1)
    assert identifier in world.live(1)
    world.run(2, full=True)
    assert identifier not in world.live(2)


def test_an_incomplete_harvest_adds_and_deletes_nothing(world, universe, at):
    repository = world.add_source()
    world.run(0)
    deleted, vanished, changed, *_ = repository.identifiers()
    repository.delete(deleted, at=at(1))
    repository.vanish(vanished)
    repository.change(changed, at=at(1), title="Changed", files=())
    added = repository.add(at=at(1))
    universe.faults("lib", Faults(lying_total=5))
    verdict = world.run(1, full=True)
    assert verdict.decision == "accepted_with_warning"
    assert world.live(1) == world.live(0) | {added}
    assert world.documents(1)[changed]["title"] == "Changed"
    universe.faults("lib")
    world.run(2, full=True)
    assert world.live(2) == (world.live(0) | {added}) - {deleted, vanished}


def test_a_new_version_of_the_extractor_reads_every_live_record_again(world, at, monkeypatch):
    repository = world.add_source()
    world.run(0)
    gone = repository.identifiers()[0]
    repository.delete(gone, at=at(1))
    world.run(1)
    read = []
    extract = OaiDc.extract

    def extract_and_count(self, records):
        read.extend(records.column("identifier").to_pylist())
        return extract(self, records)

    monkeypatch.setattr(OaiDc, "extract", extract_and_count)
    monkeypatch.setattr(OaiDc, "version", "next")
    world.run(2)
    assert sorted(read) == sorted(world.live(1))
    assert world.manifest("documents", 2).code_version == "oai_dc/next"
    assert world.live(2) == world.live(1)
    read.clear()
    world.run(3)
    assert read == []


def test_a_new_version_of_the_extractor_takes_back_what_it_no_longer_finds(world, at, monkeypatch):
    repository = world.add_source()
    identifier = repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    extract = OaiDc.extract

    def extract_records_only(self, records):
        found = extract(self, records)
        return type(found)([each for each in found.documents if each.srn == each.owner], found.set_aside)

    monkeypatch.setattr(OaiDc, "extract", extract_records_only)
    monkeypatch.setattr(OaiDc, "version", "next")
    world.run(1)
    rows = world.documents(1).values()
    assert {row["state"] for row in rows if row["srn"] != row["owner"]} == {"deleted"}
    assert identifier in world.live(1)


def test_a_record_that_cannot_be_read_any_more_keeps_its_document(world, at, monkeypatch):
    repository = world.add_source()
    world.run(0)
    broken = repository.identifiers()[2]
    repository.change(broken, at=at(1), title="Unreadable")
    extract = OaiDc.extract

    def extract_with_trouble(self, records):
        found = extract(self, records)
        kept = [each for each in found.documents if each.owner != f"lib:{broken}"]
        rows = [row for row in records.to_pylist() if row["identifier"] == broken]
        aside = [SetAside(row["identifier"], 1, "extract", "RecordError", "trouble", row["body"]) for row in rows]
        return type(found)(kept, aside)

    monkeypatch.setattr(OaiDc, "extract", extract_with_trouble)
    verdict = world.run(1, full=True)
    assert verdict.decision == "accepted"
    assert world.documents(1) == world.documents(0)
    assert world.manifest("documents", 1).tables["set_aside"][0].rows == 1


def test_a_record_that_was_set_aside_on_arrival_keeps_its_document(world, spoil):
    repository = world.add_source(count=6, page_size=20)
    world.run(0)
    spoiled = repository.identifiers()[2]
    spoil(spoiled)
    world.run(1, full=True)
    assert world.manifest("raw_records", 1).tables["set_aside"][0].rows == 1
    assert spoiled in world.live(1)


def test_a_loss_that_repeats_is_believed_after_three_complete_harvests(world):
    repository = world.add_source(count=20, keys=STRICT)
    world.run(0)
    for identifier in repository.identifiers()[:4]:
        repository.vanish(identifier)
    assert [world.run(number, full=True).decision for number in (1, 2, 3)] == ["fell_back", "fell_back", "accepted_with_warning"]
    assert len(world.live(3)) == 16
    assert world.run(4, full=True).decision == "accepted"


def test_a_loss_that_was_accepted_by_hand_is_what_the_next_day_builds_on(world):
    repository = world.add_source(count=20, keys=STRICT)
    world.run(0)
    for identifier in repository.identifiers()[:4]:
        repository.vanish(identifier)
    world.run(1, full=True)
    accept(world.store, "lib", world.manifest("documents", 1).day, "they moved")
    verdict = world.run(2, full=True)
    assert (verdict.decision, verdict.evidence.old_live, verdict.evidence.missing) == (
        "accepted",
        world.manifest("documents", 2).counts["live"],
        0,
    )


def test_what_a_rejected_harvest_brought_is_read_when_it_comes_again(world, at):
    repository = world.add_source(count=20, keys=STRICT)
    world.run(0)
    changed, *others = repository.identifiers()
    repository.change(changed, at=at(1), title="Changed")
    for identifier in others[:4]:
        repository.delete(identifier, at=at(1))
    assert world.run(1).decision == "fell_back"
    for identifier in others[:4]:
        repository.restore(identifier, at=at(2))
    assert world.run(2).decision == "accepted"
    assert world.documents(2)[changed]["title"] == "Changed"
    assert len(world.live(2)) == 20


def test_days_asked_for_together_are_folded_in_order_whichever_comes_first(world, at, on):
    repository = world.add_source(count=0)
    for number in (-5, -4, -3):
        repository.add(at=at(number))
    world.receive(-5, -4, -3, today=0, batch="one")
    world.fold(-3)
    assert [len(world.live(number)) for number in (-5, -4, -3)] == [1, 2, 3]
    generations = [world.manifest("documents", number).generation for number in (-5, -4, -3)]
    again = fold(world.installation, world.source(), [str(on(-4))], "one")
    assert [each.manifest.generation for each in again.values()] == generations[:2]


def test_a_day_that_was_never_harvested_cannot_be_folded(world, on):
    world.add_source()
    with pytest.raises(
        ConfigurationError, match=rf"raw_records has no partition {on(0)}\|lib; harvest it first: harvest run lib --date {on(0)}"
    ):
        fold(world.installation, world.source(), [str(on(0))], "one")


def test_a_first_harvest_of_which_nothing_can_be_read_is_held_and_the_next_good_one_is_accepted(world):
    world.add_source()
    world.configure(keys="options: {metadata_prefix: oai_dc}\nextract: {format: mapping, options: {title: /title, fields: {a: /a}}}\n")
    verdict = world.run(0)
    assert (verdict.decision, verdict.evidence.new_live) == ("held", 0)
    assert "none of its records could be read (harvest quarantine list)" in verdict.words
    world.configure(keys="extract: oai_dc\n")
    assert world.run(1, full=True).decision == "first_run"
