"""Opening the journal's file: checks it, sets a damaged one aside, makes a new one."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import msgspec

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.storage.database_files import shm_of, time_text, unused_name, wal_of
from harit_desktop.storage.migrate import migrate
from harit_desktop.storage.repair import repair
from harit_desktop.storage.schema import APPLICATION_ID, SCHEMA_VERSION, create_statements
from harit_desktop.storage.sqlite import (
    damage,
    is_damage,
    known_error,
    known_os_error,
    open_writer,
    transaction,
)

CHECK_BUDGET_S = 2.0
"""A check reads the whole file. What it cannot read in this time (about 1 GB from memory,
200 MB from a slow disk) stays unchecked, so that a long history never delays the start."""


class OpenReport(msgspec.Struct, frozen=True):
    """What was found when the store was opened.

    `created` is True for a new, empty store. `fully_checked` is False where the file is too
    big for the time of the check, or is new. `problems` are what the user must hear, the
    worst first: store.damaged and store.was_empty (`kept_as` names what was set aside,
    `reason`), store.repaired (`tables` names what was missing and made anew), store.no_wal
    (write-ahead logging is not possible there, so that readers can delay a commit).
    """

    created: bool
    fully_checked: bool
    check_s: float
    readings: int
    problems: tuple[Problem, ...] = ()


class OpenedFile(msgspec.Struct, frozen=True):
    connection: sqlite3.Connection
    created: bool
    fully_checked: bool
    check_s: float
    problems: tuple[Problem, ...]


def open_file(
    path: Path, now_us: int, busy_ms: int, check_budget_s: float, distrust: str | None = None
) -> OpenedFile:
    """Opens the store for writing, whatever state its file is in.

    `distrust` is why the file is to be set aside without another check. Raises KnownError:
    store.locked, store.full, store.read_only, store.failed; store.migration_failed with the
    file as it was; store.newer_version for a file of a later Harit Desktop; store.foreign
    for the database of another program, which is left as it is.
    """
    problems: list[Problem] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if distrust is not None and path.exists():
            problems.append(set_aside(path, now_us, "store.damaged", distrust))
        problems.extend(_set_aside_orphans(path, now_us))
    except OSError as error:
        raise known_os_error(error, path) from error
    try:
        try:
            opened = _open_checked(path, now_us, busy_ms, check_budget_s)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            problems.append(set_aside(path, now_us, "store.damaged", str(error)))
            opened = _open_checked(path, now_us, busy_ms, check_budget_s)
    except sqlite3.Error as error:
        raise known_error(error, path) from error
    return msgspec.structs.replace(opened, problems=(*problems, *opened.problems))


def _open_checked(path: Path, now_us: int, busy_ms: int, check_budget_s: float) -> OpenedFile:
    connection, has_wal = open_writer(path, busy_ms, create=True)
    problems = [] if has_wal else [Problem("store.no_wal", {"path": str(path)})]
    checked = False
    try:
        version = _version(connection, path)
        started_s = time.monotonic()
        if version is None:
            _make_schema(connection)
        else:
            checked = check(connection, check_budget_s)
        check_s = time.monotonic() - started_s
        if version is not None and version < SCHEMA_VERSION:
            migrate(connection, path, now_us, version)
        if repaired := repair(connection):
            tables = ", ".join(repaired)
            problems.insert(0, Problem("store.repaired", {"tables": tables[:200]}))
    except BaseException:
        connection.close()
        raise
    return OpenedFile(connection, version is None, checked, check_s, tuple(problems))


def _version(connection: sqlite3.Connection, path: Path) -> int | None:
    """The version of the store's tables; None for a file without any."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and (application != APPLICATION_ID or version < 1):
        raise KnownError("store.foreign", path=str(path))
    if version > SCHEMA_VERSION:
        raise KnownError(
            "store.newer_version", path=str(path), version=version, supported=SCHEMA_VERSION
        )
    return version if tables else None


def _make_schema(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for statement in create_statements():
            connection.execute(statement)


def check(connection: sqlite3.Connection, budget_s: float) -> bool:
    """Reads the whole file; False where the time ran out before the end.

    Raises sqlite3.DatabaseError with the code of a damaged file.
    """
    timer = threading.Timer(budget_s, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        with closing(connection.execute("PRAGMA quick_check(1)")) as cursor:
            finding = cursor.fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return False
        raise
    finally:
        timer.cancel()
        timer.join()
    if finding == "ok":
        return True
    raise damage(finding)


def _set_aside_orphans(path: Path, now_us: int) -> list[Problem]:
    """Saves what SQLite would throw away: a log whose database is gone or empty."""
    exists = path.exists()
    if exists and path.stat().st_size > 0:
        return []
    if wal_of(path).exists() and wal_of(path).stat().st_size > 0:
        return [set_aside(path, now_us, "store.was_empty", "database missing, log present")]
    if exists:
        # SQLite takes an empty file for a new database: only this tells of the loss.
        return [Problem("store.was_empty", {"path": str(path), "kept_as": "", "reason": ""})]
    return []


def set_aside(path: Path, now_us: int, code: str, reason: str) -> Problem:
    """Renames the database with its log and index, all under one new name.

    Together they can still be opened by hand or by a recovery tool. Raises KnownError where
    they cannot be renamed.
    """
    kept = unused_name(path.with_name(f"{path.name}.corrupt-{time_text(now_us)}"))
    try:
        # The database last: a crash in between leaves it to be found again.
        for source, target in (
            (wal_of(path), wal_of(kept)),
            (shm_of(path), shm_of(kept)),
            (path, kept),
        ):
            if source.exists():
                source.rename(target)
    except OSError as error:
        raise known_os_error(error, path) from error
    return Problem(code, {"path": str(path), "kept_as": kept.name, "reason": reason[:200]})
