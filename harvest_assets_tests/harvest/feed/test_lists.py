"""Feeds over sockets: three formats, pages and archives, broken entries, and why a feed proves no absence."""

import gzip

import pytest
from lxml import etree

from harvest_assets.errors import PermanentError, PositionExpiredError, TransientError, UnendingListError
from harvest_assets.harvest.feed.protocol import HOLE
from harvest_assets.testing import Faults, Repository, Spot

ATOM = 'xmlns="http://www.w3.org/2005/Atom"'


def entry(identifier: str, updated: str = "2024-05-01T10:00:00Z", more: str = "") -> str:
    return f"<entry><id>{identifier}</id><updated>{updated}</updated>{more}</entry>"


def atom(*content: str, attributes: str = "") -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<feed {ATOM}{attributes}><id>f</id>{"".join(content)}</feed>'.encode()


def link(relation: str, address: str) -> str:
    return f'<link rel="{relation}" href="{address}"/>'


@pytest.fixture
def library(loopback):
    return loopback.add(Repository.generate("library", 25, seed=7, page_size=10))


@pytest.fixture
def feed(web, read):
    """Read the feed that is at ``/feed``."""

    def read_feed(*bodies, **options):
        if bodies:
            web.pages["/feed"] = list(bodies)
        return read("feed", web.url("/feed"), **options)

    return read_feed


@pytest.mark.parametrize("kind", ["rss", "rdf", "atom"])
def test_a_feed_shows_the_newest_entries_and_proves_nothing_of_the_others(loopback, library, read, kind):
    pages = read("feed", loopback.feed_url("library", kind))
    newest = list(reversed(library.identifiers()))[:10]
    assert pages.identifiers == newest
    assert [row["datestamp"] for row in pages.rows] == [library.record(identifier).datestamp for identifier in newest]
    assert pages.holes == [HOLE]
    assert [page.announced_total for page in pages] == [None]


@pytest.mark.parametrize("kind", ["rss", "rdf", "atom", "complete"])
def test_a_body_is_a_part_of_the_answer_and_parses_in_its_envelope(loopback, library, read, session_get, kind):
    pages = read("feed", loopback.feed_url(library.name, kind))
    answer = session_get(loopback.feed_url("library", kind))
    for row in pages.rows:
        assert row["body"] in answer
        name = row["envelope"][1:].split(b">", 1)[0].split(None, 1)[0]
        parsed = etree.fromstring(row["envelope"] + row["body"] + b"</" + name + b">")
        assert etree.QName(parsed[0]).localname in {"item", "entry"}


@pytest.mark.parametrize("kind", ["paged", "archive"])
def test_pages_and_archives_are_followed_to_the_end(loopback, library, read, kind):
    pages = read("feed", loopback.feed_url("library", kind))
    assert pages.identifiers == list(reversed(library.identifiers()))
    assert [page.records.num_rows for page in pages] == [10, 10, 5]
    assert [page.holes for page in pages] == [(), (), (HOLE,)]


def test_a_feed_that_says_it_is_complete_is_and_names_what_was_deleted(loopback, library, read, at):
    library.delete(library.identifiers()[3], at=at)
    pages = read("feed", loopback.feed_url("library", "complete"))
    assert len(pages.identifiers) == 25
    assert pages.holes == []
    (deleted,) = [row for row in pages.rows if row["deleted"]]
    assert deleted["identifier"] == "oai:library.example:0000003"
    assert deleted["datestamp"] == "2026-06-01T00:00:00Z"


def test_a_source_may_say_that_its_feed_is_complete(loopback, library, read):
    assert library.identifiers()
    assert read("feed", loopback.feed_url("library", "archive"), complete=True).holes == []
    assert read("feed", loopback.feed_url("library", "rss"), complete=True).holes == []


def test_a_complete_feed_has_no_further_pages(web, feed):
    complete = '<fh:complete xmlns:fh="http://purl.org/syndication/history/1.0"/>'
    pages = feed(atom(complete, link("next", "/more"), entry("a")))
    assert (pages.identifiers, pages.holes, web.asked) == (["a"], [], ["/feed"])


def test_a_list_goes_on_from_a_page_but_not_from_an_archive(loopback, library, read):
    assert library.identifiers()
    paged = read("feed", loopback.feed_url("library", "paged"))
    rest = read("feed", loopback.feed_url("library", "paged"), position=paged[0].next_position)
    assert rest.identifiers == paged.identifiers[10:]
    archive = read("feed", loopback.feed_url("library", "archive"))
    with pytest.raises(PositionExpiredError, match="shop: page 2: archives of a feed are read from the newest on, so that no old entry"):
        read("feed", loopback.feed_url("library", "archive"), position=archive[0].next_position)


