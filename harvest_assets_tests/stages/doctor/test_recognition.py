"""What is at an address is told by content; a page for people leads on; nothing recognised is one clear line."""

import gzip
import re

import pytest

from harvest_assets.errors import ConfigurationError, PermanentError, TransientError
from harvest_assets.stages.doctor.asking import Bounds
from harvest_assets.stages.doctor.content import recognise_content
from harvest_assets.stages.doctor.diagnosis import _find_examiner, choose_slug
from harvest_assets.stages.doctor.recognition import split_arguments
from harvest_assets.testing import Faults, Universe
from harvest_assets_tests.stages.doctor.conftest import Asked, Diagnose, Reply, Site

OAI = b'<?xml version="1.0"?><!-- <html> --><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="badVerb"/></OAI-PMH>'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (OAI, "oai-pmh"),
        (gzip.compress(OAI, mtime=0), "oai-pmh"),
        (b'<o:OAI-PMH xmlns:o="x">', "oai-pmh"),
        (b'\xef\xbb\xbf {"items": [', "json"),
        (b"[]", "json"),
        (b'{"id": 1}\n{"id": 2}\n', "files"),
        (b'{\n  "id": 1\n}', "json"),
        (b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url>', "sitemap"),
        (gzip.compress(b"<sitemapindex><sitemap>", mtime=0), "sitemap"),
        (b'<rss version="2.0">', "feed"),
        (b'<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">', "feed"),
        (b'<rdf:RDF xmlns:rdf="x">', "feed"),
        (b"PK\x03\x04rest", "files"),
        (gzip.compress(b"anything", mtime=0), "files"),
        (b"\x1f\x8bbroken", "files"),
        (b"\x00" * 257 + b"ustar", "files"),
        (b"id,title\n1,One\n", "files"),
        (b"id;title\r\n1;One\r\n", "files"),
        (b"<!DOCTYPE html><html>", None),
        (b"Hello\nthere", None),
        (b"%PDF-1.4", None),
        (b"", None),
    ],
)
def test_content_is_recognised_by_its_first_bytes(body: bytes, kind: str | None) -> None:
    assert recognise_content(body) == kind


def test_arguments_of_the_protocol_leave_the_rest_of_a_query_as_it_is_written() -> None:
    url = "https://repo.example/?mode=oaipmh&q=a%20b&verb=Identify&set=a%3Ab#top"
    assert split_arguments(url) == ("https://repo.example/?mode=oaipmh&q=a%20b", {"verb": "Identify", "set": "a:b"})


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://www.repo.example/oai", "repo-example"),
        ("https://repo.example/oai/request?verb=Identify", "repo-example"),
        ("http://127.0.0.1:8771/oai/demo-library", "127-0-0-1-demo-library"),
        ("https://api.example/v1/Works.json", "api-example"),
        ("https://api.example/" + "a" * 100, "api-example-" + "a" * 51),
    ],
)
def test_a_source_is_named_after_its_host_and_path(url: str, slug: str) -> None:
    assert choose_slug(url) == slug


def test_a_page_for_people_leads_to_its_repository(library: Universe, site: Site, examine: Diagnose) -> None:
    repository = _repository_at("/portal/oai2d")
    page = '<!doctype html><html><a href="/about">About</a><a href="/portal/oai2d?verb=Identify&amp;x=">OAI</a></html>'
    site.respond = lambda asked: Reply(page) if asked.path == "/" else repository(asked)
    seen = examine(f"{site.url}/")
    assert seen.diagnosis.url == f"{site.url}/portal/oai2d?x="
    assert seen["address/recognised"].answer.startswith("oai-pmh, by trying ")
    assert library.url != site.url


def test_a_usual_place_is_found_without_a_link(site: Site, examine: Diagnose) -> None:
    repository = _repository_at("/library/oai/request")
    site.respond = lambda asked: Reply("<html>Welcome</html>") if asked.path == "/library" else repository(asked)
    assert examine(f"{site.url}/library").diagnosis.url == f"{site.url}/library/oai/request"


