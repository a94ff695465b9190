"""Pages that were cut, spliced and flipped: no crash, no silent loss.

The invariant, for a page of the universe whose bytes were mutated. Either it is raised as a ``HarvestError``; or, of all records whose
whole ``<identifier>`` element is still in the bytes, those that no row and nothing set aside holds are at most as many as the page's
holes and the records set aside without an identifier (both make the harvest incomplete). And rows, records in bytes set aside and holes
are together at least as many as the start tags of records (headers, for ListIdentifiers) in the bytes. Only what lost its tags
altogether may be missing: the announced total shows it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.errors import HarvestError
from harvest_assets.harvest.oai_pmh import OaiPmh, OaiPmhOptions
from harvest_assets.interfaces import HttpClient, Response, Target
from harvest_assets.model.exchange import Exchange
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window
from harvest_assets.testing import Repository
from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.faults import Hits
from harvest_assets.testing.oai_pmh import OaiPmh as Responder

RECORDS = 8
VERBS = {"records": ("ListRecords", b"record"), "identifiers": ("ListIdentifiers", b"header")}
IDENTIFIER = re.compile(rb"<identifier>(oai:library\.example:\d{7})</identifier>")
HOLE = re.compile(r"page 1: (\d+) records")
RANDOM_CASES = 250

Mutation = Callable[[bytes], bytes]


@cache
def responder() -> Responder:
    repository = Repository.generate("library", RECORDS + 3, seed=11, page_size=RECORDS)
    for number in (2, 5):
        repository.delete(f"oai:library.example:{number:07d}", at=datetime(2026, 1, 3, tzinfo=UTC))
    return Responder(repository, Addresses("http://127.0.0.1:1"))


def ask(arguments: Mapping[str, str]) -> bytes:
    return responder().answer(list(arguments.items()), lambda _: Hits()).body


class Canned(HttpClient):
    """Answers the request that begins a list with given bytes, everything else as the repository does."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def get(self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Response:
        asked = dict(params or {})
        begins = asked["verb"] != "GetRecord" and "resumptionToken" not in asked
        body = self._body if begins else ask(asked)
        return Response(url, 200, headers or {}, body, Exchange("GET", url, url, 200, len(body), datetime.now(UTC), 0.0, 1))

    def post(self, url: str, *, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
        raise AssertionError(f"nothing is posted: {url} {body!r} {content_type} {headers}")

    def head(self, url: str) -> Response:
        raise AssertionError(f"nobody asks for headers: {url}")

    def fetch_start(self, url: str, *, size: int) -> Response:
        raise AssertionError(f"nobody asks for a start: {url} {size}")


def read(body: bytes, kind: str) -> Page | None:
    """The first page, or nothing when it is refused."""
    protocol = OaiPmh(Target("library", "http://127.0.0.1:1", OaiPmhOptions.model_validate({"list": kind})), Canned(body))
    pages = protocol.pages(Window())
    try:
        return next(pages)
    except HarvestError:
        return None
    finally:
        pages.close()


def check(body: bytes, kind: str) -> bool:
    """The invariant; whether the page was read."""
    page = read(body, kind)
    if page is None:
        return False
    named = {each.identifier for each in page.set_aside} | set(page.records.column("identifier").to_pylist())
    kept = b"".join(each.body for each in page.set_aside)
    holes = sum(int(found) for each in page.holes for found in HOLE.findall(each))
    lost = [found for found in set(IDENTIFIER.findall(body)) if found.decode() not in named and found not in kept]
    unidentified = sum(each.identifier is None for each in page.set_aside)
    assert len(lost) <= holes + unidentified
    start = re.compile(rb"<" + VERBS[kind][1] + rb"[\s>/]")
    aside = sum(max(1, len(start.findall(each.body))) for each in page.set_aside)
    assert page.records.num_rows + aside + holes >= len(start.findall(body))
    if page.repairs:
        assert page.original == body
    return True


@cache
def seed_page(kind: str) -> bytes:
    return ask({"verb": VERBS[kind][0], "metadataPrefix": "oai_dc"})


def places(body: bytes) -> Sequence[int]:
    """Where tags begin and end: what is cut there may still be well-formed."""
    return [place for match in re.finditer(rb"<[^<>]*>", body) for place in match.span()]


def splice(body: bytes, start: int, end: int, target: int, *, is_moved: bool) -> bytes:
    """A span of the page put in another place too, or instead."""
    rest = body[:start] + body[end:] if is_moved else body
    target = min(target, len(rest))
    return rest[:target] + body[start:end] + rest[target:]


def mutate(body: bytes, kind: str, numbers: tuple[int, int, int]) -> bytes:
    start, end, target = numbers
    start, end = min(start, end), max(start, end)
    if kind == "flip":
        place = min(start, len(body) - 1)
        return body[:place] + bytes([body[place] ^ (1 + target % 255)]) + body[place + 1 :]
    if kind == "cut":
        return body[:start]
    if kind == "remove":
        return body[:start] + body[end:]
    return splice(body, start, end, target, is_moved=kind == "move")


KINDS = ("flip", "cut", "remove", "copy", "move")


@st.composite
def mutated_pages(draw: st.DrawFn) -> tuple[bytes, str]:
    listing = draw(st.sampled_from(list(VERBS)))
    body = seed_page(listing)
    for _ in range(draw(st.integers(1, 3))):
        place = st.integers(0, len(body)) | st.sampled_from(places(body) or [0])
        body = mutate(body, draw(st.sampled_from(KINDS)), (draw(place), draw(place), draw(place))) or b" "
    return body, listing


@settings(max_examples=150, deadline=None)
@given(mutated_pages())
def test_a_mutated_page_loses_no_record_in_silence(case: tuple[bytes, str]) -> None:
    check(*case)


@pytest.mark.parametrize("listing", VERBS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fixed_set_of_mutations_loses_no_record_in_silence(listing: str, kind: str) -> None:
    """Cuts at tags only, which leave well-formed pages, for all kinds but the flip."""
    random = Random(f"{listing} {kind}")  # noqa: S311 - the same cases each time
    body = seed_page(listing)
    marks = range(len(body)) if kind == "flip" else places(body)
    outcomes = set[bool]()
    for _ in range(RANDOM_CASES // len(KINDS)):
        outcomes.add(check(mutate(body, kind, (random.choice(marks), random.choice(marks), random.choice(marks))), listing))
    assert False in outcomes
    assert True in outcomes or kind == "cut"


@pytest.mark.parametrize("listing", VERBS)
def test_every_flip_of_a_tag_of_a_record_is_survived_or_told(listing: str) -> None:
    body, name = seed_page(listing), VERBS[listing][1]
    tags = [match.start() + 2 for match in re.finditer(rb"</?" + name + rb"[ >]", body)]
    outcomes = [check(mutate(body, "flip", (place, place, 1)), listing) for place in tags]
    assert len(outcomes) == 2 * RECORDS
    assert any(outcomes)


def test_the_page_that_is_mutated_is_read_whole() -> None:
    for listing in VERBS:
        page = read(seed_page(listing), listing)
        assert page is not None
        assert (page.records.num_rows, page.set_aside, page.holes, page.repairs) == (RECORDS, (), (), ())
        assert page.announced_total == RECORDS + 3