def test_a_page_that_is_gone_when_the_list_goes_on_has_expired_and_otherwise_fails(loopback, library, read):
    position = read("feed", loopback.feed_url(library.name, "paged"))[0].next_position
    loopback.faults("library", Faults(expired_token=Spot()))
    with pytest.raises(PositionExpiredError, match="shop: page 2: HTTP 410 for this page: start the list again"):
        read("feed", loopback.feed_url("library", "paged"), position=position)
    with pytest.raises(PermanentError, match="status 410") as caught:
        read("feed", loopback.feed_url("library", "paged"))
    assert not isinstance(caught.value, PositionExpiredError)


def test_of_an_entry_that_comes_twice_the_newer_version_counts(web, feed):
    web.pages["/old"] = atom(entry("a", "2020-01-01T00:00:00Z"), entry("c"))
    again = [entry("b", "2024-01-01T00:00:00Z"), entry("b", "2024-02-02T00:00:00Z")]
    pages = feed(atom(link("prev-archive", "old"), entry("a"), *again))
    assert [(row["identifier"], row["datestamp"]) for row in pages.rows] == [
        ("a", "2024-05-01T10:00:00Z"),
        ("b", "2024-02-02T00:00:00Z"),
        ("c", "2024-05-01T10:00:00Z"),
    ]
    assert pages.notes == [f"page {number}: 1 older versions of entries were left out" for number in (1, 2)]


def test_identifiers_of_rss_are_guids_or_else_links(feed):
    items = "<item><guid>g</guid><link>l</link></item><item><link>l2</link><dc:date xmlns:dc='urn:dc'>2024-05-01</dc:date></item>"
    pages = feed(f"<rss version='2.0'><channel><item><title>none</title></item>{items}</channel></rss>".encode())
    assert [(row["identifier"], row["datestamp"]) for row in pages.rows] == [("g", ""), ("l2", "2024-05-01T00:00:00Z")]
    (aside,) = pages.aside
    assert (aside.rule, aside.reason, aside.identifier) == ("no_identifier", "the entry has no id, guid or link", None)
    assert aside.body == b"<item><title>none</title></item>"


def test_what_entries_inherit_is_in_the_envelope(feed):
    pages = feed(atom(entry("a", more='<x:y xmlns:x="urn:x"/>'), attributes=' xml:lang="de" xml:base="https://a.example/?a&amp;b"'))
    assert pages.rows[0]["envelope"] == f'<feed xml:base="https://a.example/?a&amp;b" xml:lang="de" {ATOM}>'.encode()


def test_namesakes_inside_an_entry_do_not_mislead(feed):
    nested = f"<content><entry>{'x' * 20}</entry></content>"
    pages = feed(atom(entry("a", more=nested), "<!-- <entry> -->", entry("b")))
    assert pages.identifiers == ["a", "b"]
    assert pages.rows[0]["envelope"] == b""
    assert etree.fromstring(pages.bodies[0]).tag == "{http://www.w3.org/2005/Atom}entry"
    assert nested.encode() in pages.bodies[0]


def test_another_encoding_and_undeclared_gzip_are_read(feed):
    latin = atom(entry("ä")).decode().replace("utf-8", "iso-8859-1").encode("latin-1")
    assert feed(latin).identifiers == ["ä"]
    assert feed(gzip.compress(atom(entry("a")))).identifiers == ["a"]


@pytest.mark.parametrize(
    ("body", "repair"),
    [
        (b"\nNotice" + atom(entry("a")) + b"<script/>", "bytes outside the root element were cut off"),
        (atom(entry("a", more="<title>\x08</title>")), "illegal characters were dropped"),
        (atom(entry("a", more="<title>é € x</title>")).decode().encode("cp1252"), "bytes that are not UTF-8 were read as Windows-1252"),
    ],
    ids=range(3),
)
def test_a_feed_that_needs_no_guess_is_mended_and_kept_as_it_came(feed, body, repair):
    (page,) = feed(body)
    assert page.records.column("identifier").to_pylist() == ["a"]
    assert page.repairs == (repair,)
    assert page.original == body


