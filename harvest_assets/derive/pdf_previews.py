"""``pdf_previews``: the first page of every PDF as a picture, and two small ones of it.

How a page becomes a picture belongs to `pdf_pages`, how files come and where pictures go to `previews`.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from harvest_assets.derive.pdf_pages import FirstPage, draw_first_page
from harvest_assets.derive.previews import FetchedFile, FilePreviews, keep_preview
from harvest_assets.interfaces import Options

MEDIA_TYPES = frozenset({"application/pdf", "application/x-pdf"})
PDF_ADDRESS = re.compile(r"https?://[^/?#]+/[^?#]*\.pdf(?:[?#]|$)", re.IGNORECASE)


class PdfPreviewOptions(Options):
    """``full_size``: whether the whole page is kept, at 200 dots per inch; without it a file takes a quarter of the time."""

    full_size: bool = True


class PdfPreviews(FilePreviews[FirstPage]):
    """The first page of a PDF at 200 dots per inch, and small pictures of it, 400 x 300 and 200 x 150.

    The output has ``page_count``, ``width`` and ``height`` of the first page in points, ``dpi`` (less than 200 of a page that is larger
    than a sheet of 20 by 20 inches), ``full_size`` and ``previews``: ``width``, ``height``, ``path`` in the store and ``bytes`` of each
    picture, previews the larger one first; and the file's ``sha256``.
    """

    name: ClassVar[str] = "pdf_previews"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = PdfPreviewOptions

    def find_mismatch(self, url: str, media_types: Sequence[str]) -> str | None:
        """PDFs are what a media type, or the end of the address, says is one."""
        if MEDIA_TYPES.intersection(media_types) or PDF_ADDRESS.match(url):
            return None
        return f"media type {' or '.join(map(repr, media_types)) or 'unknown'} is not that of a PDF, nor does its address end on '.pdf'"

    def choose_work(self) -> Callable[[FetchedFile], FirstPage]:
        """See ``FilePreviews.choose_work``."""
        return preview_page if cast("PdfPreviewOptions", self.settings).full_size else preview_page_small

    def describe(self, made: FirstPage) -> dict[str, Any]:
        """See ``FilePreviews.describe``."""
        blobs = self.tools.blobs
        page = {"page_count": made.page_count, "width": made.width, "height": made.height, "dpi": made.dpi}
        full_size = {"full_size": keep_preview(blobs, made.full_size)} if made.full_size else {}
        return page | full_size | {"previews": [keep_preview(blobs, preview) for preview in made.previews]}


def preview_page(file: FetchedFile) -> FirstPage:
    """`draw_first_page`, as work on a file."""
    return draw_first_page(file.content)


def preview_page_small(file: FetchedFile) -> FirstPage:
    """`draw_first_page` without the picture of the whole page, as work on a file."""
    return draw_first_page(file.content, with_full_size=False)
