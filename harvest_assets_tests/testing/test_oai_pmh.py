"""The OAI-PMH repository keeps to the protocol: schema, verbs, errors, tokens, dates; seen by lxml and by a client that is not ours."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from sickle import Sickle

from harvest_assets.testing import Repository, Universe
from harvest_assets.testing.oai_pmh_xml import write_element

Ask = Callable[..., etree._Element]
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("oai_pmh.xsd")))
LATER = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST = "oai:library.example:0000000"


def error_of(answer: etree._Element) -> str | None:
    SCHEMA.assertValid(answer)
    error = answer.find("{*}error")
    return None if error is None else error.get("code")


@pytest.mark.parametrize(
    "arguments",
    [
        {"verb": "Identify"},
        {"verb": "ListMetadataFormats"},
        {"verb": "ListMetadataFormats", "identifier": FIRST},
        {"verb": "ListSets"},
        {"verb": "GetRecord", "identifier": FIRST, "metadataPrefix": "oai_dc"},
        {"verb": "GetRecord", "identifier": "oai:library.example:0000001", "metadataPrefix": "oai_dc"},
        {"verb": "ListRecords", "metadataPrefix": "oai_dc"},
        {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc", "set": "books", "from": "2026-01-01", "until": "2026-12-31"},
    ],
)
def test_every_verb_answers_by_the_schema(library: Repository, ask: Ask, arguments: dict[str, str]) -> None:
    library.delete("oai:library.example:0000001", at=LATER)
    answer = ask(**arguments)
    assert error_of(answer) is None
    assert answer[2].tag == f"{{http://www.openarchives.org/OAI/2.0/}}{arguments['verb']}"
    assert dict(answer[1].attrib) == arguments


@pytest.mark.parametrize(
    ("code", "query"),
    [
        ("badVerb", ""),
        ("badVerb", "verb=Nonsense"),
        ("badVerb", "verb=Identify&verb=Identify"),
        ("badArgument", "verb=Identify&extra=1"),
        ("badArgument", "verb=ListRecords"),
        ("badArgument", "verb=GetRecord&metadataPrefix=oai_dc"),
        ("badArgument", "verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc"),
        ("badArgument", "verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=x"),
        ("badArgument", "verb=ListRecords&metadataPrefix=oai_dc&from=yesterday"),
        ("badArgument", "verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-30"),
        ("badArgument", "verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-03T00:00Z"),
        ("badArgument", "verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-03&until=2026-02-02"),
        ("badArgument", "verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-01&until=2026-02-02T00:00:00Z"),
        ("badResumptionToken", "verb=ListRecords&resumptionToken=nonsense"),
        ("badResumptionToken", "verb=ListSets&resumptionToken=nonsense"),
        ("cannotDisseminateFormat", "verb=ListRecords&metadataPrefix=marc21"),
        ("cannotDisseminateFormat", f"verb=GetRecord&metadataPrefix=marc21&identifier={FIRST}"),
        ("idDoesNotExist", "verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:nothing"),
        ("idDoesNotExist", "verb=ListMetadataFormats&identifier=oai:nothing"),
        ("noRecordsMatch", "verb=ListRecords&metadataPrefix=oai_dc&until=1999-01-01"),
        ("noRecordsMatch", "verb=ListIdentifiers&metadataPrefix=oai_dc&set=unknown"),
        ("noMetadataFormats", "verb=ListMetadataFormats&identifier=oai:library.example:0000001"),
    ],
)
def test_errors_have_the_codes_of_the_protocol(
    universe: Universe, library: Repository, session: requests.Session, code: str, query: str
) -> None:
    library.delete("oai:library.example:0000001", at=LATER)
    response = session.get(f"{universe.oai_url('library')}?{query}", timeout=10)
    answer = etree.fromstring(response.content)
    assert response.status_code == 200
    assert answer.find("{*}error").get("code") == code
    if code in {"badVerb", "badArgument"}:
        assert not answer.find("{*}request").attrib
    if "marc21" not in query:
        SCHEMA.assertValid(answer)


@pytest.mark.parametrize("arguments", [{"verb": "ListSets"}, {"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "books"}])
def test_a_repository_without_sets_has_no_set_hierarchy(universe: Universe, ask: Ask, arguments: dict[str, str]) -> None:
    universe.add(Repository.generate("library", 5, seed=1, sets=()))
    assert error_of(ask(**arguments)) == "noSetHierarchy"


def test_messages_name_what_came_and_what_is_allowed(library: Repository, ask: Ask) -> None:
    def message(**arguments: str) -> str:
        return str(ask(**arguments).findtext("{*}error"))

    assert len(library.identifiers()) == 25
    assert message(verb="Nonsense").startswith("got the verbs ['Nonsense']; ask for one of Identify, ")
    assert message(verb="Identify", extra="1") == "Identify: does not take ['extra']; it takes []"
    assert message(verb="ListRecords") == "ListRecords: needs ['metadataPrefix']"
    assert message(verb="ListRecords", metadataPrefix="x") == "metadataPrefix 'x' is not offered; ask for 'oai_dc'"
    assert message(verb="ListRecords", resumptionToken="x", set="a") == "ListRecords: resumptionToken is exclusive; leave ['set'] out"
    assert "from 'x' is not a date of the form YYYY-MM-DD or " in message(verb="ListRecords", metadataPrefix="oai_dc", from_="x")


def test_a_whole_list_comes_once_in_order_with_its_size_on_every_page(
    library: Repository, ask: Ask, walk: Callable[..., list[str]]
) -> None:
    expected = [record.identifier for record in library.records()]
    assert walk() == expected
    assert walk("ListIdentifiers") == expected
    token = ask(verb="ListRecords", metadataPrefix="oai_dc").find(".//{*}resumptionToken")
    assert dict(token.attrib) == {"completeListSize": "25", "cursor": "0"}
    second = ask(verb="ListRecords", resumptionToken=token.text).find(".//{*}resumptionToken")
    third = ask(verb="ListRecords", resumptionToken=second.text).find(".//{*}resumptionToken")
    assert (second.get("cursor"), third.get("cursor"), third.text) == ("10", "20", None)


def test_a_list_of_one_page_has_no_token(library: Repository, ask: Ask) -> None:
    library.page_size = 25
    answer = ask(verb="ListRecords", metadataPrefix="oai_dc")
    assert len(answer.findall(".//{*}record")) == 25
    assert answer.find(".//{*}resumptionToken") is None


@pytest.mark.parametrize("edit", [("library", "other"), ("ListRecords", "ListIdentifiers"), (",10]", ",25]"), (",10]", ",-1]")])
def test_a_token_of_another_list_is_refused(library: Repository, ask: Ask, edit: tuple[str, str]) -> None:
    assert library.page_size == 10
    token = str(ask(verb="ListRecords", metadataPrefix="oai_dc").findtext(".//{*}resumptionToken"))
    forged = b64encode(b64decode(token).replace(edit[0].encode(), edit[1].encode())).decode()
    assert forged != token
    assert error_of(ask(verb="ListRecords", resumptionToken=token)) is None
    assert error_of(ask(verb="ListRecords", resumptionToken=forged)) == "badResumptionToken"


def test_from_and_until_are_inclusive_to_the_second(library: Repository, walk: Callable[..., list[str]]) -> None:
    for second in range(3):
        library.redate(f"oai:library.example:{second:07d}", at=LATER + timedelta(seconds=second))
    assert walk(from_="2026-05-01T12:00:01Z", until="2026-05-01T12:00:01Z") == ["oai:library.example:0000001"]
    assert walk(from_="2026-05-01T12:00:01Z") == ["oai:library.example:0000001", "oai:library.example:0000002"]
    assert len(walk(from_="2026-05-01", until="2026-05-01")) == 3
    assert len(walk(until="2026-05-01T11:59:59Z")) == 22


def test_a_repository_in_days_takes_days_only(universe: Universe, ask: Ask, walk: Callable[..., list[str]]) -> None:
    repository = universe.add(Repository.generate("library", 40, seed=1, granularity="day"))
    assert ask(verb="Identify").findtext(".//{*}granularity") == "YYYY-MM-DD"
    day = repository.record_at(12).datestamp
    assert len(day) == 10
    assert walk(from_=day, until=day) == [record.identifier for record in repository.records() if record.datestamp == day]
    assert error_of(ask(verb="ListRecords", metadataPrefix="oai_dc", from_=f"{day}T00:00:00Z")) == "badArgument"


@pytest.mark.parametrize(("policy", "listed"), [("persistent", True), ("transient", True), ("no", False)])
def test_deletions_are_announced_as_the_repository_promises(
    universe: Universe,
    ask: Ask,
    walk: Callable[..., list[str]],
    policy: str,
    listed: bool,  # noqa: FBT001 - a parameter of the table above
) -> None:
    repository = universe.add(Repository.generate("library", 5, seed=1, deleted_record=policy))  # type: ignore[arg-type]
    repository.delete(FIRST, at=LATER)
    assert ask(verb="Identify").findtext(".//{*}deletedRecord") == policy
    assert (FIRST in walk()) is listed
    got = ask(verb="GetRecord", metadataPrefix="oai_dc", identifier=FIRST)
    if listed:
        assert got.find(".//{*}header").get("status") == "deleted"
        assert got.find(".//{*}metadata") is None
    else:
        assert error_of(got) == "idDoesNotExist"


def test_sets_are_listed_and_every_record_is_in_one(library: Repository, ask: Ask, walk: Callable[..., list[str]]) -> None:
    specs = [element.text for element in ask(verb="ListSets").iterfind(".//{*}setSpec")]
    assert specs == ["articles", "books", "images"]
    found = {spec: set(walk(set=spec)) for spec in specs if spec}
    assert set.union(*found.values()) == set(library.identifiers())
    header = ask(verb="ListRecords", metadataPrefix="oai_dc", set="books").find(".//{*}header")
    assert "books" in [element.text for element in header.iterfind("{*}setSpec")]


def test_a_record_carries_its_dublin_core(universe: Universe, library: Repository, ask: Ask) -> None:
    files = ("a.pdf", "https://example.org/b.png")
    library.change(FIRST, at=LATER, title='A < B & "C"', creators=("Author 17", "Author 18"), files=files)
    answer = ask(verb="GetRecord", identifier=FIRST, metadataPrefix="oai_dc")
    found = [
        (etree.QName(element).localname, element.text) for element in answer.find(".//{http://www.openarchives.org/OAI/2.0/oai_dc/}dc")
    ]
    assert ("title", 'A < B & "C"') in found
    assert [text for name, text in found if name == "creator"] == ["Author 17", "Author 18"]
    assert [text for name, text in found if name == "relation"] == [f"{universe.files_url}/a.pdf", "https://example.org/b.png"]
    assert ("identifier", f"{universe.url}/landing/library/{FIRST}") in found
    assert {"subject", "description", "date", "type", "language", "rights", "publisher"} <= {name for name, _ in found}


def test_a_change_is_seen_although_records_are_rendered_once(library: Repository, ask: Ask) -> None:
    def title() -> str | None:
        return ask(verb="GetRecord", identifier=FIRST, metadataPrefix="oai_dc").findtext(".//{http://purl.org/dc/elements/1.1/}title")

    listed = ask(verb="ListRecords", metadataPrefix="oai_dc").findtext(".//{http://purl.org/dc/elements/1.1/}title")
    assert listed == title()
    library.page_size = 100
    library.change(FIRST, at=LATER, title="Once")
    library.change(FIRST, at=LATER, title="Twice")
    assert title() == "Twice"
    last = ask(verb="ListRecords", metadataPrefix="oai_dc").findall(".//{*}record")[-1]
    assert last.findtext(".//{http://purl.org/dc/elements/1.1/}title") == "Twice"


def test_a_form_by_post_is_the_same_as_a_get(universe: Universe, library: Repository, session: requests.Session) -> None:
    form = {"verb": "GetRecord", "identifier": FIRST, "metadataPrefix": "oai_dc"}
    posted = etree.fromstring(session.post(universe.oai_url("library"), data=form, timeout=10).content)
    assert posted.findtext(".//{*}header/{*}identifier") == library.identifiers()[0]
    assert universe.requests[-1].method == "POST"
    assert universe.requests[-1].arguments == form


def test_another_client_walks_the_whole_list(universe: Universe, library: Repository) -> None:
    library.delete(FIRST, at=LATER)
    client = Sickle(universe.oai_url("library"))
    assert client.Identify().repositoryName == "Repository library"
    assert [item.setSpec for item in client.ListSets()] == ["articles", "books", "images"]
    records = list(client.ListRecords(metadataPrefix="oai_dc"))
    assert [(r.header.identifier, r.header.datestamp, r.header.deleted) for r in records] == [
        (r.identifier, r.datestamp, r.deleted) for r in library.records()
    ]
    first = records[0]
    assert first.metadata["title"][0] == library.record(first.header.identifier).content.title
    assert [r.header.identifier for r in client.ListRecords(metadataPrefix="oai_dc", ignore_deleted=True)] == library.identifiers()


def test_a_full_record_is_about_two_kilobytes(universe: Universe, session: requests.Session) -> None:
    universe.add(Repository.generate("full", 500, seed=3, size="full", page_size=500))
    body = session.get(universe.oai_url("full"), params={"verb": "ListRecords", "metadataPrefix": "oai_dc"}, timeout=10).content
    assert body.count(b"<record>") == 500
    assert 1_700 < len(body) / 500 < 2_300


@given(text=st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back_without_what_xml_forbids(text: str) -> None:
    element = etree.fromstring(write_element("a", text, {"b": text}))
    allowed = "".join(c for c in text if c in "\t\n\r" or (ord(c) >= 32 and ord(c) not in {0xFFFE, 0xFFFF}))
    assert (element.text or "") == allowed
    assert element.get("b") == allowed
