"""Waiting for sockets, whatever the number of their descriptors."""

import os
import socket
from collections.abc import Iterator

import pytest

from harit_desktop.transport.socket_wait import wait_for

BEYOND_SELECT = 1024


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def test_what_can_be_read_and_written_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    assert wait_for([ours], [], 0) == ([], [])
    assert wait_for([ours], [ours], 0) == ([], [ours])
    theirs.send(b"x")
    assert wait_for([ours], [ours], 0) == ([ours], [ours])
    assert wait_for([ours], [], 5) == ([ours], [])


def test_the_end_of_a_connection_can_be_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.close()
    assert wait_for([ours], [], 5) == ([ours], [])


def test_a_closed_socket_is_an_error(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    ours.close()
    with pytest.raises(ValueError, match="file descriptor"):
        wait_for([ours], [], 0)


def test_descriptors_beyond_the_limit_of_select(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    resource = pytest.importorskip("resource")
    ours, theirs = pair
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= BEYOND_SELECT + 100:
        pytest.skip("this system allows no such descriptor")
    high = BEYOND_SELECT + 50
    os.dup2(ours.fileno(), high)
    far = socket.socket(fileno=high)
    try:
        theirs.send(b"x")
        assert wait_for([far], [far], 5) == ([far], [far])
    finally:
        far.close()
