"""Blobs: bytes stored once under their SHA-256."""

import hashlib

from harvest_assets.interfaces import BlobSink
from harvest_assets.store.files import Files


class Blobs(BlobSink):
    """``blobs/{first two digits}/{sha256}{suffix}`` in a store."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def keep(self, content: bytes, *, suffix: str) -> str:
        """See ``BlobSink.keep``."""
        digest = hashlib.sha256(content).hexdigest()
        path = f"blobs/{digest[:2]}/{digest}{suffix}"
        self._files.create(path, content)
        return path
