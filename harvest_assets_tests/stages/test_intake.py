"""Records that are sent to us take the path of every other record, and take nothing else with them."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from harvest_assets.config.intake import Intake
from harvest_assets.errors import BusyError, ConfigurationError
from harvest_assets.model.quarantine import Selection
from harvest_assets.stages.history import find_cursor
from harvest_assets.stages.intake import TAKEN, _Intake, receive, take_in, waiting_sources
from harvest_assets.stages.quarantine import waiting_identifiers
from harvest_assets.store.inbox import Inbox
from harvest_assets_tests.stages.conftest import JSON

INTAKE = Intake.model_validate({"secret": "${ENV:SECRET}"})
RECORD = """<?xml version="1.0" encoding="UTF-8"?>
<record xmlns="http://www.openarchives.org/OAI/2.0/"><header{status}><identifier>{identifier}</identifier><datestamp>{datestamp}</datestamp>
</header>{metadata}</record>"""
METADATA = """<metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>{title}</dc:title></oai_dc:dc></metadata>"""


def record(identifier: str, title: str | None, datestamp: str = "") -> bytes:
    """A record of OAI-PMH; one without a title is deleted."""
    return RECORD.format(
        identifier=identifier,
        status=' status="deleted"' if title is None else "",
        datestamp=datestamp or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        metadata="" if title is None else METADATA.format(title=title),
    ).encode()


@pytest.fixture
def send(world):
    """Send bodies to a source."""

    def send_all(*bodies: bytes, slug: str = "lib", intake: Intake = INTAKE) -> list[str]:
        source = world.source(slug)
        vars(source)["intake"] = intake
        return [receive(world.installation, source, intake, body)["id"] for body in bodies]

    return send_all


def take(world, batch: str = "pushed", slug: str = "lib"):
    return take_in(world.installation, world.source(slug), batch)


def ids(world, slug: str = "lib") -> list[str]:
    return Inbox(world.store.files).ids(slug)


def test_a_changed_record_and_a_new_one_are_in_the_set_and_all_others_stay_as_they_were(world, send, on):
    repository = world.add_source(count=8)
    world.run(0)
    changed, *others = repository.identifiers()
    before, raw = world.published(0), world.manifest("raw_records", 0)
    send(record(changed, "Changed by a push"), record("oai:lib:new", "New by a push"))
    assert waiting_sources(world.installation) == {"lib": sorted(ids(world))}
    taken = take(world)
    after = world.published(0)
    assert (taken.day, taken.taken, taken.older) == (str(on(0)), 2, 0)
    assert [each.asset for each in taken.made] == ["raw_records", "documents", "overrides", "sets"]
    assert after[f"lib:{changed}"]["title"] == "Changed by a push"
    assert after["lib:oai:lib:new"]["title"] == "New by a push"
    kept = [srn for srn in before if any(srn.startswith(f"lib:{each}") for each in others)]
    assert len(kept) >= len(others)
    assert all(after[srn] == before[srn] for srn in kept)
    now = world.manifest("raw_records", 0)
    assert ids(world) == []
    assert now.counts["received"] == raw.counts["received"] + 1
    same = ("is_complete", "proves_absence", "next_start", "started_at", "batch")
    assert {name: now.facts[name] for name in same} == {name: raw.facts[name] for name in same}
    assert find_cursor(world.store, "lib", on(1)).next_start.isoformat() == raw.facts["next_start"]
    assert world.store.ledger.find("intakes", "lib", "pushed")["taken"] == 2
    requests = [row for row in _requests(world) if row["method"] == "POST"]
    assert [(row["status"], row["url"].startswith("intake:")) for row in requests] == [(202, True)] * 2
    assert len({row["page"] for row in requests}) == 2


def _requests(world) -> list[dict]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - one test reads it

    manifest = world.manifest("raw_records", 0)
    return pq.read_table(world.store.files.localise(f"{manifest.reference.folder}/requests.parquet")).to_pylist()


def test_what_was_sent_stays_when_the_next_day_comes_and_what_the_source_says_then_counts(world, send, at):
    repository = world.add_source(count=6)
    world.run(0)
    first, second, *_ = repository.identifiers()
    send(record(first, "Sent"), record(second, "Sent"), record("oai:lib:new", "New"))
    take(world)
    repository.change(second, at=at(1), title="From the source")
    world.run(1)
    titles = {srn: row["title"] for srn, row in world.published(1).items()}
    assert (titles[f"lib:{first}"], titles[f"lib:{second}"]) == ("Sent", "From the source")
    assert titles["lib:oai:lib:new"] == "New"


def test_a_deleted_record_may_be_sent_by_the_mark_of_the_protocol(world, send):
    repository = world.add_source(count=30)
    world.run(0)
    gone = repository.identifiers()[0]
    send(record(gone, None))
    assert take(world).verdict.evidence.missing >= 0
    assert gone not in world.live(0)
    assert len(world.live(0)) == 29


def test_records_of_json_are_read_where_the_file_says_that_they_are(world, universe, send):
    repository = world.add_source("lib", count=5)
    world.configure("lib", JSON.format(url=universe.json_url("lib"), field="/title", more=""))
    world.run(0)
    changed = repository.identifiers()[0]
    body = {"links": {"self": "https://example.org/"}, "data": [{"id": changed, "title": "Sent", "modified": "2030-01-01T00:00:00Z"}]}
    send(orjson.dumps(body), intake=INTAKE.model_copy(update={"record": "/data"}))
    gone = {"id": repository.identifiers()[1], "deleted": True, "modified": "2030-01-01T00:00:00Z"}
    send(orjson.dumps(gone))
    take(world)
    documents = world.documents(0)
    assert documents[changed]["title"] == changed
    assert orjson.loads(documents[changed]["properties"])["name"] == "Sent"
    assert len(world.live(0)) == 4


def test_a_version_older_than_the_known_one_is_left_out(world, send):
    repository = world.add_source(count=5)
    world.run(0)
    known = repository.identifiers()[0]
    before, documents = world.published(0), world.manifest("documents", 0)
    send(record(known, "Old", "1999-01-01T00:00:00Z"))
    taken = take(world)
    assert (taken.taken, taken.older, taken.made) == (0, 1, ())
    assert (world.published(0), world.manifest("documents", 0)) == (before, documents)
    assert ids(world) == []


def test_of_several_versions_the_newest_counts_whatever_the_order_in_which_they_came(world, send):
    world.add_source(count=5)
    world.run(0)
    send(record("n:1", "Newest", "2030-01-03"), record("n:1", "Older", "2030-01-02"), record("n:1", "Oldest", "2030-01-01"))
    taken = take(world)
    assert (taken.taken, taken.older) == (1, 2)
    assert world.documents(0)["n:1"]["title"] == "Newest"


def test_the_same_thing_sent_twice_waits_once_and_taking_it_in_again_changes_nothing(world, send):
    world.add_source(count=5)
    world.run(0)
    one = record("n:1", "T", "2030-01-01")
    assert len(set(send(one, one))) == 1
    assert len(ids(world)) == 1
    take(world)
    before = world.published(0)
    send(one)
    take(world, "again")
    assert world.published(0) == before
    assert world.manifest("raw_records", 0).counts["received"] == 6


def test_while_the_source_is_being_harvested_records_wait(world, send):
    world.add_source(count=5)
    world.run(0)
    send(record("n:1", "T"))
    with world.store.hold("harvest-lib"), pytest.raises(BusyError, match=r"^'harvest-lib' is being worked on by another run"):
        take(world)
    assert len(ids(world)) == 1
    world.receive(1)
    with pytest.raises(BusyError, match="is not folded; wait for its run to end"):
        take(world)
    assert len(ids(world)) == 1
    world.fold(1)
    assert take(world).taken == 1
    assert "n:1" in world.live(1)


def test_a_run_that_broke_after_the_raw_records_is_taken_up_by_the_next(world, send):
    world.add_source(count=5)
    world.run(0)
    send(record("n:1", "T", "2030-01-01"))
    inbox = Inbox(world.store.files)
    found = inbox.read("lib", inbox.ids("lib"))
    broken = _Intake(world.installation, world.source(), "broken", datetime.now(UTC))
    with world.store.files.scratch() as scratch:
        manifest = broken._lay(scratch, world.raw(world.manifest("raw_records", 0)), found)
    world.store.manifests.commit(manifest)
    assert manifest.facts[TAKEN] == "broken"
    taken = take(world)
    assert [each.asset for each in taken.made] == ["raw_records", "documents", "overrides", "sets"]
    assert "n:1" in world.live(0)


def test_a_source_that_was_never_harvested_begins_with_what_is_sent(world, send, on):
    repository = world.add_source(count=5)
    send(record("n:1", "One"), record("n:2", "Two"))
    taken = take(world)
    assert (taken.day, taken.verdict.decision) == (str(on(0)), "first_run")
    assert set(world.published(0)) == {"lib:n:1", "lib:n:2"}
    send(record("n:2", None))
    take(world, "second")
    assert set(world.published(0)) == {"lib:n:1"}
    world.run(1)
    assert set(repository.identifiers()) <= world.live(1)


def test_a_record_that_cannot_be_read_waits_in_quarantine(world, send):
    world.add_source(count=5)
    world.run(0)
    send(RECORD.format(identifier="n:1", status="", datestamp="2030-01-01", metadata="<metadata><other/></metadata>").encode())
    assert take(world).taken == 1
    assert waiting_identifiers(world.store, "lib", Selection(stage="extract")) == ["n:1"]
    send(record("n:1", "Mended", "2030-01-02"))
    take(world, "mended")
    assert waiting_identifiers(world.store, "lib", Selection(stage="extract")) == []


def test_a_frozen_source_keeps_its_records_waiting(world, send):
    world.add_source(count=5, keys="frozen: true\n")
    send(record("n:1", "T"))
    with pytest.raises(ConfigurationError, match=r"^sources/lib\.yaml: 'frozen' keeps the last accepted set as it is"):
        take(world)
    assert waiting_sources(world.installation) == {}
    assert len(ids(world)) == 1


def test_an_empty_inbox_makes_nothing(world):
    world.add_source(count=5)
    assert take(world).as_dict() == {"source": "lib", "day": None, "taken": 0, "older": 0, "decision": None, "words": None}
    assert world.store.manifests.days("raw_records", "lib") == []


def test_a_protocol_that_has_no_form_for_one_record_is_refused(world, send):
    world.add_source(count=5)
    (world.folder / "config" / "sources" / "lib.yaml").write_text(
        "title: T\nprotocol: feed\nurl: http://127.0.0.1/\nextract: {format: mapping, options: {title: /id, fields: {a: /a}}}\n"
    )
    world.reload()
    with pytest.raises(
        ConfigurationError, match=r"^sources/lib\.yaml: single records of protocol 'feed' cannot be sent; take 'intake' out$"
    ):
        send(b"<record/>")


def test_secrets_of_options_are_resolved_and_missing_ones_named(world, universe, send):
    world.add_source("lib", count=1)
    world.configure("lib", JSON.format(url=universe.json_url("lib"), field="/title", more=", parameters: {key: '${ENV:KEY}'}"))
    with pytest.raises(ConfigurationError, match=r"^sources/lib\.yaml: options\.parameters\.key refers to the environment variable 'KEY'"):
        send(b'{"id": "1"}')
    world.installation = replace(world.installation, environ={**world.installation.environ, "KEY": "k"})
    assert len(send(b'{"id": "1"}')) == 1


def test_a_record_may_come_in_the_whole_answer_with_prefixes_or_without_a_namespace(world, send):
    world.add_source(count=5)
    world.run(0)
    inner = record("n:1", "T").decode().partition("\n")[2]
    answer = f'<o:OAI-PMH xmlns:o="http://www.openarchives.org/OAI/2.0/"><o:GetRecord>{inner}</o:GetRecord></o:OAI-PMH>'
    prefixed = answer.replace("n:1", "n:2").replace("<record xmlns=", "<o:record xmlns:x=").replace("</record>", "</o:record>")
    for name in ("header", "identifier", "datestamp", "metadata"):
        prefixed = prefixed.replace(f"<{name}>", f"<o:{name}>").replace(f"</{name}>", f"</o:{name}>")
    bare = record("n:3", "T").replace(b' xmlns="http://www.openarchives.org/OAI/2.0/"', b"").replace(b"UTF-8", b"ISO-8859-1")
    send(answer.encode(), prefixed.encode(), bare)
    take(world)
    assert {"n:1", "n:2", "n:3"} <= world.live(0)


def test_resources_that_a_record_names_are_put_into_it(world, universe, send):
    world.add_source("lib", count=1)
    world.configure(
        "lib", JSON.format(url=universe.json_url("lib"), field="/relationships/a/data/attributes/name", more=", included: true")
    )
    world.run(0)
    record_ = {"id": "n:1", "type": "t", "relationships": {"a": {"data": {"type": "p", "id": "1"}}}}
    document = {"data": record_, "included": [{"type": "p", "id": "1", "attributes": {"name": "Author One"}}]}
    send(orjson.dumps(document), intake=INTAKE.model_copy(update={"record": "/data"}))
    take(world)
    assert orjson.loads(world.documents(0)["n:1"]["properties"])["name"] == "Author One"
