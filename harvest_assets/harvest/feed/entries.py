"""An entry of a feed → its identifier and its time of change.

Atom: ``id``, ``updated``. RSS 2.0: ``guid`` or else ``link``, ``pubDate``. RSS 1.0: ``rdf:about``, ``dc:date``. A tombstone
(https://www.rfc-editor.org/rfc/rfc6721) is a deleted record.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from harvest_assets.errors import RecordError
from harvest_assets.harvest.contents.markup import Element, local_name
from harvest_assets.harvest.contents.rows import Row, check_size

TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"

_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_IDENTIFIERS = ("id", "guid", "link")
_DATES = ("updated", "modified", "pubDate", "published", "date")
_LONGEST_DATE = 100


def read_entry(element: Element, body: bytes, envelope: bytes) -> Row:
    """The entry as a record.

    Raises:
        RecordError: It has no identifier, or is too large.
    """
    if element.tag == TOMBSTONE:
        identifier, datestamp = element.get("ref", "").strip(), element.get("when", "")
    else:
        identifier = (element.get(_ABOUT) or "").strip() or _find_text(element, _IDENTIFIERS)
        datestamp = _find_text(element, _DATES)
    if not identifier:
        raise RecordError("the entry has no id, guid or link", rule="no_identifier")
    return Row(identifier, read_time(datestamp), check_size(body), envelope, deleted=element.tag == TOMBSTONE)


def read_time(text: str) -> str:
    """A date as RFC 822 or ISO 8601 writes it → ISO 8601 in UTC; a day stays a day, what cannot be read stays as sent."""
    moment = _parse_time(text.strip()) if len(text) <= _LONGEST_DATE else None
    if moment is None:
        return text.strip()
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse_time(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _find_text(element: Element, names: Sequence[str]) -> str:
    """Text of the first of some children that has any, in the order of the names."""
    children = [(local_name(child), (child.text or "").strip()) for child in element]
    return next((text for name in names for child, text in children if child == name and text), "")
