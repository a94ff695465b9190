"""The section ``intake`` of a source's file: who may send single records of it, and how they show who they are.

Descriptions here are the documentation: they go into the JSON Schema. What becomes of a record is `stages.intake`.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field

from harvest_assets.config.addresses import check_network
from harvest_assets.config.authentication import Secret
from harvest_assets.config.secrets import Reference, find_references, resolve
from harvest_assets.config.sections import Section, require_unique
from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.addresses import read_networks, unwrap_address
from harvest_assets.harvest.json_api.pointers import Pointer

FEWEST_CHARACTERS = 16


class Intake(Section):
    """Single records that are sent to us, beside those that we ask for."""

    secret: Secret = Field(description="What senders show, as ${ENV:NAME}; at least 16 characters")
    allow: Annotated[tuple[Annotated[str, AfterValidator(check_network)], ...], Field(strict=False), AfterValidator(require_unique)] = (
        Field(default=(), description="Networks that may send: loopback, private, or CIDR such as 192.0.2.0/24; every one when left out")
    )
    trust_forwarded: bool = Field(
        default=False, description="Take the sender's address from the last entry of X-Forwarded-For: only behind a proxy that writes it"
    )
    record: Pointer = Field(default="", description="Where in a JSON body the record is, such as /data; empty: it is the body")
    max_body_bytes: int = Field(default=1024 * 1024, ge=1, le=64 * 1024 * 1024, description="Largest body")
    requests_per_minute: int = Field(default=600, ge=1, le=1_000_000, description="Most requests that are answered in a minute")

    def references(self) -> tuple[Reference, ...]:
        """The use of an environment variable."""
        return tuple(find_references({"secret": self.secret}, "intake"))

    def resolved_secret(self, environ: Mapping[str, str], *, file: str) -> str:
        """What senders have to show; never store or show it.

        Raises:
            ConfigurationError: The variable is not set, or what it holds can be guessed.
        """
        secret = str(resolve(self.secret, environ, file=file, key="intake.secret"))
        if len(secret) < FEWEST_CHARACTERS or not secret.isascii() or "/" in secret:
            raise ConfigurationError(
                f"{file}: intake.secret refers to a variable that holds fewer than {FEWEST_CHARACTERS} characters, or others than ASCII, or"
                " a '/'; make one with: openssl rand -hex 32"
            )
        return secret

    def is_allowed(self, address: str) -> bool:
        """Whether records may come from an address; what is no address may not, unless every one may."""
        if not self.allow:
            return True
        try:
            target = unwrap_address(ip_address(address))
        except ValueError:
            return False
        return any(target in network for entry in self.allow for network in read_networks(entry))
