"""Why a file could not be written, as an error that has words."""

from __future__ import annotations

import errno
from pathlib import Path

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.atomic_file import NotRegularFileError

_CODES = {
    errno.ENOENT: "export.no_folder",
    errno.ENOTDIR: "export.no_folder",
    errno.EACCES: "export.permission",
    errno.EPERM: "export.permission",
    errno.EROFS: "export.permission",
    errno.ENOSPC: "export.disk_full",
    errno.EDQUOT: "export.disk_full",
}


def write_error(error: OSError, path: Path) -> KnownError:
    """KnownError(export.no_folder, .not_a_file, .permission, .disk_full, .failed) with `path`
    and `reason`."""
    code = _CODES.get(error.errno or 0, "export.failed")
    if isinstance(error, NotRegularFileError):
        code = "export.not_a_file"
    return KnownError(code, path=str(path), reason=(error.strerror or str(error))[:200])
