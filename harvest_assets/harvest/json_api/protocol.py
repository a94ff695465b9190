"""``JsonApi``: lists of JSON records, as the options of the source describe them.

Put here: the answers to the graph. Walking a list is `record_list`, asking for single records `details`.
https://www.rfc-editor.org/rfc/rfc8259
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import ClassVar, cast

from harvest_assets.errors import HarvestError
from harvest_assets.harvest.json_api.details import Details
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.paging import build_pager
from harvest_assets.harvest.json_api.record_list import RecordList
from harvest_assets.harvest.json_api.records import Rows
from harvest_assets.harvest.json_api.requesting import Requester
from harvest_assets.interfaces import HttpClient, Listed, Options, Protocol, Remote, Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window


class JsonApi(Protocol):
    """Harvests one list of JSON records."""

    name: ClassVar[str] = "json"
    version: ClassVar[str] = "2"
    options: ClassVar[type[Options]] = JsonApiOptions

    def __init__(self, target: Target, client: HttpClient) -> None:
        super().__init__(target, client)
        self._options = cast("JsonApiOptions", target.options)
        self._requester = Requester(client, self._options.accept)
        settings = self._options.details
        self._details = None if settings is None else Details(self._options, settings, self._requester, target.url)

    def filters_by_date(self) -> bool:
        """True when the source names the parameters for it."""
        return self._options.date_filter is not None

    def smallest_window(self) -> timedelta:
        """What the format of dates can tell; a filter without an end cannot be cut at all."""
        return super().smallest_window() if self._options.date_filter is None else self._options.date_filter.smallest_window

    def identify(self) -> Remote:
        """JSON over HTTP has no way to ask a server about itself; no request is made."""
        return Remote()

    def list_contents(self) -> Iterator[Listed]:
        """Nothing: there is no standard way to ask."""
        return iter(())

    def pages(self, window: Window, *, position: str | None = None, number: int = 1) -> Iterator[Page]:
        """Pages in the order of the server; without a date filter the window is not sent and the whole list comes.

        An answer that is cut off is asked for three times. A page that cannot be read is asked for in parts where records are counted
        (``offset``, and ``page`` with ``size_parameter``); single records that cannot be read are its holes.
        """
        pager = build_pager(self._options, self.target.source, self.target.url, window)
        return RecordList(self._options, self._requester, pager, self._details).read(position, number)

    def records(self, identifiers: Sequence[str]) -> Iterator[Page]:
        """Single records, where ``details`` says how to ask for them. One that cannot be had is set aside.

        Raises:
            PermanentError: The source has no ``details``, or some answers could not be read; all others were yielded before.
            TransientError: The server did not answer for some.
        """
        if self._details is None:
            yield from super().records(identifiers)
            return
        trouble: HarvestError | None = None
        with closing(self._details.ask_each(identifiers, self.target.source)) as answers:
            for number, answer in enumerate(answers, 1):
                if answer.exchange is None:
                    trouble = trouble or answer.error
                    continue
                rows = Rows(self._options, number, self.target.source)
                for identifier in answer.identifiers:
                    answer.add_to(rows, identifier)
                fetched = answer.fetched
                mended = fetched.content.repairs if fetched else ()
                original = fetched.response.body if fetched and mended else b""
                yield Page(number, rows.batch(), tuple(rows.set_aside), None, None, answer.exchange, mended, original)
        if trouble is not None:
            raise trouble
