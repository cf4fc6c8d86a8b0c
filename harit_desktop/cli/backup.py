"""`harit-desktop backup`: a backup now, beside a running program or without one."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from harit_desktop.cli.setup import data_paths, open_settings, stop_on_signals
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.observability.redact import Redactor
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths

if TYPE_CHECKING:
    from harit_desktop.domain.backup import BackupInfo
    from harit_desktop.runtime.store_parts import BackupPart


def run_backup(options: argparse.Namespace) -> int:
    """Makes the backup and prints each file with the number of its readings.

    In a folder that was named for this once, no older backup is deleted.
    """
    paths = data_paths(options)
    settings = open_settings(options, paths).current
    if options.out is not None:
        storage = msgspec.structs.replace(
            settings.storage, backup_dir=str(options.out.absolute()), backup_keep=0
        )
        settings = msgspec.structs.replace(settings, storage=storage)
    stop = stop_on_signals()
    for info in product_backups(paths, settings).make_each(stop.is_set):
        print(f"{info.path}\n{info.readings} readings", flush=True)
    return 0


def product_backups(paths: DataPaths, settings: Settings) -> BackupPart:
    """The backups of the folder."""
    from harit_desktop.app import open_backups

    return open_backups(paths, settings, Redactor())


def content_text(info: BackupInfo) -> str:
    """What a backup or store holds, in this computer's time."""
    if info.first_us is None or info.last_us is None:
        return f"{info.readings} readings"
    first, last = time_text(info.first_us), time_text(info.last_us)
    return f"{info.readings} readings from {first} to {last}"


def time_text(time_us: int) -> str:
    """An instant with its offset, for a person."""
    moment = datetime.fromtimestamp(time_us // US_PER_S).astimezone()
    return moment.isoformat(sep=" ", timespec="seconds")
