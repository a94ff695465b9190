"""Files are of one kind, by their media type or the extension of their address."""

import pytest

from harvest_assets.extract.technical_types import technical_type


@pytest.mark.parametrize(
    ("media_type", "address", "kind"),
    [
        ("application/pdf", None, "document"),
        ("Application/PDF; charset=binary", None, "document"),
        ("application/x-Wikiwijs-Arrangement", None, "document"),
        ("application/vnd.ms-powerpoint.presentation.macroEnabled.12", None, "presentation"),
        ("application/vnd.ms-excel", None, "spreadsheet"),
        ("text/html", "https://example.org/a.pdf", "website"),
        ("video", None, "video"),
        ("image/avif", None, "image"),
        ("audio/ogg", None, "audio"),
        ("application/octet-stream", None, "app"),
        ("application/x-own", "https://example.org/a.pdf", "unknown"),
        (None, "https://example.org/a.PDF", "document"),
        (None, "https://example.org/a.odp", "presentation"),
        (None, "https://example.org/a.pdf?x=1", "document"),
        (None, "https://example.org/page", "unknown"),
        (None, "no address", "unknown"),
        ("", None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_a_file_has_one_technical_type(media_type: str | None, address: str | None, kind: str) -> None:
    assert technical_type(media_type, address) == kind
