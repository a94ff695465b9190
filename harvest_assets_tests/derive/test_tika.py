"""A client of a Tika server: what is sent, and what every answer means. A real server is asked in ``end_to_end/real_servers``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from harvest_assets.derive.text_files import File
from harvest_assets.derive.texts import Texts
from harvest_assets.derive.tika import Tika
from harvest_assets.errors import PermanentError, RecordError, TransientError
from harvest_assets.interfaces import DocumentTask, HttpClient, TaskInput
from harvest_assets.model.derivative import Derivative
from harvest_assets.testing.office import Work, make_html, make_pdf, make_text
from harvest_assets.testing.tools import MemoryBlobs, build_task, build_tools

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Site

Describe = Callable[..., TaskInput]

PATH = "/rmeta/form/body"
DOCUMENT: dict[str, Any] = {
    "X-TIKA:content": "\n\n A  text\n",
    "Content-Type": "application/pdf; version=1.7",
    "dc:title": ["A title", "Another"],
    "dc:creator": ["Author One", "Author Two"],
    "dc:language": "nl_NL",
    "xmpTPg:NPages": "3",
}


class FakeTika:
    """What a Tika server was sent, on a site that answers as one."""

    def __init__(self, site: Site, client: HttpClient) -> None:
        self.bodies: list[bytes] = []
        self.site = site
        site.serve("/version", 200, b"Apache Tika 3.3.1")
        self.tika = Tika(site.url("/"), client)

    def answer(self, body: object, status: int = 200) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()

        def answer(request: BaseHTTPRequestHandler) -> None:
            self.bodies.append(request.rfile.read(int(request.headers["Content-Length"])))
            request.send_response(status)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            request.wfile.write(content)

        self.site.serve_with(PATH, answer)

    def part(self) -> tuple[str, bytes]:
        """The headers and the content of the file that was sent last."""
        boundary, _, rest = self.bodies[-1].partition(b"\r\n")
        headers, _, content = rest.partition(b"\r\n\r\n")
        return headers.decode(), content.removesuffix(b"\r\n" + boundary + b"--\r\n")


@pytest.fixture
def server(site: Site, client: HttpClient) -> FakeTika:
    made = FakeTika(site, client)
    made.answer([DOCUMENT])
    return made


def test_the_first_of_the_list_is_the_document_and_the_others_are_counted(server: FakeTika) -> None:
    server.answer([DOCUMENT, {"X-TIKA:content": "embedded"}, {}])
    text = server.tika.read(File("srn", make_pdf(Work()), declared="application/pdf"))
    assert (text.text, text.media_type, text.engine) == ("A text", "application/pdf", "tika 3.3.1")
    assert (text.title, text.authors, text.language) == ("A title", ("Author One", "Author Two"), "nl-NL")
    assert (text.page_count, text.embedded, text.notes, text.is_truncated) == (3, 2, (), False)


def test_bytes_are_sent_as_a_form_and_no_address_and_no_type(server: FakeTika) -> None:
    content = make_pdf(Work()) + b"\r\n--\r\n"
    server.tika.read(File("srn", content, declared="image/png"))
    headers, sent = server.part()
    assert sent == content
    assert headers.splitlines()[1:] == ["Content-Type: application/octet-stream", "writeLimit: 4000000", "maxEmbeddedResources: 1000"]
    assert server.site.seen == [("GET", "/version"), ("POST", PATH)]


@pytest.mark.parametrize("charset", ["cp1252", "utf-16", "utf-8"])
def test_pages_and_plain_texts_are_sent_in_utf_8_with_its_mark(server: FakeTika, charset: str) -> None:
    for make, name in ((make_text, "txt"), (make_html, "html")):
        server.tika.read(File("srn", make(Work(), charset), declared=name))
        assert server.part()[1].decode("utf-8-sig") == make(Work(), charset).decode(charset)
        assert server.part()[1].startswith(b"\xef\xbb\xbf")


def test_the_version_is_asked_once(server: FakeTika) -> None:
    for _ in range(3):
        server.tika.read(File("srn", b"text"))
    assert server.site.seen.count(("GET", "/version")) == 1


def test_a_document_of_few_words_says_only_these(server: FakeTika) -> None:
    server.answer([{"X-TIKA:content": 3, "dc:creator": None, "xmpTPg:NPages": "many", "dc:language": "Dutch"}])
    text = server.tika.read(File("srn", b"%PDF-"))
    assert (text.text, text.media_type, text.title, text.authors) == ("", "application/octet-stream", None, ())
    assert (text.language, text.page_count, text.embedded) == (None, None, 0)


def test_the_language_of_a_page_is_read_from_its_root(server: FakeTika) -> None:
    server.answer([{"X-TIKA:content": "x", "Content-Type": "text/html"}])
    assert server.tika.read(File("srn", b"<!doctype html><html class=x lang='nl-BE'><p>x")).language == "nl-BE"
    assert server.tika.read(File("srn", b"<html class='lang'><p lang=en>x")).language is None


def test_text_with_an_exception_is_text_with_a_note(server: FakeTika) -> None:
    server.answer([{**DOCUMENT, "X-TIKA:EXCEPTION:container_exception": "org.example.Broken: no end\n\tat x"}])
    text = server.tika.read(File("srn", b"%PDF-", declared="text/html"))
    assert text.text == "A text"
    assert text.notes == ("declared text/html", "read in part: org.example.Broken: no end")


@pytest.mark.parametrize("name", ["write_limit_reached", "embedded_resource_limit_reached"])
def test_a_limit_that_was_reached_is_no_failure(server: FakeTika, name: str) -> None:
    server.answer([{**DOCUMENT, f"X-TIKA:EXCEPTION:{name}": "true"}])
    text = server.tika.read(File("srn", b"%PDF-"))
    assert (text.notes, text.is_truncated) == ((), name == "write_limit_reached")


@pytest.mark.parametrize(
    ("answer", "status", "rule", "message"),
    [
        (
            b"org.example.TikaException: bad file\n\tat x",
            422,
            "unreadable",
            "Tika cannot read the file: org.example.TikaException: bad file",
        ),
        (b"", 422, "unreadable", "Tika cannot read the file: status 422 without a word"),
        (b"Unsupported", 415, "unsupported", "Tika cannot read the file: Unsupported"),
        (
            b"org.apache.tika.exception.EncryptedDocumentException: x",
            422,
            "encrypted",
            "the document is encrypted: it opens with a password only",
        ),
        (
            [{"X-TIKA:EXCEPTION:container_exception": "org.example.Broken: no"}],
            200,
            "unreadable",
            "cannot read the file: org.example.Broken: no",
        ),
        ([{**DOCUMENT, "X-TIKA:EXCEPTION:x": "EncryptedDocumentException"}], 200, "encrypted", "the document is encrypted"),
    ],
)
def test_a_refusal_is_about_the_file(server: FakeTika, answer: object, status: int, rule: str, message: str) -> None:
    server.answer(answer, status)
    with pytest.raises(RecordError, match=re.escape(message)) as caught:
        server.tika.read(File("srn", b"%PDF-"))
    assert caught.value.rule == rule


def test_an_empty_file_is_not_sent(server: FakeTika) -> None:
    with pytest.raises(RecordError, match="the file is empty: zero bytes"):
        server.tika.read(File("srn", b""))
    assert server.site.seen == []


@pytest.mark.parametrize("answer", [b"not json", [], {}, ["text"], b"[null]"])
def test_an_answer_that_is_no_list_of_documents_is_about_the_server(server: FakeTika, answer: object) -> None:
    server.answer(answer)
    with pytest.raises(
        PermanentError, match=r"Tika answered b'.*', not a list of documents; check that the address is that of a Tika server"
    ):
        server.tika.read(File("srn", b"text"))


def test_a_server_of_another_kind_is_told_by_its_version(server: FakeTika) -> None:
    server.site.serve("/version", 200, b"<html>something else</html>")
    with pytest.raises(PermanentError, match=r"'http://\S+': '<html>something else</html>' is not the version of a Tika server; correct"):
        server.tika.read(File("srn", b"text"))


@pytest.mark.parametrize(("status", "error"), [(500, TransientError), (503, TransientError), (404, PermanentError)])
def test_trouble_of_the_server_is_not_that_of_the_file(server: FakeTika, status: int, error: type[Exception]) -> None:
    server.answer(b"", status)
    with pytest.raises(error, match=f"status {status}"):
        server.tika.read(File("srn", b"text"))


@pytest.mark.parametrize("how", ["option", "environment"])
def test_the_task_asks_the_server_that_it_is_told(
    site: Site, client: HttpClient, server: FakeTika, describe_file: Describe, how: str
) -> None:
    server.answer([DOCUMENT, {}])
    blobs = MemoryBlobs()
    url = site.url("")
    tools = build_tools(client, blobs=blobs, environ={"HARVEST_TIKA_URL": url if how == "environment" else "http://127.0.0.1:1"})
    task = build_task(Texts, tools, **({"tika_url": url} if how == "option" else {}))
    (result,) = task.derive([describe_file(site.serve("/a.pdf", 200, make_pdf(Work())))])
    assert (result.status, result.output["engine"], result.output["embedded"]) == ("succeeded", "tika 3.3.1", 1)
    assert blobs.contents[result.output["path"]] == b"A text"


@pytest.fixture
def task(site: Site, client: HttpClient) -> DocumentTask:
    return build_task(Texts, build_tools(client), tika_url=site.url(""))


def test_each_file_has_its_own_result(site: Site, server: FakeTika, task: DocumentTask, describe_file: Describe) -> None:
    good = [describe_file(site.serve(f"/{number}.pdf", 200, make_pdf(Work()))) for number in range(10)]
    empty, missing = describe_file(site.serve("/empty.pdf")), describe_file(site.serve("/missing.pdf", 404))
    results = {result.srn: result for result in task.derive([*good, empty, missing])}
    assert {results[document.srn].status for document in good} == {"succeeded"}
    assert len(server.bodies) == 10
    assert describe(results[empty.srn]) == ("failed", "empty", True)
    assert describe(results[missing.srn]) == ("failed", results[missing.srn].failure, False)
    assert "status 404" in (results[missing.srn].reason or "")


def test_a_server_that_is_away_fails_every_file_for_now(site: Site, client: HttpClient, describe_file: Describe) -> None:
    task = build_task(Texts, build_tools(client), tika_url="http://127.0.0.1:1")
    (result,) = task.derive([describe_file(site.serve("/a.pdf", 200, make_pdf(Work())))])
    assert describe(result) == ("failed", "engine", False)
    assert (result.reason or "").startswith("the Tika server: GET 'http://127.0.0.1:1/version': ConnectionRefusedError")


def describe(result: Derivative) -> tuple[str, str | None, bool]:
    return result.status, result.failure, result.is_final
