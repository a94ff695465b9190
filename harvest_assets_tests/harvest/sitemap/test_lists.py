"""A site's list over sockets: indexes, batches, resources that cannot be had, places to go on, and what is never believed."""

import gzip
import re
from datetime import UTC, datetime

import orjson
import pytest

from harvest_assets.errors import PermanentError, PositionExpiredError, TransientError
from harvest_assets.model.window import Window
from harvest_assets.testing import Faults, Refusal, Repository, Spot


def urls(web, *paths: str, lastmod: str = "") -> bytes:
    stamp = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    return f"<urlset>{''.join(f'<url><loc>{web.url(path)}</loc>{stamp}</url>' for path in paths)}</urlset>".encode()


def index(web, *paths: str) -> bytes:
    entries = "".join(f"<sitemap><loc>{path if '://' in path else web.url(path)}</loc></sitemap>" for path in paths)
    return f"<sitemapindex>{entries}</sitemapindex>".encode()


@pytest.fixture
def site(web):
    """Two sitemaps in an index, two pages in each."""
    web.pages |= {f"/{name}": f"page {name}".encode() for name in "abcd"}
    web.pages |= {"/index": index(web, "/one", "/two"), "/one": urls(web, "/a", "/b"), "/two": gzip.compress(urls(web, "/c", "/d"))}
    return web


def test_a_universe_is_read_by_its_index_and_by_one_file(loopback, read):
    repository = loopback.add(Repository.generate("library", 25, seed=7, page_size=10))
    expected = [f"{loopback.url}/landing/library/{identifier}" for identifier in repository.identifiers()]
    by_index = read("sitemap", loopback.sitemap_url("library"))
    whole = read("sitemap", loopback.sitemap_url("library", "all.xml"))
    as_text = read("sitemap", loopback.sitemap_url("library", "all.txt"))
    assert by_index.identifiers == whole.identifiers == as_text.identifiers == expected
    assert [pages[-1].announced_total for pages in (by_index, whole, as_text)] == [None, 25, 25]
    assert whole.rows[0]["datestamp"] == repository.record(repository.identifiers()[0]).datestamp
    assert as_text.rows[0]["datestamp"] == ""


def test_a_body_is_the_resource_as_it_came(site, read):
    site.pages["/b"] = b"\x89PNG\r\n\x00\xff"
    pages = read("sitemap", site.url("/index"))
    assert pages.bodies == [b"page a", b"\x89PNG\r\n\x00\xff", b"page c", b"page d"]
    assert {row["envelope"] for row in pages.rows} == {b""}
    assert [page.next_position for page in pages] == [None]


def test_without_fetching_a_body_is_what_the_sitemap_says(site, read):
    site.pages["/one"] = urls(site, "/a", lastmod="2024-05-01")
    pages = read("sitemap", site.url("/one"), fetch=False)
    assert pages.bodies == [orjson.dumps({"url": site.url("/a"), "lastmod": "2024-05-01"})]
    assert pages.rows[0]["datestamp"] == "2024-05-01"
    assert site.asked == ["/one"]


def test_globs_say_which_addresses_are_records(site, read):
    assert read("sitemap", site.url("/index"), include=["*/[abc]"], exclude=["*/b"]).bodies == [b"page a", b"page c"]
    assert "/b" not in site.asked


def test_a_list_comes_in_batches_and_goes_on_from_each_of_them(web, read):
    paths = [f"/{number}" for number in range(250)]
    web.pages |= {"/index": index(web, "/one", "/two"), "/one": urls(web, *paths[:130]), "/two": urls(web, *paths[130:])}
    pages = read("sitemap", web.url("/index"), fetch=False)
    assert [page.records.num_rows for page in pages] == [100, 100, 50]
    assert [page.number for page in pages] == [1, 2, 3]
    for number, page in enumerate(pages[:-1], start=1):
        rest = read("sitemap", web.url("/index"), fetch=False, position=page.next_position)
        assert rest.identifiers == pages.identifiers[number * 100 :]
    assert web.asked[-2:] == ["/index", "/two"]  # the sitemap before the place is not asked for again


