"""What is asked of a repository: the options of a source and a window become the arguments of ListRecords.

``from`` and ``until`` are inclusive in OAI-PMH and half-open here; `date_arguments` is the only place that converts them.
http://www.openarchives.org/OAI/openarchivesprotocol.html#SelectiveHarvestingandDatestamps
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from harvest_assets.errors import PermanentError
from harvest_assets.interfaces import Options
from harvest_assets.model.window import Window

Granularity = Literal["day", "seconds"]

_SECOND = timedelta(seconds=1)
_FORMATS: dict[Granularity, str] = {"day": "%Y-%m-%d", "seconds": "%Y-%m-%dT%H:%M:%SZ"}


class OaiPmhOptions(Options):
    """What a source with ``protocol: oai-pmh`` may say.

    ``date_filter: false`` is for repositories whose ``from`` and ``until`` do not work. ``repeat_arguments`` sends the metadata prefix with
    every follow-up request, which the protocol forbids and some repositories want. ``max_pages`` bounds a list that does not end.
    """

    model_config = ConfigDict(populate_by_name=True)

    metadata_prefix: Annotated[str, Field(min_length=1)] = "oai_dc"
    set_spec: Annotated[str | None, Field(alias="set")] = None
    date_filter: bool = True
    repeat_arguments: bool = False
    max_pages: Annotated[int, Field(ge=1)] = 1_000_000


def read_granularity(sent: str | None) -> Granularity:
    """Seconds when the repository's pattern has a time in it; days otherwise, which every repository must support."""
    return "seconds" if sent and "T" in sent else "day"


def date_arguments(window: Window, granularity: Granularity) -> dict[str, str]:
    """Inclusive ``from`` and ``until`` that cover a half-open window, and no more than its granularity forces.

    ``from`` is rounded down. ``until`` is the last whole second before the end, or the day of that second.

    Raises:
        PermanentError: The window holds no instant.
    """
    if window.start is not None and window.end is not None and window.start >= window.end:
        raise PermanentError(f"window from {window.start.isoformat()} to {window.end.isoformat()} holds no instant: the end must be later")
    arguments: dict[str, str] = {}
    if window.start is not None:
        arguments["from"] = window.start.astimezone(UTC).strftime(_FORMATS[granularity])
    if window.end is not None:
        arguments["until"] = _last_second_before(window.end.astimezone(UTC)).strftime(_FORMATS[granularity])
    return arguments


def _last_second_before(end: datetime) -> datetime:
    whole = end.replace(microsecond=0)
    return whole if whole < end else whole - _SECOND


def first_arguments(options: OaiPmhOptions, dates: dict[str, str]) -> dict[str, str]:
    """The request that begins a list."""
    arguments = {"verb": "ListRecords", "metadataPrefix": options.metadata_prefix}
    if options.set_spec is not None:
        arguments["set"] = options.set_spec
    return arguments | dates


def follow_up_arguments(options: OaiPmhOptions, token: str) -> dict[str, str]:
    """The request that goes on with a list: verb and token only, as the protocol wants, unless the source asks for more."""
    arguments = {"verb": "ListRecords", "resumptionToken": token}
    if options.repeat_arguments:
        arguments["metadataPrefix"] = options.metadata_prefix
    return arguments
