"""``OaiPmh``: what a repository says of itself, its sets, and its records page by page.

Put here: which requests make up an answer to the graph. What to ask is in `arguments`, walking a list in `record_list`.
http://www.openarchives.org/OAI/openarchivesprotocol.html#ProtocolMessages
"""

from collections.abc import Iterator
from typing import ClassVar, cast

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.oai_pmh.ahead import Arguments, FetchAhead
from harvest_assets.harvest.oai_pmh.answers import Answer, Element, names_an_error, parse_answer, read_verb
from harvest_assets.harvest.oai_pmh.arguments import Granularity, OaiPmhOptions, date_arguments, first_arguments, read_granularity
from harvest_assets.harvest.oai_pmh.errors import NoSetHierarchyError
from harvest_assets.harvest.oai_pmh.record_list import RecordList
from harvest_assets.harvest.oai_pmh.records import read_token
from harvest_assets.interfaces import HttpClient, HttpStatusError, Listed, Options, Protocol, Remote, Response, Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window


class OaiPmh(Protocol):
    """Harvests ListRecords of one repository, metadata prefix and set."""

    name: ClassVar[str] = "oai-pmh"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = OaiPmhOptions

    def __init__(self, target: Target, client: HttpClient) -> None:
        super().__init__(target, client)
        self._options = cast("OaiPmhOptions", target.options)
        self._granularity: Granularity | None = None

    def filters_by_date(self) -> bool:
        """True, unless the source says that ``from`` and ``until`` do not work there."""
        return self._options.date_filter

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
        self._granularity = read_granularity(remote.granularity)
        return remote

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
        """ListRecords with ``from`` and ``until`` at the granularity of the repository, one page fetched ahead.

        Without a date filter the window is not sent and the whole list comes. A page that is cut off is asked for three times.
        """
        with FetchAhead(self._fetch) as ahead:
            records = RecordList(self.target.source, self._options, ahead)
            if position is not None:
                yield from records.resume(position, number)
            else:
                yield from records.begin(self._first_arguments(window), number)

    def _first_arguments(self, window: Window) -> Arguments:
        is_open = window.start is None and window.end is None
        if is_open or not self._options.date_filter:
            return first_arguments(self._options, {})
        if self._granularity is None:
            self.identify()
        return first_arguments(self._options, date_arguments(window, self._granularity or "day"))

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
