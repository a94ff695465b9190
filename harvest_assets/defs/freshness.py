"""Freshness of whole assets.

It reads the last materialization of any partition, so one fresh source hides every stale one: freshness per source is the check
``sources_are_fresh`` on ``source_health``.
"""

from datetime import timedelta

import dagster as dg

DAILY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
