"""Texts of files that a real server serves: which files are read, and what becomes of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from harvest_assets.derive.text_files import ENGINE
from harvest_assets.derive.texts import Texts
from harvest_assets.interfaces import DocumentTask, Finding, HttpClient, TaskInput
from harvest_assets.model.derivative import Derivative
from harvest_assets.testing.office import MAKERS, Work, make_docx, make_html, make_pdf, make_text
from harvest_assets.testing.office_traps import TRAPS
from harvest_assets.testing.tools import MemoryBlobs, build_task, build_tools

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Site

Describe = Callable[..., TaskInput]

OPEN = {"access_rights": "OpenAccess"}
DOCX = MAKERS["docx"][0]


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture
def task(client: HttpClient, blobs: MemoryBlobs) -> DocumentTask:
    return build_task(Texts, build_tools(client, blobs=blobs))


def check(**output: Any) -> dict[str, Finding]:
    return {"url_checks": Finding("succeeded", {"outcome": "ok", "status": 200, **output})}


def derive(task: DocumentTask, *documents: TaskInput) -> dict[str, Derivative]:
    results = list(task.derive(documents))
    assert len(results) == len(documents)
    return {result.srn: result for result in results}


def test_the_whole_output_of_a_document(site: Site, task: DocumentTask, blobs: MemoryBlobs, describe_file: Describe) -> None:
    content = make_docx(Work())
    document = describe_file(site.serve("/report.docx", 200, content, content_type="application/octet-stream"))
    (result,) = task.derive([document])
    assert (result.srn, result.status, result.reason, result.is_final) == (document.srn, "succeeded", None, False)
    ((path, kept),) = blobs.contents.items()
    text = "\n\n".join(Work().paragraphs)
    assert kept.decode() == text
    assert path.endswith(".txt")
    assert result.output == {
        "path": path,
        "characters": len(text),
        "is_truncated": False,
        "excerpt": text,
        "title": "Café en Brücke",
        "authors": ["Author One"],
        "language": "nl",
        "page_count": None,
        "media_type": DOCX,
        "embedded": None,
        "engine": ENGINE,
        "notes": [],
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_every_kind_has_its_text_in_the_store(site: Site, task: DocumentTask, blobs: MemoryBlobs, describe_file: Describe) -> None:
    documents = {kind: describe_file(site.serve(f"/file.{kind}", 200, make(Work()))) for kind, (_, make) in MAKERS.items()}
    results = derive(task, *documents.values())
    for kind, document in documents.items():
        output = results[document.srn].output
        assert output["media_type"] == MAKERS[kind][0]
        assert Work().paragraphs[0] in blobs.contents[output["path"]].decode()
        assert output["excerpt"] == blobs.contents[output["path"]].decode()[:500]


def test_the_excerpt_is_the_start_of_a_long_text(site: Site, task: DocumentTask, describe_file: Describe) -> None:
    (result,) = task.derive([describe_file(site.serve("/long.txt", 200, b"word " * 1000))])
    assert (result.output["excerpt"], result.output["characters"]) == (("word " * 100), 4999)


def test_the_server_says_the_charset(site: Site, task: DocumentTask, describe_file: Describe) -> None:
    url = site.serve("/page", 200, "<p>Съешь ещё</p>".encode("koi8-r"), content_type="text/html; charset=koi8-r")
    (result,) = task.derive([describe_file(url)])
    assert result.output["excerpt"] == "Съешь ещё"


@pytest.mark.parametrize("charset", ["cp1252", "utf-16"])
def test_plain_text_of_any_charset_is_kept_in_utf_8(
    site: Site, task: DocumentTask, blobs: MemoryBlobs, describe_file: Describe, charset: str
) -> None:
    (result,) = task.derive([describe_file(site.serve("/a.txt", 200, make_text(Work(), charset), content_type="text/plain"))])
    assert blobs.contents[result.output["path"]].decode().startswith("Café en Brücke\n\nEen reëel")


def test_a_page_that_is_called_pdf_is_read_as_a_page_and_noted(site: Site, task: DocumentTask, describe_file: Describe) -> None:
    document = describe_file(site.serve("/report.pdf", 200, make_html(Work()), content_type="text/html"), media_type="application/pdf")
    (result,) = task.derive([document])
    assert (result.output["media_type"], result.output["notes"]) == ("text/html", ["declared application/pdf"])


def test_a_file_without_text_succeeds_without_one(site: Site, task: DocumentTask, blobs: MemoryBlobs, describe_file: Describe) -> None:
    (result,) = task.derive([describe_file(site.serve("/scan.pdf", 200, make_pdf(Work(paragraphs=[""]))))])
    assert (result.status, result.output["path"], result.output["characters"], result.output["excerpt"]) == ("succeeded", None, 0, "")
    assert blobs.contents == {}


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("empty.pdf", "empty"),
        ("locked.pdf", "encrypted"),
        ("ratio.docx", "zip_bomb"),
        ("laughs.odt", "xml_bomb"),
        ("truncated.docx", "unreadable"),
    ],
)
def test_what_is_wrong_with_a_file_itself_is_final(
    site: Site, task: DocumentTask, describe_file: Describe, name: str, failure: str
) -> None:
    content = TRAPS[name]()
    (result,) = task.derive([describe_file(site.serve(f"/{name}", 200, content))])
    assert (result.status, result.failure, result.is_final) == ("failed", failure, True)
    assert result.reason
    assert result.output == {"sha256": hashlib.sha256(content).hexdigest()}


def test_what_cannot_be_fetched_fails_and_the_others_do_not(site: Site, task: DocumentTask, describe_file: Describe) -> None:
    good = [describe_file(site.serve(f"/{number}.txt", 200, f"text {number}".encode())) for number in range(20)]
    missing = describe_file(site.serve("/missing.pdf", 404))
    unreachable = describe_file("http://127.0.0.1:1/a.pdf")
    endless = describe_file(site.serve("/loop.pdf", 302, location="/loop.pdf"))
    results = derive(task, *good[:10], missing, unreachable, endless, *good[10:])
    assert [results[document.srn].output["excerpt"] for document in good] == [f"text {number}" for number in range(20)]
    for document, reason in ((missing, "status 404"), (unreachable, "ConnectionRefusedError"), (endless, "redirects in a loop")):
        result = results[document.srn]
        assert (result.status, result.is_final, result.output) == ("failed", False, {})
        assert result.failure
        assert reason in (result.reason or "")


def test_files_are_fetched_by_as_many_as_the_options_say(site: Site, client: HttpClient, describe_file: Describe) -> None:
    task = build_task(Texts, build_tools(client), workers=3)
    derive(task, *(describe_file(site.serve(f"/{number}.txt", 200, b"text")) for number in range(12)))
    assert site.most_at_once <= 3


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (OPEN, None),
        ({"access_rights": "RestrictedAccess", "copyright": "cc-by-40"}, None),
        ({"copyright": "cc-by-40"}, None),
        ({"copyright": ["cc-by-40"]}, None),
        ({"rights": ["info:eu-repo/semantics/openAccess"]}, None),
        ({"rights": "https://creativecommons.org/licenses/by/4.0/"}, None),
        ({"access_rights": ["OpenAccess"]}, None),
        ({"access_rights": "ClosedAccess"}, "the access rights are 'ClosedAccess': the content may not be read"),
        ({"access_rights": "RestrictedAccess"}, "access is restricted and no licence is given"),
        ({"copyright": "cc-by-nd-40"}, "no access rights are given, and the licence 'cc-by-nd-40' allows no derivatives"),
        ({"copyright": 3}, "no access rights are given, and no licence"),
        ({}, "no access rights are given, and no licence"),
    ],
)
def test_only_files_that_may_be_read_are_read(
    task: DocumentTask, describe_file: Describe, properties: dict[str, Any], reason: str | None
) -> None:
    verdict = task.applies_to(describe_file("https://example.org/a.pdf", properties=properties))
    assert (verdict.applies, verdict.reason) == (reason is None, reason)


@pytest.mark.parametrize(
    ("findings", "reason"),
    [
        ({}, None),
        (check(), None),
        (check(outcome="moved"), None),
        (
            check(outcome="not_found", status=404),
            "the outcome of the check of its address is 'not_found' (status 404), not one of moved, ok",
        ),
        ({"url_checks": Finding("failed", {}, "no answer")}, "the result of the check of its address is 'failed': no answer"),
        ({"url_checks": Finding("not_applicable", {})}, "the result of the check of its address is 'not_applicable': no reason is given"),
    ],
)
def test_only_files_whose_address_leads_to_them_are_read(
    task: DocumentTask, describe_file: Describe, findings: dict[str, Finding], reason: str | None
) -> None:
    verdict = task.applies_to(describe_file("https://example.org/a.pdf", properties=OPEN, findings=findings))
    assert (verdict.applies, verdict.reason) == (reason is None, reason)


@pytest.mark.parametrize(
    ("url", "media_type", "served", "applies"),
    [
        ("https://example.org/a", "application/pdf", None, True),
        ("https://example.org/a", "application/x-pdf", None, True),
        ("https://example.org/a", None, "application/pdf; charset=binary", True),
        ("https://example.org/a.PDF?x=1#y", None, None, True),
        ("https://example.org/a.docx", None, "application/zip", True),
        ("https://example.org/a.epub", None, "application/octet-stream", True),
        ("https://example.org/a", DOCX, "application/octet-stream", True),
        ("https://example.org/a", None, "text/html", True),
        ("https://example.org/a", "text/plain", None, True),
        ("https://example.org/a", None, "text/plain", True),
        ("https://example.org/a.rtf", None, None, True),
        ("https://example.org/a.odp", None, None, True),
        ("https://example.org/a.ppt", "application/vnd.ms-powerpoint", None, True),
        ("https://example.org/a", None, None, False),
        ("https://example.md", None, None, False),
        ("https://example.org/a", "image/png", None, False),
        ("https://example.org/a.pdf", None, "video/mp4", False),
        ("https://example.org/a.mp3", "audio/mpeg", None, False),
        ("https://example.org/a.zip", "application/zip", None, False),
        ("https://example.org/a", None, "application/octet-stream", False),
        ("https://example.org/a.png", None, "text/plain", True),
        ("https://example.org/a", "image/png", "text/plain", False),
        ("http://[bad/a.pdf", None, None, True),
        ("ftp://example.org/a.pdf", "application/pdf", None, False),
        (None, "application/pdf", None, False),
    ],
)
def test_only_kinds_that_have_text_are_read(
    task: DocumentTask, describe_file: Describe, *, url: str | None, media_type: str | None, served: str | None, applies: bool
) -> None:
    findings = check(content_type=served) if served else {}
    verdict = task.applies_to(describe_file(url, media_type=media_type, properties=OPEN, findings=findings))
    assert verdict.applies is applies
    assert bool(verdict.reason) is not applies


def test_reasons_name_the_kind_and_the_address(task: DocumentTask, describe_file: Describe) -> None:
    named = task.applies_to(describe_file("https://example.org/a", media_type="image/png", properties=OPEN))
    assert named.reason == "media type 'image/png' is none that text is read from"
    unknown = task.applies_to(describe_file("https://example.org/a", properties=OPEN))
    assert unknown.reason == "media type 'unknown' is none that text is read from"
    assert task.applies_to(describe_file(None, properties=OPEN)).reason == "the file has no address of the web"


def test_where_an_address_leads_may_tell_the_kind(task: DocumentTask, describe_file: Describe) -> None:
    findings = check(final_url="https://example.org/files/a.pdf")
    assert task.applies_to(describe_file("https://example.org/download/1", properties=OPEN, findings=findings)).applies


def test_the_fingerprint_is_of_what_is_read_and_no_more(client: HttpClient, task: DocumentTask, describe_file: Describe) -> None:
    url = "https://example.org/a.pdf"
    first = task.fingerprint(describe_file(url, properties=OPEN, findings=check(etag="1", suspicions=[])))
    assert first == task.fingerprint(describe_file(url, properties={**OPEN, "title": "x"}, findings=check(etag="1", suspicions=["x"])))
    others = [
        describe_file(url, properties=OPEN, findings=check(etag="2")),
        describe_file(url, properties=OPEN, findings=check(etag="1", content_length=3)),
        describe_file(url, properties=OPEN, findings=check(etag="1", last_modified="x")),
        describe_file(url, properties=OPEN, findings=check(etag="1", final_url="x")),
        describe_file(url, properties=OPEN),
        describe_file(url, properties={}, findings=check(etag="1")),
        describe_file(url, media_type="text/plain", properties=OPEN, findings=check(etag="1")),
        describe_file(url + "x", properties=OPEN, findings=check(etag="1")),
    ]
    prints = {task.fingerprint(other) for other in others}
    assert len(prints | {first}) == len(others) + 1
    by_tika = build_task(Texts, build_tools(client), tika_url="http://tika.example.org:9998")
    assert by_tika.fingerprint(describe_file(url, properties=OPEN, findings=check(etag="1"))) not in prints | {first}


@pytest.mark.parametrize("url", ["tika.example.org:9998", "ftp://tika.example.org", "http://"])
@pytest.mark.parametrize("how", ["option", "environment"])
def test_an_engine_that_is_no_address_cancels_texts_and_nothing_else(
    client: HttpClient, describe_file: Describe, url: str, how: str
) -> None:
    tools = build_tools(client, environ={"HARVEST_TIKA_URL": url} if how == "environment" else {})
    task = build_task(Texts, tools, **({"tika_url": url} if how == "option" else {}))
    (result,) = task.derive([describe_file("http://127.0.0.1:1/report.docx")])
    assert (result.status, result.output) == ("cancelled", {})
    assert result.reason == f"{url!r} is no http(s) address of a Tika server; correct task_options.texts.tika_url or HARVEST_TIKA_URL"


@pytest.mark.parametrize("options", [{"workers": 0}, {"seconds": 0}, {"memory_mib": 1}, {"engine": "tika"}])
def test_options_have_their_bounds(client: HttpClient, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        build_task(Texts, build_tools(client), **options)


def test_a_slow_server_costs_its_own_file_only(site: Site, task: DocumentTask, describe_file: Describe) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"x")

    broken, good = describe_file(site.serve_with("/slow.pdf", answer)), describe_file(site.serve("/a.txt", 200, b"text"))
    results = derive(task, broken, good)
    assert results[good.srn].status == "succeeded"
    assert (results[broken.srn].status, results[broken.srn].is_final) == ("failed", False)
