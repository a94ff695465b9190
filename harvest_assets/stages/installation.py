"""``Installation``: settings, configuration and store, and the network as a source may use it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harvest_assets.config.catalog import Catalog, load_catalog
from harvest_assets.config.settings import Settings
from harvest_assets.config.sources import Source
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.interfaces import HttpClient
from harvest_assets.model.exchange import Exchange
from harvest_assets.stages.downloads import KeptDownloads
from harvest_assets.stages.isolation import Processes
from harvest_assets.store.downloads import DownloadShelf
from harvest_assets.store.store import Store

PRODUCT = "harvest-assets/0.1"
SERVICE_REQUESTS_PER_SECOND = 1000.0


@dataclass(frozen=True)
class Installation:
    """What every stage works with."""

    settings: Settings
    catalog: Catalog
    store: Store
    environ: Mapping[str, str]

    @classmethod
    def open(cls, environ: Mapping[str, str] = os.environ) -> "Installation":
        """The installation that the environment describes.

        Raises:
            ConfigurationError: A setting is wrong or the configuration folder is not there.
        """
        settings = Settings.from_environ(environ)
        return cls(settings, load_catalog(settings.config_folder), Store(settings.store, settings.state_folder), environ)

    def budget(self) -> HostBudget:
        """Requests per host and per source, shared by all processes of this machine."""
        return HostBudget(self.settings.state_folder / "hosts")

    def client(self, source: Source, on_exchange: Callable[[Exchange], None] | None = None, *, look: bool = False) -> RequestsClient:
        """The network as a source may use it: its limits, headers and networks; for a ``look`` one attempt within a short time.

        Raises:
            ConfigurationError: A header refers to an environment variable that is not set.
        """
        settings = source.http_settings(self.environ, user_agent(self.settings))
        if look:
            settings = settings.for_look(source.availability.timeout_seconds)
        return RequestsClient(settings, self.budget(), on_exchange=on_exchange)

    def services(self) -> RequestsClient:
        """The network for servers that the installation itself names (a Tika server): also private ones, without redirects."""
        return RequestsClient(
            HttpSettings(
                user_agent=user_agent(self.settings),
                allowed_networks=("loopback", "private"),
                requests_per_second=SERVICE_REQUESTS_PER_SECOND,
                max_redirects=0,
                max_attempts=2,
            ),
            self.budget(),
        )

    def downloads(self, source: Source, client: HttpClient) -> KeptDownloads:
        """Files of the web for the tasks of a source, kept for some hours and shared by the processes of this machine."""
        return KeptDownloads(source.slug, client, DownloadShelf(self.settings.state_folder / "downloads"))

    def isolation(self) -> Processes:
        """Processes for what strangers sent; they end with the context."""
        return Processes(environ=self.environ)


def user_agent(settings: Settings) -> str:
    """Who asks, and how to reach a person, as every request says it."""
    contact = settings.contact
    return f"{PRODUCT} (+{f'mailto:{contact}' if '@' in contact and '://' not in contact else contact})"
