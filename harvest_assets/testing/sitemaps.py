"""Sitemaps of a repository's landing pages: an index, its parts compressed, and everything in one file, as XML and as text.

https://www.sitemaps.org/protocol.html
"""

import gzip
import re

from harvest_assets.model.window import Window
from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.exchange import TEXT, XML, Answer, answer_text
from harvest_assets.testing.faults import Faults, Strike, damage, refuse
from harvest_assets.testing.oai_pmh_xml import write_element
from harvest_assets.testing.paging import list_numbers
from harvest_assets.testing.records import Record
from harvest_assets.testing.repository import Repository

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

_PART = re.compile(r"part-(\d{1,6})\.xml\.gz", re.ASCII)


class Sitemaps:
    """Answers for the part of the path after ``/sitemap/NAME/``: ``index.xml``, ``part-1.xml.gz`` and so on, ``all.xml``, ``all.txt``.

    Of the faults, page 0 is the index, page n the n-th part, page 1 also everything in one file.
    """

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self._repository = repository
        self._addresses = addresses

    def answer(self, rest: str, strike: Strike) -> Answer:
        """Answer for one file."""
        part = _PART.fullmatch(rest)
        if part is None and rest not in {"index.xml", "all.xml", "all.txt"}:
            return answer_text(404, f"no sitemap {rest!r}")
        number = int(part.group(1)) if part else int(rest != "index.xml")
        hits = strike(number)
        if hits.refusal:
            return refuse(hits.refusal)
        size, records = self._repository.page_size, self._list(hits.faults)
        if part:
            records = records[(number - 1) * size : number * size]
            if number < 1 or not records:
                return answer_text(404, f"no sitemap {rest!r}")
            spoiled = damage(Answer(200, self._write_urls(records), "application/gzip"), hits)
            return Answer(200, gzip.compress(spoiled.body, mtime=0), "application/gzip")
        if rest == "all.txt":
            return damage(Answer(200, "".join(f"{self._page_of(record)}\n" for record in records).encode(), TEXT), hits)
        return damage(Answer(200, self._write_index(len(records)) if rest == "index.xml" else self._write_urls(records), XML), hits)

    def _list(self, faults: Faults) -> list[Record]:
        records = [self._repository.record_at(number) for number in list_numbers(self._repository, Window(), None, faults)]
        return [record for record in records if not record.deleted]

    def _page_of(self, record: Record) -> str:
        return self._addresses.landing_page(self._repository.name, record.identifier)

    def _write_urls(self, records: list[Record]) -> bytes:
        urls = (
            f"<url>{write_element('loc', self._page_of(record))}{write_element('lastmod', record.datestamp)}"
            "<changefreq>weekly</changefreq><priority>0.5</priority></url>\n"
            for record in records
        )
        return _write("urlset", "".join(urls))

    def _write_index(self, count: int) -> bytes:
        parts = range(1, -(-count // self._repository.page_size) + 1)
        folder = f"{self._addresses.origin}/sitemap/{self._repository.name}"
        return _write(
            "sitemapindex", "".join(f"<sitemap>{write_element('loc', f'{folder}/part-{part}.xml.gz')}</sitemap>\n" for part in parts)
        )


def _write(root: str, content: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">\n{content}</{root}>\n'.encode()
