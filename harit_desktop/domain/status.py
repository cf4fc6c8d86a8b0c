"""The state of the running engine, as one immutable snapshot."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from harit_desktop.domain.broker_health import BrokerHealth
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


class ApiState(StrEnum):
    """The remote API beside the broker, with the words of `--status-json`.

    STANDBY answers and is not needed, IN_USE is where readings come from at present.
    UNREACHABLE is worth another try, REFUSED needs a person.
    """

    OFF = "off"
    CHECKING = "checking"
    STANDBY = "standby"
    IN_USE = "in_use"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


class ForwardState(StrEnum):
    """Stored readings on their way to the remote API. WAITING is worth another try."""

    OFF = "off"
    SENDING = "sending"
    WAITING = "waiting"
    REFUSED = "refused"


class LocalApiState(StrEnum):
    OFF = "off"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


class PublisherRoute(StrEnum):
    """Which way the publisher's readings go at present.

    RETRYING tries the broker a few times before it gives way to the API; HOLDING keeps
    everything in the outbox because no way is open.
    """

    MQTT = "mqtt"
    RETRYING = "retrying"
    API = "api"
    HOLDING = "holding"


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
    health: BrokerHealth = BrokerHealth()

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
    """`published` readings were confirmed, `via_api` of them by the API; `waiting` are in the
    outbox. `attempt` counts the tries of RETRYING, `retry_at_us` is when the next one is due,
    `back_at_us` when the route returns to the broker if that stays connected until then."""

    state: PublisherState = PublisherState.STOPPED
    devices: int = 0
    interval_s: float = 0.0
    published: int = 0
    waiting: int = 0
    host: str = ""
    port: int = 0
    problem: Problem | None = None
    route: PublisherRoute = PublisherRoute.MQTT
    via_api: int = 0
    attempt: int = 0
    retry_at_us: int | None = None
    back_at_us: int | None = None


class ApiStatus(msgspec.Struct, frozen=True):
    """`address` is host and port as shown to people. `needed` tells that the broker is away
    (or not wanted), so that without the API nothing comes in; `switch_at_us` is when the API
    takes over if the broker stays away, `back_at_us` when the broker does if it stays
    connected. `checked_us` is the last answer, `readings` came through it in this run."""

    state: ApiState = ApiState.OFF
    address: str = ""
    since_us: int = 0
    checked_us: int | None = None
    retry_at_us: int | None = None
    switch_at_us: int | None = None
    back_at_us: int | None = None
    needed: bool = False
    readings: int = 0
    problem: Problem | None = None


class ApiForwardStatus(msgspec.Struct, frozen=True):
    """`sent` readings the remote API took in this run, `refused` it would not take (each for
    good), `waiting` are still to be sent."""

    state: ForwardState = ForwardState.OFF
    address: str = ""
    sent: int = 0
    refused: int = 0
    waiting: int = 0
    retry_at_us: int | None = None
    problem: Problem | None = None


class LocalApiStatus(msgspec.Struct, frozen=True):
    """Counted since this start: requests that were answered, readings stored for them, and
    requests turned away (token, origin, rate, room)."""

    state: LocalApiState = LocalApiState.OFF
    host: str = ""
    port: int = 0
    answered: int = 0
    stored: int = 0
    turned_away: int = 0
    problem: Problem | None = None


class AnalysisPublishStatus(msgspec.Struct, frozen=True):
    """Our analyses on their way to other programs.

    `dropped` were left out because more came than a broker should be given.
    """

    state: LinkState = LinkState.OFF
    published: int = 0
    waiting: int = 0
    dropped: int = 0
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
    """Counted since this start. `not_mapped` messages are sound and nobody has said yet what they
    mean; they are no `rejected` ones, and `refused` are all that became no reading for whatever
    reason. `unacked` messages wait for their commit, `waiting` readings wait in the local spool
    for a remote store, `dropped` messages found no room, `skipped` readings were left out by
    the rules of routing."""

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    not_mapped: int = 0
    refused: int = 0
    skipped: int = 0
    dropped: int = 0
    unacked: int = 0
    waiting: int = 0
    msgs_per_s: float = 0.0


class EngineStatus(msgspec.Struct, frozen=True):
    link: LinkStatus = LinkStatus()
    store: StoreStatus = StoreStatus()
    publisher: PublisherStatus = PublisherStatus()
    analysis_publish: AnalysisPublishStatus = AnalysisPublishStatus()
    builtin_broker: BuiltinBrokerStatus = BuiltinBrokerStatus()
    server: ServerStatus = ServerStatus()
    backup: BackupStatus = BackupStatus()
    api: ApiStatus = ApiStatus()
    api_forward: ApiForwardStatus = ApiForwardStatus()
    local_api: LocalApiStatus = LocalApiStatus()
    counters: Counters = Counters()
    last_received_us: int | None = None
    uptime_s: float = 0.0
    problems: tuple[Problem, ...] = ()
