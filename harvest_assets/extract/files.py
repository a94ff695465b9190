"""Documents for the files of a record: one per address, part of the record they were found in."""

import hashlib
from typing import Any

from harvest_assets.extract.technical_types import technical_type
from harvest_assets.extract.web_addresses import read_domain
from harvest_assets.model.document import Document

FILE = "file"


def build_file(record: Document, url: str, media_type: str | None, title: str | None, **properties: Any) -> Document:  # noqa: ANN401 - JSON
    """A file's document: named after the record and the SHA-1 of the address, so that the same address has the same name tomorrow.

    ``url`` is a normalised address. ``properties`` are what else is known: ``hash`` (of the content; that of the address stands for it),
    ``access_rights``, ``copyright``, ``language``, ``priority``, ``is_link``, ``provider``; empty ones are left out.
    """
    digest = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    found = {
        "url": url,
        "media_type": media_type,
        "title": title,
        "technical_type": technical_type(media_type, url),
        "domain": read_domain(url),
        "hash": digest,
        "product_id": record.srn.partition(":")[2],
        **{name: value for name, value in properties.items() if value not in (None, "", [], {})},
    }
    return Document(
        srn=f"{record.srn}:{digest}",
        owner=record.srn,
        entity=FILE,
        properties={name: value for name, value in found.items() if value is not None and value != ""},
        title=title,
        parent=record.srn,
        url=url,
        media_type=media_type,
        datestamp=record.datestamp,
    )
