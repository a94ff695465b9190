"""``video_previews``: one picture of every video on YouTube and Vimeo, made small.

The sites are asked slowly: one video at a time, a pause between two, and so many in a run; the others wait for the next one. What a page
says of its video belongs to `video_pages`, how a picture is made smaller to `pictures`.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import Field

from harvest_assets.derive.image_previews import preview_picture
from harvest_assets.derive.pictures import Picture
from harvest_assets.derive.previews import BOUNDS, FINAL_FAILURES, FetchedFile, keep_preview
from harvest_assets.derive.video_addresses import (
    VIMEO_DOMAINS,
    YOUTUBE_DOMAINS,
    drop_list,
    is_host_of,
    read_host,
    read_vimeo_id,
    read_youtube_id,
)
from harvest_assets.errors import PermanentError, RecordError, TransientError
from harvest_assets.interfaces import DocumentTask, Download, Ended, HttpStatusError, Options, TaskInput, Tools
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply

if TYPE_CHECKING:
    from harvest_assets.derive.video_pages import VideoPage

LATER = timedelta(days=1)


class VideoPreviewOptions(Options):
    """How gently sites are asked, and which: ``hosts`` stand for themselves and what lies below them."""

    hosts: tuple[str, ...] = Field(default=(*YOUTUBE_DOMAINS, *VIMEO_DOMAINS), min_length=1)
    per_run: int = Field(default=200, ge=1, le=10_000)
    pause_seconds: float = Field(default=2.0, ge=0, le=600)


class VideoPreviews(DocumentTask):
    """Small pictures of videos at YouTube and Vimeo, 400 x 300 and 200 x 150.

    The output has ``previews`` (``width``, ``height``, ``path`` in the store and ``bytes`` of each, the larger one first),
    ``thumbnail_url``, and as far as the page tells them ``title`` and ``duration_seconds``.
    """

    name: ClassVar[str] = "video_previews"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset({"file"})
    options: ClassVar[type[Options]] = VideoPreviewOptions

    def __init__(self, settings: Options, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._asked = 0
        self._stopped: str | None = None

    def applies_to(self, document: TaskInput) -> Applicability:
        """Files whose address is that of one video on one of the hosts; of a host other than YouTube and Vimeo any address."""
        host, hosts = read_host(document.url), cast("VideoPreviewOptions", self.settings).hosts
        if not is_host_of(host, hosts):
            return does_not_apply(f"host {host!r} is not one of {', '.join(hosts)}")
        if is_host_of(host, (*YOUTUBE_DOMAINS, *VIMEO_DOMAINS)) and not (read_youtube_id(document.url) or read_vimeo_id(document.url)):
            return does_not_apply("the address is not that of one video")
        return APPLIES

    def fingerprint(self, document: TaskInput) -> str:
        """The address, without the list that the video is part of."""
        return hashlib.sha256(drop_list(document.url or "").encode("utf-8", "surrogatepass")).hexdigest()

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """One result per video, in order; those beyond the number of a run are cancelled until the next day."""
        for document in batch:
            if reason := self._find_stop():
                yield Derivative(document.srn, "cancelled", {}, reason, again_after=LATER)
            else:
                yield self._preview(document)

    def _find_stop(self) -> str | None:
        per_run = cast("VideoPreviewOptions", self.settings).per_run
        if self._stopped is None and self._asked >= per_run:
            self._stopped = f"{per_run} videos were asked for in this run; the others follow, or raise 'per_run'"
        return self._stopped

    def _preview(self, document: TaskInput) -> Derivative:
        try:
            page = self._read_page(drop_list(document.url or ""))
            file = self._fetch_first(page.thumbnail_urls)
        except RecordError as error:
            if error.rule == "rate_limited":
                self._stopped = "the site asks for fewer requests; the others follow on another day"
            return Derivative(document.srn, "failed", {}, str(error), error.rule)
        except (TransientError, PermanentError) as error:
            return Derivative(document.srn, "failed", {}, str(error), error.failure or "download")
        return self._make_small(document, page, file)

    def _read_page(self, url: str) -> "VideoPage":
        from harvest_assets.derive.video_pages import VideoPages  # noqa: PLC0415 - it takes a second to import, and few runs have videos

        if self._asked:
            time.sleep(cast("VideoPreviewOptions", self.settings).pause_seconds)
        self._asked += 1
        return VideoPages(self.tools.client).read(url)

    def _fetch_first(self, urls: Sequence[str]) -> Download:
        """The first picture that is there; pages also name some that are not."""
        refusal = RecordError("the page names no picture of the video", rule="no_thumbnail")
        for url in urls:
            try:
                return self.tools.downloads.fetch(url)
            except HttpStatusError as error:
                refusal = RecordError(str(error), rule="no_thumbnail")
        raise refusal

    def _make_small(self, document: TaskInput, page: "VideoPage", file: Download) -> Derivative:
        item = FetchedFile(document.srn, file.sha256, file.content)
        ((_, made),) = self.tools.isolation.map(preview_picture, [item], BOUNDS)
        if isinstance(made, Ended):
            return Derivative(document.srn, "failed", {}, made.reason, made.failure, is_final=made.failure in FINAL_FAILURES)
        return Derivative(document.srn, "succeeded", self._describe(page, file, made))

    def _describe(self, page: "VideoPage", file: Download, picture: Picture) -> dict[str, Any]:
        told = {"title": page.title, "duration_seconds": page.duration_seconds}
        previews = [keep_preview(self.tools.blobs, preview) for preview in picture.previews]
        return {name: value for name, value in told.items() if value is not None} | {"thumbnail_url": file.url, "previews": previews}
