"""Feeds: RSS 2.0, RSS 1.0 and Atom, whole or in pages (https://www.rfc-editor.org/rfc/rfc4287, https://www.rfc-editor.org/rfc/rfc5005)."""

from harvest_assets.harvest.feed.protocol import Feed, FeedOptions

__all__ = ["Feed", "FeedOptions"]
