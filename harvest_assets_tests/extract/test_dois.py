"""DOIs are found in addresses and prose."""

import pytest

from harvest_assets.extract.dois import read_doi


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.5072/abc", "10.5072/abc"),
        ("https://doi.org/10.5072/a b ", "10.5072/a+b"),
        ("doi:10.5072%2Fabc", "10.5072/abc"),
        ("urn:doi 10.1000.10/123/4", "10.1000.10/123/4"),
        ("version 10.5", None),
        ("https://example.org/10.html", None),
        ("10.5072/", None),
        ("", None),
        (None, None),
    ],
)
def test_a_doi_begins_with_its_prefix_and_has_no_spaces(text: str | None, doi: str | None) -> None:
    assert read_doi(text) == doi


def test_a_very_long_text_is_read_at_its_beginning_only() -> None:
    assert read_doi("10.1010." * 1_000_000) is None
    assert read_doi("10.5072/a" + " " * 1_000_000 + "b") == "10.5072/a"
