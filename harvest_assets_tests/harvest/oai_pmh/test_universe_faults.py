"""Each fault of the universe: what is kept, what is set aside, what is refused, and what a person reads. Over the real client."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harvest_assets.errors import HarvestError, PositionExpiredError, TransientError, UnendingListError, UnreadablePageError
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient
from harvest_assets.harvest.oai_pmh import OaiPmh, OaiPmhOptions
from harvest_assets.interfaces import Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window
from harvest_assets.testing import Faults, Refusal, Repository, Spot, Universe

OPEN = Window()
JANUARY = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
KINDS = ("records", "identifiers")


@dataclass
class Read:
    """Pages of a list up to its end, or to what ended it."""

    pages: list[Page]
    error: HarvestError | None

    @property
    def identifiers(self) -> list[str]:
        return [name for page in self.pages for name in page.records.column("identifier").to_pylist()]


@dataclass
class World:
    """One repository of 25 records in pages of 10, and a way to harvest it."""

    universe: Universe
    library: Repository
    client: RequestsClient

    def open(self, faults: Faults | None = None, **options: object) -> OaiPmh:
        self.universe.faults("library", faults or Faults())
        return OaiPmh(Target("library", self.universe.oai_url("library"), OaiPmhOptions.model_validate(options)), self.client)

    def read(self, faults: Faults, window: Window = OPEN, **options: object) -> Read:
        read = Read([], None)
        try:
            for page in self.open(faults, **options).pages(window):
                read.pages.append(page)
        except HarvestError as error:
            read.error = error
        return read


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = HttpSettings(
        user_agent="tests (tests@example.org)", allowed_networks=("loopback",), requests_per_second=1000, max_attempts=2
    )
    with Universe() as universe, RequestsClient(settings, HostBudget(tmp_path), sleep=lambda _: None) as client:
        yield World(universe, universe.add(Repository.generate("library", 25, seed=7, page_size=10)), client)


kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_wrong_bytes_are_read_and_the_page_is_kept_as_it_came(world: World, kind: str) -> None:
    read = world.read(Faults(wrong_encoding=Spot(page=2)), list=kind)
    assert read.error is None
    assert [page.repairs for page in read.pages] == [(), ("bytes that are not UTF-8 were read as Windows-1252",), ()]
    assert b"\xe9<" in read.pages[1].original
    if kind == "records":
        assert read.identifiers == world.library.identifiers()
        assert "é</dc:title>".encode() in read.pages[1].records.column("body")[0].as_py()
    else:
        (aside,) = read.pages[1].set_aside  # the header's identifier has one letter more than any that the repository knows
        assert (aside.identifier, aside.rule) == (f"{world.library.identifiers()[10]}é", "id_does_not_exist")
        assert len(read.identifiers) == 24


@kinds
def test_compressed_answers_are_read_although_nobody_says_so(world: World, kind: str) -> None:
    read = world.read(Faults(undeclared_gzip=Spot()), list=kind)
    assert (read.identifiers, read.error) == (world.library.identifiers(), None)
    world.open(Faults(undeclared_gzip=Spot())).check_available()


@kinds
def test_an_empty_page_with_a_token_is_followed(world: World, kind: str) -> None:
    read = world.read(Faults(empty_page=Spot(page=2)), list=kind)
    assert (read.identifiers, read.error) == (world.library.identifiers(), None)
    assert [page.records.num_rows for page in read.pages] == [10, 0, 10, 5]


@kinds
def test_a_page_that_the_server_cannot_make_is_unreadable(world: World, kind: str) -> None:
    bad = world.library.identifiers()[14]
    read = world.read(Faults(poison=(bad,)), list=kind)
    assert read.identifiers == world.library.identifiers()[:10]
    assert isinstance(read.error, UnreadablePageError)
    assert str(read.error) == "library: page 2: the server answers with status 500 each time"


@kinds
def test_a_page_that_ends_in_a_record_is_unreadable(world: World, kind: str) -> None:
    bad = world.library.identifiers()[14]
    read = world.read(Faults(poison=(bad,), poison_status=200), list=kind)
    assert read.identifiers == world.library.identifiers()[:10]
    assert isinstance(read.error, UnreadablePageError)
    assert str(read.error).endswith(", each time: the server cannot write what comes there")


def test_shorter_windows_find_the_poisoned_record_to_the_second(world: World) -> None:
    records = list(world.library.records())
    bad = records[14]
    protocol = world.open(Faults(poison=(bad.identifier,)))
    protocol.identify()
    at = datetime.fromisoformat(bad.datestamp)
    before = [name for page in protocol.pages(Window(None, at)) for name in page.records.column("identifier").to_pylist()]
    after = [page.records.num_rows for page in protocol.pages(Window(at + protocol.smallest_window(), None))]
    assert (len(before), sum(after)) == (14, 10)
    with pytest.raises(UnreadablePageError, match="library: page 1: the server answers with status 500 each time"):
        list(protocol.pages(Window(at, at + protocol.smallest_window())))


@pytest.mark.parametrize(("status", "rule"), [(500, None), (200, "cut_off")])
def test_a_poisoned_record_asked_for_alone(world: World, status: int, rule: str | None) -> None:
    bad, good = world.library.identifiers()[14:16]
    records = world.open(Faults(poison=(bad,), poison_status=status)).records([bad, good])
    if rule is None:
        assert next(records).records.column("identifier").to_pylist() == [good]
        with pytest.raises(TransientError, match="status 500 after 2 attempts"):
            next(records)
        return
    first, second = records
    assert [(each.identifier, each.rule) for each in first.set_aside] == [(bad, rule)]
    assert b"Fatal error" in first.set_aside[0].body
    assert second.records.num_rows == 1


@pytest.mark.parametrize("status", [502, 503, 504, 429])
def test_other_server_errors_are_the_whole_servers(world: World, status: int) -> None:
    read = world.read(Faults(refusals=(Refusal(status, page=2),)))
    assert len(read.identifiers) == 10
    assert isinstance(read.error, TransientError)
    assert read.error.status == status


@kinds
def test_a_window_that_is_ignored_is_told_of_and_nothing_is_thrown_away(world: World, kind: str) -> None:
    read = world.read(Faults(ignores_window=True), JANUARY, list=kind)
    assert (read.identifiers, read.error) == (world.library.identifiers(), None)
    assert read.pages[0].notes == ()
    words = "records of a page have datestamps a day or more outside of the window asked for, such as '2026-02-"
    assert [words in note for page in read.pages for note in page.notes] == [True, True]
    assert [page.notes for page in world.read(Faults(), JANUARY).pages] == [(), ()]


def test_times_that_are_refused_become_days(world: World) -> None:
    day = Window(datetime(2026, 1, 5, 7, tzinfo=UTC), datetime(2026, 1, 20, 9, tzinfo=UTC))
    read = world.read(Faults(refuses_granularity=True), day)
    expected = [record.identifier for record in world.library.records() if "2026-01-05" <= record.datestamp < "2026-01-21"]
    assert (read.identifiers, read.error) == (expected, None)
    assert "it is asked by days" in read.pages[0].notes[0]


def test_a_token_that_expires_and_one_that_repeats_end_the_list_with_words(world: World) -> None:
    expired = world.read(Faults(expired_token=Spot(page=3)))
    assert len(expired.identifiers) == 20
    assert isinstance(expired.error, PositionExpiredError)
    repeated = world.read(Faults(repeated_token=Spot(page=2)))
    assert isinstance(repeated.error, UnendingListError)
    assert len(repeated.identifiers) == 20


@pytest.mark.parametrize("lie", [-20, 7])
def test_a_total_that_lies_is_believed_or_ignored(world: World, lie: int) -> None:
    believed = world.read(Faults(lying_total=lie))
    assert believed.pages[0].announced_total == (None if lie < 0 else 32)
    ignored = world.read(Faults(lying_total=lie), total="ignore")
    assert (ignored.identifiers, ignored.error) == (world.library.identifiers(), None)
    assert {page.announced_total for page in ignored.pages} == {None}


def test_several_sets_bring_each_record_and_prove_themselves(world: World) -> None:
    sets = ["articles", "books", "images"]
    world.library.page_size = 4
    whole = world.read(Faults(), set=sets)
    assert (set(whole.identifiers), whole.error) == (set(world.library.identifiers()), None)
    assert not any(page.holes for page in whole.pages)
    short = world.read(Faults(lying_total=1), set=sets)
    assert [hole.partition(",")[0] for page in short.pages for hole in page.holes] == ["set 'articles'", "set 'books'", "set 'images'"]
    listed = world.read(Faults(), set=sets, list="identifiers")
    assert listed.identifiers == whole.identifiers


@kinds
def test_a_deleted_record_is_one_in_both_kinds_of_list(world: World, kind: str) -> None:
    gone = world.library.identifiers()[4]
    world.library.delete(gone, at=datetime(2026, 5, 1, tzinfo=UTC))
    rows = [row for page in world.read(Faults(), list=kind).pages for row in page.records.to_pylist()]
    assert [row["identifier"] for row in rows if row["deleted"]] == [gone]
    assert len(rows) == 25


def test_bodies_and_envelopes_are_the_same_in_both_kinds_of_list(world: World) -> None:
    listed, fetched = (
        {
            row["identifier"]: (row["body"], row["envelope"], row["datestamp"], row["set_specs"])
            for page in read.pages
            for row in page.records.to_pylist()
        }
        for read in (world.read(Faults()), world.read(Faults(), list="identifiers"))
    )
    assert listed == fetched
