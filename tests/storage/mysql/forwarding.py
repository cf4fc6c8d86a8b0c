"""A journal with its forwarder, as the tests drive them, and a database of the old backend."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.status import ServerState
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.forwarder import Forwarder
from tests.mariadb_server import OLD_HISTORY, OLD_READINGS, MariaDbServer
from tests.servers import wait_until

OLD_COLUMNS = (
    "N, P, K, CO2, temperature, moisture, pH, health_index, health_status, is_anomalous,"
    " anomaly_score, critical_factors"
)
OLD_INSERT = (
    f"INSERT INTO sensor_readings ({OLD_COLUMNS})"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, 61, 'Good', 0, 0.1, '[\"pH\"]')"
)


def now_us() -> int:
    return time.time_ns() // 1000


class Sending:
    """An open journal and a forwarder on it; `close` stops both."""

    def __init__(self, folder: Path, address: ServerAddress, **options: Any) -> None:
        self.path = folder / "harit.db"
        self.address = address
        self.options = options
        self.journal = SqliteJournal(self.path, now_us)
        self.journal.open()
        self.forwarder = Forwarder(self.path, address, now_us, **options)

    @property
    def state(self) -> ServerState:
        return self.forwarder.status().state

    @property
    def problem_code(self) -> str | None:
        problem = self.forwarder.status().problem
        return None if problem is None else problem.code

    def start(self) -> None:
        self.forwarder.start()

    def commit(self, items: Sequence[CommitItem]) -> None:
        """Commits as the pipeline does, and wakes the forwarder."""
        self.journal.commit(items)
        self.forwarder.wake(self.last_id())

    def last_id(self) -> int:
        return int(self.local("SELECT coalesce(max(id), 0) FROM sensor_readings")[0][0])

    def local(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the journal, read on a connection of its own."""
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def wait_ready(self, timeout_s: float = 15.0) -> None:
        """Until the server has everything."""
        wait_until(
            lambda: self.state is ServerState.READY and self.forwarder.status().waiting == 0,
            timeout_s,
            f"all is sent, is {self.forwarder.status()}",
        )

    def wait_for(self, state: ServerState, code: str | None, timeout_s: float = 15.0) -> None:
        wait_until(
            lambda: self.state is state and self.problem_code == code,
            timeout_s,
            f"{state} with {code}, is {self.forwarder.status()}",
        )

    def restart_forwarder(self) -> None:
        """As a new start of the program."""
        assert self.forwarder.stop(5.0)
        self.forwarder = Forwarder(self.path, self.address, now_us, **self.options)
        self.forwarder.start()

    def close(self) -> None:
        assert self.forwarder.stop(5.0)
        self.journal.close()


def old_insert(server: MariaDbServer, values: Sequence[float | None]) -> int:
    """A row as the old backend writes it; its id."""
    with server.connect_as_root() as connection, connection.cursor() as cursor:
        cursor.execute(OLD_INSERT, tuple(values))
        return int(cursor.lastrowid)


def make_old_database(server: MariaDbServer, rows: int = 3) -> list[tuple[Any, ...]]:
    """The old backend's tables with readings; their rows."""
    server.query(OLD_READINGS)
    server.query(OLD_HISTORY)
    for number in range(rows):
        old_insert(server, (22.5 + number, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18))
    if rows:
        server.query("INSERT INTO analysis_history (sensor_id, analysis_result) VALUES (1, '{}')")
    return server.query(f"SELECT id, timestamp, {OLD_COLUMNS} FROM sensor_readings ORDER BY id")
