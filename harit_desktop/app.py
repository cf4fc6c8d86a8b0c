"""Joins the layers: the one place that knows every real part.

Heavy libraries are imported where a part is built, on the engine's own threads: the
window is on the screen before SQLAlchemy, paho or numpy is loaded.
"""

from __future__ import annotations

import dataclasses
import threading
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from harit_desktop.domain.channels import Values
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import ExportRequest
from harit_desktop.domain.message import RawMessage
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.parts import (
    AnalyserPart,
    BrokerAddress,
    BrokerPart,
    HistoryPart,
    JournalPart,
    MirrorPart,
    PublisherPart,
    SourcePart,
)
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore

if TYPE_CHECKING:
    from harit_desktop.pipeline.ports import Decoder
    from harit_desktop.transport.endpoint import MqttEndpoint
    from harit_desktop.transport.publisher_worker import PublisherWorker


def now_us() -> int:
    """The present instant in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


class ProductParts:
    """The real parts, for one data folder."""

    def __init__(self, paths: DataPaths) -> None:
        self._paths = paths
        self._history_lock = threading.Lock()
        self._history: HistoryPart | None = None

    def journal(self) -> JournalPart:
        from harit_desktop.storage.journal import SqliteJournal

        return SqliteJournal(self._paths.database, now_us)

    def history(self) -> HistoryPart:
        # One reader for all threads: it keeps its compiled statements.
        with self._history_lock:
            if self._history is None:
                from harit_desktop.storage.history import HistoryReader

                self._history = HistoryReader(self._paths.database)
            return self._history

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
        return MqttSource(endpoint, broker.topics, deliver, now_us, broker.share_group)

    def publisher(
        self,
        settings: Settings,
        address: BrokerAddress,
        password: str | None,
        last_values: Callable[[str], Values | None],
    ) -> PublisherPart:
        endpoint = _endpoint(settings, address, password)
        return _publisher(settings, endpoint, last_values, count=None)

    def export_csv(self, request: ExportRequest, handle: QueryHandle[int]) -> int:
        from harit_desktop.storage.export import export_csv as write

        if self._paths.is_own(request.out):
            raise KnownError("export.own_file", path=str(request.out))
        return write(
            self._paths.database,
            request,
            progress=handle.report,
            cancelled=lambda: handle.token.cancelled,
        )

    def count_export(self, request: ExportRequest) -> int:
        from harit_desktop.storage.export import count_rows

        return count_rows(self._paths.database, request)


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
    return _publisher(settings, endpoint, ProductParts(paths).history().last_values, count)


def export_csv(paths: DataPaths, request: ExportRequest, cancelled: Callable[[], bool]) -> int:
    """Writes readings to a file and returns how many.

    Raises KnownError as the export does, export.cancelled when `cancelled` said so.
    """

    class Handle(QueryHandle[int]):
        def report(self, progress: float) -> None:
            if cancelled():
                self.cancel()

    try:
        return ProductParts(paths).export_csv(request, Handle())
    except KnownError as error:
        if error.code == "query.cancelled":
            raise KnownError("export.cancelled", path=str(request.out)) from error
        raise


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
