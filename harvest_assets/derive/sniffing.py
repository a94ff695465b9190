"""What a file really is, by its bytes; what a server or a name calls it only tells kinds of plain text apart.

Signatures as https://mimesniff.spec.whatwg.org/ and the formats' own specifications have them. Pure and quick: nothing is parsed, and of
zip containers only what their first bytes and their directory of names say.
"""

import re

from harvest_assets.derive.charsets import decode

PDF = "application/pdf"
RTF = "application/rtf"
HTML = "text/html"
PLAIN = "text/plain"
MARKDOWN = "text/markdown"
EPUB = "application/epub+zip"
ZIP = "application/zip"
OCTETS = "application/octet-stream"
XML = "application/xml"
OLE = "application/x-ole-storage"

WORD = "application/msword"
EXCEL = "application/vnd.ms-excel"
POWERPOINT = "application/vnd.ms-powerpoint"
ENCRYPTED_OFFICE = "application/x-encrypted-office"
_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = f"{_OOXML}wordprocessingml.document"
XLSX = f"{_OOXML}spreadsheetml.sheet"
PPTX = f"{_OOXML}presentationml.presentation"
_ODF = "application/vnd.oasis.opendocument."
ODT, ODS, ODP = f"{_ODF}text", f"{_ODF}spreadsheet", f"{_ODF}presentation"

ZIPPED = frozenset({DOCX, XLSX, PPTX, ODT, ODS, ODP, EPUB})
OPEN_DOCUMENT = frozenset({ODT, ODS, ODP})
READABLE = ZIPPED | {PDF, RTF, HTML, PLAIN, MARKDOWN, WORD, EXCEL, POWERPOINT}

EXTENSIONS = {
    "doc": WORD,
    "docm": DOCX,
    "docx": DOCX,
    "epub": EPUB,
    "htm": HTML,
    "html": HTML,
    "md": MARKDOWN,
    "odp": ODP,
    "ods": ODS,
    "odt": ODT,
    "pdf": PDF,
    "ppt": POWERPOINT,
    "pptm": PPTX,
    "pptx": PPTX,
    "rtf": RTF,
    "txt": PLAIN,
    "xhtml": HTML,
    "xls": EXCEL,
    "xlsm": XLSX,
    "xlsx": XLSX,
}
_SAME = {
    "application/acrobat": PDF,
    "application/rtf": RTF,
    "application/x-pdf": PDF,
    "application/xhtml+xml": HTML,
    "text/pdf": PDF,
    "text/rtf": RTF,
    "text/x-markdown": MARKDOWN,
}

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"{\\rtf", RTF),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3\x02", "audio/mpeg"),
    (0, b"ID3\x03", "audio/mpeg"),
    (0, b"ID3\x04", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"%!PS", "application/postscript"),
)
_PDF_WITHIN = 1024
_HEAD_BYTES = 4096
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS = (
    ("EncryptedPackage", ENCRYPTED_OFFICE),
    ("WordDocument", WORD),
    ("PowerPoint Document", POWERPOINT),
    ("Workbook", EXCEL),
    ("Book", EXCEL),
)
_STATED = re.compile(rb"mimetype(application/[a-z0-9.+-]{4,100})", re.ASCII)
_PARTS = (
    ((b"[Content_Types].xml", b"word/document"), DOCX),
    ((b"[Content_Types].xml", b"xl/workbook"), XLSX),
    ((b"[Content_Types].xml", b"ppt/presentation"), PPTX),
    ((b"META-INF/container.xml",), EPUB),
    ((b"META-INF/manifest.xml", b"content.xml"), ODT),
)
_TAGS = "html|head|body|title|meta|script|style|div|p|table|a|br|h[1-6]|font|iframe|link|ul|ol|span|section|article"
_HTML_START = re.compile(rf"(?:\s+|<\?[^>]*>|<!--.*?-->)*<(?:!doctype\s+html|(?:{_TAGS})[\s/>])", re.IGNORECASE | re.DOTALL)
_HTML_TAG = re.compile(r"<html[\s>]", re.IGNORECASE)
_XML_START = re.compile(r"\s*<\?xml\s", re.IGNORECASE)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def sniff(content: bytes, declared: str | None = None) -> str:
    """The media type of a file by its bytes; ``declared`` matters only where bytes cannot tell: between kinds of plain text."""
    head = content[:_HEAD_BYTES]
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _sniff_zip(content, normalise_type(declared))
    if head.startswith(_OLE_MARK):
        return next((kind for name, kind in _STREAMS if name.encode("utf-16-le") in content), OLE)
    for place, mark, kind in _SIGNATURES:
        if head.startswith(mark, place):
            return kind
    return _sniff_text(head, normalise_type(declared))


def normalise_type(media_type: str | None) -> str | None:
    """A media type in lower case, without parameters, and under its usual name."""
    kind = (media_type or "").partition(";")[0].strip().lower()
    return _SAME.get(kind, kind) or None


def read_extension(path: str) -> str | None:
    """The media type that the end of a path or a name stands for, among those that text is read from."""
    name = path.rpartition("/")[2]
    return EXTENSIONS.get(name.rpartition(".")[2].lower()) if "." in name else None


def _sniff_zip(content: bytes, declared: str | None) -> str:
    """OpenDocument and EPUB should state their type first; of the others the names of their parts tell it."""
    stated = _STATED.search(content, 26, 200)
    if stated:
        return stated[1].decode("ascii")
    found = next((kind for parts, kind in _PARTS if all(part in content for part in parts)), ZIP)
    return declared if found == ODT and declared in OPEN_DOCUMENT else found


def _sniff_text(head: bytes, declared: str | None) -> str:
    text, _ = decode(head)
    if len(_BINARY.findall(text)) * 100 > len(text):
        return OCTETS
    if _HTML_START.match(text):
        return HTML
    if _XML_START.match(text):
        return HTML if _HTML_TAG.search(text) else XML
    return declared if declared in {HTML, MARKDOWN} else PLAIN
