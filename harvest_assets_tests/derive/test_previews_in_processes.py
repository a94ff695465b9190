"""Previews in processes that may be ended, as a run makes them: what hangs, needs too much or is damaged ends as a result."""

import io
from collections.abc import Callable, Iterator
from random import Random

import pytest
from PIL import Image

from harvest_assets.derive.image_previews import preview_picture
from harvest_assets.derive.pdf_pages import FirstPage
from harvest_assets.derive.pdf_previews import preview_page, preview_page_small
from harvest_assets.derive.pictures import Picture
from harvest_assets.derive.previews import BOUNDS, FINAL_FAILURES, FetchedFile
from harvest_assets.interfaces import Bounds, Ended
from harvest_assets.stages.isolation import Processes
from harvest_assets.testing.pdfs import make_endless, make_pdf

MIB = 1024**2


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes(1) as made:
        yield made


def do(
    processes: Processes, work: Callable[[FetchedFile], FirstPage | Picture], *contents: bytes, bounds: Bounds = BOUNDS
) -> list[FirstPage | Picture | Ended]:
    items = [FetchedFile(str(number), "", content) for number, content in enumerate(contents)]
    made = {file.srn: result for file, result in processes.map(work, items, bounds)}
    return [made[item.srn] for item in items]


def draw(size: tuple[int, int], picture_format: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "teal").save(content, picture_format)
    return content.getvalue()


def test_results_come_back_whole(processes: Processes) -> None:
    content = make_pdf()
    (page,) = do(processes, preview_page, content)
    (picture,) = do(processes, preview_picture, draw((900, 600), "PNG"))
    assert page == preview_page(FetchedFile("0", "", content))
    assert picture == preview_picture(FetchedFile("0", "", draw((900, 600), "PNG")))


def test_a_pdf_that_is_never_done_is_ended_and_the_others_are_not(processes: Processes) -> None:
    before, endless, after = do(processes, preview_page, make_pdf(), make_endless(), make_pdf(), bounds=Bounds(1.5, BOUNDS.memory_bytes))
    assert isinstance(endless, Ended)
    assert endless.failure == "timeout"
    assert endless.failure not in FINAL_FAILURES
    assert isinstance(before, FirstPage)
    assert before == after


def test_a_picture_that_needs_too_much_memory_is_ended_and_the_others_are_not(processes: Processes) -> None:
    large, small = do(processes, preview_picture, draw((6000, 6000), "PNG"), draw((60, 60), "PNG"), bounds=Bounds(30, 64 * MIB))
    assert isinstance(large, Ended)
    assert large.failure == "memory"
    assert isinstance(small, Picture)


def test_the_largest_picture_that_is_decoded_fits_into_the_bounds(processes: Processes) -> None:
    content = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(content, "PNG")
    (picture,) = do(processes, preview_picture, content.getvalue())
    assert isinstance(picture, Picture), picture


@pytest.mark.parametrize("picture_format", ["TIFF", "JPEG2000", "AVIF"])
def test_of_damaged_pictures_nothing_but_results_comes_back(processes: Processes, picture_format: str) -> None:
    check_damaged(processes, preview_picture, draw((60, 40), picture_format))


def test_of_damaged_pdfs_nothing_but_results_comes_back(processes: Processes) -> None:
    form = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Author One) /Rect [0 0 50 50] >>"
    check_damaged(processes, preview_page_small, make_pdf(b"1 0 0 rg 0 0 50 50 re f", entries=b"/Annots [5 0 R]", objects=[form]))


def check_damaged(processes: Processes, work: Callable[[FetchedFile], FirstPage | Picture], content: bytes) -> None:
    """Every exception that is no error of a record would be raised by ``map``."""
    random = Random(0)  # noqa: S311 - damage that can be done again, no secret
    results = do(processes, work, *(damage(content, random) for _ in range(80)))
    failures = {result.failure for result in results if isinstance(result, Ended)}
    assert "broken" in failures
    assert failures <= FINAL_FAILURES


def damage(content: bytes, random: Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(random.choice((1, 4, 20))):
        damaged[random.randrange(len(damaged))] = random.randrange(256)
    return bytes(damaged[: random.choice((len(damaged), random.randrange(len(damaged))))])
