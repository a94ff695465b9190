"""The file host: files that are what they say, and addresses that misbehave."""

from collections.abc import Callable
from io import BytesIO
from time import monotonic

import pypdfium2
import pytest
import requests
from PIL import Image

from harvest_assets.testing import Universe
from harvest_assets.testing.files import make_bomb, make_file, make_pdf

Fetch = Callable[..., requests.Response]


@pytest.fixture
def fetch(universe: Universe, session: requests.Session) -> Fetch:
    def fetch_file(name: str, method: str = "GET", **headers: str) -> requests.Response:
        named = {key.title(): value for key, value in headers.items()}
        return session.request(method, f"{universe.files_url}/{name}", headers=named, allow_redirects=False, timeout=10)

    return fetch_file


@pytest.mark.parametrize(("name", "kind"), [("a-1.jpg", "JPEG"), ("b_2.png", "PNG")])
def test_pictures_are_pictures(fetch: Fetch, name: str, kind: str) -> None:
    response = fetch(name)
    with Image.open(BytesIO(response.content)) as picture:
        picture.load()
        assert picture.format == kind
        assert 320 <= picture.width <= 800
    assert response.headers["Content-Type"] == f"image/{kind.lower()}"
    assert response.headers["Content-Length"] == str(len(response.content))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_documents_hold_text_on_one_to_three_pages(seed: int) -> None:
    document = pypdfium2.PdfDocument(make_pdf(seed, title="on (paper) \\ glass"))
    try:
        assert len(document) == 1 + seed
        assert document.get_metadata_dict()["Title"] == "on (paper) \\ glass"
        page = document[seed]
        text = page.get_textpage()
        assert text.get_text_range().startswith(f"on (paper) \\ glass, page {seed + 1}")
        assert text.count_chars() > 900
        text.close()
        page.close()
    finally:
        document.close()


def test_a_name_is_always_the_same_file_and_another_name_another() -> None:
    made = make_file("a.pdf"), make_file("a.jpg"), make_file("a.png")
    make_file.cache_clear()
    assert made == (make_file("a.pdf"), make_file("a.jpg"), make_file("a.png"))
    assert make_file("b.jpg") != make_file("a.jpg")


def test_head_gives_the_headers_of_get_and_no_body(fetch: Fetch) -> None:
    got, asked = fetch("a.pdf"), fetch("a.pdf", "HEAD")
    assert asked.content == b""
    assert asked.status_code == 200
    assert {**asked.headers, "Date": ""} == {**got.headers, "Date": ""}


@pytest.mark.parametrize(("wanted", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None)])
def test_a_range_is_cut_from_the_file(fetch: Fetch, wanted: str, start: int, end: int | None) -> None:
    whole = fetch("a.pdf").content
    response = fetch("a.pdf", range=wanted)
    assert response.status_code == 206
    assert response.content == whole[start:end]
    assert response.headers["Content-Range"].endswith(f"/{len(whole)}")


def test_a_range_beyond_the_end_is_refused_and_a_strange_one_ignored(fetch: Fetch) -> None:
    whole = fetch("a.pdf").content
    beyond = fetch("a.pdf", range="bytes=9999999-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    assert fetch("a.pdf", range="bytes=5-2").status_code == 416
    assert fetch("a.pdf", range="bytes=0-1,4-5").content == whole


@pytest.mark.parametrize(
    ("name", "status"), [("missing.pdf", 404), ("gone.pdf", 410), ("no/such.pdf", 404), ("UPPER.pdf", 404), ("a.exe", 404)]
)
def test_what_is_not_there_says_so(fetch: Fetch, name: str, status: int) -> None:
    assert fetch(name).status_code == status
    assert fetch(name, "HEAD").status_code == status


@pytest.mark.parametrize(
    ("name", "status", "location"),
    [
        ("moved/a.pdf", 301, "{files}/a.pdf"),
        ("temporary/a.jpg", 302, "{files}/a.jpg"),
        ("loop", 302, "{files}/loop"),
        ("private-redirect", 302, "http://169.254.169.254/latest/"),
    ],
)
def test_redirects_lead_where_they_should(universe: Universe, fetch: Fetch, name: str, status: int, location: str) -> None:
    response = fetch(name)
    assert (response.status_code, response.headers["Location"]) == (status, location.format(files=universe.files_url))


def test_headless_answers_get_only(fetch: Fetch) -> None:
    refused = fetch("headless/a.pdf", "HEAD")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")
    assert fetch("headless/a.pdf").content == make_file("a.pdf")


def test_slow_sends_one_byte_at_a_time(universe: Universe, session: requests.Session) -> None:
    started = monotonic()
    with session.get(f"{universe.files_url}/slow/a.pdf", stream=True, timeout=10) as response:
        assert response.raw.read(4) == b"%PDF"
    assert 0.15 < monotonic() - started < 3


def test_broken_is_no_picture(fetch: Fetch) -> None:
    response = fetch("broken.jpg")
    assert response.headers["Content-Type"] == "image/jpeg"
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(BytesIO(response.content))


def test_truncated_begins_as_a_picture_and_does_not_end(fetch: Fetch) -> None:
    with Image.open(BytesIO(fetch("truncated.jpg").content)) as picture, pytest.raises(OSError, match="truncated"):
        picture.load()


def test_the_bomb_is_small_until_it_is_opened(fetch: Fetch) -> None:
    response = fetch("bomb.png")
    assert response.content == make_bomb()
    assert len(response.content) < 100_000
    with pytest.raises(Image.DecompressionBombError, match="400000000 pixels"):
        Image.open(BytesIO(response.content))


def test_login_is_a_page_with_a_form(fetch: Fetch) -> None:
    response = fetch("login")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'type="password"' in response.text
