"""A source whose files are all the bad ones that there are: each ends as a result with its reason and costs no other document anything."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harvest_assets.config.plugins import forget_plug_ins
from harvest_assets.testing.files import PRIVATE_ADDRESS, make_bomb, make_file
from harvest_assets.testing.office import MAKERS, Work
from harvest_assets.testing.office_traps import TRAPS
from harvest_assets.testing.pdfs import make_pdf
from harvest_assets_tests.end_to_end.origin import JsonRecords, Origin
from harvest_assets_tests.end_to_end.place import QUICK, Place

PDF, PNG, HTML = "application/pdf", "image/png", "text/html"
DOCX, XLS = MAKERS["docx"][0], "application/vnd.ms-excel"
LIMITS = {**QUICK, "max_body_bytes": 2_000_000, "response_timeout_seconds": 2.0}
FILE_TASKS = ("url_checks", "texts", "pdf_previews", "image_previews")

PARSING = """
from harvest_assets.interfaces import Bounds, DocumentTask, Ended
from harvest_assets.model.derivative import APPLIES, Derivative
from harvest_assets.testing.misbehaviour import misbehave


class Parsing(DocumentTask):
    "What a parser of a stranger does with the titles of products."

    name = "parsing"
    version = "1"
    entities = frozenset({"product"})

    def applies_to(self, document):
        return APPLIES

    def fingerprint(self, document):
        return document.title

    def derive(self, batch):
        srns = {document.title: document.srn for document in batch}
        for title, made in self.tools.isolation.map(misbehave, srns, Bounds(seconds=1.5, memory_bytes=64 * 1024**2)):
            if isinstance(made, Ended):
                yield Derivative(srns[title], "failed", {}, made.reason, made.failure)
            else:
                yield Derivative(srns[title], "succeeded", {"title": made})
"""
CRASHES = {"segfault": "crashed", "abort": "crashed", "hang": "timeout", "hog 200": "memory"}


class Case(NamedTuple):
    """A file, and what becomes of it.

    ``body`` is served as ``media_type`` with a status and headers, or by a function. ``declared`` is what its record says it is. Of each
    task in turn: the outcome of the check or the class of its failure, of text and of pictures ``read``, ``drawn``, the class of the
    failure, or empty where the task does not apply. ``suspicion`` is what the check has to say besides.
    """

    path: str
    body: bytes | Callable[[BaseHTTPRequestHandler, dict[str, str]], None]
    media_type: str
    outcome: str
    text: str = ""
    pdf: str = ""
    picture: str = ""
    declared: str | None = None
    status: int = 200
    location: str = ""
    suspicion: str = ""


def serve_endless(request: BaseHTTPRequestHandler, _: dict[str, str]) -> None:
    """A file that never ends, as fast as it is read."""
    begin(request)
    while request.command != "HEAD":
        request.wfile.write(b"%PDF-1.7\n" + b"x" * 60_000)


def serve_slowly(request: BaseHTTPRequestHandler, _: dict[str, str]) -> None:
    """A file that comes a byte at a time."""
    begin(request)
    while request.command != "HEAD":
        request.wfile.write(b"%")
        time.sleep(0.05)


def begin(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", PDF)
    request.end_headers()


def make(kind: str) -> bytes:
    return MAKERS[kind][1](Work())


def list_cases() -> dict[str, Case]:
    page = b"<html><head><title>%s</title></head><body>%s</body></html>"
    return {
        "good pdf": Case("/good.pdf", make("pdf"), PDF, "ok", "read", "drawn"),
        "good docx": Case("/good.docx", make("docx"), DOCX, "ok", "read"),
        "good png": Case("/good.png", make_file("good.png"), PNG, "ok", picture="drawn"),
        "picture as pdf": Case("/liar.pdf", make_file("good.png"), PDF, "ok", "unsupported", "not_a_pdf"),
        "pdf as docx": Case("/liar.docx", make("pdf"), DOCX, "ok", "read"),
        "text as picture": Case("/liar.png", b"this is no picture", PNG, "ok", picture="not_a_picture"),
        "page as pdf": Case("/page.pdf", make("html"), HTML, "ok", "read", declared=PDF, suspicion="unexpected_type"),
        "zero bytes": Case("/empty.pdf", b"", PDF, "ok", "empty", "empty"),
        "zip bomb": Case("/bomb.docx", TRAPS["bomb.docx"](), DOCX, "ok", "zip_bomb"),
        "xml bomb": Case("/laughs.docx", TRAPS["laughs.docx"](), DOCX, "ok", "xml_bomb"),
        "encrypted": Case("/locked.pdf", TRAPS["locked.pdf"](), PDF, "ok", "encrypted", "encrypted"),
        "broken": Case("/broken.pdf", TRAPS["truncated.pdf"](), PDF, "ok", "unreadable", "broken"),
        "10,000 pages": Case("/pages.pdf", make_pdf(pages=10_000), PDF, "ok", "read", "drawn"),
        "picture bomb": Case("/bomb.png", make_bomb(), PNG, "ok", picture="too_large"),
        "crashes its parser": Case("/crash.xls", TRAPS["crash.xls"](), XLS, "ok", "crashed"),
        "endless": Case("/endless.pdf", serve_endless, PDF, "ok", "too_large", "too_large"),
        "slow": Case("/slow.pdf", serve_slowly, PDF, "ok", "timeout", "timeout"),
        "redirect loop": Case("/loop.pdf", b"", PDF, "redirect_loop", status=302, location="/loop.pdf"),
        "private address": Case("/private.pdf", b"", PDF, "private_address", status=302, location=PRIVATE_ADDRESS),
        "404": Case("/missing.pdf", b"not found", "text/plain", "not_found", declared=PDF, status=404),
        "410": Case("/gone.pdf", b"gone", "text/plain", "gone", declared=PDF, status=410),
        "soft 404": Case("/soft", page % (b"Page not found", b"Sorry"), HTML, "ok", "read", suspicion="soft_404"),
        "login page": Case("/login", page % (b"Sign in", b"<input type=password>"), HTML, "ok", "read", suspicion="login_page"),
    }


@pytest.fixture
def parsing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stranger's document task is installed during the test."""
    folder = tmp_path / "packages"
    metadata = folder / "stranger_parser-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "stranger_parser.py").write_text(PARSING)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger-parser\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[harvest_assets.document_tasks]\nparsing = stranger_parser:Parsing\n")
    monkeypatch.syspath_prepend(folder)
    forget_plug_ins()
    yield
    monkeypatch.undo()
    forget_plug_ins()


