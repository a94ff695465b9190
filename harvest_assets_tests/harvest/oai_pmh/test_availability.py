"""Whether a repository answers: one request for Identify, and only OAI-PMH counts as an answer."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.errors import TransientError
from harvest_assets.harvest.oai_pmh import OaiPmh, OaiPmhOptions
from harvest_assets.interfaces import Target

Server = Any  # the fixtures of conftest, which tests cannot import from
Xml = Any
Repository = Callable[..., OaiPmh]


def test_a_repository_that_identifies_itself_is_available_by_one_request(server: Server, open_repository: Repository, xml: Xml) -> None:
    open_repository(lambda _: xml.identify()).check_available()
    assert server.queries == [{"verb": "Identify"}]


def test_an_address_with_a_query_keeps_it(server: Server, open_repository: Repository, xml: Xml) -> None:
    client = open_repository(lambda _: xml.identify()).client
    OaiPmh(Target("library", f"{server.url}?site=3", OaiPmhOptions()), client).check_available()
    assert server.queries == [{"site": "3", "verb": "Identify"}]


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refusal_is_an_answer(server: Server, open_repository: Repository, status: int) -> None:
    open_repository(lambda _: (status, b"no")).check_available()
    assert len(server.queries) == 1


@pytest.mark.parametrize(
    "make", [gzip.compress, lambda body: body.decode().replace("UTF-8", "UTF-16").encode("utf-16"), lambda body: body[:400]]
)
def test_packed_wide_and_long_answers_are_answers(
    server: Server, open_repository: Repository, xml: Xml, make: Callable[[bytes], bytes]
) -> None:
    open_repository(lambda _: make(xml.identify())).check_available()
    assert len(server.queries) == 1


@pytest.mark.parametrize("status", [404, 410, 500, 503])
def test_a_server_error_or_nothing_at_the_address_is_down(open_repository: Repository, status: int) -> None:
    with pytest.raises(
        TransientError, match=rf"^library: Identify: status {status} from 'http://127.0.0.1:\d+/oai\?verb=Identify'$"
    ) as caught:
        open_repository(lambda _: (status, b"")).check_available()
    assert caught.value.status == status


@pytest.mark.parametrize("body", [b"", b"<!DOCTYPE html><p>closed", b"\x1f\x8bnot gzip", b'{"a": 1}'])
def test_an_answer_that_is_not_oai_pmh_is_down(open_repository: Repository, body: bytes) -> None:
    with pytest.raises(
        TransientError, match=r"^library: Identify: the answer is not OAI-PMH, it begins with b.*: check the address of the source$"
    ):
        open_repository(lambda _: body).check_available()


def test_a_repository_that_does_not_know_identify_is_down(open_repository: Repository, xml: Xml) -> None:
    with pytest.raises(
        TransientError, match=r"^library: Identify: the repository answered badVerb to Identify: check the address of the source$"
    ):
        open_repository(lambda _: xml.error("badVerb")).check_available()
