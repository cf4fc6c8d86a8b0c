"""How many stored readings are judged again in a second.

    python benchmarks/reanalysis.py [--rows N] [--devices N] [--folder DIR]

Builds a store with a reading a second of each device and judges all of them again: with a judge
that only counts, so that the store's own part shows, and by a profile of Harit Condition. While
that runs, the journal commits a reading ten times a second, as the pipeline would; printed are
the readings a second and the longest of these commits. Last without anything to change.
"""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from benchmarks.history_range import fill
from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.domain.reanalysis import ReanalysisRequest
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.reanalysis import Reanalysis
from harit_desktop.storage.rejudging import Judge

PROFILE = "generic"


_DEVICES = """
INSERT INTO devices SELECT publisher_id, min(timestamp_us), max(timestamp_us), max(received_us),
    count(*), 0 FROM sensor_readings GROUP BY publisher_id
"""


def build(path: Path, rows: int, devices: int) -> None:
    """Readings of a second's distance, and the devices that they are of."""
    fill(path, rows, devices, max(1, rows // devices * US_PER_S // US_PER_DAY))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_DEVICES)
        connection.commit()


def counting() -> Judge:
    """Another index for every reading, at next to no cost."""
    numbers = itertools.count()

    def judge(_: Reading, flags: tuple[int, ...]) -> Analysis:
        index = next(numbers) % 100 + 1
        return Analysis(index, Band.GOOD, False, index / 100, (), flags, "counting")

    return judge


def by_profile(name: str) -> Judge:
    engine = AnalysisEngine(name)
    return lambda reading, flags: engine.analyse(reading, Verdict(flags, ()))


class Committing:
    """Commits beside the work; `longest_s` is what one took."""

    def __init__(self, path: Path) -> None:
        self.longest_s = 0.0
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commits")

    def __enter__(self) -> Committing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        journal = SqliteJournal(self._path, lambda: time.time_ns() // 1000)
        journal.open()
        while not self._stop.wait(0.1):
            item = _reading()
            began_s = time.perf_counter()
            journal.commit([item])
            self.longest_s = max(self.longest_s, time.perf_counter() - began_s)
        journal.close()


def _reading() -> CommitItem:
    now_us = time.time_ns() // 1000
    reading = Reading("beside", now_us, now_us, (1.0,) * 7, Source.MQTT, TimeSource.SENT)
    analysis = Analysis(50, Band.FAIR, False, 0.0, (), (1,) * 7, "classic")
    key = now_us.to_bytes(32, "big")
    return CommitItem(RawMessage("t", b"{}", now_us), AnalysedReading(reading, analysis, key))


def measure(path: Path, name: str, judge: Judge) -> None:
    with Committing(path) as beside:
        began_s = time.perf_counter()
        found = Reanalysis(path).run(ReanalysisRequest(), judge)
        took_s = time.perf_counter() - began_s
    print(
        f"{name:24} {found.read:10,} read {found.changed:10,} changed {took_s:7.2f} s"
        f" {found.read / took_s:9,.0f} rows/s, longest commit {beside.longest_s * 1000:6.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = (options.folder or Path(temporary)) / "reanalysis.db"
        if not path.exists():
            build(path, options.rows, options.devices)
        measure(path, "a judge that counts", counting())
        measure(path, PROFILE, by_profile(PROFILE))
        measure(path, f"{PROFILE} again", by_profile(PROFILE))
        measure(path, "classic", by_profile("classic"))


if __name__ == "__main__":
    main()
