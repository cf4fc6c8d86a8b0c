"""The state of the running engine, as one immutable snapshot."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import Problem


class LinkState(StrEnum):
    """The subscriber's connection, with the words of `--status-json`."""

    OFF = "off"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    REFUSED = "refused"


class StoreState(StrEnum):
    OK = "ok"
    SPOOLING = "spooling"
    DOWN = "down"


class ServerState(StrEnum):
    """The database server behind `storage.backend = mysql`.

    CONSENT waits for a person's yes before anything in the database is changed. LOST is
    worth another try, REFUSED needs a person.
    """

    OFF = "off"
    CONNECTING = "connecting"
    READY = "ready"
    LOST = "lost"
    REFUSED = "refused"
    CONSENT = "consent"


class PublisherState(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    UNCONFIRMED = "unconfirmed"
    ERROR = "error"


class BrokerState(StrEnum):
    """The built-in broker child process."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


class LinkStatus(msgspec.Struct, frozen=True):
    """`since_us` is when the state began, `retry_at_us` when the next attempt is due."""

    state: LinkState = LinkState.OFF
    host: str = ""
    port: int = 0
    tls: bool = False
    protocol: str = ""
    attempt: int = 0
    since_us: int = 0
    retry_at_us: int | None = None
    session_present: bool | None = None
    problem: Problem | None = None

    def retry_in_s(self, now_us: int) -> int | None:
        """Whole seconds until the next attempt, rounded up; None when none is due."""
        if self.retry_at_us is None:
            return None
        return -(-max(0, self.retry_at_us - now_us) // US_PER_S)


class StoreStatus(msgspec.Struct, frozen=True):
    """`rows` counts the readings in the local store, `last_id` is the newest one's id;
    `opened` is False until the store is ready."""

    state: StoreState = StoreState.DOWN
    backend: str = "sqlite"
    opened: bool = False
    rows: int = 0
    last_id: int = 0
    simulated_rows: int = 0
    size_bytes: int = 0
    problem: Problem | None = None


class DatabaseChange(msgspec.Struct, frozen=True):
    """What would be added to a database that is not ours yet, or of an older version.

    `kind` is "adopt" or "migrate"; `rows` are the readings that it holds already. Columns
    are written as table.column. Nothing is ever taken away or renamed.
    """

    kind: str
    database: str
    rows: int
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


class ServerStatus(msgspec.Struct, frozen=True):
    """`waiting` readings of the journal are not on the server yet, `forwarded` were sent in
    this run; `rows` is what the server holds, None while unknown. `change` is what CONSENT
    asks for."""

    state: ServerState = ServerState.OFF
    host: str = ""
    port: int = 0
    database: str = ""
    version: str = ""
    tls: bool = False
    since_us: int = 0
    retry_at_us: int | None = None
    forwarded: int = 0
    waiting: int = 0
    rows: int | None = None
    change: DatabaseChange | None = None
    problem: Problem | None = None


class PublisherStatus(msgspec.Struct, frozen=True):
    """`waiting` counts readings made but not yet confirmed by the broker."""

    state: PublisherState = PublisherState.STOPPED
    devices: int = 0
    interval_s: float = 0.0
    published: int = 0
    waiting: int = 0
    host: str = ""
    port: int = 0
    problem: Problem | None = None


class BuiltinBrokerStatus(msgspec.Struct, frozen=True):
    state: BrokerState = BrokerState.STOPPED
    engine: str = ""
    host: str = ""
    port: int = 0
    asked_port: int = 0
    durable: bool = False
    problem: Problem | None = None


class BackupStatus(msgspec.Struct, frozen=True):
    """The backup that was asked for last: `path` once it is made. `problem` may also be a
    scheduled one's."""

    running: bool = False
    path: str = ""
    problem: Problem | None = None


class Counters(msgspec.Struct, frozen=True):
    """Counted since this start. `unacked` messages wait for their commit, `waiting`
    readings wait in the local spool for a remote store, `dropped` messages found no room."""

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    dropped: int = 0
    unacked: int = 0
    waiting: int = 0
    msgs_per_s: float = 0.0


class EngineStatus(msgspec.Struct, frozen=True):
    link: LinkStatus = LinkStatus()
    store: StoreStatus = StoreStatus()
    publisher: PublisherStatus = PublisherStatus()
    builtin_broker: BuiltinBrokerStatus = BuiltinBrokerStatus()
    server: ServerStatus = ServerStatus()
    backup: BackupStatus = BackupStatus()
    counters: Counters = Counters()
    last_received_us: int | None = None
    uptime_s: float = 0.0
    problems: tuple[Problem, ...] = ()
