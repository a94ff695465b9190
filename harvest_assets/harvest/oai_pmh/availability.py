"""Whether a repository answers at all: the start of its answer to Identify.

http://www.openarchives.org/OAI/openarchivesprotocol.html#Identify
"""

import zlib

from harvest_assets.errors import TransientError
from harvest_assets.harvest.oai_pmh.repairs import find_root
from harvest_assets.interfaces import Response

START_BYTES = 65_536

_GZIP = b"\x1f\x8b"
_OK = range(200, 300)
_GONE = frozenset({404, 410})
_SERVER_ERROR = 500
_SHOWN_BYTES = 60


def build_identify_url(url: str) -> str:
    """The address of Identify, for a repository whose address may have a query already."""
    return f"{url}{'&' if '?' in url else '?'}verb=Identify"


def require_identify(source: str, response: Response) -> None:
    """Accept an answer to Identify, or a refusal for lack of access, which is an answer too.

    Raises:
        TransientError: It is neither.
    """
    place = f"{source}: Identify"
    if response.status in _GONE or response.status >= _SERVER_ERROR:
        raise TransientError(f"{place}: status {response.status} from {response.exchange.final_url!r}", status=response.status)
    if response.status not in _OK:
        return
    body = _unpack_start(response.body)
    if find_root(body) is None and b"<\x00" not in body[:8] and b"\x00<" not in body[:8]:
        raise TransientError(f"{place}: the answer is not OAI-PMH, it begins with {body[:_SHOWN_BYTES]!r}: check the address of the source")
    if b"badVerb" in body:
        raise TransientError(f"{place}: the repository answered badVerb to Identify: check the address of the source")


def _unpack_start(body: bytes) -> bytes:
    """The bytes, unpacked where they are compressed and nobody said so."""
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, START_BYTES)
    except zlib.error:
        return b""
