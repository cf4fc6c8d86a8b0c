"""The file of a dump: gzip, one SQL statement a line, with a first and a last line of ours.

The last line says how much there must be, so that a file that was cut is noticed even where
it was packed again. `zcat FILE | mariadb DATABASE` loads it into an empty database.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harit_desktop.domain.backup import MYSQL, BackupInfo
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.backup_files import bad_file
from harit_desktop.storage.mysql.tables import READINGS, SCHEMA_VERSION, STORE
from harit_desktop.storage.reader import Cancelled, QueryCancelled, never

TABLES = (READINGS, STORE, "analysis_history")
"""What is dumped, as far as it is there; a table after those that it refers to."""

FORMAT = 1
HEADER = "-- Harit Desktop dump "
TRAILER = "-- end "

SETTINGS = (
    "SET NAMES utf8mb4;",
    "SET time_zone = '+00:00';",
    "SET foreign_key_checks = 0;",
    "SET sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';",
)
"""Lines that are in the file for a restore by hand."""

_LINE_BYTES = 16 << 20
"""No statement of ours comes near; a longer line is no dump."""

_CANCEL_LINES = 20

_TABLE = "|".join(TABLES)
CREATE = re.compile(rf"CREATE TABLE `({_TABLE})` (\(.*\).*;)")
INSERT = re.compile(rf"INSERT INTO `({_TABLE})` (\(.*\);)", re.DOTALL)


class Header(msgspec.Struct, frozen=True):
    """The first line. `version` is that of the tables, 0 where Harit made none of them."""

    format: int
    database: str
    server: str
    made_us: int
    version: int


class Trailer(msgspec.Struct, frozen=True):
    """The last line: rows of each table, lines before this one, and the readings' span."""

    rows: dict[str, int]
    lines: int
    first_us: int | None
    last_us: int | None


def header_line(header: Header) -> str:
    """What a dump begins with."""
    return HEADER + msgspec.json.encode(header).decode()


def trailer_line(trailer: Trailer) -> str:
    """What a dump ends with."""
    return TRAILER + msgspec.json.encode(trailer).decode()


def check_dump(path: Path, cancelled: Cancelled = never) -> BackupInfo:
    """Reads all of a dump; what it holds.

    Raises KnownError backup.bad_file, backup.newer_version; QueryCancelled.
    """
    header, trailer = Header(0, "", "", 0, 0), None
    created: set[str] = set()
    for number, line in enumerate(dump_lines(path, cancelled)):
        if number == 0:
            header = _header(path, line)
        elif trailer is not None:
            raise bad_file(path, "something follows its last line")
        elif line.startswith(TRAILER):
            trailer = _trailer(path, line, number)
        elif create := CREATE.fullmatch(line):
            created.add(create[1])
        elif line not in SETTINGS and not INSERT.fullmatch(line):
            raise bad_file(path, f"line {number + 1} is not of this program")
    if trailer is None:
        raise bad_file(path, "it is cut off: the last line is missing")
    if created != set(trailer.rows) or READINGS not in created:
        raise bad_file(path, "a table is missing")
    return BackupInfo(
        path,
        MYSQL,
        header.made_us,
        path.stat().st_size,
        trailer.rows[READINGS],
        trailer.first_us,
        trailer.last_us,
        header.version,
    )


def read_trailer(line: str) -> Trailer:
    """The last line of a dump that was checked."""
    return msgspec.json.decode(line.removeprefix(TRAILER), type=Trailer)


def dump_lines(path: Path, cancelled: Cancelled = never) -> Iterator[str]:
    """The lines without their end. Raises KnownError(backup.bad_file), also where the
    checksum at the end of the file is wrong; QueryCancelled."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise bad_file(path, "not a file")
        with gzip.open(path, "rb") as file:
            number = 0
            while line := file.readline(_LINE_BYTES):
                if not line.endswith(b"\n"):
                    raise bad_file(path, "it is cut off within a line")
                if number % _CANCEL_LINES == 0 and cancelled():
                    raise QueryCancelled
                number += 1
                yield line[:-1].decode("utf-8")
    except EOFError as error:
        raise bad_file(path, "it is cut off") from error
    except (zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise bad_file(path, f"it is damaged: {error}") from error
    except OSError as error:
        raise bad_file(path, error.strerror or str(error)) from error


def _header(path: Path, line: str) -> Header:
    if not line.startswith(HEADER):
        raise bad_file(path, "not a backup of this program")
    try:
        header = msgspec.json.decode(line.removeprefix(HEADER), type=Header)
    except msgspec.DecodeError as error:
        raise bad_file(path, f"its first line is damaged: {error}") from error
    for version, supported in ((header.format, FORMAT), (header.version, SCHEMA_VERSION)):
        if version > supported:
            raise KnownError(
                "backup.newer_version", path=str(path), version=version, supported=supported
            )
    return header


def _trailer(path: Path, line: str, lines: int) -> Trailer:
    try:
        trailer = read_trailer(line)
    except msgspec.DecodeError as error:
        raise bad_file(path, f"its last line is damaged: {error}") from error
    if trailer.lines != lines:
        raise bad_file(path, f"{abs(trailer.lines - lines)} lines are missing or too many")
    return trailer
