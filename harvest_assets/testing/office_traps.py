"""Documents that nobody should open without care: bombs, liars, locked and broken ones; see `office` for honest ones."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache

from harvest_assets.testing.office import Work, make_docx, make_epub, make_html, make_ods, make_odt, make_pdf, make_xlsx, pack

_BLANKS = b" " * (10 * 1024 * 1024)
_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@lru_cache(maxsize=1)
def make_docx_bomb() -> bytes:
    """A Word document of some 300 kB whose text is 300 MiB of blanks."""
    return _append_blanks(make_docx(Work()), 30)


@lru_cache(maxsize=1)
def make_ratio_bomb() -> bytes:
    """A Word document of some 35 kB whose text is 30 MiB of blanks: few bytes, but a thousand times as many as it weighs."""
    return _append_blanks(make_docx(Work()), 3)


@lru_cache(maxsize=1)
def make_lying_bomb() -> bytes:
    """The bomb of 300 MiB, but its directory says that each part has 100 bytes."""
    return make_docx_bomb().replace(struct.pack("<L", len(_BLANKS)), struct.pack("<L", 100))


def make_crowd() -> bytes:
    """A Word document with 20,000 empty parts."""
    return make_docx(Work(), **{f"word/part{number}.xml": "" for number in range(20_000)})


def write_laughs(root: str, text: str) -> str:
    """An XML document whose entities unfold to a billion ``ha``: root element, and what is around the text in it."""
    entities = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10))
    return f'<?xml version="1.0"?>\n<!DOCTYPE {root} [<!ENTITY l0 "ha">{entities}]>\n{text.format("&l9;")}'


def make_wide_xlsx() -> bytes:
    """A workbook of 1 kB with one cell in the last row and column there can be: a table of 17 thousand million cells."""
    return make_xlsx(Work(), last_cell="XFD1048576")


def make_laughing_docx() -> bytes:
    """A Word document with an XML bomb in it."""
    text = f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:r><w:t>{{}}</w:t></w:r></w:p></w:body></w:document>'
    return make_docx(Work(), **{"word/document.xml": write_laughs("w:document", text)})


def make_laughing_odt(charset: str = "utf-8") -> bytes:
    """An OpenDocument text whose ``meta.xml`` is an XML bomb, in any charset."""
    return make_odt(
        Work(), **{"meta.xml": write_laughs("meta", "<meta>{}</meta>").replace("?>", f' encoding="{charset}"?>').encode(charset)}
    )


def make_laughing_epub() -> bytes:
    """An EPUB with an XML bomb as its chapter."""
    text = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{}</p></body></html>'
    return make_epub(Work(), **{"one.xhtml": write_laughs("html", text)})


def make_laughing_html() -> bytes:
    """A web page that declares entities like an XML bomb."""
    return write_laughs("html", "<html><body><p>funny {} page</p></body></html>").encode()


def make_unended_ods() -> bytes:
    """A spreadsheet in a whole container whose XML breaks off inside a table; some readers wait for its end for ever."""
    with zipfile.ZipFile(io.BytesIO(make_ods(Work()))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != "mimetype"}
    parts["content.xml"] = parts["content.xml"].partition(b"</table:table>")[0]
    return pack(parts, media_type="application/vnd.oasis.opendocument.spreadsheet")


def make_crash() -> bytes:
    """A workbook of old Excel that breaks off in its directory; kreuzberg 4.10.4 does not survive it."""
    return make_ole("Workbook")[: 2 * _SECTOR + 300]


def make_encrypted_zip() -> bytes:
    """A Word document whose entries say that they are encrypted."""
    content = bytearray(make_docx(Work()))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := content.find(mark, start)) >= 0:
            content[start + place] |= 1
            start += len(mark)
    return bytes(content)


def make_encrypted_odt() -> bytes:
    """An OpenDocument text whose manifest says that its content is encrypted."""
    data = '<manifest:encryption-data manifest:checksum="AA=="/>'
    entry = f'<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">{data}</manifest:file-entry>'
    manifest = f'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{entry}</manifest:manifest>'
    return make_odt(Work(), **{"META-INF/manifest.xml": manifest, "content.xml": bytes(range(256))})


def make_encrypted_office() -> bytes:
    """What Office writes for a document with a password: an OLE container with the package in it, unreadable."""
    return make_ole("EncryptedPackage", bytes(range(256)) * 16)


def make_ole(stream: str, content: bytes = bytes(4096)) -> bytes:
    """An OLE container with one stream of at least 4096 bytes, as https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb has it."""
    sectors = -(-len(content) // _SECTOR)
    header = struct.pack(
        "<8s16xHHHHH6xLLLLLLLLLL", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 62, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END, 0, _END, 0, 0
    )
    header += struct.pack("<L", _FREE) * 108
    chain = [_FAT, _END, *range(3, sectors + 2), _END]
    table = struct.pack(f"<{len(chain)}L", *chain).ljust(_SECTOR, b"\xff")
    entries = _write_entry("Root Entry", 5, 1, _END, 0) + _write_entry(stream, 2, _FREE, 2, len(content))
    return header + table + entries.ljust(_SECTOR, b"\0") + content.ljust(sectors * _SECTOR, b"\0")


TRAPS: Mapping[str, Callable[[], bytes]] = {
    "bomb.docx": make_docx_bomb,
    "ratio.docx": make_ratio_bomb,
    "lying.docx": make_lying_bomb,
    "crowd.docx": make_crowd,
    "wide.xlsx": make_wide_xlsx,
    "laughs.docx": make_laughing_docx,
    "laughs.odt": make_laughing_odt,
    "laughs.epub": make_laughing_epub,
    "laughs.html": make_laughing_html,
    "locked.docx": make_encrypted_office,
    "locked-zip.docx": make_encrypted_zip,
    "locked.odt": make_encrypted_odt,
    "locked.pdf": lambda: make_pdf(Work(), encrypt=True),
    "truncated.pdf": lambda: make_pdf(Work())[:300],
    "truncated.docx": lambda: make_docx(Work())[:-60],
    "truncated.ods": make_unended_ods,
    "crash.xls": make_crash,
    "empty.pdf": lambda: b"",
    "page.pdf": lambda: make_html(Work()),
}


def _append_blanks(archive: bytes, parts: int) -> bytes:
    """Further parts of ten mebibytes each."""
    written = io.BytesIO(archive)
    with zipfile.ZipFile(written, "a") as packed:
        for number in range(parts):
            packed.writestr(zipfile.ZipInfo(f"word/more{number}.xml"), _BLANKS, zipfile.ZIP_DEFLATED, compresslevel=1)
    return written.getvalue()


def _write_entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack("<64sHBBLLL36xLQ", text, len(text) + 2, kind, 1, _FREE, _FREE, child, start, size)
