"""Joins the layers: the one place that knows every real part.

Heavy libraries are imported where a part is built, on the engine's own threads: the
window is on the screen before SQLAlchemy, paho or numpy is loaded.
"""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harit_desktop.domain.channels import Values
from harit_desktop.domain.message import RawMessage
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.parts import (
    AnalyserPart,
    BackupPart,
    BrokerAddress,
    BrokerPart,
    HistoryPart,
    JournalPart,
    MaintenancePart,
    MirrorPart,
    PublisherPart,
    ServerPart,
    SourcePart,
)
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore

if TYPE_CHECKING:
    from harit_desktop.pipeline.ports import Decoder
    from harit_desktop.storage.mysql.address import ServerAddress
    from harit_desktop.transport.endpoint import MqttEndpoint
    from harit_desktop.transport.publisher_worker import PublisherWorker
    from harit_desktop.transport.session_memory import SessionMemory


def now_us() -> int:
    """The present instant in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


class ProductParts:
    """The real parts, for one data folder."""

    def __init__(self, paths: DataPaths) -> None:
        self._paths = paths
        self._builtin_sessions: SessionMemory | None = None

    def journal(self) -> JournalPart:
        from harit_desktop.storage.journal import SqliteJournal

        return SqliteJournal(self._paths.database, now_us)

    def history(self, settings: Settings, password: str | None) -> HistoryPart:
        from harit_desktop.storage.history import HistoryReader

        return HistoryReader(self._paths.database, _server_address(settings, password))

    def server(
        self, settings: Settings, password: str | None, *, approved: bool
    ) -> ServerPart | None:
        address = _server_address(settings, password)
        if address is None:
            return None
        from harit_desktop.storage.mysql.forwarder import Forwarder

        return Forwarder(
            self._paths.database,
            address,
            now_us,
            approved=approved,
            retention_days=settings.storage.retention_days,
        )

    def maintenance(self, settings: Settings) -> MaintenancePart:
        from harit_desktop.storage.maintenance import Maintenance

        chosen = settings.storage
        return Maintenance(
            self._paths.database,
            now_us,
            retention_days=chosen.retention_days,
            journal_days=chosen.journal_days if chosen.uses_server else None,
        )

    def backups(self, settings: Settings, password: str | None) -> BackupPart:
        from harit_desktop.storage.backups import Backups

        chosen = settings.storage
        return Backups(
            self._paths,
            now_us,
            every_hours=chosen.backup_hours,
            keep=chosen.backup_keep,
            folder=Path(chosen.backup_dir).expanduser() if chosen.backup_dir else None,
            server=_server_address(settings, password),
        )

    def decoder(self, settings: Settings) -> Decoder:
        from harit_desktop.wire.registry import MessageDecoder

        return MessageDecoder(settings.broker.timezone)

    def analyser(self, settings: Settings) -> AnalyserPart:
        from harit_desktop.analysis.engine import AnalysisEngine

        return AnalysisEngine(settings.analysis.profile)

    def mirror(self, settings: Settings) -> MirrorPart | None:
        if not settings.storage.csv_mirror:
            return None
        from harit_desktop.storage.csv_mirror import CsvMirror

        return CsvMirror(self._paths.readings_csv, self._paths.audit_csv)

    def broker(self, settings: Settings) -> BrokerPart:
        from harit_desktop.broker.supervisor import BrokerConfig, BuiltinBroker

        chosen = settings.builtin_broker
        return BuiltinBroker(
            BrokerConfig(
                data_dir=self._paths.root,
                host=chosen.host,
                port=chosen.port,
                engine=chosen.engine,
            )
        )

    def source(
        self,
        settings: Settings,
        address: BrokerAddress,
        password: str | None,
        deliver: Callable[[RawMessage], Any],
    ) -> SourcePart:
        from harit_desktop.transport.mqtt_source import MqttSource

        broker = settings.broker
        endpoint = _endpoint(settings, address, password)
        return MqttSource(
            endpoint,
            broker.topics,
            deliver,
            now_us,
            broker.share_group,
            session_memory=self._session_memory(broker.mode),
        )

    def _session_memory(self, mode: str) -> SessionMemory:
        from harit_desktop.transport.session_memory import SessionMemory

        if mode == "external":
            return SessionMemory(self._paths.sessions)
        # The built-in broker ends with the program, and nothing can be sent to it meanwhile.
        if self._builtin_sessions is None:
            self._builtin_sessions = SessionMemory()
        return self._builtin_sessions

    def publisher(
        self,
        settings: Settings,
        address: BrokerAddress,
        password: str | None,
        last_values: Callable[[str], Values | None],
    ) -> PublisherPart:
        endpoint = _endpoint(settings, address, password)
        return _publisher(settings, endpoint, last_values, count=None)


def build_engine(paths: DataPaths, settings_store: SettingsStore, redactor: Redactor) -> Engine:
    """The engine of a data folder, built and not yet started."""
    secrets = SecretStore(paths.instance_name(), redactor.add)
    return Engine(paths, settings_store, secrets, ProductParts(paths), now_us)


def build_lone_publisher(
    paths: DataPaths, settings: Settings, count: int | None, redactor: Redactor
) -> PublisherWorker:
    """The simulated sensors without an engine; `count` readings in all, None for no end.

    Connects under an id of its own, so that it can run beside the program.
    """
    secrets = SecretStore(paths.instance_name(), redactor.add)
    broker = settings.broker
    if broker.mode == "builtin":
        builtin = settings.builtin_broker
        address, password = BrokerAddress(builtin.host, builtin.port, "auto"), None
    else:
        address = BrokerAddress(broker.host, broker.port, broker.protocol)
        password = secrets.get("broker.password") if broker.username else None
    endpoint = _endpoint(settings, address, password)
    endpoint = dataclasses.replace(endpoint, client_id=f"harit-publish-{uuid.uuid4().hex[:12]}")
    history = ProductParts(paths).history(settings, _store_password(settings, secrets))
    return _publisher(settings, endpoint, history.last_values, count)


def open_history(paths: DataPaths, settings: Settings, redactor: Redactor) -> HistoryPart:
    """Reads of the folder's store for a command without an engine."""
    secrets = SecretStore(paths.instance_name(), redactor.add)
    return ProductParts(paths).history(settings, _store_password(settings, secrets))


