"""``youtube_videos``: what the YouTube Data API says of the videos that files lead to.

How the API is asked and read belongs to `youtube_api`. Without a key in the environment nothing is asked, and every result says so.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, cast

from pydantic import Field

from harvest_assets.derive.video_addresses import read_youtube_id
from harvest_assets.derive.youtube_api import IDS_PER_REQUEST, RefusedByApiError, describe_video, fetch_videos
from harvest_assets.errors import HarvestError, PermanentError, RecordError, TransientError
from harvest_assets.interfaces import DocumentTask, Options, TaskInput, Tools
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply

KEY_VARIABLE = "HARVEST_YOUTUBE_API_KEY"
LATER = timedelta(days=1)

Videos = Mapping[str, Mapping[str, Any]]


class YoutubeVideoOptions(Options):
    """Where the API is, and after how many days a video is asked for again; what it allows to be kept unasked is 30 days."""

    api_url: str = Field(default="https://www.googleapis.com/youtube/v3", pattern=r"^https?://\S+$")
    recheck_after_days: int = Field(default=30, ge=1, le=3650)


class YoutubeVideos(DocumentTask):
    """What YouTube says of a video: duration, licence, how to embed it.

    The output has, as far as they are known, ``title``, ``description``, ``published_at``, ``duration`` (ISO 8601) and
    ``duration_seconds``, ``definition`` (hd, sd), ``licence`` (youtube, creativeCommon), ``embed_url``; and ``id``.
    """

    name: ClassVar[str] = "youtube_videos"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset({"file"})
    options: ClassVar[type[Options]] = YoutubeVideoOptions

    def __init__(self, settings: Options, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._stopped = (
            None if self._read_key() else f"{KEY_VARIABLE} is not set in the environment; set it to a key of the YouTube Data API"
        )

    def applies_to(self, document: TaskInput) -> Applicability:
        """Files whose address is that of one video of YouTube."""
        return APPLIES if read_youtube_id(document.url) else does_not_apply("the address is not that of a video of YouTube")

    def fingerprint(self, document: TaskInput) -> str:
        """The id of the video, however its address is written."""
        return hashlib.sha256((read_youtube_id(document.url) or "").encode()).hexdigest()

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """One result per document; documents of the same video share one id of a request."""
        documents: dict[str, list[TaskInput]] = {}
        for document in batch:
            documents.setdefault(read_youtube_id(document.url) or "", []).append(document)
        ids = list(documents)
        for start in range(0, len(ids), IDS_PER_REQUEST):
            asked = ids[start : start + IDS_PER_REQUEST]
            found = self._fetch(asked)
            for identifier in asked:
                yield from (self._conclude(document, identifier, found) for document in documents[identifier])

    def _fetch(self, ids: Sequence[str]) -> Videos | HarvestError | str:
        """Videos by id, the error of this request, or the reason why no more are sent."""
        if self._stopped:
            return self._stopped
        try:
            return fetch_videos(self.tools.client, cast("YoutubeVideoOptions", self.settings).api_url, self._read_key(), ids)
        except RefusedByApiError as error:
            self._stopped = f"the API takes no more requests: {error}; see to the quota and to the key in {KEY_VARIABLE}"
            return self._stopped
        except (TransientError, PermanentError, RecordError) as error:
            return error

    def _conclude(self, document: TaskInput, identifier: str, found: Videos | HarvestError | str) -> Derivative:
        if isinstance(found, str):
            return Derivative(document.srn, "cancelled", {}, found, again_after=LATER)
        if isinstance(found, RecordError):
            return Derivative(document.srn, "failed", {}, str(found), found.rule)
        if isinstance(found, HarvestError):
            return Derivative(document.srn, "failed", {}, str(found), found.failure or "server_error")
        if identifier not in found:
            return Derivative(document.srn, "failed", {}, f"YouTube has no public video {identifier!r}", "not_found")
        output = {"id": identifier} | describe_video(found[identifier])
        recheck = timedelta(days=cast("YoutubeVideoOptions", self.settings).recheck_after_days)
        return Derivative(document.srn, "succeeded", output, again_after=recheck)

    def _read_key(self) -> str:
        return self.tools.environ.get(KEY_VARIABLE, "").strip()
