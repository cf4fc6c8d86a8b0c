"""How long the quality of a device's day takes to count.

    python benchmarks/quality_days.py [--rows N] [--devices N] [--days N] [--folder DIR]

Builds a store with readings evenly over the days (the usual numbers: a reading a second of each
of four devices), of which one in 200 of each channel failed with a reason, and prints the best
of three times for one day of one device and, where there are more, for all of its days.
`--folder` keeps a store for the next run where it already has one.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks.history_range import START_US, best_ms, fill
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.schema import quality_column

DEVICE = "sensor-0"


def explain(path: Path) -> None:
    """Gives a reason to every reading with a failed channel."""
    cases = " ".join(
        f'WHEN {quality_column(channel)} = 4 THEN \'{{"{channel.key}": "range.high"}}\''
        for channel in CHANNELS
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE sensor_readings SET quality_reasons = CASE {cases} END")
        connection.commit()


def measure(path: Path, days: int) -> None:
    reader = HistoryReader(path)
    spans = [(START_US + n * US_PER_DAY, START_US + (n + 1) * US_PER_DAY) for n in range(days)]
    for count in sorted({1, days}):
        chosen = spans[:count]
        found = reader.quality_days(DEVICE, chosen)
        took_ms = best_ms(partial(reader.quality_days, DEVICE, chosen))
        readings, good = sum(day.readings for day in found), sum(day.good for day in found)
        print(f"{count:4} days {readings:10,} readings {good:10,} good {took_ms:9.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=345_600)
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = (options.folder or Path(temporary)) / "quality.db"
        if not path.exists():
            fill(path, options.rows, options.devices, options.days)
            explain(path)
        measure(path, options.days)


if __name__ == "__main__":
    main()
