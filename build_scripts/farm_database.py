"""A MariaDB of its own with the table of readings that another program left there."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DATABASE = "soil_health_db"
SYSTEM_PATH = "/usr/sbin"
READY_S = 30.0

TABLE = """
CREATE TABLE sensor_readings (
    id INT AUTO_INCREMENT PRIMARY KEY, timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
    N FLOAT, P FLOAT, K FLOAT, CO2 FLOAT, temperature FLOAT, moisture FLOAT, pH FLOAT,
    health_index INT, health_status VARCHAR(20), is_anomalous BOOLEAN, anomaly_score FLOAT,
    critical_factors JSON, INDEX idx_timestamp (timestamp)
);
"""
INSERT = (
    "INSERT INTO sensor_readings (timestamp, N, P, K, CO2, temperature, moisture, pH,"
    " health_index, health_status, is_anomalous, anomaly_score, critical_factors) VALUES "
)


def program(name: str) -> str | None:
    """Where a program of MariaDB is; Debian keeps the server off the users' PATH."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), SYSTEM_PATH)))


@contextmanager
def farm_database(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server on loopback that takes every login, with two days of one probe."""
    with tempfile.TemporaryDirectory(prefix="harit-mariadb-") as folder:
        socket = Path(folder) / "s"
        as_root = ["--user=root"] if os.geteuid() == 0 else []
        data = [f"--datadir={folder}/data", "--innodb-log-file-size=16M", *as_root]
        _run("mariadb-install-db", "--no-defaults", "--skip-test-db", *data)
        command = [str(program("mariadbd")), "--no-defaults", *data, f"--socket={socket}"]
        command += [f"--port={port}", "--bind-address=127.0.0.1", "--skip-grant-tables"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                _wait_for(socket)
                _run("mariadb", f"--socket={socket}", text=_script())
                yield server
            finally:
                server.kill()


def _wait_for(socket: Path) -> None:
    ends_s = time.monotonic() + READY_S
    while not socket.exists():
        if time.monotonic() > ends_s:
            raise RuntimeError("the database server did not start")
        time.sleep(0.1)


def _script() -> str:
    rows = ",\n".join(_row(minutes) for minutes in range(2880, 0, -1))
    return f"CREATE DATABASE {DATABASE}; USE {DATABASE}; {TABLE} {INSERT} {rows};"


def _row(minutes: int) -> str:
    """A reading of so many minutes ago, with the day's cycle."""
    day = math.sin(minutes / 1440 * 2 * math.pi)
    values = (20 + day, 18 + day / 2, 150 + 5 * day, 500 + 40 * day, 24 - 3 * day)
    numbers = ", ".join(f"{value:.2f}" for value in (*values, 47 + minutes / 400, 7 + day / 20))
    return f"(NOW() - INTERVAL {minutes} MINUTE, {numbers}, 72, 'Good', 0, 0.1, '[]')"


def _run(name: str, *arguments: str, text: str = "") -> None:
    command = [str(program(name)), *arguments]
    subprocess.run(command, input=text.encode(), check=True, timeout=60, stdout=subprocess.DEVNULL)
