"""Records one by one: GetRecord for each header of ListIdentifiers, or for identifiers that somebody asks for again.

A record that the repository cannot give costs no other: it is set aside with its identifier. When most of them fail because of the
server, nothing is set aside: the server is down. http://www.openarchives.org/OAI/openarchivesprotocol.html#GetRecord
"""

import re
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

import pyarrow as pa

from harvest_assets.errors import BusyError, HarvestError, PausedError, PermanentError, RefusedError, TransientError, UnreadablePageError
from harvest_assets.harvest.oai_pmh.answers import Answer, CutAnswerError, parse_answer, read_verb
from harvest_assets.harvest.oai_pmh.arguments import Arguments, Selection
from harvest_assets.harvest.oai_pmh.errors import OaiPmhError
from harvest_assets.harvest.oai_pmh.records import empty_batch, read_records
from harvest_assets.interfaces import HttpStatusError, Response
from harvest_assets.model.exchange import Exchange
from harvest_assets.model.record import SetAside

DETAIL_ATTEMPTS = 3
DOWN_AFTER = 10
MOST_BYTES = 512 * 2**20  # of the records of one page of headers; Arrow's offsets end at 2 GiB

_GONE = frozenset({404, 410})
_TOO_MANY_REQUESTS = 429
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Asked:
    """A record that is asked for: its identifier at the repository, where, and the page that it belongs to."""

    identifier: str
    selection: Selection
    page: int


@dataclass(frozen=True, slots=True)
class Detail:
    """What came of one request: one row, or one record set aside."""

    batch: pa.RecordBatch
    set_aside: tuple[SetAside, ...]
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class RecordDetails:
    """Asks for records, ``parallel`` at a time."""

    source: str
    fetch: Callable[[Arguments], Response]
    parallel: int

    def fill(self, headers: pa.RecordBatch, page: int, selection: Selection) -> tuple[pa.RecordBatch, tuple[SetAside, ...]]:
        """The records behind headers, in their order; a header that says "deleted" is all there is of its record.

        Raises:
            TransientError: Most records could not be had because of the server.
            UnreadablePageError: The records are too large to be held together.
        """
        identifiers, deleted = headers.column("identifier").to_pylist(), headers.column("deleted").to_pylist()
        asked = [Asked(each, selection, page) for each, gone in zip(identifiers, deleted, strict=True) if not gone]
        rows: list[pa.RecordBatch] = [empty_batch()]
        set_aside: list[SetAside] = []
        size = 0
        with closing(self.ask(asked)) as answers:
            for place, gone in enumerate(deleted):
                header = headers.slice(place, 1)
                answer = None if gone else next(answers)
                if isinstance(answer, HarvestError):
                    one = Asked(identifiers[place], selection, page)
                    set_aside.append(_put_aside(one, answer, _name_failure(answer), header.column("body")[0].as_py()))
                    continue
                rows.append(header if answer is None else answer.batch)
                set_aside += () if answer is None else answer.set_aside
                size += 0 if answer is None else answer.exchange.body_bytes
                if size > MOST_BYTES:
                    raise UnreadablePageError(
                        f"{self.source}: page {page}: its records have more than {MOST_BYTES} bytes together; ask for a shorter window"
                    )
        return pa.concat_batches(rows), tuple(set_aside)

    def ask(self, asked: Sequence[Asked]) -> Generator[Detail | HarvestError]:
        """What came of each request, in order, or what the server did instead.

        Raises:
            TransientError: Most requests failed because of the server, or it asks for a pause.
        """
        failed = 0
        for done, answer in enumerate(self._ask_in_parallel(asked), start=1):
            if isinstance(answer, HarvestError):
                failed += 1
                if _is_down(failed, done, len(asked)):
                    raise TransientError(f"{self.source}: {failed} of {done} records could not be had: {answer}") from answer
            yield answer

    def _ask_in_parallel(self, asked: Sequence[Asked]) -> Generator[Detail | HarvestError]:
        """Answers in order; no more of them are kept waiting than two for each thread."""
        waiting: deque[Future[Detail | HarvestError]] = deque()
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="oai-pmh-record") as pool:
            try:
                for one in asked:
                    waiting.append(pool.submit(self._try, one))
                    if len(waiting) == 2 * self.parallel:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _try(self, asked: Asked) -> Detail | HarvestError:
        """One record; an error that says more about the server than about the record is handed back."""
        try:
            return self.get(asked)
        except (BusyError, PausedError, RefusedError):
            raise
        except (TransientError, PermanentError) as error:
            if isinstance(error, TransientError) and error.status == _TOO_MANY_REQUESTS:
                raise
            return error

    def get(self, asked: Asked) -> Detail:
        """Ask for one record; what is wrong with the record itself sets it aside.

        Raises:
            TransientError: The server fails.
            PermanentError: The server refuses, or answers with something else.
        """
        arguments = {"verb": "GetRecord", "identifier": asked.identifier, "metadataPrefix": asked.selection.metadata_prefix}
        attempt = 1
        while True:
            try:
                response = self.fetch(arguments)
            except HttpStatusError as error:
                if error.response.status not in _GONE:
                    raise
                aside = _put_aside(asked, error, f"http_{error.response.status}", error.response.body)
                return Detail(empty_batch(), (aside,), error.response.exchange)
            try:
                return self._read(asked, response)
            except CutAnswerError as error:
                if attempt == DETAIL_ATTEMPTS:
                    return Detail(empty_batch(), (_put_aside(asked, error, "cut_off", response.body),), response.exchange)
            attempt += 1

    def _read(self, asked: Asked, response: Response) -> Detail:
        try:
            answer = parse_answer(response.body, f"{self.source}: record {asked.identifier!r}")
            batch, set_aside = _pick(asked, answer, response.body)
        except OaiPmhError as error:
            rule = _CAPITAL.sub("_", error.code).lower() or "oai_error"
            batch, set_aside = empty_batch(), (_put_aside(asked, error, rule, response.body),)
        except UnreadablePageError as error:
            batch, set_aside = empty_batch(), (_put_aside(asked, error, "not_well_formed", response.body),)
        return Detail(batch, set_aside, response.exchange)


