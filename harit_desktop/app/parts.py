"""The real parts of the engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harit_desktop.app import api_parts
from harit_desktop.app.addresses import broker_endpoint, server_address
from harit_desktop.app.clock import now_us, standard_offset_s
from harit_desktop.app.publishing import build_publisher
from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import Values
from harit_desktop.domain.diagnosis import Checks
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.domain.status import LinkStatus
from harit_desktop.domain.topics import HEARD_TOPICS, mark_of
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.baselines import DEVICES, Baselines
from harit_desktop.pipeline.redriving import RejectedSource
from harit_desktop.runtime.judging_parts import AnalyserPart, QualityPart
from harit_desktop.runtime.link_parts import (
    AnalysisPublisherPart,
    ApiForwardPart,
    ApiSourcePart,
    BrokerAddress,
    BrokerPart,
    LocalApiPart,
    PublisherPart,
    SourcePart,
)
from harit_desktop.runtime.recorder import RecordingLogPart
from harit_desktop.runtime.store_parts import (
    AlertStorePart,
    BackupPart,
    DeviceStorePart,
    HistoryPart,
    JournalPart,
    MaintenancePart,
    MirrorPart,
    NoteStorePart,
    ReanalysisPart,
    ServerPart,
)
from harit_desktop.settings import template_files
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.presets import is_public_test_broker

if TYPE_CHECKING:
    from harit_desktop.pipeline.ports import Decoder
    from harit_desktop.transport.session_memory import SessionMemory
    from harit_desktop.wire.templates import Template

log = logging.getLogger(__name__)


class ProductParts:
    """The real parts, for one data folder. `key_passphrase` opens the client key's file."""

    def __init__(
        self, paths: DataPaths, key_passphrase: Callable[[], str | None] = lambda: None
    ) -> None:
        self._paths = paths
        self._key_passphrase = key_passphrase
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

        return MessageDecoder(settings.broker.timezone, self._templates())

    def _templates(self) -> Sequence[Template]:
        texts = template_files.read_all(self._paths.templates)
        problems = texts.problems
        if not texts.files and not problems:
            return ()
        from harit_desktop.wire.templates import load_templates

        sound, unsound = load_templates(texts.files)
        for problem in (*problems, *unsound):
            log.warning("a template is not used: %s", problem)
        return tuple(sound.values())

    def rejected(self) -> RejectedSource:
        from harit_desktop.storage.redrive import RejectedMessages

        return RejectedMessages(self._paths.database)

    def analyser(self, settings: Settings, corrections: Corrections) -> AnalyserPart:
        from harit_desktop.analysis.engine import AnalysisEngine, ChannelMeaning

        chosen = settings.analysis
        meaning = ChannelMeaning(
            moisture_basis=chosen.moisture_basis,
            texture=chosen.texture,
            bulk_density=chosen.bulk_density,
            depth_cm=chosen.depth_cm,
            co2_location=chosen.co2_location,
            n_basis=chosen.n_basis,
        )
        return AnalysisEngine(
            chosen.profile,
            meaning=meaning,
            folder=self._paths.profiles,
            corrections=corrections,
        )

    def quality(self, baselines: Baselines) -> QualityPart:
        from harit_desktop.analysis.quality import QualityControl

        return QualityControl.standard(
            devices=DEVICES, forgotten=baselines.forget, recall=baselines.recall
        )

    def utc_offset_s(self, settings: Settings) -> int:
        return standard_offset_s(settings.broker.timezone)

    def alert_store(self) -> AlertStorePart:
        from harit_desktop.storage.alert_store import AlertStore

        return AlertStore(self._paths.database)

    def readings_between(
        self, from_us: int, to_us: int, publisher_id: str, cancelled: Callable[[], bool]
    ) -> Iterator[AnalysedReading]:
        from harit_desktop.storage.alert_trial import readings_between

        return readings_between(self._paths.database, from_us, to_us, publisher_id, cancelled)

    def export_alerts(
        self, path: Path, publisher_id: str | None, cancelled: Callable[[], bool]
    ) -> int:
        from harit_desktop.storage.alert_store import AlertStore

        store = AlertStore(self._paths.database)
        return store.export_csv(path, publisher_id=publisher_id, cancelled=cancelled)

    def profiles(self) -> tuple[str, ...]:
        from harit_desktop.analysis.profiles import profile_ids

        return profile_ids(self._paths.profiles)

    def recording_log(self) -> RecordingLogPart:
        from harit_desktop.storage.recording_log import RecordingLog

        return RecordingLog(self._paths.database)

    def notes(self) -> NoteStorePart:
        from harit_desktop.storage.chart_notes import NoteStore

        return NoteStore(self._paths.database, now_us)

    def device_store(self) -> DeviceStorePart:
        from harit_desktop.storage.device_store import DeviceStore

        return DeviceStore(self._paths.database, now_us)

    def reanalysis(self, settings: Settings, password: str | None) -> ReanalysisPart:
        from harit_desktop.storage.reanalysis import Reanalysis

        return Reanalysis(self._paths.database, server_address(settings, password))

    def mirror(self, settings: Settings) -> MirrorPart | None:
        if not settings.storage.csv_mirror:
            return None
        from harit_desktop.storage.csv_mirror import CsvMirror

        return CsvMirror(self._paths.readings_csv, self._paths.audit_csv)

    def broker(self, settings: Settings, password: str | None = None) -> BrokerPart:
        from harit_desktop.broker.supervisor import BrokerConfig, BuiltinBroker

        chosen = settings.builtin_broker
        return BuiltinBroker(
            BrokerConfig(
                data_dir=self._paths.root,
                host=chosen.host,
                port=chosen.port,
                engine=chosen.engine,
                allow_network=chosen.allow_network,
                username=chosen.username,
                password=password or "",
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
        endpoint = broker_endpoint(settings, address, password, self._key_passphrase)
        return MqttSource(
            endpoint,
            broker.topics,
            deliver,
            now_us,
            broker.share_group,
            session_memory=self._session_memory(broker.mode),
            extra_topics=HEARD_TOPICS,
            own_mark=mark_of(broker.client_id),
        )

    def analysis_publisher(
        self, settings: Settings, address: BrokerAddress, password: str | None
    ) -> AnalysisPublisherPart | None:
        if not settings.analysis.publish or is_public_test_broker(address.host):
            return None
        from harit_desktop.transport.analysis_publisher import AnalysisPublisher
        from harit_desktop.wire.encode import encode_analysis
        from harit_desktop.wire.home_assistant import discovery_messages

        return AnalysisPublisher(
            broker_endpoint(settings, address, password, self._key_passphrase),
            now_us,
            own_mark=mark_of(settings.broker.client_id),
            encode=encode_analysis,
            home_assistant=discovery_messages if settings.analysis.home_assistant else None,
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
            broker_endpoint(settings, address, password, self._key_passphrase),
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

    def checks(
        self,
        what: Literal["broker", "store"],
        settings: Settings,
        secret: Callable[[str], str | None],
        *,
        listen: bool = False,
    ) -> Checks:
        from harit_desktop.app.diagnosis import plan_test

        return plan_test(what, self._paths, settings, secret, listen=listen)

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
