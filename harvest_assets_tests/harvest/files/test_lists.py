"""Files over sockets: one, archives and folders in every format, places to go on, and traps."""

import gzip

import orjson
import pytest

from harvest_assets.errors import PermanentError, PositionExpiredError, TransientError, UnreadablePageError
from harvest_assets.testing import Faults, Refusal, Repository, Spot
from harvest_assets.testing.dumps import pack_tar
from harvest_assets.testing.traps import pack_zip

LAYOUTS = {
    "json": {"records": "/items", "identifier": "/id", "datestamp": "/modified"},
    "jsonl": {"identifier": "/id", "datestamp": "/modified"},
    "xml": {"records": "record", "identifier": "identifier", "datestamp": "datestamp"},
    "csv": {"identifier": "id", "datestamp": "modified"},
}


@pytest.fixture
def library(loopback):
    return loopback.add(Repository.generate("library", 25, seed=7, page_size=10))


def lines(*numbers: int) -> bytes:
    return b"".join(b'{"id": %d}\n' % number for number in numbers)


@pytest.mark.parametrize("kind", LAYOUTS)
@pytest.mark.parametrize("file", ["records.{}", "records.{}.gz", "{}.zip", "{}.tar", "{}.tar.gz", "{}/", "{}/list.txt"])
def test_every_format_is_read_alone_packed_and_from_folders(loopback, library, read, kind, file):
    pages = read("files", loopback.dump_url("library", file.format(kind)), **LAYOUTS[kind])
    assert pages.identifiers == library.identifiers()
    assert pages.rows[0]["datestamp"] == library.record(library.identifiers()[0]).datestamp
    assert pages.holes == pages.aside == []
    assert pages.notes == (["the folder: 1 files of other kinds were left out, such as 'README.txt'"] if file == "{}/" else [])


def test_rows_of_csv_are_what_items_of_json_are(loopback, library, read):
    bodies = [
        [orjson.loads(body) for body in read("files", loopback.dump_url(library.name, f"records.{kind}"), **LAYOUTS[kind]).bodies]
        for kind in ("csv", "json", "jsonl")
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0][0]["title"] == library.record(library.identifiers()[0]).content.title


def test_without_an_identifier_the_name_of_the_file_is_one(web, read):
    archive = pack_zip({"b/x.json": b"[1]", "a.jsonl": lines(1, 2)})
    web.pages |= {"/f/": b'<html><a href="all.zip">z</a><a href="c%20d.json">c</a>', "/f/all.zip": archive, "/f/c%20d.json": b"{}"}
    assert read("files", web.url("/f/all.zip")).identifiers == ["b/x.json", "a.jsonl#1", "a.jsonl#2"]
    assert read("files", web.url("/f/")).identifiers == ["all.zip/b/x.json", "all.zip/a.jsonl#1", "all.zip/a.jsonl#2", "c d.json"]


# -- pages and places --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def stock(web):
    """2,500 records in five files, as a folder, as archives and as one file."""
    members = {f"{part}.jsonl": lines(*range(part * 500, part * 500 + 500)) for part in range(5)}
    links = "".join(f'<a href="{name}">{name}</a>' for name in members)
    web.pages |= {f"/d/{name}": content for name, content in members.items()}
    web.pages |= {"/d/": f"<!DOCTYPE html><pre>{links}</pre>".encode(), "/one.jsonl": b"".join(members.values())}
    web.pages |= {"/a.zip": pack_zip(members), "/a.tar.gz": gzip.compress(pack_tar(members), mtime=0)}
    return web


@pytest.mark.parametrize("path", ["/d/", "/one.jsonl", "/a.zip", "/a.tar.gz"])
def test_a_list_comes_in_pages_of_a_thousand_and_goes_on_from_each_of_them(stock, read, path):
    pages = read("files", stock.url(path), identifier="/id")
    assert [page.records.num_rows for page in pages] == [1000, 1000, 500]
    assert pages.identifiers == [str(number) for number in range(2500)]
    for number, page in enumerate(pages[:-1], start=1):
        rest = read("files", stock.url(path), identifier="/id", position=page.next_position)
        assert rest.identifiers == pages.identifiers[number * 1000 :]
        assert rest[0].number == 2


