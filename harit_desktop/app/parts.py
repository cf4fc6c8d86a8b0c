"""The real parts of the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harit_desktop.app import api_parts
from harit_desktop.app.addresses import broker_endpoint, server_address
from harit_desktop.app.clock import now_us
from harit_desktop.app.publishing import build_publisher
from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.channels import Values
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import LinkStatus
from harit_desktop.pipeline.answers import Answers
from harit_desktop.runtime.parts import (
    AnalyserPart,
    ApiForwardPart,
    ApiSourcePart,
    BackupPart,
    BrokerAddress,
    BrokerPart,
    HistoryPart,
    JournalPart,
    LocalApiPart,
    MaintenancePart,
    MirrorPart,
    PublisherPart,
    ServerPart,
    SourcePart,
)
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths

if TYPE_CHECKING:
    from harit_desktop.pipeline.ports import Decoder
    from harit_desktop.transport.session_memory import SessionMemory


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

        return HistoryReader(self._paths.database, server_address(settings, password))

    def server(
        self, settings: Settings, password: str | None, *, approved: bool
    ) -> ServerPart | None:
        address = server_address(settings, password)
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
            server=server_address(settings, password),
        )

    def decoder(self, settings: Settings) -> Decoder:
        from harit_desktop.wire.registry import MessageDecoder

        return MessageDecoder(settings.broker.timezone)

    def analyser(self, settings: Settings) -> AnalyserPart:
        from harit_desktop.analysis.engine import AnalysisEngine, ChannelMeaning

        chosen = settings.analysis
        meaning = ChannelMeaning(
            moisture_basis=chosen.moisture_basis,
            co2_location=chosen.co2_location,
            n_basis=chosen.n_basis,
        )
        return AnalysisEngine(chosen.profile, meaning=meaning, folder=self._paths.profiles)

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
        endpoint = broker_endpoint(settings, address, password)
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
        api_token: str | None,
        deliver: Callable[[RawMessage], Any],
    ) -> PublisherPart:
        return build_publisher(
            settings,
            broker_endpoint(settings, address, password),
            last_values,
            outbox=self._paths.outbox,
            api_token=api_token,
            deliver=deliver,
        )

    def api_source(
        self,
        settings: Settings,
        token: str | None,
        deliver: Callable[[RawMessage], bool],
        link_status: Callable[[], LinkStatus],
        newest_us: Callable[[], int | None],
    ) -> ApiSourcePart | None:
        return api_parts.build_source(settings, token, deliver, link_status, newest_us)

    def api_forward(
        self, settings: Settings, token: str | None, store_password: str | None
    ) -> ApiForwardPart | None:
        return api_parts.build_forwarder(
            settings, token, self._paths.database, server_address(settings, store_password)
        )

    def test_api(self, settings: Settings, token: str | None) -> ApiTest:
        return api_parts.test_api(settings, token)

    def local_api(
        self,
        settings: Settings,
        token: str | None,
        deliver: Callable[[RawMessage], bool],
        answers: Answers,
        history: Callable[[], HistoryPart],
    ) -> LocalApiPart | None:
        return api_parts.build_local_api(settings, token, deliver, answers, history)
