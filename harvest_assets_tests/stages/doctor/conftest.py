"""Examinations of the loopback universe, and of small servers that a test writes answer by answer."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlsplit

import pytest

from harvest_assets.config.settings import Settings
from harvest_assets.config.sources import Source, build_source
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.model.window import Window
from harvest_assets.stages.doctor.asking import Bounds
from harvest_assets.stages.doctor.diagnosis import Diagnosis, diagnose
from harvest_assets.stages.doctor.examined import Wanted
from harvest_assets.stages.doctor.findings import Finding
from harvest_assets.testing import Repository, Universe

Diagnose = Callable[..., "Seen"]


@dataclass(frozen=True)
class Seen:
    """A diagnosis, with its findings by topic and name."""

    diagnosis: Diagnosis

    def __getitem__(self, place: str) -> Finding:
        topic, _, name = place.partition("/")
        found = [each for each in self.diagnosis.findings if (each.topic, each.name) == (topic, name)]
        assert found, f"no finding {place!r} among {[f'{each.topic}/{each.name}' for each in self.diagnosis.findings]}"
        return found[-1]

    def __contains__(self, place: str) -> bool:
        return any(f"{each.topic}/{each.name}" == place for each in self.diagnosis.findings)

    @property
    def options(self) -> dict[str, object]:
        return self.diagnosis.content["options"]

    @property
    def warned(self) -> set[str]:
        return {f"{each.topic}/{each.name}" for each in self.diagnosis.findings if each.standing == "warning"}

    @property
    def source(self) -> Source:
        return build_source(self.diagnosis.slug, self.diagnosis.content)


@dataclass(frozen=True)
class Reply:
    """An answer that a test writes."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Asked:
    """A request: its path, arguments and headers in lower case."""

    path: str
    arguments: dict[str, str]
    headers: dict[str, str]


@dataclass
class Site:
    """A server that answers as ``respond`` says, and remembers what it was asked."""

    url: str
    respond: Callable[[Asked], Reply]
    asked: list[Asked] = field(default_factory=list[Asked])
    lock: Lock = field(default_factory=Lock)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ({"HARVEST_STATE": str(tmp_path / "state"), "HARVEST_CONTACT": "https://contact.example/"})


@pytest.fixture
def examine(settings: Settings) -> Diagnose:
    """Examine an address on this machine, in no time."""

    def run(url: str, *, bounds: Bounds | None = None, **wanted: object) -> Seen:
        asked = {"slug": "seen", "allow": ("loopback",), "requests_per_second": 1000.0, "patience_seconds": 0.05, **wanted}
        return Seen(diagnose(Wanted(url, **asked), settings, {}, bounds))

    return run


@pytest.fixture
def walk(settings: Settings) -> Callable[[Source], list[str]]:
    """Identifiers of everything that a source brings, as a harvest would ask for it."""

    def run(source: Source) -> list[str]:
        client_settings = source.http_settings({}, "tests (+https://contact.example/)")
        with RequestsClient(client_settings, HostBudget(settings.state_folder / "hosts")) as client:
            pages = source.build_protocol(client, {}).pages(Window())
            return [identifier for page in pages for identifier in page.records.column("identifier").to_pylist()]

    return run


@pytest.fixture(scope="module")
def universe() -> Iterator[Universe]:
    """A library that counts in seconds, and a museum that counts in days and says nothing of deletions."""
    with Universe() as started:
        started.add(Repository.generate("museum", 45, seed=2, page_size=20, granularity="day", deleted_record="no", sets=()))
        yield started


@pytest.fixture
def library(universe: Universe) -> Iterator[Universe]:
    """The universe, with a library that no other test has touched, and without faults when the test begins and ends."""
    universe.add(Repository.generate("library", 60, seed=1, page_size=20, first_day=date(2026, 1, 1), last_day=date(2026, 1, 30)))
    universe.faults("library")
    yield universe
    universe.faults("library")


@pytest.fixture
def site() -> Generator[Site]:
    """A server whose ``respond`` a test sets."""
    found = Site("", lambda _: Reply("nothing here", 404))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = Asked(address.path, dict(parse_qsl(address.query)), {name.lower(): value for name, value in self.headers.items()})
            with found.lock:
                found.asked.append(asked)
            reply = found.respond(asked)
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if reply.status != 304:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()