@pytest.mark.parametrize(
    "change",
    [
        {"/one": b"<urlset><url><loc>http://127.0.0.1/new</loc></url></urlset>"},
        {"/index": b"<urlset/>"},
        {"/index": b"<sitemapindex/>"},
        {"/one": b"<sitemapindex/>"},
        {"/one": (404, b"")},
    ],
)
def test_a_place_in_a_sitemap_that_changed_is_no_place(web, read, change):
    web.pages |= {"/index": index(web, "/one", "/one"), "/one": urls(web, *(f"/{number}" for number in range(150)))}
    position = read("sitemap", web.url("/index"), fetch=False)[0].next_position
    web.pages |= change
    with pytest.raises(PositionExpiredError, match="shop: the sitemaps have changed since the list was left: start the list again"):
        read("sitemap", web.url("/index"), fetch=False, position=position)


def test_a_position_that_is_none_has_expired(site, read):
    with pytest.raises(PositionExpiredError, match="shop: page 2: position 'token-17' cannot be read: start the list again"):
        read("sitemap", site.url("/index"), position="token-17")


def test_a_resource_that_is_not_there_is_set_aside_alone_and_one_that_is_gone_is_deleted(site, read):
    site.pages |= {"/a": (404, b"no such page"), "/c": (410, b"gone")}
    pages = read("sitemap", site.url("/index"))
    assert pages.identifiers == [site.url("/b"), site.url("/c"), site.url("/d")]
    assert [row["deleted"] for row in pages.rows] == [False, True, False]
    (aside,) = pages.aside
    assert (aside.identifier, aside.rule, aside.body, aside.stage) == (site.url("/a"), "status_404", b"no such page", "harvest")
    assert "status 404" in aside.reason


def test_a_resource_that_the_client_refuses_or_that_is_too_large_is_set_aside_alone(site, read):
    site.pages |= {"/a": b"x" * 2_000_000, "/b": b"y" * (16 * 1024 * 1024 + 1)}
    pages = read("sitemap", site.url("/index"), body_bytes=1_000_000)
    assert pages.bodies == [b"page c", b"page d"]
    assert pages.rules == ["not_fetched", "not_fetched"]
    pages = read("sitemap", site.url("/index"))
    assert pages.rules == ["too_large"]
    assert pages.aside[0].reason == "the record has 16777217 bytes, at most 16777216 are kept as one"
    assert pages.aside[0].body == b"y" * 1024 * 1024
    assert pages.aside[0].identifier == site.url("/b")


def test_large_resources_make_short_pages(web, read):
    web.pages |= {"/s": urls(web, "/1", "/2", "/3"), **{f"/{number}": bytes(9_000_000) for number in (1, 2, 3)}}
    pages = read("sitemap", web.url("/s"), parallel=1)
    assert [page.records.num_rows for page in pages] == [2, 1]


def test_a_few_failures_of_the_server_are_set_aside_and_many_end_the_page(web, read):
    paths = [f"/{number}" for number in range(9)]
    web.pages |= {"/s": urls(web, *paths), **dict.fromkeys(paths, b"page"), "/3": (500, b""), "/4": (503, b"")}
    pages = read("sitemap", web.url("/s"))
    assert len(pages.bodies) == 7
    assert [(each.rule, each.identifier) for each in pages.aside] == [("status_500", web.url("/3")), ("status_503", web.url("/4"))]
    web.pages |= dict.fromkeys(paths[:5], (503, b""))
    web.retry_after, web.asked = "7", []
    with pytest.raises(
        TransientError, match=r"shop: 5 of 8 resources of this page do not answer, the last one: GET .* status 503"
    ) as caught:
        read("sitemap", web.url("/s"))
    assert (caught.value.retry_after_seconds, caught.value.status) == (7, 503)
    assert len(web.asked) < 10  # it does not try all of them


def test_a_page_of_one_resource_that_fails_is_no_page(web, read):
    web.pages |= {"/s": urls(web, "/1"), "/1": (502, b"")}
    with pytest.raises(TransientError, match="1 of 1 resources of this page do not answer"):
        read("sitemap", web.url("/s"))


