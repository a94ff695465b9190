"""``harvest status --hosts``: which source asked which host how often, today for people, the last days for programs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from click.testing import Result

from harvest_assets.harvest.budget import HostBudget, Turn
from harvest_assets_tests.cli.conftest import Folder

Harvest = Callable[..., Result]


def test_today_s_requests_are_shown_by_host_and_source_and_earlier_ones_in_json(folder: Folder, harvest: Harvest) -> None:
    now = datetime.now(UTC).replace(hour=12)
    hosts = folder.path / ".harvest" / "state" / "hosts"
    for days, host, source, times in ((1, "old.example", "zoo", 2), (0, "a.example", "zoo", 3), (0, "a.example", "", 1)):
        moment = (now - timedelta(days=days)).timestamp()
        for _ in range(times):
            HostBudget(hosts, clock=lambda moment=moment: moment).reserve(Turn(host, 1000, source))
    today, yesterday = now.date(), now.date() - timedelta(days=1)
    shown = harvest("status", "--hosts").stdout
    assert f"Requests on {today} (UTC)" in shown
    assert [line.split() for line in shown.splitlines() if ".example" in line] == [["a.example", "1"], ["a.example", "zoo", "3"]]
    assert json.loads(harvest("status", "--hosts", "--json").stdout) == [
        {"host": "a.example", "used_day": str(today), "source": None, "requests": 1},
        {"host": "a.example", "used_day": str(today), "source": "zoo", "requests": 3},
        {"host": "old.example", "used_day": str(yesterday), "source": "zoo", "requests": 2},
    ]
    assert [line.split() for line in harvest("status", "demo-press", "--hosts").stdout.splitlines() if ".example" in line] == []
    HostBudget(hosts, clock=now.timestamp).reserve(Turn("b.example", 1000, "demo-press"))
    assert [each["host"] for each in json.loads(harvest("status", "demo-press", "--hosts", "--json").stdout)] == ["b.example"]
