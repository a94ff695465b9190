"""What the protocols for files share: pages, places, patterns, origins, and nothing lost on the way."""

import gzip
import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.errors import PermanentError, PositionExpiredError, RecordError, TransientError
from harvest_assets.harvest.contents.compression import unpack_gzip
from harvest_assets.harvest.contents.globs import matches
from harvest_assets.harvest.contents.origins import join, read_origin
from harvest_assets.harvest.contents.positions import Position, digest, read_position
from harvest_assets.harvest.contents.rows import Row, Rows, Unread
from harvest_assets.harvest.feed.documents import read_feed
from harvest_assets.harvest.files import FilesOptions
from harvest_assets.harvest.files.archives import open_archive
from harvest_assets.harvest.files.folders import is_folder, read_folder
from harvest_assets.harvest.files.formats import read_content
from harvest_assets.harvest.files.meter import Meter
from harvest_assets.harvest.sitemap.entries import read_listing
from harvest_assets.model.record import RAW_RECORDS
from harvest_assets.testing.dumps import pack_tar
from harvest_assets.testing.traps import pack_zip


def test_a_page_keeps_the_order_of_records_and_cuts_what_is_set_aside():
    rows = Rows()
    rows.add([Row("b", "2024", b"1", b"<x>"), Unread(None, "why", "rule", b"x" * 2_000_000), Row("a", "", b"2", deleted=True)])
    batch = rows.batch(7)
    assert batch.schema == RAW_RECORDS
    assert [tuple(row.values()) for row in batch.to_pylist()] == [
        ("b", "2024", False, [], b"1", b"<x>", 7),
        ("a", "", True, [], b"2", b"", 7),
    ]
    (aside,) = rows.set_aside(7)
    assert (aside.page, aside.stage, aside.error, aside.rule, len(aside.body)) == (7, "harvest", "RecordError", "rule", 1024 * 1024)
    assert (len(rows), rows.is_full(3), rows.is_full(4)) == (3, True, False)


class Place(Position):
    number: int


def test_a_position_is_text_that_comes_back():
    assert read_position(Place, Place(number=3).write(), "x") == Place(number=3)
    for text in ("", "7", '{"number": "3"}', '{"number": 3, "more": 1}'):
        with pytest.raises(PositionExpiredError, match=r"x: position .* cannot be read: start the list again"):
            read_position(Place, text, "x")


def test_a_mark_tells_parts_and_their_borders():
    assert digest(["ab", b"c"]) == digest([b"ab", "c"])
    assert len({digest(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], [], ["\ud800"])}) == 6


def test_globs_fit_whole_names_and_end_soon_on_any_of_them():
    assert matches("https://a.example/b/c?d", ["*/b/*"])
    assert not matches("https://a.example/b", ["a.example", "*/B"])
    assert not matches("a" * 10_000, ["*a" * 200 + "b"])


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://A.example/x", "https://a.example:443"),
        ("http://a.example:81", "http://a.example:81"),
        ("ftp://a.example", "None"),
        ("/x", "None"),
        ("http://", "None"),
        ("http://a.example:x/", "None"),
        ("http://[::1/", "None"),
        ("http://a.example/a b", "None"),
        ("http://a.example:0/", "http://a.example:80"),
    ],
)
def test_an_origin_is_scheme_host_and_port(address, origin):
    assert str(read_origin(address)) == origin


def test_a_link_that_is_no_address_stays_as_it_is():
    assert join("http://a.example/b/c", "d") == "http://a.example/b/d"
    assert join("http://a.example/", "http://[x") == "http://[x"


@pytest.mark.parametrize("size", [0, 1, 262_144, 300_000])
def test_gzip_is_unpacked_up_to_its_limit_to_the_byte(size):
    packed = gzip.compress(b"x" * size, mtime=0)
    assert unpack_gzip(packed, limit=size) == b"x" * size
    if size:
        with pytest.raises(RecordError, match=f"the gzip file holds more than {size - 1} bytes"):
            unpack_gzip(packed, limit=size - 1)


# -- whatever comes: an answer in words, and nothing that is received gets lost ----------------------------------------------------

COUNT = 12
ITEMS = [f"item-{number}" for number in range(COUNT)]
FEED = f"<feed xmlns='http://www.w3.org/2005/Atom'>{''.join(f'<entry><id>{each}</id></entry>' for each in ITEMS)}</feed>".encode()
SITEMAP = f"<urlset>{''.join(f'<url><loc>https://a.example/{each}</loc></url>' for each in ITEMS)}</urlset>".encode()
JSON_LINES = "".join(f'{{"id": "{each}"}}\n' for each in ITEMS).encode()
CSV = ("id,title\n" + "".join(f'{each},"a, b"\n' for each in ITEMS)).encode()
XML = ("<list>" + "".join(f'<record id="{each}"/>' for each in ITEMS) + "</list>").encode()
HTML = ("<html>" + "".join(f'<a href="{each}.json">x</a>' for each in ITEMS) + "</html>").encode()

