"""The device book in the store: names, zones, calibrations, each written as it is entered."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection

from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.device_book import (
    CALIBRATED_CHANNELS,
    Calibration,
    CalibrationKind,
    DeviceBook,
    DeviceRecord,
)
from harit_desktop.storage.reader import StoreReader
from harit_desktop.storage.sqlite import known_error, open_writer, transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_ID_CHARS = 64
MAX_NAME_CHARS = 200
MAX_NOTE_CHARS = 2000
MOST_VALUE = 1e6
"""Nothing that a channel can have is larger."""
MOST_POSITION = 2**31 - 1

_POINTS = {CalibrationKind.TWO_POINT: 2, CalibrationKind.LABORATORY: 1}
_BUSY_MS = 2000
_MOST_US = 2**62

_TABLES = "SELECT count(*) FROM sqlite_master WHERE name IN ('device_records', 'calibrations')"
_RECORDS = "SELECT publisher_id, name, zone, hidden, position FROM device_records"
_CALIBRATIONS = """
SELECT publisher_id, channel, kind, at_us, points, entered_us, note, id FROM calibrations
ORDER BY at_us, id
"""
_SAVE = """
INSERT INTO device_records (publisher_id, name, zone, hidden, position) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (publisher_id) DO UPDATE SET name = excluded.name, zone = excluded.zone,
    hidden = excluded.hidden, position = excluded.position
"""
_FORGET = "DELETE FROM device_records WHERE publisher_id = ?"
_ADD = """
INSERT INTO calibrations (publisher_id, channel, kind, at_us, points, entered_us, note)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_REMOVE = "DELETE FROM calibrations WHERE id = ?"


class DeviceStore:
    """What people entered about their devices, for any thread; every call may block.

    Each call opens a connection of its own for a moment. Raises KnownError (store.locked,
    store.failed, ...) where the store cannot be read or written.
    """

    def __init__(self, path: Path, now_us: NowUs) -> None:
        self._path = path
        self._now_us = now_us
        self._store = StoreReader(path)

    def load(self) -> DeviceBook:
        """All of it; an empty book where there is no store yet, or one of an earlier version.

        A row that cannot be right is left out and named in the log.
        """
        return self._store.read(_load, empty=DeviceBook())

    def save(self, record: DeviceRecord) -> None:
        """Keeps a record in place of the device's earlier one; one that says nothing takes
        that away. Raises ValueError for a record that `load` would leave out."""
        _check_record(record)
        row = msgspec.structs.astuple(record)
        if record == DeviceRecord(record.publisher_id):
            self._write(lambda writer: writer.execute(_FORGET, row[:1]))
        else:
            self._write(lambda writer: writer.execute(_SAVE, row))

    def add(self, calibration: Calibration) -> Calibration:
        """Keeps a calibration, entered now where it does not say when; returns it with its id.

        Raises ValueError for one that `load` would leave out, with nothing written.
        """
        if not calibration.entered_us:
            calibration = msgspec.structs.replace(calibration, entered_us=self._now_us())
        _check_calibration(calibration)
        row = (
            calibration.publisher_id,
            calibration.channel,
            calibration.kind.value,
            calibration.at_us,
            json.dumps(calibration.points),
            calibration.entered_us,
            calibration.note,
        )
        added_id = self._write(lambda writer: writer.execute(_ADD, row).lastrowid)
        return msgspec.structs.replace(calibration, id=added_id or 0)

    def remove(self, calibration_id: int) -> None:
        """Forgets a calibration; nothing where there is none of this id."""
        self._write(lambda writer: writer.execute(_REMOVE, (calibration_id,)))

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            # What a person typed is on the disk when the call returns, like a reading.
            writer, _ = open_writer(self._path, _BUSY_MS)
            with closing(writer), transaction(writer):
                return work(writer)
        except sqlite3.Error as error:
            raise known_error(error, self._path) from error


def _load(connection: Connection) -> DeviceBook:
    if connection.exec_driver_sql(_TABLES).scalar() != 2:
        return DeviceBook()
    records = _sound(connection.exec_driver_sql(_RECORDS), _record_of, "device")
    calibrations = _sound(connection.exec_driver_sql(_CALIBRATIONS), _calibration_of, "calibration")
    return DeviceBook({r.publisher_id: r for r in records}, tuple(calibrations))


def _sound(rows: Iterator[Sequence[Any]], read: Callable[[Sequence[Any]], T], what: str) -> list[T]:
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            log.warning("a stored %s is left out: %s (%.200r)", what, error, tuple(row))
    return found


def _record_of(row: Sequence[Any]) -> DeviceRecord:
    found = dict(zip(DeviceRecord.__struct_fields__, row, strict=True))
    record = msgspec.convert({**found, "hidden": bool(found["hidden"])}, DeviceRecord)
    _check_record(record)
    return record


def _calibration_of(row: Sequence[Any]) -> Calibration:
    found = dict(zip(Calibration.__struct_fields__, row, strict=True))
    points = msgspec.json.decode(found["points"])
    calibration = msgspec.convert({**found, "points": points}, Calibration)
    _check_calibration(calibration)
    return calibration


def _check_record(record: DeviceRecord) -> None:
    _check_id(record.publisher_id)
    _check_text("name", record.name, MAX_NAME_CHARS)
    _check_text("zone", record.zone, MAX_NAME_CHARS)
    if record.position is not None:
        _check_number("position", record.position, MOST_POSITION)


def _check_calibration(calibration: Calibration) -> None:
    kind, points = calibration.kind, calibration.points
    _check_id(calibration.publisher_id)
    _check_text("note", calibration.note, MAX_NOTE_CHARS)
    _check_number("time", calibration.at_us, _MOST_US)
    _check_number("time of entry", calibration.entered_us, _MOST_US)
    if calibration.channel not in CALIBRATED_CHANNELS[kind]:
        raise ValueError(f"no {kind.value} calibration of the channel {calibration.channel!r}")
    if len(points) != _POINTS[kind]:
        raise ValueError(f"{len(points)} points, {_POINTS[kind]} wanted")
    if not all(isfinite(value) and abs(value) <= MOST_VALUE for value in chain(*points)):
        raise ValueError("a value that is no number a channel can have")
    if kind is CalibrationKind.TWO_POINT:
        (low, true_low), (high, true_high) = points
        if low == high:
            raise ValueError(f"two points at the same probe value {low}")
        if not isfinite((true_high - true_low) / (high - low) * low):
            raise ValueError("two points that no straight line goes through")


def _check_id(publisher_id: str) -> None:
    _check_text("device id", publisher_id, MAX_ID_CHARS)
    if not publisher_id:
        raise ValueError("no device id")


def _check_text(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise ValueError(f"the {what} has more than {most} characters")
    # Raises UnicodeEncodeError, a ValueError, for what no file can hold.
    text.encode()


def _check_number(what: str, number: int, most: int) -> None:
    if abs(number) > most:
        raise ValueError(f"the {what} is beyond {most}")
