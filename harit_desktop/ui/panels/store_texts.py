"""What the rows Database and Spool of the data path say.

With a database server the row speaks of the server; the store on this computer, which is
written first, comes before it only where it fails.
"""

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.status import (
    EngineStatus,
    ServerState,
    ServerStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.ui.panels.path_text import PathText
from harit_desktop.ui.words import count, duration_text, plain, seconds_until, size_text

MYSQL = "mysql"
SPOOL_FULL = "store.spool_full"
SENDING_FROM = 20
"""Fewer are on their way at every moment, which is nothing to speak of."""


def uses_server(status: EngineStatus) -> bool:
    """Whether the settings name a database server as the store."""
    return status.store.backend == MYSQL or status.server.state is not ServerState.OFF


def stored_rows(status: EngineStatus) -> int:
    """How many readings the store holds, wherever they are; what waits here counts."""
    server = status.server
    if not uses_server(status) or server.rows is None:
        return status.store.rows
    return server.rows + status.counters.waiting


def away_text(status: EngineStatus) -> str:
    """That the store server is not there for views; "" where it is, or none is used."""
    if not uses_server(status) or status.server.state is ServerState.READY:
        return ""
    tr = QCoreApplication.translate
    if status.server.state in (ServerState.REFUSED, ServerState.CONSENT):
        return tr("Charts", "Database server not in use; only readings of this computer are shown")
    return tr("Charts", "Database server does not answer; only readings of this computer are shown")


def database_text(status: EngineStatus, now_us: int) -> PathText:
    """Where readings are stored, and what is wrong there."""
    tr = QCoreApplication.translate
    store = status.store
    if not store.opened and store.problem is None:
        return PathText("connecting", tr("DataPath", "Opening…"))
    code = store.problem.code if store.problem else ""
    if store.state is StoreState.DOWN and code == "store.locked":
        # It ends with the other program's work, and nobody need do anything.
        return PathText("stale", _down(code), tr("DataPath", "Waiting"), "warn")
    if store.state is StoreState.DOWN and code != SPOOL_FULL:
        return PathText("error", _down(code), tr("DataPath", "Error"), "crit")
    if uses_server(status):
        return _server(status, now_us)
    return PathText("live", _sqlite(store), tr("DataPath", "OK"))


def _down(code: str) -> str:
    """Why the store on this computer takes nothing; the readings wait with the broker."""
    tr = QCoreApplication.translate
    reasons = {
        "store.full": tr("DataPath", "Disk full, readings wait"),
        "store.locked": tr("DataPath", "Locked by another program"),
        "store.read_only": tr("DataPath", "harit.db cannot be written"),
        "store.foreign": tr("DataPath", "harit.db is not ours"),
        "store.newer_version": tr("DataPath", "Made by a newer version"),
        "store.migration_failed": tr("DataPath", "Not taken over from before"),
    }
    return reasons.get(code, tr("DataPath", "SQLite · not available"))


def _sqlite(store: StoreStatus) -> str:
    tr = QCoreApplication.translate
    if store.rows == 0:
        return tr("DataPath", "SQLite · ready, 0 readings")
    return tr("DataPath", "SQLite · {size}").format(size=size_text(store.size_bytes))


def _server(status: EngineStatus, now_us: int) -> PathText:
    tr = QCoreApplication.translate
    server = status.server
    match server.state:
        case ServerState.OFF | ServerState.CONNECTING:
            return PathText("connecting", tr("DataPath", "MySQL · connecting…"))
        case ServerState.READY:
            return _ready(server)
        case ServerState.CONSENT:
            detail = tr("DataPath", "Waits for your decision")
            return PathText("stale", detail, tr("DataPath", "Question"), "warn")
        case ServerState.REFUSED:
            return PathText("error", _refused(server), tr("DataPath", "Refused"), "crit")
    return PathText("stale", _lost(server, now_us), tr("DataPath", "Spooling"), "warn")


def _ready(server: ServerStatus) -> PathText:
    tr = QCoreApplication.translate
    if server.rows is None:
        detail = tr("DataPath", "MySQL · {database}").format(database=plain(server.database))
    elif server.rows == 1:
        detail = tr("DataPath", "MySQL · 1 reading")
    else:
        # Qt forms the plurals of translations; the English in the source has to do its own.
        detail = tr("DataPath", "MySQL · {n} readings").format(n=count(server.rows))
    if server.problem is not None:
        return PathText("stale", detail, tr("DataPath", "Check"), "warn")
    return PathText("live", detail, tr("DataPath", "OK"))


def _lost(server: ServerStatus, now_us: int) -> str:
    tr = QCoreApplication.translate
    reasons = {
        "server.dns": tr("DataPath", "Host not found"),
        "server.full": tr("DataPath", "Server disk full"),
        "server.locked": tr("DataPath", "Tables locked"),
        "server.read_only": tr("DataPath", "MySQL read-only"),
        "server.too_many_connections": tr("DataPath", "MySQL too busy"),
        "server.table_missing": tr("DataPath", "Table is missing"),
        "server.failed": tr("DataPath", "MySQL error"),
    }
    code = server.problem.code if server.problem else ""
    reason = reasons.get(code, tr("DataPath", "No answer"))
    wait_s = seconds_until(server.retry_at_us, now_us)
    if wait_s is None:
        return tr("DataPath", "{reason}, trying again").format(reason=reason)
    return tr("DataPath", "{reason}, retry in {wait}").format(
        reason=reason, wait=duration_text(wait_s)
    )


def _refused(server: ServerStatus) -> str:
    tr = QCoreApplication.translate
    reasons = {
        "server.auth": tr("DataPath", "Login refused"),
        "server.no_credentials": tr("DataPath", "No user name set"),
        "server.no_database": tr("DataPath", "No database of that name"),
        "server.permission": tr("DataPath", "User may not write"),
        "server.tls": tr("DataPath", "No secure connection"),
        "server.plain_password": tr("DataPath", "Wants a plain password"),
        "server.version": tr("DataPath", "Server is too old"),
        "server.newer_version": tr("DataPath", "Made by a newer version"),
        "server.table_missing": tr("DataPath", "Table is missing"),
    }
    code = server.problem.code if server.problem else ""
    return reasons.get(code, tr("DataPath", "MySQL refused"))


def spool_text(status: EngineStatus) -> PathText:
    """What waits for the database server; with SQLite as the store nothing ever does.

    While the store on this computer takes nothing, messages wait at the broker for it.
    """
    tr = QCoreApplication.translate
    if _journal_is_down(status.store):
        return PathText("stale", _with_broker(status), tr("DataPath", "Waiting"), "warn")
    waiting = status.counters.waiting
    amount = tr("DataPath", "{n} waiting").format(n=count(waiting))
    if status.store.problem is not None and status.store.problem.code == SPOOL_FULL:
        return PathText("error", amount, tr("DataPath", "Full"), "crit")
    if waiting == 0:
        return PathText("live", amount, _ok())
    if status.server.state is ServerState.READY:
        sending = tr("DataPath", "{n} waiting, sending").format(n=count(waiting))
        return PathText("live", sending if waiting >= SENDING_FROM else amount, _ok())
    return PathText("stale", amount, tr("DataPath", "Waiting"), "warn")


def _journal_is_down(store: StoreStatus) -> bool:
    code = store.problem.code if store.problem else ""
    return store.state is StoreState.DOWN and code not in ("", SPOOL_FULL)


def _with_broker(status: EngineStatus) -> str:
    """The messages that came and are not acknowledged: the broker keeps them."""
    tr = QCoreApplication.translate
    unacked = status.counters.unacked
    if unacked == 0:
        return tr("DataPath", "New ones wait with the broker")
    if unacked == 1:
        return tr("DataPath", "1 waits with the broker")
    return tr("DataPath", "{n} wait with the broker").format(n=count(unacked))


def _ok() -> str:
    return QCoreApplication.translate("DataPath", "OK")
