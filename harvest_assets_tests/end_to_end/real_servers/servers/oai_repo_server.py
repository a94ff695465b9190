"""oai-repo 0.5.2 (https://github.com/MSU-Libraries/oai_repo) over a file of records: ``oai_repo_server.py REPOSITORY.json``.

The file is read for every request. The library lists identifiers, and leaves records without metadata out of ListRecords: a deleted
record is counted in ``completeListSize`` and never sent.
"""

import sys
from datetime import UTC, datetime
from typing import Any

import oai_repo
from lxml import etree
from serving import read_repository, serve

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def main(path: str) -> None:
    """Serve the repository in a file."""
    repository = oai_repo.OAIRepository(Repository(path))
    serve(lambda arguments: bytes(repository.process(arguments)))


class Repository(oai_repo.DataInterface):
    """What oai-repo asks its host for; names and arguments are the library's."""

    limit = 100

    def __init__(self, path: str) -> None:
        self._path = path

    def _find(self, identifier: str) -> dict[str, Any] | None:
        return next((each for each in read_repository(self._path)["records"] if each["identifier"] == identifier), None)

    def get_identify(self) -> oai_repo.Identify:
        said = read_repository(self._path)
        identify = oai_repo.Identify()
        identify.repository_name = said["name"]
        identify.base_url = "http://127.0.0.1/oai"
        identify.admin_email = ["somebody@example.org"]
        identify.earliest_datestamp = "2001-01-01T00:00:00Z"
        identify.deleted_record = said["deleted_record"]
        identify.granularity = "YYYY-MM-DDThh:mm:ssZ"
        identify.compression = []
        return identify

    def is_valid_identifier(self, identifier: str) -> bool:
        return self._find(identifier) is not None

    def get_metadata_formats(self, identifier: str | None = None) -> list[oai_repo.MetadataFormat]:  # noqa: ARG002 - the library's
        namespace = "http://www.openarchives.org/OAI/2.0/oai_dc/"
        return [oai_repo.MetadataFormat("oai_dc", "http://www.openarchives.org/OAI/2.0/oai_dc.xsd", namespace)]

    def get_records_header(self, identifiers: list[str]) -> list[oai_repo.RecordHeader]:
        return [_build_header(each) for each in self._read(identifiers)]

    def get_records_metadata(self, identifiers: list[str], metadataprefix: str) -> list[Any]:  # noqa: ARG002 - the library's
        return [etree.fromstring(each["metadata"]) if each["metadata"] else None for each in self._read(identifiers)]

    def get_records_abouts(self, identifiers: list[str]) -> list[list[Any]]:
        return [[] for _ in identifiers]

    def list_identifiers(
        self,
        metadataprefix: str,  # noqa: ARG002 - the library's
        filter_from: datetime | None = None,
        filter_until: datetime | None = None,
        filter_set: str | None = None,  # noqa: ARG002 - the library's
        cursor: int = 0,
    ) -> tuple[list[str], int, None]:
        lower, upper = filter_from or FIRST, filter_until or LAST
        records = read_repository(self._path)["records"]
        found = [each["identifier"] for each in records if lower <= datetime.fromisoformat(each["datestamp"]) <= upper]
        return found[cursor : cursor + self.limit], len(found), None

    def _read(self, identifiers: list[str]) -> list[dict[str, Any]]:
        records = {each["identifier"]: each for each in read_repository(self._path)["records"]}
        return [records[identifier] for identifier in identifiers]


def _build_header(record: dict[str, Any]) -> oai_repo.RecordHeader:
    header = oai_repo.RecordHeader()
    header.identifier = record["identifier"]
    header.datestamp = record["datestamp"]
    header.setspecs = record["sets"]
    return header


if __name__ == "__main__":
    main(sys.argv[1])
