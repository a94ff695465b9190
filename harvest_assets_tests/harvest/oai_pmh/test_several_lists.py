"""Several sets and metadata prefixes: lists one after the other, each of which proves itself."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from harvest_assets.errors import PositionExpiredError, UnendingListError
from harvest_assets.harvest.oai_pmh import OaiPmh, OaiPmhOptions
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

OPEN = Window()

Server = Any  # the fixtures of conftest, which tests cannot import from
Xml = Any
Repository = Callable[..., OaiPmh]
Lists = dict[str, list[list[str]]]
LISTS: Lists = {"oai_dc/art": [["a", "b"], ["c"]], "oai_dc/law": [["b", "d"]], "lom/art": [["a"], ["b"]], "lom/law": [["d"]]}


def serve(xml: Xml, lists: Lists, totals: dict[str, int] | None = None) -> Callable[[dict[str, str]], bytes]:
    """Lists by prefix and set in pages; a token is the list and the place. A list without pages has no records."""

    def answer(query: dict[str, str]) -> bytes:
        first = f"{query.get('metadataPrefix')}/{query.get('set')}|0"
        name, _, place = query.get("resumptionToken", first).partition("|")
        number = int(place)
        if not lists[name]:
            return xml.error("noRecordsMatch")
        token = f"{name}|{number + 1}" if number + 1 < len(lists[name]) else ""
        total = (totals or {}).get(name, len({each for page in lists[name] for each in page}))
        return xml.page("".join(map(xml.record, lists[name][number])), token, f' completeListSize="{total}"')

    return answer


def identifiers(pages: list[Page]) -> list[list[str]]:
    return [page.records.column("identifier").to_pylist() for page in pages]


BOTH = {"set": ["art", "law"], "metadata_prefix": ["oai_dc", "lom"]}


def test_lists_are_walked_one_after_the_other_and_further_prefixes_mark_their_records(open_repository: Repository, xml: Xml) -> None:
    pages = list(open_repository(serve(xml, LISTS), **BOTH).pages(OPEN))
    assert identifiers(pages) == [["a", "b"], ["c"], ["b", "d"], ["a#lom"], ["b#lom"], ["d#lom"]]
    assert [page.number for page in pages] == [1, 2, 3, 4, 5, 6]
    assert pages[-1].next_position is None
    assert {page.announced_total for page in pages} == {None}
    assert [page.holes for page in pages] == [()] * 6


def test_every_position_goes_on_where_it_was_named(open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(serve(xml, LISTS), **BOTH)
    pages = list(protocol.pages(OPEN))
    for page in pages[:-1]:
        rest = list(open_repository(serve(xml, LISTS), **BOTH).pages(OPEN, position=page.next_position, number=page.number + 1))
        assert identifiers(rest) == identifiers(pages[page.number :])
        assert [each.number for each in rest] == [each.number for each in pages[page.number :]]
        assert [each.next_position for each in rest] == [each.next_position for each in pages[page.number :]]


def test_the_position_of_a_single_list_is_its_token(open_repository: Repository, xml: Xml) -> None:
    pages = list(open_repository(serve(xml, LISTS), set=["art"], metadata_prefix=["oai_dc"]).pages(OPEN))
    assert [page.next_position for page in pages] == ["oai_dc/art|1", None]
    assert pages[0].announced_total == 3


@pytest.mark.parametrize("position", ["t1", '["oai_dc","sport",null,0,null]', "[1]", "3", "{", ""])
def test_a_position_of_other_lists_asks_to_start_again(open_repository: Repository, xml: Xml, position: str) -> None:
    with pytest.raises(PositionExpiredError, match=r"^library: the position .* belongs to none of the lists of this source; start again$"):
        list(open_repository(serve(xml, LISTS), **BOTH).pages(OPEN, position=position, number=2))


def test_a_list_that_is_short_of_its_own_total_has_a_hole_on_its_last_page(open_repository: Repository, xml: Xml) -> None:
    totals = {"oai_dc/art": 4, "lom/law": 2}
    pages = list(open_repository(serve(xml, LISTS, totals), **BOTH).pages(OPEN))
    assert [page.number for page in pages if page.holes] == [2, 6]
    assert pages[1].holes == ("set 'art', metadata prefix 'oai_dc': 3 distinct records of 4 announced were received",)
    assert pages[5].holes == ("set 'law', metadata prefix 'lom': 1 distinct records of 2 announced were received",)
    assert not any(page.holes for page in open_repository(serve(xml, LISTS, totals), **BOTH, total="ignore").pages(OPEN))


def test_records_that_come_twice_in_one_list_do_not_fill_a_hole(open_repository: Repository, xml: Xml) -> None:
    lists: Lists = {"oai_dc/a": [["x", "y"], ["y", "z"]], "oai_dc/b": [["x"]]}
    pages = list(open_repository(serve(xml, lists, {"oai_dc/a": 4}), set=["a", "b"]).pages(OPEN))
    assert pages[1].holes == ("set 'a', metadata prefix 'oai_dc': 3 distinct records of 4 announced were received",)


def test_a_resumed_list_still_proves_itself(open_repository: Repository, xml: Xml) -> None:
    def rest(total: int) -> list[Page]:
        first = next(open_repository(serve(xml, LISTS, {"oai_dc/art": total}), **BOTH).pages(OPEN))
        return list(open_repository(serve(xml, LISTS, {"oai_dc/art": total}), **BOTH).pages(OPEN, position=first.next_position, number=2))

    assert not any(page.holes for page in rest(3))
    assert rest(4)[0].holes == ("set 'art', metadata prefix 'oai_dc': 3 distinct records of 4 announced were received",)


def test_a_record_set_aside_fills_its_place_and_is_named_with_its_prefix(open_repository: Repository, xml: Xml) -> None:
    plain = serve(xml, LISTS)
    pages = list(open_repository(lambda query: plain(query).replace("é".encode(), b"&"), **BOTH).pages(OPEN))
    assert [each.identifier for page in pages for each in page.set_aside] == ["a", "b", "c", "b", "d", "a#lom", "b#lom", "d#lom"]
    assert not any(page.holes for page in pages)


def test_an_empty_list_leads_on_to_the_next(open_repository: Repository, xml: Xml) -> None:
    lists: Lists = {"oai_dc/art": [], "oai_dc/law": [["d"]], "oai_dc/zoo": []}
    pages = list(open_repository(serve(xml, lists), set=["art", "law", "zoo"]).pages(OPEN))
    assert identifiers(pages) == [[], ["d"], []]
    assert pages[-1].next_position is None


def test_a_list_that_does_not_end_is_told_with_its_page(open_repository: Repository, xml: Xml) -> None:
    lists: Lists = {"oai_dc/a": [["x"], ["y"], ["x"], ["z"]], "oai_dc/b": [["x"]]}
    with pytest.raises(UnendingListError, match="library: page 3: the page repeats the records of an earlier page"):
        list(open_repository(serve(xml, lists), set=["a", "b"]).pages(OPEN))


def test_the_same_page_in_two_lists_is_no_repetition(open_repository: Repository, xml: Xml) -> None:
    lists: Lists = {"oai_dc/a": [["x"], ["y"]], "oai_dc/b": [["x"], ["y"]]}
    assert identifiers(list(open_repository(serve(xml, lists), set=["a", "b"]).pages(OPEN))) == [["x"], ["y"], ["x"], ["y"]]


@pytest.mark.parametrize("options", [{"set": ["a", "a"]}, {"metadata_prefix": ["oai_dc", "lom", "oai_dc"]}])
def test_a_name_is_given_once(options: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError, match="is named twice; name each once"):
        OaiPmhOptions.model_validate(options)


def test_no_prefix_at_all_is_refused() -> None:
    with pytest.raises(ValidationError, match="the list is empty; name one at least, or leave the key out"):
        OaiPmhOptions.model_validate({"metadata_prefix": []})
