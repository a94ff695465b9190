"""The kind of thing that a file is for a reader, by its media type: document, presentation, spreadsheet, image, video, audio, website, app.

A table of our own, as in `media_types`: kinds decide which tasks apply, and every machine must decide alike.
"""

from harvest_assets.extract.media_types import read_file_address

UNKNOWN = "unknown"

_TYPES: dict[str, tuple[str, ...]] = {
    "app": (
        "application/inspire",
        "application/octet-stream",
        "application/postscript",
        "application/vnd.google-earth.kmz",
        "application/x-activprimary3",
        "application/x-as3pe",
        "application/x-inspire",
        "application/x-java",
        "application/x-smarttech-notebook",
        "application/x-yossymemo",
        "application/x-zip-compressed",
    ),
    "audio": ("application/vnd.koan", "application/x-koan"),
    "document": (
        "application/epub+zip",
        "application/msword",
        "application/pdf",
        "application/rtf",
        "application/vnd.ms-publisher",
        "application/vnd.ms-word",
        "application/vnd.ms-word.document.macroenabled.12",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
        "application/x-ibooks+zip",
        "application/x-pdf",
        "application/x-rar-compressed",
        "application/x-stuffit",
        "application/x-tar",
        "application/x-wikiwijs-arrangement",
        "application/x-zip",
        "application/zip",
        "message/rfc822",
        "text/plain",
        "text/rtf",
    ),
    "presentation": (
        "application/powerpoint",
        "application/ppt",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-powerpoint.presentation.macroenabled.12",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    ),
    "spreadsheet": (
        "application/vnd.ms-excel",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "video": ("application/x-mplayer2",),
    "website": ("application/xhtml+xml", "text/html", "text/xml"),
}
_BY_MEDIA_TYPE = {media_type: kind for kind, media_types in _TYPES.items() for media_type in media_types}
_TOP_LEVEL = frozenset({"audio", "image", "video"})  # every media type below them is of their kind


def technical_type(media_type: str | None, address: str | None = None) -> str:
    """The kind that a media type is of; without one, of the type that the extension of the address tells; ``unknown`` otherwise."""
    known = (media_type or "").partition(";")[0].strip().lower()
    if not known and address is not None:
        told = read_file_address(address)
        known = (told.media_type or "") if told else ""
    top_level = known.partition("/")[0]
    return _BY_MEDIA_TYPE.get(known) or (top_level if top_level in _TOP_LEVEL else UNKNOWN)
