"""The text of web pages as a reader sees it."""

import pytest

from harvest_assets.derive.text import normalise
from harvest_assets.derive.web_pages import read_page


@pytest.mark.parametrize(
    "page",
    [
        "<p>One <b>bold</b> <a href='http://example.org'>word</a></p>",
        "<!DOCTYPE html><p>One <b>bold</b> word",
        "<?xml version='1.0' encoding='latin-1'?><html xmlns='http://www.w3.org/1999/xhtml'><body>One <i>bold</i> word</body></html>",
        "<!-- <html> --><p>One <b>bold</b> word</p><script>let no = 1</script><style>p {color: red}</style><noscript>no</noscript>",
        "<head><title>no</title></head><svg><title>no</title><text>no</text></svg>One <svg>no</svg>bold word",
        "One\nbold\tword<template>no</template>",
    ],
)
def test_text_is_without_markup_and_what_is_not_shown(page: str) -> None:
    assert normalise(read_page(page).text) == "One bold word"


def test_paragraphs_lines_and_cells_stay_apart() -> None:
    page = (
        "<h1>Head</h1><p>first<br>second</p><div>block</div><ul><li>one<li>two</ul>"
        "<table><tr><th>a<th>b<tr><td>c<td>d</table>tail <em>in</em>line"
    )
    assert normalise(read_page(page).text) == "Head\n\nfirst\nsecond\n\nblock\n\none\ntwo\n\na b\nc d\n\ntail inline"


def test_line_ends_are_kept_only_where_they_are_shown() -> None:
    page = "<p>one\n  line</p><pre>typed\nas <b>it\nis</b>\nhere</pre>and\non"
    assert normalise(read_page(page).text) == "one line\n\ntyped\nas it\nis\nhere\n\nand on"


def test_what_a_page_says_of_itself() -> None:
    page = read_page(
        "<html lang=nl-NL><head><meta charset=latin-1><title> T &eacute;</title><meta name=Author content='Author One'>"
        "<meta name='DC.creator' content='Author Two'><meta name=keywords content=no></head>"
        "<body><svg><title>no</title></svg>é</body></html>"
    )
    assert (page.title, page.authors, page.language) == (" T é", ["Author One", "Author Two"], "nl-NL")
    assert normalise(page.text) == "é"
    assert read_page("<html xmlns='http://www.w3.org/1999/xhtml' xml:lang='en'><body/></html>").language == "en"


@pytest.mark.parametrize("page", ["", " ", "<!-- only a remark -->", "<>", "\x00"])
def test_pages_of_nothing_say_nothing(page: str) -> None:
    read = read_page(page)
    assert normalise(read.text) in {"", "<>"}
    assert (read.title, read.authors, read.language) == (None, [], None)


def test_pages_that_are_deep_or_long_are_read_to_their_end() -> None:
    assert normalise(read_page("<div>" * 1500 + "deep").text) == "deep"
    assert read_page(f"<p>{'a' * 12_000_000}</p><p>end").text.endswith("end\n\n\n\n")
