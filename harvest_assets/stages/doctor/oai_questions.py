"""Requests to an OAI-PMH repository that a harvest would never send, and its answers as facts: errors are answers here.

http://www.openarchives.org/OAI/openarchivesprotocol.html#ProtocolMessages
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harvest_assets.errors import HarvestError, RefusedError
from harvest_assets.harvest.oai_pmh.answers import Answer, parse_answer, read_verb
from harvest_assets.harvest.oai_pmh.errors import NoRecordsMatchError, OaiPmhError
from harvest_assets.harvest.oai_pmh.records import read_records, read_token
from harvest_assets.interfaces import HttpStatusError, Response
from harvest_assets.stages.doctor.asking import Asker
from harvest_assets.stages.doctor.findings import tidy


@dataclass(frozen=True, slots=True)
class Told:
    """One page of a list, or why there is none: ``refusal`` in words, with the ``code`` that the repository gave.

    ``asked`` is false when the bounds kept us from asking. ``unread`` are records whose identifier cannot be read.
    """

    identifiers: tuple[str, ...] = ()
    datestamps: tuple[str, ...] = ()
    token: str | None = None
    announced_total: int | None = None
    repairs: tuple[str, ...] = ()
    unread: int = 0
    refusal: str | None = None
    code: str = ""
    asked: bool = True


class Questions:
    """One repository, asked directly; ``repeated_prefix`` goes with every token, once it is known that it has to."""

    def __init__(self, url: str, asker: Asker) -> None:
        self.repeated_prefix: str | None = None
        self._url = url
        self._asker = asker

    def ask(self, arguments: Mapping[str, str]) -> Answer:
        """The answer to any request; an HTTP error that carries an OAI-PMH answer is one.

        Raises:
            HarvestError: There is no answer, or none that can be read.
        """
        return parse_answer(self._fetch(arguments).body, tidy(arguments.get("verb", ""), 40))

    def list_records(self, **arguments: str) -> Told:
        """A page of ListRecords; ``from_`` stands for ``from``, which Python keeps for itself."""
        sent = {"verb": "ListRecords", **{name.rstrip("_"): value for name, value in arguments.items()}}
        try:
            answer = self.ask(sent)
            listed = read_verb(answer, "ListRecords")
            batch, set_aside = read_records(answer, listed, 1)
            token = read_token(answer, listed)
        except NoRecordsMatchError:
            return Told()
        except RefusedError as error:
            return Told(refusal=str(error), asked=False)
        except OaiPmhError as error:
            return Told(refusal=str(error).partition("the repository answered ")[2] or str(error), code=error.code)
        except HarvestError as error:
            return Told(refusal=str(error))
        identifiers, datestamps = batch.column("identifier").to_pylist(), batch.column("datestamp").to_pylist()
        return Told(tuple(identifiers), tuple(datestamps), token.value, token.announced_total, answer.repairs, len(set_aside))

    def follow(self, token: str) -> Told:
        """The page of ListRecords that a token leads to."""
        repeated = {} if self.repeated_prefix is None else {"metadataPrefix": self.repeated_prefix}
        return self.list_records(resumptionToken=token, **repeated)

    def list_prefixes(self) -> list[str]:
        """The metadata prefixes on offer, in the order of the repository.

        Raises:
            HarvestError: It does not say.
        """
        answer = self.ask({"verb": "ListMetadataFormats"})
        formats = read_verb(answer, "ListMetadataFormats")
        found = (each.findtext(answer.namespace + "metadataPrefix") for each in formats.iterchildren(answer.namespace + "metadataFormat"))
        return list(dict.fromkeys(prefix.strip() for prefix in found if prefix and prefix.strip()))

    def _fetch(self, arguments: Mapping[str, str]) -> Response:
        try:
            return self._asker.get(self._url, params=arguments)
        except HttpStatusError as error:
            if error.response.body.lstrip().startswith(b"<") and b"OAI-PMH" in error.response.body[:2_000]:
                return error.response
            raise