def test_links_to_other_origins_are_not_followed(site: Site, library: Universe, examine: Diagnose) -> None:
    library.clear_requests()
    site.respond = lambda _: Reply(f'<html><a href="{library.oai_url("library")}?verb=Identify">OAI</a><a href="http://[oai">x</a></html>')
    with pytest.raises(PermanentError, match="an HTML page: none of what can be harvested"):
        examine(f"{site.url}/")
    assert library.requests == []


def test_nothing_recognised_says_what_was_tried_in_one_line_and_within_bounds(site: Site, examine: Diagnose) -> None:
    feed = '<html><link rel="alternate" type="application/rss+xml" href="/news.xml"></html>'
    site.respond = lambda asked: Reply(feed) if asked.path == "/" else Reply("no", 404)
    with pytest.raises(PermanentError) as raised:
        examine(f"{site.url}/")
    message = str(raised.value)
    assert message == (
        f"'{site.url}/': status 200, an HTML page: none of what can be harvested; looked for OAI-PMH at 6 usual places there and found"
        " status 404 (5 times), status 200; the page names the feed '/news.xml', try that; check the address"
    )
    assert len(site.asked) == 7


def test_an_address_with_nothing_behind_it_is_one_line(library: Universe, examine: Diagnose) -> None:
    with pytest.raises(PermanentError, match=r"'http://127.0.0.1:\d+/nowhere': status 404, content that begins with .*; check the address"):
        examine(f"{library.url}/nowhere")


def test_a_server_that_does_not_answer_is_left_soon(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(latency_seconds=30))
    with pytest.raises((TransientError, PermanentError), match=r"no complete answer|nothing received|used up"):
        examine(library.oai_url("library"), bounds=Bounds(seconds=0.3))


def test_an_address_that_nobody_listens_at_is_one_line(examine: Diagnose) -> None:
    with pytest.raises(TransientError, match=r"GET 'http://127\.0\.0\.1:1/': .*refused"):
        examine("http://127.0.0.1:1/")


def test_another_network_has_to_be_allowed(library: Universe, examine: Diagnose) -> None:
    with pytest.raises(PermanentError, match="is loopback and may not be reached"):
        examine(library.oai_url("library"), allow=())


@pytest.mark.parametrize(
    ("url", "wanted", "message"),
    [
        ("ftp://repo.example/", {}, "'ftp://repo.example/' is not an address; write http:// or https:// and a host"),
        ("https://repo.example/?api_key=abc", {}, "'https://repo.example/?api_key=***' has a secret in its query"),
        ("https://repo.example/", {"slug": "Not a name"}, "'Not a name' is not a name for a source"),
        ("https://repo.example/", {"allow": ("everything",)}, "'everything' is not one of"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_asked(
    examine: Diagnose, url: str, wanted: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        examine(url, **wanted)


def test_what_no_protocol_here_reads_is_named() -> None:
    message = "what is there is read with protocol 'teleport', and that cannot be used here: 'teleport' is not one of "
    with pytest.raises(PermanentError, match=message):
        _find_examiner("teleport")


def test_where_permanent_redirects_led_is_the_address_of_the_source(site: Site, examine: Diagnose) -> None:
    repository = _repository_at("/new/oai")

    def respond(asked: Asked) -> Reply:
        if asked.path in {"/oai", "/moved"}:
            query = "&".join(f"{name}={value}" for name, value in asked.arguments.items())
            return Reply(status=301 if asked.path == "/oai" else 302, headers={"Location": f"/new/oai?{query}" if query else "/new/oai"})
        return repository(asked)

    site.respond = respond
    moved = examine(f"{site.url}/oai?verb=Identify")
    assert moved.source.url == f"{site.url}/new/oai"
    assert moved["transport/redirects"].answer.startswith("301, to ")
    assert examine(f"{site.url}/moved").source.url == f"{site.url}/moved"


def _repository_at(path: str):
    answers = {
        "Identify": "<Identify><repositoryName>Small</repositoryName><granularity>YYYY-MM-DD</granularity></Identify>",
        "ListRecords": '<error code="noRecordsMatch">none</error>',
    }

    def respond(asked: Asked) -> Reply:
        if asked.path != path:
            return Reply("no", 404)
        content = answers.get(asked.arguments.get("verb", ""), '<error code="badVerb">no</error>')
        return Reply(f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{content}</OAI-PMH>')

    return respond
