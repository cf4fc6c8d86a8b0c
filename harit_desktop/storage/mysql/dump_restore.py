"""Putting a dump in the place of the server's tables, which stay under other names.

The rows are loaded into tables of their own first; one RENAME TABLE then changes all of
them. The restored database gets a new identity: what the journal has sent to the old one is
no longer known to be on it, so all that the journal still holds is sent again. A reading has
one key, so none comes twice.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Sequence
from pathlib import Path

from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.backup_files import bad_file
from harit_desktop.storage.database_files import time_text
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.dump import quoted
from harit_desktop.storage.mysql.dump_file import (
    CREATE,
    INSERT,
    TABLES,
    TRAILER,
    Trailer,
    check_dump,
    dump_lines,
    read_trailer,
)
from harit_desktop.storage.mysql.dump_session import JobSession, job_session
from harit_desktop.storage.mysql.tables import READINGS, STORE
from harit_desktop.storage.reader import never

COMMIT_STATEMENTS = 20

_LOADING = "harit_restore_"
"""Before the name of a table that is being loaded; left ones are dropped."""

# Names of constraints are unique in a database, and the old tables still use them.
_CONSTRAINT = re.compile(r"CONSTRAINT `[^`]*` (FOREIGN KEY|CHECK)")
_REFERENCE = re.compile(rf"REFERENCES `({'|'.join(TABLES)})`")


def restore_dump(address: ServerAddress, path: Path, now_us: int) -> tuple[str, ...]:
    """Replaces our tables by those of a dump; returns the names of the old ones.

    The first is that of the readings. Rows that others insert meanwhile are in the old
    tables. Raises KnownError backup.bad_file, backup.newer_version, server.*, with the
    tables as they were.
    """
    check_dump(path)
    with job_session(address, never) as session:
        session.run("SET SESSION time_zone = '+00:00', SESSION foreign_key_checks = 0")
        session.run("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')")
        _drop_loading(session)
        try:
            trailer = _load(session, path)
            _compare(session, path, trailer)
            if STORE in trailer.rows:
                loaded = quoted(_LOADING + STORE)
                session.run(
                    f"UPDATE {loaded} SET value = %s WHERE name = 'store_id'",  # noqa: S608 - ours
                    uuid.uuid4().hex,
                )
            session.commit()
            return _swap(session, tuple(trailer.rows), time_text(now_us))
        except BaseException:
            with contextlib.suppress(KnownError):
                _drop_loading(session)
            raise


def _load(session: JobSession, path: Path) -> Trailer:
    """Makes and fills the tables; returns what the dump says of itself."""
    waiting = 0
    for line in dump_lines(path):
        if line.startswith(TRAILER):
            session.commit()
            return read_trailer(line)
        if create := CREATE.fullmatch(line):
            rest = _CONSTRAINT.sub(r"\1", create[2])
            rest = _REFERENCE.sub(rf"REFERENCES `{_LOADING}\1`", rest)
            session.run(f"CREATE TABLE {_LOADING}{create[1]} {rest}")
        elif insert := INSERT.fullmatch(line):
            session.run(f"INSERT INTO {_LOADING}{insert[1]} {insert[2]}")
            waiting += 1
            if waiting % COMMIT_STATEMENTS == 0:
                session.commit()
    raise bad_file(path, "it changed while it was read")


def _compare(session: JobSession, path: Path, trailer: Trailer) -> None:
    for table, rows in trailer.rows.items():
        loaded = quoted(_LOADING + table)
        found = session.value(f"SELECT count(*) FROM {loaded}")  # noqa: S608 - a name of ours
        if found != rows:
            raise bad_file(path, f"{table} should have {rows} rows and has {found}")


def _swap(session: JobSession, restored: Sequence[str], moment: str) -> tuple[str, ...]:
    """All old names away and all new ones in their place, in one statement."""
    existing = _existing(session)
    old = [table for table in TABLES if table in existing]
    after = f"_before_{moment}"
    number = 1
    while any(table + after in existing for table in old):
        number += 1
        after = f"_before_{moment}_{number}"
    moves = [(table, table + after) for table in old]
    moves += [(_LOADING + table, table) for table in restored]
    # With the checks on, a reference follows the table that it means.
    session.run("SET SESSION foreign_key_checks = 1")
    session.run("RENAME TABLE " + ", ".join(f"{quoted(a)} TO {quoted(b)}" for a, b in moves))
    return tuple(table + after for table in old) or (READINGS + after,)


def _existing(session: JobSession) -> set[str]:
    rows = session.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    )
    return {str(row[0]) for row in rows}


def _drop_loading(session: JobSession) -> None:
    for table in reversed(TABLES):
        session.run(f"DROP TABLE IF EXISTS {_LOADING}{table}")
