"""``Link`` headers as RFC 8288 writes them, and as servers do."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.json_api import JsonApi
from harvest_assets.harvest.json_api.links import Link, read_links
from harvest_assets.model.window import Window

Server = Any  # the fixtures of conftest, which tests cannot import from
Lists = Callable[..., JsonApi]

OPEN = Window()
PAGING = {"style": "link"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("<?p=2>; rel=next", [("?p=2", "next")]),
        ('<?p=2>;rel="NEXT"', [("?p=2", "next")]),
        ('<?p=1>; rel="first", <?p=2>; rel="next",<?p=9>; rel="last"', [("?p=1", "first"), ("?p=2", "next"), ("?p=9", "last")]),
        ('<a,b;c>; title="x, <y>; rel=\\"prev\\"" ; REL = "http://example.org/rel Next"', [("a,b;c", "http://example.org/rel next")]),
        ("<a>; rel=next; rel=prev", [("a", "next")]),
        ("<a>; crossorigin; rel=next;", [("a", "next")]),
        ("<a>", [("a", "")]),
        ("< a >;rel=next", [("a", "next")]),
        ('<a>; rel=next; anchor="/other", <b>; rel=next', [("b", "next")]),
    ],
)
def test_links_are_read(header: str, expected: list[tuple[str, str]]) -> None:
    assert read_links(header) == [Link(target, frozenset(relations.split())) for target, relations in expected]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("rel=next", "no link begins at character 1; it is an address in <> and parameters"),
        ("<a>; rel=next <b?key=secret>", "what begins at character 14 is neither a parameter nor another link"),
        ('<a>; rel="next', "what begins at character 10 is neither a parameter nor another link"),
        ("<a>, <b", "no link begins at character 4; it is an address in <> and parameters"),
    ],
)
def test_headers_that_are_malformed_are_refused(open_list: Lists, header: str, message: str) -> None:
    protocol = open_list(lambda _: (200, b"[]", {"Link": header}), paging=PAGING)
    with pytest.raises(PermanentError, match=f"^shop: the Link header cannot be read, the list may go on: {re.escape(message)}$"):
        list(protocol.pages(OPEN))


@given(st.text(alphabet='<>;,="\\ ab\t', max_size=200))
def test_any_header_is_read_or_refused(header: str) -> None:
    links: list[Link] = []
    with suppress(ValueError):
        links = read_links(header)
    assert len(links) <= header.count("<")


def test_the_list_goes_on_at_the_next_link(server: Server, open_list: Lists) -> None:
    following = {"1": "<?p=2>; rel=next", "2": f'<{server.url}>; rel="first", </list?p=3>; rel="last next"', "3": '<?p=1>; rel="first"'}

    def answer(query: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        here = query.get("p", "1")
        return 200, b'[{"id": ' + here.encode() + b"}]", {"Link": following[here]}

    pages = list(open_list(answer, paging=PAGING, parameters={"size": "1"}).pages(OPEN))
    assert [page.records.column("identifier").to_pylist() for page in pages] == [["1"], ["2"], ["3"]]
    assert [page.next_position for page in pages] == [server.url + "?p=2", server.url + "?p=3", None]
    assert server.queries == [{"size": "1"}, {"p": "2"}, {"p": "3"}]


def test_a_link_to_another_host_is_not_followed(server: Server, open_list: Lists) -> None:
    protocol = open_list(lambda _: (200, b"[]", {"Link": "<http://127.0.0.2/?key=secret>; rel=next"}), paging=PAGING)
    message = "^shop: the next page is on http://127.0.0.2:80, it must be on the scheme, host and port of the source$"
    with pytest.raises(PermanentError, match=message):
        list(protocol.pages(OPEN))
    assert len(server.queries) == 1
