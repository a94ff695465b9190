"""One list, walked page by page: fetch, read, check that it gets on, go on.

A page that is cut off is asked for again; the page after it is on its way while the caller works on this one.
"""

import html
import logging
import re
from collections.abc import Iterator

from harvest_assets.errors import UnendingListError
from harvest_assets.harvest.endless import EndGuard
from harvest_assets.harvest.oai_pmh.ahead import Arguments, FetchAhead, Fetched
from harvest_assets.harvest.oai_pmh.answers import CutAnswerError, read_verb
from harvest_assets.harvest.oai_pmh.arguments import OaiPmhOptions, follow_up_arguments
from harvest_assets.harvest.oai_pmh.errors import NoRecordsMatchError
from harvest_assets.harvest.oai_pmh.records import empty_batch, read_records, read_token
from harvest_assets.interfaces import Response
from harvest_assets.model.record import Page

CUT_ATTEMPTS = 3

_TOKEN = re.compile(rb"<(?:[\w.-]+:)?resumptionToken(?:\s[^>]*)?>([^<]+)</")
_TAIL_BYTES = 16_384

_log = logging.getLogger(__name__)


class RecordList:
    """The pages of one list of one source; used once."""

    def __init__(self, source: str, options: OaiPmhOptions, ahead: FetchAhead) -> None:
        self._source = source
        self._options = options
        self._ahead = ahead
        self._guard = EndGuard(options.max_pages, shows_positions=True)
        self._announced: int | None = None
        self._repairs_told = False

    def begin(self, arguments: Arguments, number: int) -> Iterator[Page]:
        """Pages from the request that begins a list to the last one.

        Raises:
            UnendingListError: After the last good page, when the list does not end.
        """
        while True:
            page = self._read_page(arguments, number)
            reason = self._guard.check(page)
            yield page
            if page.next_position is None:
                return
            if reason is not None:
                raise UnendingListError(f"{self._source}: page {number}: {reason}")
            arguments, number = self._follow(page.next_position), number + 1

    def resume(self, token: str, number: int) -> Iterator[Page]:
        """Pages from a token that an earlier page named."""
        return self.begin(self._follow(token), number)

    def _follow(self, token: str) -> Arguments:
        self._guard.note(token)
        return follow_up_arguments(self._options, token)

    def _read_page(self, arguments: Arguments, number: int) -> Page:
        attempt = 1
        while True:
            fetched = self._ahead.take(arguments, self._place(number))
            self._start_next(fetched.response, number)
            try:
                return self._read_answer(fetched, number)
            except CutAnswerError:
                if attempt == CUT_ATTEMPTS:
                    raise
                attempt += 1

    def _place(self, number: int) -> str:
        return f"{self._source}: page {number}"

    def _start_next(self, response: Response, number: int) -> None:
        """Ask for the next page before this one is read, by the token as it stands in the last bytes; `take` compares it."""
        found = _TOKEN.findall(response.body[-_TAIL_BYTES:])
        token = html.unescape(found[-1].decode(errors="replace")).strip() if found else ""
        if token and number < self._options.max_pages and not self._guard.has_seen(token):
            self._ahead.start(follow_up_arguments(self._options, token), self._place(number + 1))

    def _read_answer(self, fetched: Fetched, number: int) -> Page:
        answer, response = fetched.answer(), fetched.response
        self._tell(answer.repairs, number)
        try:
            listed = read_verb(answer, "ListRecords")
        except NoRecordsMatchError:
            return Page(number, empty_batch(), (), None, self._announced, response.exchange)
        batch, set_aside = read_records(answer, listed, number)
        token = read_token(answer, listed)
        if token.announced_total is not None and token.announced_total >= batch.num_rows:  # less than one page holds is a mistake
            self._announced = token.announced_total
        return Page(number, batch, set_aside, token.value, self._announced, response.exchange)

    def _tell(self, repairs: tuple[str, ...], number: int) -> None:
        """Log once per list that answers were repaired."""
        if repairs and not self._repairs_told:
            self._repairs_told = True
            _log.warning("%s: page %d and perhaps later ones were not well-formed: %s", self._source, number, ", ".join(repairs))
