"""OAI-PMH 2.0: lists of records by date and set, followed to their end (http://www.openarchives.org/OAI/openarchivesprotocol.html)."""

from harvest_assets.harvest.oai_pmh.arguments import OaiPmhOptions
from harvest_assets.harvest.oai_pmh.protocol import OaiPmh

__all__ = ["OaiPmh", "OaiPmhOptions"]
