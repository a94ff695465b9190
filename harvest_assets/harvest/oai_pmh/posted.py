"""A record that was sent to us: an element ``record`` as GetRecord would bring it, or the whole answer to GetRecord.

http://www.openarchives.org/OAI/openarchivesprotocol.html#Record
"""

import pyarrow as pa
from lxml import etree

from harvest_assets.errors import PermanentError, RecordError, TransientError
from harvest_assets.harvest.oai_pmh.answers import Element, parse_answer, parse_xml, read_verb
from harvest_assets.harvest.oai_pmh.records import read_records


def read_posted(body: bytes) -> pa.RecordBatch:
    """One raw record (columns ``RAW_RECORDS``).

    Raises:
        RecordError: The body is not well-formed XML, has a DOCTYPE, is another element, or holds not exactly one record with an identifier.
    """
    root = _parse(body)
    name = etree.QName(root).localname
    if name not in {"record", "OAI-PMH"}:
        raise RecordError(f"the element is {root.tag!r}; send a record of OAI-PMH", rule="no_record")
    document = _wrap(root) if name == "record" else etree.tostring(root, encoding="utf-8")
    try:
        answer = parse_answer(document, "intake")
        batch, set_aside = read_records(answer, read_verb(answer, "GetRecord"), 0)
    except (PermanentError, TransientError) as error:
        raise RecordError(str(error).removeprefix("intake: "), rule="no_record") from None
    if set_aside:
        raise RecordError(set_aside[0].reason, rule=set_aside[0].rule)
    if batch.num_rows != 1:
        raise RecordError(f"there are {batch.num_rows} records; send one", rule="no_record")
    return batch


def _parse(body: bytes) -> Element:
    try:
        root = parse_xml(body)
    except etree.XMLSyntaxError as error:
        raise RecordError(" ".join(str(error.msg).split()), rule="not_well_formed") from None
    if root.getroottree().docinfo.internalDTD is not None:  # pyright: ignore[reportUnnecessaryComparison] - the stub is wrong
        raise RecordError("there is a DOCTYPE, which is refused", rule="doctype")
    return root


def _wrap(record: Element) -> bytes:
    """The answer to GetRecord that the record would have come in; its namespace is the default one, as most repositories write it."""
    tag = str(record.tag).removesuffix("record")
    names = {None: tag.strip("{}")} if tag else {}
    root = etree.Element(f"{tag}OAI-PMH", nsmap=names)  # pyright: ignore[reportArgumentType] - the stub knows no default namespace
    etree.SubElement(root, f"{tag}GetRecord").append(record)
    return etree.tostring(root, encoding="utf-8")
