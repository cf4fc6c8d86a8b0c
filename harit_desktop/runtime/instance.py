"""One running program per data folder, held by a lock of the kernel.

The kernel releases it however the process ends, so a crash never leaves a stale lock
and the content of the file does not matter.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from harit_desktop.domain.errors import KnownError


class InstanceLock:
    """The right to use a data folder; held from `acquire` to `release`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """False when another process holds the folder.

        Raises KnownError(data_dir.unusable) when the folder cannot be made or written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+b")
        except OSError as error:
            raise KnownError(
                "data_dir.unusable",
                path=str(self._path.parent),
                reason=error.strerror or str(error),
            ) from error
        if not _lock(file):
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
