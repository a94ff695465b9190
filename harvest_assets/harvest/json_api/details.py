"""Two-step sources: the list gives identifiers, and each record is asked for, several at a time.

A record that cannot be had is set aside alone. When most of a page cannot be had because the server fails, it is the page that failed.
"""

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin

from harvest_assets.errors import HarvestError, PermanentError, RecordError, TransientError
from harvest_assets.harvest.json_api.included import embed_included
from harvest_assets.harvest.json_api.options import DetailOptions, JsonApiOptions
from harvest_assets.harvest.json_api.records import NO_DETAIL, Rows, is_deleted, read_identifier
from harvest_assets.harvest.json_api.requesting import FailedPageError, Fetched, Request, Requester
from harvest_assets.interfaces import HttpStatusError
from harvest_assets.model.exchange import Exchange

# fewer failures than these are bad records, whatever their share
FEWEST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What came for some identifiers: their records, or an error."""

    identifiers: Sequence[str]
    records: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fetched: Fetched | None = None
    error: HarvestError | None = None

    @property
    def exchange(self) -> Exchange | None:
        """The request, when the server answered it."""
        if isinstance(self.error, HttpStatusError):
            return self.error.response.exchange
        return self.fetched.response.exchange if self.fetched else None

    def add_to(self, rows: Rows, identifier: str, item: Any = None) -> None:  # noqa: ANN401 - JSON has no narrower type
        """One of the identifiers becomes a row or is set aside; ``item`` is what the list says of it."""
        if identifier in self.records:
            rows.add_detail(identifier, self.records[identifier], item)
            return
        reason = f"its detail could not be had: {self.error}" if self.error else "the answer holds no detail of this identifier"
        rows.put_aside(identifier, identifier if item is None else item, RecordError(reason, rule=NO_DETAIL))


class Details:
    """The second step of one source. ``url`` is the source's own address."""

    def __init__(self, options: JsonApiOptions, settings: DetailOptions, requester: Requester, url: str) -> None:
        self._options = options
        self._settings = settings
        self._requester = requester
        self._url = urljoin(url, settings.url)

    def complete(self, items: Sequence[Any], rows: Rows) -> list[Fetched]:
        """The records that the items of a list stand for, in the order of the list; returns the answers that had to be mended.

        An item that says that it is deleted is the record itself.

        Raises:
            TransientError: The server failed for most of them.
        """
        named = self._read_identifiers(items, rows)
        wanted = [identifier for identifier, item in named.items() if not is_deleted(item, self._options)]
        answers = self._ask_all(wanted, rows.place)
        found = {identifier: answer for answer in answers for identifier in answer.identifiers}
        for identifier, item in named.items():
            if identifier in found:
                found[identifier].add_to(rows, identifier, item)
            else:
                rows.add(item)
        return [answer.fetched for answer in answers if answer.fetched is not None and answer.fetched.content.repairs]

    def ask_each(self, identifiers: Sequence[str], place: str) -> Generator[Answer]:
        """Answers for identifiers, in their order, one for each request."""
        batches = [identifiers[start : start + self._settings.batch] for start in range(0, len(identifiers), self._settings.batch)]
        with ThreadPoolExecutor(self._settings.parallel, thread_name_prefix="json-details") as pool:
            yield from pool.map(partial(self._ask, place=place), batches)

    def _ask_all(self, wanted: Sequence[str], place: str) -> list[Answer]:
        """Answers for all; what was not asked yet is not asked any more once the server failed for most."""
        answers: list[Answer] = []
        failed = 0
        with closing(self.ask_each(wanted, place)) as arriving:
            for answer in arriving:
                answers.append(answer)
                if isinstance(answer.error, TransientError | FailedPageError):
                    failed += len(answer.identifiers)
                    if failed >= FEWEST_FAILURES and failed * 2 > len(wanted):
                        wait = answer.error.retry_after_seconds if isinstance(answer.error, TransientError) else None
                        said = f"{place}: the server failed for {failed} of {len(wanted)} details; try again later: {answer.error}"
                        raise TransientError(said, retry_after_seconds=wait) from answer.error
        return answers

    def _read_identifiers(self, items: Sequence[Any], rows: Rows) -> dict[str, Any]:
        """Items by identifier; those without one are set aside, and an identifier that comes again is asked for once."""
        named: dict[str, Any] = {}
        for item in items:
            try:
                named.setdefault(read_identifier(item, self._options.identifier), item)
            except RecordError as error:
                rows.put_aside(None, item, error)
        return named

    def _ask(self, identifiers: Sequence[str], place: str) -> Answer:
        text = ",".join(quote(each, safe="") for each in identifiers)
        url = self._url.replace("{ids}", text).replace("{id}", text)
        shown = f"{place}, detail of {identifiers[0]!r}" + (f" and {len(identifiers) - 1} more" if len(identifiers) > 1 else "")
        try:
            fetched = self._requester.fetch(Request(url, statuses=frozenset(self._settings.statuses)), shown)
        except (TransientError, PermanentError) as error:
            return Answer(identifiers, error=error)
        return Answer(identifiers, self._read(fetched, identifiers), fetched)

    def _read(self, fetched: Fetched, identifiers: Sequence[str]) -> dict[str, Any]:
        found = fetched.content.find(self._settings.records)
        items = found if isinstance(found, list) else [] if found is None else [found]
        if self._options.included:
            items = embed_included(items, fetched.content)
        if not self._settings.takes_several and self._settings.identifier is None:
            return {identifiers[0]: items[0]} if len(items) == 1 else {}
        records: dict[str, Any] = {}
        for item in items:
            try:
                records.setdefault(read_identifier(item, self._options.detail_identifier), item)
            except RecordError:  # an answer that nobody can be told to have asked for; what was asked for is missed and set aside
                continue
        return records
