"""Previews of PDFs that a real server serves."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from harvest_assets.derive.pdf_previews import PdfPreviews
from harvest_assets.interfaces import DocumentTask, Finding, HttpClient, TaskInput
from harvest_assets.testing.pdfs import make_encrypted, make_pdf
from harvest_assets.testing.tools import MemoryBlobs, build_task, build_tools

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Site

Describe = Callable[..., TaskInput]


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture
def task(client: HttpClient, blobs: MemoryBlobs) -> DocumentTask:
    return build_task(PdfPreviews, build_tools(client, blobs=blobs))


def measure(blobs: MemoryBlobs, path: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(blobs.contents[path])) as image:
        return image.size


def test_a_pdf_has_its_first_page_and_two_previews_in_the_store(
    site: Site, task: DocumentTask, blobs: MemoryBlobs, describe_file: Describe
) -> None:
    content = make_pdf(pages=3)
    document = describe_file(site.serve("/report", 200, content))
    (result,) = task.derive([document])
    assert (result.srn, result.status, result.reason) == (document.srn, "succeeded", None)
    pictures = [result.output.pop("full_size"), *result.output.pop("previews")]
    digest = hashlib.sha256(content).hexdigest()
    assert result.output == {"page_count": 3, "width": 595, "height": 842, "dpi": 200, "sha256": digest}
    assert [(picture["width"], picture["height"]) for picture in pictures] == [(1653, 2339), (212, 300), (106, 150)]
    for picture in pictures:
        assert picture["path"].endswith(".jpg")
        assert picture["bytes"] == len(blobs.contents[picture["path"]])
        assert measure(blobs, picture["path"]) == (picture["width"], picture["height"])
    assert len(blobs.contents) == 3


def test_the_whole_page_is_left_out_when_the_options_say_so(
    site: Site, client: HttpClient, blobs: MemoryBlobs, describe_file: Describe
) -> None:
    task = build_task(PdfPreviews, build_tools(client, blobs=blobs), full_size=False)
    (result,) = task.derive([describe_file(site.serve("/report", 200, make_pdf()))])
    assert "full_size" not in result.output
    assert [(preview["width"], preview["height"]) for preview in result.output["previews"]] == [(212, 300), (106, 150)]
    assert len(blobs.contents) == 2


@pytest.mark.parametrize(
    ("body", "failure"), [(b"", "empty"), (b"<html>", "not_a_pdf"), (make_encrypted(), "encrypted"), (make_pdf()[:200], "broken")]
)
def test_what_cannot_be_drawn_is_a_failure_for_good(
    site: Site, task: DocumentTask, describe_file: Describe, body: bytes, failure: str
) -> None:
    (result,) = task.derive([describe_file(site.serve("/report", 200, body))])
    assert (result.status, result.failure, result.is_final) == ("failed", failure, True)
    assert (result.reason or "").startswith("PDF: ")


def test_one_bad_pdf_does_not_end_the_others(site: Site, task: DocumentTask, describe_file: Describe) -> None:
    bodies = [make_pdf(size=(number * 10, 50)) for number in range(1, 6)]
    documents = [describe_file(site.serve(f"/{number}", 200, body)) for number, body in enumerate((*bodies, b"bad"))]
    results = {result.srn: result for result in task.derive((*documents, describe_file("http://127.0.0.1:1/")))}
    assert [results[document.srn].status for document in documents] == ["succeeded"] * 5 + ["failed"]
    assert [results[document.srn].output["width"] for document in documents[:5]] == [10, 20, 30, 40, 50]
    assert len(results) == 7


def served(content_type: str) -> dict[str, Finding]:
    return {"url_checks": Finding("succeeded", {"outcome": "ok", "content_type": content_type})}


@pytest.mark.parametrize(
    ("url", "media_type", "findings", "reason"),
    [
        ("http://example.org/a", "application/pdf", {}, None),
        ("http://example.org/a", "Application/X-PDF; version=1", {}, None),
        ("http://example.org/a", None, served("application/pdf"), None),
        ("http://example.org/a/b.PDF", None, {}, None),
        ("http://example.org/b.pdf?download=1", "application/octet-stream", {}, None),
        ("http://example.org/b.pdf#page=2", None, {}, None),
        ("http://example.org/b.pdf", None, served("text/html"), "its address leads to a web page"),
        ("ftp://example.org/b.pdf", None, {}, "the file has no address of the web"),
    ],
)
def test_it_applies_to_pdfs_that_can_be_reached(
    task: DocumentTask, describe_file: Describe, *, url: str, media_type: str | None, findings: dict[str, Finding], reason: str | None
) -> None:
    applicability = task.applies_to(describe_file(url, media_type=media_type, findings=findings))
    assert (applicability.applies, applicability.reason) == (reason is None, reason)


@pytest.mark.parametrize(
    "url", ["http://example.pdf", "http://example.org/a?file=b.pdf", "http://example.org/a.pdf/b", "http://example.org/pdf"]
)
def test_other_files_are_not_pdfs(task: DocumentTask, describe_file: Describe, url: str) -> None:
    assert task.applies_to(describe_file(url, media_type="text/plain")).reason == (
        "media type 'text/plain' is not that of a PDF, nor does its address end on '.pdf'"
    )
    assert task.applies_to(describe_file(url)).reason == "media type unknown is not that of a PDF, nor does its address end on '.pdf'"
