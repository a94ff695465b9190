"""``Profile``: what a sample of records looks like, counted page by page; records themselves are not kept. Pure."""

import hashlib
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import orjson
import pyarrow as pa

from harvest_assets.interfaces import Extraction
from harvest_assets.model.document import Document
from harvest_assets.model.record import Page, SetAside
from harvest_assets.stages.doctor.findings import tidy

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_EPOCH = re.compile(r"\d{9,10}(?:\d{3})?(?:\.\d+)?")
_MILLISECONDS = 10**11
_MOST_FIELDS = 60
_MOST_EXAMPLES = 5
_SAMPLE_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the documents have a field."""

    field: str
    documents: int


@dataclass(frozen=True, slots=True)
class Aside:
    """Records that were set aside for one reason, and the first of them."""

    rule: str
    records: int
    reason: str
    identifier: str | None
    sample: str


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a record as received."""

    smallest: int
    median: int
    most: int
    largest: int


@dataclass(frozen=True, slots=True)
class Profile:
    """The sample in numbers.

    ``repeated`` are identifiers that came more than once, with how often. ``same_content`` counts documents whose content another document
    with another identifier has too. ``unread`` are records beside ``records`` whose identifier cannot be read. ``days`` counts records by
    the day of their datestamp, in order; ``undated`` have none that is one.
    """

    pages: int
    records: int
    distinct: int
    unread: int
    deleted: int
    documents: int
    files: int
    repeated: tuple[tuple[str, int], ...]
    same_content: int
    coverage: tuple[Coverage, ...]
    days: tuple[tuple[date, int], ...]
    undated: int
    sizes: Sizes | None
    asides: tuple[Aside, ...]

    @property
    def set_aside(self) -> int:
        """Records that could not be read."""
        return sum(each.records for each in self.asides)


@dataclass(slots=True)
class Tally:
    """A profile in the making."""

    pages: int = 0
    identifiers: Counter[str] = field(default_factory=Counter[str])
    datestamps: list[str] = field(default_factory=list[str])
    deleted: int = 0
    unread: int = 0
    _owners: int = 0
    _files: int = 0
    _fields: Counter[str] = field(default_factory=Counter[str])
    _contents: Counter[bytes] = field(default_factory=Counter[bytes])
    _sizes: list[int] = field(default_factory=list[int])
    _asides: dict[str, list[SetAside]] = field(default_factory=dict[str, list[SetAside]])
    _aside_counts: Counter[str] = field(default_factory=Counter[str])

    @property
    def records(self) -> int:
        """Records received, those set aside by the protocol left out."""
        return len(self.datestamps)

    def add(self, page: Page, records: pa.RecordBatch, extraction: Extraction) -> None:
        """Count a page: ``records`` of it were looked at, and became ``extraction``."""
        self.pages += 1
        self.identifiers.update(records.column("identifier").to_pylist())
        self.datestamps += records.column("datestamp").to_pylist()
        self.unread += len(page.set_aside)
        self.deleted += sum(records.column("deleted").to_pylist())
        self._sizes += map(len, records.column("body").to_pylist())
        self._add_documents(extraction.documents)
        for each in (*page.set_aside, *extraction.set_aside):
            self._aside_counts[each.rule] += 1
            self._asides.setdefault(each.rule, [each])

    def _add_documents(self, documents: Sequence[Document]) -> None:
        with_files = {document.owner for document in documents if document.srn != document.owner}
        for document in documents:
            if document.srn != document.owner:
                self._files += 1
                continue
            self._owners += 1
            own = {"title"} if document.title else set[str]()
            own |= {name for name, value in document.properties.items() if value not in (None, "", [], {})}
            own |= {"datestamp"} if document.datestamp else set[str]()
            own |= {"files"} if document.srn in with_files else set[str]()
            self._fields.update(own)
            self._contents[_fingerprint(document)] += 1

    def finish(self) -> Profile:
        """The profile of what was counted."""
        days = Counter(day for day in map(read_day, self.datestamps) if day is not None)
        repeated = [(tidy(name, 120), times) for name, times in self.identifiers.most_common(_MOST_EXAMPLES) if times > 1]
        return Profile(
            pages=self.pages,
            records=self.records,
            distinct=len(self.identifiers),
            unread=self.unread,
            deleted=self.deleted,
            documents=self._owners,
            files=self._files,
            repeated=tuple(repeated),
            same_content=sum(times for times in self._contents.values() if times > 1),
            coverage=tuple(Coverage(tidy(name, 80), times) for name, times in _order(self._fields)[:_MOST_FIELDS]),
            days=tuple(sorted(days.items())),
            undated=self.records - days.total(),
            sizes=_measure(self._sizes),
            asides=tuple(self._describe(rule) for rule in sorted(self._asides)),
        )

    def _describe(self, rule: str) -> Aside:
        first = self._asides[rule][0]
        identifier = None if first.identifier is None else tidy(first.identifier, 120)
        sample = tidy(first.body[: 4 * _SAMPLE_CHARACTERS].decode(errors="replace"), _SAMPLE_CHARACTERS)
        return Aside(tidy(rule, 60), self._aside_counts[rule], tidy(first.reason), identifier, sample)


def read_day(datestamp: str) -> date | None:
    """The UTC day of a datestamp: ISO 8601, or seconds or milliseconds since 1970; None for anything else."""
    text = datestamp.strip()
    try:
        if _EPOCH.fullmatch(text):
            seconds = float(text)
            return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC).date()
        moment = datetime.fromisoformat(text) if "T" in text else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC).date()
    except (ValueError, OverflowError, OSError):
        pass
    found = _DAY.match(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _fingerprint(document: Document) -> bytes:
    """What a document says, whatever its identifier; 16 bytes."""
    content = orjson.dumps(document.properties, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
    return hashlib.sha256(content).digest()[:16]


def _order(fields: Counter[str]) -> list[tuple[str, int]]:
    """Fields that most documents have first, equal ones by name."""
    return sorted(fields.items(), key=lambda found: (-found[1], found[0]))


def _measure(sizes: list[int]) -> Sizes | None:
    if not sizes:
        return None
    ordered = sorted(sizes)
    most = ordered[round(0.95 * (len(ordered) - 1))]
    return Sizes(ordered[0], round(statistics.median(ordered)), most, ordered[-1])
