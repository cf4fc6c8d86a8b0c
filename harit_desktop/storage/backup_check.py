"""Of which kind a file is, and whether it is a sound backup."""

from __future__ import annotations

import os
from pathlib import Path

from harit_desktop.domain.backup import MYSQL, SQLITE, BackupInfo
from harit_desktop.storage.backup_copy import MAGIC, inspect_store
from harit_desktop.storage.backup_files import bad_file
from harit_desktop.storage.reader import Cancelled, never

_GZIP = b"\x1f\x8b"


def check_backup(path: Path, cancelled: Cancelled = never, *, full: bool = True) -> BackupInfo:
    """What a backup of either kind holds. Never the store of a running program: see
    `Backups.check`. Raises KnownError backup.bad_file, backup.newer_version;
    QueryCancelled."""
    if kind_of(path) == SQLITE:
        return inspect_store(path, cancelled, full=full)
    from harit_desktop.storage.mysql.dump_file import check_dump

    return check_dump(path, cancelled)


def kind_of(path: Path) -> str:
    """By its first bytes, SQLITE or MYSQL. Raises KnownError(backup.bad_file)."""
    try:
        if not path.is_file():
            raise bad_file(path, "not a file" if os.path.lexists(path) else "there is no such file")
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
    except OSError as error:
        raise bad_file(path, error.strerror or str(error)) from error
    if start == MAGIC:
        return SQLITE
    if start.startswith(_GZIP):
        return MYSQL
    raise bad_file(path, "not a backup of this program")
