"""Text as it is kept, and what files say of themselves."""

import unicodedata

import pytest

from harvest_assets.derive.text import MAX_CHARACTERS, clean_authors, clean_language, clean_line, normalise, shorten


def test_normalised_text_is_composed_and_has_no_controls_and_no_runs_of_blanks() -> None:
    text = "\ufeff  a\u0301\x00b \t c\x07\r\nd\x0c\n\n\n  \n e\u00a0\u2003f\x85g\u200b\ud800 \r"
    assert normalise(text) == "áb c\nd\n\ne f\ng"
    assert normalise("") == ""
    assert unicodedata.is_normalized("NFC", normalise("e\u0308" * 10))


def test_normalising_twice_changes_nothing() -> None:
    text = normalise(" a \n \n \n\n b\t\t\tc  \n")
    assert text == "a\n\nb c"
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("text", "characters", "is_truncated"),
    [
        ("a" * MAX_CHARACTERS, MAX_CHARACTERS, False),
        ("a" * (MAX_CHARACTERS + 1), MAX_CHARACTERS, True),
        ("a" + " " * (5 * MAX_CHARACTERS), 1, True),
        ("a " * MAX_CHARACTERS, MAX_CHARACTERS - 1, True),
        (" a \n", 1, False),
    ],
)
def test_a_million_characters_are_kept(text: str, characters: int, *, is_truncated: bool) -> None:
    kept, said = shorten(text)
    assert (len(kept), said) == (characters, is_truncated)


def test_titles_and_names_are_lines() -> None:
    assert clean_line(" A\n title\t\x00 of\u00a0mine ") == "A title of mine"
    assert clean_line(" \n ") is None
    assert clean_line(None) is None
    assert clean_line(["A title"]) is None
    assert len(clean_line("a" * 10_000) or "") == 1000
    assert clean_authors([" Author One", None, "", "Author Two", "Author One", 3]) == ("Author One", "Author Two")
    assert len(clean_authors(f"Author {number}" for number in range(1000))) == 100


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("nl", "nl"),
        (" nl-NL ", "nl-NL"),
        ("en_US", "en-US"),
        ("zh-Hant-TW", "zh-Hant-TW"),
        ("", None),
        ("Dutch", None),
        (None, None),
        (7, None),
    ],
)
def test_language_tags_are_told_from_other_words(tag: object, language: str | None) -> None:
    assert clean_language(tag) == language
