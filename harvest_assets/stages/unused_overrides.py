"""Overrides whose document is not there: a typing error in its name, or the source has taken it back."""

import pyarrow as pa

from harvest_assets.config.overrides import unused
from harvest_assets.config.problems import Problem
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.shapes import DOCUMENT


def find_unused(installation: Installation) -> tuple[Problem, ...]:
    """A line for every entry without a live document, sources in order; sources that were never harvested are left out."""
    found: list[Problem] = []
    for source in installation.catalog.sources:
        entries = installation.catalog.overrides.of(source)
        latest = installation.store.manifests.latest("documents", source) if entries else None
        if latest is not None:
            rows = installation.store.snapshot(latest, DOCUMENT).select(pa.array(list(entries), pa.string()))
            found += unused(entries, {row["srn"] for row in rows if row["state"] == "active"})
    return tuple(found)
