"""Sitemaps as they come: with and without namespace, as text, compressed, broken, and what is none."""

import gzip
import itertools
from datetime import UTC, datetime

import pytest

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.contents.markup import CutDocumentError
from harvest_assets.harvest.contents.rows import Unread
from harvest_assets.harvest.sitemap.entries import Entry, is_inside, read_listing
from harvest_assets.model.window import Window

NAMESPACE = ' xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
URL = "<url><loc>https://a.example/1</loc><lastmod>2024-05-01</lastmod><changefreq>daily</changefreq><priority>0.3</priority></url>"
ENTRY = Entry("https://a.example/1", "2024-05-01", "daily", "0.3")


def urlset(content: str = URL, attributes: str = NAMESPACE) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset{attributes}>{content}</urlset>\n'.encode()


def read(body: bytes):
    return read_listing(body, "shop: sitemap")


@pytest.mark.parametrize(
    "body",
    [
        urlset(),
        urlset(attributes=""),
        urlset(attributes=' xmlns="https://www.google.com/schemas/sitemap/0.84"'),
        urlset(URL + URL),
        urlset(f'<!-- hand-made -->{URL}<image:x xmlns:image="urn:x"/>'),
        gzip.compress(urlset(), mtime=0),
        urlset().decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    ],
    ids=itertools.count(),
)
def test_the_same_address_is_read_however_it_is_written(body):
    listing = read(body)
    assert listing.entries == (ENTRY,)
    assert not listing.is_index
    assert listing.mended.repairs == ()


def test_an_index_lists_sitemaps():
    body = b"<sitemapindex><sitemap><loc> https://a.example/s.xml </loc></sitemap><other/></sitemapindex>"
    assert read(body).is_index
    assert read(body).entries == (Entry("https://a.example/s.xml"),)


def test_a_text_has_an_address_a_line():
    listing = read("\ufeffhttps://a.example/1\r\n\nhttps://a.example/ü\nftp://a.example/3\n".encode())
    assert listing.entries[:2] == (Entry("https://a.example/1"), Entry("https://a.example/ü"))
    assert isinstance(listing.entries[2], Unread)
    assert listing.entries[2].body == b"ftp://a.example/3"


@pytest.mark.parametrize(
    "loc",
    ["", "<loc/>", "<loc>/relative</loc>", "<loc>ftp://a.example/</loc>", f"<loc>https://a.example/{'x' * 2048}</loc>"],
    ids=itertools.count(),
)
def test_an_entry_without_an_address_is_told_apart_with_its_bytes(loc):
    listing = read(urlset(f"<url>{loc}<priority>1</priority></url>{URL}", ""))
    unread, entry = listing.entries
    assert entry == ENTRY
    assert isinstance(unread, Unread)
    assert (unread.rule, unread.identifier) == ("no_address", None)
    assert unread.body.startswith(b"<url>")
    assert "address" in unread.reason


@pytest.mark.parametrize(
    ("broken", "repair"),
    [
        (b"Notice: line 3\n" + urlset() + b"<b>Warning</b>", "bytes outside the root element were cut off"),
        (urlset(URL.replace("daily", "daily\x0b\x01")), "illegal characters were dropped"),
        (urlset(URL.replace("daily", "daily&#11;&#x1f;")), "illegal characters were dropped"),
        (urlset(URL + "<!-- caf\xe9 \x81 -->", "").decode().encode("latin-1"), "bytes that are not UTF-8 were read as Windows-1252"),
    ],
    ids=itertools.count(),
)
def test_what_needs_no_guess_is_mended_and_the_answer_kept_as_it_came(broken, repair):
    listing = read(broken)
    assert listing.entries == (ENTRY,)
    assert listing.mended.repairs == (repair,)
    assert listing.mended.original == broken


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b" ", CutDocumentError, r"shop: sitemap: the answer is empty \(cut off after byte 0\)"),
        (urlset()[:-20], CutDocumentError, r"the answer is cut off after byte \d+"),
        (b"<?xml version='1.0'?><urlse", CutDocumentError, r"the answer is cut off after byte \d+"),
        (gzip.compress(urlset(), mtime=0)[:-9], CutDocumentError, "shop: sitemap: the gzip file is cut off"),
        (gzip.compress(urlset(), mtime=0)[:30] + b"junk" * 9, CutDocumentError, "shop: sitemap: the gzip file is damaged"),
        (gzip.compress(b" " * (64 * 1024 * 1024 + 1), 1, mtime=0), PermanentError, "the gzip file holds more than 67108864 bytes"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", PermanentError, "got an HTML page, not a sitemap: check the address"),
        (b"<HTML><body>Sign in</body></HTML>", PermanentError, "got an HTML page, not a sitemap"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><urlset>&a;</urlset>', PermanentError, "the answer has a DOCTYPE, which is refused"),
        (f"<!--{' ' * 70_000}--><!DOCTYPE urlset><urlset/>".encode(), PermanentError, "the answer has a DOCTYPE, which is refused"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE u><u/>'.encode("utf-16"), PermanentError, "has a DOCTYPE, which is refused"),
        (b"<rss><channel/></rss>", PermanentError, "the root element is 'rss', not 'urlset' or 'sitemapindex'"),
        (b"<urlset><url></urlset>", PermanentError, "the answer is not well-formed XML: Opening and ending tag mismatch"),
        (b'{"urls": []}', PermanentError, r"""the answer is no sitemap, it begins with b'\{"urls": \[\]\}'"""),
        (b"<urlset>" + b"<a/>" * 5_000_000 + b"</urlset>", PermanentError, "has more than 5000000 tags; ask its publisher for several"),
    ],
    ids=itertools.count(),
)
def test_what_is_no_sitemap_is_refused_in_words(body, kind, message):
    with pytest.raises(kind, match=message):
        read(body)


def test_a_mended_document_that_stays_cut_is_asked_for_again():
    with pytest.raises(CutDocumentError, match="cut off after byte"):
        read(urlset(URL + "\x01")[:-12])


@pytest.mark.parametrize(
    ("lastmod", "is_expected"),
    [
        ("2024-05-02", True),
        ("2024-05-01", False),
        ("2024-05-03", False),
        ("2024-05-02T23:59:59Z", True),
        ("2024-05-03T00:00:00Z", False),
        ("2024-05-03T01:00:00+02:00", True),
        ("2024-05-02T12:00:00", True),
        ("2024-05", True),
        ("2024", True),
        ("2023", False),
        ("2024-06", False),
        ("", True),
        ("yesterday", True),
        ("0001-01-01T00:00:00+14:00", True),
    ],
)
def test_a_date_lies_in_a_window_in_whole_or_in_part_or_is_unknown(lastmod, is_expected):
    window = Window(datetime(2024, 5, 2, tzinfo=UTC), datetime(2024, 5, 3, tzinfo=UTC))
    assert is_inside(lastmod, window) is is_expected
    assert is_inside(lastmod, Window())
