"""Answers of a repository: bytes → the tree, or the error that the repository names, or why it is no answer.

Put here: what is true of every verb. Parsing keeps entities, DTDs, the network and huge trees off. An answer that is cut off is
never accepted; one that can be repaired without a guess is, and says so.
"""

import re
from dataclasses import dataclass, replace

from lxml import etree

from harvest_assets.errors import PermanentError, TransientError, UnreadablePageError
from harvest_assets.harvest.oai_pmh.errors import NoRecordsMatchError, build_error
from harvest_assets.harvest.oai_pmh.repairs import (
    convert_to_utf_8,
    cut_surroundings,
    drop_illegal_characters,
    find_end,
    find_root,
    find_surroundings,
    read_stray_bytes,
)
from harvest_assets.harvest.oai_pmh.slices import cut_outermost

Element = etree._Element  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - lxml has no public name for its elements

_ELEMENT_START = re.compile(rb"<[A-Za-z_]")
_SHOWN_BYTES = 80


class CutAnswerError(TransientError):
    """The answer stops before its end; asking again may bring all of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that parsed.

    ``body`` are the bytes that parsed, after ``repairs``. ``loose`` is None, or the records (or headers) of a list in which one is so
    broken that the whole did not parse; ``root`` then is the answer without them. ``outside`` are the bytes beside the root element, of an
    answer that had to be repaired.
    """

    place: str
    body: bytes
    root: Element
    repairs: tuple[str, ...] = ()
    loose: tuple[bytes, ...] | None = None
    outside: bytes = b""

    @property
    def namespace(self) -> str:
        """The namespace of the root as a prefix for tags, empty for repositories that declare none."""
        return self.root.tag[: self.root.tag.index("}") + 1] if self.root.tag.startswith("{") else ""

    @property
    def encoding(self) -> str:
        """The declared encoding in lower case."""
        return (self.root.getroottree().docinfo.encoding or "utf-8").lower()

    @property
    def has_dtd(self) -> bool:
        """Whether there was a DOCTYPE, in whatever encoding."""
        return self.root.getroottree().docinfo.internalDTD is not None  # pyright: ignore[reportUnnecessaryComparison] - the stub is wrong

    def child(self, name: str) -> Element | None:
        """The element of a verb, when the answer has it."""
        return self.root.find(self.namespace + name)


