"""A look at a source before it is harvested: the first page of its whole list, read into documents, nothing stored."""

from dataclasses import dataclass

import pyarrow as pa

from harvest_assets.config.sources import Source
from harvest_assets.model.document import Document
from harvest_assets.model.record import Page, SetAside
from harvest_assets.model.window import Window
from harvest_assets.stages.installation import Installation


@dataclass(frozen=True, slots=True)
class Preview:
    """A page and what it became; ``deleted`` of its records are announced as deleted, and ``set_aside`` could not be read."""

    page: Page
    documents: tuple[Document, ...]
    deleted: int
    set_aside: tuple[SetAside, ...]


def preview(installation: Installation, source: Source) -> Preview | None:
    """Read the first page of a source; ``None`` when the list has none. A protocol that fetches ahead may ask for the page after it.

    Raises:
        TransientError: The page failed after its retries.
        PermanentError: The server refuses, or breaks the protocol.
    """
    with installation.client(source) as client:
        pages = source.build_protocol(client, installation.environ).pages(Window())
        page = next(iter(pages), None)
        close = getattr(pages, "close", None)
        if close is not None:
            close()
    if page is None:
        return None
    live: pa.RecordBatch = page.records.filter(pa.array([not each for each in page.records.column("deleted").to_pylist()], pa.bool_()))
    extraction = source.build_extractor().extract(live)
    aside = (*page.set_aside, *extraction.set_aside)
    return Preview(page, tuple(extraction.documents), page.records.num_rows - live.num_rows, aside)
