"""First pages of PDFs as pictures: bytes of a PDF in, bytes of JPEGs out. Pure, but for the fonts of the machine that a PDF left out.

PDFium draws them, in a build without JavaScript, with annotations and what is filled into forms.
What comes in is hostile and may take PDFium for ever or down: call it where that does no harm. PDF: ISO 32000-2.
"""

import math
from collections.abc import Generator
from contextlib import closing, contextmanager
from ctypes import c_ubyte
from dataclasses import dataclass

from PIL import Image
from pypdfium2 import PdfBitmap, PdfDocument, PdfiumError, PdfPage, raw

from harvest_assets.derive.pictures import BOXES, Preview, Size, encode, fit, resize
from harvest_assets.errors import RecordError

DPI = 200
POINTS_PER_INCH = 72
MAXIMUM_PIXELS = 16_000_000
MAXIMUM_SIDE = 16_000  # a JPEG ends at 65,535, and viewers give up before

# Without the whole page, it is drawn this many times as large as the largest preview and then made smaller.
OVERSAMPLING = 2.0
UPRIGHT = 0
HEADER_BYTES = 1024  # where a PDF must have said that it is one, for PDFium as for Adobe's reader
ENCRYPTION = frozenset({raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY})


@dataclass(frozen=True, slots=True)
class FirstPage:
    """The first page of a PDF: its size in points, and its pictures; previews in the order of the boxes."""

    page_count: int
    width: float
    height: float
    dpi: float
    full_size: Preview | None
    previews: tuple[Preview, ...]


def draw_first_page(content: bytes, *, with_full_size: bool = True) -> FirstPage:
    """Draw the first page as it would be at 200 dots per inch, or at as many as make 16 megapixels, and fit that into every box.

    Nothing is enlarged; later pages are not read. From one thread at a time: PDFium can no more.

    Raises:
        RecordError: The bytes are no PDF, an encrypted or a broken one, or one without pages (rules empty, not_a_pdf, encrypted, broken,
            no_pages).
    """
    with _open(content) as document, _load_first(document) as page:
        width, height = _measure(page)
        dpi = choose_dpi(width, height)
        size = _to_pixels(width, height, dpi)
        drawn = _draw(page, size if with_full_size else _choose_smaller(size))
        sizes = [fit(size, box) for box in BOXES]
        largest = resize(drawn, sizes[0])
        previews = tuple(encode(each) for each in (largest, *(resize(largest, smaller) for smaller in sizes[1:])))
        full_size = encode(drawn, optimize=False) if with_full_size else None
        return FirstPage(len(document), round(width, 2), round(height, 2), round(dpi, 1), full_size, previews)


def choose_dpi(width: float, height: float) -> float:
    """200, or as many dots per inch as bring a page of this size in points within the limits of pixels."""
    by_pixels = POINTS_PER_INCH * math.sqrt(MAXIMUM_PIXELS / (width * height))
    by_side = POINTS_PER_INCH * MAXIMUM_SIDE / max(width, height)
    return min(DPI, by_pixels, by_side)


@contextmanager
def _open(content: bytes) -> Generator[PdfDocument]:
    """The document, which reads from ``content`` while it is open."""
    if not content:
        raise RecordError("PDF: it has no bytes", rule="empty")
    handle = raw.FPDF_LoadMemDocument64(content, len(content), None)
    if not handle:
        raise _explain(raw.FPDF_GetLastError(), content)
    with closing(PdfDocument(handle)) as document:
        document.init_forms()
        yield document


def _explain(code: int, content: bytes) -> RecordError:
    if code in ENCRYPTION:
        return RecordError(f"PDF: its {len(content)} bytes are encrypted, and it opens with a password only", rule="encrypted")
    if b"%PDF-" not in content[:HEADER_BYTES]:
        return RecordError(f"PDF: {content[:16]!r}… is no PDF", rule="not_a_pdf")
    return RecordError(f"PDF: its {len(content)} bytes cannot be read (error {code} of PDFium)", rule="broken")


@contextmanager
def _load_first(document: PdfDocument) -> Generator[PdfPage]:
    if len(document) < 1:
        raise RecordError("PDF: it has no pages", rule="no_pages")
    try:
        page = document[0]
    except PdfiumError as error:
        raise RecordError(f"PDF: its first page of {len(document)} cannot be read", rule="broken") from error
    with closing(page):
        yield page


def _measure(page: PdfPage) -> tuple[float, float]:
    """Width and height in points, as the page is shown: cropped and turned."""
    width, height = page.get_size()
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise RecordError(f"PDF: its first page measures {width} x {height} points", rule="broken")
    return width, height


def _to_pixels(width: float, height: float, dpi: float) -> Size:
    return max(1, round(width * dpi / POINTS_PER_INCH)), max(1, round(height * dpi / POINTS_PER_INCH))


def _choose_smaller(size: Size) -> Size:
    """What is enough for the largest preview, and not more than the whole page."""
    return fit(size, (round(BOXES[0][0] * OVERSAMPLING), round(BOXES[0][1] * OVERSAMPLING)))


def _draw(page: PdfPage, size: Size) -> Image.Image:
    """The whole page in the given size; Pillow reads where PDFium wrote on white."""
    white = bytearray(b"\xff") * (size[0] * size[1] * 4)
    canvas = (c_ubyte * len(white)).from_buffer(white)
    bitmap = PdfBitmap.new_native(*size, raw.FPDFBitmap_BGRx, rev_byteorder=True, buffer=canvas)
    place = (0, 0, *size, UPRIGHT, raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER)
    raw.FPDF_RenderPageBitmap(bitmap, page, *place)
    if page.formenv:
        raw.FPDF_FFLDraw(page.formenv, bitmap, page, *place)
    return bitmap.to_pil()