def parse_xml(document: bytes) -> Element:
    """Parse bytes that came from outside: no entities, no DTD, no network, libxml2's limits on size and depth."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    return etree.fromstring(document, parser)


def parse_answer(body: bytes, place: str) -> Answer:
    """Bytes of an answer → its tree; ``place`` begins every message.

    Raises:
        CutAnswerError: The answer is empty or stops before its end.
        PermanentError: The answer is HTML, has a DTD, or is another format.
        UnreadablePageError: The answer is broken beyond repair.
    """
    _refuse_at_sight(body, place)
    try:
        answer = Answer(place, body, parse_xml(body))
    except etree.XMLSyntaxError:
        answer = _parse_broken(body, place)
    name = etree.QName(answer.root).localname
    if name.lower() == "html":
        raise PermanentError(f"{place}: got an HTML page, not OAI-PMH: check the address of the source")
    if answer.has_dtd:
        raise PermanentError(f"{place}: the answer has a DOCTYPE, which is refused")
    if name != "OAI-PMH":
        raise PermanentError(f"{place}: the root element is {name!r}, not 'OAI-PMH': check the address of the source")
    return answer


def raise_errors(answer: Answer) -> None:
    """Raise what the repository reports; of several errors the one that is not merely an empty list."""
    found = [
        build_error(answer.place, element.get("code", ""), element.text or "")
        for element in answer.root.iterchildren(answer.namespace + "error")
    ]
    found.sort(key=lambda error: isinstance(error, NoRecordsMatchError))
    if found:
        raise found[0]


def read_verb(answer: Answer, verb: str) -> Element:
    """The element of the verb that was asked for.

    Raises:
        OaiPmhError: The repository reports an error.
        PermanentError: The answer is to something else.
    """
    raise_errors(answer)
    element = answer.child(verb)
    if element is None:
        names = ", ".join(sorted({etree.QName(child).localname for child in answer.root.iterchildren("*")})) or "nothing"
        raise PermanentError(f"{answer.place}: asked for {verb}, the answer holds {names}")
    return element


def names_an_error(body: bytes) -> bool:
    """Whether bytes that came with an HTTP error are an OAI-PMH answer with an error in it."""
    if find_root(body) is None:
        return False
    try:
        answer = parse_answer(body, "")
    except (CutAnswerError, PermanentError):
        return False
    return answer.child("error") is not None


def _refuse_at_sight(body: bytes, place: str) -> None:
    """What needs no parser, or should not reach it."""
    if not body.strip():
        raise CutAnswerError(f"{place}: the answer is empty (cut off after byte 0)")
    start = _ELEMENT_START.search(body)
    prolog = body[: start.start() if start else len(body)].lower()
    if b"<!doctype html" in prolog or body[len(prolog) : len(prolog) + 5].lower() == b"<html":
        raise PermanentError(f"{place}: got an HTML page, not OAI-PMH: check the address of the source")
    if b"<!doctype" in prolog:
        raise PermanentError(f"{place}: the answer has a DOCTYPE, which is refused")


def _parse_broken(body: bytes, place: str) -> Answer:
    """An answer that is not well-formed: cut off, repaired, or with its broken records cut out."""
    root = find_root(body)
    if (root is not None and find_end(body, root) is None) or (root is None and _stops_in_markup(body)):
        raise CutAnswerError(f"{place}: the answer is cut off after byte {len(body)}")
    if root is None:
        raise PermanentError(f"{place}: the answer is not OAI-PMH, it begins with {body[:_SHOWN_BYTES]!r}: check the address of the source")
    body, repairs = body.strip(), list[str]()
    outside = find_surroundings(body)
    for repair, words in (
        (cut_surroundings, "bytes outside the root element were cut off"),
        (drop_illegal_characters, "illegal characters were dropped"),
        (read_stray_bytes, "bytes that are not UTF-8 were read as Windows-1252"),
    ):
        repaired = repair(body)
        if repaired != body:
            body = repaired
            repairs.append(words)
    try:
        answer = Answer(place, body, parse_xml(body), tuple(repairs))
    except etree.XMLSyntaxError as error:
        answer = _parse_without_records(body, place, repairs, error)
    return replace(answer, outside=outside)


def _parse_without_records(body: bytes, place: str, repairs: list[str], error: etree.XMLSyntaxError) -> Answer:
    """The frame of a list and its records apart, so that one broken record costs no other."""
    body = convert_to_utf_8(body)
    root = find_root(body)
    frame, loose = _cut_loose(body, root.group(1) if root else b"")
    if not loose:
        raise UnreadablePageError(f"{place}: the answer is not well-formed XML: {flatten(error)}") from error
    try:
        return Answer(place, body, parse_xml(frame), (*repairs, "records were read one by one"), tuple(loose))
    except etree.XMLSyntaxError:
        raise UnreadablePageError(f"{place}: the answer is not well-formed XML: {flatten(error)}") from error


def _cut_loose(body: bytes, prefix: bytes) -> tuple[bytes, list[bytes]]:
    """The records of ListRecords or GetRecord, or else the headers of ListIdentifiers; only OAI-PMH's own records begin with a header."""
    record, header = prefix + b"record", prefix + b"header"
    frame, loose = cut_outermost(body, record, re.compile(rb"<" + record + rb"(?:\s[^<>]*)?>\s*<" + header + rb"[\s>]"))
    return (frame, loose) if loose else cut_outermost(body, header, re.compile(rb"<" + header))


def _stops_in_markup(body: bytes) -> bool:
    """Whether bytes without a root element look like the first bytes of an XML document."""
    return body.lstrip().startswith(b"<") and (_ELEMENT_START.search(body) is None or body.rfind(b"<") > body.rfind(b">"))


def flatten(error: etree.XMLSyntaxError) -> str:
    """What the parser says, in one line; libxml2 quotes what it read, line breaks included."""
    return " ".join(str(error.msg).split())
