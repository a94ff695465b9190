"""``OaiPmh``: what a repository says of itself, its sets, and its records page by page.

Put here: which requests make up an answer to the graph. What to ask is in `arguments`, walking a list in `record_list`, several of them in
`several_lists`, single records in `details`. http://www.openarchives.org/OAI/openarchivesprotocol.html#ProtocolMessages
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import ClassVar, cast

from harvest_assets.errors import HarvestError, PermanentError
from harvest_assets.harvest.oai_pmh.ahead import FetchAhead
from harvest_assets.harvest.oai_pmh.answers import Answer, Element, names_an_error, parse_answer, read_verb
from harvest_assets.harvest.oai_pmh.arguments import Arguments, Granularity, OaiPmhOptions, Selection, read_granularity
from harvest_assets.harvest.oai_pmh.availability import START_BYTES, build_identify_url, require_identify
from harvest_assets.harvest.oai_pmh.date_filter import DateFilter
from harvest_assets.harvest.oai_pmh.details import Asked, RecordDetails
from harvest_assets.harvest.oai_pmh.errors import NoSetHierarchyError
from harvest_assets.harvest.oai_pmh.record_list import ListRequest, RecordList
from harvest_assets.harvest.oai_pmh.records import read_token
from harvest_assets.harvest.oai_pmh.several_lists import SeveralLists, add_suffix
from harvest_assets.interfaces import HttpClient, HttpStatusError, Listed, Options, Protocol, Remote, Response, Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window


class OaiPmh(Protocol):
    """Harvests one repository: its sets and metadata prefixes as lists of records, or of identifiers and then record by record."""

    name: ClassVar[str] = "oai-pmh"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = OaiPmhOptions

    def __init__(self, target: Target, client: HttpClient) -> None:
        super().__init__(target, client)
        self._options = cast("OaiPmhOptions", target.options)
        self._dates = DateFilter(self._options, self._ask_granularity)
        self._details = RecordDetails(target.source, self._fetch, self._options.parallel_records)

    def filters_by_date(self) -> bool:
        """True, unless the source says that ``from`` and ``until`` do not work there."""
        return self._options.date_filter

    def smallest_window(self) -> timedelta:
        """A second or a day: the granularity of the source, or what the repository promised and did not refuse."""
        return self._dates.smallest_window()

    def identify(self) -> Remote:
        """Identify: one request; the granularity of dates is remembered for `pages`."""
        response = self._fetch({"verb": "Identify"})
        answer = parse_answer(response.body, f"{self.target.source}: Identify")
        said = read_verb(answer, "Identify")
        remote = Remote(
            granularity=_read_text(answer, said, "granularity"),
            deleted_record=_read_text(answer, said, "deletedRecord"),
            earliest_datestamp=_read_text(answer, said, "earliestDatestamp"),
            title=_read_text(answer, said, "repositoryName"),
            exchanges=(response.exchange,),
        )
        self._dates.learn(read_granularity(remote.granularity))
        return remote

    def check_available(self) -> None:
        """Identify, its first bytes only; an answer that is not OAI-PMH is none."""
        require_identify(self.target.source, self.client.fetch_start(build_identify_url(self.target.url), size=START_BYTES))

    def list_contents(self) -> Iterator[Listed]:
        """ListSets: the sets of the repository in its order, nothing when it has none."""
        arguments: Arguments | None = {"verb": "ListSets"}
        seen: set[str | None] = {None}
        while arguments is not None:
            answer = parse_answer(self._fetch(arguments).body, f"{self.target.source}: ListSets")
            try:
                listed = read_verb(answer, "ListSets")
            except NoSetHierarchyError:
                return
            yield from _read_sets(answer, listed)
            token = read_token(answer, listed).value
            if token is not None and token in seen:
                raise PermanentError(f"{answer.place}: the resumption token {token!r} repeats: the list of sets does not end")
            seen.add(token)
            arguments = {"verb": "ListSets", "resumptionToken": token} if token is not None else None

    def pages(self, window: Window, *, position: str | None = None, number: int = 1) -> Iterator[Page]:
        """The list, or the lists one after the other, with ``from`` and ``until``, one page fetched ahead.

        The position of a single list is its resumption token. Without a date filter the window is not sent and the whole list comes. A
        page that is cut off is asked for three times; where it ends at the same byte each time it is unreadable.
        """
        yield from self._walk(window, position, number, is_detailed=self._options.list_of == "identifiers")

    def one_by_one(self, window: Window, *, number: int = 1) -> Iterator[Page]:
        """ListIdentifiers and GetRecord for each, whatever the source's ``list`` says; what the repository cannot give is set aside."""
        yield from self._walk(window, None, number, is_detailed=True)

    def records(self, identifiers: Sequence[str]) -> Iterator[Page]:
        """GetRecord for each identifier, a page for each, in their order; what is wrong with a record sets it aside on its page.

        Raises:
            TransientError: After all others came, the first failure of the server; at once, when most requests fail.
            PermanentError: After all others came, the first answer that is none.
        """
        asked = [Asked(*self._options.read_key(key), number) for number, key in enumerate(identifiers, start=1)]
        failure: HarvestError | None = None
        with closing(self._details.ask(asked)) as answers:
            for one, answer in zip(asked, answers, strict=True):
                if isinstance(answer, HarvestError):
                    failure = failure or answer
                else:
                    yield add_suffix(Page(one.page, answer.batch, answer.set_aside, None, None, answer.exchange), one.selection)
        if failure is not None:
            raise failure

    def _walk(self, window: Window, position: str | None, number: int, *, is_detailed: bool) -> Iterator[Page]:
        selections = self._options.selections()
        with FetchAhead(self._fetch) as ahead:

            def open_list(selection: Selection) -> RecordList:
                details = partial(self._details.fill, selection=selection) if is_detailed else None
                return RecordList(self.target.source, self._options, ListRequest(selection, window, self._dates, details), ahead)

            if len(selections) > 1:
                yield from SeveralLists(self.target.source, selections, open_list).pages(position, number)
            elif position is None:
                yield from open_list(selections[0]).begin(number)
            else:
                yield from open_list(selections[0]).resume(position, number)

    def _ask_granularity(self) -> Granularity:
        return read_granularity(self.identify().granularity)

    def _fetch(self, arguments: Arguments) -> Response:
        """One answer; an HTTP error whose body is an OAI-PMH error counts as an answer."""
        try:
            return self.client.get(self.target.url, params=arguments)
        except HttpStatusError as error:
            if names_an_error(error.response.body):
                return error.response
            raise


def _read_sets(answer: Answer, listed: Element) -> Iterator[Listed]:
    for element in listed.iterchildren(answer.namespace + "set"):
        identifier = _read_text(answer, element, "setSpec")
        if identifier is not None:
            yield Listed(identifier, _read_text(answer, element, "setName") or identifier, "set")


def _read_text(answer: Answer, element: Element, name: str) -> str | None:
    return (element.findtext(answer.namespace + name) or "").strip() or None
