"""The CSV files that existing scripts read, fed from committed batches.

Follows the store and never holds it up: the database has everything, so a file that cannot
be written is a problem to show, not a reason to stop.
"""

from __future__ import annotations

import csv
import errno
import logging
import os
import time
from collections import deque
from collections.abc import Sequence
from datetime import tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any

from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Origin, Outcome
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.storage.csv_cells import (
    AUDIT_HEADER,
    READINGS_HEADER,
    SYSTEM_CHANNELS,
    csv_bytes,
    naive_text,
    text_cell,
)
from harit_desktop.storage.rows import factors_text

MAX_FILE_BYTES = 16 * 1024 * 1024
KEPT_FILES = 4
MAX_WAITING_BYTES = 4 * 1024 * 1024

_CHANNELS = tuple(CHANNEL_INDEX[key] for key in SYSTEM_CHANNELS)

log = logging.getLogger(__name__)


class CsvMirror:
    """Appends stored readings to `sensor_readings.csv` and `mqtt_sensor_received.csv`.

    The first (header A) gets every stored reading, the second (header C) those that came
    over MQTT; neither gets simulated readings, duplicates or rejected messages. Times are
    naive local time of `zone` (None: the system's). One owner thread but for `problem`.

    A file that grows beyond `max_bytes` becomes `<name>.1.csv`, and so on up to
    `kept_files` (at least one) old ones. Rows that cannot be written wait in memory, at most
    `MAX_WAITING_BYTES`, and are tried again with the next batch.
    """

    def __init__(
        self,
        readings_csv: Path,
        audit_csv: Path,
        zone: tzinfo | None = None,
        max_bytes: int = MAX_FILE_BYTES,
        kept_files: int = KEPT_FILES,
    ) -> None:
        self._zone = zone
        self._readings = _AppendedFile(readings_csv, READINGS_HEADER, max_bytes, kept_files)
        self._audit = _AppendedFile(audit_csv, AUDIT_HEADER, max_bytes, kept_files)

    @property
    def problem(self) -> Problem | None:
        """Why rows wait (csv_mirror.not_written with `path`, `reason`, `lost_rows`)."""
        return self._readings.problem or self._audit.problem

    def write(self, batch: Sequence[CommitItem], result: CommitResult) -> None:
        """Appends the batch's stored readings, one write per file. Never raises OSError."""
        stored = [
            (item.message.origin, item.analysed)
            for item, outcome in zip(batch, result.outcomes, strict=True)
            if outcome is Outcome.STORED
            and item.analysed is not None
            and not item.analysed.reading.simulated
        ]
        if not stored:
            return
        lines = [_Line(origin, analysed, self._zone) for origin, analysed in stored]
        self._readings.append("".join([line.reading for line in lines]).encode(), len(lines))
        received = [line.audit for line in lines if line.origin is Origin.MQTT]
        if received:
            self._audit.append("".join(received).encode(), len(received))

    def close(self) -> None:
        """Tries once more to write what waits. Never raises OSError."""
        self._readings.flush()
        self._audit.flush()


class _Line:
    """A reading as a line of each file.

    Put together here and not by the csv module: both lines share most of their text, and
    of it only the texts can need quotes.
    """

    __slots__ = ("audit", "origin", "reading")

    def __init__(self, origin: Origin, analysed: AnalysedReading, zone: tzinfo | None) -> None:
        reading, analysis = analysed.reading, analysed.analysis
        second, microsecond = divmod(reading.timestamp_us, US_PER_S)
        moment = f"{_second_text(second, zone)}.{microsecond:06d}"
        values = reading.values
        numbers = [values[index] for index in _CHANNELS]
        shared = ",".join(["" if value is None else repr(value) for value in numbers])
        shared = (
            f"{shared},{'' if analysis.index is None else analysis.index},"
            f"{analysis.band._value_},{analysis.is_anomalous},{analysis.anomaly_score!r}"
        )
        factors = _quoted(factors_text(analysis.critical_factors))
        self.origin = origin
        self.reading = f"{moment},{shared},{factors}\r\n"
        self.audit = f"{moment},{_quoted(reading.publisher_id)},{shared}\r\n"


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    """The cell of a text from outside, as the csv module writes it between others."""
    return csv_bytes([("", text_cell(text), "")]).decode()[1:-3]


