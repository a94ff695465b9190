"""One list, walked page by page: fetch, read, check that it gets on, go on.

A page that is cut off is asked for again; the page after it is on its way while the caller works on this one. What the reading of a page
brought to light beside its records, repairs, holes and notes, travels with the page.
"""

import html
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from harvest_assets.errors import TransientError, UnendingListError, UnreadablePageError
from harvest_assets.harvest.endless import EndGuard
from harvest_assets.harvest.oai_pmh.ahead import FetchAhead, Fetched
from harvest_assets.harvest.oai_pmh.answers import Answer, CutAnswerError, Element, read_verb
from harvest_assets.harvest.oai_pmh.arguments import Arguments, ListVerb, OaiPmhOptions, Selection, first_arguments, follow_up_arguments
from harvest_assets.harvest.oai_pmh.date_filter import FELL_BACK, DateFilter
from harvest_assets.harvest.oai_pmh.errors import BadArgumentError, NoRecordsMatchError
from harvest_assets.harvest.oai_pmh.records import count_strays, empty_batch, read_headers, read_records, read_token
from harvest_assets.interfaces import Response
from harvest_assets.model.record import Page, SetAside
from harvest_assets.model.window import Window

CUT_ATTEMPTS = 3

_TOKEN = re.compile(rb"<(?:[\w.-]+:)?resumptionToken(?:\s[^>]*)?>([^<]+)</")
_TAIL_BYTES = 16_384
_SERVER_ERROR = 500  # of this one request; 502, 503 and 504 tell of the whole server

_log = logging.getLogger(__name__)

Rows = tuple[pa.RecordBatch, tuple[SetAside, ...]]


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Which list: of what, in which window. With ``fetch_details``, which turns headers into records, it is that of ListIdentifiers."""

    selection: Selection
    window: Window
    dates: DateFilter
    fetch_details: Callable[[pa.RecordBatch, int], Rows] | None = None

    @property
    def verb(self) -> ListVerb:
        """The verb that brings the list."""
        return "ListRecords" if self.fetch_details is None else "ListIdentifiers"


@dataclass(slots=True)
class RecordList:
    """The pages of one list of one source; used once."""

    source: str
    options: OaiPmhOptions
    request: ListRequest
    ahead: FetchAhead
    _guard: EndGuard = field(init=False)
    _announced: int | None = None
    _notes: tuple[str, ...] = ()
    _repairs_told: bool = False

    def __post_init__(self) -> None:
        self._guard = EndGuard(self.options.max_pages, shows_positions=True)

    def begin(self, number: int) -> Iterator[Page]:
        """Pages from the first to the last one; asked for by days where the repository refuses times.

        Raises:
            UnendingListError: After the last good page, when the list does not end.
        """
        request = self.request
        sent = request.dates.arguments(request.window)
        try:
            page = self._read_page(first_arguments(request.verb, request.selection, sent), number)
        except BadArgumentError:
            in_days = request.dates.in_days(request.window, sent)
            if in_days is None:
                raise
            self._notes = (FELL_BACK,)
            page = self._read_page(first_arguments(request.verb, request.selection, in_days), number)
            request.dates.fall_back()
        yield from self._go_on(page)

    def resume(self, token: str, number: int) -> Iterator[Page]:
        """Pages from a token that an earlier page named."""
        yield from self._go_on(self._read_page(self._follow(token), number))

    def _go_on(self, page: Page) -> Iterator[Page]:
        while True:
            reason = self._guard.check(page)
            yield page
            if page.next_position is None:
                return
            if reason is not None:
                raise UnendingListError(f"{self._place(page.number)}: {reason}")
            page = self._read_page(self._follow(page.next_position), page.number + 1)

    def _follow(self, token: str) -> Arguments:
        self._guard.note(token)
        return self._follow_up(token)

    def _follow_up(self, token: str) -> Arguments:
        return follow_up_arguments(self.request.verb, self.request.selection, token, repeat=self.options.repeat_arguments)

    def _read_page(self, arguments: Arguments, number: int) -> Page:
        lengths: list[int] = []
        while True:
            fetched = self.ahead.take(arguments, self._place(number))
            response = self._receive(fetched, number)
            self._start_next(response, number)
            try:
                return self._read_answer(fetched.answer(), response, number)
            except CutAnswerError as error:
                lengths.append(len(response.body.strip()))
                if len(lengths) == CUT_ATTEMPTS:
                    raise self._judge_cut(error, lengths) from error

    def _receive(self, fetched: Fetched, number: int) -> Response:
        try:
            return fetched.response()
        except TransientError as error:
            if error.status != _SERVER_ERROR:
                raise
            raise UnreadablePageError(f"{self._place(number)}: the server answers with status 500 each time") from error

    def _judge_cut(self, error: CutAnswerError, lengths: list[int]) -> CutAnswerError | UnreadablePageError:
        """A server that stops at the same byte each time fails at a record; one that stops anywhere, or at once, is in trouble."""
        if lengths[0] and len(set(lengths)) == 1:
            return UnreadablePageError(f"{error}, each time: the server cannot write what comes there")
        return error

    def _place(self, number: int) -> str:
        return f"{self.source}: page {number}"

    def _start_next(self, response: Response, number: int) -> None:
        """Ask for the next page before this one is read, by the token as it stands in the last bytes; `take` compares it."""
        found = _TOKEN.findall(response.body[-_TAIL_BYTES:])
        token = html.unescape(found[-1].decode(errors="replace")).strip() if found else ""
        if token and number < self.options.max_pages and not self._guard.has_seen(token):
            self.ahead.start(self._follow_up(token), self._place(number + 1))

    def _read_answer(self, answer: Answer, response: Response, number: int) -> Page:
        self._tell(answer.repairs, number)
        notes, self._notes = self._notes, ()
        original = response.body if answer.repairs else b""
        try:
            listed = read_verb(answer, self.request.verb)
        except NoRecordsMatchError:
            return Page(number, empty_batch(), (), None, self._announced, response.exchange, answer.repairs, original, (), notes)
        batch, set_aside, holes = self._read_rows(answer, listed, number)
        token = read_token(answer, listed)
        if self.options.total == "trust" and token.announced_total is not None and token.announced_total >= batch.num_rows:
            self._announced = token.announced_total  # less than one page holds is a mistake
        notes += self.request.dates.describe_strays(self.request.window, batch.column("datestamp").to_pylist())
        return Page(number, batch, set_aside, token.value, self._announced, response.exchange, answer.repairs, original, holes, notes)

    def _read_rows(self, answer: Answer, listed: Element, number: int) -> tuple[pa.RecordBatch, tuple[SetAside, ...], tuple[str, ...]]:
        read = read_records if self.request.fetch_details is None else read_headers
        batch, set_aside = read(answer, listed, number)
        strays = count_strays(answer, batch.num_rows)
        holes = (f"page {number}: {strays} records stand inside of others or beside the list and were not read",) if strays else ()
        if self.request.fetch_details is not None:
            batch, failed = self.request.fetch_details(batch, number)
            set_aside += failed
        return batch, set_aside, holes

    def _tell(self, repairs: tuple[str, ...], number: int) -> None:
        """Log once per list that answers were repaired."""
        if repairs and not self._repairs_told:
            self._repairs_told = True
            _log.warning("%s: page %d and perhaps later ones were not well-formed: %s", self.source, number, ", ".join(repairs))
