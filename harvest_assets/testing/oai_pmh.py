"""An OAI-PMH 2.0 data provider: arguments in, a response out, for one repository of the universe.

Specification: http://www.openarchives.org/OAI/openarchivesprotocol.html. All six verbs, all eight errors, ``oai_dc`` only. Errors are
answered with HTTP status 200, as the protocol wants; statuses are the business of `faults`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.exchange import XML, Answer
from harvest_assets.testing.faults import Faults, Hits, Refusal, Strike, damage, refuse
from harvest_assets.testing.oai_pmh_arguments import (
    LISTS,
    PREFIX,
    ListRequest,
    OaiError,
    check_prefix,
    read_arguments,
    read_list_request,
    read_verb,
    read_window,
    write_token,
)
from harvest_assets.testing.oai_pmh_xml import DC_NAMESPACE, DC_SCHEMA, write_element, write_header, write_record, write_response
from harvest_assets.testing.paging import Cut, cut_page, list_numbers, page_number
from harvest_assets.testing.records import Record
from harvest_assets.testing.repository import Repository

_NO_ATTRIBUTES = frozenset({"badVerb", "badArgument"})  # the protocol wants the request bare for these
_OK = 200
_FATAL = b"\n<b>Fatal error</b>: allowed memory exhausted\n"


class OaiPmh:
    """Answers OAI-PMH requests for one repository. Records are rendered once and kept until they change."""

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self._repository = repository
        self._base_url = addresses.oai(repository.name)
        self._addresses = addresses
        self._render_kept = lru_cache(maxsize=repository.policy.kept_records)(self._render)

    def answer(self, arguments: Sequence[tuple[str, str]], strike: Strike) -> Answer:
        """Answer a request; ``strike`` says which faults hit the page that it asks for."""
        verb = None
        hits = None
        try:
            verb = read_verb(arguments)
            given = read_arguments(verb, arguments)
            request = read_list_request(verb, given, self._repository) if verb in LISTS else None
            hits = strike(page_number(request.offset, self._repository.page_size) if request else 0)
            if hits.refusal:
                return refuse(hits.refusal)
            content = self._list(request, hits) if request else self._tell(verb, given)
            return damage(self._poison(verb, Answer(200, self._respond(arguments, content), XML), hits.faults), hits)
        except OaiError as error:
            return self._answer_error(error, arguments, hits or strike(0))

    def _answer_error(self, error: OaiError, arguments: Sequence[tuple[str, str]], hits: Hits) -> Answer:
        if hits.refusal:
            return refuse(hits.refusal)
        content = write_element("error", error.message, {"code": error.code}).encode()
        status = hits.faults.empty_status if error.code == "noRecordsMatch" else 200
        shown = () if error.code in _NO_ATTRIBUTES else arguments
        return damage(Answer(status, self._respond(shown, [content]), XML), hits)

    def _poison(self, verb: str, answer: Answer, faults: Faults) -> Answer:
        """An answer with a record that the server cannot write is refused, or stops in the middle of that record."""
        poison = faults.poison if verb == "ListIdentifiers" else (*faults.poison, *faults.broken_metadata)
        places = [answer.body.find(write_element("identifier", each).encode()) for each in poison]
        found = [place for place in places if place >= 0]
        if not found:
            return answer
        if faults.poison_status != _OK:
            return refuse(Refusal(faults.poison_status))
        return replace(answer, body=answer.body[: min(found) + len("<identifier>")] + _FATAL)

    def _respond(self, arguments: Iterable[tuple[str, str]], content: Iterable[bytes]) -> bytes:
        responded_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return write_response(responded_at, self._base_url, dict(arguments), content)

    # -- lists ---------------------------------------------------------------------------------------------------------------------

    def _list(self, request: ListRequest, hits: Hits) -> list[bytes]:
        if "expired_token" in hits.spots:
            raise OaiError("badResumptionToken", "the resumption token has expired; start the list again")
        granularity = "day" if hits.faults.refuses_granularity else self._repository.policy.granularity
        window = read_window(request, granularity)
        numbers = list_numbers(self._repository, window, request.set_spec, hits.faults)
        if not numbers:
            raise OaiError("noRecordsMatch", "no record matches the arguments")
        if request.offset >= len(numbers) and not hits.faults.endless:
            raise OaiError("badResumptionToken", f"the list has {len(numbers)} records and none at {request.offset}; start it again")
        page = cut_page(numbers, request.offset, self._repository.page_size, hits)
        if "empty_page" in hits.spots and not request.is_after_empty:
            page = replace(page, numbers=(), next_offset=request.offset)
        return [f"<{request.verb}>\n".encode(), *self._write_page(request, page, hits), f"\n</{request.verb}>".encode()]

    def _write_page(self, request: ListRequest, page: Cut, hits: Hits) -> list[bytes]:
        redated_at = hits.faults.redated_at
        datestamp = self._repository.format_second(int(redated_at.timestamp())) if redated_at else None
        is_full = request.verb == "ListRecords"
        revision = self._repository.revision
        written = [self._render_kept(number, revision(number), datestamp, is_full=is_full) for number in page.numbers]
        if "unreadable_record" in hits.spots and written:
            written[0] = self._render(page.numbers[0], 0, datestamp, is_full=is_full, is_readable=False)
        return [*written, self._write_token(request, page)]

    def _write_token(self, request: ListRequest, page: Cut) -> bytes:
        if page.next_offset is None and not request.is_resumed:
            return b""  # the whole list fits on one page
        is_empty = not page.numbers and page.next_offset == request.offset
        token = "" if page.next_offset is None else write_token(request, page.next_offset, self._repository, after_empty=is_empty)
        attributes = {"cursor": str(request.offset)}
        if page.announced_total is not None:
            attributes = {"completeListSize": str(page.announced_total), **attributes}
        return write_element("resumptionToken", token, attributes).encode()

    def _render(self, number: int, revision: int, datestamp: str | None, *, is_full: bool, is_readable: bool = True) -> bytes:  # noqa: ARG002 - the revision is part of the key under which the result is kept
        record = self._repository.record_at(number)
        if not is_full:
            return write_header(record, datestamp, without_identifier=not is_readable).encode()
        header = write_header(record, datestamp) if is_readable else ""
        return self._write_record(record, header).encode()

    def _write_record(self, record: Record, header: str) -> str:
        page = self._addresses.landing_page(self._repository.name, record.identifier)
        return write_record(record, header, page, self._addresses.files_of(record.content.files))

    # -- the other verbs -----------------------------------------------------------------------------------------------------------

    def _tell(self, verb: str, arguments: dict[str, str]) -> list[bytes]:
        tellers = {"Identify": self._identify, "ListMetadataFormats": self._list_formats, "ListSets": self._list_sets}
        content = tellers.get(verb, self._get_record)(arguments)
        return [f"<{verb}>{content}</{verb}>".encode()]

    def _identify(self, _arguments: dict[str, str]) -> str:
        policy = self._repository.policy
        facts = (
            ("repositoryName", f"Repository {self._repository.name}"),
            ("baseURL", self._base_url),
            ("protocolVersion", "2.0"),
            ("adminEmail", "admin@example.org"),
            ("earliestDatestamp", self._repository.earliest_datestamp()),
            ("deletedRecord", policy.deleted_record),
            ("granularity", "YYYY-MM-DD" if policy.granularity == "day" else "YYYY-MM-DDThh:mm:ssZ"),
        )
        return "".join(write_element(name, value) for name, value in facts)

    def _list_formats(self, arguments: dict[str, str]) -> str:
        identifier = arguments.get("identifier")
        if identifier is not None:
            self._check_known(identifier)
            if self._repository.record(identifier).deleted:
                raise OaiError("noMetadataFormats", f"record {identifier!r} is deleted and has no metadata")
        facts = (("metadataPrefix", PREFIX), ("schema", DC_SCHEMA), ("metadataNamespace", DC_NAMESPACE))
        return f"<metadataFormat>{''.join(write_element(name, value) for name, value in facts)}</metadataFormat>"

    def _list_sets(self, arguments: dict[str, str]) -> str:
        if "resumptionToken" in arguments:
            raise OaiError("badResumptionToken", "the list of sets has one page and no tokens")
        if not self._repository.policy.sets:
            raise OaiError("noSetHierarchy", "this repository has no sets")
        specs = self._repository.policy.sets
        return "".join(f"<set>{write_element('setSpec', spec)}{write_element('setName', f'The set {spec}')}</set>" for spec in specs)

    def _get_record(self, arguments: dict[str, str]) -> str:
        self._check_known(arguments["identifier"])
        check_prefix(arguments["metadataPrefix"])
        record = self._repository.record(arguments["identifier"])
        return self._write_record(record, write_header(record))

    def _check_known(self, identifier: str) -> None:
        if not self._repository.has(identifier):
            raise OaiError("idDoesNotExist", f"no record {identifier!r} is known here")