def open_backups(paths: DataPaths, settings: Settings, redactor: Redactor) -> BackupPart:
    """Backups of the folder's store for a command without an engine."""
    secrets = SecretStore(paths.instance_name(), redactor.add)
    return ProductParts(paths).backups(settings, _store_password(settings, secrets))


def _store_password(settings: Settings, secrets: SecretStore) -> str | None:
    if not settings.storage.uses_server:
        return None
    return secrets.get("storage.mysql_password")


def _server_address(settings: Settings, password: str | None) -> ServerAddress | None:
    """The store server that the settings name; None where the local store is all."""
    chosen = settings.storage
    if not chosen.uses_server:
        return None
    from harit_desktop.storage.mysql.address import ServerAddress

    return ServerAddress(
        host=chosen.mysql_host,
        port=chosen.mysql_port,
        database=chosen.mysql_database,
        user=chosen.mysql_user,
        password=password or "",
        tls=chosen.mysql_encrypted,
        ca_file=chosen.mysql_ca_file,
    )


def _endpoint(settings: Settings, address: BrokerAddress, password: str | None) -> MqttEndpoint:
    from harit_desktop.transport.endpoint import endpoint_from_settings

    broker = settings.broker
    if broker.mode == "builtin":
        # The built-in broker listens on loopback, without TLS, passwords or WebSockets.
        broker = msgspec.structs.replace(
            broker, transport="tcp", tls=False, username="", cert_file="", key_file=""
        )
    broker = msgspec.structs.replace(
        broker, host=address.host, port=address.port, protocol=address.protocol
    )
    return endpoint_from_settings(broker, password=password or "", client_id=broker.client_id)


def _publisher(
    settings: Settings,
    endpoint: MqttEndpoint,
    last_values: Callable[[str], Values | None],
    count: int | None,
) -> PublisherWorker:
    from harit_desktop.transport.mqtt_publisher import MqttPublisher
    from harit_desktop.transport.publisher_worker import PublisherConfig, PublisherWorker
    from harit_desktop.wire.encode import encode_reading
    from harit_desktop.wire.timestamps import format_utc

    chosen = settings.publisher
    publisher = MqttPublisher(
        endpoint,
        now_us,
        publisher_id=chosen.publisher_id,
        encode_status=_encode_status if chosen.status else None,
    )
    config = PublisherConfig(
        devices=chosen.devices,
        interval_s=chosen.interval_s,
        publisher_id=chosen.publisher_id,
        topic=chosen.topic,
        seed=chosen.seed,
        count=count,
    )

    def encode(publisher_id: str, timestamp_us: int, values: Values) -> bytes:
        return encode_reading(publisher_id, format_utc(timestamp_us), values, simulated=True)

    return PublisherWorker(config, publisher, encode, last_values, now_us)


def _encode_status(status: str, publisher_id: str, message: str, timestamp_us: int) -> bytes:
    from harit_desktop.wire.encode import encode_status
    from harit_desktop.wire.timestamps import format_utc

    return encode_status(status, publisher_id, message, format_utc(timestamp_us))
