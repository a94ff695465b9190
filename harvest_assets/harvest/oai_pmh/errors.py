"""One exception for each error code of OAI-PMH, filed by how one recovers.

Put here: what a repository says when it refuses. Keep out: answers that are no OAI-PMH at all; those are errors of the project.
http://www.openarchives.org/OAI/openarchivesprotocol.html#ErrorConditions
"""

from typing import ClassVar

from harvest_assets.errors import PermanentError, PositionExpiredError

LONGEST_MESSAGE = 300


class OaiPmhError(PermanentError):
    """The repository answered with an error; ``code`` is the one it gave, also when the protocol does not know it."""

    code: ClassVar[str] = ""


class BadArgumentError(OaiPmhError):
    """An argument is illegal, missing or repeated; many repositories say so of a set or a date they dislike."""

    code = "badArgument"


class BadResumptionTokenError(OaiPmhError, PositionExpiredError):
    """The token is unknown or no longer valid; the list has to start again."""

    code = "badResumptionToken"


class BadVerbError(OaiPmhError):
    """The repository does not know the verb."""

    code = "badVerb"


class CannotDisseminateFormatError(OaiPmhError):
    """The metadata prefix is not one that the repository offers."""

    code = "cannotDisseminateFormat"


class IdDoesNotExistError(OaiPmhError):
    """The identifier is unknown or illegal."""

    code = "idDoesNotExist"


class NoRecordsMatchError(OaiPmhError):
    """The list is empty; the protocol's way to say so, not a failure."""

    code = "noRecordsMatch"


class NoMetadataFormatsError(OaiPmhError):
    """The item has no metadata formats."""

    code = "noMetadataFormats"


class NoSetHierarchyError(OaiPmhError):
    """The repository has no sets."""

    code = "noSetHierarchy"


_BY_CODE: dict[str, type[OaiPmhError]] = {
    kind.code: kind
    for kind in (
        BadArgumentError,
        BadResumptionTokenError,
        BadVerbError,
        CannotDisseminateFormatError,
        IdDoesNotExistError,
        NoRecordsMatchError,
        NoMetadataFormatsError,
        NoSetHierarchyError,
    )
}


def build_error(place: str, code: str, message: str) -> OaiPmhError:
    """The exception for a code, with the repository's own words, on one line and of bounded length."""
    words = " ".join(message.split())[:LONGEST_MESSAGE]
    return _BY_CODE.get(code, OaiPmhError)(f"{place}: the repository answered {code or 'an error without a code'}: {words!r}")
