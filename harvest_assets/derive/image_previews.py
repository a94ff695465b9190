"""``image_previews``: two small pictures of every picture file.

How a picture is made smaller belongs to `pictures`, how files come and where previews go to `previews`.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from harvest_assets.derive.pictures import Picture, make_previews
from harvest_assets.derive.previews import FetchedFile, FilePreviews, keep_preview


class ImagePreviews(FilePreviews[Picture]):
    """Small pictures of picture files, 400 x 300 and 200 x 150.

    The output has ``width``, ``height`` and ``format`` of the picture, upright, ``frames`` (more than one of an animation, of which the
    first is shown), ``previews``: ``width``, ``height``, ``path`` in the store and ``bytes`` of each, the larger one first; and the
    file's ``sha256``.
    """

    name: ClassVar[str] = "image_previews"
    version: ClassVar[str] = "2"

    def find_mismatch(self, url: str, media_types: Sequence[str]) -> str | None:
        """Pictures are what a media type says is one; not SVG, which is a program as much as a picture."""
        del url
        if any(media_type.startswith("image/svg") for media_type in media_types):
            return "SVG is a program as much as a picture"
        if any(media_type.startswith("image/") for media_type in media_types):
            return None
        return f"media type {' or '.join(map(repr, media_types)) or 'unknown'} is no picture's"

    def choose_work(self) -> Callable[[FetchedFile], Picture]:
        """See ``FilePreviews.choose_work``."""
        return preview_picture

    def describe(self, made: Picture) -> dict[str, Any]:
        """See ``FilePreviews.describe``."""
        previews = [keep_preview(self.tools.blobs, preview) for preview in made.previews]
        return {"width": made.width, "height": made.height, "format": made.format, "frames": made.frames, "previews": previews}


def preview_picture(file: FetchedFile) -> Picture:
    """`make_previews`, as work on a file."""
    return make_previews(file.content)
