"""Faults that only OAI-PMH acts out, or acts out in its own way."""

from collections.abc import Callable

import pytest
import requests
from lxml import etree

from harvest_assets.testing import Faults, Repository, Spot, Universe

Ask = Callable[..., etree._Element]
Walk = Callable[..., list[str]]
Fetch = Callable[..., requests.Response]
LISTS = ("ListRecords", "ListIdentifiers")


@pytest.fixture
def fetch(universe: Universe, library: Repository, session: requests.Session) -> Fetch:
    def fetch_answer(**arguments: str) -> requests.Response:
        assert library.page_size == 10
        return session.get(universe.oai_url("library"), params=arguments, timeout=10)

    return fetch_answer


def next_page(ask: Ask, answer: etree._Element, verb: str) -> etree._Element:
    return ask(verb=verb, resumptionToken=answer.findtext(".//{*}resumptionToken"))


@pytest.mark.parametrize("verb", LISTS)
def test_an_empty_page_leads_on_to_the_page_that_it_stands_before(
    universe: Universe, library: Repository, ask: Ask, walk: Walk, verb: str
) -> None:
    universe.faults("library", Faults(empty_page=Spot(page=2)))
    second = next_page(ask, ask(verb=verb, metadataPrefix="oai_dc"), verb)
    assert second.find(".//{*}header") is None
    assert len(next_page(ask, second, verb).findall(".//{*}header")) == 10
    assert walk(verb) == library.identifiers()
    universe.faults("library", Faults(empty_page=Spot()))
    assert walk(verb) == library.identifiers()


@pytest.mark.parametrize("verb", LISTS)
def test_a_page_with_a_poisoned_record_is_refused_and_so_is_the_record(
    universe: Universe, library: Repository, fetch: Fetch, verb: str
) -> None:
    bad, good = library.identifiers()[3], library.identifiers()[12]
    universe.faults("library", Faults(poison=(bad,)))
    assert fetch(verb=verb, metadataPrefix="oai_dc").status_code == 500
    assert fetch(verb="GetRecord", metadataPrefix="oai_dc", identifier=bad).status_code == 500
    assert fetch(verb="GetRecord", metadataPrefix="oai_dc", identifier=good).status_code == 200
    after = library.record(bad).datestamp[:10]
    assert fetch(verb=verb, metadataPrefix="oai_dc", **{"from": "2026-01-20"}).status_code == 200
    assert after < "2026-01-20"
    universe.faults("library", Faults(poison=(bad,), poison_status=503))
    assert fetch(verb=verb, metadataPrefix="oai_dc").status_code == 503


@pytest.mark.parametrize("verb", [*LISTS, "GetRecord"])
def test_a_poisoned_record_may_end_the_answer_in_its_middle(universe: Universe, library: Repository, fetch: Fetch, verb: str) -> None:
    identifiers = library.identifiers()
    universe.faults("library", Faults(poison=(identifiers[7], identifiers[3]), poison_status=200))
    asked = {"identifier": identifiers[3]} if verb == "GetRecord" else {}
    answer = fetch(verb=verb, metadataPrefix="oai_dc", **asked)
    assert answer.status_code == 200
    assert answer.content.endswith(b"<identifier>\n<b>Fatal error</b>: allowed memory exhausted\n")
    assert f"<identifier>{identifiers[3]}<".encode() not in answer.content
    if verb != "GetRecord":
        assert f"<identifier>{identifiers[2]}</identifier>".encode() in answer.content
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(answer.content)


@pytest.mark.parametrize("verb", LISTS)
def test_a_window_may_be_ignored(universe: Universe, library: Repository, walk: Walk, verb: str) -> None:
    assert len(walk(verb, from_="2026-02-20")) < 10
    universe.faults("library", Faults(ignores_window=True))
    assert walk(verb, from_="2026-02-20") == library.identifiers()
    assert walk(verb, until="1999-01-01") == library.identifiers()


def test_times_may_be_refused_although_they_were_promised(universe: Universe, library: Repository, ask: Ask, walk: Walk) -> None:
    universe.faults("library", Faults(refuses_granularity=True))
    assert ask(verb="Identify").findtext(".//{*}granularity") == "YYYY-MM-DDThh:mm:ssZ"
    refused = ask(verb="ListRecords", metadataPrefix="oai_dc", from_="2026-01-01T00:00:00Z").find("{*}error")
    assert refused.get("code") == "badArgument"
    assert walk(from_="2026-01-01") == library.identifiers()


@pytest.mark.parametrize("verb", LISTS)
def test_one_byte_may_be_in_another_encoding(universe: Universe, fetch: Fetch, verb: str) -> None:
    universe.faults("library", Faults(wrong_encoding=Spot(times=1)))
    body = fetch(verb=verb, metadataPrefix="oai_dc").content
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    with pytest.raises(UnicodeDecodeError, match="0xe9"):
        body.decode()
    assert "\xe9" not in fetch(verb=verb, metadataPrefix="oai_dc").content.decode()[:400]


@pytest.mark.parametrize("verb", LISTS)
def test_a_body_may_be_compressed_and_nobody_says_so(universe: Universe, fetch: Fetch, verb: str) -> None:
    universe.faults("library", Faults(undeclared_gzip=Spot(times=1)))
    answer = fetch(verb=verb, metadataPrefix="oai_dc")
    assert answer.content.startswith(b"\x1f\x8b")
    assert "Content-Encoding" not in answer.headers
    assert fetch(verb=verb, metadataPrefix="oai_dc").content.startswith(b"<?xml")
