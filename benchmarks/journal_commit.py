"""How many readings a second the journal stores, by size of batch.

    python benchmarks/journal_commit.py [--preload ROWS] [--readings N] [--folder DIR]

Prints for each batch size, as the best of three runs: readings/s as a user gets them (every
commit waits for the disk), readings/s without waiting for the disk, and the processor time of
one reading. `--preload` fills the store first, because an index of millions of rows costs more
than an empty one.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import tempfile
import time
from pathlib import Path

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import (
    AnalysedReading,
    Reading,
    Source,
    TimeSource,
    reading_key,
)
from harit_desktop.storage.journal import SqliteJournal

BATCH_SIZES = (1, 20, 100, 500)
START_US = 1_764_000_000 * US_PER_S
TOPIC = "harit-samarth/sensor/data"


def make_item(number: int) -> CommitItem:
    """A reading of one of three devices with a payload of the usual length."""
    time_us = START_US + number * US_PER_S
    reading = Reading(
        publisher_id=f"sensor-{number % 3}",
        timestamp_us=time_us,
        received_us=time_us,
        values=tuple(random.uniform(0.0, 100.0) for _ in range(CHANNEL_COUNT)),
        source=Source.MQTT,
        time_source=TimeSource.SENT,
        sent_us=time_us,
        sent_timestamp="2025-12-02T17:50:00.123456",
        topic=TOPIC,
    )
    analysis = Analysis(65, Band.GOOD, False, 0.0, ("CO2",), (1,) * CHANNEL_COUNT, "classic")
    key = reading_key(reading) or os.urandom(32)
    message = RawMessage(TOPIC, b"x" * 200, time_us, qos=1)
    return CommitItem(message, AnalysedReading(reading, analysis, key))


def measure(
    path: Path, first: int, readings: int, batch_size: int, *, wait: bool
) -> tuple[float, float]:
    """Readings/s and processor microseconds of a reading."""
    items = [make_item(first + i) for i in range(readings)]
    journal = SqliteJournal(path, lambda: START_US)
    journal.open()
    if not wait:
        # Not a setting of the program: only here, to see its own part of the time.
        journal._connection.execute("PRAGMA synchronous = OFF")  # type: ignore[union-attr]  # open
    # The readings made beforehand are no part of the program's garbage collection.
    gc.freeze()
    wall_s, cpu_s = time.perf_counter(), time.thread_time()
    for start in range(0, readings, batch_size):
        journal.commit(items[start : start + batch_size])
    wall_s, cpu_s = time.perf_counter() - wall_s, time.thread_time() - cpu_s
    journal.close()
    return readings / wall_s, cpu_s / readings * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preload", type=int, default=0, help="rows stored before")
    parser.add_argument("--readings", type=int, default=20_000, help="readings per figure")
    parser.add_argument("--folder", type=Path, help="where the store is made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "harit.db"
        first = 0
        for first in range(0, options.preload, 10_000):
            measure(path, first, 10_000, 500, wait=False)
        first += 10_000
        print(f"{options.preload} rows stored before")
        print("batch   readings/s   without disk wait   CPU us/reading")
        for batch_size in BATCH_SIZES:
            count = min(options.readings, batch_size * 1000)
            waiting, free = [], []
            for _ in range(3):
                waiting.append(measure(path, first, count, batch_size, wait=True))
                free.append(measure(path, first + count, count, batch_size, wait=False))
                first += 2 * count
            durable, unsynced = max(waiting)[0], max(free)[0]
            cpu_us = min(cpu for _, cpu in free)
            print(f"{batch_size:5} {durable:12.0f} {unsynced:19.0f} {cpu_us:16.1f}")


if __name__ == "__main__":
    main()
