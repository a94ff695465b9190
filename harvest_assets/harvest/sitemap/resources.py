"""What is behind addresses: each resource a record, one that cannot be had set aside alone.

When most of them fail because the server does, it is the server's trouble and no record's. https://www.rfc-editor.org/rfc/rfc9110
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import orjson

from harvest_assets.errors import BusyError, PausedError, PermanentError, RefusedError, TransientError
from harvest_assets.harvest.contents.rows import Item, Row, Unread, check_size, read_or_set_aside
from harvest_assets.harvest.sitemap.entries import Entry
from harvest_assets.interfaces import HttpClient, HttpStatusError, Response

_GONE = 410
_LEAST_TO_JUDGE = 5


@dataclass(slots=True)
class Fetcher:
    """Fetches the resources of one page of the list; ``tried`` and ``failed`` count towards its verdict on the server."""

    source: str
    client: HttpClient
    threads: ThreadPoolExecutor
    tried: int = 0
    failed: int = 0
    last: TransientError | None = field(default=None)

    def fetch(self, entries: Sequence[Entry | Unread]) -> list[Item]:
        """An item for each entry, in their order.

        Raises:
            TransientError: At least five failed, and more than half of all that were tried.
        """
        outcomes = list(self.threads.map(self._fetch_one, entries))
        for _, error in outcomes:
            self.tried += 1
            if error is not None:
                self.failed, self.last = self.failed + 1, error
        if self.failed >= _LEAST_TO_JUDGE:
            self.judge()
        return [item for item, _ in outcomes]

    def judge(self) -> None:
        """Say whether the server is at fault; the counts begin again.

        Raises:
            TransientError: More than half of what was tried failed.
        """
        tried, failed, last = self.tried, self.failed, self.last
        if last is not None and failed * 2 > tried:
            raise TransientError(
                f"{self.source}: {failed} of {tried} resources of this page do not answer, the last one: {last}",
                retry_after_seconds=last.retry_after_seconds,
                status=last.status,
            )

    def start_page(self) -> None:
        """Begin to count for another page."""
        self.tried, self.failed, self.last = 0, 0, None

    def _fetch_one(self, entry: Entry | Unread) -> tuple[Item, TransientError | None]:
        if isinstance(entry, Unread):
            return entry, None
        try:
            return fetch_alone(self.client, entry)[1], None
        except (RefusedError, BusyError, PausedError):
            raise
        except TransientError as error:
            return Unread(entry.url, str(error), f"status_{error.status}" if error.status else "no_answer", _describe(entry)), error
        except PermanentError as error:
            return Unread(entry.url, str(error), "not_fetched", _describe(entry)), None


def fetch_alone(client: HttpClient, entry: Entry) -> tuple[Response, Item]:
    """One resource as a record; one that the server refuses is set aside, or deleted when it is gone for good.

    Raises:
        TransientError: It does not answer.
        PermanentError: Its address may not be asked, or it is too large.
    """
    try:
        response = client.get(entry.url)
    except HttpStatusError as error:
        return error.response, _read_refusal(entry, error)
    body = response.body
    return response, read_or_set_aside(lambda: Row(entry.url, entry.lastmod, check_size(body)), body, entry.url)


def describe_entries(entries: Sequence[Entry | Unread]) -> list[Item]:
    """What the sitemap itself says of each address, as JSON."""
    return [entry if isinstance(entry, Unread) else Row(entry.url, entry.lastmod, _describe(entry)) for entry in entries]


def _read_refusal(entry: Entry, error: HttpStatusError) -> Item:
    """410 says that the resource is gone for good; any other status says nothing of the kind."""
    status, body = error.response.status, error.response.body
    if status == _GONE:
        return Row(entry.url, entry.lastmod, b"", deleted=True)
    return Unread(entry.url, str(error), f"status_{status}", body or _describe(entry))


def _describe(entry: Entry) -> bytes:
    fields = {"url": entry.url, "lastmod": entry.lastmod, "changefreq": entry.changefreq, "priority": entry.priority}
    return orjson.dumps({name: value for name, value in fields.items() if value})
