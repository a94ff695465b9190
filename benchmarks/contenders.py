"""Those who are measured, each in a process of its own: ``python -m benchmarks.contenders NAME URL KIND FOLDER``."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

TOKEN = re.compile(rb"<resumptionToken[^>]*>([^<]+)</resumptionToken>")


def _pages(url: str, kind: str) -> Iterator[bytes]:
    import requests  # noqa: PLC0415 - each contender loads what it needs and nothing else

    with requests.Session() as session:
        query = {"verb": "ListRecords", "metadataPrefix": kind}
        while query:
            body = session.get(url, params=query, timeout=60).content
            yield body
            token = TOKEN.search(body[-400:])
            query = {"verb": "ListRecords", "resumptionToken": token[1].decode()} if token else {}


def download(url: str, kind: str, folder: Path) -> None:
    """(a) Pages to a file, unread."""
    with (folder / "pages.xml").open("wb") as target:
        for body in _pages(url, kind):
            target.write(body)


def parse(url: str, kind: str, folder: Path) -> None:
    """(b) Pages to a file, each parsed with lxml."""
    from lxml import etree  # noqa: PLC0415

    records = 0
    with (folder / "pages.xml").open("wb") as target:
        for body in _pages(url, kind):
            target.write(body)
            records += len(etree.fromstring(body)[2])
    print(records)


def sickle(url: str, kind: str, folder: Path) -> None:
    """(c) sickle to JSON lines: raw record and the fields that it reads."""
    from sickle import Sickle  # noqa: PLC0415

    with (folder / "records.jsonl").open("w") as target:
        for record in Sickle(url).ListRecords(metadataPrefix=kind):
            target.write(json.dumps({"id": record.header.identifier, "raw": record.raw, "metadata": record.metadata}) + "\n")


def scythe(url: str, kind: str, folder: Path) -> None:
    """(c') oaipmh-scythe to JSON lines."""
    from oaipmh_scythe import Scythe  # noqa: PLC0415

    with (folder / "records.jsonl").open("w") as target, Scythe(url) as client:
        for record in client.list_records(metadata_prefix=kind):
            target.write(json.dumps({"id": record.header.identifier, "raw": str(record), "metadata": record.metadata}) + "\n")


def raw_records(url: str, kind: str, folder: Path) -> None:
    """(d) Ours: the raw records of one harvest, durable, with proof."""
    from harvest_assets.stages.raw_records import Request, harvest  # noqa: PLC0415

    installation = _installation(url, kind, folder)
    today = datetime.now(UTC).date()
    for snapshot in harvest(installation, Request(installation.catalog.source("bench"), [today])).values():
        installation.store.manifests.commit(snapshot.manifest)


def version(url: str, kind: str, folder: Path) -> None:
    """(d) Ours, from the first request to the promoted version, without Dagster and without exports."""
    _publish(_installation(url, kind, folder), datetime.now(UTC).date().isoformat())


def one_list(url: str, kind: str, folder: Path) -> None:
    """(g) Ours up to documents, in one list."""
    _receive(_installation(url, kind, folder))


def sixteen_windows(url: str, kind: str, folder: Path) -> None:
    """(h) The same in 16 windows at the same time."""
    _receive(_installation(url, kind, folder, "ranges: {interval: 13d, parallel: 16, processes: 2}\n"))


def one_process(url: str, kind: str, folder: Path) -> None:
    """(i) Ours, raw records only, the windows one after the other."""
    _receive(_installation(url, kind, folder, "ranges: {interval: 13d}\n"), is_raw=True)


def two_processes(url: str, kind: str, folder: Path) -> None:
    """(j) The same in two processes."""
    _receive(_installation(url, kind, folder, "ranges: {interval: 13d, processes: 2}\n"), is_raw=True)


def two_days(url: str, kind: str, folder: Path) -> None:
    """(e) Ours, two days: everything, then what changed; prints seconds and stored bytes of each."""
    installation = _installation(url, kind, folder)
    today = datetime.now(UTC).date()
    for day in (today - timedelta(days=1), today):
        before, began = _stored(folder), datetime.now(UTC)
        _publish(installation, str(day))
        print(json.dumps({"seconds": (datetime.now(UTC) - began).total_seconds(), "bytes": _stored(folder) - before}), flush=True)


def dagster(url: str, kind: str, folder: Path) -> None:
    """(f) The same through Dagster runs on a SQLite instance, exports included."""
    import shutil  # noqa: PLC0415

    home = folder / "dagster"
    home.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).parents[1] / "dagster.yaml", home)
    os.environ["DAGSTER_HOME"] = str(home)
    installation = _installation(url, kind, folder)
    from harvest_assets.defs import runs  # noqa: PLC0415

    today = str(datetime.now(UTC).date())
    with runs.open_instance() as instance:
        runs.register(instance, installation)
        for outcome in (runs.run_harvest(instance, installation, "bench", [today]), runs.run_release(instance, "all", today)):
            assert outcome.succeeded, outcome.reason


