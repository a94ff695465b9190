"""The content of one file → its records, by the format that the source or the name of the file tells."""

from collections.abc import Callable, Mapping

from harvest_assets.errors import RecordError
from harvest_assets.harvest.contents.compression import is_gzip, unpack_gzip
from harvest_assets.harvest.contents.markup import is_html
from harvest_assets.harvest.files.csv_records import read_csv
from harvest_assets.harvest.files.json_records import read_json, read_json_lines
from harvest_assets.harvest.files.layout import Found, Layout
from harvest_assets.harvest.files.options import FilesOptions, find_mistake, tell_format
from harvest_assets.harvest.files.xml_records import read_xml

_READERS: Mapping[str, Callable[[bytes, Layout], Found]] = {"json": read_json, "jsonl": read_json_lines, "xml": read_xml, "csv": read_csv}


def read_content(content: bytes, name: str, options: FilesOptions) -> Found:
    """Records in the order of the file, and those of them that cannot be read.

    Raises:
        RecordError: The file as a whole cannot be read, perhaps after some of its records.
    """
    told = tell_format(name, options)
    if told is None:
        raise RecordError(f"the name {name[:100]!r} tells no format; set the option format to json, jsonl, xml or csv", rule="no_format")
    mistake = find_mistake(told, options)
    if mistake is not None:
        raise RecordError(mistake, rule="no_format")
    if not content.strip():
        raise RecordError("the file is empty", rule="empty")
    if is_html(content):
        raise RecordError("got an HTML page, not a file of records", rule="html")
    yield from _READERS[told](content, Layout(name, options))


def unpack_file(body: bytes, name: str, options: FilesOptions) -> tuple[str, bytes]:
    """Name and content of a file that may be compressed by itself.

    Raises:
        RecordError: It is damaged or unpacks to too much.
    """
    if not is_gzip(body):
        return name, body
    plain = name[:-3] if name.lower().endswith(".gz") else name
    return plain, unpack_gzip(body, limit=options.max_file_bytes)


def find_own_name(name: str, options: FilesOptions) -> str | None:
    """The identifier of a file that cannot be read, where a file is one record and its name the identifier."""
    is_one = options.identifier is None and options.records is None and tell_format(name, options) in {"json", "xml"}
    return name if is_one else None
