"""The seams: what a plug-in implements and what it is given.

Put here: abstract classes that two packages meet at. Keep out: anything that does work. Built-in protocols, extractors and document
tasks come in through the same entry points as those of strangers (groups ``harvest_assets.protocols``, ``harvest_assets.extractors``,
``harvest_assets.document_tasks``).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from harvest_assets.errors import PermanentError, TransientError
from harvest_assets.model.derivative import Applicability, Derivative, Status
from harvest_assets.model.document import Document
from harvest_assets.model.exchange import Exchange
from harvest_assets.model.override import Override
from harvest_assets.model.record import Page, SetAside
from harvest_assets.model.vocabulary import Vocabulary
from harvest_assets.model.window import Window


class Options(BaseModel):
    """Base of the ``options`` that a plug-in accepts in a source's YAML; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whole: final address, status, headers (lower-case names), body after content decoding, and its record."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    exchange: Exchange


class HttpStatusError(PermanentError):
    """The server answered with a 4xx status that trying again does not change; ``response`` is the whole answer."""

    def __init__(self, message: str, response: Response) -> None:
        super().__init__(message)
        self.response = response


class HttpClient(ABC):
    """The only way to the network. One client serves one source: its limits, its headers, the networks it may reach."""

    @abstractmethod
    def get(self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Response:
        """Ask for a resource, with retries, within the time, byte and request budgets.

        Every final answer with a status below 400 is returned.

        Raises:
            HttpStatusError: The server refused (4xx other than 408, 425, 429); the answer is attached. Not retried.
            TransientError: No answer, 408, 425, 429 or 5xx, after the last attempt.
            PermanentError: The address is not allowed, redirects do not end, or the body exceeds its cap.
        """

    @abstractmethod
    def post(self, url: str, *, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
        """Ask for a resource with a body; only for requests that may be repeated without harm. Errors as in ``get``."""

    @abstractmethod
    def head(self, url: str) -> Response:
        """Ask for the headers only; answers of every status are returned, redirects are followed and recorded as hops."""

    @abstractmethod
    def fetch_start(self, url: str, *, size: int) -> Response:
        """Read at most ``size`` bytes of a resource with a ranged GET; answers of every status are returned."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a protocol needs to know of a source."""

    source: str
    url: str
    options: Options


@dataclass(frozen=True, slots=True)
class Remote:
    """What a repository says of itself before a list is asked for."""

    granularity: str | None = None
    deleted_record: str | None = None
    earliest_datestamp: str | None = None
    title: str | None = None
    exchanges: Sequence[Exchange] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """One thing that a source can be asked for before anything is fetched: an OAI-PMH set, a layer, a resource."""

    identifier: str
    title: str
    kind: str


class Protocol(ABC):
    """How records are asked for. One instance serves one harvest of one source; ``pages`` may be read in several threads at once.

    ``version`` changes when the same answers would give other records.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    options: ClassVar[type[Options]]

    def __init__(self, target: Target, client: HttpClient) -> None:
        self.target = target
        self.client = client

    @abstractmethod
    def filters_by_date(self) -> bool:
        """Whether the server can be asked for a span of datestamps."""

    @abstractmethod
    def identify(self) -> Remote:
        """Ask the repository about itself; cheap, one request at most for most protocols."""

    @abstractmethod
    def list_contents(self) -> Iterator[Listed]:
        """What the repository offers for selection; may be empty."""

    @abstractmethod
    def pages(self, window: Window, *, position: str | None = None, number: int = 1) -> Iterator[Page]:
        """Pages of the list for a window, in the order of the server.

        ``position`` and ``number`` go on with a list that was left: the position that an earlier page named as its next, and the number
        of the page that it leads to. Generators may fetch one page ahead; the last page yields ``next_position=None``.

        Raises:
            TransientError: A page failed after its retries; what was yielded before stays good.
            PermanentError: The server refuses the request or breaks the protocol.
            PositionExpiredError: The position is no longer valid; the list has to start again.
            UnreadablePageError: A page is beyond repair, or the server fails at this page only; a shorter window may avoid it.
        """

    def smallest_window(self) -> timedelta:
        """The shortest span of datestamps that the server tells from its neighbours; windows are not cut below it."""
        return timedelta(days=1)

    def one_by_one(self, window: Window, *, number: int = 1) -> Iterator[Page]:
        """The records of a window, each asked for alone, so that one that cannot be read costs no other: it is set aside.

        Raises:
            PermanentError: The protocol, or this source, has no way to do so.
        """
        asked = f"{window.start} to {window.end}, page {number}"
        raise PermanentError(f"{self.target.source}: protocol {self.name!r} cannot ask for the records of {asked} one by one")

    def records(self, identifiers: Sequence[str]) -> Iterator[Page]:
        """Single records by their identifiers; a page holds those that one request brought.

        Raises:
            PermanentError: The protocol, or this source, has no way to ask for a single record.
        """
        asked = identifiers[0] if identifiers else ""
        raise PermanentError(
            f"{self.target.source}: protocol {self.name!r} cannot ask for record {asked!r} alone; harvest the source again"
        )

    def check_available(self) -> None:
        """Ask for as little as shows that the source answers: a short timeout, one attempt. A refusal for lack of access is an answer.

        Raises:
            TransientError: It does not answer, or with a server error, or there is nothing at its address.
        """
        response = self.client.fetch_start(self.target.url, size=1)
        if response.status >= 500 or response.status in {404, 410}:  # noqa: PLR2004 - the class of server errors
            raise TransientError(f"{self.target.source}: status {response.status} from {response.exchange.final_url!r}")


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a batch of records became: n records in, documents of all that could be read, and the rest set aside."""

    documents: Sequence[Document]
    set_aside: Sequence[SetAside] = ()


class Extractor(ABC):
    """How a record is read. Pure: the same bytes give the same documents on every machine."""

    name: ClassVar[str]
    version: ClassVar[str]
    options: ClassVar[type[Options]]

    def __init__(self, source: str, entity: str, options: Options) -> None:
        self.source = source
        self.entity = entity
        self.settings = options

    @abstractmethod
    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Read raw records (columns ``RAW_RECORDS``, none of them deleted) into documents."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A result as a task reads it: that of another task for the same document, or its own of another day, and when it was made."""

    status: Status
    output: Mapping[str, Any]
    reason: str | None = None
    derived_at: str | None = None


@dataclass(frozen=True, slots=True)
class TaskInput:
    """What a task reads of one document, with the corrections of curators.

    ``findings`` are the results of the tasks in ``after``, as far as the source has them; ``earlier`` is this task's own last result,
    whatever it was made of.
    """

    srn: str
    entity: str
    title: str | None
    url: str | None
    media_type: str | None
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parent: str | None = None
    datestamp: str | None = None
    findings: Mapping[str, Finding] = field(default_factory=dict[str, Finding])
    earlier: Finding | None = None


class DocumentTask(ABC):
    """One enrichment of documents; one instance serves one run of one source.

    ``version`` changes when the same document would get another result. ``entities`` are the kinds of documents that it looks at, none
    for all of them; others have no result. ``after`` names the tasks whose results it reads, ``reads`` the assets that every source
    shares (vocabularies). A document whose properties have none of the keys ``needs`` anywhere is not applicable without being looked
    at. ``portion`` is how many documents ``derive`` gets at once.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    entities: ClassVar[frozenset[str]]
    after: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    portion: ClassVar[int] = 500
    options: ClassVar[type[Options]] = Options

    def __init__(self, settings: Options, tools: "Tools") -> None:
        self.settings = settings
        self.tools = tools

    def basis(self) -> str:
        """A fingerprint of all that it reads beside documents and its options, such as a vocabulary.

        When it changes, the fingerprints of all documents are compared again.
        """
        return ""

    @abstractmethod
    def applies_to(self, document: TaskInput) -> Applicability:
        """Whether the task has something to do for this document, and why not."""

    @abstractmethod
    def fingerprint(self, document: TaskInput) -> str:
        """Fingerprint of all that the task reads for the document, findings included; the result stands while it does."""

    @abstractmethod
    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """N documents → n results, in any order; one document's trouble is its own failed result, never an exception."""


Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What work on one item may use: seconds of the clock, and bytes of memory beyond what the process had when it began."""

    seconds: float = 60.0
    memory_bytes: int = 1024**3


@dataclass(frozen=True, slots=True)
class Ended:
    """Work on one item that came to no result: ``failure`` is its class (timeout, memory, crashed, or the rule of an error)."""

    failure: str
    reason: str


class Isolation(ABC):
    """Processes that may be killed, for work on what strangers sent."""

    @abstractmethod
    def map(self, work: Callable[[Item], Result], items: Iterable[Item], bounds: Bounds) -> Iterator[tuple[Item, Result | Ended]]:
        """N items → n pairs of the item and its result, in any order; ``work`` is a function of a module, items and results pickle.

        An item that takes too long, needs too much memory or ends its process is ``Ended``, and so is one for which ``work`` raised a
        ``HarvestError``; the other items go on. Any other exception is raised here.
        """


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it was served: final address, declared media type (lower case, no parameters), content and its SHA-256."""

    url: str
    media_type: str | None
    content: bytes
    sha256: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Downloads(ABC):
    """Files of the web, asked for once for all the tasks that read them in the same hours."""

    @abstractmethod
    def fetch(self, url: str) -> Download:
        """The file at an address; within the time and the bytes that the source allows. Errors as in ``HttpClient.get``."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a task works with. ``now`` is one aware time for the whole run; ``schemas`` are JSON Schemas by name.

    ``broken_overrides`` are files of curators that cannot be read now. ``services`` may reach private networks too: it is for addresses
    that the installation itself names, never for those of strangers.
    """

    source: str
    client: HttpClient
    services: HttpClient
    downloads: Downloads
    blobs: "BlobSink"
    isolation: Isolation
    now: datetime
    environ: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict[str, Vocabulary])
    overrides: Mapping[str, Override] = field(default_factory=dict[str, Override])
    broken_overrides: frozenset[str] = frozenset()
    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


class BlobSink(ABC):
    """Where a task keeps bytes that it made: pictures, files."""

    @abstractmethod
    def keep(self, content: bytes, *, suffix: str) -> str:
        """Store content under its SHA-256, once, and return the path in the store that results refer to."""
