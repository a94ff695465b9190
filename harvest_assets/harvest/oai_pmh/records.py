"""A ListRecords answer → a page: rows of raw records, records set aside, the token, and what the repository announces.

Headers come from the tree, bodies are cut out of the bytes. A record whose header cannot be read is set aside with its bytes.
http://www.openarchives.org/OAI/openarchivesprotocol.html#Record
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from lxml import etree

from harvest_assets.errors import RecordError
from harvest_assets.harvest.oai_pmh.answers import Answer, Element, parse_xml
from harvest_assets.harvest.oai_pmh.headers import Headers, scan_headers
from harvest_assets.harvest.oai_pmh.slices import build_envelope, cut_records
from harvest_assets.model.record import RAW_RECORDS, SetAside

_CUTTABLE_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_DELETED = "deleted"
_LONGEST_COUNT = 18  # digits; what is longer is no count


@dataclass(frozen=True, slots=True)
class Token:
    """Where a list goes on and how long it is; ``value`` is None on the last page."""

    value: str | None
    announced_total: int | None


@dataclass(slots=True)
class _Columns:
    """Rows of one page on their way into a batch."""

    page: int
    identifiers: list[str] = field(default_factory=list[str])
    datestamps: list[str] = field(default_factory=list[str])
    deleted: list[bool] = field(default_factory=list[bool])
    set_specs: list[list[str]] = field(default_factory=list[list[str]])
    bodies: list[bytes] = field(default_factory=list[bytes])
    set_aside: list[SetAside] = field(default_factory=list[SetAside])

    def add(self, record: Element, body: bytes, namespace: str) -> None:
        """Lay out one record.

        Raises:
            RecordError: It has no header, or the header no identifier.
        """
        header = _find_header(record, namespace)
        identifier, datestamp, sets = _read_header(header)
        if not identifier:
            raise RecordError("the header has no identifier", rule="no_identifier")
        self.identifiers.append(identifier)
        self.datestamps.append(datestamp)
        self.deleted.append(header.get("status") == _DELETED)
        self.set_specs.append(sets)
        self.bodies.append(body)

    def take(self, headers: Headers, bodies: list[bytes]) -> None:
        """Lay out a whole page whose headers were read at once."""
        self.identifiers, self.datestamps = headers.identifiers, headers.datestamps
        self.deleted, self.set_specs, self.bodies = headers.deleted, headers.set_specs, bodies

    def put_aside(self, body: bytes, reason: str, rule: str, identifier: str | None = None) -> None:
        """Keep the bytes of a record that cannot be read."""
        self.set_aside.append(SetAside(identifier, self.page, "harvest", RecordError.__name__, reason, body, rule))

    def as_batch(self, envelope: bytes) -> pa.RecordBatch:
        """The rows with the columns ``RAW_RECORDS``."""
        rows = len(self.identifiers)
        columns = [
            pa.array(self.identifiers, pa.string()),
            pa.array(self.datestamps, pa.string()),
            pa.array(self.deleted, pa.bool_()),
            pa.array(self.set_specs, pa.list_(pa.string())),
            _join(self.bodies),
            pa.repeat(pa.scalar(envelope, pa.binary()), rows),
            pa.repeat(pa.scalar(self.page, pa.int32()), rows),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=RAW_RECORDS)


def _join(bodies: Sequence[bytes]) -> pa.Array:
    """One binary array: joined once, five times as fast as value by value."""
    ends = np.cumsum([0, *map(len, bodies)], dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), len(bodies), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(bodies))])


def empty_batch() -> pa.RecordBatch:
    """No rows, with the columns ``RAW_RECORDS``."""
    return _Columns(0).as_batch(b"")


def read_records(answer: Answer, records: Element, page: int) -> tuple[pa.RecordBatch, tuple[SetAside, ...]]:
    """Each record of the list element becomes a row or is set aside; rows keep the order of the page."""
    columns = _Columns(page)
    if answer.loose is not None:
        envelope = build_envelope(_qualified_root(answer), records.nsmap)
        _add_loose(columns, answer.loose, envelope, answer.namespace)
        return columns.as_batch(envelope), tuple(columns.set_aside)
    elements = list(records.iterchildren(answer.namespace + "record"))
    bodies = _cut_bodies(answer, elements)
    if bodies is None:
        envelope, bodies = b"", [etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False) for element in elements]
    else:
        envelope = build_envelope(_qualified_root(answer), records.nsmap)
        headers = scan_headers(bodies, elements[0].prefix) if elements else None
        if headers is not None:
            columns.take(headers, bodies)
            return columns.as_batch(envelope), ()
    _add_all(columns, zip(elements, bodies, strict=True), answer.namespace)
    return columns.as_batch(envelope), tuple(columns.set_aside)


def read_token(answer: Answer, listed: Element) -> Token:
    """The resumption token of a list; some repositories put it beside the list instead of into it."""
    for place in (listed, answer.root):
        for element in place.iterchildren(answer.namespace + "resumptionToken"):
            return Token((element.text or "").strip() or None, _read_count(element.get("completeListSize")))
    return Token(None, None)


def _cut_bodies(answer: Answer, elements: list[Element]) -> list[bytes] | None:
    prefixes = {element.prefix for element in elements}
    if answer.encoding not in _CUTTABLE_ENCODINGS or len(prefixes) != 1 or not all(len(element) for element in elements):
        return None
    prefix = prefixes.pop()
    return cut_records(answer.body, f"{prefix}:record".encode() if prefix else b"record", len(elements))


def _add_all(columns: _Columns, records: Iterable[tuple[Element, bytes]], namespace: str) -> None:
    for element, body in records:
        try:
            columns.add(element, body, namespace)
        except RecordError as error:
            columns.put_aside(body, str(error), error.rule)


def _add_loose(columns: _Columns, bodies: Iterable[bytes], envelope: bytes, namespace: str) -> None:
    """Records of a page that did not parse as a whole, one by one."""
    for body in bodies:
        try:
            _add_all(columns, [(_parse_alone(envelope, body)[0], body)], namespace)
        except etree.XMLSyntaxError as error:
            columns.put_aside(body, f"not well-formed XML: {error.msg}", "not_well_formed", _find_identifier(envelope, body, namespace))


def _parse_alone(envelope: bytes, body: bytes) -> Element:
    name = envelope[1:].split(b">", 1)[0].split(b" ", 1)[0]
    return parse_xml(envelope + body + b"</" + name + b">")


def _find_identifier(envelope: bytes, body: bytes, namespace: str) -> str | None:
    """The identifier of a record whose metadata is broken and whose header is not."""
    start, end = body.find(b"<"), body.find(b"header>", body.find(b"header") + 1)
    if end < 0:
        return None
    opening = body[start : body.find(b">") + 1]
    name = opening[1:-1].split(None, 1)[0]
    try:
        record = _parse_alone(envelope, body[: end + len(b"header>")] + b"</" + name + b">")[0]
        return _read_header(_find_header(record, namespace))[0] or None
    except (etree.XMLSyntaxError, RecordError):
        return None


def _find_header(record: Element, namespace: str) -> Element:
    first = record[0] if len(record) else None
    tag = namespace + "header"
    header = first if first is not None and first.tag == tag else record.find(tag)
    if header is None:
        raise RecordError("the record has no header", rule="no_header")
    return header


def _read_header(header: Element) -> tuple[str, str, list[str]]:
    """Identifier, datestamp and sets; names are compared without case because pycsw writes ``dateStamp``."""
    identifier = datestamp = ""
    sets: list[str] = []
    for child in header.iterchildren("*"):
        tag = child.tag
        text = (child.text or "").strip()
        if tag.endswith("identifier"):
            identifier = text
        elif tag.endswith("setSpec"):
            sets.append(text)
        elif tag[-9:].lower() == "datestamp":
            datestamp = text
    return identifier, datestamp, sets


def _qualified_root(answer: Answer) -> str:
    prefix = answer.root.prefix
    return f"{prefix}:OAI-PMH" if prefix else "OAI-PMH"


def _read_count(sent: str | None) -> int | None:
    return int(sent) if sent and len(sent) <= _LONGEST_COUNT and sent.strip().isdecimal() else None
