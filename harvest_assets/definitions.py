"""What Dagster loads (``workspace.yaml``)."""

from harvest_assets.defs.graph import build_definitions

defs = build_definitions()
