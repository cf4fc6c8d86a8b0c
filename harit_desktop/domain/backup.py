"""Backups of the store, as lists and questions show them."""

from __future__ import annotations

from pathlib import Path

import msgspec

SQLITE, MYSQL = "sqlite", "mysql"
"""Kinds of backups: a copy of the store on this computer, or a dump of a server's tables."""


class StoredBackup(msgspec.Struct, frozen=True):
    """A backup as the list shows it; nothing of its content was read.

    `kind` is SQLITE or MYSQL. `kept` ones are never deleted by the program.
    """

    path: Path
    made_us: int
    size_bytes: int
    kind: str
    kept: bool = False


class BackupInfo(msgspec.Struct, frozen=True):
    """What a backup holds. `kind` is SQLITE or MYSQL; `first_us` and `last_us` span its
    readings and are None where there are none; `version` is that of its tables."""

    path: Path
    kind: str
    made_us: int
    size_bytes: int
    readings: int
    first_us: int | None
    last_us: int | None
    version: int
