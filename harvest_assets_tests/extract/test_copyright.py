"""Texts become codes for what may be done with a work, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.extract.copyright import read_copyright


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Public Domain", "pdm-10"),
        ("Copyrighted", "yes"),
        ("https://creativecommons.org/licenses/by/4.0/", "cc-by-40"),
        ("http://creativecommons.org/licenses/by-nc-sa/3.0/nl/deed.nl", "cc-by-nc-sa-30"),
        ("https://creativecommons.org/licenses/by-nc-nd-sa/4.0/", "cc-by-nc-nd-sa-40"),
        ("https://creativecommons.org/licenses/by-sa/", "cc-by-sa"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "pdm-10"),
        ("https://creativecommons.org/publicdomain/zero/1.0", "cc0-10"),
        ("CC BY NC SA", "cc-by-nc-sa"),
        ("cc by-nc", "cc-by-nc"),
        ("CC-BY-4.0", "cc-by-40"),
        ("CC BY-NC-ND 4.0 International", "cc-by-nc-nd-40"),
        ("cc_by_nc_nd", "cc-by-nc-nd"),
        ("CC BY SA NC", "cc-by-nc-sa"),
        ("CC0 1.0", "cc0-10"),
        ("cc-by-nc-40", "cc-by-nc-40"),
        ("pdm-10", "pdm-10"),
        ("This text is CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/).", "cc-by-40"),
        ("CC BY, that is: CC BY 4.0", "cc-by-40"),
        ("text CC BY, pictures CC BY-NC", None),
        ("CC BY 3.0 or CC BY 4.0", None),
        ("All rights reserved", None),
        ("yes, and the rest", None),
        ("accby 4.0 and CC Bynder", None),
        ("", None),
        (None, None),
    ],
)
def test_one_code_is_read_from_a_text(text: str | None, code: str | None) -> None:
    assert read_copyright(text) == code


@given(st.text(alphabet="cC bBy-_nNdsaA0.4/:", max_size=60) | st.text())
def test_what_was_read_is_read_again_as_itself(text: str) -> None:
    code = read_copyright(text)
    assert code in {None, "yes"} or read_copyright(code) == code


def test_a_very_long_text_is_read_at_its_beginning_only() -> None:
    assert read_copyright("CC BY 4.0 " + "cc by " * 1_000_000) == "cc-by-40"
    assert read_copyright("x" * 20_000 + " CC BY 4.0") is None
