"""Pages that are not JSON as they came: what is mended, what is asked for again, what is given up."""

import codecs
import logging
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest

from harvest_assets.errors import PermanentError, TransientError, UnreadablePageError
from harvest_assets.harvest.json_api import JsonApi
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

Server = Any  # the fixtures of conftest, which tests cannot import from
Lists = Callable[..., JsonApi]

OPEN = Window()
WHOLE = '[{"id": 1}, {"id": "é", "b": [{}, true, "\\u00e9\\ud83d\\ude00"]}]'.encode()
CONTROLS = "control characters, which JSON forbids, were dropped"
MARKUP = "markup after the end was dropped"
NOT_UTF_8 = "bytes that are not UTF-8 were read as windows-1252"


def identifiers(pages: Iterable[Page]) -> list[str]:
    return [name for page in pages for name in page.records.column("identifier").to_pylist()]


@pytest.mark.parametrize("length", [0, 1, 12, 17, 24])
def test_a_cut_page_is_asked_for_again(server: Server, open_list: Lists, length: int) -> None:
    replies = iter([WHOLE[:length], WHOLE[:length], WHOLE])
    assert identifiers(open_list(lambda _: next(replies)).pages(OPEN)) == ["1", "é"]
    assert len(server.queries) == 3


def test_a_page_that_is_cut_at_other_places_each_time_is_a_transient_error(open_list: Lists) -> None:
    replies = iter([WHOLE[:5], WHOLE[:9], WHOLE[:5]])
    with pytest.raises(TransientError, match=r"shop: page 1: the answer is cut off after byte 5$"):
        list(open_list(lambda _: next(replies)).pages(OPEN))


def test_a_page_that_is_cut_at_the_same_place_each_time_is_unreadable_wherever_that_is(open_list: Lists) -> None:
    for length in range(1, len(WHOLE)):
        body = WHOLE[:length]
        with pytest.raises(UnreadablePageError, match=f"^shop: page 1: the answer is cut off after byte {length}, 3 times the same: the"):
            list(open_list(lambda _, body=body: body).pages(OPEN))


def test_a_page_that_stays_empty_is_a_transient_error(server: Server, open_list: Lists) -> None:
    for body in (b"", b" \n", b"\x00\x00"):
        with pytest.raises(TransientError, match=r"shop: page 1: the answer is empty \(cut off after byte 0\)"):
            list(open_list(lambda _, body=body: body).pages(OPEN))
    assert len(server.queries) == 9


@pytest.mark.parametrize(
    "body",
    [
        b"<html>down</html>",
        b'[{"id": NaN}]',
        b"[" * 2000 + b"]" * 2000,
        b'[{"id": 1}] Notice',
        b'[{"id": 1}] <br/> {"id": 2}',
        b'[{"id": 1}], {"id": 2}',
        b"{'id': 1}",
        b'["\\ud800"]',
        b"\x1f\x8b\x08\x00 compressed",
    ],
)
def test_what_is_not_json_is_unreadable(server: Server, open_list: Lists, body: bytes) -> None:
    with pytest.raises(UnreadablePageError, match=r"shop: page 1: the answer is not JSON \(.+\), it begins with ['\"]"):
        list(open_list(lambda _: body).pages(OPEN))
    assert len(server.queries) == 1


@pytest.mark.parametrize(
    ("body", "repairs"),
    [
        (b'[{"id": "a"}]\n<br/><b>Notice</b> in {main}', (MARKUP,)),
        (b'[{"id": "\x00\x0ba"}]\x1f', (CONTROLS,)),
        (b'\x1e[{"id": "a"}]\n<br/>\x01', (CONTROLS, MARKUP)),
        (codecs.BOM_UTF8 + b'[{"id": "a"}]', ("a byte order mark was dropped",)),
        ('[{"id": "a"}]'.encode("utf-16"), ("it was in UTF-16 and not in UTF-8",)),
        (codecs.BOM_UTF16_BE + '[{"id": "a"}]'.encode("utf-16-be"), ("it was in UTF-16 and not in UTF-8",)),
        ('[{"id": "a"}]'.encode("utf-32"), ("it was in UTF-32 and not in UTF-8",)),
        (b'[{"id": "a", "t": "\xff"}]', (NOT_UTF_8,)),
        (codecs.BOM_UTF8 + b'[{"id": "a"}]<p>\xe9', ("a byte order mark was dropped", NOT_UTF_8, MARKUP)),
    ],
)
def test_what_can_be_mended_without_a_loss_is_mended_and_kept_as_it_came(open_list: Lists, body: bytes, repairs: tuple[str, ...]) -> None:
    (page,) = open_list(lambda _: body).pages(OPEN)
    assert identifiers([page]) == ["a"]
    assert (page.repairs, page.original) == (repairs, body)


def test_a_good_page_is_not_kept_twice(open_list: Lists) -> None:
    (page,) = open_list(lambda _: WHOLE).pages(OPEN)
    assert (page.repairs, page.original) == ((), b"")


