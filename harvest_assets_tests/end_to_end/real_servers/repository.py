"""What the servers of these tests serve: a file of records that a test changes between two dates, or a catalogue of pycsw."""

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from lxml import etree

Element = etree._Element  # pyright: ignore[reportPrivateUsage] - lxml has no public name for its elements

DC = "http://purl.org/dc/elements/1.1/"
OAI = "{http://www.openarchives.org/OAI/2.0/}"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"


@dataclass(frozen=True, slots=True)
class Record:
    """One record as a server sends it; deleted when it has no metadata."""

    identifier: str
    datestamp: str
    metadata: str | None
    sets: tuple[str, ...] = ()

    @property
    def title(self) -> str | None:
        """The first title, or None when there is no metadata."""
        return None if self.metadata is None else etree.fromstring(self.metadata).findtext(f"{{{DC}}}title")


@dataclass
class Repository:
    """A repository in a file; nothing reaches the server before ``save``."""

    path: Path
    address: str = ""
    deleted_record: Literal["no", "transient", "persistent"] = "persistent"
    records: dict[str, Record] = field(default_factory=dict[str, Record])

    def put(self, records: Iterable[Record]) -> None:
        """Add records, or replace those of the same identifier."""
        self.records.update((record.identifier, record) for record in records)

    def generate(self, numbers: Iterable[int], at: datetime, words: str = "water") -> None:
        """Add or change made-up records."""
        self.put(Record(f"oai:made:{number:05d}", stamp(at), dublin_core(number, words)) for number in numbers)

    def delete(self, numbers: Iterable[int], at: datetime) -> None:
        """Leave only the headers of made-up records."""
        self.put(Record(f"oai:made:{number:05d}", stamp(at), None) for number in numbers)

    def forget(self, numbers: Iterable[int]) -> None:
        """Take made-up records away without a trace."""
        for number in numbers:
            del self.records[f"oai:made:{number:05d}"]

    def save(self) -> None:
        """Let the server have it, in one step."""
        content = {"name": "Repository", "deleted_record": self.deleted_record, "records": [asdict(each) for each in self.records.values()]}
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(json.dumps(content), encoding="utf-8")
        unfinished.replace(self.path)

    def live(self) -> dict[str, str | None]:
        """Titles by identifier, of what is not deleted."""
        return {identifier: record.title for identifier, record in self.records.items() if record.metadata is not None}


@dataclass
class Catalogue:
    """Records of pycsw, in a folder that its server loads when it starts and reads from then on."""

    folder: Path
    address: str = ""

    def write(self, numbers: Iterable[int]) -> None:
        """The records that the server is to load."""
        folder = self.folder / "records"
        folder.mkdir(parents=True)
        for number in numbers:
            (folder / f"{number:04d}.xml").write_text(csw_record(number), encoding="utf-8")

    def lose(self, numbers: Collection[int]) -> None:
        """Delete records from the database under the server."""
        connection = sqlite3.connect(self.folder / "catalogue.db")
        try:
            with connection:
                connection.executemany("DELETE FROM records WHERE identifier = ?", [(catalogue_identifier(each),) for each in numbers])
        finally:
            connection.close()

    def rename(self, number: int, title: str) -> None:
        """Give a record another title."""
        connection = sqlite3.connect(self.folder / "catalogue.db")
        try:
            with connection:
                change = "UPDATE records SET xml = replace(xml, ?, ?) WHERE identifier = ?"
                connection.execute(change, (f">Dataset {number}<", f">{title}<", catalogue_identifier(number)))
        finally:
            connection.close()


def read_samples(file: Path) -> list[Record]:
    """The records of a ListRecords answer that somebody kept, with their metadata as it came."""
    return [_read_sample(element) for element in etree.parse(file).iter(OAI + "record")]


def stamp(at: datetime) -> str:
    """A time as OAI-PMH writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def dublin_core(number: int, words: str) -> str:
    """The metadata of a made-up record."""
    values = {"title": f"Les {number}: {words} \u00e9 & <{number}>", "language": "nl", "subject": "water"}
    elements = "".join(f"<dc:{name}>{escape(text)}</dc:{name}>" for name, text in values.items())
    return f'<oai_dc:dc xmlns:oai_dc="{OAI_DC}" xmlns:dc="{DC}">{elements}</oai_dc:dc>'


def catalogue_identifier(number: int) -> str:
    """The name of a record of a catalogue."""
    return f"urn:made:{number:04d}"


def csw_record(number: int) -> str:
    """A record as pycsw loads it."""
    day = f"2024-01-{number % 28 + 1:02d}"
    return (
        f'<csw:Record xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:dc="{DC}" xmlns:dct="http://purl.org/dc/terms/">'
        f"<dc:identifier>{catalogue_identifier(number)}</dc:identifier><dc:title>Dataset {number}</dc:title>"
        f"<dc:date>{day}</dc:date><dct:modified>{day}</dct:modified></csw:Record>"
    )


def _read_sample(element: Element) -> Record:
    header = element[0]
    metadata = element.find(f"{OAI}metadata")
    return Record(
        identifier=header.findtext(OAI + "identifier") or "",
        datestamp=header.findtext(OAI + "datestamp") or "",
        metadata=None if metadata is None else etree.tostring(metadata[0], encoding="unicode", with_tail=False),
        sets=tuple(each.text or "" for each in header.iter(OAI + "setSpec")),
    )
