"""How many readings a second go from the journal to a MariaDB server, and at what memory.

    python benchmarks/forward.py [--readings N] [--adopted]

Starts a MariaDB of its own in a temporary folder, which shares this computer's processors.
`--adopted` begins with the existing system's tables. Prints readings/s of a full journal, the
processor time of one reading in this program, and the growth of its memory while sending.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from benchmarks.journal_commit import make_item  # noqa: E402 - needs the path above
from harit_desktop.storage.journal import SqliteJournal  # noqa: E402 - needs the path above
from harit_desktop.storage.mysql.forwarder import Forwarder  # noqa: E402 - needs the path above
from tests.mariadb_server import MariaDbServer  # noqa: E402 - needs the path above

_COMMITTED_AT_ONCE = 1000
_OLD_TABLE = """
CREATE TABLE sensor_readings (
    id INT AUTO_INCREMENT PRIMARY KEY, timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
    N FLOAT, P FLOAT, K FLOAT, CO2 FLOAT, temperature FLOAT, moisture FLOAT, pH FLOAT,
    health_index INT, health_status VARCHAR(20), is_anomalous BOOLEAN, anomaly_score FLOAT,
    critical_factors JSON, INDEX idx_timestamp (timestamp)
)
"""


def now_us() -> int:
    return time.time_ns() // 1000


def fill(path: Path, readings: int) -> None:
    journal = SqliteJournal(path, now_us)
    journal.open()
    for first in range(0, readings, _COMMITTED_AT_ONCE):
        last = min(readings, first + _COMMITTED_AT_ONCE)
        journal.commit([make_item(number) for number in range(first, last)])
    journal.close()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(server: MariaDbServer, path: Path, readings: int) -> None:
    forwarder = Forwarder(path, server.address, now_us, approved=True)
    before_mib, cpu_s, began_s = peak_mib(), time.process_time(), time.perf_counter()
    forwarder.start()
    while forwarder.status().forwarded < readings:
        time.sleep(0.02)
    took_s = time.perf_counter() - began_s
    cpu_us = (time.process_time() - cpu_s) / readings * 1e6
    forwarder.stop(5.0)
    stored = server.scalar("SELECT COUNT(DISTINCT reading_key) FROM sensor_readings")
    assert stored == readings, f"{stored} of {readings} are on the server"
    print(f"{readings / took_s:,.0f} readings/s ({took_s:.1f} s)")
    print(f"{cpu_us:.0f} microseconds of processor time for a reading")
    print(f"peak memory {peak_mib():.0f} MiB, {peak_mib() - before_mib:.1f} of it while sending")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=100_000)
    parser.add_argument("--adopted", action="store_true")
    options = parser.parse_args()
    with MariaDbServer() as server, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "harit.db"
        fill(path, options.readings)
        if options.adopted:
            server.query(_OLD_TABLE)
        measure(server, path, options.readings)


if __name__ == "__main__":
    main()
