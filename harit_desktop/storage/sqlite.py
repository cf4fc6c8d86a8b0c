"""SQLite connections: their settings, their transactions, and errors by name."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.database_files import size_bytes_of, wal_of

WRITER_BUSY_MS = 1000
"""How long a write waits for another program's lock before it is reported and tried again:
shorter than the time in which the program promises to end, and to say what is wrong."""

READER_BUSY_MS = 5000

_EVERY_CONNECTION = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cache_size = -8000",
)

_WRITER = (
    "PRAGMA synchronous = FULL",
    # Only a net: maintenance takes the log back into the file, so that no commit pays for it.
    "PRAGMA wal_autocheckpoint = 16000",
    "PRAGMA journal_size_limit = 67108864",
    # Some builds overwrite deleted rows with zeros; that doubles the cost of each deletion.
    "PRAGMA secure_delete = OFF",
)

_NEARLY_FULL_BYTES = 256 * 1024


def open_writer(
    path: Path, busy_ms: int = WRITER_BUSY_MS, *, create: bool = False
) -> tuple[sqlite3.Connection, bool]:
    """A read-write connection in autocommit mode; the caller writes BEGIN and COMMIT.

    The second value tells whether write-ahead logging is on; some network drives cannot.
    `create` makes an empty file where there is none. Raises sqlite3.Error.
    """
    # One owner at a time, but not for ever the same thread: the engine opens and closes.
    connection = sqlite3.connect(
        f"{file_uri(path)}?mode={'rwc' if create else 'rw'}",
        uri=True,
        timeout=busy_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        for statement in (*_EVERY_CONNECTION, *_WRITER):
            connection.execute(statement).close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection, mode == "wal"


def open_side_writer(path: Path, busy_ms: int) -> sqlite3.Connection:
    """A writer beside the journal's own, for what is only done again when the power takes it
    back; it never holds commits up with a checkpoint of its own. Raises sqlite3.Error."""
    connection, _ = open_writer(path, busy_ms)
    try:
        for statement in ("PRAGMA wal_autocheckpoint = 0", "PRAGMA synchronous = NORMAL"):
            connection.execute(statement).close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises sqlite3.Error, also where the file is missing."""
    try:
        return _open_reader(path, "mode=ro")
    except sqlite3.OperationalError as error:
        # In a folder where nothing may be created, SQLite cannot make its shared-memory
        # file. Without a log beside it, the database file is complete by itself.
        if primary_code(error) != sqlite3.SQLITE_CANTOPEN or size_bytes_of(wal_of(path)):
            raise
        if not size_bytes_of(path) or _folder_errno(path.parent) is None:
            raise
        return open_unchanging(path)


def open_unchanging(path: Path) -> sqlite3.Connection:
    """A reader of a file that nobody writes to: it asks for no lock and leaves nothing beside
    it. A log beside the file is not read. Raises sqlite3.Error."""
    return _open_reader(path, "mode=ro&immutable=1")


def _open_reader(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{file_uri(path)}?{options}",
        uri=True,
        timeout=READER_BUSY_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for statement in (*_EVERY_CONNECTION, "PRAGMA query_only = ON"):
            connection.execute(statement).close()
        connection.execute("SELECT count(*) FROM sqlite_master").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def file_uri(path: Path) -> str:
    """The path as SQLite's URI file name, also for drive letters and network shares."""
    text = quote(path.absolute().as_posix(), safe="/:")
    return "file://" + text if text.startswith("/") else "file:///" + text


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A writing transaction of a connection in autocommit mode, all or nothing.

    Raises sqlite3.Error, with no transaction open as far as SQLite can end it.
    """
    connection.execute("BEGIN IMMEDIATE").close()
    try:
        yield
        connection.execute("COMMIT").close()
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> bool:
    """Ends an open transaction (SQLite has already ended it after some errors); False where
    that is not possible."""
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK").close()
    except sqlite3.Error:
        return False
    return True


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error; 0 where the driver itself raised it."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds the lock that was wanted."""
    return primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file is not a sound database."""
    return primary_code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def damage(reason: str) -> sqlite3.DatabaseError:
    """The error that SQLite would raise, for damage that we find."""
    error = sqlite3.DatabaseError(reason)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


def wrong_schema(reason: str) -> sqlite3.OperationalError:
    """The same for tables that are not as we made them."""
    error = sqlite3.OperationalError(reason)
    error.sqlite_errorcode = sqlite3.SQLITE_SCHEMA
    error.sqlite_errorname = "SQLITE_SCHEMA"
    return error


def schema_version(connection: sqlite3.Connection) -> int:
    """SQLite's count of changes of the tables; some microseconds within a transaction."""
    version: int = connection.execute("PRAGMA schema_version").fetchone()[0]
    return version


def is_wrong_schema(error: sqlite3.Error) -> bool:
    """Whether a statement of ours met a store that is not as we made it."""
    return isinstance(error, sqlite3.IntegrityError) or primary_code(error) in (
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_SCHEMA,
    )


def known_error(error: sqlite3.Error, path: Path) -> KnownError:
    """The error by the name that the program shows: store.locked, .full, .read_only, .failed."""
    code = primary_code(error)
    reason = f"{error} [{getattr(error, 'sqlite_errorname', type(error).__name__)}]"[:200]
    if is_busy(error):
        name = "store.locked"
    elif code == sqlite3.SQLITE_FULL:
        name = "store.full"
    elif code == sqlite3.SQLITE_READONLY:
        name = "store.read_only"
    elif code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM):
        # SQLite does not tell why a file operation failed; the folder does.
        name = _name_of_errno(_folder_errno(path.parent))
    else:
        name = "store.failed"
    return KnownError(name, path=str(path), reason=reason)


def known_os_error(error: OSError, path: Path) -> KnownError:
    """The same for an error of the file system."""
    reason = error.strerror or str(error)
    return KnownError(_name_of_errno(error.errno), path=str(path), reason=reason[:200])


def _name_of_errno(number: int | None) -> str:
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "store.read_only"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "store.full"
    return "store.failed"


def _folder_errno(folder: Path) -> int | None:
    """Why no file can be written in the folder, as errno; None where one can."""
    try:
        if shutil.disk_usage(folder).free < _NEARLY_FULL_BYTES:
            return errno.ENOSPC
        handle, name = tempfile.mkstemp(dir=folder, prefix=".harit-probe-")
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        return error.errno or errno.EIO
    return None
