"""The database server as the store under test, and a program that uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pymysql

from tests.faults.history import Row
from tests.faults.program import Program, at
from tests.faults.sensors import COLUMNS
from tests.mariadb_server import DATABASE, PASSWORD, USER, MariaDbServer
from tests.servers import MosquittoServer

_NO_TABLE = 1146
_UNREACHABLE = (1040, 2003, 2006, 2013)


class MariaDbStore:
    """What the server holds, asked as its administrator. A server that is away holds nothing
    for the moment."""

    def __init__(self, server: MariaDbServer) -> None:
        self._server = server

    def readings(self) -> list[Row]:
        columns = ", ".join(COLUMNS)
        found = self._ask(f"SELECT publisher_id, timestamp_us, {columns} FROM sensor_readings")
        return [Row(row[0], row[1], tuple(row[2:])) for row in found]

    def count(self) -> int:
        found = self._ask("SELECT count(*) FROM sensor_readings")
        return int(found[0][0]) if found else 0

    def integrity(self) -> list[str]:
        found = self._ask("CHECK TABLE sensor_readings")
        return [] if found[-1][-1] == "OK" else [f"CHECK TABLE: {found}"]

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        try:
            return self._server.query(query)
        except pymysql.err.MySQLError as error:
            if error.args and error.args[0] in (_NO_TABLE, *_UNREACHABLE):
                return []
            raise


def server_options(host: str, port: int) -> list[str]:
    chosen = {
        "storage.backend": "mysql",
        "storage.mysql_host": host,
        "storage.mysql_port": port,
        "storage.mysql_database": DATABASE,
        "storage.mysql_user": USER,
    }
    return [option for key, value in chosen.items() for option in ("--set", f"{key}={value}")]


def server_program(
    data_dir: Path, broker: MosquittoServer, server: MariaDbServer, *settings: str
) -> Program:
    """The program with the server as its store."""
    options = [*at(broker, *settings), *server_options(server.host, server.port)]
    return Program(data_dir, *options, HARIT_STORAGE__MYSQL_PASSWORD=PASSWORD)
