"""``python -m benchmarks.previews``: previews of PDFs and photographs against pdf2image and plain Pillow, on the same files in one run.

Everybody makes JPEGs of the same boxes. Processor seconds count, of this process and of the programs that it started: they are what one
core does. Ratios count; a file is drawn from disk into memory before the clock runs.
"""

import argparse
import io
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pdf2image import convert_from_bytes
from PIL import Image, ImageOps

from benchmarks.preview_files import write_pdfs, write_photographs
from harvest_assets.derive.pdf_pages import draw_first_page
from harvest_assets.derive.pdf_previews import preview_page
from harvest_assets.derive.pictures import BOXES, make_previews
from harvest_assets.derive.previews import BOUNDS, FetchedFile
from harvest_assets.stages.isolation import Processes

Work = Callable[[Sequence[bytes]], object]


@dataclass(frozen=True)
class Contender:
    """Somebody who makes previews of files; ``files`` is how many of them it gets, for those that take minutes."""

    name: str
    work: Work
    rounds: int = 3


@dataclass(frozen=True)
class Cost:
    """Milliseconds for each file."""

    wall: float
    cpu: float


def each(make: Callable[[bytes], object]) -> Work:
    """One file after the other."""
    return lambda files: [make(content) for content in files]


def save_as_jpeg(image: Image.Image) -> bytes:
    """As a naive user does."""
    content = io.BytesIO()
    image.convert("RGB").save(content, "JPEG")
    return content.getvalue()


def save_all(page: Image.Image) -> list[bytes]:
    """The page and its previews."""
    made = [save_as_jpeg(page)]
    for box in BOXES:
        small = page.copy()
        small.thumbnail(box)
        made.append(save_as_jpeg(small))
    return made


def pdf2image_as_it_comes(content: bytes) -> object:
    """All pages at 200 dpi; the previews are of the first."""
    return save_all(convert_from_bytes(content)[0])


def pdf2image_png(content: bytes) -> object:
    """The first page at 200 dpi by way of PNG."""
    return save_all(convert_from_bytes(content, fmt="png", first_page=1, last_page=1)[0])


def pdf2image_first_page(content: bytes) -> object:
    """The first page at 200 dpi: the work that ours does by default."""
    return save_all(convert_from_bytes(content, first_page=1, last_page=1)[0])


def pdf2image_800(content: bytes) -> object:
    """The first page at 800 pixels."""
    return save_all(convert_from_bytes(content, first_page=1, last_page=1, size=800)[0])


def pillow_thumbnail(content: bytes) -> object:
    """A fresh open for every size; `thumbnail` has the JPEG decoded at a part of its size. Leaves turned photographs lying."""
    made: list[bytes] = []
    for box in BOXES:
        with Image.open(io.BytesIO(content)) as image:
            image.thumbnail(box)
            made.append(save_as_jpeg(image))
    return made


def pillow_upright(content: bytes) -> object:
    """The same, upright, which is what ours does."""
    made: list[bytes] = []
    for box in BOXES:
        with Image.open(io.BytesIO(content)) as image:
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail(box)
            made.append(save_as_jpeg(upright))
    return made


def pillow_loaded(content: bytes) -> object:
    """A fresh open for every size, to RGB, reduced with the best filter."""
    made: list[bytes] = []
    for box in BOXES:
        with Image.open(io.BytesIO(content)) as image:
            whole = image.convert("RGB")
            whole.thumbnail(box, Image.Resampling.LANCZOS)
            made.append(save_as_jpeg(whole))
    return made


def isolated(files: Sequence[bytes]) -> object:
    """Ours by default, in one process that may be ended, its start included."""
    items = (FetchedFile(str(number), "", content) for number, content in enumerate(files))
    with Processes(1) as processes:
        return list(processes.map(preview_page, items, BOUNDS))


def read_cpu_seconds() -> float:
    """Of this process, and of those that it started and that have ended."""
    taken = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in taken)


def measure(work: Work, files: Sequence[bytes]) -> Cost:
    """One round."""
    cpu, began = read_cpu_seconds(), time.monotonic()
    work(files)
    return Cost((time.monotonic() - began) / len(files) * 1000, (read_cpu_seconds() - cpu) / len(files) * 1000)


def compare(title: str, contenders: Sequence[Contender], files: Sequence[bytes]) -> None:
    """One table: everybody in turn; the ratios are of processor time to the peers, and ours stand last."""
    costs: dict[str, list[Cost]] = {contender.name: [] for contender in contenders}
    for number in range(max(contender.rounds for contender in contenders)):
        for contender in contenders:
            if number < contender.rounds:
                print(f"round {number + 1}: {contender.name}", file=sys.stderr)
                costs[contender.name].append(measure(contender.work, files))
    cpu = {name: statistics.median(cost.cpu for cost in taken) for name, taken in costs.items()}
    ours = [name for name in cpu if name.startswith("ours")]
    print(f"\n| {title} | wall ms | cpu ms | files / core / s | " + " | ".join(f"{name} is faster by" for name in ours) + " |")
    print("|---|--:|--:|--:|" + "--:|" * len(ours))
    for name, taken in costs.items():
        wall = statistics.median(cost.wall for cost in taken)
        ratios = " | ".join(f"{cpu[name] / cpu[mine]:.1f}" for mine in ours)
        print(f"| {name} | {wall:.0f} | {cpu[name]:.1f} | {1000 / cpu[name]:.1f} | {ratios} |", flush=True)


def main() -> None:
    """Read the arguments and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.previews", description=__doc__)
    parser.add_argument("--pdfs", type=int, default=200)
    parser.add_argument("--photographs", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=Path, default=Path(tempfile.gettempdir()) / "harvest-benchmark-files", help="where files are kept")
    arguments = parser.parse_args()
    rounds = arguments.rounds
    pdfs = [path.read_bytes() for path in write_pdfs(arguments.files / "pdfs", arguments.pdfs)]
    compare(
        f"{len(pdfs)} PDFs",
        [
            Contender("pdf2image as it comes", each(pdf2image_as_it_comes), rounds=1),
            Contender("pdf2image, first page, PNG", each(pdf2image_png), rounds=1),
            Contender("pdf2image, first page", each(pdf2image_first_page), rounds),
            Contender("pdf2image at 800 pixels", each(pdf2image_800), rounds),
            Contender("ours", each(draw_first_page), rounds),
            Contender("ours, in a process apart", isolated, rounds),
            Contender("ours, previews only", each(lambda content: draw_first_page(content, with_full_size=False)), rounds),
        ],
        pdfs,
    )
    photographs = [path.read_bytes() for path in write_photographs(arguments.files / "photographs", arguments.photographs)]
    compare(
        f"{len(photographs)} JPEGs of 12 megapixels",
        [
            Contender("Pillow thumbnail, lying", each(pillow_thumbnail), rounds),
            Contender("Pillow thumbnail, upright", each(pillow_upright), rounds),
            Contender("Pillow convert, best filter", each(pillow_loaded), rounds),
            Contender("ours", each(make_previews), rounds),
        ],
        photographs,
    )


if __name__ == "__main__":
    main()
