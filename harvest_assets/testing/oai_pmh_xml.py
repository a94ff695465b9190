"""The XML of OAI-PMH 2.0 responses and of unqualified Dublin Core.

Schemas: http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd, http://www.openarchives.org/OAI/2.0/oai_dc.xsd. Text is escaped on its way in;
characters that XML 1.0 does not allow are left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from harvest_assets.testing.records import Content, Record

DC_SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
DC_NAMESPACE = "http://www.openarchives.org/OAI/2.0/oai_dc/"

_OPEN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">\n'
)
_DC_OPEN = (
    f'<oai_dc:dc xmlns:oai_dc="{DC_NAMESPACE}" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{DC_NAMESPACE} {DC_SCHEMA}">'
)
_ILLEGAL = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
# a bare carriage return would come back as a line feed, and white space in an attribute as a space
_ESCAPES: dict[int, str | None] = {
    **dict.fromkeys(_ILLEGAL),
    **{ord(c): e for c, e in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\r", "&#13;"))},
}
_TO_ESCAPE = re.compile("[" + re.escape("".join(map(chr, _ESCAPES))) + "]")
_ATTRIBUTE_ESCAPES = {**_ESCAPES, ord("\n"): "&#10;", ord("\t"): "&#9;"}


@lru_cache(maxsize=4096)
def escape(text: str) -> str:
    """Text for element content. Kept, because records share their longest texts."""
    return text.translate(_ESCAPES) if _TO_ESCAPE.search(text) else text


def write_element(name: str, text: str, attributes: Mapping[str, str] | None = None) -> str:
    """An element that holds text, even none."""
    written = "".join(f' {key}="{value.translate(_ATTRIBUTE_ESCAPES)}"' for key, value in (attributes or {}).items())
    return f"<{name}{written}>{escape(text)}</{name}>"


def write_response(responded_at: str, base_url: str, attributes: Mapping[str, str], content: Iterable[bytes]) -> bytes:
    """A whole response around what a verb, or an error, has to say."""
    opening = f"{_OPEN}{write_element('responseDate', responded_at)}\n{write_element('request', base_url, attributes)}\n"
    return b"".join((opening.encode(), *content, b"\n</OAI-PMH>\n"))


def write_header(record: Record, datestamp: str | None = None, *, without_identifier: bool = False) -> str:
    """A record's header; another datestamp, or no identifier, when faults want that."""
    identifier = "" if without_identifier else write_element("identifier", record.identifier)
    sets = "".join(write_element("setSpec", spec) for spec in record.content.set_specs)
    status = ' status="deleted"' if record.deleted else ""
    return f"<header{status}>{identifier}<datestamp>{datestamp or record.datestamp}</datestamp>{sets}</header>"


def write_record(record: Record, header: str, landing_page: str, file_urls: Sequence[str]) -> str:
    """A record with its Dublin Core; a deleted one has no metadata."""
    if record.deleted:
        return f"<record>{header}</record>"
    fields = "".join(_write_dublin_core(record.content, landing_page, file_urls))
    return f"<record>{header}<metadata>{_DC_OPEN}{fields}</oai_dc:dc></metadata></record>"


def _write_dublin_core(content: Content, landing_page: str, file_urls: Sequence[str]) -> Iterable[str]:
    yield from (f"<dc:title>{escape(title)}</dc:title>" for title in (content.title, *content.other_titles))
    yield from (f"<dc:creator>{escape(creator)}</dc:creator>" for creator in content.creators)
    yield from (f"<dc:subject>{escape(subject)}</dc:subject>" for subject in content.subjects)
    single = (
        ("description", content.description),
        ("publisher", content.publisher),
        ("date", content.date),
        ("type", content.type),
        ("identifier", landing_page),
        ("language", content.language),
        ("rights", content.rights),
    )
    yield from (f"<dc:{name}>{escape(value)}</dc:{name}>" for name, value in single if value)
    yield from (f"<dc:relation>{escape(url)}</dc:relation>" for url in file_urls)
