"""First pages of PDFs of every kind, as pictures; and of files that are none."""

import io
from random import Random

import pytest
from PIL import Image

from harvest_assets.derive.pdf_pages import MAXIMUM_PIXELS, MAXIMUM_SIDE, draw_first_page
from harvest_assets.derive.pictures import Preview
from harvest_assets.errors import RecordError
from harvest_assets.testing.pdfs import CATALOG, assemble, make_encrypted, make_pdf, make_with_picture, write_stream

PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
LEFT_HALF_RED = b"1 0 0 rg 0 0 297.5 842 re f\n"
RED, WHITE = (255, 0, 0), (255, 255, 255)


def read(preview: Preview | None) -> Image.Image:
    assert preview is not None
    with Image.open(io.BytesIO(preview.content)) as image:
        image.load()
        return image


def show(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place, in parts of the width and the height, rounded to what a JPEG keeps."""
    colour = image.getpixel((int(image.width * x), int(image.height * y)))
    assert isinstance(colour, tuple)
    return tuple(255 if part > 250 else 0 if part < 5 else int(part) for part in colour)


def refuse(content: bytes) -> RecordError:
    with pytest.raises(RecordError) as caught:
        draw_first_page(content)
    return caught.value


def test_a_sheet_of_a4_has_its_page_and_two_previews() -> None:
    page = draw_first_page(make_pdf(LEFT_HALF_RED))
    assert (page.page_count, page.width, page.height, page.dpi) == (1, 595, 842, 200)
    for preview, size in zip((page.full_size, *page.previews), ((1653, 2339), (212, 300), (106, 150)), strict=True):
        image = read(preview)
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", size)
        assert (show(image, 0.2, 0.5), show(image, 0.8, 0.5)) == (RED, WHITE)


def test_without_the_whole_page_the_previews_have_the_same_sizes() -> None:
    page = draw_first_page(make_pdf(LEFT_HALF_RED), with_full_size=False)
    assert page.full_size is None
    assert [read(preview).size for preview in page.previews] == [(212, 300), (106, 150)]
    assert (show(read(page.previews[0]), 0.2, 0.5), show(read(page.previews[0]), 0.8, 0.5)) == (RED, WHITE)


@pytest.mark.parametrize(
    ("size", "pixels", "large", "small"),
    [
        ((842, 595), (2339, 1653), (400, 283), (200, 141)),
        ((612, 792), (1700, 2200), (232, 300), (116, 150)),
        ((72, 36), (200, 100), (200, 100), (200, 100)),
        ((0.5, 0.5), (1, 1), (1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("with_full_size", [True, False])
def test_pages_fit_their_boxes_and_are_never_enlarged(
    size: tuple[float, float], pixels: tuple[int, int], large: tuple[int, int], small: tuple[int, int], *, with_full_size: bool
) -> None:
    page = draw_first_page(make_pdf(size=size), with_full_size=with_full_size)
    assert page.full_size is None or (page.full_size.width, page.full_size.height) == pixels
    assert [(preview.width, preview.height) for preview in page.previews] == [large, small]


@pytest.mark.parametrize(
    ("size", "dpi", "pixels"),
    [
        ((14_400, 14_400), 20.0, (4000, 4000)),
        ((2384, 3370), 101.6, (3364, 4756)),
        ((14_400, 3), 80.0, (16_000, 3)),
        ((20_000_000, 1), 0.1, (16_000, 1)),
    ],
)
def test_a_page_that_is_too_large_is_drawn_with_fewer_dots(size: tuple[float, float], dpi: float, pixels: tuple[int, int]) -> None:
    page = draw_first_page(make_pdf(size=size))
    assert page.full_size is not None
    assert (page.dpi, page.full_size.width, page.full_size.height) == (dpi, *pixels)
    assert page.full_size.width * page.full_size.height <= MAXIMUM_PIXELS * 1.001
    assert max(page.full_size.width, page.full_size.height) <= MAXIMUM_SIDE


def test_a_page_is_shown_cropped_and_turned() -> None:
    page = draw_first_page(make_pdf(LEFT_HALF_RED, entries=b"/CropBox [0 0 400 842] /Rotate 90"))
    assert (page.width, page.height) == (842, 400)
    image = read(page.full_size)
    assert (show(image, 0.5, 0.2), show(image, 0.5, 0.9)) == (RED, WHITE)


def test_of_ten_thousand_pages_the_first_is_read_and_no_other() -> None:
    """The others do not exist."""
    many, one = draw_first_page(make_pdf(LEFT_HALF_RED, pages=10_000)), draw_first_page(make_pdf(LEFT_HALF_RED))
    assert many.page_count == 10_000
    assert (many.full_size, many.previews) == (one.full_size, one.previews)


LOOK = write_stream(b"1 0 0 rg 0 0 595 842 re f\n", b"/Type /XObject /Subtype /Form /BBox [0 0 595 842]")
NOTE = b"<< /Type /Annot /Rect [0 0 595 842] /F 4 /AP << /N 4 0 R >> %s >>"


def test_annotations_are_drawn() -> None:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots [5 0 R] >>"
    assert show(read(draw_first_page(assemble([CATALOG, PAGES, page, LOOK, NOTE % b"/Subtype /Stamp"])).full_size), 0.5, 0.5) == RED


def test_fields_of_forms_are_drawn_as_they_were_filled_in() -> None:
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots [5 0 R] >>"
    field = NOTE % b"/Subtype /Widget /FT /Tx /T (name) /V (Author One)"
    assert show(read(draw_first_page(assemble([catalog, PAGES, page, LOOK, field])).full_size), 0.5, 0.5) == RED


def test_scripts_do_not_run() -> None:
    script = (
        b"/OpenAction << /S /JavaScript /JS (this.addAnnot({page: 0, type: 'Square', rect: [0, 0, 595, 842], fillColor: color.red})) >>"
    )
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
    drawn = draw_first_page(assemble([b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] >> %s >>" % script, PAGES, page]))
    assert read(drawn.full_size).getextrema() == ((255, 255),) * 3


def test_a_page_whose_content_is_rubbish_shows_what_can_be_shown() -> None:
    assert show(read(draw_first_page(make_pdf(LEFT_HALF_RED + b"\xff( <<< Q Q Do")).full_size), 0.2, 0.5) == RED


def test_a_large_picture_on_a_page_is_drawn() -> None:
    assert show(read(draw_first_page(make_with_picture(3_000)).previews[0]), 0.5, 0.5) == (0, 0, 0)


def test_equal_bytes_give_equal_pictures() -> None:
    content = make_pdf(b"BT /F1 40 Tf 50 400 Td (Text) Tj ET\n" + LEFT_HALF_RED, entries=b"/Resources << >>")
    assert draw_first_page(content) == draw_first_page(bytes(bytearray(content)))


@pytest.mark.parametrize(
    ("content", "rule", "message"),
    [
        (b"", "empty", "PDF: it has no bytes"),
        (b"<html>please log in</html>", "not_a_pdf", "PDF: b'<html>please log'… is no PDF"),
        (b" " * 1100 + b"%PDF-1.7", "not_a_pdf", "PDF: b'                '… is no PDF"),
        (b"%PDF-1.7\n", "broken", "PDF: its 9 bytes cannot be read (error 3 of PDFium)"),
        (make_pdf()[:300], "broken", "PDF: its 300 bytes cannot be read (error 3 of PDFium)"),
        (make_encrypted(), "encrypted", f"PDF: its {len(make_encrypted())} bytes are encrypted, and it opens with a password only"),
        (assemble([CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"]), "no_pages", "PDF: it has no pages"),
        (assemble([CATALOG, b"<< /Type /Pages /Kids [] /Count 7 >>"]), "broken", "PDF: its first page of 7 cannot be read"),
        (assemble([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]), "broken", "PDF: its first page of 1 cannot be read"),
        (make_pdf(entries=b"/CropBox [700 0 800 10]"), "broken", "PDF: its first page measures 0.0 x 0.0 points"),
        (assemble([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count -7 >>"]), "no_pages", "PDF: it has no pages"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_reason(content: bytes, rule: str, message: str) -> None:
    error = refuse(content)
    assert (error.rule, str(error)) == (rule, message)


def test_a_refusal_does_not_colour_the_next() -> None:
    """PDFium keeps the code of its last error."""
    assert [refuse(content).rule for content in (make_encrypted(), b"no", make_encrypted(), b"%PDF-")] == [
        "encrypted",
        "not_a_pdf",
        "encrypted",
        "broken",
    ]


def test_damaged_pdfs_are_refused_or_shown_but_nothing_else() -> None:
    random = Random("pdf")  # noqa: S311 - damage that can be done again, no secret
    picture = write_stream(b"\0" * 300, b"/Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceRGB /BitsPerComponent 8")
    entries = b"/Resources << /XObject << /X 5 0 R >> >>"
    content = make_pdf(LEFT_HALF_RED + b"q 99 0 0 99 0 0 cm /X Do Q\n", size=(99, 99), entries=entries, objects=[picture])
    outcomes = {"shown": 0, "broken": 0, "not_a_pdf": 0, "encrypted": 0, "no_pages": 0, "empty": 0}
    for _ in range(250):
        damaged = bytearray(content)
        for _ in range(random.choice((1, 4, 20))):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        outcomes[describe(bytes(damaged[: random.choice((len(damaged), random.randrange(len(damaged))))]))] += 1
    assert outcomes["shown"] > 30
    assert outcomes["broken"] > 30


def describe(content: bytes) -> str:
    """What becomes of a PDF: pictures that can be read, or the rule that it breaks."""
    try:
        page = draw_first_page(content, with_full_size=False)
    except RecordError as error:
        return error.rule if str(error).startswith("PDF: ") else str(error)
    return "shown" if [read(preview).size for preview in page.previews] else "nothing"
