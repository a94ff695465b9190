"""Redirects of one request: what kind each was, what they are together, and where they ended.

Permanent are the statuses that ask to use the new address from now on (301, 308); all others are for this time only.
https://www.rfc-editor.org/rfc/rfc9110#name-redirection-3xx
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from harvest_assets.model.exchange import Hop

PERMANENT_STATUSES = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})

NO = "no"
TEMPORARY = "temporary"
PERMANENT = "permanent"


def describe_hops(hops: Sequence[Hop]) -> list[dict[str, Any]]:
    """One entry per redirect, in order: the status that sent on, where to, and for how long."""
    return [{"status": hop.status, "url": hop.url, "kind": PERMANENT if hop.status in PERMANENT_STATUSES else TEMPORARY} for hop in hops]


def classify_redirects(hops: Sequence[Hop]) -> str:
    """``no``, ``temporary`` when at least one redirect is, or ``permanent`` when all are."""
    if not hops:
        return NO
    return PERMANENT if all(hop.status in PERMANENT_STATUSES for hop in hops) else TEMPORARY
