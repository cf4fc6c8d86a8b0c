"""Headers and cells of the CSV files, for export and mirror.

The cells are those of the existing system: True and False, critical factors as a JSON list,
numbers in the shortest form that reads back as the same double, an empty cell for what is
absent.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import timedelta, tzinfo
from typing import Any

from harit_desktop.storage.rows import EPOCH

SYSTEM_CHANNELS = ("N", "P", "K", "CO2", "Temperature", "Moisture", "pH")
"""The channels of the existing system's files, whatever the catalogue adds."""

_ANALYSIS = ("health_index", "health_status", "is_anomalous", "anomaly_score")

READINGS_HEADER = ("timestamp", *SYSTEM_CHANNELS, *_ANALYSIS, "critical_factors")
AUDIT_HEADER = ("timestamp", "publisher_id", *SYSTEM_CHANNELS, *_ANALYSIS)

_OFFSET_AT = len("2025-11-24T16:00:00.000000")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def text_cell(text: str) -> str:
    """Text from outside, so that no spreadsheet takes it for a formula.

    A text that starts with = + - @ tab or CR gets a leading apostrophe; so does one that
    has apostrophes before such a character, so that an import which takes one apostrophe
    away finds the original again.
    """
    return "'" + text if _FORMULA.match(text) else text


def original_text(cell: str) -> str:
    """The text of a cell made by `text_cell`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def zoned_text(time_us: int, zone: tzinfo | None) -> str:
    """ISO 8601 with six digits and the offset; `zone` None is the system's."""
    instant = (EPOCH + timedelta(microseconds=time_us)).astimezone(zone)
    return instant.isoformat(timespec="microseconds")


def naive_text(time_us: int, zone: tzinfo | None) -> str:
    """Local time without an offset, as the existing system writes it."""
    instant = (EPOCH + timedelta(microseconds=time_us)).astimezone(zone)
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds")


def offset_text(time_us: int, zone: tzinfo | None) -> str:
    """What the local time is ahead of UTC at that instant, as +05:30."""
    return zoned_text(time_us, zone)[_OFFSET_AT:]


def csv_bytes(rows: Iterable[Iterable[Any]]) -> bytes:
    """The rows as lines of a CSV file in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8")
