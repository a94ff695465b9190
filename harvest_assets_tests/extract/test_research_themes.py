"""Subject areas have research themes."""

import pytest

from harvest_assets.extract.research_themes import find_research_theme


@pytest.mark.parametrize(
    ("code", "theme"),
    [
        ("1000", "algemenewerken"),
        ("1700/1702", "ict_media"),
        ("1200/1211", "filosofie_religie"),
        ("3300/3308", "recht"),
        ("3300/3301", "mens_maatschappij"),
        ("3300/1211", None),
        ("9900", None),
        ("", None),
    ],
)
def test_a_subject_has_the_theme_of_its_area_unless_it_has_its_own(code: str, theme: str | None) -> None:
    assert find_research_theme(code) == theme
