"""Records one by one: what a repository cannot give costs no other record, and a server that is down is not taken for bad records."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.errors import PermanentError, TransientError, UnreadablePageError
from harvest_assets.harvest.oai_pmh import OaiPmh, details
from harvest_assets.interfaces import HttpStatusError
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

OPEN = Window()

Server = Any  # the fixtures of conftest, which tests cannot import from
Xml = Any
Repository = Callable[..., OaiPmh]
Details = dict[str, bytes | tuple[int, bytes]]
DELETED = "<header status='deleted'><identifier>gone</identifier><datestamp>2024-05-01T10:00:00Z</datestamp></header>"


def header(identifier: str) -> str:
    return f"<header><identifier>{identifier}</identifier><datestamp>2024-05-01T10:00:00Z</datestamp><setSpec>s</setSpec></header>"


def serve(xml: Xml, pages: list[list[str]], special: Details | None = None) -> Callable[[dict[str, str]], Any]:
    """ListIdentifiers in pages with tokens t1, t2, …; GetRecord for anything, except what is special."""

    def answer(query: dict[str, str]) -> bytes | tuple[int, bytes]:
        if query["verb"] == "GetRecord":
            known = (special or {}).get(query["identifier"])
            return xml.answer(f"<GetRecord>{xml.record(query['identifier'])}</GetRecord>") if known is None else known
        place = int(query["resumptionToken"][1:]) if "resumptionToken" in query else 0
        token = f"t{place + 1}" if place + 1 < len(pages) else ""
        listed = "".join(each if each.startswith("<") else header(each) for each in pages[place])
        return xml.answer(f"<ListIdentifiers>{listed}<resumptionToken>{token}</resumptionToken></ListIdentifiers>")

    return answer


def identifiers(pages: list[Page]) -> list[str]:
    return [name for page in pages for name in page.records.column("identifier").to_pylist()]


def test_each_identifier_is_asked_for_and_the_order_of_the_list_is_kept(server: Server, open_repository: Repository, xml: Xml) -> None:
    names = [f"r{number:02d}" for number in range(30)]
    pages = list(open_repository(serve(xml, [names[:20], names[20:]]), list="identifiers").pages(OPEN))
    assert identifiers(pages) == names
    assert [page.next_position for page in pages] == ["t1", None]
    assert pages[0].records.to_pylist()[0]["body"] == xml.record("r00").encode()
    lists = [query for query in server.queries if query["verb"] != "GetRecord"]
    assert lists == [{"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"}, {"verb": "ListIdentifiers", "resumptionToken": "t1"}]
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("oai-pmh")]


def test_a_list_of_identifiers_resumes_by_page(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(serve(xml, [["a"], ["b"], ["c"]]), list="identifiers")
    assert identifiers(list(protocol.pages(OPEN, position="t1", number=2))) == ["b", "c"]
    assert "a" not in {query.get("identifier") for query in server.queries}


def test_a_deleted_header_is_a_record_without_a_request(server: Server, open_repository: Repository, xml: Xml) -> None:
    (page,) = open_repository(serve(xml, [["a", DELETED, "b"]]), list="identifiers").pages(OPEN)
    rows = page.records.to_pylist()
    assert [(row["identifier"], row["deleted"]) for row in rows] == [("a", False), ("gone", True), ("b", False)]
    assert rows[1]["body"] == DELETED.encode()
    assert sorted(query["identifier"] for query in server.queries if query["verb"] == "GetRecord") == ["a", "b"]


def failures(xml: Xml) -> Details:
    """A way to fail for each identifier, which is the rule that the record is set aside under."""
    return {
        "id_does_not_exist": xml.error("idDoesNotExist"),
        "cannot_disseminate_format": (422, xml.error("cannotDisseminateFormat")),
        "oai_error": xml.error("ownInvention"),
        "http_404": (404, b"no"),
        "http_410": (410, b"no"),
        "http_500": (500, b""),
        "http_403": (403, b""),
        "cut_off": xml.answer("<GetRecord>")[:-20],
        "not_well_formed": xml.answer("<GetRecord><a></GetRecord>"),
        "no_record": xml.answer("<GetRecord/>"),
        "other_record": xml.answer(f"<GetRecord>{xml.record('x')}</GetRecord>"),
        "no_header": xml.answer("<GetRecord><record><a/></record></GetRecord>"),
        "other_answer": b"<html/>",
    }


def test_every_way_to_fail_sets_one_record_aside_with_its_identifier_and_rule(open_repository: Repository, xml: Xml) -> None:
    special = failures(xml)
    good = [f"good{number}" for number in range(20)]
    (page,) = open_repository(serve(xml, [[*good, *special]], special), list="identifiers").pages(OPEN)
    assert identifiers([page]) == good
    assert [each.identifier for each in page.set_aside] == [each.rule for each in page.set_aside] == list(special)
    assert {each.page for each in page.set_aside} == {1}
    by_rule = {each.rule: each for each in page.set_aside}
    assert by_rule["http_404"].body == b"no"
    assert by_rule["http_500"].body == header("http_500").encode()
    assert by_rule["other_record"].reason == "library: record 'other_record': the answer holds ['x']"
    assert by_rule["no_record"].reason == "library: record 'no_record': the answer holds no record"
    assert page.holes == ()


def test_a_broken_record_keeps_its_bytes_and_its_identifier(open_repository: Repository, xml: Xml) -> None:
    broken = xml.record("b", "<metadata>&</metadata>").replace("<identifier>b</identifier>", "<identifier>&</identifier>")
    special: Details = {"b": xml.answer(f"<GetRecord>{broken}</GetRecord>")}
    (page,) = open_repository(serve(xml, [["a", "b"]], special), list="identifiers").pages(OPEN)
    (aside,) = page.set_aside
    assert (aside.identifier, aside.rule, aside.body) == ("b", "not_well_formed", broken.encode())


def test_one_failing_server_error_alone_on_its_page_is_set_aside(open_repository: Repository, xml: Xml) -> None:
    (page,) = open_repository(serve(xml, [["a"]], {"a": (500, b"")}), list="identifiers").pages(OPEN)
    assert [(each.identifier, each.rule) for each in page.set_aside] == [("a", "http_500")]


def test_a_server_that_fails_for_most_records_is_down(open_repository: Repository, xml: Xml) -> None:
    special: Details = {"a": (503, b""), "b": (500, b"")}
    with pytest.raises(TransientError, match=r"^library: 2 of 3 records could not be had: HTTP 500$"):
        list(open_repository(serve(xml, [["c", "a", "b"]], special), list="identifiers").pages(OPEN))
    (page,) = open_repository(serve(xml, [["c", "a", "b", "d"]], special), list="identifiers").pages(OPEN)
    assert len(page.set_aside) == 2


def test_a_server_that_is_plainly_down_is_not_asked_for_the_rest(server: Server, open_repository: Repository, xml: Xml) -> None:
    names = [f"r{number}" for number in range(200)]
    with pytest.raises(TransientError, match=r"^library: 10 of 10 records could not be had: HTTP 502$"):
        list(open_repository(serve(xml, [names], dict.fromkeys(names, (502, b""))), list="identifiers").pages(OPEN))
    assert len(server.queries) < 30
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("oai-pmh")]


def test_a_server_that_wants_a_pause_gets_it(open_repository: Repository, xml: Xml) -> None:
    with pytest.raises(TransientError, match=r"^HTTP 429$"):
        list(open_repository(serve(xml, [["a", "b", "c", "d"]], {"c": (429, b"")}), list="identifiers").pages(OPEN))


def test_records_that_are_too_large_together_make_their_page_unreadable(
    open_repository: Repository, xml: Xml, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "MOST_BYTES", 1000)
    words = "^library: page 1: its records have more than 1000 bytes together; ask for a shorter window$"
    with pytest.raises(UnreadablePageError, match=words):
        list(open_repository(serve(xml, [["a", "b", "c", "d"]]), list="identifiers").pages(OPEN))


def test_a_broken_header_costs_no_other_header(open_repository: Repository, xml: Xml) -> None:
    broken = "<header><identifier>b & c</identifier></header>"
    lost = header("d").replace("</header>", "")
    (page,) = open_repository(serve(xml, [["a", broken, lost, "e"]]), list="identifiers").pages(OPEN)
    assert identifiers([page]) == ["a", "e"]
    assert [(each.identifier, each.body.decode(), each.rule) for each in page.set_aside] == [
        (None, broken, "not_well_formed"),
        (None, lost, "not_well_formed"),
    ]
    assert page.repairs == ("records were read one by one",)
    (page,) = open_repository(serve(xml, [["a", "<header><datestamp/></header>"]]), list="identifiers").pages(OPEN)
    assert [each.rule for each in page.set_aside] == ["no_identifier"]


def test_one_by_one_asks_for_identifiers_whatever_the_source_says(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(serve(xml, [["a", "b"], ["c"]], {"b": (500, b"")}))
    pages = list(protocol.one_by_one(OPEN, number=7))
    assert [(page.number, identifiers([page])) for page in pages] == [(7, ["a"]), (8, ["c"])]
    assert [each.identifier for each in pages[0].set_aside] == ["b"]
    assert server.queries[0] == {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"}


def test_single_records_come_on_a_page_each(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(serve(xml, [], {"b": xml.error("idDoesNotExist")}), metadata_prefix=["lom", "marc"])
    pages = list(protocol.records(["a", "b", "a#marc"]))
    assert identifiers(pages) == ["a", "a#marc"]
    assert [(page.number, page.next_position, page.exchange.status) for page in pages] == [(1, None, 200), (2, None, 200), (3, None, 200)]
    assert [(each.identifier, each.rule) for each in pages[1].set_aside] == [("b", "id_does_not_exist")]
    asked = {(query["identifier"], query["metadataPrefix"]) for query in server.queries}
    assert asked == {("a", "lom"), ("b", "lom"), ("a", "marc")}
    assert list(protocol.records([])) == []


@pytest.mark.parametrize(("status", "kind"), [(500, TransientError), (403, HttpStatusError)])
def test_a_failure_of_the_server_is_raised_after_the_records_that_came(
    open_repository: Repository, xml: Xml, status: int, kind: type[Exception]
) -> None:
    iterator = open_repository(serve(xml, [], {"b": (status, b"")})).records(["a", "b", "c"])
    assert identifiers([next(iterator), next(iterator)]) == ["a", "c"]
    with pytest.raises(kind, match=f"^HTTP {status}$"):
        next(iterator)


def test_an_answer_that_is_none_is_raised_too(open_repository: Repository, xml: Xml) -> None:
    with pytest.raises(PermanentError, match="library: record 'a': got an HTML page, not OAI-PMH"):
        list(open_repository(serve(xml, [], {"a": b"<html/>"})).records(["a"]))
