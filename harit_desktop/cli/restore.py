"""`harit-desktop restore`: a backup in the place of the store, after a look at both."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from harit_desktop.cli.backup import content_text, product_backups, time_text
from harit_desktop.cli.setup import data_paths, open_settings, stop_on_signals, take_folder
from harit_desktop.domain.backup import SQLITE
from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths


def run_restore(options: argparse.Namespace) -> int:
    """Restores after a yes; 1 where nobody can or does say it, with nothing changed."""
    path = options.file.absolute()
    paths = data_paths(options)
    settings = open_settings(options, paths).current
    if options.check:
        _tell_backup(paths, settings, path)
        return 0
    lock = take_folder(paths)
    try:
        kind = _tell_backup(paths, settings, path)
        _tell_store(paths, settings, kind)
        if not options.yes and not _confirmed():
            return 1
        print(_restored(paths, settings, path))
    finally:
        lock.release()
    return 0


def _tell_backup(paths: DataPaths, settings: Settings, path: Path) -> str:
    """Checks the backup and prints what it holds; returns its kind."""
    stop = stop_on_signals()
    info = product_backups(paths, settings).describe(path, stop.is_set, full=True)
    print(f"{path}\n  made {time_text(info.made_us)}; {content_text(info)}", flush=True)
    return info.kind


def _tell_store(paths: DataPaths, settings: Settings, kind: str) -> None:
    chosen = settings.storage
    if kind != SQLITE:
        where = f"{chosen.mysql_database} on {chosen.mysql_host}:{chosen.mysql_port}"
        print(f"replaces the tables of {where}\n  the present ones stay under other names")
        return
    from harit_desktop.storage.backup_copy import inspect_store

    print(f"replaces {paths.database}")
    if not paths.database.exists():
        print("  there is no store yet")
        return
    try:
        # No other program has the folder, and this process has not opened the store.
        print(f"  {content_text(inspect_store(paths.database, full=False))}")
    except KnownError as error:
        print(f"  it cannot be read: {error.params.get('reason', error.code)}")
    print("  it is kept under another name")


def _confirmed() -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        _complain("restore replaces the store and nobody can say yes here; add --yes")
        return False
    # At the question Ctrl+C and a termination end the command at once.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    print("Restore? [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    _complain("nothing was changed")
    return False


def _restored(paths: DataPaths, settings: Settings, path: Path) -> str:
    # Not interrupted: it is whole or undone, and short but for the copying.
    stop_on_signals()
    kept = product_backups(paths, settings).restore(path)
    if kept.parent == paths.root and not kept.exists():
        return "restored"
    return f"restored; what was there is kept as {kept}"


def _complain(line: str) -> None:
    from harit_desktop.cli.main import complain

    complain(line)
