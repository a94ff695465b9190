"""Documents for the files of a record: one per address, part of the record they were found in."""

import hashlib

from harvest_assets.model.document import Document

FILE = "file"


def build_file(record: Document, url: str, media_type: str | None, title: str | None) -> Document:
    """A file's document: named after the record and the SHA-1 of the address, so that the same address has the same name tomorrow."""
    digest = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    properties = {"url": url} if media_type is None else {"url": url, "media_type": media_type}
    return Document(
        srn=f"{record.srn}:{digest}",
        owner=record.srn,
        entity=FILE,
        properties=dict(properties),
        title=title,
        parent=record.srn,
        url=url,
        media_type=media_type,
        datestamp=record.datestamp,
    )