READERS = {
    "feed": (FEED, lambda body: read_feed(body, "x").items),
    "sitemap": (SITEMAP, lambda body: read_listing(body, "x").entries),
    "jsonl": (JSON_LINES, lambda body: read_content(body, "a.jsonl", FilesOptions(identifier="/id"))),
    "json": (b"[" + JSON_LINES.strip().replace(b"\n", b",") + b"]", lambda body: read_content(body, "a.json", FilesOptions(records=""))),
    "csv": (CSV, lambda body: read_content(body, "a.csv", FilesOptions(identifier="id"))),
    "xml": (XML, lambda body: read_content(body, "a.xml", FilesOptions(records="record", identifier="@id"))),
    "html": (HTML, lambda body: read_folder(body, "http://a.example/f/", "x") if is_folder(body) else ()),
}


def open_all(body: bytes) -> list[object]:
    found: list[object] = []
    for packed in open_archive(body, Meter(1_000_000, 2_000_000), "x") or ():
        try:
            found.append(packed.read())
        except RecordError as error:
            found.append(error)
    return found


MEMBERS = {f"{each}.json": each.encode() * 20 for each in ITEMS}
ARCHIVES = {
    "zip": pack_zip(MEMBERS),
    "tar": pack_tar(MEMBERS),
    "tar.gz": gzip.compress(pack_tar(MEMBERS), mtime=0),
}

changes_of_bytes = st.tuples(st.sampled_from(["flip", "cut", "insert", "repeat"]), st.floats(0, 1), st.binary(min_size=1, max_size=8))
mutations = st.lists(changes_of_bytes, min_size=1, max_size=4)


def mutate(body: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    for kind, where, piece in changes:
        place = int(where * len(body))
        match kind:
            case "flip":
                body = body[:place] + piece + body[place + len(piece) :]
            case "cut":
                body = body[:place]
            case "insert":
                body = body[:place] + piece + body[place:]
            case _:
                body = body[:place] + body[place : place + 40] + body[place:]
    return body


def outcome(read: Callable[[bytes], Iterable[object]], body: bytes) -> list[object] | str:
    """What was read, or why nothing was; any other error is a defect."""
    try:
        return list(read(body))
    except (RecordError, PermanentError, TransientError) as error:
        return str(error)


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=100, deadline=None)
@given(changes=mutations)
def test_a_mutated_document_is_read_or_refused_in_one_line(kind, changes):
    sound, read = READERS[kind]
    found = outcome(read, mutate(sound, changes))
    assert len(found) <= COUNT * 2 + 8 if isinstance(found, list) else re.fullmatch(r".*\w.*", found)


@pytest.mark.parametrize("kind", ARCHIVES)
@settings(max_examples=100, deadline=None)
@given(changes=mutations)
def test_a_mutated_archive_is_opened_or_refused_in_one_line(kind, changes):
    found = outcome(open_all, mutate(ARCHIVES[kind], changes))
    assert len(found) <= COUNT * 2 if isinstance(found, list) else re.fullmatch(r".*\w.*", found)


@pytest.mark.parametrize("kind", ["feed", "jsonl", "csv"])
@settings(max_examples=100, deadline=None)
@given(number=st.integers(0, COUNT - 1), junk=st.sampled_from([b"<", b"\x00", b"\xff", b'"', b"&", b"{", b","]))
def test_one_spoiled_record_costs_no_other(kind, number, junk):
    sound, read = READERS[kind]
    name = ITEMS[number].encode()
    spoiled = re.sub(rb"%s\b" % name, lambda found: found.group() + junk, sound, count=1)
    found = list(read(spoiled))
    identifiers = {each.identifier for each in found if isinstance(each, Row)}
    assert identifiers >= set(ITEMS) - ({ITEMS[number]} if junk != b'"' or kind == "feed" else set(ITEMS[number:]))
    assert len(identifiers) + sum(isinstance(each, Unread) for each in found) == COUNT or junk == b'"'


def test_readers_read_what_is_sound():
    assert {kind: len(list(read(sound))) for kind, (sound, read) in READERS.items()} == dict.fromkeys(READERS, COUNT)
    assert all(open_all(body) == list(MEMBERS.values()) for body in ARCHIVES.values())
