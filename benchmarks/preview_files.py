"""Files for the benchmark of previews, made by code: reports as PDFs of 1 to 12 pages, and photographs of 12 megapixels.

The same files every time. First pages are of the kinds that repositories hold: covers with a photograph, pages of text in one or two
columns, charts, slides.
"""

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFilter
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.piecharts import Pie
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4, LETTER, landscape
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph
from reportlab.platypus.flowables import Flowable

PHOTOGRAPH = (4000, 3000)
WORDS = (
    "research education students universities results method table figure sources data practice learning materials analysis open licence "
    "of the and in to for with from which between under after within measured collected described several first second important"
)
SIZES = (A4, A4, A4, LETTER, landscape(A4))
FONTS = ("Helvetica", "Times-Roman", "Vera")


def draw_photograph(size: tuple[int, int], random: Random) -> Image.Image:
    """Soft shapes with the grain of a camera: about as many bytes for each pixel as a photograph."""
    small = Image.new("RGB", (size[0] // 8, size[1] // 8), _colour(random))
    pen = ImageDraw.Draw(small)
    for _ in range(120):
        x, y, reach = random.randrange(small.width), random.randrange(small.height), random.randrange(4, max(5, small.width // 6))
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=_colour(random))
    photograph = small.filter(ImageFilter.GaussianBlur(1)).resize(size, Image.Resampling.BICUBIC)
    tile = Image.frombytes("L", (512, 512), random.randbytes(512 * 512))
    grain = Image.new("L", size)
    for x in range(0, size[0], 512):
        for y in range(0, size[1], 512):
            grain.paste(tile, (x, y))
    return Image.blend(photograph, Image.merge("RGB", (grain,) * 3), 0.06)


def write_photographs(folder: Path, count: int) -> list[Path]:
    """JPEGs of 12 megapixels as cameras write them; n files, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"photograph-{number}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if not path.exists():
            draw_photograph(PHOTOGRAPH, Random(number)).save(path, quality=90)  # noqa: S311 - the same pictures every time
    return paths


def write_pdfs(folder: Path, count: int) -> list[Path]:
    """Reports of 1 to 12 pages; n files, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    paths = [folder / f"report-{number}.pdf" for number in range(count)]
    for number, path in enumerate(paths):
        if not path.exists():
            path.write_bytes(draw_report(Random(number)))  # noqa: S311 - the same reports every time
    return paths


def draw_report(random: Random) -> bytes:
    """One PDF of 1 to 12 pages."""
    content = io.BytesIO()
    size = random.choice(SIZES)
    canvas = Canvas(content, pagesize=size, invariant=1)
    style = ParagraphStyle("body", getSampleStyleSheet()["Normal"], fontName=random.choice(FONTS), fontSize=10, leading=13)
    for _ in range(random.randint(1, 12)):
        random.choice((_draw_cover, _draw_text, _draw_text, _draw_text, _draw_columns, _draw_charts, _draw_slide))(canvas, style, random)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def _colour(random: Random) -> tuple[int, int, int]:
    return random.randrange(256), random.randrange(256), random.randrange(256)


def _say(count: int, random: Random) -> str:
    return " ".join(random.choices(WORDS.split(), k=count)).capitalize() + "."


def _place(canvas: Canvas, flowables: Iterator[Flowable], left: float, width: float) -> None:
    """Paragraphs from the top of the page to its bottom."""
    height = canvas._pagesize[1] - 60  # noqa: SLF001 - reportlab has no public name for it
    for flowable in flowables:
        _, needed = flowable.wrapOn(canvas, width, height)
        if needed > height - 50:
            return
        flowable.drawOn(canvas, left, height - needed)
        height -= needed + 6


def _paragraphs(style: ParagraphStyle, random: Random) -> Iterator[Flowable]:
    for _ in range(40):
        yield Paragraph(_say(random.randint(30, 90), random), style)


def _draw_text(canvas: Canvas, style: ParagraphStyle, random: Random) -> None:
    _place(canvas, _paragraphs(style, random), 60, canvas._pagesize[0] - 120)  # noqa: SLF001 - see `_place`


def _draw_columns(canvas: Canvas, style: ParagraphStyle, random: Random) -> None:
    width = canvas._pagesize[0] / 2 - 60  # noqa: SLF001 - see `_place`
    _place(canvas, _paragraphs(style, random), 50, width)
    _place(canvas, _paragraphs(style, random), width + 70, width)


@cache
def _take_from_album(number: int) -> bytes:
    jpeg = io.BytesIO()
    draw_photograph((1600, 1200), Random(number)).save(jpeg, "JPEG", quality=80)  # noqa: S311 - the same pictures every time
    return jpeg.getvalue()


def _draw_picture(canvas: Canvas, random: Random, place: tuple[float, float, float, float]) -> None:
    canvas.drawImage(ImageReader(io.BytesIO(_take_from_album(random.randrange(12)))), *place)


def _draw_cover(canvas: Canvas, style: ParagraphStyle, random: Random) -> None:
    width, height = canvas._pagesize  # noqa: SLF001 - see `_place`
    canvas.setFillColorRGB(*(part / 255 for part in _colour(random)))
    canvas.rect(0, height * 0.75, width, height * 0.25, stroke=0, fill=1)
    _draw_picture(canvas, random, (50, height * 0.2, width - 100, height * 0.5))
    canvas.setFillColorRGB(0, 0, 0)
    canvas.setFont(style.fontName, 26)
    canvas.drawString(50, height * 0.82, _say(4, random))


def _draw_slide(canvas: Canvas, style: ParagraphStyle, random: Random) -> None:
    width, height = canvas._pagesize  # noqa: SLF001 - see `_place`
    canvas.linearGradient(0, 0, width, height, ((0.9, 0.95, 1), (0.5, 0.6, 0.9)))
    canvas.setFont(style.fontName, 24)
    canvas.drawString(50, height - 80, _say(5, random))
    canvas.setFont(style.fontName, 15)
    for line in range(6):
        canvas.drawString(70, height - 130 - line * 32, "• " + _say(7, random))
    _draw_picture(canvas, random, (width * 0.55, 40, width * 0.35, height * 0.25))


def _draw_charts(canvas: Canvas, style: ParagraphStyle, random: Random) -> None:
    width, height = canvas._pagesize  # noqa: SLF001 - see `_place`
    drawing = Drawing(width - 100, height - 120)
    bars = VerticalBarChart()
    bars.x, bars.y, bars.width, bars.height = 30, 30, width - 160, height * 0.35
    bars.data = [[random.randint(1, 100) for _ in range(12)] for _ in range(3)]
    pie = Pie()
    pie.x, pie.y, pie.width, pie.height = 80, height * 0.5, height * 0.25, height * 0.25
    pie.data = [random.randint(1, 40) for _ in range(7)]
    drawing.add(bars)
    drawing.add(pie)
    drawing.drawOn(canvas, 50, 60)
    canvas.setFont(style.fontName, 12)
    for _ in range(800):  # a cloud of points
        canvas.circle(width * 0.5 + random.gauss(0, 40), height * 0.75 + random.gauss(0, 25), 1.2, stroke=0, fill=1)
