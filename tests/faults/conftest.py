from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.displays import VirtualDisplay
from tests.servers import MosquittoServer


@pytest.fixture
def broker() -> Iterator[MosquittoServer]:
    """A broker that keeps what is sent while the program is off, for as long as it runs."""
    with MosquittoServer(["max_queued_messages 100000", "max_inflight_messages 200"]) as server:
        yield server


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with VirtualDisplay() as virtual:
        yield virtual.name
