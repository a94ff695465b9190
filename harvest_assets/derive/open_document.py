"""OpenDocument texts, spreadsheets and presentations: their text, and what they say of themselves.

Read here, not by the library that reads the rest: that one knows no presentations, misses authors, and never comes to an end where the
XML of a spreadsheet does. https://docs.oasis-open.org/office/OpenDocument/v1.3/os/part3-schema/
"""

import zipfile
from collections.abc import Iterator, Mapping

from lxml import etree

from harvest_assets.derive.archives import read_part
from harvest_assets.errors import RecordError

Element = etree._Element  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - lxml has no public name for its elements

_URN = "{{urn:oasis:names:tc:opendocument:xmlns:{}:1.0}}"
_TEXT, _META = _URN.format("text"), _URN.format("meta")
_DC = "{http://purl.org/dc/elements/1.1/}"
_PAGE = f"{_URN.format('drawing')}page"
_BEFORE: Mapping[object, str] = {f"{_TEXT}s": " ", f"{_TEXT}tab": " ", f"{_TEXT}line-break": "\n"}
_AFTER: Mapping[object, str] = {f"{_TEXT}p": "\n\n", f"{_TEXT}h": "\n\n"}
_SKIPPED: frozenset[object] = frozenset({f"{_TEXT}tracked-changes", f"{_DC}creator", f"{_DC}date", f"{_URN.format('office')}scripts"})


def read_content(archive: zipfile.ZipFile) -> tuple[str, int]:
    """The text, with an empty line after each paragraph and without what was struck out, and the number of slides.

    Raises:
        RecordError: The content is missing or not well-formed XML (``unreadable``).
    """
    content = read_part(archive, "content.xml")
    if content is None:
        raise RecordError("the document has no content.xml that can be read", rule="unreadable")
    try:
        root = _parse(content)
    except etree.XMLSyntaxError as error:
        raise RecordError(f"content.xml is not well-formed: {' '.join(str(error.msg).split())}", rule="unreadable") from None
    return "".join(_walk(root)), sum(1 for _ in root.iter(_PAGE))


def read_about(archive: zipfile.ZipFile) -> dict[str, str]:
    """What ``meta.xml`` says: ``title``, ``author`` (who began it, else who changed it last), ``language``, ``pages``."""
    content = read_part(archive, "meta.xml")
    try:
        root = _parse(content) if content else None
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return {}
    counts = root.find(f".//{_META}document-statistic")
    found = {
        "title": root.findtext(f".//{_DC}title"),
        "author": root.findtext(f".//{_META}initial-creator") or root.findtext(f".//{_DC}creator"),
        "language": root.findtext(f".//{_DC}language"),
        "pages": None if counts is None else counts.get(f"{_META}page-count"),
    }
    return {name: text for name, text in found.items() if text}


def _walk(root: Element) -> Iterator[str]:
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            yield _AFTER.get(element.tag, "")
            yield element.tail or ""
        elif element.tag in _SKIPPED:
            walk.skip_subtree()
        else:
            yield _BEFORE.get(element.tag, "")
            yield element.text or ""


def _parse(content: bytes) -> Element:
    """Parse bytes that came from outside: no entities, no DTD, no network, libxml2's limits on size and depth."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(content, parser)
