"""Small valid files of every kind that text is read from, made from nothing but strings and `zipfile`.

Each says the same ``Work`` in its own format: title, author, language and paragraphs. Equal works make equal bytes. What is hostile
about such files is in `office_traps`; how Office packages are made in `office_packages`.
https://docs.oasis-open.org/office/OpenDocument/v1.3/, https://www.w3.org/TR/epub-33/
"""

from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from harvest_assets.testing.office_packages import DC, XML, Work, make_docx, make_pptx, make_xlsx, pack

__all__ = [
    "MAKERS",
    "Work",
    "make_docx",
    "make_epub",
    "make_html",
    "make_odp",
    "make_ods",
    "make_odt",
    "make_pdf",
    "make_pptx",
    "make_rtf",
    "make_text",
    "make_xlsx",
    "pack",
]

_OPEN_DOCUMENT = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table", "meta", "manifest")
) + (
    ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    ' xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"'
)


def make_odt(work: Work, **parts: str | bytes) -> bytes:
    """An OpenDocument text; further parts replace or join the usual ones."""
    body = "".join(f"<text:p>{escape(text)}</text:p>" for text in work.paragraphs)
    return _open_document(work, "text", f"<office:text>{body}</office:text>", parts)


def make_ods(work: Work) -> bytes:
    """An OpenDocument spreadsheet with a paragraph a row."""
    cell = '<table:table-row><table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell></table:table-row>'
    rows = "".join(cell.format(escape(text)) for text in work.paragraphs)
    body = f'<office:spreadsheet><table:table table:name="Sheet1">{rows}</table:table></office:spreadsheet>'
    return _open_document(work, "spreadsheet", body, {})


def make_odp(work: Work) -> bytes:
    """An OpenDocument presentation of one page."""
    texts = "".join(f"<text:p>{escape(text)}</text:p>" for text in work.paragraphs)
    page = f'<draw:page draw:name="page1"><draw:frame><draw:text-box>{texts}</draw:text-box></draw:frame></draw:page>'
    return _open_document(work, "presentation", f"<office:presentation>{page}</office:presentation>", {})


def make_epub(work: Work, **parts: str | bytes) -> bytes:
    """An EPUB 3 of one chapter; further parts replace or join the usual ones."""
    container = (
        f'{XML}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    about = (
        f'<dc:identifier id="id">urn:made:1</dc:identifier><dc:title>{escape(work.title)}</dc:title>'
        f"<dc:creator>{escape(work.author)}</dc:creator><dc:language>{work.language}</dc:language>"
        '<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta>'
    )
    items = (
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        '<item id="one" href="one.xhtml" media-type="application/xhtml+xml"/>'
    )
    book = (
        f'{XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"><metadata {DC}>{about}</metadata>'
        f'<manifest>{items}</manifest><spine><itemref idref="one"/></spine></package>'
    )
    page = '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">{}</html>'
    head = f"<head><title>{escape(work.title)}</title></head>"
    chapter = "".join(f"<p>{escape(text)}</p>" for text in work.paragraphs)
    usual: Mapping[str, str | bytes] = {
        "META-INF/container.xml": container,
        "book.opf": book,
        "nav.xhtml": page.format(f'{head}<body><nav epub:type="toc"><ol><li><a href="one.xhtml">One</a></li></ol></nav></body>'),
        "one.xhtml": page.format(f"{head}<body>{chapter}</body>"),
    }
    return pack({**usual, **parts}, media_type="application/epub+zip")


def make_html(work: Work, charset: str = "utf-8", *, declares: bool = True) -> bytes:
    """A web page in a charset, which it names in a ``meta`` element unless told otherwise."""
    meta = f'<meta charset="{charset}">' if declares else ""
    body = "".join(f"<p>{escape(text)}</p>" for text in work.paragraphs)
    page = (
        f'<!DOCTYPE html>\n<html lang="{work.language}"><head>{meta}<title>{escape(work.title)}</title>'
        f'<meta name="author" content={quoteattr(work.author)}></head>'
        f"<body><script>var hidden = 1;</script><h1>{escape(work.title)}</h1>{body}</body></html>\n"
    )
    return page.encode(charset)


