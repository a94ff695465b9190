"""Dumps of a repository: its records in a file, in an archive and in a folder, as JSON, JSON lines, XML and CSV.

The same records give the same bytes. Deleted records are left out, as dumps do. Hostile archives are in `traps`.
"""

import csv
import gzip
import io
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from harvest_assets.model.window import Window
from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.exchange import HTML, JSON, TEXT, XML, Answer, answer_text
from harvest_assets.testing.faults import Faults, Hits, Refusal, Strike, damage, refuse
from harvest_assets.testing.oai_pmh_xml import write_header, write_record
from harvest_assets.testing.paging import list_numbers
from harvest_assets.testing.records import Record
from harvest_assets.testing.repository import Repository
from harvest_assets.testing.traps import TRAPS, pack_zip

FORMATS = {"json": JSON, "jsonl": "application/jsonl", "xml": XML, "csv": "text/csv; charset=utf-8"}

_FILE = re.compile(r"records\.(json|jsonl|xml|csv)(\.gz)?")
_ARCHIVE = re.compile(r"(json|jsonl|xml|csv)\.(zip|tar|tar\.gz)")
_MEMBER = re.compile(r"(json|jsonl|xml|csv)/(page-(\d{4})\.\1|list\.txt|)", re.ASCII)
_SORTING = '<a href="?C=N;O=D">Name</a> <a href="?C=M;O=A">Last modified</a>\n<a href="/dumps/">Parent Directory</a>\n'


class Dumps:
    """Answers for the part of the path after ``/dumps/NAME/``.

    ``records.csv`` and ``records.csv.gz`` hold everything, ``csv.zip``, ``csv.tar`` and ``csv.tar.gz`` a file ``page-0001.csv`` for each
    page of the repository, ``csv/`` lists the same files as a web server does and ``csv/list.txt`` as a text; so for every format.
    ``traps/`` has the hostile archives. Of the faults, page 0 is a folder or list, page n its n-th file, page 1 whole files and archives.
    """

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self._repository = repository
        self._addresses = addresses

    def answer(self, rest: str, strike: Strike) -> Answer:
        """Answer for one file or folder."""
        if found := _MEMBER.fullmatch(rest):
            return self._answer_folder(found, strike)
        trap = TRAPS.get(rest.removeprefix("traps/"))
        file, archive = _FILE.fullmatch(rest), _ARCHIVE.fullmatch(rest)
        if not (trap or file or archive):
            return answer_text(404, f"no dump {rest!r}")
        hits = strike(1)
        if hits.refusal:
            return refuse(hits.refusal)
        if trap:
            return damage(Answer(200, trap(), "application/octet-stream"), hits)
        if file:
            spoiled = damage(Answer(200, self._write(file[1], self._list(hits.faults)), FORMATS[file[1]]), hits)
            return Answer(200, gzip.compress(spoiled.body, mtime=0), "application/gzip") if file[2] else spoiled
        kind, suffix = str(archive and archive[1]), str(archive and archive[2])
        members = {f"page-{number:04d}.{kind}": self._write(kind, some) for number, some in enumerate(self._pages(hits.faults), start=1)}
        return damage(Answer(200, _PACKERS[suffix](members), "application/octet-stream"), hits)

    def _answer_folder(self, found: re.Match[str], strike: Strike) -> Answer:
        kind, name = found[1], found[2]
        number = int(found[3] or 0)
        hits = strike(number)
        if hits.refusal:
            return refuse(hits.refusal)
        pages = self._pages(hits.faults)
        if not number:
            return damage(self._write_folder(kind, len(pages), is_list=bool(name)), hits)
        if number > len(pages):
            return answer_text(404, f"no file {name!r}")
        return self._answer_page(kind, pages[number - 1], hits)

    def _answer_page(self, kind: str, records: Sequence[Record], hits: Hits) -> Answer:
        if {record.identifier for record in records} & set(hits.faults.poison):
            return refuse(Refusal(hits.faults.poison_status))
        return damage(Answer(200, self._write(kind, records), FORMATS[kind]), hits)

    def _write_folder(self, kind: str, count: int, *, is_list: bool) -> Answer:
        names = [f"page-{number:04d}.{kind}" for number in range(1, count + 1)]
        folder = f"{self._addresses.origin}/dumps/{self._repository.name}/{kind}/"
        if is_list:
            return Answer(200, "".join(f"{folder}{name}\n" for name in names).encode(), TEXT)
        links = "".join(f'<a href="{name}">{name}</a> 2026-01-01 00:00\n' for name in [*names, "README.txt"])
        title = f"Index of /dumps/{self._repository.name}/{kind}"
        page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><pre>{_SORTING}{links}</pre></body></html>"
        return Answer(200, page.encode(), HTML)

    def _list(self, faults: Faults) -> list[Record]:
        records = [self._repository.record_at(number) for number in list_numbers(self._repository, Window(), None, faults)]
        return [record for record in records if not record.deleted]

    def _pages(self, faults: Faults) -> list[list[Record]]:
        records, size = self._list(faults), self._repository.page_size
        return [records[start : start + size] for start in range(0, len(records), size)]

    def _write(self, kind: str, records: Sequence[Record]) -> bytes:
        if kind == "xml":
            return b'<?xml version="1.0" encoding="UTF-8"?>\n<records>' + b"\n".join(map(self._write_xml, records)) + b"</records>\n"
        rows = [_describe(record) for record in records]
        if kind == "csv":
            return _write_csv(rows)
        return orjson.dumps({"items": rows}) if kind == "json" else b"".join(orjson.dumps(row) + b"\n" for row in rows)

    def _write_xml(self, record: Record) -> bytes:
        page = self._addresses.landing_page(self._repository.name, record.identifier)
        return write_record(record, write_header(record), page, self._addresses.files_of(record.content.files)).encode()


def _describe(record: Record) -> dict[str, Any]:
    content = record.content
    return {
        "id": record.identifier,
        "modified": record.datestamp,
        "title": content.title,
        "creators": "; ".join(content.creators),
        "description": content.description,
        "date": content.date,
    }


def _write_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "modified", "title", "creators", "description", "date"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def pack_tar(members: Mapping[str, bytes]) -> bytes:
    """A tar archive; equal members make equal bytes."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return written.getvalue()


_PACKERS: Mapping[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "zip": pack_zip,
    "tar": pack_tar,
    "tar.gz": lambda members: gzip.compress(pack_tar(members), mtime=0),
}
