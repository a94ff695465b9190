"""What the doctor finds out of OAI-PMH repositories, well-behaved and otherwise, and the source that follows."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from harvest_assets.config.sources import Source
from harvest_assets.errors import TransientError
from harvest_assets.stages.doctor.asking import Bounds
from harvest_assets.testing import Faults, Refusal, Spot, Universe
from harvest_assets_tests.stages.doctor.conftest import Asked, Diagnose, Reply, Site

Walk = Callable[[Source], list[str]]

DELETED_AT = datetime(2026, 2, 1, 12, tzinfo=UTC)


def test_a_repository_that_keeps_the_protocol_needs_no_more_than_its_prefix(library: Universe, examine: Diagnose, walk: Walk) -> None:
    seen = examine(library.oai_url("library"))
    assert seen.diagnosis.protocol == "oai-pmh"
    assert seen.diagnosis.content["title"] == "Repository library"
    assert seen.options == {"metadata_prefix": "oai_dc"}
    assert seen.warned == set()
    assert seen["repository/granularity"].answer == "YYYY-MM-DDThh:mm:ssZ"
    assert seen["repository/metadata prefixes"].answer == "oai_dc; oai_dc is read"
    assert seen["repository/sets"].answer == "3: articles, books, images"
    assert seen["list/page size"].answer == "20 records"
    assert seen["list/resumption token"].answer == "asked twice, the same page"
    assert seen["list/token later"].answer.endswith("the same page")
    assert seen["list/total"].answer == "honest: 60 announced and received"
    assert seen["list/end"].answer == "reached: 60 records on 3 pages"
    assert [seen[f"dates/{name}"].answer for name in ("from in seconds", "from and until in days")] == ["works", "works"]
    assert seen["dates/bounds"].answer == "inclusive, as the protocol wants"
    assert len(set(walk(seen.source))) == 60


def test_the_sample_is_counted_by_day_and_field(library: Universe, examine: Diagnose) -> None:
    profile = examine(library.oai_url("library")).diagnosis.profile
    assert (profile.records, profile.distinct, profile.documents, profile.deleted, profile.set_aside) == (60, 60, 60, 0, 0)
    assert len(profile.days) == 30
    assert {number for _, number in profile.days} == {2}
    covered = {each.field: each.documents for each in profile.coverage}
    assert covered["title"] == covered["rights"] == covered["datestamp"] == 60
    assert 0 < covered["files"] < 60
    assert profile.sizes is not None
    assert 0 < profile.sizes.smallest <= profile.sizes.median <= profile.sizes.most <= profile.sizes.largest


def test_a_repository_of_days_is_not_asked_for_seconds(library: Universe, examine: Diagnose) -> None:
    seen = examine(library.oai_url("museum"))
    assert seen["dates/from in days"].answer == "works"
    assert "dates/from in seconds" not in seen
    assert seen["repository/sets"].answer == "none"
    assert seen["repository/deletions"].answer.startswith("declared no, 0 deleted records in the sample")
    assert seen.options == {"metadata_prefix": "oai_dc"}


def test_seconds_that_are_promised_and_refused_become_days(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(refuses_granularity=True))
    seen = examine(library.oai_url("library"))
    assert seen["dates/from in seconds"].answer.startswith("is refused: badArgument")
    assert seen["dates/from and until in days"].answer == "works"
    assert seen.options["granularity"] == "day"
    assert seen.source.slug == "seen"


def test_a_date_filter_that_means_nothing_is_not_used(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(ignores_window=True))
    seen = examine(library.oai_url("library"))
    assert seen["dates/from in seconds"].answer == "is ignored: records from outside come too"
    assert seen["dates/decision"].answer == "the whole list is asked for every time: options.date_filter is false"
    assert seen.options == {"metadata_prefix": "oai_dc", "date_filter": False}


def test_a_list_that_fits_on_one_day_is_probed_from_before_it(site: Site, examine: Diagnose) -> None:
    """Every record has the same datestamp, so only a date before all of them tells whether dates mean anything."""
    site.respond = _repository(lambda _: _records(3))
    seen = examine(f"{site.url}/oai")
    assert seen["dates/from in days"].answer == "is ignored: records from outside come too"
    assert [asked.arguments["until"] for asked in site.asked if "until" in asked.arguments and "from" not in asked.arguments] == [
        "2026-01-03"
    ]
    assert seen.options["date_filter"] is False


def test_seconds_that_lose_records_become_days_where_those_do_not(site: Site, examine: Diagnose) -> None:
    """A repository that compares texts: the day 2026-01-05 is before its own midnight."""

    def listed(arguments: dict[str, str]) -> str:
        first, last = arguments.get("from", ""), arguments.get("until", "9")
        found = [_records(1, first=day, day=f"2026-01-{day:02d}") for day in range(1, 8) if first <= f"2026-01-{day:02d}" <= last]
        joined = "".join(each.removeprefix("<ListRecords>").partition("<resumptionToken>")[0] for each in found)
        return f"<ListRecords>{joined}</ListRecords>" if joined else '<error code="noRecordsMatch">none</error>'

    site.respond = _repository(listed, granularity="YYYY-MM-DDThh:mm:ssZ")
    seen = examine(f"{site.url}/oai")
    assert seen["dates/from in seconds"].answer == "works"
    assert "dates/bounds" in seen.warned
    assert seen["dates/from and until in days"].answer == "works"
    assert seen.options["granularity"] == "day"


def test_a_window_that_the_token_forgets_is_told(site: Site, examine: Diagnose) -> None:
    def listed(arguments: dict[str, str]) -> str:
        if "resumptionToken" in arguments:
            return _records(2, first=2, day="2026-01-02")
        return _records(2, following="more", day="2026-01-09")

    site.respond = _repository(listed)
    seen = examine(f"{site.url}/oai")
    assert seen["dates/from in days"].answer == "holds for the first page only: the token leads to records from outside"
    assert seen.options["date_filter"] is False


def test_an_exclusive_until_is_told(site: Site, examine: Diagnose) -> None:
    def listed(arguments: dict[str, str]) -> str:
        is_empty = "until" in arguments and arguments["until"] <= "2026-01-05"
        return '<error code="noRecordsMatch">none</error>' if is_empty else _records(3)

    site.respond = _repository(listed)
    seen = examine(f"{site.url}/oai")
    assert seen["dates/from in days"].answer == "works"
    assert seen["dates/bounds"].answer == "a record is not found between its own datestamp and itself: windows would lose records"
    assert seen["dates/bounds"].standing == "warning"


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (25, "85 announced, 60 received; while it announces more than it sends, no harvest counts as complete"),
        (-25, "35 announced, 60 received; it announces less than it sends: its total means nothing"),
    ],
)
def test_a_total_that_lies_is_told_by_how_much(library: Universe, examine: Diagnose, lie: int, words: str) -> None:
    library.faults("library", Faults(lying_total=lie))
    seen = examine(library.oai_url("library"))
    assert seen["list/total"].answer.startswith(words)
    assert seen.warned == {"list/total"}


def test_a_total_that_is_not_said_is_no_fault(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(hidden_total=True))
    seen = examine(library.oai_url("library"))
    assert (seen["list/total"].standing, seen.warned) == ("note", set())
    assert seen["list/total"].answer.startswith("not announced")


def test_a_list_without_end_is_left_and_told(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(endless="last_page"))
    seen = examine(library.oai_url("library"))
    assert "the list does not end" in seen["list/end"].answer
    assert seen["list/identifiers"].answer.startswith("20 records repeat an identifier: oai:library.example:0000040 (2 times)")
    assert seen.diagnosis.profile.repeated[0] == ("oai:library.example:0000040", 2)


def test_a_token_that_repeats_and_one_that_expires_are_told(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(repeated_token=Spot()))
    assert examine(library.oai_url("library"))["list/resumption token"].answer.startswith("repeats: the second page hands out the token")
    library.faults("library", Faults(expired_token=Spot()))
    expired = examine(library.oai_url("library"))
    assert expired["list/resumption token"].answer.startswith("the second page: badResumptionToken")
    assert expired["list/end"].answer.startswith("20 records on 1 page, then: ")


def test_a_token_that_works_once_is_told(site: Site, examine: Diagnose) -> None:
    used: list[str] = []

    def listed(arguments: dict[str, str]) -> str:
        token = arguments.get("resumptionToken")
        if token is None:
            return _records(2, following=f"t{len(used)}")
        if token in used:
            return '<error code="badResumptionToken">used up</error>'
        used.append(token)
        return _records(2, first=2)

    site.respond = _repository(listed)
    seen = examine(f"{site.url}/oai")
    assert seen["list/resumption token"].answer == "works once; asked again: badResumptionToken: 'used up'"
    assert seen["list/token later"].answer.endswith("badResumptionToken: 'used up'")


def test_a_repository_that_wants_the_prefix_again_gets_it(site: Site, examine: Diagnose, walk: Walk) -> None:
    def listed(arguments: dict[str, str]) -> str:
        if "metadataPrefix" not in arguments:
            return '<error code="badArgument">Missing metadataPrefix</error>'
        return _records(2, first=2) if "resumptionToken" in arguments else _records(2, following="more")

    site.respond = _repository(listed)
    seen = examine(f"{site.url}/oai")
    assert seen.options["repeat_arguments"] is True
    assert "list/follow-up requests" in seen.warned
    assert walk(seen.source) == ["r0", "r1", "r2", "r3"]


def test_deletions_that_are_declared_and_those_that_are_seen(library: Universe, examine: Diagnose) -> None:
    repository = library.repository("library")
    repository.delete("oai:library.example:0000003", at=DELETED_AT)
    try:
        seen = examine(library.oai_url("library"))
    finally:
        repository.restore("oai:library.example:0000003", at=DELETED_AT)
    assert seen["repository/deletions"].answer == "declared persistent, 1 deleted record in the sample"
    assert (seen.diagnosis.profile.deleted, seen.diagnosis.profile.documents) == (1, 59)


def test_illegal_bytes_and_records_without_a_header_are_told(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(illegal_characters=Spot()))
    assert "illegal characters were dropped" in examine(library.oai_url("library"))["list/first page"].answer
    library.faults("library", Faults(unreadable_record=Spot(2)))
    seen = examine(library.oai_url("library"))
    assert seen["list/records set aside"].answer == "1 record that cannot be read: no_header (1)"
    (aside,) = seen.diagnosis.profile.asides
    assert (aside.rule, aside.records) == ("no_header", 1)
    assert "<metadata>" in aside.sample


def test_a_server_that_works_half_the_time_gives_half_a_report(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(refusals=(Refusal(503, page=2),)))
    seen = examine(library.oai_url("library"))
    assert "status 503" in seen["list/end"].answer
    assert seen["transport/busy"].answer.endswith("answers with status 429 or 503; ask more slowly")
    assert seen.diagnosis.profile.records == 20


def test_a_server_that_does_not_work_is_asked_again_later(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(refusals=(Refusal(500),)))
    with pytest.raises(TransientError, match=r"status 500, .*; the server does not work now, try again later"):
        examine(library.oai_url("library"))


def test_verb_prefix_and_set_in_the_address_are_read_out_of_it(library: Universe, examine: Diagnose, walk: Walk) -> None:
    base = library.oai_url("library")
    seen = examine(f"{base}?verb=ListRecords&metadataPrefix=oai_dc&set=books&from=2026-01-01")
    assert seen.diagnosis.url == base
    assert seen.options == {"metadata_prefix": "oai_dc", "set": "books"}
    assert 0 < len(walk(seen.source)) < 60


def test_a_prefix_that_nobody_reads_is_told_and_dublin_core_is_tried(site: Site, examine: Diagnose) -> None:
    site.respond = _repository(lambda _: _records(1), prefixes=("marcxml", "mods"))
    seen = examine(f"{site.url}/oai?verb=ListRecords&metadataPrefix=mods")
    assert seen["repository/metadata prefixes"].answer.startswith("marcxml, mods; no extractor reads any of them, installed are ")
    assert seen.options["metadata_prefix"] == "oai_dc"


def test_an_empty_repository_still_gives_a_file(site: Site, examine: Diagnose) -> None:
    site.respond = _repository(lambda _: '<error code="noRecordsMatch">none</error>')
    seen = examine(f"{site.url}/oai")
    assert seen["list/end"].answer == "reached: 0 records on 1 page"
    assert seen["dates/date filter"].answer == "not found out: no record has a datestamp to ask around"
    assert seen.source.url == f"{site.url}/oai"


def test_no_more_is_asked_than_the_bounds_allow(library: Universe, examine: Diagnose) -> None:
    library.clear_requests()
    seen = examine(library.oai_url("library"), bounds=Bounds(requests=8))
    assert len(library.requests) <= 8
    assert "the 8 requests of an examination are used up" in seen["dates/from in seconds"].answer
    assert seen["dates/from in seconds"].standing == "unknown"
    assert seen.options == {"metadata_prefix": "oai_dc"}


def test_no_more_records_are_looked_at_than_wanted(library: Universe, examine: Diagnose) -> None:
    seen = examine(library.oai_url("library"), records=30)
    assert seen.diagnosis.profile.records == 30
    assert seen["list/end"].answer == "not reached: 30 records on 2 pages; 30 records were enough for a sample"
    assert seen["list/total"].answer == "60 announced, 30 received before the list was left"


# -- a repository that a test writes ---------------------------------------------------------------------------------------------------


def _repository(
    listed: Callable[[dict[str, str]], str], prefixes: tuple[str, ...] = ("oai_dc",), granularity: str = "YYYY-MM-DD"
) -> Callable[[Asked], Reply]:
    """A repository of days; ``listed`` answers ListRecords with what stands in the envelope."""
    identify = (
        "<Identify><repositoryName>Small</repositoryName><protocolVersion>2.0</protocolVersion>"
        f"<earliestDatestamp>2026-01-01</earliestDatestamp><deletedRecord>no</deletedRecord><granularity>{granularity}</granularity></Identify>"
    )
    formats = "".join(f"<metadataFormat><metadataPrefix>{each}</metadataPrefix></metadataFormat>" for each in prefixes)
    answers = {
        "Identify": identify,
        "ListMetadataFormats": f"<ListMetadataFormats>{formats}</ListMetadataFormats>",
        "ListSets": '<error code="noSetHierarchy">none</error>',
    }

    def respond(asked: Asked) -> Reply:
        if asked.path != "/oai":
            return Reply("nothing here", 404)
        verb = asked.arguments.get("verb", "")
        content = listed(asked.arguments) if verb == "ListRecords" else answers.get(verb, '<error code="badVerb">no verb</error>')
        return Reply(f'<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{content}</OAI-PMH>')

    return respond


def _records(number: int, *, first: int = 0, following: str = "", day: str = "2026-01-05") -> str:
    dublin_core = (
        '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>One</dc:title></oai_dc:dc>"
    )
    records = "".join(
        f"<record><header><identifier>r{each}</identifier><datestamp>{day}</datestamp></header><metadata>{dublin_core}</metadata></record>"
        for each in range(first, first + number)
    )
    return f"<ListRecords>{records}<resumptionToken>{following}</resumptionToken></ListRecords>"
