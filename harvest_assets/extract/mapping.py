"""``mapping``: JSON records → documents, by JSON pointers that a source lists in its YAML; no code per source.

A pointer that leads nowhere leaves its field out. A value of another type than declared sets the record aside: a source that changes
its format should be noticed, not published.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import orjson
import pyarrow as pa

from harvest_assets.errors import RecordError
from harvest_assets.extract.files import build_file
from harvest_assets.extract.media_types import read_file_address
from harvest_assets.extract.pointers import EVERY, MISSING, Pointer, resolve, split_pointer
from harvest_assets.extract.raw_rows import RawRow, iterate_rows
from harvest_assets.interfaces import Extraction, Extractor, Options
from harvest_assets.model.document import Document, build_srn
from harvest_assets.model.record import SetAside

TypeName = Literal["string", "integer", "number", "boolean", "list"]

_TYPES: dict[TypeName, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
}


class FieldOptions(Options):
    """Where a field is, what type it must have, and what stands for it when it is missing."""

    pointer: Pointer
    type: TypeName | None = None
    default: Any = None


class FileOptions(Options):
    """Where the files of a record are listed, and where in each of them its address and its media type are."""

    records: Pointer
    url: Pointer
    media_type: Pointer | None = None


class MappingOptions(Options):
    """The fields of a document. With ``*`` in a pointer, the type is that of each item; ``list`` is the whole list."""

    title: Pointer | None = None
    fields: dict[str, Pointer | FieldOptions]
    files: FileOptions | None = None


@dataclass(frozen=True, slots=True)
class _Field:
    """A field as it is looked up, its pointer taken apart once."""

    name: str
    segments: tuple[str, ...]
    type: TypeName | None
    default: Any

    def read(self, record: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """The field's value in a record, checked; `MISSING` when there is none and no default."""
        value = resolve(record, self.segments)
        if value is MISSING:
            return MISSING if self.default is None else self.default
        for item in value if EVERY in self.segments and self.type != "list" else (value,):
            self._check(item)
        return value

    def _check(self, value: Any) -> None:  # noqa: ANN401 - JSON has no narrower type
        if self.type is None:
            return
        is_misfit_boolean = isinstance(value, bool) and self.type != "boolean"  # in Python a boolean is an integer
        if is_misfit_boolean or not isinstance(value, _TYPES[self.type]):
            raise RecordError(
                f"field {self.name!r} at /{'/'.join(self.segments)} is a {type(value).__name__}, declared as {self.type}", rule="field_type"
            )


def _build_field(name: str, options: FieldOptions | str) -> _Field:
    declared = options if isinstance(options, FieldOptions) else FieldOptions(pointer=options)
    return _Field(name, split_pointer(declared.pointer), declared.type, declared.default)


class Mapping(Extractor):
    """Reads JSON records by the pointers of its source."""

    name: ClassVar[str] = "mapping"
    version: ClassVar[str] = "2"
    options: ClassVar[type[Options]] = MappingOptions

    def __init__(self, source: str, entity: str, options: Options) -> None:
        super().__init__(source, entity, options)
        settings = cast("MappingOptions", options)
        self._fields = [_build_field(name, field) for name, field in settings.fields.items()]
        self._title = None if settings.title is None else _build_field("title", settings.title)
        self._files = None if settings.files is None else _Files(settings.files)

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Each record becomes its document, followed by those of its files, or is set aside."""
        documents: list[Document] = []
        set_aside: list[SetAside] = []
        for row in iterate_rows(records):
            try:
                documents.extend(self._read(row))
            except RecordError as error:
                set_aside.append(row.put_aside(str(error), error.rule))
        return Extraction(documents, tuple(set_aside))

    def _read(self, row: RawRow) -> list[Document]:
        try:
            record = orjson.loads(row.body)
        except orjson.JSONDecodeError as error:
            raise RecordError(f"the record is not JSON: {error}", rule="not_json") from error
        values = {field.name: field.read(record) for field in self._fields}
        srn = build_srn(self.source, row.identifier)
        properties = {name: value for name, value in values.items() if value is not MISSING}
        document = Document(srn, srn, self.entity, properties, title=self._read_title(record), datestamp=row.datestamp)
        return [document] if self._files is None else [document, *self._files.read(record, document)]

    def _read_title(self, record: Any) -> str | None:  # noqa: ANN401 - JSON has no narrower type
        value = MISSING if self._title is None else self._title.read(record)
        first = (value[0] if value else MISSING) if isinstance(value, list) else value
        if first is MISSING:
            return None
        if not isinstance(first, str):
            raise RecordError(f"the title is a {type(first).__name__}, it must be a string or a list of strings", rule="title_type")
        return first


class _Files:
    """The files of records; an address that is not http(s) is no file, one that comes twice is one file."""

    def __init__(self, options: FileOptions) -> None:
        self._records = split_pointer(options.records)
        self._url = _Field("files.url", split_pointer(options.url), "string", None)
        self._media_type = (
            None if options.media_type is None else _Field("files.media_type", split_pointer(options.media_type), "string", None)
        )

    def read(self, record: Any, document: Document) -> Iterator[Document]:  # noqa: ANN401 - JSON has no narrower type
        """Documents of a record's files in its order."""
        found = resolve(record, self._records)
        if found is MISSING:
            return
        if not isinstance(found, list):
            raise RecordError(f"files at /{'/'.join(self._records)} are a {type(found).__name__}, not a list", rule="files_type")
        seen: set[str] = set()
        for item in found:
            url = self._url.read(item)
            address = None if url is MISSING else read_file_address(url.strip())
            if address is None or address.url in seen:
                continue
            seen.add(address.url)
            declared = MISSING if self._media_type is None else self._media_type.read(item)
            yield build_file(document, address.url, declared if isinstance(declared, str) else address.media_type, address.name)
