"""What is asked of a repository: the options of a source and a window become the arguments of lists and of single records.

``from`` and ``until`` are inclusive in OAI-PMH and half-open here; `date_arguments` is the only place that converts them.
http://www.openarchives.org/OAI/openarchivesprotocol.html#SelectiveHarvestingandDatestamps
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from harvest_assets.errors import PermanentError
from harvest_assets.interfaces import Options
from harvest_assets.model.window import Window

Granularity = Literal["day", "seconds"]
Arguments = dict[str, str]
ListVerb = Literal["ListRecords", "ListIdentifiers"]

_SECOND = timedelta(seconds=1)
_FORMATS: dict[Granularity, str] = {"day": "%Y-%m-%d", "seconds": "%Y-%m-%dT%H:%M:%SZ"}


def _check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("the list is empty; name one at least, or leave the key out")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{repeated[0]!r} is named twice; name each once")
    return names


_Name = Annotated[str, Field(min_length=1)]
_OneOrSeveral = _Name | Annotated[tuple[_Name, ...], AfterValidator(_check_names)]


@dataclass(frozen=True, slots=True)
class Selection:
    """One list of a repository: a metadata prefix and a set, or no set. ``suffix`` follows its identifiers, see ``OaiPmhOptions``."""

    metadata_prefix: str
    set_spec: str | None = None
    suffix: str = ""

    def __str__(self) -> str:
        chosen = "" if self.set_spec is None else f"set {self.set_spec!r}, "
        return f"{chosen}metadata prefix {self.metadata_prefix!r}"


class OaiPmhOptions(Options):
    """What a source with ``protocol: oai-pmh`` may say.

    ``metadata_prefix`` and ``set`` are one or several; each pair is a list of its own. A record in several sets is one record. Different
    prefixes of one item are different records: those of the first prefix keep the identifier of the item, those of another one have
    ``#`` and the prefix behind it.

    ``list: identifiers`` asks for ListIdentifiers and then for each record, ``parallel_records`` at a time. ``date_filter: false`` is for
    repositories whose ``from`` and ``until`` do not work, ``granularity`` for those that say the wrong one, ``total: ignore`` for those
    whose completeListSize is wrong: a list that ends early then goes unnoticed. ``repeat_arguments`` sends the metadata prefix with every
    follow-up request, which the protocol forbids and some repositories want. ``max_pages`` bounds a list that does not end.
    """

    model_config = ConfigDict(populate_by_name=True)

    metadata_prefix: _OneOrSeveral = "oai_dc"
    set_spec: Annotated[_OneOrSeveral | None, Field(alias="set")] = None
    list_of: Annotated[Literal["records", "identifiers"], Field(alias="list")] = "records"
    parallel_records: Annotated[int, Field(ge=1, le=16)] = 4
    date_filter: bool = True
    granularity: Granularity | None = None
    total: Literal["trust", "ignore"] = "trust"
    repeat_arguments: bool = False
    max_pages: Annotated[int, Field(ge=1)] = 1_000_000

    def prefixes(self) -> tuple[str, ...]:
        """The metadata prefixes in their order."""
        return (self.metadata_prefix,) if isinstance(self.metadata_prefix, str) else self.metadata_prefix

    def selections(self) -> list[Selection]:
        """The lists in the order in which they are walked: the sets of the first prefix, then those of the next."""
        sets = self.set_spec if isinstance(self.set_spec, tuple) else (self.set_spec,)
        first, *_ = prefixes = self.prefixes()
        return [Selection(prefix, chosen, "" if prefix == first else f"#{prefix}") for prefix, chosen in product(prefixes, sets)]

    def read_key(self, key: str) -> tuple[str, Selection]:
        """The identifier of the item behind the identifier of a raw record, and where it is asked for."""
        for prefix in self.prefixes()[1:]:
            if key.endswith(f"#{prefix}"):
                return key.removesuffix(f"#{prefix}"), Selection(prefix, suffix=f"#{prefix}")
        return key, Selection(self.prefixes()[0])


def read_granularity(sent: str | None) -> Granularity:
    """Seconds when the repository's pattern has a time in it; days otherwise, which every repository must support."""
    return "seconds" if sent and "T" in sent else "day"


def date_arguments(window: Window, granularity: Granularity) -> Arguments:
    """Inclusive ``from`` and ``until`` that cover a half-open window, and no more than its granularity forces.

    ``from`` is rounded down. ``until`` is the last whole second before the end, or the day of that second.

    Raises:
        PermanentError: The window holds no instant.
    """
    if window.start is not None and window.end is not None and window.start >= window.end:
        raise PermanentError(f"window from {window.start.isoformat()} to {window.end.isoformat()} holds no instant: the end must be later")
    arguments: Arguments = {}
    if window.start is not None:
        arguments["from"] = window.start.astimezone(UTC).strftime(_FORMATS[granularity])
    if window.end is not None:
        arguments["until"] = _last_second_before(window.end.astimezone(UTC)).strftime(_FORMATS[granularity])
    return arguments


def _last_second_before(end: datetime) -> datetime:
    whole = end.replace(microsecond=0)
    return whole if whole < end else whole - _SECOND


def first_arguments(verb: ListVerb, selection: Selection, dates: Arguments) -> Arguments:
    """The request that begins a list."""
    arguments = {"verb": verb, "metadataPrefix": selection.metadata_prefix}
    if selection.set_spec is not None:
        arguments["set"] = selection.set_spec
    return arguments | dates


def follow_up_arguments(verb: ListVerb, selection: Selection, token: str, *, repeat: bool) -> Arguments:
    """The request that goes on with a list: verb and token only, as the protocol wants, unless the source asks for more."""
    arguments = {"verb": verb, "resumptionToken": token}
    if repeat:
        arguments["metadataPrefix"] = selection.metadata_prefix
    return arguments
