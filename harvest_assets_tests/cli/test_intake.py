"""The endpoint over real sockets: who may send, what is refused with which status, and that no secret is told to anybody."""

import http.client
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harvest_assets.cli.group import main
from harvest_assets.cli.intake import intake as command
from harvest_assets.cli.intake_app import Allowance, build_app, open_doors
from harvest_assets.cli.intake_server import build_server
from harvest_assets.config.intake import Intake
from harvest_assets.stages.installation import Installation
from harvest_assets.store.inbox import Inbox

STAPLE = "correct-horse-battery-staple"  # what the variable SECRET holds
JSON_SOURCE = """title: Library
protocol: json
url: http://127.0.0.1:9/
options: {identifier: /id, datestamp: /modified}
extract: {format: mapping, options: {title: /id, fields: {name: /name}}}
tasks: []
"""
OAI_SOURCE = """title: Museum
protocol: oai-pmh
url: http://127.0.0.1:9/
options: {metadata_prefix: oai_dc}
tasks: []
"""
RECORD = b'{"id": "1", "modified": "2026-11-21", "name": "One"}'


class Endpoint:
    """A server with doors, and a client that knows where it is."""

    def __init__(self, installation: Installation, port: int) -> None:
        self.installation = installation
        self.port = port

    def post(
        self,
        path: str = "/intake/lib",
        body: bytes = RECORD,
        *,
        method: str = "POST",
        secret: str | None = STAPLE,
        content_type: str | None = "application/json",
        **headers: str,
    ) -> tuple[int, dict[str, Any], http.client.HTTPResponse]:
        sent = {"Authorization": f"Bearer {secret}"} if secret else {}
        sent |= {"Content-Type": content_type} if content_type else {}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else {}, response
        finally:
            connection.close()

    def status(self, *args: Any, **keywords: Any) -> int:
        return self.post(*args, **keywords)[0]

    def inbox(self, source: str = "lib") -> list[str]:
        return Inbox(self.installation.store.files).ids(source)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sources = tmp_path / "config" / "sources"
    sources.mkdir(parents=True)
    (sources / "lib.yaml").write_text(JSON_SOURCE)
    (sources / "museum.yaml").write_text(OAI_SOURCE)
    (sources / "closed.yaml").write_text(JSON_SOURCE)
    return tmp_path


@pytest.fixture
def environ(folder: Path) -> dict[str, str]:
    names = {"HARVEST_CONFIG": "config", "HARVEST_STORE": "store", "HARVEST_STATE": "state"}
    return {name: str(folder / place) for name, place in names.items()} | {"SECRET": STAPLE}


@pytest.fixture
def installation(environ: dict[str, str]) -> Installation:
    return Installation.open(environ)


@pytest.fixture
def serve(installation: Installation) -> Iterator[Callable[..., Endpoint]]:
    """Start the endpoint with some options for both sources."""
    started: list[tuple[Any, threading.Thread]] = []

    def start(*, body_seconds: float = 30.0, **options: object) -> Endpoint:
        for slug in ("lib", "museum"):
            vars(installation.catalog.source(slug))["intake"] = Intake.model_validate({"secret": "${ENV:SECRET}", **options})
        doors, problems = open_doors(installation)
        assert (sorted(doors), problems) == (["lib", "museum"], [])
        server = build_server(build_app(installation, doors, body_seconds=body_seconds), "127.0.0.1", 0)
        thread = threading.Thread(target=server.run)
        thread.start()
        started.append((server, thread))
        for _ in range(500):
            if server.started:
                break
            time.sleep(0.01)
        [listening] = server.servers
        return Endpoint(installation, listening.sockets[0].getsockname()[1])

    yield start
    for server, thread in started:
        server.should_exit = True
        thread.join()


def test_a_record_is_kept_and_its_id_told(serve):
    endpoint = serve()
    status, answer, _ = endpoint.post()
    assert status == 202
    assert (answer["source"], answer["identifier"]) == ("lib", "1")
    assert endpoint.inbox() == [answer["id"]]
    [received] = Inbox(endpoint.installation.store.files).read("lib", [answer["id"]])
    assert json.loads(received.record["body"]) == json.loads(RECORD)
    assert endpoint.post()[1]["id"] == answer["id"]
    assert endpoint.inbox() == [answer["id"]]


