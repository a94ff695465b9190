"""``image_previews``: two small pictures of every picture file.

Downloads go on in threads while the thread of the caller decodes one picture at a time, so that memory holds one decoded picture and a
bounded number of files. How a picture is made smaller belongs to `pictures`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from harvest_assets.derive.concurrency import map_unordered
from harvest_assets.derive.pictures import make_previews
from harvest_assets.derive.url_checks import fingerprint_of_address, is_file_on_the_web
from harvest_assets.errors import HarvestError, PermanentError
from harvest_assets.interfaces import BlobSink, DocumentTask, HttpClient, TaskInput
from harvest_assets.model.derivative import Derivative

PICTURE = re.compile(r"image/(?!svg)", re.IGNORECASE)


class ImagePreviews(DocumentTask):
    """Fits pictures into 400 x 300 and 200 x 150.

    The output has ``width``, ``height`` and ``format`` of the picture, upright, and ``previews``: ``width``, ``height``, ``path`` in the
    store and ``bytes`` of each, the larger one first.
    """

    name: ClassVar[str] = "image_previews"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset({"file"})

    def __init__(self, workers: int = 8) -> None:
        self.workers = workers

    def applies_to(self, document: TaskInput) -> bool:
        """Files on the web whose media type says picture; not SVG, which is a program as much as a picture."""
        return is_file_on_the_web(document) and bool(PICTURE.match(document.media_type or ""))

    def fingerprint(self, document: TaskInput) -> str:
        """The address is all that is read; what the file is, its bytes say."""
        return fingerprint_of_address(document)

    def derive(self, documents: Sequence[TaskInput], client: HttpClient, blobs: BlobSink) -> Iterator[Derivative]:
        """One result per picture, as their files arrive; equal pictures share their blobs."""
        for document, file in map_unordered(partial(_download, client), documents, workers=self.workers):
            yield _preview(document, file, blobs)


def _download(client: HttpClient, document: TaskInput) -> tuple[TaskInput, bytes | HarvestError]:
    try:
        return document, client.get(document.url or "").body
    except HarvestError as error:
        return document, error


def _preview(document: TaskInput, file: bytes | HarvestError, blobs: BlobSink) -> Derivative:
    if isinstance(file, HarvestError):
        return Derivative(document.srn, "failed", {}, str(file))
    try:
        picture = make_previews(file)
    except PermanentError as error:
        return Derivative(document.srn, "failed", {}, str(error))
    previews = [
        {
            "width": preview.width,
            "height": preview.height,
            "path": blobs.keep(preview.content, suffix=preview.suffix),
            "bytes": len(preview.content),
        }
        for preview in picture.previews
    ]
    output = {"width": picture.width, "height": picture.height, "format": picture.format, "previews": previews}
    return Derivative(document.srn, "succeeded", output)
