"""pyoai 2.5.0 (https://github.com/infrae/pyoai) over a file of records: ``pyoai_server.py REPOSITORY.json``.

The file is read for every request, so that a repository changes while it runs. The library decides on everything else: selection by
date apart, which it leaves to us and which is inclusive on both sides.
"""

import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

from lxml import etree
from serving import read_repository, serve

# pyoai calls cgi.parse_qs, which Python 3.8 took out, as Python 3.13 did with the module.
sys.modules["cgi"] = ModuleType("cgi")
sys.modules["cgi"].parse_qs = parse_qs

from oaipmh import common, error, metadata, server  # noqa: E402 - after the stand-in

BATCH = 100
PREFIX = "oai_dc"


def main(path: str) -> None:
    """Serve the repository in a file."""
    registry = metadata.MetadataRegistry()
    registry.registerWriter(PREFIX, lambda element, sent: element.append(etree.fromstring(sent.element())))
    provider = server.BatchingServer(Repository(path), metadata_registry=registry, resumption_batch_size=BATCH)
    serve(provider.handleRequest)


class Repository:
    """What pyoai asks its host for; names and arguments are the library's."""

    def __init__(self, path: str) -> None:
        self._path = path

    def identify(self) -> common.Identify:
        said = read_repository(self._path)
        return common.Identify(
            said["name"],
            "http://127.0.0.1/oai",
            "2.0",
            ["somebody@example.org"],
            datetime(2001, 1, 1),  # noqa: DTZ001 - pyoai has no time zones
            said["deleted_record"],
            "YYYY-MM-DDThh:mm:ssZ",
            ["identity"],
        )

    def listMetadataFormats(self, identifier: str | None = None) -> list[tuple[str, str, str]]:  # noqa: N802, ARG002 - the library's
        return [(PREFIX, "http://www.openarchives.org/OAI/2.0/oai_dc.xsd", "http://www.openarchives.org/OAI/2.0/oai_dc/")]

    def listSets(self, **arguments: Any) -> list[tuple[str, str, str]]:  # noqa: N802, ARG002 - the library's
        raise error.NoSetHierarchyError("this repository has no sets")

    def listIdentifiers(self, **arguments: Any) -> list[common.Header]:  # noqa: N802 - the library's
        return [header for header, _, _ in self.listRecords(**arguments)]

    def listRecords(self, metadataPrefix: str, cursor: int, batch_size: int, **dates: datetime) -> list[tuple[Any, Any, None]]:  # noqa: N802, N803 - the library's
        if metadataPrefix != PREFIX:
            raise error.CannotDisseminateFormatError(metadataPrefix)
        lower, upper = dates.get("from_", datetime.min), dates.get("until", datetime.max)  # noqa: DTZ901 - pyoai has no time zones
        found = (_build(record) for record in read_repository(self._path)["records"])
        return [each for each in found if lower <= each[0].datestamp() <= upper][cursor : cursor + batch_size]


def _build(record: dict[str, Any]) -> tuple[common.Header, common.Metadata, None]:
    datestamp = datetime.fromisoformat(record["datestamp"]).astimezone(UTC).replace(tzinfo=None)
    header = common.Header(None, record["identifier"], datestamp, record["sets"], record["metadata"] is None)
    return header, common.Metadata(record["metadata"], {}), None


if __name__ == "__main__":
    main(sys.argv[1])
