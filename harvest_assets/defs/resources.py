"""The one resource: the installation, read anew for every run and tick, so that a changed YAML file counts at once."""

import dagster as dg

from harvest_assets.stages.installation import Installation


class InstallationResource(dg.ConfigurableResource[Installation]):
    """Settings, configuration and store, as the environment names them (``HARVEST_CONFIG``, ``HARVEST_STORE``, ``HARVEST_STATE``)."""

    def open(self) -> Installation:
        """The installation as it is now."""
        return Installation.open()
