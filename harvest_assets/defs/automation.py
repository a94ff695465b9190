"""Automation conditions, as named functions with their reason."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

AC = dg.AutomationCondition


def follow_upstream(shared: Sequence[str] = ()) -> dg.AutomationCondition[dg.AssetKey]:
    """Make a partition of any age again when something upstream of it was made, or its own code changed.

    ``AutomationCondition.eager`` acts on the latest day only: a hand-made partition of an old day would go no further. What all sources
    share (``shared``: vocabularies) makes only partitions of today again; other sources follow with their next harvest, because a new
    term is no reason to run every source on every day.
    """
    if not shared:
        condition = _moved(AC.any_deps_updated()) & ~AC.any_deps_missing()
        return condition.with_label("follow_upstream")  # pyright: ignore[reportAttributeAccessIssue] - the builtin base has it
    common = dg.AssetSelection.assets(*shared)
    updated = AC.any_deps_updated().ignore(common) | (AC.any_deps_updated().allow(common) & AC.in_latest_time_window())
    condition = _moved(updated) & ~AC.any_deps_missing().ignore(common)
    return condition.with_label("follow_upstream")  # pyright: ignore[reportAttributeAccessIssue] - the builtin base has it


def follow_any_upstream() -> dg.AutomationCondition[dg.AssetKey]:
    """The same for a release of a past day, which does not wait for sources that have no set on its day.

    The release of today is left to the sensor ``due_versions``, which waits for every source that is due: a version for each set of a
    night as it comes would be promoted with the sources that are still on their way left out.
    """
    condition = _moved(AC.any_deps_updated()) & ~AC.in_latest_time_window()
    return condition.with_label("follow_any_upstream")  # pyright: ignore[reportAttributeAccessIssue] - as above


def _moved(updated: dg.AutomationCondition[Any]) -> dg.AutomationCondition[dg.AssetKey]:
    changed = (updated | AC.code_version_changed()).since_last_handled()  # pyright: ignore[reportAttributeAccessIssue] - as above
    return changed & ~AC.any_deps_in_progress() & ~AC.in_progress()
