"""Folders: an index page such as Apache and nginx make, or a text with an address a line → the files that it lists.

https://httpd.apache.org/docs/2.4/mod/mod_autoindex.html, https://nginx.org/en/docs/http/ngx_http_autoindex_module.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lxml import etree

from harvest_assets.errors import UnreadablePageError
from harvest_assets.harvest.contents.markup import is_html
from harvest_assets.harvest.contents.origins import join, read_origin
from harvest_assets.harvest.contents.rows import Unread
from harvest_assets.harvest.files.names import find_danger

_LIST_BYTES = 4 * 1024 * 1024
_SORTED_AND_PARENT = ("?", "#", "mailto:", "javascript:")


@dataclass(frozen=True, slots=True)
class Address:
    """A file of a folder: its name within the folder, or its whole address where a list names it."""

    name: str
    url: str


def is_list(body: bytes) -> bool:
    """Whether every line is an http or https address, or a comment."""
    lines = _read_lines(body) if len(body) <= _LIST_BYTES and body[:1] not in b"<{[" else []
    return bool(lines) and all(read_origin(line) is not None for line in lines)


def is_folder(body: bytes) -> bool:
    """Whether an answer lists files and is none itself."""
    return is_html(body) or is_list(body)


def read_folder(body: bytes, url: str, place: str) -> Iterator[Address | Unread]:
    """What a folder lists, in its order and each address once; links that lead elsewhere are none of its files.

    Raises:
        UnreadablePageError: The page has no link to anything below its address: it is no folder.
    """
    found = _read_page(body, url) if is_html(body) else _read_list(body, url)
    seen: set[str] = set()
    for each in found:
        if isinstance(each, Unread) or each.url not in seen:
            seen.add(each.url if isinstance(each, Address) else "")
            yield each
    if not seen:
        raise UnreadablePageError(f"{place}: got an HTML page without a link to a file below its address: check the address of the source")


def _read_list(body: bytes, url: str) -> Iterator[Address | Unread]:
    origin = read_origin(url)
    for line in _read_lines(body):
        if read_origin(line) == origin:
            yield Address(line, line)
        else:
            yield Unread(None, f"the file is on {read_origin(line)}, another origin than the list", "other_origin", line.encode())


def _read_page(body: bytes, url: str) -> Iterator[Address | Unread]:
    folder = url.partition("?")[0].partition("#")[0].rpartition("/")[0] + "/"
    parser = etree.HTMLParser(no_network=True, huge_tree=False, recover=True)
    root = etree.fromstring(body, parser)
    links = root.iter("a") if root is not None else ()  # pyright: ignore[reportUnnecessaryComparison] - None for a page without elements
    for link in links:
        href = (link.get("href") or "").strip()
        address = join(folder, href).partition("#")[0]
        if not href or href.startswith(_SORTED_AND_PARENT) or read_origin(address) != read_origin(folder):
            continue
        path = urlsplit(address).path
        below = urlsplit(folder).path
        if not path.startswith(below) or path == below or path.endswith("/"):
            continue
        yield _check(unquote(path.removeprefix(below)), address)


def _check(name: str, address: str) -> Address | Unread:
    danger = find_danger(name)
    return Unread(None, f"the name {name[:100]!r} is refused: {danger}", "unsafe_name", name.encode()) if danger else Address(name, address)


def _read_lines(body: bytes) -> list[str]:
    text = body.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
