"""Lists of records from their first page to their last, over loopback."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from harvest_assets.errors import PermanentError, PositionExpiredError, TransientError, UnreadablePageError
from harvest_assets.harvest.oai_pmh import OaiPmh
from harvest_assets.harvest.oai_pmh.answers import CutAnswerError, parse_answer
from harvest_assets.harvest.oai_pmh.record_list import CUT_ATTEMPTS
from harvest_assets.interfaces import HttpStatusError
from harvest_assets.model.record import RAW_RECORDS, Page
from harvest_assets.model.window import Window

OPEN = Window()

Server = Any  # the fixtures of conftest, which tests cannot import from
Xml = Any
Repository = Callable[..., OaiPmh]


def chain(xml: Xml, pages: list[list[str]], attributes: str = "") -> Callable[[dict[str, str]], bytes]:
    """A repository that hands out the pages in a row, with tokens t1, t2 and so on."""

    def answer(query: dict[str, str]) -> bytes:
        place = int(query["resumptionToken"][1:]) if "resumptionToken" in query else 0
        token = f"t{place + 1}" if place + 1 < len(pages) else ""
        return xml.page("".join(pages[place]), token, attributes)

    return answer


def identifiers(pages: Iterable[Page]) -> list[str]:
    return [name for page in pages for name in page.records.column("identifier").to_pylist()]


def collect(iterator: Iterator[Page], kind: type[Exception]) -> tuple[list[Page], Exception]:
    """Pages up to the error that ends the list, and the error."""
    pages = []
    with pytest.raises(kind) as caught:
        pages.extend(iterator)
    return pages, caught.value


def test_a_list_is_followed_to_its_last_page_with_verb_and_token_only(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(chain(xml, [[xml.record("a"), xml.record("b")], [xml.record("c")]], ' completeListSize="3"'))
    pages = list(protocol.pages(OPEN))
    assert identifiers(pages) == ["a", "b", "c"]
    assert [(page.number, page.next_position, page.announced_total) for page in pages] == [(1, "t1", 3), (2, None, 3)]
    assert server.queries == [{"verb": "ListRecords", "metadataPrefix": "oai_dc"}, {"verb": "ListRecords", "resumptionToken": "t1"}]


def test_every_column_of_a_record_is_read_and_its_body_parses_in_its_envelope(open_repository: Repository, xml: Xml) -> None:
    sets = "<setSpec>math</setSpec><setSpec>math:algebra</setSpec>"
    text = xml.record("oai:x:1", header=sets) + "\n  " + xml.record(" oai:x:2 ", "", status=' status="deleted"')
    (page,) = open_repository(lambda _: xml.page(text)).pages(OPEN)
    assert page.records.schema == RAW_RECORDS
    rows = page.records.to_pylist()
    assert [row["identifier"] for row in rows] == ["oai:x:1", "oai:x:2"]
    assert [row["deleted"] for row in rows] == [False, True]
    assert [row["set_specs"] for row in rows] == [["math", "math:algebra"], []]
    assert {(row["datestamp"], row["page"]) for row in rows} == {(xml.DATE, 1)}
    assert rows[0]["body"] == xml.record("oai:x:1", header=sets).encode()
    whole = etree.fromstring(rows[0]["envelope"] + rows[0]["body"] + b"</OAI-PMH>")
    assert whole[0].tag == "{http://www.openarchives.org/OAI/2.0/}record"
    assert page.announced_total is None
    assert page.exchange.status == 200


def test_a_list_resumes_at_a_position_with_the_number_of_that_page(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(chain(xml, [[xml.record("a")], [xml.record("b")], [xml.record("c")]]))
    pages = list(protocol.pages(Window(datetime(2024, 1, 1, tzinfo=UTC)), position="t1", number=2))
    assert [(page.number, identifiers([page])) for page in pages] == [(2, ["b"]), (3, ["c"])]
    assert server.queries[0] == {"verb": "ListRecords", "resumptionToken": "t1"}


def test_a_resumed_token_that_expired_asks_to_start_again(open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(lambda _: xml.error("badResumptionToken", "gone"))
    with pytest.raises(PositionExpiredError, match=r"library: page 4: the repository answered badResumptionToken: 'gone'"):
        list(protocol.pages(OPEN, position="old", number=4))


def test_arguments_are_repeated_for_repositories_that_want_them(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(chain(xml, [[xml.record("a")], [xml.record("b")]]), repeat_arguments=True, metadata_prefix="lom", set="bio")
    assert identifiers(protocol.pages(OPEN)) == ["a", "b"]
    assert server.queries[0] == {"verb": "ListRecords", "metadataPrefix": "lom", "set": "bio"}
    assert server.queries[1] == {"verb": "ListRecords", "metadataPrefix": "lom", "resumptionToken": "t1"}


@pytest.mark.parametrize(
    ("granularity", "start", "end"),
    [
        ("YYYY-MM-DDThh:mm:ssZ", "2024-05-01T00:00:00Z", "2024-05-02T23:59:59Z"),
        ("YYYY-MM-DD", "2024-05-01", "2024-05-02"),
        ("", "2024-05-01", "2024-05-02"),
    ],
)
def test_the_window_is_sent_at_the_granularity_of_the_repository_which_is_asked_once(
    server: Server, open_repository: Repository, xml: Xml, granularity: str, start: str, end: str
) -> None:
    protocol = open_repository(lambda query: xml.identify(granularity) if query["verb"] == "Identify" else xml.page(xml.record("a")))
    window = Window(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 3, tzinfo=UTC))
    assert identifiers(protocol.pages(window)) == ["a"]
    assert identifiers(protocol.pages(window)) == ["a"]
    assert [query["verb"] for query in server.queries] == ["Identify", "ListRecords", "ListRecords"]
    assert (server.queries[1]["from"], server.queries[1]["until"]) == (start, end)


def test_without_a_date_filter_no_window_is_sent(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(lambda _: xml.page(xml.record("a")), date_filter=False)
    assert not protocol.filters_by_date()
    assert identifiers(protocol.pages(Window(datetime(2024, 5, 1, tzinfo=UTC)))) == ["a"]
    assert server.queries == [{"verb": "ListRecords", "metadataPrefix": "oai_dc"}]


@pytest.mark.parametrize("status", [200, 404, 422])
def test_no_records_match_is_an_empty_last_page_whatever_the_status(open_repository: Repository, xml: Xml, status: int) -> None:
    (page,) = open_repository(lambda _: (status, xml.error("noRecordsMatch"))).pages(OPEN)
    assert (page.records.num_rows, page.next_position, page.exchange.status) == (0, None, status)
    assert page.records.schema == RAW_RECORDS


def test_an_http_error_without_an_oai_error_passes_through(open_repository: Repository, xml: Xml) -> None:
    with pytest.raises(HttpStatusError, match="HTTP 403"):
        list(open_repository(lambda _: (403, b"<html>no</html>")).pages(OPEN))
    with pytest.raises(HttpStatusError, match="HTTP 404"):
        list(open_repository(lambda _: (404, xml.page(""))).pages(OPEN))
    with pytest.raises(HttpStatusError, match="HTTP 400"):
        list(open_repository(lambda _: (400, xml.page("")[:-30])).pages(OPEN))


def test_a_repeated_token_stops_the_list_after_the_page_that_repeats_it(server: Server, open_repository: Repository, xml: Xml) -> None:
    numbers = iter(range(100))
    protocol = open_repository(lambda _: xml.page(xml.record(f"r{next(numbers)}"), "same"))
    pages, error = collect(protocol.pages(OPEN), PermanentError)
    assert identifiers(pages) == ["r0", "r1"]
    assert str(error) == "library: page 2: the resumption token 'same' repeats: the list does not end"
    assert len(server.queries) == 2


def test_tokens_that_go_round_for_ever_stop_when_one_repeats(open_repository: Repository, xml: Xml) -> None:
    """As pycsw does: the last page hands out 0, then 100, 200, … again; and a follow-up needs the prefix."""

    def answer(query: dict[str, str]) -> bytes:
        if "metadataPrefix" not in query:
            return xml.error("badArgument", "Missing metadataPrefix parameter")
        start = int(query.get("resumptionToken", "0"))
        records = "".join(xml.record(f"r{number}") for number in range(start, min(start + 100, 250)))
        return xml.page(records.replace("datestamp", "dateStamp"), str(start + 100 if start + 100 < 250 else 0))

    strict, error = collect(open_repository(answer).pages(OPEN), PermanentError)
    assert len(identifiers(strict)) == 100
    assert "the repository answered badArgument: 'Missing metadataPrefix parameter'" in str(error)
    pages, error = collect(open_repository(answer, repeat_arguments=True).pages(OPEN), PermanentError)
    assert len(set(identifiers(pages))) == 250
    assert str(error) == "library: page 4: the resumption token '100' repeats: the list does not end"
    assert pages[0].records.column("datestamp").to_pylist()[0] == xml.DATE


def test_fresh_tokens_without_end_stop_when_a_page_repeats(open_repository: Repository, xml: Xml) -> None:
    numbers = iter(range(100))
    pages, error = collect(open_repository(lambda _: xml.page(xml.record("a"), f"t{next(numbers)}")).pages(OPEN), PermanentError)
    assert identifiers(pages) == ["a", "a"]
    assert str(error) == "library: page 2: the page repeats the records of an earlier page: the list does not end"


def test_fresh_tokens_without_end_stop_when_more_came_than_was_announced(open_repository: Repository, xml: Xml) -> None:
    numbers = iter(range(1000))
    attributes = ' completeListSize="4"'
    protocol = open_repository(
        lambda _: xml.page(xml.record(f"a{next(numbers)}") + xml.record(f"b{next(numbers)}"), f"t{next(numbers)}", attributes)
    )
    pages, error = collect(protocol.pages(OPEN), PermanentError)
    assert len(identifiers(pages)) == 8
    assert str(error) == "library: page 4: the list does not end: 8 records received, 4 announced"


def test_three_empty_pages_with_a_token_are_tolerated_and_no_more(open_repository: Repository, xml: Xml) -> None:
    answer = chain(xml, [[xml.record("a")], [], [], [], [xml.record("b")]])
    assert identifiers(open_repository(answer).pages(OPEN)) == ["a", "b"]
    pages, error = collect(open_repository(chain(xml, [[xml.record("a")], *[[]] * 9])).pages(OPEN), PermanentError)
    assert len(pages) == 5
    assert str(error) == "library: page 5: the list does not end: 4 pages in a row hold no record and name a next one"


def test_the_number_of_pages_is_bounded(server: Server, open_repository: Repository, xml: Xml) -> None:
    pages, error = collect(open_repository(chain(xml, [[xml.record(str(n))] for n in range(9)]), max_pages=3).pages(OPEN), PermanentError)
    assert len(pages) == len(server.queries) == 3
    assert str(error) == "library: page 3: the list does not end: page 3 of at most 3 names a next one; see the option max_pages"


def test_an_announcement_smaller_than_its_page_is_no_announcement(open_repository: Repository, xml: Xml) -> None:
    (page,) = open_repository(lambda _: xml.page(xml.record("a"), "", ' completeListSize="0"')).pages(OPEN)
    assert page.announced_total is None


@pytest.mark.parametrize("sent", ["many", "-3", "", "9" * 4400])
def test_an_announcement_that_is_no_number_is_none(open_repository: Repository, xml: Xml, sent: str) -> None:
    (page,) = open_repository(lambda _: xml.page(xml.record("a"), "", f' completeListSize="{sent}"')).pages(OPEN)
    assert page.announced_total is None


def test_a_cut_page_is_asked_for_again(server: Server, open_repository: Repository, xml: Xml) -> None:
    whole = xml.page(xml.record("a"))
    replies = iter([whole[:-40], whole[:12], whole])
    assert identifiers(open_repository(lambda _: next(replies)).pages(OPEN)) == ["a"]
    assert len(server.queries) == CUT_ATTEMPTS == 3


def test_a_page_that_ends_at_the_same_byte_each_time_is_unreadable_after_the_pages_before_it(
    server: Server, open_repository: Repository, xml: Xml
) -> None:
    second = xml.page(xml.record("b") + xml.record("c"))[:-60]
    protocol = open_repository(lambda query: second if "resumptionToken" in query else xml.page(xml.record("a"), "t1"))
    pages, error = collect(protocol.pages(OPEN), UnreadablePageError)
    assert identifiers(pages) == ["a"]
    words = f"library: page 2: the answer is cut off after byte {len(second)}, each time: the server cannot write what comes there"
    assert str(error) == words
    assert len(server.queries) == 4


def test_a_page_that_ends_elsewhere_each_time_is_a_transient_error(open_repository: Repository, xml: Xml) -> None:
    whole = xml.page(xml.record("a"))
    replies = iter([whole[:-40], whole[:-41], whole[:-40]])
    with pytest.raises(TransientError, match=rf"^library: page 1: the answer is cut off after byte {len(whole) - 40}$"):
        list(open_repository(lambda _: next(replies)).pages(OPEN))


def test_every_cut_of_a_page_is_noticed(xml: Xml) -> None:
    page = xml.page(xml.record("a") + xml.record("b"), "t")
    for length in range(len(page)):
        with pytest.raises(CutAnswerError, match=f"p: the answer is .*cut off after byte {length}"):
            parse_answer(page[:length], "p")


def test_an_empty_answer_is_a_transient_error(open_repository: Repository) -> None:
    with pytest.raises(TransientError, match=r"library: page 1: the answer is empty \(cut off after byte 0\)"):
        list(open_repository(lambda _: b"  \n").pages(OPEN))


def test_the_next_page_is_fetched_while_the_caller_works_and_nothing_is_left_when_it_stops(
    server: Server, open_repository: Repository, xml: Xml
) -> None:
    iterator = open_repository(chain(xml, [[xml.record(str(n))] for n in range(9)])).pages(OPEN)
    next(iterator)
    limit = time.monotonic() + 5
    while len(server.queries) < 2 and time.monotonic() < limit:
        time.sleep(0.005)
    assert len(server.queries) == 2
    iterator.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("oai-pmh-page-ahead")]
    assert len(server.queries) == 2


def test_a_failure_of_the_page_ahead_is_raised_when_that_page_is_due(open_repository: Repository, xml: Xml) -> None:
    iterator = open_repository(lambda query: (503, b"") if "resumptionToken" in query else xml.page(xml.record("a"), "t1")).pages(OPEN)
    assert identifiers([next(iterator)]) == ["a"]
    with pytest.raises(TransientError, match="HTTP 503"):
        next(iterator)


def test_a_page_that_the_server_cannot_make_is_unreadable_and_its_position_is_not_told(open_repository: Repository, xml: Xml) -> None:
    iterator = open_repository(lambda query: (500, b"") if "resumptionToken" in query else xml.page(xml.record("a"), "t1")).pages(OPEN)
    pages, error = collect(iterator, UnreadablePageError)
    assert identifiers(pages) == ["a"]
    assert str(error) == "library: page 2: the server answers with status 500 each time"


def test_a_token_that_expires_in_the_middle_of_a_fresh_list_asks_to_start_again(open_repository: Repository, xml: Xml) -> None:
    iterator = open_repository(
        lambda query: xml.error("badResumptionToken", "old") if "resumptionToken" in query else xml.page(xml.record("a"), "t1")
    )
    pages, error = collect(iterator.pages(OPEN), PositionExpiredError)
    assert identifiers(pages) == ["a"]
    assert str(error) == "library: page 2: the repository answered badResumptionToken: 'old'"


def test_a_total_that_lies_is_ignored_where_the_source_says_so(open_repository: Repository, xml: Xml) -> None:
    for lie in (' completeListSize="2"', ' completeListSize="99"'):
        answer = chain(xml, [[xml.record(f"r{number}")] for number in range(6)], lie)
        pages = list(open_repository(answer, total="ignore").pages(OPEN))
        assert len(identifiers(pages)) == 6
        assert {page.announced_total for page in pages} == {None}
    _, error = collect(
        open_repository(chain(xml, [[xml.record(str(n))] for n in range(6)], ' completeListSize="2"')).pages(OPEN), PermanentError
    )
    assert str(error) == "library: page 4: the list does not end: 4 records received, 2 announced"


def test_records_that_stand_where_none_belongs_are_a_hole(open_repository: Repository, xml: Xml) -> None:
    nested = xml.record("a", f"<metadata>{xml.record('b')}</metadata>")
    page = xml.answer(f"<ListRecords>{nested}</ListRecords>{xml.record('c')}")
    (read,) = open_repository(lambda _: page).pages(OPEN)
    assert identifiers([read]) == ["a"]
    assert read.holes == ("page 1: 2 records stand inside of others or beside the list and were not read",)
    marc = (
        '<metadata><record xmlns="http://www.loc.gov/MARC21/slim"><leader/><header><identifier>x</identifier></header></record></metadata>'
    )
    (read,) = open_repository(lambda _: xml.page(xml.record("a", marc))).pages(OPEN)
    assert read.holes == ()


def test_a_mended_page_says_what_was_mended_and_keeps_what_came(open_repository: Repository, xml: Xml) -> None:
    sent = xml.page(xml.record("a") + xml.record("b", "<metadata>&</metadata>")) + b"!"
    (page,) = open_repository(lambda _: sent).pages(OPEN)
    assert page.repairs == ("bytes outside the root element were cut off", "records were read one by one")
    assert page.original == sent
    (page,) = open_repository(lambda _: xml.page(xml.record("a"))).pages(OPEN)
    assert (page.repairs, page.original) == ((), b"")


def test_a_token_with_entities_is_sent_as_meant_and_fetched_once(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(
        lambda query: xml.page(xml.record("b")) if "resumptionToken" in query else xml.page(xml.record("a"), "\n a&amp;b&#61;1&quot; ")
    )
    assert identifiers(protocol.pages(OPEN)) == ["a", "b"]
    assert [query.get("resumptionToken") for query in server.queries] == [None, 'a&b=1"']


def test_a_page_fetched_ahead_for_a_token_that_was_none_is_dropped(server: Server, open_repository: Repository, xml: Xml) -> None:
    first = xml.page(xml.record("a"), "right").replace(b"</OAI-PMH>", b"<!-- <resumptionToken>wrong</resumptionToken> --></OAI-PMH>")
    pages = {None: first, "wrong": xml.page(xml.record("x")), "right": xml.page(xml.record("b"))}
    protocol = open_repository(lambda query: pages[query.get("resumptionToken")])
    assert identifiers(protocol.pages(OPEN)) == ["a", "b"]
    assert server.queries[-1]["resumptionToken"] == "right"
