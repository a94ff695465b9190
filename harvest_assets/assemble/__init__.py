"""From documents and derivatives to sets, versions and changes: folding, integrity, retrieval schedules. Pure."""
