"""What the doctor makes of files, sitemaps and feeds: a sample tells their keys, the source's file harvests them."""

import gzip
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harvest_assets.config.plugins import forget_plug_ins, protocols
from harvest_assets.config.sources import Source
from harvest_assets.errors import PermanentError
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient
from harvest_assets.stages.doctor.asking import Asker, Clock
from harvest_assets.stages.doctor.examined import Draft, Session, Wanted
from harvest_assets.stages.doctor.plain import _first_draft
from harvest_assets_tests.stages.doctor.conftest import Diagnose, Reply, Site

Walk = Callable[[Source], list[str]]

ROWS = [{"id": f"a{number}", "title": f"Thing {number}", "modified": f"2026-01-{number + 1:02d}"} for number in range(12)]
NAMES = [row["id"] for row in ROWS]
LINES = "\n".join(json.dumps(row) for row in ROWS)
TABLE = "id;title;modified\n" + "".join(f"{row['id']};{row['title']};{row['modified']}\n" for row in ROWS)
PLUG_INS = {
    "files": "harvest_assets.harvest.files:Files",
    "feed": "harvest_assets.harvest.feed:Feed",
    "sitemap": "harvest_assets.harvest.sitemap:Sitemap",
}


@pytest.fixture(autouse=True)
def plug_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The protocols, through an entry point of our own where the installation was made before they came."""
    missing = {name: place for name, place in PLUG_INS.items() if name not in protocols()}
    folder = tmp_path / "installed" / "more-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: more\nVersion: 1\n")
    lines = "".join(f"{name} = {place}\n" for name, place in missing.items())
    (folder / "entry_points.txt").write_text(f"[harvest_assets.protocols]\n{lines}")
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder.parent)])
    forget_plug_ins()
    yield
    monkeypatch.undo()
    forget_plug_ins()


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (LINES, {"format": "jsonl", "identifier": "/id", "datestamp": "/modified"}),
        (gzip.compress(LINES.encode(), mtime=0), {"format": "jsonl", "identifier": "/id", "datestamp": "/modified"}),
        (TABLE, {"format": "csv", "delimiter": ";", "identifier": "id", "datestamp": "modified"}),
        (TABLE.replace(";", ","), {"format": "csv", "identifier": "id", "datestamp": "modified"}),
    ],
    ids=["lines", "lines in gzip", "semicolons", "commas"],
)
def test_a_file_of_records_is_read_by_its_keys(
    site: Site, examine: Diagnose, walk: Walk, body: str | bytes, options: dict[str, str]
) -> None:
    site.respond = lambda _: Reply(body)
    seen = examine(f"{site.url}/export")
    assert seen.diagnosis.protocol == "files"
    assert seen.options == options
    assert seen.diagnosis.content["extract"]["options"]["title"] == "/title"
    assert seen["list/records"].answer.startswith("JSON with the keys ")
    assert len(seen.diagnosis.profile.days) == 12
    assert walk(seen.source) == NAMES


def test_an_archive_of_json_files_is_read_file_by_file(site: Site, examine: Diagnose, walk: Walk) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for row in ROWS:
            archive.writestr(f"{row['id']}.json", json.dumps(row))
    site.respond = lambda _: Reply(packed.getvalue())
    seen = examine(f"{site.url}/all.zip")
    assert seen.diagnosis.protocol == "files"
    assert seen.diagnosis.profile.documents == 12
    assert len(walk(seen.source)) == 12


def test_a_sitemap_is_read_as_what_it_says_of_its_pages(site: Site, examine: Diagnose, walk: Walk) -> None:
    def respond(asked):
        entries = "".join(f"<url><loc>{site.url}/page/{number}</loc><lastmod>2026-02-01</lastmod></url>" for number in range(5))
        sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
        return Reply(sitemap) if asked.path == "/sitemap.xml" else Reply("no", 404)

    site.respond = respond
    seen = examine(f"{site.url}/sitemap.xml")
    assert (seen.diagnosis.protocol, seen.options) == ("sitemap", {"fetch": False})
    assert seen["list/read as"].answer == "fetch: False"
    assert seen.diagnosis.profile.documents == 5
    assert walk(seen.source) == [f"{site.url}/page/{number}" for number in range(5)]
    assert not any(asked.path.startswith("/page/") for asked in site.asked)


def test_a_feed_whose_entries_nobody_reads_is_told(site: Site, examine: Diagnose, walk: Walk) -> None:
    entry = "<entry><id>urn:1</id><title>One</title><updated>2026-02-01T00:00:00Z</updated></entry>"
    site.respond = lambda _: Reply(f'<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>{entry}</feed>')
    seen = examine(f"{site.url}/feed")
    assert seen.diagnosis.protocol == "feed"
    assert seen["list/records"].answer.startswith("not JSON; no extractor")
    assert {"list/records", "list/records set aside"} <= seen.warned
    assert walk(seen.source) == ["urn:1"]


def test_a_file_that_cannot_be_read_after_all_is_one_line(site: Site, examine: Diagnose) -> None:
    site.respond = lambda asked: Reply("gone", 410) if "range" not in asked.headers else Reply(TABLE)
    with pytest.raises(PermanentError, match=r"looks like something for protocol 'files' and cannot be read: .*410"):
        examine(f"{site.url}/export")


def test_a_protocol_that_needs_more_than_an_address_says_what(tmp_path: Path) -> None:
    session = Session(
        Wanted("https://repo.example/x", "seen"),
        Asker(RequestsClient(HttpSettings("tests (+https://contact.example/)"), HostBudget(tmp_path)), Clock(1), 0),
        {},
    )
    message = (
        r"'https://repo\.example/x' is read with protocol 'json', which needs more than an address: 'options\.identifier' is required.*;"
        r" harvest sources new seen --protocol json --url https://repo\.example/x"
    )
    with pytest.raises(PermanentError, match=message):
        _first_draft(Draft("X", "json", "https://repo.example/x"), session)
