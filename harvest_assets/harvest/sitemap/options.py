"""What a source with ``protocol: sitemap`` says."""

from typing import Annotated

from pydantic import Field

from harvest_assets.harvest.contents.globs import Globs
from harvest_assets.interfaces import Options


class SitemapOptions(Options):
    """Which addresses are records, and whether what is behind them is fetched.

    ``include`` and ``exclude`` are globs over whole addresses; ``*`` also stands for ``/``. With ``fetch: false`` a record is what the
    sitemap says of an address, as JSON. ``date_filter`` trusts ``lastmod``: addresses whose ``lastmod`` is outside the window are left
    out, those without one never. ``other_origins`` allows addresses on other hosts than the sitemap's. ``parallel`` resources are
    fetched at a time, within the request rate of the source.
    """

    include: Globs = ()
    exclude: Globs = ()
    fetch: bool = True
    date_filter: bool = False
    other_origins: bool = False
    parallel: Annotated[int, Field(ge=1, le=16)] = 4
    max_urls: Annotated[int, Field(ge=1)] = 1_000_000
    max_sitemaps: Annotated[int, Field(ge=1)] = 50_000
