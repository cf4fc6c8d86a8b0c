"""How long a chart waits for its range, from rollups and from the readings themselves.

    python benchmarks/history_range.py [--rows N] [--devices N] [--days N] [--points N]
                                      [--folder DIR]

Builds a store with readings evenly over the days, rolls it up as the program does, and prints
for ranges up to the whole span the best of three times for one device: by the program's way and
by reading every row. `--folder` keeps a store for the next run where it already has one.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.storage import series
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.rollup import roll_up

START_US = 1_764_000_000 * US_PER_S
CHUNK_ROWS = 50_000


def fill(path: Path, rows: int, devices: int, days: int) -> None:
    """Readings of all devices in turn, with random values of which one in 200 is refused."""
    journal = SqliteJournal(path, lambda: START_US)
    journal.open()
    journal.close()
    names = [channel.column for channel in CHANNELS]
    values = ", ".join("abs(random() % 100000) / 1000.0" for _ in names)
    flags = ", ".join("CASE WHEN random() % 200 = 0 THEN 4 ELSE 1 END" for _ in names)
    step_us = days * US_PER_DAY // rows
    statement = f"""
        INSERT INTO sensor_readings (timestamp, {", ".join(f'"{n}"' for n in names)},
            health_index, health_status, is_anomalous, anomaly_score, critical_factors,
            publisher_id, timestamp_us, received_us, source, reading_key,
            {", ".join(f'"quality_{n}"' for n in names)}, time_source, topic, retained, profile)
        WITH RECURSIVE n(i) AS (
            VALUES (:first) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :end)
        SELECT '2025-11-24T16:00:00.000000+00:00', {values}, 65, 'Good', 0, 0.0, '[]',
            'sensor-' || (i % :devices), {START_US} + i * {step_us}, {START_US} + i * {step_us},
            'mqtt', randomblob(32), {flags}, 'sent', 'harit-samarth/sensor/data', 0, 'classic'
        FROM n
    """
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("synchronous = OFF", "cache_size = -200000"):
        connection.execute(f"PRAGMA {setting}")
    for first in range(0, rows, CHUNK_ROWS):
        scope = {"first": first, "end": min(rows, first + CHUNK_ROWS), "devices": devices}
        connection.execute("BEGIN")
        connection.execute(statement, scope)
        connection.execute("COMMIT")
    more = True
    while more:
        connection.execute("BEGIN")
        more = roll_up(connection, CHUNK_ROWS)
        connection.execute("COMMIT")
    connection.close()


def best_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        started_s = time.perf_counter()
        work()
        times.append(time.perf_counter() - started_s)
    return min(times) * 1000


def raw_only(path: Path, from_us: int, to_us: int, points: int) -> series.Series:
    reader = HistoryReader(path)
    usual = series.MAX_NOT_ROLLED_UP
    # As where maintenance has fallen behind: the series then reads the rows themselves.
    series.MAX_NOT_ROLLED_UP = -1
    try:
        return reader.series("sensor-0", from_us, to_us, points)
    finally:
        series.MAX_NOT_ROLLED_UP = usual


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--points", type=int, default=2000, help="width of the chart")
    parser.add_argument("--folder", type=Path, help="where the store is made and kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path = (options.folder or Path(scratch)) / "history.db"
        if not path.exists():
            started_s = time.perf_counter()
            fill(path, options.rows, options.devices, options.days)
            print(f"made in {time.perf_counter() - started_s:.0f} s")
        print(f"{path.stat().st_size / 1e6:.0f} MB")
        reader = HistoryReader(path)
        print("  days   buckets  of (min)   rollups (ms)   rows (ms)")
        for days in (0.5, 1, 2, 7, 14, 30, 90):
            if days > options.days:
                break
            # Neither end on a bucket's edge.
            from_us, to_us = START_US + 12_345_678, START_US + int(days * US_PER_DAY) - 7_654_321
            scope = (from_us, to_us, options.points)
            found = reader.series("sensor-0", *scope)
            quick = best_ms(lambda: reader.series("sensor-0", *scope))  # noqa: B023 - used at once
            slow = best_ms(lambda: raw_only(path, *scope))  # noqa: B023 - used at once
            size_min = found.bucket_us / 60e6
            print(f"{days:6} {len(found.time_us):9} {size_min:9.1f} {quick:14.1f} {slow:11.0f}")


if __name__ == "__main__":
    main()
