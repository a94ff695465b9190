"""Automation conditions, as named functions with their reason."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

AC = dg.AutomationCondition


def follow_upstream() -> dg.AutomationCondition[dg.AssetKey]:
    """Make a partition of any age again when something upstream of it was made, or its own code changed.

    ``AutomationCondition.eager`` acts on the latest day only: a hand-made partition of an old day would go no further.
    """
    condition = _moved(AC.any_deps_updated() | AC.code_version_changed()) & ~AC.any_deps_missing()
    return condition.with_label("follow_upstream")  # pyright: ignore[reportAttributeAccessIssue] - the builtin base has it


def follow_documents(shared: Sequence[str] = ()) -> dg.AutomationCondition[dg.AssetKey]:
    """The same for a document task, whose own code, and what all sources share (``shared``: vocabularies), concern today only.

    Other sources follow with their next harvest, which looks at all documents anyway. A task may ask a stranger's server for every
    document, so that a new version of it must not start a run for every day of every source.
    """
    if shared:
        common = dg.AssetSelection.assets(*shared)
        updated, today = AC.any_deps_updated().ignore(common), AC.any_deps_updated().allow(common) | AC.code_version_changed()
        missing = AC.any_deps_missing().ignore(common)
    else:
        updated, today, missing = AC.any_deps_updated(), AC.code_version_changed(), AC.any_deps_missing()
    condition = _moved(updated | (today & AC.in_latest_time_window())) & ~missing
    return condition.with_label("follow_documents")  # pyright: ignore[reportAttributeAccessIssue] - as above


def follow_any_upstream() -> dg.AutomationCondition[dg.AssetKey]:
    """The same for a release of a past day, which does not wait for sources that have no set on its day.

    The release of today is left to the sensor ``due_versions``, which waits for every source that is due: a version for each set of a
    night as it comes would be promoted with the sources that are still on their way left out.
    """
    condition = _moved(AC.any_deps_updated() | AC.code_version_changed()) & ~AC.in_latest_time_window()
    return condition.with_label("follow_any_upstream")  # pyright: ignore[reportAttributeAccessIssue] - as above


def _moved(reason: dg.AutomationCondition[Any]) -> dg.AutomationCondition[Any]:
    changed = reason.since_last_handled()  # pyright: ignore[reportAttributeAccessIssue] - as above
    return changed & ~AC.any_deps_in_progress() & ~AC.in_progress()
