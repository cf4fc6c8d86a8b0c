"""What a person asks to be exported, and what the file is going to be like."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from harit_desktop.domain.channels import CHANNELS


class ExportFormat(StrEnum):
    """The kind of file."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


class ExportContent(StrEnum):
    """What a row is: one reading, or a device's minute or hour with mean, least and greatest."""

    RAW = "raw"
    MINUTE = "minute"
    HOUR = "hour"


class TimeFormat(StrEnum):
    """How an instant is written."""

    ISO = "iso"
    """Local time with its offset from UTC: unambiguous, also when clocks are set back."""
    LOCAL = "local"
    """Local time alone, for programs that know no offsets."""


INDEX, ANOMALY, SOURCE = "index", "anomaly", "source"
NAME, QUALITY, CORRECTED = "name", "quality", "corrected"

DEFAULT_COLUMNS = (*(channel.key for channel in CHANNELS), INDEX, ANOMALY, SOURCE)
"""The columns of a file that can be imported again."""

ALL_COLUMNS = (*DEFAULT_COLUMNS, NAME, QUALITY, CORRECTED)

SEPARATORS = (",", ";", "\t")
DECIMAL_POINTS = (".", ",")

MAX_SHEET_ROWS = 1_048_575
"""What an Excel sheet holds below its header; more rows go to further sheets of the file."""


class ExportRequest(msgspec.Struct, frozen=True):
    """Which readings to write to which file, and how.

    `from_us`/`to_us` bound the canonical time (UTC microseconds, both inclusive), None is
    open; `publisher_ids` None means every device. Simulated readings are left out unless
    `include_simulated` is set.

    `columns` are channel keys and the groups above, in any order; time and device are always
    there. NAME is the owner's name of the device. CORRECTED puts `<channel>_corrected` beside
    each chosen channel: the value with the calibrations that held then, and the value itself
    where none did. QUALITY adds `quality_<channel>` (QARTOD flag numbers) and
    `quality_reasons`. Minutes and hours have `reading_count`, `<channel>_mean`, `_min`,
    `_max` (as sent, without failed values) and `health_index_mean`; ANOMALY, SOURCE, QUALITY
    and CORRECTED do not apply to them. Their time is the begin of the minute or hour.

    `extras` appends a column for each extra channel, of readings of this computer's store alone
    and not of minutes or hours.

    `separator`, `decimal_point` and `bom` are of CSV alone. Raises ValueError where separator
    and decimal point are the same, or a column, separator or decimal point is unknown.
    """

    out: Path
    from_us: int | None = None
    to_us: int | None = None
    publisher_ids: tuple[str, ...] | None = None
    include_simulated: bool = False
    format: ExportFormat = ExportFormat.CSV
    content: ExportContent = ExportContent.RAW
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    time_format: TimeFormat = TimeFormat.ISO
    separator: str = ","
    decimal_point: str = "."
    bom: bool = False
    extras: bool = False

    def __post_init__(self) -> None:
        if self.separator not in SEPARATORS or self.decimal_point not in DECIMAL_POINTS:
            raise ValueError(f"separator {self.separator!r}, decimal point {self.decimal_point!r}")
        if self.separator == self.decimal_point:
            raise ValueError("the separator cannot be the decimal point")
        if unknown := set(self.columns) - set(ALL_COLUMNS):
            raise ValueError(f"unknown columns {sorted(unknown)}")

    @property
    def bucketed(self) -> bool:
        """Whether a row is a minute or an hour."""
        return self.content is not ExportContent.RAW

    @property
    def with_extras(self) -> bool:
        """Whether extra channels are wanted and apply."""
        return self.extras and not self.bucketed

    def has(self, column: str) -> bool:
        """Whether a channel or group is wanted and applies."""
        applies = not self.bucketed or column not in (ANOMALY, SOURCE, QUALITY, CORRECTED)
        return applies and column in self.columns


class ExportPreview(msgspec.Struct, frozen=True):
    """The head of a file before it is written: its columns and first rows as text.

    `row_bytes` is what a row is going to take on the disk, about; 0 without any row.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_bytes: float


def sheets_for(rows: int) -> int:
    """How many sheets of a workbook so many rows take."""
    return max(1, -(-rows // MAX_SHEET_ROWS))
