"""Text out of bytes in any charset, declared, misdeclared and not declared."""

import pytest

from harvest_assets.derive.charsets import decode, read_charset

DUTCH = "Eén coördinaat kost € 5, zei zij: “naïef”."


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_western_text_is_read_without_a_declaration(charset: str) -> None:
    assert decode(DUTCH.encode(charset))[0] == DUTCH


@pytest.mark.parametrize(
    ("text", "charset", "label"),
    [
        ("Zażółć gęślą jaźń", "cp1250", "windows-1250"),
        ("Съешь ещё этих мягких булок", "koi8-r", "KOI8-R"),
        ("Съешь ещё", "cp1251", "Windows-1251"),
        ("日本語のテキスト", "shift_jis", "Shift_JIS"),
        ("日本語", "iso-2022-jp", "ISO-2022-JP"),
        ("Größe", "latin-1", "ISO-8859-1"),
        ("“€”", "cp1252", "iso-8859-1"),
        ("ğüş", "cp1254", "iso-8859-9"),
    ],
)
def test_a_declaration_of_the_server_or_of_the_page_counts(text: str, charset: str, label: str) -> None:
    assert decode(text.encode(charset), label)[0] == text
    for page in (f'<meta charset="{label}">{text}', f'<meta http-equiv=x content="text/html; charset={label}">{text}'):
        assert decode(page.encode(charset), is_markup=True)[0] == page
    xml = f"<?xml version='1.0' encoding='{label}'?>{text}"
    assert decode(xml.encode(charset), is_markup=True)[0] == xml


def test_the_server_comes_before_the_page() -> None:
    page = '<meta charset="windows-1251">é'
    assert decode(page.encode("cp1252"), "iso-8859-1", is_markup=True) == (page, "cp1252")


@pytest.mark.parametrize("label", ["iso-8859-1", "windows-1252", "us-ascii", "shift_jis"])
def test_well_formed_utf_8_is_utf_8_whatever_was_declared(label: str) -> None:
    assert decode(DUTCH.encode(), label) == (DUTCH, "utf-8")


@pytest.mark.parametrize("label", ["utf-8", "utf-16", "x-unknown", "base64", "utf-7", "rot13", "unicode_escape", "iso-8859-99", "euc-jp"])
def test_a_declaration_that_is_wrong_or_no_charset_of_pages_is_passed_over(label: str) -> None:
    content = "Größe in Zürich".encode("latin-1")
    assert decode(content, label) == ("Größe in Zürich", "cp1252")


def test_a_page_that_says_utf_16_in_ascii_letters_is_not() -> None:
    page = '<meta charset="utf-16">abc'
    assert decode(page.encode(), is_markup=True) == (page, "utf-8")


def test_no_bytes_fail() -> None:
    text, charset = decode(bytes(range(256)))
    assert charset == "cp1252"
    assert "ÿ" in text
    assert "\N{REPLACEMENT CHARACTER}" not in text
    assert decode(b"") == ("", "utf-8")
    assert decode(b"\xff\xfea\x00b") == ("a\N{REPLACEMENT CHARACTER}", "utf-16-le")


@pytest.mark.parametrize(
    ("header", "charset"),
    [
        ("text/html; charset=UTF-8", "UTF-8"),
        ('text/plain;charset="iso-8859-1"; x=y', "iso-8859-1"),
        ("text/html", None),
        ("", None),
        (None, None),
    ],
)
def test_the_charset_of_a_header(header: str | None, charset: str | None) -> None:
    assert read_charset(header) == charset
