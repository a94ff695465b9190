"""A fresh universe for each test, a way to ask it, and a way to walk an OAI-PMH list."""

from collections.abc import Callable, Iterator

import pytest
import requests
from lxml import etree

from harvest_assets.testing import Repository, Universe


@pytest.fixture
def universe() -> Iterator[Universe]:
    with Universe() as running:
        yield running


@pytest.fixture
def library(universe: Universe) -> Repository:
    return universe.add(Repository.generate("library", 25, seed=7, page_size=10))


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as one:
        one.trust_env = False
        yield one


@pytest.fixture
def ask(universe: Universe, session: requests.Session) -> Callable[..., etree._Element]:
    """Ask the repository ``library`` by OAI-PMH and parse the answer."""

    def ask_library(**arguments: str) -> etree._Element:
        query = {key.rstrip("_"): value for key, value in arguments.items()}
        response = session.get(universe.oai_url("library"), params=query, timeout=10)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
        return etree.fromstring(response.content)

    return ask_library


@pytest.fixture
def walk(ask: Callable[..., etree._Element]) -> Callable[..., list[str]]:
    """Identifiers of a whole list, page by page, at most 50 pages."""

    def walk_list(verb: str = "ListRecords", **arguments: str) -> list[str]:
        found: list[str] = []
        answer = ask(verb=verb, metadataPrefix="oai_dc", **arguments)
        for _ in range(50):
            found += [str(element.text) for element in answer.iterfind(".//{*}header/{*}identifier")]
            token = answer.findtext(".//{*}resumptionToken")
            if not token:
                return found
            answer = ask(verb=verb, resumptionToken=token)
        raise AssertionError(f"the list did not end after 50 pages: {found[-3:]!r}")

    return walk_list