def test_files_of_a_folder_before_the_place_are_not_asked_for_again(stock, read):
    position = read("files", stock.url("/d/"), identifier="/id")[1].next_position
    stock.asked.clear()
    read("files", stock.url("/d/"), identifier="/id", position=position)
    assert stock.asked == ["/d/", "/d/4.jsonl"]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/one.jsonl", {"/one.jsonl": lines(*range(2501))}),
        ("/one.jsonl", {"/one.jsonl": lines(1)}),
        ("/a.zip", {"/a.zip": pack_zip({"0.jsonl": lines(*range(1500))})}),
        ("/d/", {"/d/": b'<html><a href="1.jsonl">'}),
        ("/d/", {"/d/2.jsonl": lines(7)}),
        ("/d/", {"/d/2.jsonl": (404, b"")}),
    ],
    ids=range(6),
)
def test_a_place_in_a_file_that_changed_is_no_place(stock, read, path, change):
    position = read("files", stock.url(path), identifier="/id")[0].next_position
    stock.pages |= change
    with pytest.raises(PositionExpiredError, match="shop: the file has changed since the list was left: start the list again"):
        read("files", stock.url(path), identifier="/id", position=position)


def test_a_position_that_is_none_has_expired(stock, read):
    with pytest.raises(PositionExpiredError, match="shop: page 2: position '12' cannot be read: start the list again"):
        read("files", stock.url("/one.jsonl"), position="12")


def test_large_records_make_short_pages(web, read):
    web.pages["/a.jsonl"] = b"".join(orjson.dumps({"id": number, "text": "x" * 9_000_000}) + b"\n" for number in range(3))
    pages = read("files", web.url("/a.jsonl"), identifier="/id")
    assert [page.records.num_rows for page in pages] == [2, 1]


# -- folders -----------------------------------------------------------------------------------------------------------------------

