"""One real MariaDB for the tests of a file, with an empty database and a journal for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from tests.mariadb_server import MariaDbServer
from tests.storage.builders import START_US
from tests.storage.mysql.forwarding import Sending


@pytest.fixture(scope="module")
def shared_server() -> Iterator[MariaDbServer]:
    with MariaDbServer() as server:
        yield server


@pytest.fixture
def server(shared_server: MariaDbServer) -> MariaDbServer:
    shared_server.drop_database()
    return shared_server


@pytest.fixture
def journal(db_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(db_path, lambda: START_US)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def history(server: MariaDbServer, db_path: Path) -> Iterator[HistoryReader]:
    reader = HistoryReader(db_path, server.address)
    yield reader
    reader.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "readings.csv"


@pytest.fixture
def make_sending(tmp_path: Path) -> Iterator[Callable[..., Sending]]:
    made: list[Sending] = []

    def make(server: MariaDbServer, name: str = "data", **options: Any) -> Sending:
        address = options.pop("address", server.address)
        (tmp_path / name).mkdir()
        sending = Sending(tmp_path / name, address, **options)
        made.append(sending)
        return sending

    yield make
    for sending in made:
        sending.forwarder.stop(5.0)
        sending.journal.close()
