"""``KeptDownloads``: the files that tasks of a source read, asked for once and kept on the shelf of this machine for some hours."""

import hashlib
from collections.abc import Mapping
from urllib.parse import urldefrag

from harvest_assets.interfaces import Download, Downloads, HttpClient
from harvest_assets.store.downloads import DownloadShelf

# Sessions and credentials; no task reads them, and they are not written to disk.
_SECRET_HEADERS = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authorization", "www-authenticate"})


class KeptDownloads(Downloads):
    """Files as one source may see them: what it was let in for is not handed to another. A failure is not kept."""

    def __init__(self, source: str, client: HttpClient, shelf: DownloadShelf) -> None:
        self._source = source
        self._client = client
        self._shelf = shelf

    def fetch(self, url: str) -> Download:
        """See ``Downloads.fetch``. Of several who ask at once, in threads or processes, one asks the server and the others wait for it.

        Addresses that differ only in their fragment are one file. Headers that hold secrets are left out.
        """
        address = urldefrag(url).url
        key = hashlib.sha256(f"{self._source}\n{address}".encode("utf-8", "surrogatepass")).hexdigest()
        found = self._shelf.find(key)
        if found is not None:
            return found
        with self._shelf.hold(key):
            found = self._shelf.find(key)
            if found is None:
                found = self._ask(address)
                self._shelf.keep(key, found)
        return found

    def _ask(self, url: str) -> Download:
        response = self._client.get(url)
        return Download(
            url=response.exchange.final_url,
            media_type=_read_media_type(response.headers),
            content=response.body,
            sha256=hashlib.sha256(response.body).hexdigest(),
            headers={name: value for name, value in response.headers.items() if name not in _SECRET_HEADERS},
        )


def _read_media_type(headers: Mapping[str, str]) -> str | None:
    return headers.get("content-type", "").partition(";")[0].strip().lower() or None
