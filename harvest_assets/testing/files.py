"""The file host: real PDFs and pictures made from their names, and addresses that behave as bad servers do.

Every name of lower-case letters, digits, ``-`` and ``_`` that ends in ``.pdf``, ``.jpg`` or ``.png`` exists, and is always the same file.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from random import Random
from struct import pack
from zlib import crc32

from PIL import Image, ImageDraw

from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.exchange import HTML, Answer, Question, answer_redirect, answer_text
from harvest_assets.testing.records import write_text

SLOW_BYTE_SECONDS = 0.05
PRIVATE_ADDRESS = "http://169.254.169.254/latest/"

_KEPT_FILES = 512
_NAME = re.compile(r"[a-z0-9_-]+\.(pdf|jpg|png)", re.ASCII)
_MEDIA_TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png"}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_BOMB_SIDE = 20_000
_LOGIN = (
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1>"
    '<form method="post"><input name="user"><input type="password" name="password"></form></body></html>'
)


class FileHost:
    """Answers requests below ``/files/``."""

    def __init__(self, addresses: Addresses) -> None:
        self._url = addresses.files
        self._fixed: dict[str, Callable[[], Answer]] = {
            "missing.pdf": lambda: answer_text(404, "not found"),
            "gone.pdf": lambda: answer_text(410, "gone"),
            "loop": lambda: answer_redirect(302, f"{self._url}/loop"),
            "private-redirect": lambda: answer_redirect(302, PRIVATE_ADDRESS),
            "broken.jpg": lambda: Answer(200, b"this is not a picture\n" * 20, "image/jpeg"),
            "truncated.jpg": lambda: Answer(200, make_file("example.jpg")[:2000], "image/jpeg"),
            "bomb.png": lambda: Answer(200, make_bomb(), "image/png"),
            "login": lambda: Answer(200, _LOGIN.encode(), HTML),
        }

    def answer(self, question: Question, name: str) -> Answer:
        """Answer for the part of the path after ``/files/``."""
        if name in self._fixed:
            return self._fixed[name]()
        behaviour, _, rest = name.rpartition("/")
        if not _NAME.fullmatch(rest) or behaviour not in {"", "moved", "temporary", "headless", "slow"}:
            return answer_text(404, f"no file {name!r}")
        if behaviour in {"moved", "temporary"}:
            return answer_redirect(301 if behaviour == "moved" else 302, f"{self._url}/{rest}")
        if behaviour == "headless" and question.method == "HEAD":
            return answer_text(405, "HEAD is not allowed", ("Allow", "GET"))
        whole = Answer(200, make_file(rest), media_type_of(rest), (("Accept-Ranges", "bytes"),))
        answer = _cut_range(whole, question.range) if question.range else whole
        return replace(answer, byte_seconds=SLOW_BYTE_SECONDS) if behaviour == "slow" else answer


def media_type_of(name: str) -> str:
    """Media type by the ending of a name or address."""
    return _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")


@lru_cache(maxsize=_KEPT_FILES)
def make_file(name: str) -> bytes:
    """The content of a file: a PDF of 1 to 3 pages of text, or a picture of 320 to 800 by 240 to 600 pixels."""
    seed = crc32(name.encode())
    return make_pdf(seed, title=name) if name.endswith(".pdf") else make_picture(seed, "JPEG" if name.endswith(".jpg") else "PNG")


def make_pdf(seed: int, title: str) -> bytes:
    """A PDF 1.4 that states its title and holds text, page by page."""
    pages = [_write_page(write_text(seed + page, 900), f"{title}, page {page + 1}") for page in range(1 + seed % 3)]
    first = 5  # objects 1 to 4: catalogue, page tree, font, information; then a page and its content in turn
    kids = " ".join(f"{first + 2 * page} 0 R" for page in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Title ({_escape(title)}) >>".encode(),
    ]
    for page, content in enumerate(pages):
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>"
            % (first + 2 * page + 1),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    return _assemble_pdf(objects)


def make_picture(seed: int, kind: str) -> bytes:
    """A picture of coloured rectangles."""
    random = Random(seed)
    width, height = random.randrange(320, 801), random.randrange(240, 601)
    picture = Image.new("RGB", (width, height), _draw_colour(random))
    canvas = ImageDraw.Draw(picture)
    for _ in range(12):
        left, top = random.randrange(width), random.randrange(height)
        canvas.rectangle((left, top, left + random.randrange(20, 200), top + random.randrange(20, 200)), fill=_draw_colour(random))
    written = BytesIO()
    picture.save(written, kind)
    return written.getvalue()


@lru_cache(maxsize=1)
def make_bomb() -> bytes:
    """A valid PNG of 20,000 by 20,000 pixels in about 50 kB."""
    compressor = zlib.compressobj(9)
    row = bytes(1 + _BOMB_SIDE // 8)
    data = b"".join(compressor.compress(row) for _ in range(_BOMB_SIDE)) + compressor.flush()
    header = pack(">IIBBBBB", _BOMB_SIDE, _BOMB_SIDE, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _write_chunk(b"IHDR", header) + _write_chunk(b"IDAT", data) + _write_chunk(b"IEND", b"")


def _cut_range(whole: Answer, wanted: str) -> Answer:
    """One range of bytes (RFC 9110, section 14); anything else gets the whole file, as the RFC allows."""
    found = _RANGE.fullmatch(wanted)
    if not found or not any(found.groups()):
        return whole
    size = len(whole.body)
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size or (first and last and int(last) < start):
        return answer_text(416, "no such bytes", ("Content-Range", f"bytes */{size}"))
    headers = (*whole.headers, ("Content-Range", f"bytes {start}-{end - 1}/{size}"))
    return replace(whole, status=206, body=whole.body[start:end], headers=headers)


def _write_page(text: str, heading: str) -> bytes:
    words = text.split()
    lines = [heading, *(" ".join(words[place : place + 12]) for place in range(0, len(words), 12))]
    shown = "\n".join(f"({_escape(line)}) Tj T*" for line in lines)
    return f"BT /F1 12 Tf 16 TL 60 780 Td\n{shown}\nET".encode()


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _assemble_pdf(objects: list[bytes]) -> bytes:
    written = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, content in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(written)


def _draw_colour(random: Random) -> tuple[int, int, int]:
    return random.randrange(256), random.randrange(256), random.randrange(256)


def _write_chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))
