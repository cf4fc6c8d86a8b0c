"""The folder of backups: names, unfinished files, and which ones are deleted again.

Only files whose name is exactly one of ours are ever listed or deleted; links are neither.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import psutil

from harit_desktop.domain.backup import MYSQL, SQLITE, StoredBackup
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.database_files import TIME_FORMAT, time_text

_SHAPES = {SQLITE: ("harit-", ".db"), MYSQL: ("soil_health_db-", ".sql.gz")}
_TIME = r"([0-9]{8}T[0-9]{6}Z)"
_PATTERNS = (
    *(
        (kind, re.compile(re.escape(first) + _TIME + re.escape(last)), False)
        for kind, (first, last) in _SHAPES.items()
    ),
    # The copy that a migration makes of the store before it changes anything.
    (SQLITE, re.compile(rf"harit-before-v[0-9]{{1,9}}-{_TIME}\.db"), True),
)
_PART = re.compile(
    r"\.harit-backup-([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{16}\.part(-journal|-wal|-shm)?"
)

ABANDONED_AFTER_S = 86_400.0
"""An unfinished file that was not written to for so long belongs to nobody any more, whatever
its name says of its process."""


def made_us_of(path: Path) -> int | None:
    """When a backup was made, by its name; None where the name is not one of ours."""
    found = _recognise(path.name)
    return None if found is None else found[1]


def _recognise(name: str) -> tuple[str, int, bool] | None:
    """Kind, time and whether it is kept for ever, of a name that is exactly one of ours."""
    for kind, pattern, kept in _PATTERNS:
        match = pattern.fullmatch(name)
        if match is None:
            continue
        try:
            made = datetime.strptime(match[1], TIME_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return None
        return kind, int(made.timestamp()) * US_PER_S, kept
    return None


def stored_backups(folder: Path) -> list[StoredBackup]:
    """The backups in the folder, newest first. Raises OSError where it cannot be read."""
    found = []
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return []
    for entry in entries:
        known = _recognise(entry.name)
        if known is None:
            continue
        kind, made_us, kept = known
        try:
            state = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        # Without content it was never finished, or the disk lost it.
        if stat.S_ISREG(state.st_mode) and state.st_size > 0:
            path = folder / entry.name
            found.append(StoredBackup(path, made_us, state.st_size, kind, kept))
    return sorted(found, key=lambda backup: (backup.made_us, backup.kind), reverse=True)


def prune(folder: Path, kind: str, keep: int, made: Path) -> None:
    """Deletes all but the newest `keep` backups of a kind, and never `made`.

    One that cannot be deleted stays: the next backup tries again.
    """
    ours = [b for b in stored_backups(folder) if b.kind == kind and not b.kept]
    for backup in ours[keep:]:
        if backup.path.name != made.name:
            with contextlib.suppress(OSError):
                backup.path.unlink()


def bad_file(path: Path, reason: str) -> KnownError:
    """The error for a file that is no sound backup."""
    return KnownError("backup.bad_file", path=str(path), reason=reason[:200])


class PartFile:
    """An unfinished file of ours, open until it is finished."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self.path = path
        self._handle = os.open(path, flags, 0o666)
        self._open = True

    def sync(self) -> None:
        """Puts what was written so far on the disk, by whomever it was written."""
        os.fsync(self._handle)

    def writer(self) -> BinaryIO:
        """The file for writing; closing it leaves the unfinished file open."""
        return os.fdopen(os.dup(self._handle), "wb")

    def finish(self) -> None:
        """On the disk and closed: some systems cannot rename an open file."""
        if self._open:
            self.sync()
        self.close()

    def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._handle)


@contextlib.contextmanager
def part_file(folder: Path) -> Iterator[PartFile]:
    """A new, empty file under a name that tells its process; that name is gone at the end
    of the block. Raises OSError."""
    name = f".harit-backup-{_computer()}-{os.getpid()}-{secrets.token_hex(8)}.part"
    part = PartFile(folder / name)
    try:
        yield part
    finally:
        part.close()
        for suffix in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                folder.joinpath(name + suffix).unlink()


def sweep_parts(folder: Path) -> None:
    """Deletes what a program that was killed left unfinished; never raises."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            match = _PART.fullmatch(entry.name)
            if match is not None and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    if _abandoned(entry, match[1], int(match[2])):
                        os.unlink(entry.path)


def _abandoned(entry: os.DirEntry[str], computer: str, process_id: int) -> bool:
    idle_s = time.time() - entry.stat(follow_symlinks=False).st_mtime
    if idle_s > ABANDONED_AFTER_S:
        return True
    return computer == _computer() and not psutil.pid_exists(process_id)


def _computer() -> str:
    # A folder on the network may be shared; process ids mean something on one computer only.
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def publish(part: PartFile, folder: Path, kind: str, made_us: int) -> Path:
    """Gives a finished file its name, replacing nothing; returns its path.

    Where a name is taken already the next free second is used. Raises OSError.
    """
    part.finish()
    first, last = _SHAPES[kind]
    while True:
        path = folder / f"{first}{time_text(made_us)}{last}"
        if _named(part.path, path):
            sync_folder(folder)
            return path
        made_us += US_PER_S


def _named(source: Path, target: Path) -> bool:
    """Renames the file; False where something stands there already."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError:
        # FAT and some network drives know no second name for a file.
        if os.path.lexists(target):
            return False
        os.rename(source, target)
    return True


def sync_folder(folder: Path) -> None:
    """Makes renames in the folder durable, where the system can."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
