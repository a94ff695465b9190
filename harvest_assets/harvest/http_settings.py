"""``HttpSettings``: what a source asks of the network client, and the limits it is held to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.allowance import Allowance
from harvest_assets.harvest.authentication import Credentials


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """What a source allows and asks for; secrets in ``headers`` are resolved and listed in ``secret_values``.

    ``max_body_bytes`` counts after content decoding. ``response_timeout_seconds`` runs from a request to its last byte, for each
    attempt and hop. Secret headers and ``credentials`` go to ``origin`` only, where it is set, and never to another origin by
    redirect. ``ca_bundle`` is a file of certificates to trust instead of the usual ones. ``allowed_networks`` is described by
    `AddressGuard`. ``source`` is whose requests are counted and held to ``rate_limit``; ``robots`` is whether robots.txt is respected.
    """

    user_agent: str
    source: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    credentials: Credentials = field(default_factory=Credentials)
    secret_values: tuple[str, ...] = field(default=(), repr=False)
    origin: str | None = None
    allowed_networks: tuple[str, ...] = ()
    ca_bundle: str | None = None
    requests_per_second: float = 5.0
    rate_limit: Allowance | None = None
    robots: bool = False
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 60.0
    response_timeout_seconds: float = 300.0
    max_body_bytes: int = 64 * 1024 * 1024
    max_redirects: int = 5
    max_attempts: int = 5
    backoff_base_seconds: float = 1.0
    backoff_cap_seconds: float = 60.0
    retry_after_cap_seconds: float = 300.0

    def __post_init__(self) -> None:
        if "@" not in self.user_agent and "://" not in self.user_agent:
            raise ConfigurationError(f"user_agent {self.user_agent!r} names no contact; add an e-mail or web address")
        for name, value in {"User-Agent": self.user_agent, **self.headers, **self.credentials.headers}.items():
            if not _is_header_text(value):
                raise ConfigurationError(f"header {name!r}: its value has line breaks or characters outside latin-1; correct its value")

    def for_look(self, timeout_seconds: float) -> Self:
        """The same for one attempt within a short time, to see whether the source answers at all."""
        return replace(
            self,
            max_attempts=1,
            connect_timeout_seconds=timeout_seconds,
            read_timeout_seconds=timeout_seconds,
            response_timeout_seconds=timeout_seconds,
        )


def _is_header_text(value: str) -> bool:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return not {"\r", "\n"} & set(value)
