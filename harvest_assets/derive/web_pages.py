"""Web pages: the text that a reader sees, and what a page says of itself. No link is followed, no script is run.

Read here, not by the library that reads the rest: that one writes signs of Markdown into the text. Elements as
https://html.spec.whatwg.org/multipage/rendering.html has them: which begin a line, which are not shown.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from harvest_assets.errors import RecordError

Element = etree._Element  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - lxml has no public name for its elements

_HIDDEN = "head script style noscript template svg math object iframe select datalist audio video canvas"
_PARAGRAPHS = (
    "address article aside blockquote body caption details div dl fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section table ul"
)
_LINES = "br dd dt legend li option summary tr"
_NOT_SHOWN = frozenset(_HIDDEN.split())
_APART: dict[str, str] = dict.fromkeys(_PARAGRAPHS.split(), "\n\n")
_BEFORE = _APART | dict.fromkeys(_LINES.split(), "\n")
_AFTER = _APART | {"td": " ", "th": " "}
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_KEPT_LINE = "\N{LINE SEPARATOR}"  # a line end when the text is normalised, and none of the blanks
_AUTHORS = frozenset({"author", "citation_author", "dc.creator", "dcterms.creator"})


class WebPage(NamedTuple):
    """What a page shows and says; text is not normalised yet."""

    text: str
    title: str | None
    authors: list[str]
    language: str | None


def read_page(markup: str) -> WebPage:
    """The text of a page, with empty lines between paragraphs; broken markup is mended, as browsers do.

    Raises:
        RecordError: ``unreadable``; since all markup can be mended, there is too much of it for the memory.
    """
    # Its size and depth are those of a file that is read within bounds of time and memory, so libxml2 needs none of its own.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root: Element | None = etree.fromstring(markup.replace("\0", "").encode("utf-8", "ignore"), parser)
    except etree.XMLSyntaxError as error:
        raise RecordError(f"the page is too much to be read: {' '.join(str(error.msg).split())}", rule="unreadable") from None
    if root is None:
        return WebPage("", None, [], None)
    language = root.get("lang") or root.get("xml:lang")
    return WebPage("".join(_walk(root)), root.findtext("head/title") or root.findtext(".//title"), _find_authors(root), language)


def _walk(root: Element) -> Iterator[str]:
    """Line ends of the source are blanks, but not in what is shown as it was typed."""
    for typed in root.iter("pre"):
        for part in typed.iter():
            part.text = (part.text or "").replace("\n", _KEPT_LINE)
            if part is not typed:
                part.tail = (part.tail or "").replace("\n", _KEPT_LINE)
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = str(element.tag)
        if event == "end":
            yield _AFTER.get(tag, "")
            yield _BLANKS.sub(" ", element.tail or "")
        elif tag not in _NOT_SHOWN:
            yield _BEFORE.get(tag, "")
            yield _BLANKS.sub(" ", element.text or "")
        else:
            walk.skip_subtree()


def _find_authors(root: Element) -> list[str]:
    metas = root.iter("meta")
    return [meta.get("content", "") for meta in metas if (meta.get("name") or "").strip().lower() in _AUTHORS]