def put_all(cases: dict[str, Case], origin: Origin, place: Place, at: datetime) -> None:
    """A product for each file, one for each way to crash a parser, and their source."""
    records = JsonRecords(origin, "none", {"identifier": "/id"})
    for name, case in cases.items():
        headers = {"Location": case.location} if case.location else {}
        if isinstance(case.body, bytes):
            url = origin.serve(case.path, case.body, case.media_type, status=case.status, **headers)
        else:
            url = origin.serve_with(case.path, case.body)
        file = {"url": url, "mime_type": case.declared or case.media_type}
        records.put(name, {"id": name, "title": name, "copyright": "cc-by-40", "files": [file]}, at)
    for name in CRASHES:
        records.put(name, {"id": name, "title": name}, at)
    place.write_source("lib", **records.keys, extract="publinova", tasks=[*FILE_TASKS, "licences", "validity", "parsing"], http=LIMITS)


def children() -> set[str]:
    """Processes that this one has started and that live."""
    found: set[str] = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *_ = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if parent == str(os.getpid()) and state not in "ZX":
            found.add(status.parent.name)
    return found


def describe(row: dict[str, Any], good: str) -> str:
    """A result in a word."""
    return {"succeeded": good, "failed": row["failure"], "not_applicable": ""}[row["status"]]


@pytest.mark.usefixtures("parsing")
def test_every_bad_file_ends_as_a_result_and_the_others_are_published_with_theirs(
    origin: Origin, place: Place, at: Callable[[int], datetime]
) -> None:
    cases, before = list_cases(), children()
    put_all(cases, origin, place, at(-1))
    assert place.run(0).decision == "first_run"
    assert children() <= before

    checks, texts, pages, pictures = ({row["srn"].split(":")[1]: row for row in place.results(task, 0).values()} for task in FILE_TASKS)
    found = {
        name: (
            describe(checks[name], checks[name]["output"]["outcome"]),
            describe(texts[name], "read"),
            describe(pages[name], "drawn"),
            describe(pictures[name], "drawn"),
        )
        for name in cases
    }
    assert found == {name: (case.outcome, case.text, case.pdf, case.picture) for name, case in cases.items()}
    suspicions = {name: row["output"]["suspicions"] for name, row in checks.items()}
    assert suspicions == {name: [case.suspicion] if case.suspicion else [] for name, case in cases.items()}
    assert pages["10,000 pages"]["output"]["page_count"] == 10_000

    for task in place.source("lib").task_names:
        for row in place.results(task, 0).values():
            assert (row["status"] == "succeeded") == (row["reason"] is None), (task, row)
            assert row["status"] != "failed" or "\n" not in row["reason"], (task, row)
    parsed = place.results("parsing", 0)
    assert {srn: row["failure"] for srn, row in parsed.items() if row["status"] == "failed"} == {f"lib:{n}": f for n, f in CRASHES.items()}
    assert {row["output"]["title"] for row in parsed.values() if row["status"] == "succeeded"} == cases.keys()

    published = place.exported(place.release(0))
    assert len(published) == 2 * len(cases) + len(CRASHES) == place.manifest("sets", 0).counts["live"]
    failed = {name for name, case in cases.items() if case.outcome in {"redirect_loop", "private_address"}}
    shown = {row["parent"][4:] for row in published.values() if row["derivatives"].get("url_checks", {}).get("status") == "failed"}
    assert shown == failed

    place.run(1)
    assert place.calls(1) == {}
    assert place.exported(place.release(1)) == published
