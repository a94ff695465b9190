"""``KeptDownloads``: a file that several tasks read is asked for once; over a real server."""

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harvest_assets.errors import PermanentError, TransientError
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.stages.downloads import KeptDownloads
from harvest_assets.store.downloads import DownloadShelf

SETTINGS = HttpSettings(
    user_agent="harvest_assets tests (+https://example.org)",
    allowed_networks=("127.0.0.0/8",),
    requests_per_second=5000,
    read_timeout_seconds=5,
    max_attempts=1,
    max_body_bytes=10_000,
)


class Site:
    """A server that answers after what its path says."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.broken = False
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
                del format, args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append(request.path)
        if request.path == "/slow":
            time.sleep(0.3)
        body = bytes(20_000) if request.path == "/large" else b"content of " + request.path.encode()
        lines = {
            "Content-Type": "Application/PDF; charset=binary",
            "Set-Cookie": "session=secret",
            "ETag": '"1"',
            "Content-Length": str(len(body)),
        }
        status = 503 if self.broken else 302 if request.path == "/moved" else 200
        if status == 302:
            lines["Location"] = "/file"
        request.send_response(status)
        for name, value in lines.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.server.shutdown()
    thread.join()
    site.server.server_close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RequestsClient]:
    with RequestsClient(SETTINGS, HostBudget(tmp_path / "hosts")) as client:
        yield client


@pytest.fixture
def shelf(tmp_path: Path) -> DownloadShelf:
    return DownloadShelf(tmp_path / "downloads")


@pytest.fixture
def downloads(client: RequestsClient, shelf: DownloadShelf) -> KeptDownloads:
    return KeptDownloads("library", client, shelf)


def test_a_file_says_what_was_served(site: Site, downloads: KeptDownloads) -> None:
    found = downloads.fetch(site.url("/moved"))
    assert (found.url, found.media_type, found.content) == (site.url("/file"), "application/pdf", b"content of /file")
    assert found.sha256 == hashlib.sha256(b"content of /file").hexdigest()
    assert found.headers["etag"] == '"1"'


def test_a_file_is_asked_for_once_and_is_the_same_each_time(
    site: Site, client: RequestsClient, downloads: KeptDownloads, tmp_path: Path
) -> None:
    first = downloads.fetch(site.url("/file"))
    later = KeptDownloads("library", client, DownloadShelf(tmp_path / "downloads"))
    assert first == downloads.fetch(site.url("/file#page=3")) == later.fetch(site.url("/file"))
    assert site.seen == ["/file"]


def test_a_source_does_not_see_what_another_was_given(
    site: Site, client: RequestsClient, downloads: KeptDownloads, shelf: DownloadShelf
) -> None:
    downloads.fetch(site.url("/file"))
    KeptDownloads("archive", client, shelf).fetch(site.url("/file"))
    assert site.seen == ["/file", "/file"]


def test_several_who_ask_at_once_ask_once(site: Site, downloads: KeptDownloads) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(downloads.fetch(site.url("/slow")).content)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"content of /slow"] * 6
    assert site.seen == ["/slow"]


def test_a_failure_is_not_kept(site: Site, downloads: KeptDownloads) -> None:
    site.broken = True
    with pytest.raises(TransientError, match="status 503 after 1 attempts"):
        downloads.fetch(site.url("/file"))
    site.broken = False
    assert downloads.fetch(site.url("/file")).content == b"content of /file"


def test_a_file_beyond_the_cap_of_the_source_fails_as_the_client_says(site: Site, downloads: KeptDownloads) -> None:
    with pytest.raises(PermanentError, match="10000"):
        downloads.fetch(site.url("/large"))


def test_a_damaged_entry_is_asked_for_again(site: Site, downloads: KeptDownloads, tmp_path: Path) -> None:
    downloads.fetch(site.url("/file"))
    (entry,) = (tmp_path / "downloads").iterdir()
    entry.write_bytes(entry.read_bytes()[:-3])
    assert downloads.fetch(site.url("/file")).content == b"content of /file"
    assert site.seen == ["/file", "/file"]


def test_without_room_a_file_is_passed_on_and_not_kept(site: Site, client: RequestsClient, tmp_path: Path) -> None:
    downloads = KeptDownloads("library", client, DownloadShelf(tmp_path / "full", free_bytes=1024**5))
    assert downloads.fetch(site.url("/file")) == downloads.fetch(site.url("/file"))
    assert site.seen == ["/file", "/file"]
    assert list((tmp_path / "full").iterdir()) == []


def test_secrets_of_an_answer_are_neither_handed_on_nor_written(site: Site, tmp_path: Path) -> None:
    settings = replace(SETTINGS, headers={"Authorization": "Bearer hidden"}, secret_values=("hidden",))
    with RequestsClient(settings, HostBudget(tmp_path / "hosts")) as client:
        found = KeptDownloads("library", client, DownloadShelf(tmp_path / "downloads")).fetch(site.url("/file?token=hidden"))
    (entry,) = (tmp_path / "downloads").iterdir()
    assert "set-cookie" not in found.headers
    assert b"secret" not in entry.read_bytes()
    assert b"hidden" not in entry.read_bytes().partition(b"\n")[0]
