"""What the universe serves as files: sitemaps, feeds and dumps that are what they say, and traps that are not."""

import csv
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests
from lxml import etree, html

from harvest_assets.testing import Faults, Refusal, Repository, Spot, Universe

Fetch = Callable[[str], requests.Response]


@pytest.fixture
def fetch(session: requests.Session) -> Fetch:
    return lambda url: session.get(url, timeout=10)


def pages_of(universe: Universe, library: Repository) -> list[str]:
    return [f"{universe.url}/landing/{library.name}/{identifier}" for identifier in library.identifiers()]


def locations(body: bytes) -> list[str]:
    return [str(element.text) for element in etree.fromstring(body).iterfind(".//{*}loc")]


def test_an_index_names_compressed_sitemaps_of_all_landing_pages(universe: Universe, library: Repository, fetch: Fetch) -> None:
    parts = locations(fetch(universe.sitemap_url("library")).content)
    assert parts == [universe.sitemap_url("library", f"part-{number}.xml.gz") for number in (1, 2, 3)]
    found = [page for part in parts for page in locations(gzip.decompress(fetch(part).content))]
    assert found == pages_of(universe, library)
    assert fetch(found[0]).status_code == 200


def test_one_file_and_a_text_list_the_same_pages(universe: Universe, library: Repository, fetch: Fetch) -> None:
    library.delete(library.identifiers()[0], at=datetime(2026, 6, 1, tzinfo=UTC))
    body = fetch(universe.sitemap_url("library", "all.xml")).content
    assert locations(body) == fetch(universe.sitemap_url("library", "all.txt")).text.split() == pages_of(universe, library)
    assert etree.fromstring(body).findtext(".//{*}lastmod") == library.record(library.identifiers()[0]).datestamp


@pytest.mark.parametrize("file", ["part-0.xml.gz", "part-4.xml.gz", "part-x.xml.gz", "robots.txt", ""])
def test_there_are_no_other_sitemaps(universe: Universe, library: Repository, fetch: Fetch, file: str) -> None:
    assert fetch(universe.sitemap_url(library.name, file)).status_code == 404


@pytest.mark.parametrize(("kind", "tag"), [("rss", "guid"), ("rdf", None), ("atom", "{*}id")])
def test_a_feed_lists_the_newest_records(universe: Universe, library: Repository, fetch: Fetch, kind: str, tag: str | None) -> None:
    root = etree.fromstring(fetch(universe.feed_url("library", kind)).content)
    items = [*root.iterfind(".//{*}item"), *root.iterfind("{*}entry")]
    about = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
    assert [item.findtext(tag) if tag else item.get(about) for item in items] == list(reversed(library.identifiers()))[:10]


def test_dates_of_rss_are_as_rfc_822_writes_them(universe: Universe, library: Repository, fetch: Fetch) -> None:
    root = etree.fromstring(fetch(universe.feed_url("library", "rss")).content)
    newest = library.record(library.identifiers()[-1]).datestamp
    assert parsedate_to_datetime(str(root.findtext(".//pubDate"))) == datetime.fromisoformat(newest)


@pytest.mark.parametrize(("kind", "relation"), [("paged", "next"), ("archive", "prev-archive")])
def test_pages_and_archives_lead_on(universe: Universe, library: Repository, fetch: Fetch, kind: str, relation: str) -> None:
    found: list[str] = []
    url: str | None = universe.feed_url("library", kind)
    while url:
        root = etree.fromstring(fetch(url).content)
        found += [str(element.text) for element in root.iterfind("{*}entry/{*}id")]
        links = [element.get("href") for element in root.iterfind("{*}link") if element.get("rel") == relation]
        url = universe.url + str(links[0]) if links else None
    assert found == list(reversed(library.identifiers()))


def test_a_complete_feed_says_so_and_what_was_deleted(universe: Universe, library: Repository, fetch: Fetch) -> None:
    deleted = library.identifiers()[0]
    library.delete(deleted, at=datetime(2026, 6, 1, tzinfo=UTC))
    root = etree.fromstring(fetch(universe.feed_url("library", "complete")).content)
    assert root.find("{http://purl.org/syndication/history/1.0}complete") is not None
    assert [element.get("ref") for element in root.iterfind("{http://purl.org/atompub/tombstones/1.0}deleted-entry")] == [deleted]
    assert len(root.findall("{*}entry")) == 24


@pytest.mark.parametrize("place", ["opml", "paged?page=0", "paged?page=x", "paged?page=1000000"])
def test_there_are_no_other_feeds(universe: Universe, library: Repository, fetch: Fetch, place: str) -> None:
    assert fetch(universe.feed_url(library.name, place)).status_code == 404


def identifiers(kind: str, body: bytes) -> list[str]:
    match kind:
        case "csv":
            return [row["id"] for row in csv.DictReader(io.StringIO(body.decode()))]
        case "xml":
            return [str(element.text) for element in etree.fromstring(body).iterfind("record/header/identifier")]
        case "json":
            return [item["id"] for item in json.loads(body)["items"]]
        case _:
            return [json.loads(line)["id"] for line in body.splitlines()]


