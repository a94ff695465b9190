"""Where a command works: the project's files, and ``DAGSTER_HOME`` made ready."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from harvest_assets.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_HOME = Path(".harvest") / "dagster"
SETTINGS = "dagster.yaml"


def today_utc() -> date:
    """The UTC day that it is now."""
    return datetime.now(UTC).date()


def find_project_file(name: str) -> Path:
    """A file or folder of the project: in the current folder, or else beside the package.

    Raises:
        ConfigurationError: It is in neither.
    """
    for folder in (Path.cwd(), PROJECT):
        if (folder / name).exists():
            return folder / name
    raise ConfigurationError(f"{name!r} is neither in {str(Path.cwd())!r} nor beside the package; start in the project's folder")


def prepare_dagster_home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of Dagster's instance, with the project's ``dagster.yaml`` in it; set ``DAGSTER_HOME`` to what is returned.

    The default folder follows the project's file. A folder that somebody chose keeps its own, once it has one.

    Raises:
        ConfigurationError: The project's file is nowhere to be found.
    """
    default = DEFAULT_HOME.absolute()
    home = Path(environ.get("DAGSTER_HOME") or default).expanduser().absolute()
    target = home / SETTINGS
    if target.is_file() and home != default:
        return home
    content = find_project_file(SETTINGS).read_bytes()
    home.mkdir(parents=True, exist_ok=True)
    if not target.is_file() or target.read_bytes() != content:
        target.write_bytes(content)
    return home