def _pick(asked: Asked, answer: Answer, body: bytes) -> tuple[pa.RecordBatch, tuple[SetAside, ...]]:
    """The record that was asked for, or why it is not there."""
    batch, set_aside = read_records(answer, read_verb(answer, "GetRecord"), asked.page)
    if batch.column("identifier").to_pylist() == [asked.identifier]:
        return batch, ()
    if set_aside and not batch.num_rows:
        return batch, (replace(set_aside[0], identifier=asked.identifier),)
    found = batch.column("identifier").to_pylist()
    rule, words = ("other_record", f"the answer holds {found[:3]!r}") if found else ("no_record", "the answer holds no record")
    error = PermanentError(f"{answer.place}: {words}")
    return empty_batch(), (_put_aside(asked, error, rule, body),)


def _put_aside(asked: Asked, error: HarvestError, rule: str, body: bytes) -> SetAside:
    return SetAside(asked.identifier, asked.page, "harvest", type(error).__name__, str(error), body, rule)


def _name_failure(error: HarvestError) -> str:
    """The rule under which a record is set aside that the server did not give."""
    status = error.response.status if isinstance(error, HttpStatusError) else getattr(error, "status", None)
    if status is not None:
        return f"http_{status}"
    return "no_answer" if isinstance(error, TransientError) else "other_answer"


def _is_down(failed: int, done: int, asked: int) -> bool:
    """Whether most records failed: early when that is plain, else at the end. One record alone proves nothing."""
    return failed * 2 > done and (failed >= DOWN_AFTER or (done == asked and failed > 1))