def _installation(url: str, kind: str, folder: Path, keys: str = ""):  # noqa: ANN202 - imported late
    for name in ("sources", "datasets"):
        (folder / "config" / name).mkdir(parents=True, exist_ok=True)
    extract = "" if kind == "oai_dc" else "extract: oai_dc\n"
    (folder / "config/sources/bench.yaml").write_text(
        f"title: Benchmark\nprotocol: oai-pmh\nurl: {url}\noptions: {{metadata_prefix: {kind}}}\n{extract}"
        f"network: {{allow: [loopback]}}\nhttp: {{requests_per_second: 1000}}\n{keys}"
    )
    (folder / "config/datasets/all.yaml").write_text("title: All\nsources: [bench]\n")
    os.environ.update(HARVEST_CONFIG=str(folder / "config"), HARVEST_STORE=str(folder / "store"), HARVEST_STATE=str(folder / "state"))
    from harvest_assets.stages.installation import Installation  # noqa: PLC0415

    return Installation.open()


def _receive(installation, *, is_raw: bool = False) -> None:  # noqa: ANN001 - imported late
    from harvest_assets.stages import documents  # noqa: PLC0415
    from harvest_assets.stages.raw_records import Request, harvest  # noqa: PLC0415

    source, manifests, day = installation.catalog.source("bench"), installation.store.manifests, datetime.now(UTC).date()
    for draft in harvest(installation, Request(source, [day])).values():
        manifests.commit(draft.manifest)
    for draft in {}.values() if is_raw else documents.fold(installation, source, [str(day)], "bench").values():
        manifests.commit(draft.manifest)


def _publish(installation, day: str) -> None:  # noqa: ANN001 - imported late
    from harvest_assets.stages import derivatives, documents, promotion, sets, versions  # noqa: PLC0415
    from harvest_assets.stages.raw_records import Request, harvest  # noqa: PLC0415

    source, manifests = installation.catalog.source("bench"), installation.store.manifests
    stages: list[Callable[[], dict]] = [
        lambda: harvest(installation, Request(source, [datetime.fromisoformat(day).date()])),
        lambda: documents.fold(installation, source, [day], "bench"),
        *((lambda name=name: derivatives.derive(installation, source, name, [day], "bench")) for name in source.task_names),
        lambda: sets.publish(installation, source, [day], "bench"),
    ]
    for stage in stages:
        for draft in stage().values():
            manifests.commit(draft.manifest)
    promotion.promote(installation.store, "all", versions.create_version(installation, "all", day).number)


def _stored(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file()) if (folder / "store").exists() else 0


CONTENDERS = {
    each.__name__: each
    for each in (
        download,
        parse,
        sickle,
        scythe,
        raw_records,
        version,
        one_list,
        sixteen_windows,
        one_process,
        two_processes,
        two_days,
        dagster,
    )
}

if __name__ == "__main__":
    CONTENDERS[sys.argv[1]](sys.argv[2], sys.argv[3], Path(sys.argv[4]))
