"""What the program keeps is for its user alone, as far as the system knows users.

New files are private from the start: the entry of the program sets the umask. This takes care
of what an earlier version made. On Windows the rights of the user's profile folder do it.
"""

from __future__ import annotations

import contextlib
import os
import stat

from harit_desktop.settings.paths import DataPaths

OTHERS = 0o077
"""The rights of the group and of everybody else."""

_OWN_NAMES = (
    *("harit.", "harit-", ".harit-", "settings.toml", "window.ini", "sessions.json", "lock"),
    *("sensor_readings", "mqtt_sensor_received", "outbox", "templates"),
)


def close_to_others(paths: DataPaths) -> None:
    """Takes the others' rights to the program's own files and folders in a data folder.

    Not to the folder itself: one that was chosen may hold what is somebody else's. Links, what
    belongs to another user and what cannot be changed stay as they are.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        for path in paths.root.iterdir():
            if not (path.name.startswith(_OWN_NAMES) or paths.is_own(path)):
                continue
            with contextlib.suppress(OSError):
                mode = path.lstat().st_mode
                if mode & OTHERS and not stat.S_ISLNK(mode):
                    path.chmod(stat.S_IMODE(mode) & ~OTHERS)
