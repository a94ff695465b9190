"""``RunParameters``: what a person may say about one harvest beyond its source and its days."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunParameters:
    """How one harvest differs from an ordinary one.

    ``limit``: stop after so many different records; such a harvest is never complete, so that it removes nothing.
    ``superfluous``: ask again for a past range that succeeded with the same versions.
    ``ignore_disabled``: harvest a source that its file disables.
    ``force``: the reason why to harvest although the source failed too often, is down or is outside its hours. It never breaks a lock.
    ``no_split``: ask for the whole range in one list.
    ``optimize``: leave out days that another harvest with the same versions covers.
    ``full``: ask for everything, whatever the cursor says.
    """

    full: bool = False
    limit: int | None = None
    superfluous: bool = False
    ignore_disabled: bool = False
    force: str | None = None
    no_split: bool = False
    optimize: bool = False
