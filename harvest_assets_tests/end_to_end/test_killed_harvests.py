"""A harvest that is killed in the middle of its list: the next one goes on there, and asks for one page again at most."""

import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta

import pytest

KILLED = """
import sys
from datetime import date
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.raw_records import Request, harvest
installation = Installation.open()
def tell(pages, records, announced):
    sys.stdout.write(f"{pages}\\n")  # at once: three threads tell, and 1 and 5 must not read as 15
    sys.stdout.flush()
harvest(installation, Request(installation.catalog.source("lib"), [date.fromisoformat(sys.argv[1])], on_page=tell))
"""


def kill_after(workplace, today: date, page: int) -> None:
    """A harvest in a process of its own, killed when it has told of a page."""
    environ = {**os.environ, **workplace.environ}
    with subprocess.Popen([sys.executable, "-c", KILLED, str(today)], env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while int(process.stdout.readline()) < page:
                pass
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("page", [1, 7, 29])
def test_the_next_harvest_goes_on_at_the_page_where_the_last_one_was_killed(workplace, today: date, page: int):
    repository = workplace.add_repository("lib", 300, last_day=today - timedelta(days=3), page_size=10)
    kill_after(workplace, today, page)
    time.sleep(0.2)  # what the dead process had asked for is answered to nobody
    workplace.universe.clear_requests()
    assert workplace.harvest("lib", today).succeeded
    asked = workplace.lists_asked("lib")
    assert all("resumptionToken" in each for each in asked)
    assert len(asked) <= 30 - page
    manifest = workplace.manifest("raw_records", "lib", today)
    assert manifest.facts["is_complete"]
    assert manifest.facts["completeness"]["pages"] == 30
    assert {row["identifier"] for row in workplace.rows("raw_records", "lib", today)} == set(repository.identifiers())


def test_the_parts_of_a_split_range_go_on_each_where_it_was(workplace, today: date):
    split = {"ranges": {"interval": "2d", "parallel": 3}}
    repository = workplace.add_repository(
        "lib", 300, first_day=today - timedelta(days=12), last_day=today - timedelta(days=3), page_size=10, source=split
    )
    kill_after(workplace, today, 15)
    time.sleep(0.2)
    workplace.universe.clear_requests()
    assert workplace.harvest("lib", today).succeeded
    pages = workplace.manifest("raw_records", "lib", today).facts["completeness"]["pages"]
    assert len(workplace.lists_asked("lib")) <= pages - 15 + 3, "each of three lists repeats one page at most"
    assert {row["identifier"] for row in workplace.rows("raw_records", "lib", today)} == set(repository.identifiers())
