"""Single records that are sent: from the key ``intake`` of a source's file, over HTTP, to the set and the change feed."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from harvest_assets.cli.intake_app import build_app, open_doors
from harvest_assets.cli.intake_server import build_server
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.intake import take_in, waiting_sources
from harvest_assets_tests.end_to_end.formats import FORMATS, Format
from harvest_assets_tests.end_to_end.origin import Origin
from harvest_assets_tests.end_to_end.place import Place

At = Callable[[int], datetime]
Post = Callable[..., tuple[int, dict[str, Any]]]

STAPLE = "correct-horse-battery-staple"  # what the variable PRESS_INTAKE holds
OTHER = STAPLE[::-1]
INTAKE = {"secret": "${ENV:PRESS_INTAKE}", "allow": ["loopback"]}
RECORD = (
    '<record xmlns="http://www.openarchives.org/OAI/2.0/"><header><identifier>{}</identifier><datestamp>{:%Y-%m-%dT%H:%M:%SZ}</datestamp>'
    "</header><metadata>{}</metadata></record>"
)


@contextmanager
def open_endpoint(installation: Installation) -> Generator[Post]:
    """The application behind its own web server, as the command starts it."""
    doors, problems = open_doors(installation)
    assert problems == []
    server = build_server(build_app(installation, doors), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def post(path: str, body: bytes, *, secret: str = STAPLE, media_type: str = "application/json", method: str = "POST") -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request(method, path, body, {"Authorization": f"Bearer {secret}", "Content-Type": media_type})
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return answer.status, content

    yield post
    server.should_exit = True
    thread.join()


def with_secret(place: Place) -> Installation:
    return replace(place.installation, environ={**place.installation.environ, "PRESS_INTAKE": STAPLE})


def write(source_format: Format, name: str, title: str, at: datetime) -> tuple[bytes, str]:
    """A record with another title as its sender writes it, and its media type."""
    built = source_format.build(name)
    if isinstance(built, str):
        changed = built.replace(source_format.product["title"], title)
        return RECORD.format(name, at, changed).encode(), "text/xml; charset=utf-8"
    attributes = {**built["attributes"], "title": title, "modifiedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}", "files": [], "links": []}
    return json.dumps({**built, "attributes": attributes}).encode(), "application/json"


@pytest.mark.parametrize("source_format", [each for each in FORMATS if each.name in {"lom", "sharekit"}], ids=lambda each: each.name)
def test_a_record_that_is_sent_is_in_the_set_and_in_the_feed(source_format: Format, origin: Origin, place: Place, at: At) -> None:
    records = source_format.open(origin)
    for name in ("one", "two"):
        records.put(name, source_format.build(name), at(-1))
    extract = {"format": source_format.name, "options": source_format.options}
    place.write_source("press", **records.keys, extract=extract, intake=INTAKE, tasks=["licences", "validity"])
    place.run(0, "press")
    place.release(0)
    before, (sequence, _) = place.published(0, "press"), place.changes()

    installation = with_secret(place)
    with open_endpoint(installation) as post:
        for name in ("one", "new"):
            body, media_type = write(source_format, name, f"Sent as {name}", at(0))
            status, answer = post("/intake/press", body, media_type=media_type)
            assert (status, answer["source"], answer["identifier"]) == (202, "press", name)
        assert place.published(0, "press") == before, "a record that waits is in no set"
        assert {slug: len(ids) for slug, ids in waiting_sources(installation).items()} == {"press": 2}
        taken = take_in(installation, installation.catalog.source("press"), "sent")
    assert (taken.taken, taken.older) == (2, 0)
    after = place.published(0, "press")
    assert {name: after[f"press:{name}"]["title"] for name in ("one", "new")} == {"one": "Sent as one", "new": "Sent as new"}
    assert after["press:new"]["derivatives"]["validity"]["output"] == {"state": "active"}
    untouched = {srn for srn in before if srn.split(":")[1] == "two"}
    assert {srn: after[srn] for srn in untouched} == {srn: before[srn] for srn in untouched}
    place.release(0)
    _, operations = place.changes(sequence)
    assert operations.items() >= {"press:one": "upsert", "press:new": "upsert"}.items()
    assert not untouched & operations.keys()


def test_whoever_may_not_send_or_sends_no_record_gets_a_status_of_his_own_and_nothing_is_kept(origin: Origin, place: Place) -> None:
    records = next(each for each in FORMATS if each.name == "sharekit").open(origin)
    place.write_source("press", **records.keys, extract="sharekit", intake={**INTAKE, "max_body_bytes": 1_000}, tasks=[])
    place.write_source("far", **records.keys, extract="sharekit", intake={**INTAKE, "allow": ["192.0.2.0/24"]}, tasks=[])
    place.write_source("rare", **records.keys, extract="sharekit", intake={**INTAKE, "requests_per_minute": 1}, tasks=[])
    place.write_source("shut", **records.keys, extract="sharekit", tasks=[])
    good = b'{"id": "1", "attributes": {"title": "T"}}'
    with open_endpoint(with_secret(place)) as post:
        assert post("/intake/rare", b"{")[0] == 400
        statuses = {
            "bad JSON": post("/intake/press", b'{"id": "1",')[0],
            "no identifier": post("/intake/press", b'{"attributes": {}}')[0],
            "wrong secret": post("/intake/press", good, secret=OTHER)[0],
            "wrong secret in the address": post(f"/intake/press/{OTHER}", good, secret="")[0],
            "wrong address": post("/intake/far", good)[0],
            "unknown source": post("/intake/nobody", good)[0],
            "takes no records": post("/intake/shut", good)[0],
            "another method": post("/intake/press", good, method="PUT")[0],
            "too large": post("/intake/press", b'"' + b"x" * 1_000 + b'"')[0],
            "another type": post("/intake/press", good, media_type="text/csv")[0],
            "too many": post("/intake/rare", good)[0],
        }
    assert statuses == {
        "bad JSON": 400,
        "no identifier": 400,
        "wrong secret": 401,
        "wrong secret in the address": 401,
        "wrong address": 403,
        "unknown source": 404,
        "takes no records": 404,
        "another method": 405,
        "too large": 413,
        "another type": 415,
        "too many": 429,
    }
    assert waiting_sources(with_secret(place)) == {}
