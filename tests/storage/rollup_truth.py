"""The rollups as they must be, computed the slow way from the rows themselves."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.storage.rollup import HOUR_US, MINUTE_US, roll_up

Rollup = dict[tuple[str, int], tuple[Any, ...]]


def catch_up(path: Path, slice_rows: int = 500) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        more = True
        while more:
            connection.execute("BEGIN IMMEDIATE")
            more = roll_up(connection, slice_rows)
            connection.execute("COMMIT")


def assert_true(path: Path) -> int:
    """Compares both rollup tables with the rows up to the cursor; returns the rows covered."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        found = connection.execute("SELECT last_id FROM cursors WHERE name = 'rollup'").fetchone()
        done = 0 if found is None else found[0]
        readings = connection.execute(
            "SELECT * FROM sensor_readings WHERE id <= ?", (done,)
        ).fetchall()
        for table, size_us in (("rollups_minute", MINUTE_US), ("rollups_hour", HOUR_US)):
            expected = _brute_force(readings, size_us)
            stored = {
                (row[0], row[1]): tuple(row)[2:]
                for row in connection.execute(f"SELECT * FROM {table}")
            }
            assert set(stored) == set(expected), table
            for bucket, values in expected.items():
                _assert_same(stored[bucket], values)
    return len(readings)


def _brute_force(readings: list[sqlite3.Row], size_us: int) -> Rollup:
    buckets = defaultdict(list)
    for row in readings:
        start_us = row["timestamp_us"] // size_us * size_us
        buckets[row["publisher_id"], start_us].append(row)
    return {bucket: _summary(rows, bucket[1]) for bucket, rows in buckets.items()}


def _summary(rows: list[sqlite3.Row], start_us: int) -> tuple[Any, ...]:
    indexes = [row["health_index"] for row in rows if row["health_index"] is not None]
    summary: list[Any] = [len(rows), sum(row["timestamp_us"] - start_us for row in rows)]
    summary += [len(indexes), sum(indexes)]
    for channel in CHANNELS:
        pairs = [(row[channel.column], row[f"quality_{channel.column}"]) for row in rows]
        pairs = [(value, flag) for value, flag in pairs if value is not None]
        sound = [value for value, flag in pairs if flag != Flag.FAIL]
        summary += [len(sound), math.fsum(sound), min(sound, default=None)]
        summary += [max(sound, default=None), max((flag for _, flag in pairs), default=0)]
    return tuple(summary)


def _assert_same(stored: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    assert len(stored) == len(expected)
    for ours, truth in zip(stored, expected, strict=True):
        if isinstance(truth, float) and ours is not None:
            assert math.isclose(ours, truth, rel_tol=1e-9, abs_tol=1e-6)
        else:
            assert ours == truth


def assert_counted(path: Path) -> int:
    """Compares `devices` and `counters` with the rows; returns the number of readings."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN")
        counters = dict(connection.execute("SELECT name, value FROM counters"))
        kept = connection.execute(
            "SELECT publisher_id, first_us, last_us, reading_count, simulated_count FROM devices"
        )
        counted = connection.execute(
            "SELECT publisher_id, min(timestamp_us), max(timestamp_us), count(*),"
            " sum(source = 'simulator') FROM sensor_readings GROUP BY 1"
        )
        devices = sorted(kept)
        assert devices == sorted(counted)
        for table, name in (("message_log", "log"), ("rejected_messages", "rejected")):
            (rows, size) = connection.execute(
                f"SELECT count(*), coalesce(sum(kept_bytes), 0) FROM {table}"
            ).fetchone()
            assert (counters.get(f"{name}_rows", 0), counters.get(f"{name}_bytes", 0)) == (
                rows,
                size,
            )
    readings = sum(row[3] for row in devices)
    assert counters.get("readings", 0) == readings
    assert counters.get("simulated_readings", 0) == sum(row[4] for row in devices)
    return readings
