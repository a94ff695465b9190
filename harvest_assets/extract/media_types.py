"""Media types by file extension, as a table of our own so that every machine guesses alike.

The system's table (`mimetypes`) differs between machines and would make fingerprints differ. Put here: formats that people publish as
files. Keep out: ``html`` and its kin; an address that ends so is a page, not a file. https://www.iana.org/assignments/media-types/
"""

from typing import NamedTuple
from urllib.parse import unquote

MEDIA_TYPES: dict[str, str] = {
    "7z": "application/x-7z-compressed",
    "aac": "audio/aac",
    "avi": "video/x-msvideo",
    "bib": "application/x-bibtex",
    "bmp": "image/bmp",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "geojson": "application/geo+json",
    "gif": "image/gif",
    "gml": "application/gml+xml",
    "gpkg": "application/geopackage+sqlite3",
    "gz": "application/gzip",
    "ipynb": "application/x-ipynb+json",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "kml": "application/vnd.google-earth.kml+xml",
    "kmz": "application/vnd.google-earth.kmz",
    "m4a": "audio/mp4",
    "m4v": "video/x-m4v",
    "md": "text/markdown",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "nc": "application/x-netcdf",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ogg": "audio/ogg",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ps": "application/postscript",
    "rdf": "application/rdf+xml",
    "rtf": "application/rtf",
    "svg": "image/svg+xml",
    "tar": "application/x-tar",
    "tex": "application/x-tex",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "tsv": "text/tab-separated-values",
    "ttl": "text/turtle",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "wmv": "video/x-ms-wmv",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}

_SCHEMES = frozenset({"http:", "https:"})
_PARTS = 4  # scheme, nothing, host, path


class FileAddress(NamedTuple):
    """An http(s) address: the name that its path ends with, and the media type that the extension tells, if any."""

    url: str
    name: str | None
    media_type: str | None


def read_file_address(text: str) -> FileAddress | None:
    """What an address tells of a file without asking for it; None when the text is no http(s) address."""
    parts = text.partition("#")[0].partition("?")[0].split("/")
    if parts[0].lower() not in _SCHEMES or len(parts) < _PARTS - 1 or parts[1] or not parts[2] or len(text.split()) != 1:
        return None
    name = unquote(parts[-1]) if len(parts) >= _PARTS else ""
    stem, _, extension = name.rpartition(".")
    return FileAddress(text, name or None, MEDIA_TYPES.get(extension.lower()) if stem else None)
