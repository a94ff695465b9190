"""What a process gives up, seen in this one as far as it can be taken back."""

import resource
import socket

import pytest

from harvest_assets.stages.confinement import limit_memory, refuse_socket


def test_more_memory_than_allowed_is_refused_and_the_limit_ends() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limit_memory(64 * 1024**2), pytest.raises(MemoryError):
        bytearray(128 * 1024**2)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(128 * 1024**2)) == 128 * 1024**2


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_without_the_kernels_help_sockets_of_the_network_are_refused(family: int) -> None:
    with pytest.raises(PermissionError, match="no network where strangers' files are read; fetch what is needed before, and hand it in"):
        refuse_socket("socket.__new__", (None, family, 1, 0))


@pytest.mark.parametrize(("event", "family"), [("socket.__new__", socket.AF_UNIX), ("open", socket.AF_INET)])
def test_whatever_else_happens_is_let_through(event: str, family: int) -> None:
    assert refuse_socket(event, (None, family, 1, 0)) is None