@lru_cache(maxsize=1024)
def _second_text(second: int, zone: tzinfo | None) -> str:
    return naive_text(second * US_PER_S, zone)[: -len(".000000")]


class _AppendedFile:
    """One CSV file, opened for each write: it may be moved or deleted between two."""

    def __init__(self, path: Path, header: Sequence[str], max_bytes: int, kept_files: int) -> None:
        self._path = path
        self._header = tuple(header)
        self._max_bytes = max_bytes
        self._kept_files = kept_files
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._waiting_bytes = 0
        self._lost_rows = 0
        self._trusted_size: int | None = None
        self._reason: str | None = None

    @property
    def problem(self) -> Problem | None:
        reason = self._reason
        if reason is None:
            return None
        return Problem(
            "csv_mirror.not_written",
            {"path": str(self._path), "reason": reason, "lost_rows": self._lost_rows},
        )

    def append(self, data: bytes, rows: int) -> None:
        self._waiting.append((data, rows))
        self._waiting_bytes += len(data)
        self.flush()
        while self._waiting_bytes > MAX_WAITING_BYTES:
            lost, lost_rows = self._waiting.popleft()
            self._waiting_bytes -= len(lost)
            self._lost_rows += lost_rows

    def flush(self) -> None:
        if not self._waiting:
            return
        try:
            self._write(b"".join(data for data, _ in self._waiting))
        except OSError as error:
            self._trusted_size = None
            self._reason = (error.strerror or str(error))[:200]
            return
        self._waiting.clear()
        self._waiting_bytes = 0
        self._reason = None

    def _write(self, data: bytes) -> None:
        size = self._prepare(len(data))
        if size == 0:
            data = csv_bytes([self._header]) + data
        with self._path.open("ab", buffering=0) as file:
            try:
                written = 0
                while written < len(data):
                    written += file.write(data[written:])
            except OSError:
                # No half row stays: the rows are written again with the next batch.
                os.ftruncate(file.fileno(), size)
                raise
        self._trusted_size = size + len(data)

    def _prepare(self, added: int) -> int:
        """Makes the file fit to be appended to; returns its size, 0 for a new one."""
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return 0
        if size and size != self._trusted_size:
            size = self._take_over(size)
        if size and size + added > self._max_bytes:
            self._rotate()
            return 0
        return size

    def _take_over(self, size: int) -> int:
        """Checks a file that somebody else wrote, or that a crash left behind."""
        if not self._path.is_file():
            # A pipe or a device would make us wait for somebody.
            raise OSError(errno.EINVAL, "not a regular file")
        try:
            with self._path.open("r+b") as file:
                first = file.readline(4096).decode("utf-8-sig", "replace")
                if tuple(next(csv.reader([first.strip()]), [])) == self._header:
                    return self._end_last_row(file, size)
        except csv.Error:
            log.info("%s is no CSV file of ours", self._path)
        self._set_aside()
        return 0

    def _end_last_row(self, file: Any, size: int) -> int:
        file.seek(max(0, size - 4096))
        tail = file.read()
        if tail.endswith(b"\n"):
            return size
        last = tail[tail.rfind(b"\n") + 1 :]
        cells = next(csv.reader([last.decode("utf-8", "replace")]), [])
        if len(cells) >= len(self._header):
            # Complete but for its end, as an editor leaves it.
            file.seek(0, os.SEEK_END)
            file.write(b"\r\n")
            return size + 2
        file.truncate(size - len(last))
        return size - len(last)

    def _set_aside(self) -> None:
        """A file with other columns is somebody's data: kept, and never rotated away."""
        moment = time.strftime("%Y%m%dT%H%M%S")
        number = 1
        while (kept := self._named(f"other-{moment}-{number}")).exists():
            number += 1
        self._path.rename(kept)

    def _rotate(self) -> None:
        for number in range(self._kept_files - 1, 0, -1):
            older = self._named(str(number))
            if older.exists():
                older.replace(self._named(str(number + 1)))
        self._path.replace(self._named("1"))

    def _named(self, mark: str) -> Path:
        return self._path.with_name(f"{self._path.stem}.{mark}{self._path.suffix}")