def test_the_secret_may_be_the_last_part_of_the_address(serve):
    endpoint = serve()
    assert endpoint.status(f"/intake/lib/{STAPLE}", secret=None) == 202
    assert endpoint.status("/intake/lib/another-secret-altogether", secret=None) == 401


def test_records_of_oai_pmh_are_xml(serve):
    endpoint = serve()
    body = b"<record><header><identifier>oai:1</identifier><datestamp>2026-11-21</datestamp></header><metadata><a/></metadata></record>"
    status, answer, _ = endpoint.post("/intake/museum", body, content_type="text/xml; charset=utf-8")
    assert (status, answer["identifier"]) == (202, "oai:1")
    status, answer, _ = endpoint.post("/intake/museum", b"<record>", content_type="application/xml")
    assert status == 400
    assert "Premature end of data" in answer["error"]
    assert endpoint.status("/intake/museum") == 415


def test_each_refusal_has_its_own_status_and_words(serve):
    endpoint = serve(max_body_bytes=100)
    refused = {
        "unknown": endpoint.post("/intake/nobody")[:2],
        "without intake": endpoint.post("/intake/closed")[:2],
        "elsewhere": endpoint.post("/somewhere")[:2],
        "no secret": endpoint.post(secret=None)[:2],
        "wrong secret": endpoint.post(secret="x" * 40)[:2],
        "not ASCII": endpoint.post(Authorization="Bearer sécret")[:2],
        "other scheme": endpoint.post(secret=None, Authorization=f"Basic {STAPLE}")[:2],
        "method": endpoint.post(method="GET")[:2],
        "type": endpoint.post(content_type="text/plain")[:2],
        "no type": endpoint.post(content_type=None)[:2],
        "large": endpoint.post(body=b'"' + b"x" * 100 + b'"')[:2],
        "bad JSON": endpoint.post(body=b'{"id": "1",}')[:2],
        "no identifier": endpoint.post(body=b'{"no": "id"}')[:2],
    }
    nothing = (404, {"error": "there is nothing here that takes records; check the address"})
    secret = (401, {"error": "the secret is missing or wrong; send 'Authorization: Bearer SECRET'"})
    assert refused == {
        "unknown": nothing,
        "without intake": nothing,
        "elsewhere": nothing,
        "no secret": secret,
        "wrong secret": secret,
        "not ASCII": secret,
        "other scheme": secret,
        "method": (405, {"error": "send records with POST"}),
        "type": (415, {"error": "content type 'text/plain' is not application/json"}),
        "no type": (415, {"error": "content type '' is not application/json"}),
        "large": (413, {"error": "the body is larger than 100 bytes; send one record, or ask for more to be allowed"}),
        "bad JSON": (400, {"error": "line 1, column 11: trailing comma is not allowed"}),
        "no identifier": (400, {"error": "identifier '/id' leads to None, not to a text or an integer"}),
    }
    assert endpoint.inbox() == []


def test_a_body_whose_length_is_not_said_is_cut_off_too(serve):
    endpoint = serve(max_body_bytes=100)
    with socket.create_connection(("127.0.0.1", endpoint.port), 10) as connection:
        head = f"POST /intake/lib HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {STAPLE}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\nc8\r\n{'x' * 200}\r\n".encode())
        answer = connection.recv(65_536).decode()
    assert answer.startswith("HTTP/1.1 413 ")


def test_a_body_that_does_not_come_is_not_waited_for(serve):
    endpoint = serve(body_seconds=0.3)
    with socket.create_connection(("127.0.0.1", endpoint.port), 10) as connection:
        head = f"POST /intake/lib HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {STAPLE}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 50\r\n\r\n{{".encode())
        answer = connection.recv(65_536).decode()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "the body did not arrive within 0.3 seconds" in answer


def test_addresses_that_are_not_allowed_are_refused_whatever_they_claim(serve):
    endpoint = serve(allow=["192.0.2.0/24"])
    status, answer, _ = endpoint.post()
    assert (status, answer["error"]) == (403, "records may not be sent from this address; ask for it to be allowed")
    assert endpoint.status(X_Forwarded_For="192.0.2.7") == 403
    assert endpoint.status(secret="x" * 20) == 401


def test_behind_a_proxy_the_last_forwarded_address_counts(serve):
    endpoint = serve(allow=["192.0.2.0/24", "private"], trust_forwarded=True)
    assert endpoint.status(X_Forwarded_For="198.51.100.1, 192.0.2.7") == 202
    assert endpoint.status(X_Forwarded_For="10.1.2.3") == 202
    assert endpoint.status(X_Forwarded_For="192.0.2.7, 198.51.100.1") == 403
    assert endpoint.status(X_Forwarded_For="unknown") == 403
    assert endpoint.status() == 403


