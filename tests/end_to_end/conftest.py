from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.displays import VirtualDisplay
from tests.servers import MosquittoServer


@pytest.fixture
def broker() -> Iterator[MosquittoServer]:
    """A broker that keeps what is sent while the program is off."""
    with MosquittoServer(["max_queued_messages 100000"], persistence=True) as server:
        yield server


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with VirtualDisplay() as virtual:
        yield virtual.name


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where screenshots are kept after the run."""
    folder = Path(os.environ.get("HARIT_ARTEFACTS", "artifacts")) / "end_to_end"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()
