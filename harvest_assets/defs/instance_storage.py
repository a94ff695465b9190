"""Dagster's own storage: SQLite below ``DAGSTER_HOME``, or PostgreSQL where ``HARVEST_DATABASE_URL`` is set.

``dagster.yaml`` has no conditionals, so it names this class. The base classes are Dagster's and not public API.
"""

import os
from pathlib import Path
from typing import Any, Self

from dagster import Field, StringSource
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

# Where `make dev` sets DAGSTER_HOME, too; Dagster's own commands (`dg check defs`) run without it.
HOME = ".harvest/dagster"


class SqliteOrPostgresStorage(DagsterSqliteStorage):
    """A storage that the environment chooses."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """What ``dagster.yaml`` may say."""
        return {"base_dir": Field(StringSource, is_required=False), "url_variable": str}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: dict[str, str]) -> "DagsterStorage | Self":  # pyright: ignore[reportIncompatibleMethodOverride] - Dagster's own classes differ here too
        """The storage of this process."""
        url = os.environ.get(config_value["url_variable"])
        if not url:
            base = Path(config_value.get("base_dir") or os.environ.get("DAGSTER_HOME") or HOME).absolute()
            base.mkdir(parents=True, exist_ok=True)
            return cls.from_local(str(base), inst_data=inst_data)
        from dagster_postgres.storage import DagsterPostgresStorage  # noqa: PLC0415 - loads the driver, which SQLite does not need

        return DagsterPostgresStorage(postgres_url=url, should_autocreate_tables=True, inst_data=inst_data)