def test_too_many_requests_are_told_when_to_come_back(serve):
    endpoint = serve(requests_per_minute=2)
    assert [endpoint.status() for _ in range(2)] == [202, 202]
    status, answer, response = endpoint.post()
    assert (status, response.getheader("Retry-After")) == (429, "30")
    assert answer["error"] == "too many requests in a minute; send the record again in 30 seconds"
    assert endpoint.status(secret=None) == 401
    assert endpoint.status("/intake/museum", content_type="application/xml", body=b"<") == 400


def test_an_allowance_comes_back_as_time_passes(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    allowance = Allowance(60)
    assert [allowance.take() for _ in range(61)] == [0] * 60 + [1]
    now[0] += 2
    assert [allowance.take() for _ in range(3)] == [0, 0, 1]
    now[0] += 1_000
    assert [allowance.take() for _ in range(61)] == [0] * 60 + [1]


def test_secrets_are_in_no_log_no_answer_and_no_value(serve, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    endpoint = serve()
    answers = [
        endpoint.post(f"/intake/lib/{STAPLE}", secret=None),
        endpoint.post(f"/intake/lib/{STAPLE}", body=b"{", secret=None),
        endpoint.post(f"/intake/nobody/{STAPLE}", secret=None),
        endpoint.post(f"/intake/lib/{STAPLE}/more", secret=None),
        endpoint.post(secret=STAPLE[:-1]),
    ]
    assert [each[0] for each in answers] == [202, 400, 404, 404, 401]
    doors, _ = open_doors(endpoint.installation)
    out, err = capfd.readouterr()
    shown = f"{[each[1] for each in answers]} {caplog.text} {out} {err} {doors!r}"
    assert STAPLE[:-1] not in shown
    assert "lib: refused with 401: wrong or no secret" in caplog.text
    assert "lib: refused with 400: line 1, column 2" in caplog.text
    assert all(STAPLE.encode() not in path.read_bytes() for path in Path(endpoint.installation.settings.store).rglob("*") if path.is_file())


def test_a_store_that_cannot_be_written_is_no_fault_of_the_sender(serve, caplog):
    endpoint = serve()
    (Path(endpoint.installation.settings.store) / "intake").write_text("in the way")
    status, answer, response = endpoint.post()
    assert (status, answer["error"]) == (503, "the record could not be kept; send it again later")
    assert response.getheader("Retry-After") == "60"
    assert "lib: a record could not be kept: " in caplog.text


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (
            None,
            "sources/lib.yaml: intake.secret refers to the environment variable 'SECRET', which is not set; set it, or correct its name",
        ),
        ("short", "holds fewer than 16 characters, or others than ASCII, or a '/'; make one with: openssl rand -hex 32"),
        ("sécret-that-is-long-enough", "holds fewer than 16 characters, or others than ASCII, or a '/'"),
        ("a/secret/that/is/long/enough", "holds fewer than 16 characters, or others than ASCII, or a '/'"),
    ],
)
def test_a_door_with_a_secret_that_is_none_stays_shut(installation, secret, message):
    vars(installation.catalog.source("lib"))["intake"] = Intake.model_validate({"secret": "${ENV:SECRET}"})
    environ = {name: text for name, text in installation.environ.items() if name != "SECRET"}
    doors, problems = open_doors(replace(installation, environ=environ | ({"SECRET": secret} if secret else {})))
    assert doors == {}
    assert message in problems[0]
    assert secret is None or secret not in problems[0]


def test_a_source_that_is_not_enabled_has_no_door(folder, environ):
    (folder / "config" / "sources" / "lib.yaml").write_text(JSON_SOURCE + "enabled: false\n")
    opened = Installation.open(environ)
    vars(opened.catalog.source("lib"))["intake"] = Intake.model_validate({"secret": "${ENV:SECRET}"})
    assert open_doors(opened) == ({}, [])


def test_without_a_source_that_takes_records_the_command_says_what_to_write(environ, monkeypatch):
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setitem(main.commands, "intake", command)
    result = CliRunner().invoke(main, ["intake"])
    assert result.exit_code == 2
    assert re.search(r"harvest: no source takes records in; give one the key intake: \{secret: '\$\{ENV:NAME\}'\}", result.output)
