"""Vocabularies from their files and addresses into the store, and back: what changed, what was kept, and why."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harvest_assets.assemble.vocabularies import build_vocabulary
from harvest_assets.interfaces import Bounds, Isolation
from harvest_assets.model.vocabulary import Term, YearSpan
from harvest_assets.stages import vocabularies, vocabulary_files
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.isolation import Processes
from harvest_assets.stages.vocabularies import describe, find_manifest, load, read_current
from harvest_assets.stages.vocabulary_files import fingerprint_files
from harvest_assets.stages.vocabulary_rows import VOCABULARIES
from harvest_assets.testing.tools import InPlace

CSV = "id,label_nl,label_en,parent,alias,from,to\ntop,Top,,,,,\nleaf,Blad,Leaf,top,blad,-4,0\n"
TURTLE = '@prefix skos: <http://www.w3.org/2004/02/skos/core#> . <https://v.example/a> a skos:Concept ; skos:prefLabel "Een"@nl .'
IN_PLACE = InPlace()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "config" / "vocabularies"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def reopen(tmp_path: Path, folder: Path) -> Callable[[], Installation]:
    """The installation as a new run opens it."""
    environ = {"HARVEST_CONFIG": str(folder.parent), "HARVEST_STORE": str(tmp_path / "store"), "HARVEST_STATE": str(tmp_path / "state")}
    return lambda: Installation.open({**environ, "HARVEST_CONTACT": "https://contact.example/"})


@pytest.fixture
def installation(reopen: Callable[[], Installation]) -> Installation:
    return reopen()


def declare(folder: Path, name: str, content: str | None = CSV, *, keys: str = "") -> None:
    text = keys or f"format: csv\nfile: {name}.csv\n"
    (folder / f"{name}.yaml").write_text(f"title: {name.title()}\n{text}")
    if content is not None:
        (folder / f"{name}.csv").write_text(content)


class Site:
    """One address, and what it answers."""

    def __init__(self) -> None:
        self.status, self.media_type, self.body = 200, "text/turtle", TURTLE.encode()
        self.asked: list[str] = []


@pytest.fixture
def site() -> Iterator[tuple[Site, str]]:
    current = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            current.asked.append(str(self.headers["Accept"]))
            self.send_response(current.status)
            self.send_header("Content-Type", current.media_type)
            self.send_header("Content-Length", str(len(current.body)))
            self.end_headers()
            self.wfile.write(current.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield current, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def states(loaded: vocabularies.Loaded) -> dict[str, str]:
    return {each.vocabulary: each.state for each in loaded.reports}


def test_a_vocabulary_comes_back_as_it_was_read(folder, installation):
    declare(folder, "things")
    loaded = load(installation, IN_PLACE)
    terms = [Term("top", {"nl": "Top"}), Term("leaf", {"en": "Leaf", "nl": "Blad"}, ("top",), ("blad",), YearSpan(-4, 0))]
    assert read_current(installation, IN_PLACE) == {"things": build_vocabulary("things", terms, {})}
    assert describe(loaded) == {
        "dagster/row_count": 2,
        "changed": 1,
        "broken": 0,
        "problems": 0,
        "generation": loaded.manifest.generation,
        "path": f"{loaded.manifest.reference.folder}/vocabularies.parquet",
    }


def test_the_table_tells_each_term_with_all_that_is_above_it(folder, installation, tmp_path):
    declare(folder, "things")
    table = pq.read_table(tmp_path / "store" / describe(load(installation, IN_PLACE))["path"])
    assert table.schema.equals(VOCABULARIES)
    assert table.to_pylist()[0] == {
        "vocabulary": "things",
        "term": "leaf",
        "label_nl": "Blad",
        "label_en": "Leaf",
        "labels": '{"en":"Leaf","nl":"Blad"}',
        "parents": ["top"],
        "ancestors": ["top"],
        "roots": ["top"],
        "aliases": ["blad"],
        "first_year": -4,
        "last_year": 0,
    }


def test_equal_content_is_written_once_whatever_its_order_and_another_word_is_another_version(folder, installation):
    declare(folder, "things")
    declare(folder, "others")
    first = load(installation, IN_PLACE)
    header, *rows = CSV.splitlines()
    declare(folder, "things", "\n".join([header, *reversed(rows)]) + "\n")
    second = load(installation, IN_PLACE)
    declare(folder, "things", CSV.replace("Blad", "Loof"))
    third = load(installation, IN_PLACE)
    assert [each.is_new for each in (first, second, third)] == [True, False, True]
    assert (states(first), states(second)) == ({"others": "loaded", "things": "loaded"}, {"others": "unchanged", "things": "unchanged"})
    assert states(third) == {"others": "unchanged", "things": "loaded"}
    assert first.manifest == second.manifest != third.manifest
    assert installation.store.manifests.read(first.manifest.reference) == first.manifest


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "things.csv").write_bytes(b"\xff"), "vocabularies/things.yaml: byte 1 is not UTF-8"),
        (lambda folder: (folder / "things.csv").unlink(), "vocabularies/things.yaml: file: 'things.csv' cannot be read (No such file"),
        (
            lambda folder: declare(folder, "things", keys="fle: things.csv\n"),
            "vocabularies/things.yaml: 'fle' is not a key; did you mean 'file'?",
        ),
        (lambda folder: (folder / "things.yaml").write_text("{"), "vocabularies/things.yaml: line 1, column 2"),
    ],
)
def test_a_vocabulary_that_cannot_be_read_stays_as_it_was_and_the_others_go_on(folder, installation, spoil, words):
    declare(folder, "things")
    before = load(installation, IN_PLACE)
    spoil(folder)
    declare(folder, "others")
    loaded = load(installation, IN_PLACE)
    assert states(loaded) == {"things": "kept", "others": "loaded"}
    (report,) = loaded.broken
    assert (report.vocabulary, report.version, report.terms) == ("things", before.reports[0].version, 2)
    assert any(line.startswith(words) for line in report.problems)
    assert set(read_current(installation, IN_PLACE)) == {"things", "others"}
    assert loaded.broken[0].as_row()["problems"].startswith(words[:20])


def test_a_vocabulary_that_never_could_be_read_is_missing(folder, installation):
    declare(folder, "things", "")
    loaded = load(installation, IN_PLACE)
    assert (states(loaded), loaded.manifest, read_current(installation, IN_PLACE)) == ({"things": "missing"}, None, {})


def test_a_vocabulary_that_is_taken_away_is_gone_with_the_next_load(folder, installation):
    declare(folder, "things")
    declare(folder, "others")
    load(installation, IN_PLACE)
    (folder / "others.yaml").unlink()
    assert load(installation, IN_PLACE).is_new
    assert set(read_current(installation, IN_PLACE)) == {"things"}


def test_where_nothing_was_loaded_the_local_ones_are_loaded_when_they_are_wanted(folder, installation, site):
    current, url = site
    declare(folder, "things")
    declare(folder, "remote", keys=f"format: skos\nurl: {url}/a\nnetwork: {{allow: [loopback]}}\n")
    assert set(read_current(installation, IN_PLACE)) == {"things"}
    assert current.asked == []
    load(installation, IN_PLACE)
    assert set(read_current(installation, IN_PLACE)) == {"things", "remote"}


def test_without_vocabularies_there_are_none_and_nothing_is_written(installation):
    assert read_current(installation, IN_PLACE) == {}
    assert find_manifest(installation.store) is None


def test_a_generation_is_read_from_disk_once_by_a_process(folder, reopen):
    declare(folder, "things")
    first = read_current(reopen(), IN_PLACE)
    assert read_current(reopen(), IN_PLACE) is first
    declare(folder, "things", CSV.replace("Blad", "Loof"))
    load(reopen(), IN_PLACE)
    assert read_current(reopen(), IN_PLACE) is not first


@pytest.mark.parametrize(
    ("media_type", "path"), [("text/turtle; charset=utf-8", "/a"), ("text/plain", "/a.ttl"), ("application/octet-stream", "/a.TTL?x=.csv")]
)
def test_an_address_is_read_as_what_it_says_or_else_as_its_ending(folder, installation, site, media_type, path):
    current, url = site
    current.media_type = media_type
    declare(folder, "remote", keys=f"format: skos\nurl: '{url}{path}'\nnetwork: {{allow: [loopback]}}\n")
    assert states(load(installation, IN_PLACE)) == {"remote": "loaded"}
    assert current.asked[0].startswith("text/turtle, application/ld+json")


def test_a_table_at_an_address_needs_no_media_type(folder, installation, site):
    current, url = site
    current.media_type, current.body = "application/octet-stream", CSV.encode()
    declare(folder, "remote", keys=f"format: csv\nurl: {url}/a\nnetwork: {{allow: [loopback]}}\n")
    assert load(installation, IN_PLACE).reports[0].terms == 2


def test_an_answer_that_is_no_rdf_is_told(folder, installation, site):
    current, url = site
    current.media_type = "text/html"
    declare(folder, "remote", keys=f"format: skos\nurl: {url}/a\nnetwork: {{allow: [loopback]}}\n")
    (report,) = load(installation, IN_PLACE).reports
    assert report.problems[0].startswith("vocabularies/remote.yaml: url: the answer is 'text/html', not one of application/json, ")


def test_an_address_that_refuses_keeps_what_was_there(folder, installation, site):
    current, url = site
    declare(folder, "remote", keys=f"format: skos\nurl: {url}/a\nnetwork: {{allow: [loopback]}}\n")
    load(installation, IN_PLACE)
    current.status = 404
    loaded = load(installation, IN_PLACE)
    assert (states(loaded), loaded.is_new) == ({"remote": "kept"}, False)
    assert "status 404" in loaded.reports[0].problems[0]


def test_an_address_of_this_machine_is_asked_only_where_that_is_allowed(folder, installation, site):
    current, url = site
    declare(folder, "remote", keys=f"format: skos\nurl: {url}/a\n")
    (report,) = load(installation, IN_PLACE).reports
    assert "loopback" in report.problems[0]
    assert current.asked == []


def test_files_and_answers_that_are_too_large_are_not_read(folder, installation, site, monkeypatch):
    current, url = site
    monkeypatch.setattr(vocabulary_files, "MAX_BYTES", 20)
    declare(folder, "things")
    declare(folder, "remote", keys=f"format: skos\nurl: {url}/a\nnetwork: {{allow: [loopback]}}\n")
    remote, things = load(installation, IN_PLACE).reports
    assert things.problems == ("vocabularies/things.yaml: file: 'things.csv' is larger than 20 bytes; leave out what no task reads",)
    assert "20" in remote.problems[0]
    assert len(current.asked) == 1


class Meager(Isolation):
    """Real processes, with less than a vocabulary may need."""

    def __init__(self, processes: Processes, bounds: Bounds) -> None:
        self._processes, self._bounds = processes, bounds

    def map(self, work, items, bounds):
        del bounds
        return self._processes.map(work, items, self._bounds)


def test_a_file_that_needs_too_much_ends_alone_in_its_process(folder, installation):
    declare(folder, "things")
    declare(folder, "large", "id,label_nl\n" + "".join(f"{number},{number}\n" for number in range(400_000)))
    with Processes(1) as processes:
        loaded = load(installation, Meager(processes, Bounds(seconds=30, memory_bytes=64 * 1024**2)))
    assert states(loaded) == {"large": "missing", "things": "loaded"}
    assert loaded.broken[0].problems[0].startswith("vocabularies/large.yaml: ")


def test_the_fingerprint_of_the_files_follows_what_is_written(folder):
    config = folder.parent
    assert fingerprint_files(config) is None
    declare(folder, "things")
    first = fingerprint_files(config)
    assert fingerprint_files(config) == first
    declare(folder, "things", CSV + "new,,,,,,\n")
    second = fingerprint_files(config)
    (folder / "things.csv").unlink()
    third = fingerprint_files(config)
    declare(folder, "broken", None, keys="fle: x\n")
    assert len({first, second, third, fingerprint_files(config)}) == 4