@pytest.mark.parametrize(("content", "encoding"), [("\u20ac Größe", "windows-1252"), ("déjà", "latin-1"), ("\x81\x9d", "latin-1")])
def test_pages_in_another_encoding_are_read_as_they_were_meant(open_list: Lists, content: str, encoding: str) -> None:
    body = b'[{"id": "' + content.encode(encoding) + b'"}]'
    assert identifiers(open_list(lambda _: body).pages(OPEN)) == [content]


def test_one_strange_byte_does_not_spoil_what_is_utf_8(open_list: Lists) -> None:
    body = '[{"id": "数字"}, {"id": "L\'été '.encode() + b'\xe9"}]'
    assert identifiers(open_list(lambda _: body).pages(OPEN)) == ["数字", "L'été é"]


@pytest.mark.parametrize(
    ("body", "kind"), [(b"\xff\xfe[\x00]", "cut off after byte 5, 3 times"), (b"\xff\xfe\x00\xdcxx", "is not the UTF-16")]
)
def test_wide_characters_that_are_broken_are_not_guessed(open_list: Lists, body: bytes, kind: str) -> None:
    with pytest.raises(UnreadablePageError, match=f"shop: page 1: the answer {kind}|is {kind}"):
        list(open_list(lambda _: body).pages(OPEN))


@pytest.mark.parametrize("between", [b"", b"\n", b"\x1e", b" \r\n\t"])
def test_documents_in_a_row_are_one_page(open_list: Lists, between: bytes) -> None:
    documents = [{"items": [{"id": 1}], "n": 3}, {"items": []}, {"items": [{"id": 2}, {"id": 3}], "n": 4, "next": "5"}]
    body = between.join(map(orjson.dumps, documents)) + b"\n<hr>"
    replies = iter([body, b'{"items": []}'])
    paging = {"style": "cursor", "pointer": "/next"}
    pages = list(open_list(lambda _: next(replies), records="/items", total="/n", paging=paging).pages(OPEN))
    assert identifiers(pages) == ["1", "2", "3"]
    assert (pages[0].announced_total, pages[0].next_position, pages[0].original) == (3, "5", body)
    assert pages[0].repairs[-2:] == (MARKUP, "3 JSON documents in a row were read as one page")


@pytest.mark.parametrize("rest", [b'{"id": 2}', b'{"item": [{"id": 2}]}', b'[{"id": 2}]', b"5"])
def test_a_document_in_a_row_that_holds_no_list_may_be_anything(open_list: Lists, rest: bytes) -> None:
    with pytest.raises(UnreadablePageError, match="shop: page 1: JSON document 2 of 2 holds no list of records: shop: page 1: records "):
        list(open_list(lambda _: b'{"items": [{"id": 1}]}' + rest, records="/items").pages(OPEN))


def test_a_cut_document_in_a_row_is_asked_for_again(open_list: Lists) -> None:
    replies = iter([b'[{"id": 1}][{"id": 2', b'[{"id": 1}][{"id": 2}]'])
    assert identifiers(open_list(lambda _: next(replies)).pages(OPEN)) == ["1", "2"]


def test_many_documents_take_no_more_than_their_length(open_list: Lists) -> None:
    body = b'[{"id":1}]\n' * 20_000
    (page,) = open_list(lambda _: body).pages(OPEN)
    assert page.records.num_rows == 20_000


def test_mended_pages_are_told_once(open_list: Lists, caplog: pytest.LogCaptureFixture) -> None:
    def answer(query: dict[str, str]) -> bytes:
        return b'[{"id": "' + query["page"].encode() + b'"}]\n<br/>\x01' if query["page"] < "3" else b"[]"

    with caplog.at_level(logging.WARNING):
        pages = list(open_list(answer, paging={"style": "page"}).pages(OPEN))
    assert [bool(page.repairs) for page in pages] == [True, True, False]
    assert [record.getMessage() for record in caplog.records] == [
        f"shop: page 1 and perhaps later ones were not JSON: {CONTROLS}, {MARKUP}",
    ]


def test_groups_are_joined_and_may_be_empty(open_list: Lists) -> None:
    groups = [{"items": [{"id": 1}]}, {"items": []}, {"items": None}, {"name": "none"}, {"items": [{"id": 2}, {"id": 3}]}]
    protocol = open_list(lambda _: {"groups": groups}, records="/groups/*/items")
    assert identifiers(protocol.pages(OPEN)) == ["1", "2", "3"]
    assert identifiers(open_list(lambda _: {"groups": []}, records="/groups/*/items").pages(OPEN)) == []
    assert identifiers(open_list(lambda _: {"a": [{"b": []}]}, records="/a/*/b/*/c").pages(OPEN)) == []


@pytest.mark.parametrize(
    ("content", "what"),
    [({"groups": [{"item": [1]}]}, "nothing"), ({"groups": {"a": []}}, "nothing"), ({"groups": [{"items": {"a": 1}}]}, "a dict")],
)
def test_groups_without_a_list_are_refused(open_list: Lists, content: object, what: str) -> None:
    message = rf"shop: page 1: records '/groups/\*/items' leads to {what}, not to a list; the keys there are 'groups'"
    with pytest.raises(PermanentError, match=message):
        list(open_list(lambda _: content, records="/groups/*/items").pages(OPEN))