@pytest.mark.parametrize("kind", ["json", "jsonl", "xml", "csv"])
def test_a_dump_is_there_alone_packed_and_in_a_folder(universe: Universe, library: Repository, fetch: Fetch, kind: str) -> None:
    def get(name: str) -> bytes:
        response = fetch(universe.dump_url("library", name))
        assert response.status_code == 200
        return response.content

    whole = library.identifiers()
    assert identifiers(kind, get(f"records.{kind}")) == identifiers(kind, gzip.decompress(get(f"records.{kind}.gz"))) == whole
    with zipfile.ZipFile(io.BytesIO(get(f"{kind}.zip"))) as archive:
        assert [found for name in archive.namelist() for found in identifiers(kind, archive.read(name))] == whole
    for name in (f"{kind}.tar", f"{kind}.tar.gz"):
        with tarfile.open(fileobj=io.BytesIO(get(name))) as archive:
            read = [archive.extractfile(member) for member in archive]
            assert [found for file in read if file for found in identifiers(kind, file.read())] == whole
    links = [link for link in html.fromstring(get(f"{kind}/")).xpath("//a/@href") if str(link).endswith(kind)]
    assert [found for link in links for found in identifiers(kind, get(f"{kind}/{link}"))] == whole
    assert [line.rpartition("/")[2] for line in get(f"{kind}/list.txt").decode().split()] == links


def test_the_same_records_give_the_same_bytes_and_deleted_ones_are_left_out(universe: Universe, library: Repository, fetch: Fetch) -> None:
    for name in ("csv.zip", "csv.tar.gz", "records.json.gz"):
        assert fetch(universe.dump_url("library", name)).content == fetch(universe.dump_url("library", name)).content
    library.delete(library.identifiers()[0], at=datetime(2026, 6, 1, tzinfo=UTC))
    assert len(identifiers("csv", fetch(universe.dump_url("library", "records.csv")).content)) == 24


@pytest.mark.parametrize("name", ["records.xls", "json.rar", "json/page-0004.json", "json/page-0001.csv", "traps/none.zip", "json"])
def test_there_are_no_other_dumps(universe: Universe, library: Repository, fetch: Fetch, name: str) -> None:
    assert fetch(universe.dump_url(library.name, name)).status_code == 404


def test_traps_are_small_and_hostile(universe: Universe, library: Repository, fetch: Fetch) -> None:
    traps = {
        name: fetch(universe.dump_url(library.name, f"traps/{name}")).content
        for name in ("bomb.zip", "slip.zip", "nested.zip", "slip.tar", "bomb.json.gz")
    }
    assert max(map(len, traps.values())) < 300_000
    with zipfile.ZipFile(io.BytesIO(traps["bomb.zip"])) as archive:
        assert archive.getinfo("bomb.json").file_size > 16_000_000
    with zipfile.ZipFile(io.BytesIO(traps["slip.zip"])) as archive:
        assert "../../evil.json" in archive.namelist()
    with zipfile.ZipFile(io.BytesIO(traps["nested.zip"])) as archive:
        assert zipfile.is_zipfile(io.BytesIO(archive.read("inner.zip")))
    with tarfile.open(fileobj=io.BytesIO(traps["slip.tar"])) as archive:
        assert {member.name for member in archive if member.issym()} == {"link.json"}


def test_faults_strike_the_file_that_they_name(universe: Universe, library: Repository, fetch: Fetch) -> None:
    def status(url: str) -> int:
        return fetch(url).status_code

    universe.faults(library.name, Faults(refusals=(Refusal(404, page=2),)))
    sitemaps, dumps = universe.sitemap_url("library", "part-{}.xml.gz"), universe.dump_url("library", "csv/page-000{}.csv")
    assert [status(url.format(number)) for url in (sitemaps, dumps) for number in (1, 2, 3)] == [200, 404, 200] * 2
    assert [status(universe.feed_url("library", f"paged?page={number}")) for number in (1, 2)] == [200, 404]
    assert status(universe.dump_url("library", "csv.zip")) == status(universe.sitemap_url("library")) == 200
    universe.faults("library", Faults(refusals=(Refusal(500, page=1),)))
    assert status(universe.dump_url("library", "csv.zip")) == 500
    universe.faults("library", Faults(cut=Spot(), expired_token=Spot(page=2), half_list="x"))
    assert not zipfile.is_zipfile(io.BytesIO(fetch(universe.dump_url("library", "csv.zip")).content))
    assert status(universe.feed_url("library", "paged?page=2")) == 410
    universe.faults("library", Faults(half_list="x"))
    assert len(fetch(universe.sitemap_url("library", "all.txt")).text.split()) < 25


def test_poisoned_records_spoil_their_landing_page_and_their_file(universe: Universe, library: Repository, fetch: Fetch) -> None:
    poison = library.identifiers()[12]
    universe.faults("library", Faults(poison=(poison,), poison_status=503))
    assert [fetch(page).status_code for page in pages_of(universe, library)[11:14]] == [200, 503, 200]
    assert [fetch(universe.dump_url("library", f"json/page-000{number}.json")).status_code for number in (1, 2, 3)] == [200, 503, 200]