def test_other_origins_are_set_aside_unless_the_source_wants_them(web, read):
    elsewhere = web.url("/a").replace("127.0.0.1", "localhost")
    web.pages |= {"/s": urls(web, "/b").replace(b"<urlset>", f"<urlset><url><loc>{elsewhere}</loc></url>".encode()), "/a": b"a", "/b": b"b"}
    pages = read("sitemap", web.url("/s"))
    assert pages.bodies == [b"b"]
    assert [(each.identifier, each.rule) for each in pages.aside] == [(elsewhere, "other_origin")]
    assert pages[0].announced_total == 2
    assert read("sitemap", web.url("/s"), other_origins=True).bodies == [b"a", b"b"]


@pytest.mark.parametrize(
    ("change", "hole"),
    [
        ({"/two": (404, b"")}, "a sitemap of the index was not read: GET .*/two.* status 404"),
        ({"/two": b"<html>oops</html>"}, "a sitemap of the index was not read: shop: sitemap '.*/two': got an HTML page"),
        ({"/two": b"<urlset><url></urlset>"}, "not well-formed XML"),
    ],
)
def test_a_sitemap_that_cannot_be_read_is_a_hole_and_costs_no_other(site, read, change, hole):
    site.pages |= change
    pages = read("sitemap", site.url("/index"))
    assert pages.bodies == [b"page a", b"page b"]
    (found,) = pages.holes
    assert re.search(hole, found)


def test_an_index_entry_that_leads_nowhere_or_elsewhere_is_a_hole(site, read):
    site.pages["/index"] = index(site, "ftp://a.example/", "http://other.example/sitemap.xml", "/one", "/one")
    pages = read("sitemap", site.url("/index"))
    assert pages.bodies == [b"page a", b"page b"]
    assert pages.holes == [
        "a sitemap of the index was not read: 'ftp://a.example/' is not an http or https address of at most 2048 characters",
        "a sitemap of the index was not read: it is on http://other.example:80, another origin than the sitemap's (option other_origins)",
    ]


def test_a_server_that_fails_at_a_sitemap_is_tried_again_later(site, read):
    site.pages["/two"] = (500, b"")
    with pytest.raises(TransientError, match="status 500"):
        read("sitemap", site.url("/index"))


def test_the_first_sitemap_must_be_one(site, read):
    with pytest.raises(PermanentError, match="status 404"):
        read("sitemap", site.url("/nowhere"))
    site.pages["/index"] = b"<html/>"
    with pytest.raises(PermanentError, match="shop: sitemap: got an HTML page, not a sitemap: check the address of the source"):
        read("sitemap", site.url("/index"))


def test_an_index_that_lists_itself_ends(site, read):
    site.pages["/index"] = index(site, "/index", "/one")
    pages = read("sitemap", site.url("/index"))
    assert pages.bodies == [b"page a", b"page b"]
    assert pages.holes == []


def test_depth_and_number_of_sitemaps_and_addresses_are_bounded(web, read):
    web.pages |= {f"/{depth}": index(web, f"/{depth + 1}") for depth in range(9)}
    assert read("sitemap", web.url("/0")).holes == ["a sitemap of the index was not read: indexes are nested deeper than 5"]
    assert len(web.asked) == 5
    web.pages |= {"/i": index(web, *(f"/s{number}" for number in range(9)))}
    web.pages |= {f"/s{number}": urls(web, f"/p{number}") for number in range(9)}
    few = read("sitemap", web.url("/i"), fetch=False, max_sitemaps=4)
    assert (len(few.identifiers), few.holes) == (3, ["only 4 sitemaps were read (option max_sitemaps)"])
    few = read("sitemap", web.url("/i"), fetch=False, max_urls=4)
    assert (len(few.identifiers), few.holes) == (4, ["only the first 4 addresses were taken (option max_urls)"])


def test_a_bound_holds_over_a_resumed_list(web, read):
    web.pages |= {"/s": urls(web, *(f"/{number}" for number in range(250)))}
    position = read("sitemap", web.url("/s"), fetch=False, max_urls=150)[0].next_position
    rest = read("sitemap", web.url("/s"), fetch=False, max_urls=150, position=position)
    assert (len(rest.identifiers), len(rest.holes)) == (50, 1)


