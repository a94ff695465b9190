"""PDFs made by hand, for tests: good ones of any size and number of pages, and some that are meant to do harm.

ISO 32000-2; no more of it than a reader needs. Equal arguments make equal bytes.
"""

import zlib
from collections.abc import Sequence

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
FIRST_OWN = 4  # objects 1 to 3 are the catalogue, the tree of pages and the first page


def make_pdf(
    content: bytes = b"", *, size: tuple[float, float] = (595, 842), pages: int = 1, entries: bytes = b"", objects: Sequence[bytes] = ()
) -> bytes:
    """The first page has content, further entries and objects, numbered from 5; later pages have a content that cannot be read."""
    kids = b" ".join(b"3 0 R" if number == 0 else b"99999999 0 R" for number in range(pages))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %s %s] /Contents %d 0 R %s >>" % (*map(_write, size), FIRST_OWN, entries)
    return assemble([CATALOG, b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages), page, write_stream(content), *objects])


def assemble(objects: Sequence[bytes], more: bytes = b"") -> bytes:
    """A file of objects, numbered from 1, of which the first is the catalogue; ``more`` goes into the trailer."""
    written, places = bytearray(b"%PDF-1.7\n"), list[int]()
    for number, content in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table, size = len(written), len(objects) + 1
    written += b"xref\n0 %d\n0000000000 65535 f \n" % size + b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (size, more, table)
    return bytes(written)


def write_stream(content: bytes, entries: bytes = b"") -> bytes:
    """An object that holds bytes."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def make_encrypted() -> bytes:
    """A PDF that opens with a password only, which nobody has."""
    keys = b"/Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <%s> /U <%s>" % (b"0f" * 32, b"1e" * 32)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
    return assemble([CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page], b"/Encrypt << %s >> /ID [<00> <00>] " % keys)


def make_endless(depth: int = 9) -> bytes:
    """A small file that asks for 20 to the power of ``depth`` drawings: forms that draw forms."""
    forms = [
        write_stream(b"/X Do\n" * 20, b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject << /X %d 0 R >> >>" % below)
        for below in range(FIRST_OWN + 2, FIRST_OWN + 1 + depth)
    ]
    last = write_stream(b"0 0 50 50 re f\n", b"/Type /XObject /Subtype /Form /BBox [0 0 99 99]")
    return make_pdf(b"/X Do\n" * 20, entries=b"/Resources << /XObject << /X 5 0 R >> >>", objects=[*forms, last])


def make_with_picture(side: int) -> bytes:
    """A page filled by a black picture of so many pixels a side, which takes next to no bytes."""
    form = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode"
    picture = write_stream(zlib.compress(b"\0" * (side * side * 3)), form % (side, side))
    return make_pdf(b"595 0 0 842 0 0 cm /X Do\n", entries=b"/Resources << /XObject << /X 5 0 R >> >>", objects=[picture])


def _write(length: float) -> bytes:
    return f"{length:f}".encode()
