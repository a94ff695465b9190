"""Access rights have three names."""

import pytest

from harvest_assets.extract.access_rights import read_access_rights


@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("openaccess", "OpenAccess"),
        ("openAccess", "OpenAccess"),
        ("restricted access", "RestrictedAccess"),
        ("closed", "ClosedAccess"),
        ("OpenAccess", "OpenAccess"),
        ("Other", "Other"),
        ("access", None),
        (" ", None),
        (None, None),
    ],
)
def test_access_rights_are_spelled_in_one_way(text: str | None, rights: str | None) -> None:
    assert read_access_rights(text) == rights
