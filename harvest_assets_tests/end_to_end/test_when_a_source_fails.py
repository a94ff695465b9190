"""What goes wrong at a source: nothing that was published suffers, what was received is kept, and the next harvest goes on from there."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.decisions import accept
from harvest_assets.stages.documents import fold
from harvest_assets.stages.health import check_source
from harvest_assets.stages.history import find_cursor
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.stages.sets import publish
from harvest_assets.stages.versions import Member, read_version
from harvest_assets.testing import Faults, Refusal, Spot

PAGES = {"page_size": 20}


def one_line(text: str | None) -> str:
    assert text is not None
    assert "\n" not in text
    return text


def make_shaky(workplace, today: date, count: int = 100, **source: Any):
    """A repository of five pages, the source that harvests it, and its dataset."""
    repository = workplace.add_repository("shaky", count, last_day=today - timedelta(days=5), source=source, **PAGES)
    workplace.add_dataset("all", ["shaky"])
    return repository


def products(workplace, day: date) -> set[str]:
    rows = workplace.rows("documents", "shaky", day)
    return {row["srn"] for row in rows if row["state"] == "active" and row["entity"] == "product"}


def harvest_by_hand(workplace, day: date, on_page: Callable[[int, int, int | None], None] = lambda *_: None) -> None:
    """The stages of one harvest as if the day were today, without Dagster: days to come cannot be run."""
    installation = workplace.installation
    source, batch = installation.catalog.source("shaky"), f"batch-{day}"
    commit = installation.store.manifests.commit
    for raw in harvest(installation, Request(source, [day], batch, today=day, on_page=on_page)).values():
        commit(raw.manifest)
    for documents in fold(installation, source, [str(day)], batch).values():
        commit(documents.manifest)
    for published in publish(installation, source, [str(day)], batch).values():
        commit(published.manifest)


@pytest.mark.usefixtures("step_waits")
def test_a_page_that_fails_for_ever_fails_the_harvest_and_the_next_one_goes_on_at_that_page(workplace, today: date):
    make_shaky(workplace, today)
    workplace.universe.faults("shaky", Faults(refusals=(Refusal(503, page=3),)))
    failed = workplace.harvest("shaky", today)
    store = workplace.installation.store
    assert not failed.succeeded
    assert "sources/shaky.yaml" in one_line(failed.reason)
    assert "503" in one_line(failed.reason)
    assert store.manifests.find("raw_records", "shaky", str(today)) is None
    assert find_cursor(store, "shaky", today + timedelta(days=1)) is None
    assert [each["status"] for each in recent_attempts(store, "shaky")] == ["failed"] * 3
    assert workplace.lists_begun("shaky") == 1, "the retries of the step go on at the page that failed, too"

    workplace.universe.faults("shaky")
    workplace.universe.clear_requests()
    assert workplace.harvest("shaky", today).succeeded
    asked = workplace.lists_asked("shaky")
    assert len(asked) == 3
    assert all("resumptionToken" in each for each in asked)
    manifest = workplace.manifest("raw_records", "shaky", today)
    assert manifest.counts["received"] == 100
    assert manifest.facts["is_complete"], manifest.facts["incomplete_because"]
    assert len(products(workplace, today)) == 100


@pytest.mark.usefixtures("step_waits")
def test_a_token_that_expired_meanwhile_starts_the_list_again(workplace, today: date):
    make_shaky(workplace, today)
    workplace.universe.faults("shaky", Faults(refusals=(Refusal(503, page=3),)))
    assert not workplace.harvest("shaky", today).succeeded
    workplace.universe.faults("shaky", Faults(expired_token=Spot(page=3, times=1)))
    workplace.universe.clear_requests()
    assert workplace.harvest("shaky", today).succeeded
    asked = workplace.lists_asked("shaky")
    assert "resumptionToken" in asked[0]
    assert "resumptionToken" not in asked[1]
    manifest = workplace.manifest("raw_records", "shaky", today)
    assert (manifest.counts["received"], manifest.facts["is_complete"]) == (100, True)
    assert "the list was started again" in one_line(manifest.facts["restarted"])


@pytest.mark.usefixtures("step_waits")
def test_a_change_of_the_selection_does_not_go_on_with_the_pages_of_the_old_one(workplace, today: date):
    make_shaky(workplace, today)
    workplace.universe.faults("shaky", Faults(refusals=(Refusal(503, page=3),)))
    assert not workplace.harvest("shaky", today).succeeded
    workplace.universe.faults("shaky")
    workplace.add_source("shaky", workplace.universe.oai_url("shaky"), options={"metadata_prefix": "oai_dc", "set": "books"})
    assert workplace.harvest("shaky", today).succeeded
    for row in workplace.rows("raw_records", "shaky", today):
        assert "books" in row["set_specs"]


@pytest.mark.parametrize("endless", ["last_page", "no_records"])
def test_a_list_without_end_is_incomplete_with_its_reason_and_deletes_nothing(workplace, today: date, endless: Any):
    repository = make_shaky(workplace, today, mode="full")
    assert workplace.harvest("shaky", today - timedelta(days=1)).succeeded
    before = products(workplace, today - timedelta(days=1))
    repository.vanish(repository.identifiers()[0])
    workplace.universe.faults("shaky", Faults(endless=endless))
    assert workplace.harvest("shaky", today).succeeded
    manifest = workplace.manifest("raw_records", "shaky", today)
    assert not manifest.facts["is_complete"]
    assert "does not end" in "; ".join(manifest.facts["incomplete_because"])
    assert products(workplace, today) == before
    assert workplace.manifest("sets", "shaky", today).facts["verdict"]["decision"] == "accepted_with_warning"


def test_half_a_list_is_not_believed_until_somebody_says_so(workplace, today: date):
    make_shaky(workplace, today, mode="full")
    yesterday = today - timedelta(days=1)
    assert workplace.harvest("shaky", yesterday).succeeded
    workplace.universe.faults("shaky", Faults(half_list="salt"))
    assert workplace.harvest("shaky", today).succeeded
    assert workplace.release("all", today).succeeded
    fallen = workplace.manifest("sets", "shaky", today)
    assert fallen.facts["verdict"]["decision"] == "fell_back"
    assert fallen.facts["contributes"]["documents"]["day"] == str(yesterday)
    assert member_of(workplace, 1).state == "fell_back"

    accept(workplace.installation.store, "shaky", str(today), "the other half moved away")
    assert workplace.publish_again("shaky", today).succeeded
    assert workplace.release("all", today).succeeded
    assert workplace.manifest("sets", "shaky", today).facts["verdict"]["decision"] == "overridden"
    assert member_of(workplace, 2).state == "current"
    assert member_of(workplace, 2).live < member_of(workplace, 1).live


def test_a_shrink_that_three_complete_harvests_agree_on_is_believed(workplace, today: date):
    make_shaky(workplace, today, mode="full")
    harvest_by_hand(workplace, today)
    workplace.universe.faults("shaky", Faults(half_list="salt"))
    days = [today + timedelta(days=count) for count in (1, 2, 3)]
    for day in days:
        harvest_by_hand(workplace, day)
    decisions = [workplace.manifest("sets", "shaky", day).facts["verdict"]["decision"] for day in days]
    assert decisions == ["fell_back", "fell_back", "accepted_with_warning"]
    live = [row for row in workplace.rows("documents", "shaky", days[2]) if row["state"] == "active" and row["entity"] == "product"]
    assert 30 < len(live) < 70


@pytest.mark.usefixtures("step_waits")
def test_two_runs_of_one_source_at_once_are_kept_apart(workplace, today: date):
    make_shaky(workplace, today)
    with workplace.installation.store.hold("harvest-shaky"):
        second = workplace.harvest("shaky", today)
    assert not second.succeeded
    assert "is being harvested by another run" in one_line(second.reason)
    assert workplace.lists_asked("shaky") == []
    assert workplace.harvest("shaky", today).succeeded


def member_of(workplace, number: int) -> Member:
    (member,) = read_version(workplace.installation.store, "all", number).members
    return member


@pytest.mark.usefixtures("step_waits")
def test_a_source_that_is_down_contributes_its_last_accepted_set_and_the_version_says_so(workplace, today: date):
    make_shaky(workplace, today)
    yesterday = today - timedelta(days=1)
    assert workplace.harvest("shaky", yesterday).succeeded
    assert workplace.release("all", today).succeeded
    late = member_of(workplace, 1)
    assert (late.state, late.day, late.live > 0) == ("late", str(yesterday), True)
    assert one_line(late.words) == f"no harvest on {today}; the set of {yesterday} stands"

    workplace.universe.faults("shaky", Faults(refusals=(Refusal(503),)))
    assert not workplace.harvest("shaky", today).succeeded
    assert workplace.release("all", today).succeeded
    failed = member_of(workplace, 2)
    assert (failed.state, failed.day, failed.contribution) == ("failed", str(yesterday), late.contribution)
    assert "the source does not answer" in one_line(failed.words)
    assert "503" in failed.words


@pytest.mark.usefixtures("step_waits")
def test_a_source_that_never_answered_is_missing_and_holds_up_nobody(workplace, today: date):
    make_shaky(workplace, today)
    workplace.add_repository("steady", 60, last_day=today - timedelta(days=5))
    workplace.add_dataset("both", ["shaky", "steady"])
    workplace.universe.faults("shaky", Faults(refusals=(Refusal(503),)))
    assert not workplace.harvest("shaky", today).succeeded
    assert workplace.harvest("steady", today).succeeded
    assert workplace.release("both", today).succeeded
    members = {each.source: each.state for each in read_version(workplace.installation.store, "both", 1).members}
    assert members == {"shaky": "missing", "steady": "current"}


def test_an_identifier_that_comes_twice_counts_once_with_its_last_record(workplace, today: date):
    repository = make_shaky(workplace, today)
    workplace.universe.faults("shaky", Faults(hidden_total=True))
    moved = repository.identifiers()[0]

    def move_to_the_end(pages: int, _records: int, _announced: int | None) -> None:
        if pages == 1:  # the record goes from the beginning to the end of the list, another takes its place, nothing else moves
            repository.add(at=datetime.combine(date(2020, 1, 1), time(), UTC))
            repository.change(moved, at=datetime.now(UTC) - timedelta(hours=1), title="The later one")

    harvest_by_hand(workplace, today, move_to_the_end)
    manifest = workplace.manifest("raw_records", "shaky", today)
    proof = manifest.facts["completeness"]
    assert (proof["records"], proof["distinct"], proof["duplicates"], manifest.counts["received"]) == (101, 100, 1, 100)
    titles = [row["title"] for row in workplace.rows("documents", "shaky", today) if row["srn"].endswith(moved)]
    assert titles == ["The later one"]


def test_a_record_that_cannot_be_read_is_set_aside_with_its_bytes_and_the_rest_goes_on(workplace, today: date):
    make_shaky(workplace, today)
    workplace.universe.faults("shaky", Faults(unreadable_record=Spot(page=2)))
    assert workplace.harvest("shaky", today).succeeded
    (aside,) = workplace.side_table("raw_records", "shaky", today, "set_aside")
    assert aside["page"] == 2
    assert b"<metadata>" in aside["body"]
    assert "header" in one_line(aside["reason"])
    manifest = workplace.manifest("raw_records", "shaky", today)
    assert manifest.facts["completeness"]["set_aside"] == 1
    assert manifest.counts["received"] == 99
    assert len(products(workplace, today)) == 99
    installation = workplace.installation
    assert check_source(installation, installation.catalog.source("shaky"), datetime.now(UTC)).set_aside == 1


def test_a_past_day_of_a_source_without_a_date_filter_is_refused_with_its_reason(workplace, today: date):
    make_shaky(workplace, today, options={"metadata_prefix": "oai_dc", "date_filter": False})
    refused = workplace.harvest("shaky", today - timedelta(days=1))
    assert not refused.succeeded
    assert "is past and the source cannot be asked for a span of dates (no date filter)" in one_line(refused.reason)
    assert len(recent_attempts(workplace.installation.store, "shaky")) == 1, "trying again changes nothing, so nobody does"