def make_text(work: Work, charset: str = "utf-8") -> bytes:
    """Plain text: the title and the paragraphs; ``utf-16`` begins with a byte order mark."""
    return "\r\n\r\n".join((work.title, *work.paragraphs)).encode(charset)


def make_rtf(work: Work) -> bytes:
    r"""Rich text in ASCII: everything else is written as ``\uN?``."""
    body = "".join(rf"\pard {_escape_rtf(text)}\par" + "\n" for text in work.paragraphs)
    about = rf"{{\info{{\title {_escape_rtf(work.title)}}}{{\author {_escape_rtf(work.author)}}}}}"
    return rf"{{\rtf1\ansi\deff0{{\fonttbl{{\f0 Helvetica;}}}}{about}{body}}}".encode("ascii")


def make_pdf(work: Work, *, encrypt: bool = False) -> bytes:
    """A PDF 1.7 with a paragraph a page; ``encrypt`` asks for a password that nobody has."""
    pages = [_escape_pdf(text) for text in work.paragraphs]
    kids = b" ".join(b"%d 0 R" % (5 + 2 * number) for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (%s) >>" % work.language.encode(),
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title <%s> /Author (%s) >>" % (work.title.encode("utf-16").hex().encode(), _escape_pdf(work.author)),
    ]
    for number, text in enumerate(pages):
        content = b"BT /F1 12 Tf 60 780 Td (%s) Tj ET" % text
        look = b"/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(b"<< /Type /Page /Parent 2 0 R %s /Contents %d 0 R >>" % (look, 6 + 2 * number))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    keys = b"/Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <%s> /U <%s>" % (b"0f" * 32, b"1e" * 32)
    return _assemble_pdf(objects, b"/Encrypt << %s >> /ID [<00> <00>] " % keys if encrypt else b"")


MAKERS: Mapping[str, tuple[str, Callable[[Work], bytes]]] = {
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", make_docx),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", make_xlsx),
    "pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", make_pptx),
    "odt": ("application/vnd.oasis.opendocument.text", make_odt),
    "ods": ("application/vnd.oasis.opendocument.spreadsheet", make_ods),
    "odp": ("application/vnd.oasis.opendocument.presentation", make_odp),
    "epub": ("application/epub+zip", make_epub),
    "html": ("text/html", make_html),
    "txt": ("text/plain", make_text),
    "rtf": ("application/rtf", make_rtf),
    "pdf": ("application/pdf", make_pdf),
}


def _open_document(work: Work, kind: str, body: str, parts: Mapping[str, str | bytes]) -> bytes:
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    about = (
        f"<dc:title>{escape(work.title)}</dc:title><dc:creator>{escape(work.author)}</dc:creator><dc:language>{work.language}</dc:language>"
    )
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kept}"/>'
        for path, kept in (("/", media_type), ("content.xml", "text/xml"), ("meta.xml", "text/xml"))
    )
    usual: Mapping[str, str | bytes] = {
        "content.xml": (
            f'{XML}<office:document-content {_OPEN_DOCUMENT} office:version="1.3"><office:body>{body}</office:body>'
            "</office:document-content>"
        ),
        "meta.xml": (
            f'{XML}<office:document-meta {_OPEN_DOCUMENT} {DC} office:version="1.3"><office:meta>{about}</office:meta>'
            "</office:document-meta>"
        ),
        "META-INF/manifest.xml": f'{XML}<manifest:manifest {_OPEN_DOCUMENT} manifest:version="1.3">{entries}</manifest:manifest>',
    }
    return pack({**usual, **parts}, media_type=media_type)


def _escape_rtf(text: str) -> str:
    kept = "".join(f"\\{one}" if one in "\\{}" else one for one in text)
    return "".join(one if ord(one) < 128 else rf"\u{ord(one)}?" for one in kept)  # noqa: PLR2004 - the end of ASCII


def _escape_pdf(text: str) -> bytes:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")


def _assemble_pdf(objects: Sequence[bytes], more: bytes) -> bytes:
    written = bytearray(b"%PDF-1.7\n")
    places: list[int] = []
    for number, content in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table, size = len(written), len(objects) + 1
    written += b"xref\n0 %d\n0000000000 65535 f \n" % size + b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (size, more, table)
    return bytes(written)