def test_the_faults_of_the_universe_are_mended(loopback, library, read):
    loopback.faults(library.name, Faults(illegal_characters=Spot(), trailing_bytes=Spot()))
    pages = read("feed", loopback.feed_url("library"))
    assert len(pages.identifiers) == 10
    assert pages[0].repairs == ("bytes outside the root element were cut off", "illegal characters were dropped")


def test_an_entry_that_is_not_well_formed_is_set_aside_alone(feed):
    broken = "<entry><id>b</id><title>a < b</title></entry>"
    body = atom(link("next", "/nowhere"), entry("a"), broken, entry("c"))
    with pytest.raises(PermanentError, match="status 404"):
        feed(body)
    pages = feed(atom(entry("a"), broken, entry("c")))
    assert pages.identifiers == ["a", "c"]
    assert [(each.rule, each.body) for each in pages.aside] == [("not_well_formed", broken.encode())]
    assert pages.aside[0].reason.startswith("not well-formed XML: ")
    assert pages[0].repairs == ("entries were read one by one",)
    assert pages.rows[0]["envelope"] == f"<feed {ATOM}>".encode()


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"", TransientError, r"shop: page 1: the answer is empty \(cut off after byte 0\)"),
        (atom(entry("a"))[:-30], TransientError, "shop: page 1: the answer is cut off after byte"),
        (b"<!doctype html><p>Sign in</p>", PermanentError, "shop: page 1: got an HTML page, not a feed: check the address"),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel/></rss>', PermanentError, "the answer has a DOCTYPE, which is refused"),
        (b"<urlset/>", PermanentError, "the root element is 'urlset', not 'feed', 'rss' or 'RDF': check the address"),
        (b'{"items": []}', PermanentError, "shop: page 1: the answer is not well-formed XML: Start tag expected"),
        (b"<feed><a></feed>", PermanentError, "the answer is not well-formed XML: Opening and ending tag mismatch"),
        (b"<feed><a><entry>x</entry></feed>", PermanentError, "the answer is not well-formed XML: Opening and ending tag mismatch"),
        (atom(link("next", "http://other.example/feed")), PermanentError, "the next page is on http://other.example:80, it must be on the"),
        (atom(link("next", "http://[broken")), PermanentError, "the next page is at an address that cannot be read, it must be on"),
    ],
    ids=range(10),
)
def test_what_is_no_feed_is_refused_in_words(feed, body, kind, message):
    with pytest.raises(kind, match=message):
        feed(body)


def test_a_feed_that_is_cut_off_is_asked_for_three_times(web, feed):
    assert feed(b"", atom(entry("a"))[:40], atom(entry("a"))).identifiers == ["a"]
    assert web.asked == ["/feed"] * 3


@pytest.mark.parametrize(
    ("links", "reason"),
    [
        (lambda _: "/feed?page=1", "position of the next page repeats"),
        (lambda page: f"/feed?page={page + 1}", "4 pages in a row hold no record and name a next one"),
    ],
    ids=["loop", "empty"],
)
def test_a_feed_that_does_not_end_is_left(web, open_protocol, links, reason):
    web.pages |= {f"/feed?page={page}": atom(link("next", links(page))) for page in range(20)}
    pages = open_protocol("feed", web.url("/feed?page=0")).pages(None)
    with pytest.raises(UnendingListError, match=rf"shop: page \d: the list does not end|shop: page \d: the {reason}"):
        list(pages)


def test_the_number_of_pages_is_bounded(web, open_protocol):
    web.pages |= {f"/feed?page={page}": atom(link("next", f"?page={page + 1}"), entry(str(page))) for page in range(20)}
    with pytest.raises(UnendingListError, match="page 3 of at most 3 names a next one; see the option max_pages"):
        list(open_protocol("feed", web.url("/feed?page=0"), max_pages=3).pages(None))


def test_an_empty_feed_is_an_empty_list(feed):
    assert feed(atom()).identifiers == []
    assert feed(b"<rss/>").holes == [HOLE]


def test_a_feed_cannot_be_asked_by_date_nor_for_one_record_nor_about_itself(web, open_protocol):
    protocol = open_protocol("feed", web.url("/feed"))
    assert not protocol.filters_by_date()
    assert protocol.identify().exchanges == ()
    assert list(protocol.list_contents()) == []
    with pytest.raises(PermanentError, match="protocol 'feed' cannot ask for record 'a' alone"):
        list(protocol.records(["a"]))
    assert web.asked == []