APACHE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN"><html><head><title>Index of /f</title></head><body><h1>Index of /f</h1>
<table><tr><th><a href="?C=N;O=D">Name</a></th></tr><tr><td><a href="/">Parent Directory</a></td></tr>
<tr><td><a href="a.json">a.json</a></td></tr><tr><td><a href="/f/b.json#x">b</a></td></tr><tr><td><a href="sub/">sub/</a></td></tr>
<tr><td><a href="a.json">again</a></td></tr><tr><td><a href="http://other.example/f/c.json">c</a></td></tr>
<tr><td><a href="../g.json">g</a></td></tr><tr><td><a href="mailto:x@a.example">m</a></td></tr>
<tr><td><a href="x%2f..%2f..%2fe.json">e</a></td></tr>
<tr><td><a>nothing</a></td></tr><tr><td><a href="http://[bad/">bad</a></td></tr></table></body></html>"""
NGINX = '<html><head><title>Index of /f/</title></head><body><hr><pre><a href="../">../</a>\n<a href="a.json">a.json</a> 01-Jan\n</pre>'


@pytest.mark.parametrize(("page", "names"), [(APACHE, ["a.json", "b.json"]), (NGINX, ["a.json"])], ids=["apache", "nginx"])
def test_the_links_of_a_folder_that_lead_below_it_are_its_files(web, read, open_protocol, page, names):
    web.pages |= {"/f/": page.encode(), "/f/a.json": b"{}", "/f/b.json": b"{}"}
    pages = read("files", web.url("/f/"))
    assert pages.identifiers == names
    assert pages.rules == (["unsafe_name"] if page is APACHE else [])
    assert [each.identifier for each in open_protocol("files", web.url("/f/")).list_contents()] == names


def test_a_list_of_addresses_is_a_folder_of_its_own_origin(web, read):
    web.pages |= {"/l": f"# files\n{web.url('/a.json?v=1')}\n\nhttp://other.example/b.json\n".encode(), "/a.json?v=1": b"{}"}
    pages = read("files", web.url("/l"))
    assert pages.identifiers == [web.url("/a.json?v=1")]
    assert [(each.rule, each.body) for each in pages.aside] == [("other_origin", b"http://other.example/b.json")]
    assert pages.aside[0].reason == "the file is on http://other.example:80, another origin than the list"


def test_a_file_of_a_folder_that_cannot_be_had_or_read_is_set_aside_alone(web, read):
    names = ("a.json", "b.json", "c.json", "d.zip", "e.json", "f.json.gz")
    web.pages |= {"/f/": "".join(f'<html><a href="{name}">' for name in names).encode(), "/f/a.json": b"{}", "/f/c.json": b"{"}
    web.pages |= {"/f/d.zip": pack_zip({"a.json": b"{}"})[:-9], "/f/e.json": b" " * 5_000, "/f/f.json.gz": gzip.compress(b"{}")[:-3]}
    pages = read("files", web.url("/f/"), body_bytes=4_000)
    assert pages.identifiers == ["a.json"]
    assert [(each.identifier, each.rule) for each in pages.aside] == [
        ("b.json", "status_404"),
        ("c.json", "not_json"),
        (None, "damaged"),
        ("e.json", "not_fetched"),
        ("f.json.gz", "damaged"),
    ]
    assert pages.aside[0].body == b"nothing here"
    assert "d.zip: the zip archive cannot be read" in pages.aside[2].reason
    assert {each.identifier for each in read("files", web.url("/f/"), body_bytes=4_000, identifier="/id").aside} == {None}


def test_a_server_that_fails_at_a_file_is_tried_again_later(loopback, library, read):
    loopback.faults(library.name, Faults(refusals=(Refusal(503, page=2),)))
    with pytest.raises(TransientError, match="status 503"):
        read("files", loopback.dump_url("library", "json/"), **LAYOUTS["json"])
    loopback.faults("library", Faults(refusals=(Refusal(404, page=2),)))
    pages = read("files", loopback.dump_url("library", "json/"), **LAYOUTS["json"])
    assert (len(pages.identifiers), pages.rules) == (15, ["status_404"])


def test_globs_choose_files_and_a_choice_of_none_proves_nothing(web, read):
    web.pages["/a.zip"] = pack_zip({"x/1.json": b"{}", "x/2.txt": b"{}", "y/3.json": b"{}", "z.zip": b""})
    assert read("files", web.url("/a.zip"), include=["x/*"], format="json").identifiers == ["x/1.json", "x/2.txt"]
    pages = read("files", web.url("/a.zip"), include=["nothing*"])
    assert pages.identifiers == []
    assert pages.holes == ["the archive 'a.zip' holds no file of the source (options format and include)"]
    assert pages.notes == ["the archive 'a.zip': 4 files of other kinds were left out, such as 'x/1.json'"]
    web.pages["/f/"] = b'<html><a href="readme.txt">'
    assert read("files", web.url("/f/")).holes == ["the folder holds no file of the source (options format and include)"]


# -- traps and other things that are not what they say -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trap", "rules", "holes"),
    [
        ("bomb.zip", ["ratio"], []),
        ("slip.zip", ["unsafe_name"] * 4, []),
        ("slip.tar", ["unsafe_name", "unsafe_name", "not_a_file", "not_a_file"], []),
        (
            "nested.zip",
            [],
            ["'inner.zip' is an archive in an archive and was not opened; name the files that count in the option include"],
        ),
    ],
)
def test_a_trap_is_set_aside_without_a_name_and_the_honest_file_read(loopback, library, read, trap, rules, holes):
    pages = read("files", loopback.dump_url(library.name, f"traps/{trap}"), records="", identifier="/id")
    assert pages.identifiers == ["good-1", "good-2"]
    assert pages.rules == rules
    assert pages.holes == holes
    assert {each.identifier for each in pages.aside} <= {None}


def test_a_bomb_that_is_the_only_file_ends_the_harvest(loopback, library, read):
    with pytest.raises(UnreadablePageError, match=r"shop: bomb\.json\.gz: the gzip file holds more than 67108864 bytes"):
        read("files", loopback.dump_url(library.name, "traps/bomb.json.gz"))


def test_numbers_and_sizes_are_bounded_and_the_rest_is_a_hole(web, read):
    members = {f"{number}.jsonl": lines(*range(100)) for number in range(5)}
    web.pages |= {"/a.zip": pack_zip(members), "/f/": "".join(f'<html><a href="{name}">' for name in members).encode()}
    web.pages |= {f"/f/{name}": content for name, content in members.items()}
    for path, what in (("/a.zip", "/a.zip"), ("/f/", "/f/")):
        pages = read("files", web.url(path), max_files=2)
        assert (what, len(pages.identifiers), pages.holes) == (path, 200, ["only the first 2 files were read (option max_files)"])
    pages = read("files", web.url("/a.zip"), max_total_bytes=3_000)
    assert len(pages.identifiers) == 200
    assert pages.holes == ["a.zip: the rest was not read: the files have more than 3000 bytes together (option max_total_bytes)"]
    pages = read("files", web.url("/a.zip"), max_file_bytes=500)
    assert pages.rules == ["too_large"] * 5
    assert pages.identifiers == []


@pytest.mark.parametrize(
    ("path", "body", "options", "message"),
    [
        ("/a.json", b"<html>Sign in</html>", {}, "shop: got an HTML page, not the file 'a.json': check the address of the source"),
        ("/a.zip", b"<!DOCTYPE html>Sign in", {}, "shop: got an HTML page, not the file 'a.zip': check the address of the source"),
        ("/f/", b"<html>Sign in</html>", {}, "shop: got an HTML page without a link to a file below its address: check the address"),
        ("/f", b"<html></html>", {"format": "csv"}, "shop: got an HTML page without a link to a file below its address"),
        ("/export", b"id,x\n1,2", {}, "shop: export: the name 'export' tells no format; set the option format"),
        ("/a.json", b'{"a": ', {}, "shop: a.json: the file is not JSON"),
        ("/a.csv", b"", {}, "shop: a.csv: the file is empty"),
        ("/a.zip", pack_zip({"a.json": b"{}"})[:-5], {}, "shop: a.zip: the zip archive cannot be read"),
        ("/a.json.gz", gzip.compress(b"{}", mtime=0)[:-5], {}, "shop: a.json.gz: the gzip file is cut off"),
    ],
    ids=range(9),
)
def test_an_address_that_holds_something_else_ends_the_harvest_in_words(web, read, path, body, options, message):
    web.pages[path] = body
    with pytest.raises(UnreadablePageError, match=message):
        read("files", web.url(path), **options)


def test_an_address_without_a_suffix_is_read_where_the_source_tells_the_format(web, read):
    web.pages["/export?type=csv"] = b"id,x\n1,2"
    assert read("files", web.url("/export?type=csv"), format="csv", identifier="id").identifiers == ["1"]
    web.pages["/"] = b"id,x\n1,2"
    assert read("files", web.url("/"), format="csv").identifiers == ["file#1"]


def test_a_file_that_breaks_in_the_middle_ends_the_harvest_when_it_is_alone_and_is_set_aside_when_not(web, read):
    broken = b"<l>" + b"<r/>" * 1500 + b"</wrong>"
    web.pages |= {"/a.xml": broken, "/a.zip": pack_zip({"a.xml": broken, "b.xml": b"<l><r/></l>"})}
    with pytest.raises(UnreadablePageError, match=r"shop: a\.xml: the file is not well-formed XML: Opening and ending tag mismatch"):
        read("files", web.url("/a.xml"), records="r")
    pages = read("files", web.url("/a.zip"), records="r")
    assert len(pages.identifiers) == 1501
    assert [(each.identifier, each.rule, each.body) for each in pages.aside] == [(None, "not_well_formed", broken)]


def test_a_member_that_is_damaged_in_its_archive_is_set_aside_alone(web, read):
    body = pack_zip({"a.json": b'{"a": "bcdefghijklmnop"}', "b.json": b"[]"})
    place = body.index(b"a.json") + 12
    web.pages["/a.zip"] = body[:place] + b"\xff\xff" + body[place + 2 :]
    pages = read("files", web.url("/a.zip"))
    assert pages.identifiers == ["b.json"]
    assert [(each.identifier, each.rule) for each in pages.aside] == [("a.json", "damaged")]


def test_a_cut_answer_is_no_end_of_a_list(loopback, library, read):
    loopback.faults(library.name, Faults(cut=Spot()))
    for file, kind in (("records.json", "json"), ("json.zip", "json"), ("xml.tar.gz", "xml"), ("records.xml", "xml")):
        with pytest.raises(UnreadablePageError):
            read("files", loopback.dump_url("library", file), **LAYOUTS[kind])
    pages = read("files", loopback.dump_url("library", "records.csv"), **LAYOUTS["csv"])
    assert pages.aside[-1].identifier is None  # the row at which it stops, so that nothing counts as gone


def test_what_is_not_there_is_refused(web, read):
    with pytest.raises(PermanentError, match="status 404"):
        read("files", web.url("/a.json"))


def test_files_cannot_be_asked_by_date_nor_for_one_record_and_say_what_they_hold(web, open_protocol):
    web.pages |= {"/a.zip": pack_zip({"a.json": b"", "b.txt": b""}), "/a.json": b"{}"}
    protocol = open_protocol("files", web.url("/a.zip"))
    assert not protocol.filters_by_date()
    assert protocol.identify().exchanges == ()
    assert web.asked == []
    assert [(each.identifier, each.kind) for each in protocol.list_contents()] == [("a.json", "file"), ("b.txt", "file")]
    assert [each.identifier for each in open_protocol("files", web.url("/a.json")).list_contents()] == ["a.json"]
    with pytest.raises(PermanentError, match="protocol 'files' cannot ask for record 'a' alone"):
        list(protocol.records(["a"]))
