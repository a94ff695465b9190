"""Answers that look like a success and may be none."""

import pytest

from harvest_assets.derive.soft_errors import LOGIN_PAGE, SOFT_404, UNEXPECTED_TYPE, Landing, decode_page, find_suspicions

ASKED = "https://example.org/files/report"


def suspect(page: str = "", *, asked: str = ASKED, final: str | None = None, media_type: str = "text/html") -> list[str]:
    return find_suspicions(Landing(asked, final or asked, media_type, page))


@pytest.mark.parametrize(
    "heading",
    [
        "404",
        "Error 404",
        "HTTP 404 - x",
        "My site | 404",
        "Page not found",
        "The page cannot be found",
        "This item is no longer available",
        "Pagina niet gevonden",
        "Deze pagina bestaat niet meer",
        "Seite nicht gefunden",
        "Page introuvable",
        "La page n&#39;existe pas",
        "Página no encontrada",
        "Página não encontrada",
        "Pagina non trovata",
        "Siden blev ikke fundet",
        "Sidan hittades inte",
        "Sivua ei löytynyt",
        "Nie znaleziono strony",
        "Страница не найдена",
        "ページが見つかりません",
    ],
)
def test_a_page_that_says_not_found_is_suspected_in_many_languages(heading: str) -> None:
    assert suspect(f"<html><head><title>\n {heading} </title>") == [SOFT_404]
    assert suspect(f"<title>x</title><H1 class='a'><span>{heading}</span></H1>") == [SOFT_404]


@pytest.mark.parametrize("heading", ["Room 404 and a half", "Report of 2026", "Found in translation", "10.404 results", ""])
def test_other_headings_are_not(heading: str) -> None:
    assert suspect(f"<title>{heading}</title><p>not found</p>") == []


@pytest.mark.parametrize(
    "final",
    [
        "https://example.org/",
        "https://example.org",
        "https://example.org/nl/",
        "https://www.example.org/index.html",
        "https://example.org/404",
        "https://example.org/error/x",
        "https://example.org/page-not-found.html",
        "https://example.org/nl/not_found",
    ],
)
def test_a_redirect_to_the_home_page_or_to_an_error_is_suspected(final: str) -> None:
    assert suspect(final=final) == [SOFT_404]


@pytest.mark.parametrize(
    ("asked", "final"),
    [
        ("https://example.org/", "https://example.org/nl/"),
        ("http://example.org/a", "https://example.org/a"),
        ("https://example.org/a", "https://example.org/b/c"),
        ("https://example.org/error/1", "https://example.org/error/2"),
    ],
)
def test_other_redirects_are_not(asked: str, final: str) -> None:
    assert suspect(asked=asked, final=final) == []


@pytest.mark.parametrize(
    "final",
    [
        "https://example.org/login?next=/files/report",
        "https://example.org/user/sign-in",
        "https://example.org/Shibboleth.sso/Login",
        "https://sso.example.org/start/x",
        "https://login.example.com/x/y",
        "https://example.org/simplesaml/saml2/idp/SSOService.php",
    ],
)
def test_a_redirect_to_a_login_is_suspected(final: str) -> None:
    assert LOGIN_PAGE in suspect(final=final)


def test_an_address_that_was_a_login_from_the_start_is_not() -> None:
    assert suspect(asked="https://login.example.org/login/a", final="https://login.example.org/login/b") == []


@pytest.mark.parametrize("field", ['<input name="p" type="password">', "<INPUT type = 'PASSWORD' />", "<input\ntype=password>"])
def test_a_field_for_a_password_is_suspected(field: str) -> None:
    assert suspect(f"<form>{field}</form>") == [LOGIN_PAGE]


def test_a_page_in_place_of_a_file_is_suspected() -> None:
    assert suspect(asked="https://example.org/a.PDF") == [UNEXPECTED_TYPE]
    assert suspect(asked="https://example.org/a.pdf", media_type="application/pdf") == []
    assert suspect(asked="https://example.org/a.html") == []
    assert suspect(asked="https://example.org/a.php") == []


def test_hostile_pages_are_read_in_no_time() -> None:
    for piece in ("<title>", "<title ", "<h1><", "<input ", "<input type=", "<title>404"):
        assert len(suspect((piece * 16_384)[:16_384])) <= 1


@pytest.mark.parametrize(
    ("start", "content_type", "text"),
    [
        ("não".encode(), "text/html", "não"),
        ("não".encode("latin-1"), "text/html; charset=ISO-8859-1", "não"),
        ("страница".encode("cp1251"), 'text/html; charset="windows-1251"', "страница"),
        (b"<meta charset=iso-8859-1>n\xe3o", "text/html", "<meta charset=iso-8859-1>não"),
        ("é".encode()[:1], "text/html; charset=utf-8", "\ufffd"),
        (b"a\\u0062", "text/html; charset=unicode_escape", "a\\u0062"),
        (b"abc", "text/html; charset=no-such-charset", "abc"),
        (b"abc", "text/html; charset=iso-8859-99", "abc"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_names_if_it_is_one_of_pages(start: bytes, content_type: str, text: str) -> None:
    assert decode_page(start, content_type) == text
