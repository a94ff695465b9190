"""A disk that is full while a harvest or a release is written: the run fails in one line, and what was published is still served.

The limit is that of the operating system on the size of a file, in a process of its own; writing beyond it fails as on a full disk.
"""

import hashlib
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from harvest_assets.stages.promotion import find_current

MOST_BYTES = 1_500_000  # less than the new records, more than the files of Dagster

RUN = """
import resource, signal, sys
from harvest_assets.defs.runs import open_instance, run_harvest, run_release
from harvest_assets.stages.installation import Installation

what, name, day, most_bytes = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open_instance() as instance:
    installation = Installation.open()
    # Dagster's own files stay below the limit: they are made already
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    outcome = run_harvest(instance, installation, name, [day]) if what == "harvest" else run_release(instance, name, day)
print("succeeded" if outcome.succeeded else outcome.reason)
"""


def run_with_full_disk(workplace, what: str, name: str, day: date, most_bytes: int) -> str:
    """The outcome of a run whose process cannot write files larger than ``most_bytes``."""
    environ = {**workplace.environ, "DAGSTER_HOME": workplace.instance.root_directory}
    done = subprocess.run(
        [sys.executable, "-c", RUN, what, name, str(day), str(most_bytes)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def served(workplace, dataset: str) -> dict[str, str]:
    """SHA-256 of everything that consumers of a dataset read."""
    store = Path(workplace.environ["HARVEST_STORE"])
    paths = [store / "current" / f"{dataset}.json", *sorted((store / "data" / "exports").rglob("documents.*"))]
    return {str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.mark.parametrize("what", ["harvest", "release"])
def test_a_full_disk_fails_the_run_in_one_line_and_the_old_version_is_still_served(workplace, today: date, what: str):
    yesterday = today - timedelta(days=1)
    repository = workplace.add_repository("large", 900, last_day=today - timedelta(days=5), page_size=300)
    workplace.add_dataset("all", ["large"])
    assert workplace.harvest("large", yesterday).succeeded
    assert workplace.release("all", yesterday).succeeded
    before = served(workplace, "all")
    assert len(before) == 3

    noise = Random(1)  # noqa: S311 - no secret: a disk fills up with what cannot be compressed
    for identifier in repository.identifiers():
        repository.change(identifier, at=datetime.combine(today, time(), UTC), title=noise.randbytes(3000).hex())
    if what == "release":
        assert workplace.harvest("large", today).succeeded
    reason = run_with_full_disk(workplace, what, "large" if what == "harvest" else "all", today, MOST_BYTES)
    assert "File too large" in reason
    assert "\n" not in reason
    assert served(workplace, "all") == before
    assert find_current(workplace.installation.store, "all") == 1

    if what == "harvest":
        assert workplace.harvest("large", today).succeeded
    assert workplace.release("all", today).succeeded
    assert find_current(workplace.installation.store, "all") == 2
