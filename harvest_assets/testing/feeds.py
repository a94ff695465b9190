"""Feeds of a repository, newest records first: RSS 2.0, RSS 1.0, Atom, Atom in pages, in archives and complete.

https://www.rssboard.org/rss-specification, https://www.rfc-editor.org/rfc/rfc4287, https://www.rfc-editor.org/rfc/rfc5005
"""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from harvest_assets.model.window import Window
from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.exchange import XML, Answer, answer_text
from harvest_assets.testing.faults import Faults, Strike, damage, refuse
from harvest_assets.testing.oai_pmh_xml import write_element
from harvest_assets.testing.paging import cut_page, list_numbers
from harvest_assets.testing.records import Record
from harvest_assets.testing.repository import Repository

KINDS = ("rss", "rdf", "atom", "paged", "archive", "complete")

_MOST_PAGES = 1_000_000
_ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:fh="http://purl.org/syndication/history/1.0"'
    ' xmlns:at="http://purl.org/atompub/tombstones/1.0" xml:lang="en">\n'
)
_RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
)


class Feeds:
    """Answers for the part of the path after ``/feed/NAME/``: one of ``KINDS``; ``?page=2`` for pages and archives.

    ``complete`` lists every record, deleted ones as tombstones; the others leave deleted records out.
    """

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self._repository = repository
        self._addresses = addresses

    def answer(self, kind: str, arguments: Sequence[tuple[str, str]], strike: Strike) -> Answer:
        """Answer for one document of a feed."""
        sent = dict(arguments).get("page", "1")
        if kind not in KINDS or not (sent.isascii() and sent.isdecimal() and 0 < int(sent) < _MOST_PAGES):
            return answer_text(404, f"no feed {kind!r}, page {sent!r}; there are {', '.join(KINDS)}")
        page = int(sent)
        hits = strike(page)
        if hits.refusal:
            return refuse(hits.refusal)
        if "expired_token" in hits.spots:
            return answer_text(410, "this page is gone; start the feed again")
        records = self._list(hits.faults, with_deleted=kind == "complete")
        size = self._repository.page_size
        if kind == "complete":
            return damage(Answer(200, self._write_atom(records, "<fh:complete/>\n"), XML), hits)
        cut = cut_page(range(len(records)), (page - 1) * size, size, hits)
        shown = [records[number] for number in cut.numbers]
        written = {"rss": self._write_rss, "rdf": self._write_rdf}.get(kind)
        if written is not None:
            return damage(Answer(200, written(shown), XML), hits)
        following = None if cut.next_offset is None else cut.next_offset // size + 1
        return damage(Answer(200, self._write_atom(shown, self._write_link(kind, following)), XML), hits)

    def _list(self, faults: Faults, *, with_deleted: bool) -> list[Record]:
        numbers = reversed(list_numbers(self._repository, Window(), None, faults))
        records = [self._repository.record_at(number) for number in numbers]
        return [record for record in records if with_deleted or not record.deleted]

    def _write_link(self, kind: str, following: int | None) -> str:
        relation = {"paged": "next", "archive": "prev-archive"}.get(kind)
        if relation is None or following is None:
            return ""
        return f'<link rel="{relation}" href="/feed/{self._repository.name}/{kind}?page={following}"/>\n'

    def _page_of(self, record: Record) -> str:
        return self._addresses.landing_page(self._repository.name, record.identifier)

    def _write_atom(self, records: Sequence[Record], links: str) -> bytes:
        newest = _as_time(records[0].datestamp) if records else "2000-01-01T00:00:00Z"
        head = f"<id>{self._addresses.origin}/feed/{self._repository.name}</id><title>Newest</title><updated>{newest}</updated>\n"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{_ATOM}{head}{links}{"".join(map(self._write_entry, records))}</feed>\n'.encode()

    def _write_entry(self, record: Record) -> str:
        if record.deleted:
            return f'<at:deleted-entry ref="{record.identifier}" when="{_as_time(record.datestamp)}"><at:comment/></at:deleted-entry>\n'
        content = record.content
        return (
            f"<entry>{write_element('id', record.identifier)}{write_element('title', content.title)}"
            f"{write_element('updated', _as_time(record.datestamp))}{write_element('link', '', {'href': self._page_of(record)})}"
            f"{write_element('summary', content.description)}</entry>\n"
        )

    def _write_rss(self, records: Sequence[Record]) -> bytes:
        items = (
            f"<item>{write_element('title', record.content.title)}{write_element('link', self._page_of(record))}"
            f"{write_element('guid', record.identifier, {'isPermaLink': 'false'})}"
            f"{write_element('pubDate', format_datetime(datetime.fromisoformat(_as_time(record.datestamp))))}</item>\n"
            for record in records
        )
        head = f"<title>Newest</title><link>{self._addresses.origin}</link><description>Newest records</description>\n"
        return f'<?xml version="1.0"?>\n<rss version="2.0">\n<channel>{head}{"".join(items)}</channel></rss>\n'.encode()

    def _write_rdf(self, records: Sequence[Record]) -> bytes:
        items = (
            f'<item rdf:about="{record.identifier}">{write_element("title", record.content.title)}'
            f"{write_element('link', self._page_of(record))}{write_element('dc:date', record.datestamp)}</item>\n"
            for record in records
        )
        channel = f'<channel rdf:about="{self._addresses.origin}"><title>Newest</title></channel>\n'
        return f'<?xml version="1.0"?>\n{_RDF}{channel}{"".join(items)}</rdf:RDF>\n'.encode()


def _as_time(datestamp: str) -> str:
    return datestamp if "T" in datestamp else f"{datestamp}T00:00:00Z"
