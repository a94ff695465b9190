"""Every fault does what it says, where and as often as it says, in both protocols."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from gzip import decompress
from json import JSONDecoder, loads
from time import monotonic

import pytest
import requests
from lxml import etree

from harvest_assets.errors import ConfigurationError
from harvest_assets.testing import Faults, Refusal, Repository, Spot, Universe

Get = Callable[..., requests.Response]
Walk = Callable[..., list[str]]
FIRST_PAGE = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}


@pytest.fixture
def get(universe: Universe, library: Repository, session: requests.Session) -> Get:
    def get_page(page: int = 1, *, protocol: str = "oai") -> requests.Response:
        assert library.page_size == 10
        if protocol == "json":
            return session.get(universe.json_url("library", "page"), params={"page": str(page)}, timeout=10)
        response = session.get(universe.oai_url("library"), params=FIRST_PAGE, timeout=10)
        for _ in range(page - 1):
            token = etree.fromstring(response.content).findtext(".//{*}resumptionToken")
            response = session.get(universe.oai_url("library"), params={"verb": "ListRecords", "resumptionToken": token}, timeout=10)
        return response

    return get_page


def is_readable(response: requests.Response) -> bool:
    try:
        etree.fromstring(response.content) if "xml" in response.headers["Content-Type"] else response.json()
    except (etree.XMLSyntaxError, requests.JSONDecodeError):
        return False
    return True


protocols = pytest.mark.parametrize("protocol", ["oai", "json"])


@protocols
def test_a_page_is_refused_as_often_as_told(universe: Universe, get: Get, protocol: str) -> None:
    universe.faults("library", Faults(refusals=(Refusal(500, page=2, times=2),)))
    statuses = [get(2, protocol=protocol).status_code for _ in range(4)]
    assert statuses == [500, 500, 200, 200]
    assert get(1, protocol=protocol).status_code == 200


@protocols
def test_a_page_can_be_refused_for_ever(universe: Universe, get: Get, protocol: str) -> None:
    universe.faults("library", Faults(refusals=(Refusal(500, page=3),)))
    assert [get(3, protocol=protocol).status_code for _ in range(4)] == [500] * 4


def test_refusals_come_one_after_another_and_say_when_to_return(universe: Universe, get: Get) -> None:
    refusals = (Refusal(503, times=1, retry_after_seconds=7), Refusal(429, times=1, retry_after_seconds=1))
    universe.faults("library", Faults(refusals=refusals))
    answers = [get() for _ in range(3)]
    assert [(a.status_code, a.headers.get("Retry-After")) for a in answers] == [(503, "7"), (429, "1"), (200, None)]


def test_a_refusal_of_all_pages_concerns_identify_and_errors_too(universe: Universe, get: Get, session: requests.Session) -> None:
    universe.faults("library", Faults(refusals=(Refusal(503),)))
    assert session.get(universe.oai_url("library"), params={"verb": "Identify"}, timeout=10).status_code == 503
    assert session.get(universe.oai_url("library"), params={"verb": "Nonsense"}, timeout=10).status_code == 503
    assert session.get(f"{universe.url}/landing/library/x", timeout=10).status_code == 503
    universe.faults("library")
    assert get().status_code == 200


def test_page_nought_is_what_lies_beside_the_list(universe: Universe, get: Get, session: requests.Session) -> None:
    universe.faults("library", Faults(refusals=(Refusal(500, page=0),)))
    assert session.get(universe.oai_url("library"), params={"verb": "Identify"}, timeout=10).status_code == 500
    assert get().status_code == 200


@protocols
@pytest.mark.parametrize("fault", ["cut", "trailing_bytes", "illegal_characters", "empty"])
def test_a_damaged_page_cannot_be_read_and_is_whole_the_next_time(universe: Universe, get: Get, protocol: str, fault: str) -> None:
    universe.faults("library", Faults(**{fault: Spot(page=2, times=1)}))
    assert is_readable(get(1, protocol=protocol))
    damaged = get(2, protocol=protocol)
    assert damaged.status_code == 200
    assert not is_readable(damaged)
    assert damaged.headers["Content-Length"] == str(len(damaged.content))
    assert is_readable(get(2, protocol=protocol))


def test_control_characters_harm_a_page_of_deleted_records_too(universe: Universe, library: Repository, get: Get) -> None:
    for identifier in library.identifiers():
        library.delete(identifier, at=datetime(2026, 5, 1, tzinfo=UTC))
    universe.faults("library", Faults(illegal_characters=Spot()))
    assert not is_readable(get())


def test_an_empty_answer_has_no_body(universe: Universe, get: Get) -> None:
    universe.faults("library", Faults(empty=Spot()))
    assert (get().status_code, get().content) == (200, b"")


@protocols
def test_a_dropped_connection_breaks_the_promise_of_its_length(universe: Universe, get: Get, protocol: str) -> None:
    universe.faults("library", Faults(dropped=Spot(times=1)))
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError), match="IncompleteRead"):
        get(protocol=protocol)
    assert is_readable(get(protocol=protocol))


@protocols
def test_a_wrong_content_type_says_html(universe: Universe, get: Get, protocol: str) -> None:
    universe.faults("library", Faults(wrong_content_type=Spot()))
    assert get(protocol=protocol).headers["Content-Type"] == "text/html"


def test_an_expired_token_is_refused_once(universe: Universe, library: Repository, get: Get, walk: Walk) -> None:
    universe.faults("library", Faults(expired_token=Spot(times=1)))
    assert b'code="badResumptionToken">the resumption token has expired' in get(2).content
    assert walk() == library.identifiers()


def test_an_expired_position_is_gone_in_json(universe: Universe, get: Get) -> None:
    universe.faults("library", Faults(expired_token=Spot(page=2)))
    assert get(1, protocol="json").status_code == 200
    assert get(2, protocol="json").status_code == 410


def test_an_endless_list_repeats_its_last_page_with_ever_new_tokens(universe: Universe, library: Repository, get: Get) -> None:
    universe.faults("library", Faults(endless="last_page"))
    pages = [etree.fromstring(get(page).content) for page in (3, 4, 5)]
    found = [[element.text for element in page.iterfind(".//{*}header/{*}identifier")] for page in pages]
    assert found == [library.identifiers()[20:]] * 3
    assert len({page.findtext(".//{*}resumptionToken") for page in pages} - {None}) == 3


def test_an_endless_list_may_have_empty_pages(universe: Universe, get: Get, session: requests.Session) -> None:
    universe.faults("library", Faults(endless="no_records"))
    page = etree.fromstring(get(5).content)
    assert page.find(".//{*}header") is None
    assert page.findtext(".//{*}resumptionToken")
    body = session.get(universe.json_url("library", "cursor"), params={"size": "25"}, timeout=10).json()
    assert body["next_cursor"]
    body = session.get(universe.json_url("library", "cursor"), params={"cursor": body["next_cursor"]}, timeout=10).json()
    assert (body["items"], bool(body["next_cursor"])) == ([], True)


def test_a_repeated_token_leads_to_its_own_page(universe: Universe, get: Get, session: requests.Session) -> None:
    universe.faults("library", Faults(repeated_token=Spot(page=2)))
    tokens = [etree.fromstring(get(page).content).findtext(".//{*}resumptionToken") for page in (1, 2, 3)]
    assert tokens[0] == tokens[1] == tokens[2]
    url = f"{universe.json_url('library', 'next')}?position=10"
    assert session.get(url, timeout=10).json()["links"]["next"] == url


@pytest.mark.parametrize("salt", ["monday", "tuesday"])
def test_half_a_list_is_announced_as_whole(universe: Universe, library: Repository, get: Get, walk: Walk, salt: str) -> None:
    universe.faults("library", Faults(half_list=salt))
    found = walk()
    assert 4 < len(found) < 21
    assert set(found) < set(library.identifiers())
    assert found == walk()
    assert f'completeListSize="{len(found)}"'.encode() in get().content
    assert get(protocol="json").json()["total"] == len(found)


def test_totals_lie_and_hide(universe: Universe, get: Get) -> None:
    universe.faults("library", Faults(lying_total=4))
    assert b'completeListSize="29"' in get().content
    assert get(protocol="json").json()["total"] == 29
    universe.faults("library", Faults(hidden_total=True))
    assert b"completeListSize" not in get().content
    assert "total" not in get(protocol="json").json()


def test_redated_records_all_changed_at_once(universe: Universe, library: Repository, get: Get, walk: Walk) -> None:
    universe.faults("library", Faults(redated_at=datetime(2026, 6, 1, 8, tzinfo=UTC)))
    assert get().content.count(b"<datestamp>2026-06-01T08:00:00Z</datestamp>") == 10
    assert {item["modified"] for item in get(protocol="json").json()["items"]} == {"2026-06-01T08:00:00Z"}
    assert walk(from_="2026-06-01", until="2026-06-01") == library.identifiers()
    assert walk(until="2026-05-31") == []
    assert library.record_at(0).datestamp == "2026-01-01T00:00:00Z"


def test_a_redating_without_zone_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="redated_at '2026-06-01T00:00:00' has no zone; give an aware UTC time"):
        Faults(redated_at=datetime(2026, 6, 1))  # noqa: DTZ001 - the naive time is what is tested


def test_one_record_of_a_page_lacks_its_header_or_id(universe: Universe, get: Get) -> None:
    universe.faults("library", Faults(unreadable_record=Spot(page=2)))
    records = etree.fromstring(get(2).content).findall(".//{*}record")
    assert [record.find("{*}header") is None for record in records] == [True] + [False] * 9
    assert records[0].find("{*}metadata") is not None
    assert ["id" in item for item in get(2, protocol="json").json()["items"]] == [False] + [True] * 9
    assert all("id" in item for item in get(1, protocol="json").json()["items"])


def test_one_header_of_a_page_lacks_its_identifier(universe: Universe, library: Repository, walk: Walk) -> None:
    universe.faults("library", Faults(unreadable_record=Spot(page=1)))
    assert walk("ListIdentifiers") == library.identifiers()[1:]


@pytest.mark.parametrize("status", [400, 404])
def test_an_empty_list_may_have_a_status_of_its_own(
    universe: Universe, library: Repository, session: requests.Session, status: int
) -> None:
    universe.faults(library.name, Faults(empty_status=status))
    response = session.get(universe.oai_url("library"), params={**FIRST_PAGE, "until": "1999-01-01"}, timeout=10)
    assert response.status_code == status
    assert b'code="noRecordsMatch"' in response.content
    empty = session.get(universe.json_url("library"), params={"modified_before": "1999-01-01"}, timeout=10)
    assert (empty.status_code, empty.json()["items"]) == (status, [])


def test_latency_comes_before_the_answer(universe: Universe, get: Get) -> None:
    universe.faults("library", Faults(latency_seconds=0.2))
    started = monotonic()
    assert get().status_code == 200
    assert 0.2 <= monotonic() - started < 3


def test_slow_bytes_come_one_by_one(universe: Universe, library: Repository, session: requests.Session) -> None:
    universe.faults(library.name, Faults(byte_seconds=0.02))
    started = monotonic()
    with session.get(universe.oai_url("library"), params={"verb": "Identify"}, stream=True, timeout=10) as response:
        assert response.raw.read(10) == b"<?xml vers"
    assert 0.15 < monotonic() - started < 3


def test_faults_combine(universe: Universe, get: Get) -> None:
    both = replace(Faults(half_list="x"), lying_total=5, cut=Spot(page=1, times=1))
    universe.faults("library", both)
    assert not is_readable(get())
    half = etree.fromstring(get().content).find(".//{*}resumptionToken").get("completeListSize")
    universe.faults("library", Faults(half_list="x"))
    assert int(half) - 5 == get(protocol="json").json()["total"]


def test_setting_faults_counts_from_nought_again(universe: Universe, get: Get) -> None:
    once = Faults(refusals=(Refusal(500, times=1),))
    for _ in range(2):
        universe.faults("library", once)
        assert [get().status_code, get().status_code] == [500, 200]


def test_faults_are_switched_over_http(universe: Universe, get: Get, session: requests.Session) -> None:
    url = f"{universe.url}/faults/library"
    wanted = {
        "refusals": [{"status": 503, "page": 1, "retry_after_seconds": 3}],
        "half_list": "monday",
        "redated_at": "2026-06-01T00:00:00Z",
    }
    posted = session.post(url, json=wanted, timeout=10)
    assert (posted.status_code, posted.json()) == (200, wanted)
    assert session.get(url, timeout=10).json() == wanted
    assert get().status_code == 503
    assert session.delete(url, timeout=10).json() == {}
    assert get().status_code == 200
    assert {seen.path for seen in universe.requests} == {"/oai/library"}


def test_faults_that_do_not_exist_are_refused_by_name(universe: Universe, library: Repository, session: requests.Session) -> None:
    response = session.post(f"{universe.url}/faults/{library.name}", json={"cutt": {"page": 1}}, timeout=10)
    assert response.status_code == 400
    assert response.json()[0]["loc"] == ["cutt"]
    assert session.post(f"{universe.url}/faults/nobody", json={}, timeout=10).status_code == 404


def test_a_page_may_come_as_two_documents(universe: Universe, library: Repository, get: Get) -> None:
    universe.faults("library", Faults(concatenated=Spot(page=1)))
    text = get(protocol="json").text
    first, end = JSONDecoder().raw_decode(text)
    second = loads(text[end:])
    assert [item["id"] for item in first["items"] + second["items"]] == library.identifiers()[:10]
    assert (first["total"], second["total"]) == (25, 25)
    assert is_readable(get(2, protocol="json"))


def test_json_may_hold_a_byte_of_another_encoding_or_be_compressed_without_a_word(universe: Universe, get: Get) -> None:
    whole = get(protocol="json").content
    universe.faults("library", Faults(wrong_encoding=Spot()))
    damaged = get(protocol="json").content
    assert damaged.replace(b"\xe9", b"") == whole
    assert b'\xe9","creators"' in damaged
    universe.faults("library", Faults(undeclared_gzip=Spot()))
    compressed = get(protocol="json")
    assert (decompress(compressed.content), "Content-Encoding" in compressed.headers) == (whole, False)


def test_an_empty_page_of_json_leads_on(universe: Universe, library: Repository, get: Get, session: requests.Session) -> None:
    universe.faults("library", Faults(empty_page=Spot(page=2)))
    assert get(2, protocol="json").json()["items"] == []
    url = f"{universe.json_url('library', 'next')}?position=10"
    empty = session.get(url, timeout=10).json()
    assert (empty["items"], empty["total"]) == ([], 25)
    assert empty["links"]["next"] != url
    assert [item["id"] for item in session.get(empty["links"]["next"], timeout=10).json()["items"]] == library.identifiers()[10:20]


@pytest.mark.parametrize("status", [500, 503])
def test_a_page_of_json_with_a_poisoned_record_is_refused(
    universe: Universe, library: Repository, get: Get, session: requests.Session, status: int
) -> None:
    poisoned = library.identifiers()[13]
    universe.faults("library", Faults(poison=(poisoned,), poison_status=status))
    assert [get(page, protocol="json").status_code for page in (1, 2, 3)] == [200, status, 200]
    url = universe.json_url("library", "ids")
    assert poisoned in session.get(url, params={"offset": "10"}, timeout=10).json()["ids"]
    assert session.get(f"{url}/{poisoned}", timeout=10).status_code == status
    assert session.get(url, params={"ids": f"x,{poisoned}"}, timeout=10).status_code == status


def test_a_page_of_json_may_end_in_the_middle_of_a_poisoned_record(universe: Universe, library: Repository, get: Get) -> None:
    poisoned = library.identifiers()[13]
    universe.faults("library", Faults(poison=(poisoned,), poison_status=200))
    cut = get(2, protocol="json")
    assert (cut.status_code, is_readable(cut)) == (200, False)
    assert library.identifiers()[12] in cut.text
    assert poisoned not in cut.text


def test_dates_mean_nothing_to_a_server_of_json_that_ignores_them(universe: Universe, get: Get, session: requests.Session) -> None:
    universe.faults("library", Faults(ignores_window=True))
    found = session.get(universe.json_url("library"), params={"modified_since": "2999-01-01"}, timeout=10).json()
    assert (found["total"], found["items"]) == (25, get(protocol="json").json()["items"])
