"""Schedules: what is due by the clock alone. Harvests and releases are due by their own rules: see `sensors`."""

import dagster as dg

from harvest_assets.defs.jobs import check_health

hourly_health = dg.ScheduleDefinition(
    name="hourly_health", job=check_health, cron_schedule="5 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
