"""Who offers what a source lists, where the records do not say so themselves: an option of the extractors of such formats."""

from pydantic import Field

from harvest_assets.extract.products import build_provider
from harvest_assets.interfaces import Options


class ProviderOptions(Options):
    """The organisation behind a source."""

    name: str | None = Field(default=None, description="Its name, as it is shown.")
    slug: str | None = Field(default=None, description="Its short name, with which the identifiers of its people begin.")
    ror: str | None = Field(default=None, description="Its identifier in the Research Organization Registry.")
    external_id: str | None = Field(default=None, description="Its identifier at the source.")

    def build(self) -> dict[str, str]:
        """The provider as products have it."""
        return build_provider(self.name, slug=self.slug, external_id=self.external_id, ror=self.ror)
