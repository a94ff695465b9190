"""One request → one answer that parsed: how it is sent, and what is tried when it cannot be read."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

from harvest_assets.errors import TransientError, UnreadablePageError
from harvest_assets.harvest.json_api.content import BrokenPageError, Content
from harvest_assets.harvest.json_api.paging_options import In
from harvest_assets.harvest.json_api.pointers import put
from harvest_assets.harvest.json_api.repairs import CutPageError, EmptyPageError, read_content
from harvest_assets.interfaces import HttpClient, HttpStatusError, Response

CUT_ATTEMPTS = 3

_JSON = "application/json"
_SERVER_ERROR = 500

_log = logging.getLogger(__name__)


class FailedPageError(UnreadablePageError):
    """The server fails (status 500) at this request, however often it is asked; ``cause`` is the client's error."""

    def __init__(self, message: str, cause: TransientError) -> None:
        super().__init__(message)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; ``body`` is sent by a POST. An answer with one of ``statuses`` (4xx) is an answer like any other."""

    url: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    method: Literal["GET", "POST"] = "GET"
    body: Any = None
    statuses: frozenset[int] = frozenset()

    def holding(self, place: In, values: Mapping[str, Any]) -> "Request":
        """The request with values put into its query, as text, or into its body, at JSON pointers."""
        if place == "query":
            return replace(self, parameters={**self.parameters, **{name: str(value) for name, value in values.items()}})
        body = self.body
        for pointer, value in values.items():
            body = put(body, pointer, value)
        return replace(self, body=body)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer and what it holds."""

    response: Response
    content: Content


class Requester:
    """Asks in the name of one source; several threads may."""

    def __init__(self, client: HttpClient, accept: str) -> None:
        self._client = client
        self._headers = {"Accept": accept}
        self._is_told = False

    def fetch(self, request: Request, place: str) -> Fetched:
        """An answer that parsed; one that is cut off is asked for three times. ``place`` begins the messages about it.

        Raises:
            UnreadablePageError: It cannot be read, is cut off at the same byte each time, or the server fails at it (status 500).
            TransientError: It is empty or cut off at another byte each time, or the client gave up.
            PermanentError: The server refuses.
        """
        cut: list[bytes] = []
        while True:
            response = self._send(request, place)
            try:
                content = read_content(response.body, place)
            except CutPageError as error:
                cut.append(response.body)
                if len(cut) < CUT_ATTEMPTS:
                    continue
                if not isinstance(error, EmptyPageError) and cut.count(cut[0]) == CUT_ATTEMPTS:
                    raise BrokenPageError(
                        f"{error}, {CUT_ATTEMPTS} times the same: the server cannot make the rest", response.body
                    ) from error
                raise
            self._tell(content, place)
            return Fetched(response, content)

    def _send(self, request: Request, place: str) -> Response:
        try:
            if request.method == "GET":
                return self._client.get(request.url, params=request.parameters, headers=self._headers)
            url = request.url
            if request.parameters:
                url += ("&" if "?" in url else "?") + urlencode(request.parameters)
            return self._client.post(url, body=orjson.dumps(request.body), content_type=_JSON, headers=self._headers)
        except HttpStatusError as error:
            if error.response.status in request.statuses:
                return error.response
            raise
        except TransientError as error:
            if error.status == _SERVER_ERROR:
                raise FailedPageError(f"{place}: {error}", error) from error
            raise

    def _tell(self, content: Content, place: str) -> None:
        """Log once per harvest that answers were mended; each page has its own repairs."""
        if content.repairs and not self._is_told:
            self._is_told = True
            _log.warning("%s and perhaps later ones were not JSON: %s", place, ", ".join(content.repairs))
