"""Sitemaps: the addresses that a site lists for robots, and what is behind them (https://www.sitemaps.org/protocol.html)."""

from harvest_assets.harvest.sitemap.options import SitemapOptions
from harvest_assets.harvest.sitemap.protocol import Sitemap

__all__ = ["Sitemap", "SitemapOptions"]