def test_dates_count_only_where_the_source_trusts_them(web, open_protocol):
    dated = [urls(web, f"/{day}", lastmod=f"2024-05-0{day}") for day in (1, 2, 3)]
    body = (
        b"".join(dated).replace(b"</urlset><urlset>", b"").replace(b"</urlset>", f"<url><loc>{web.url('/x')}</loc></url></urlset>".encode())
    )
    web.pages["/s"] = body
    window = Window(datetime(2024, 5, 2, tzinfo=UTC), datetime(2024, 5, 3, tzinfo=UTC))
    trusting = open_protocol("sitemap", web.url("/s"), fetch=False, date_filter=True)
    plain = open_protocol("sitemap", web.url("/s"), fetch=False)
    assert [protocol.filters_by_date() for protocol in (trusting, plain)] == [True, False]
    (page,) = trusting.pages(window)
    assert page.records.column("identifier").to_pylist() == [web.url("/2"), web.url("/x")]
    assert page.announced_total == 2
    (page,) = plain.pages(window)
    assert page.records.num_rows == 4


def test_an_empty_sitemap_is_an_empty_list(web, read):
    web.pages["/s"] = b"<urlset/>"
    (page,) = read("sitemap", web.url("/s"))
    assert (page.records.num_rows, page.next_position, page.holes) == (0, None, ())
    assert page.exchange.status == 200


def test_what_a_site_offers_are_the_sitemaps_of_its_index(site, open_protocol):
    listed = list(open_protocol("sitemap", site.url("/index")).list_contents())
    assert [(each.identifier, each.kind) for each in listed] == [(site.url("/one"), "sitemap"), (site.url("/two"), "sitemap")]
    assert list(open_protocol("sitemap", site.url("/one")).list_contents()) == []


def test_a_sitemap_announces_no_deletions_and_is_not_asked_about_itself(site, open_protocol):
    assert open_protocol("sitemap", site.url("/index")).identify().deleted_record == "no"
    assert site.asked == []


def test_single_resources_are_fetched_again(site, open_protocol):
    site.pages["/b"] = (404, b"no")
    pages = list(open_protocol("sitemap", site.url("/index")).records([site.url("/a"), site.url("/b")]))
    assert pages[0].records.column("body").to_pylist() == [b"page a"]
    assert [each.rule for each in pages[1].set_aside] == ["status_404"]
    assert pages[1].exchange.status == 404


def test_a_source_that_fetches_nothing_has_no_single_records(site, open_protocol):
    with pytest.raises(PermanentError, match="protocol 'sitemap' cannot ask for record 'x' alone; harvest the source again"):
        list(open_protocol("sitemap", site.url("/index"), fetch=False).records(["x"]))


def test_a_sitemap_that_is_cut_off_is_asked_for_three_times(loopback, read):
    loopback.add(Repository.generate("library", 5, seed=7, page_size=10))
    loopback.faults("library", Faults(cut=Spot(page=1, times=2)))
    assert len(read("sitemap", loopback.sitemap_url("library", "all.xml")).identifiers) == 5
    loopback.faults("library", Faults(cut=Spot(page=1)))
    with pytest.raises(TransientError, match="shop: sitemap: the answer is cut off after byte"):
        read("sitemap", loopback.sitemap_url("library", "all.xml"))


def test_a_mended_sitemap_says_so_on_its_first_page_only(web, read):
    web.pages["/s"] = b"Notice\n" + urls(web, *(f"/{number}" for number in range(150)))
    pages = read("sitemap", web.url("/s"), fetch=False)
    assert [page.repairs for page in pages] == [("bytes outside the root element were cut off",), ()]
    assert [page.original[:7] for page in pages] == [b"Notice\n", b""]


def test_records_that_a_server_cannot_show_are_set_aside_under_their_own_name(loopback, read):
    repository = loopback.add(Repository.generate("library", 12, seed=7))
    poison = repository.identifiers()[3]
    loopback.faults("library", Faults(poison=(poison,), refusals=(Refusal(404, page=9),)))
    pages = read("sitemap", loopback.sitemap_url("library", "all.xml"))
    assert [each.identifier for each in pages.aside] == [f"{loopback.url}/landing/library/{poison}"]
    assert len(pages.identifiers) == 11
