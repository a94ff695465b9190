"""Pages with cut, spliced and flipped bytes: the reader fails in a way that it names, or accounts for every record.

A record is *intact* when all of its bytes are in the mutated page, in one piece. The invariant: reading ends in a `HarvestError`, or each
intact record

- is a row whose body is those bytes, or
- is a part of a row or of a record set aside, because the mutation has put it there, or
- is missed in the open: the page announces more records than came of it.
"""

from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harvest_assets.errors import HarvestError
from harvest_assets.harvest.json_api import JsonApi
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

Lists = Callable[..., JsonApi]
Mutation = Callable[[bytes], bytes]

RECORDS = [
    orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    for record in (
        {"id": "a", "title": 'the "Long" Century \\ 1 < 2'},
        {"id": "b", "title": "Größe", "of": {"id": "x", "items": [{"id": "y"}]}},
        {"id": 3, "title": "数字 <b>", "tags": ["x]", "{y", "z,"]},
        {"id": "d", "n": 1.5e3, "ok": True, "none": None},
        {"id": "e"},
    )
]
PAGE = b'{"total":5,"items":[' + b", ".join(RECORDS) + b'],"next":null}'
PLACES = st.integers(0, len(PAGE))
SPANS = st.tuples(PLACES, PLACES).map(sorted)

cuts = PLACES.map(lambda end: lambda page: page[:end])
flips = st.tuples(PLACES, st.integers(1, 255)).map(
    lambda drawn: lambda page: page[: drawn[0]] + bytes(byte ^ drawn[1] for byte in page[drawn[0] : drawn[0] + 1]) + page[drawn[0] + 1 :]
)
removals = SPANS.map(lambda span: lambda page: page[: span[0]] + page[span[1] :])
splices = st.tuples(SPANS, PLACES).map(lambda drawn: lambda page: page[: drawn[1]] + PAGE[slice(*drawn[0])] + page[drawn[1] :])
insertions = st.tuples(
    PLACES, st.binary(min_size=1, max_size=4) | st.sampled_from([b"<br>", b"\x00", b"\xef\xbb\xbf", b"}", b'"', b"]}", b","])
).map(lambda drawn: lambda page: page[: drawn[0]] + drawn[1] + page[drawn[0] :])
repetitions = st.just(lambda page: page + PAGE)
mutations = st.lists(st.one_of(flips, splices, insertions, removals, cuts, repetitions), min_size=1, max_size=3)


def read(protocol: JsonApi) -> list[Page] | None:
    try:
        return list(protocol.pages(Window()))
    except HarvestError:
        return None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated=mutations)
@example(mutated=[lambda page: page + b"\n<b>" + RECORDS[0]])
@example(mutated=[lambda page: page + RECORDS[0]])
@example(mutated=[lambda page: page.replace(b'"id":"e"', b'"id":"\xe9"')])
@example(mutated=[lambda page: page.replace(b'{"id":"a"', b'{"id":{"a"')])
@example(mutated=[lambda page: page.replace(b'"items":[', b'"items":[],"items":[')])
@example(mutated=[lambda page: page.replace(b', {"id":"e"', b'],"items":[{"id":"e"')])
def test_no_mutation_crashes_the_reader_or_loses_a_record_in_silence(open_list: Lists, mutated: list[Mutation]) -> None:
    body = PAGE
    for mutate in mutated:
        body = mutate(body)
    options: dict[str, Any] = {"records": "/items", "total": "/total", "paging": {"style": "next", "pointer": "/next"}, "max_pages": 2}
    pages = read(open_list(lambda _: body, **options))
    for page in pages or ():
        rows = page.records.column("body").to_pylist()
        aside = [each.body for each in page.set_aside]
        lost = [record for record in RECORDS if record in body and not any(record in each for each in (*rows, *aside))]
        assert not lost or (page.announced_total or 0) > len(rows) + len(aside), f"{lost!r} of {body!r}"


def test_the_page_that_is_mutated_can_be_read(open_list: Lists) -> None:
    (page,) = read(open_list(lambda _: PAGE, records="/items")) or ()
    assert page.records.column("body").to_pylist() == RECORDS
