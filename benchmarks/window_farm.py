"""A store of ten million readings, made once and kept, for benchmarks of the window.

    python benchmarks/window_farm.py [--rows 10000000] [--folder DIR]

Eight probes, a reading of each every fifteen seconds, with a day's cycle, noise, some readings
that are not believed, and three hours of silence every eleven days. The rows go straight into
the tables; rollups are made by the program's own statements. The store ends when it
was made: who opens it sets the clock to `end_us`.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from harit_desktop.domain.channels import CHANNELS  # noqa: E402 - needs the path above
from harit_desktop.domain.clock import US_PER_S  # noqa: E402 - needs the path above
from harit_desktop.settings.paths import DataPaths  # noqa: E402 - needs the path above
from harit_desktop.storage.cursors import (  # noqa: E402 - needs the path above
    BASELINE,
    last_reading_id,
    move_cursor,
)
from harit_desktop.storage.journal import SqliteJournal  # noqa: E402 - needs the path above
from harit_desktop.storage.rollup import roll_up  # noqa: E402 - needs the path above

ROWS = 10_000_000
DEVICES = tuple(f"soil-{number:02}" for number in range(1, 9))
STEP_S = 15
FOLDER = Path(tempfile.gettempdir()) / "harit-window-farm"
CHUNK_ROWS = 200_000
_HOUR_S, _DAY_S = 3600, 86_400
_SILENT_EVERY_S, _SILENT_FOR_S = 11 * _DAY_S, 3 * _HOUR_S
_CENTRES = {
    "N": (212, 6),
    "P": (31, 1.5),
    "K": (207, 7),
    "CO2": (700, 140),
    "Temperature": (22, 4),
    "Moisture": (36, 5),
    "pH": (6.7, 0.1),
}
_COUNT_DEVICES = """
INSERT INTO devices SELECT publisher_id, min(timestamp_us), max(timestamp_us), max(received_us),
    count(*), 0 FROM sensor_readings GROUP BY publisher_id
"""
_COUNT_ROWS = """
INSERT INTO counters (name, value) SELECT 'readings', count(*) FROM sensor_readings WHERE true
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_DROPPED = ("ix_readings_device_time", "ix_readings_time", "ux_readings_key")


def make(folder: Path, rows: int = ROWS) -> Path:
    """The folder of a store with so many readings; makes it where it is not there yet."""
    place = folder / str(rows)
    path = DataPaths(place).database
    done = place / "made"
    if done.exists():
        return place
    began_s = time.monotonic()
    path.parent.mkdir(parents=True, exist_ok=True)
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()
    end_us = time.time_ns() // 1000
    journal = SqliteJournal(path, lambda: end_us)
    journal.open()
    journal.close()
    _fill(path, rows, end_us)
    took_s, size_mb = time.monotonic() - began_s, path.stat().st_size / 1e6
    print(f"{rows} readings, {size_mb:.0f} MB, made in {took_s:.0f} s, kept in {place}")
    done.touch()
    return place


def end_us(folder: Path) -> int:
    """When the newest reading of the store was made."""
    with closing(sqlite3.connect(DataPaths(folder).database)) as store:
        (newest_us,) = store.execute("SELECT max(timestamp_us) FROM sensor_readings").fetchone()
    return int(newest_us)


def _fill(path: Path, rows: int, end_us: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
            store.execute(f"PRAGMA {setting}").close()
        indices = [
            store.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
            for name in _DROPPED
        ]
        for name in _DROPPED:
            store.execute(f"DROP INDEX {name}")
        _insert(store, rows, end_us)
        for statement in indices:
            store.execute(statement)
        store.execute("BEGIN")
        while roll_up(store, CHUNK_ROWS):
            pass
        move_cursor(store, BASELINE, last_reading_id(store))
        store.execute(_COUNT_DEVICES)
        store.execute(_COUNT_ROWS)
        store.execute("COMMIT")
        store.execute("PRAGMA journal_mode = WAL").close()


def _insert(store: sqlite3.Connection, rows: int, end_us: int) -> None:
    names = ", ".join(f'"{channel.column}"' for channel in CHANNELS)
    flags = ", ".join(f'"quality_{channel.column}"' for channel in CHANNELS)
    values = ", ".join(_value(*_CENTRES[channel.key]) for channel in CHANNELS)
    judged = ", ".join(
        "CASE abs(random() % 2000) WHEN 0 THEN 4 WHEN 1 THEN 3 ELSE 1 END" for _ in CHANNELS
    )
    step_us = STEP_S * US_PER_S
    statement = f"""
        INSERT INTO sensor_readings (timestamp, {names}, health_index, health_status,
            is_anomalous, anomaly_score, critical_factors, publisher_id, timestamp_us,
            received_us, source, reading_key, {flags}, time_source, topic, retained, profile)
        WITH RECURSIVE n(i) AS (VALUES (:first) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last),
        at(i, device, us) AS (SELECT i, i % {len(DEVICES)},
            :end_us - i / {len(DEVICES)} * {step_us} - i % {len(DEVICES)} * 700000 FROM n)
        SELECT strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', us / 1000000, 'unixepoch'),
            {values}, 60 + abs(random() % 25), 'Good', 0, 0.0, '[]',
            printf('soil-%02d', device + 1), us, us, 'mqtt',
            CAST(printf('%016x%016x', us, random()) AS BLOB), {judged}, 'sent',
            'harit-samarth/sensor/data', 0, 'classic'
        FROM at WHERE (us / 1000000 + device * 97000) % {_SILENT_EVERY_S} >= {_SILENT_FOR_S}
    """
    # The silent ones are so many more; the oldest first, as they would have come.
    left = round(rows * _SILENT_EVERY_S / (_SILENT_EVERY_S - _SILENT_FOR_S))
    store.execute("BEGIN")
    while left > 0:
        # Within a chunk the rows come newest first: they are put in order as one table.
        first = max(0, left - CHUNK_ROWS)
        store.execute(
            statement + " ORDER BY us", {"first": first, "last": left, "end_us": end_us}
        ).close()
        left = first
    store.execute("COMMIT")


def _value(centre: float, swing: float) -> str:
    """The SQL of a day's cycle with a slow wave and noise."""
    day = f"sin((us / 1000000 % {_DAY_S}) * 6.2832 / {_DAY_S} + device)"
    slow = f"sin(us / 1e6 * 6.2832 / {9 * _DAY_S} + device)"
    noise = "(random() % 1000) / 1000.0"
    return f"round({centre} + {swing} * (0.6 * {day} + 0.3 * {slow} + 0.1 * {noise}), 3)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    make(options.folder, options.rows)


if __name__ == "__main__":
    main()
