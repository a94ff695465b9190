"""What tests of feeds need beside the web: a plain request, and a time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import requests


@pytest.fixture
def session_get() -> Iterator[Callable[[str], bytes]]:
    with requests.Session() as session:
        session.trust_env = False
        yield lambda url: session.get(url, timeout=10).content


@pytest.fixture
def at() -> datetime:
    return datetime(2026, 6, 1, tzinfo=UTC)
