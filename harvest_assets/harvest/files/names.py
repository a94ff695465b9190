"""Names of files in archives and folders: which of them are read, which are left out, and which are traps."""

import re
from enum import Enum

from harvest_assets.harvest.contents.globs import matches
from harvest_assets.harvest.files.options import FilesOptions, fits

LONGEST_NAME = 1024

_PACKED = re.compile(r".\.(zip|tar|tgz|gz|bz2|xz|7z|rar|zst)$", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Choice(Enum):
    """What becomes of a file: read, left out because it is of another kind, or not opened because it is an archive in an archive."""

    READ = "read"
    OTHER = "other"
    PACKED = "packed"


def choose(name: str, options: FilesOptions) -> Choice:
    """Whether a file is one of the source's. Hidden files count only where ``include`` names them."""
    if options.include:
        chosen = matches(name, options.include)
        return (Choice.PACKED if _PACKED.search(name) else Choice.READ) if chosen else Choice.OTHER
    if any(part.startswith(".") or part == "__MACOSX" for part in name.split("/")):
        return Choice.OTHER
    if _PACKED.search(name):
        return Choice.PACKED
    return Choice.READ if fits(name, options) else Choice.OTHER


def is_packed(name: str) -> bool:
    """Whether a name is that of an archive or of a compressed file."""
    return _PACKED.search(name) is not None


def find_danger(name: str) -> str | None:
    """What is wrong with the name of a file in an archive, as words; None for a plain relative path."""
    parts = re.split(r"[/\\]", name)
    if ".." in parts:
        return "it leads out of the archive"
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return "it is an absolute path"
    if not name or len(name) > LONGEST_NAME or _CONTROL.search(name):
        return f"it is empty, longer than {LONGEST_NAME} characters, or has control characters"
    return None
