"""What the engine is made of: Protocols, so that `app` alone chooses the real parts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from harit_desktop.domain.advice import Advice
from harit_desktop.domain.alert import Alert, AlertState, AlertTransition
from harit_desktop.domain.analysis import Analysis, Explanation
from harit_desktop.domain.api import ApiReading, ApiStats, ApiTest
from harit_desktop.domain.backup import BackupInfo, StoredBackup
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import Values
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import Calibration, DeviceBook, DeviceRecord
from harit_desktop.domain.diagnosis import Checks
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.export import ExportPreview, ExportRequest
from harit_desktop.domain.gaps import GapReason
from harit_desktop.domain.message import MessageRecord, RawMessage
from harit_desktop.domain.notes import ChartNote
from harit_desktop.domain.quality import QualityDay, StoredEvent
from harit_desktop.domain.reading import AnalysedReading, Reading
from harit_desktop.domain.reanalysis import ReanalysisRequest, ReanalysisResult
from harit_desktop.domain.status import (
    AnalysisPublishStatus,
    ApiForwardStatus,
    ApiStatus,
    BuiltinBrokerStatus,
    LinkStatus,
    LocalApiStatus,
    PublisherStatus,
    ServerStatus,
    StoreStatus,
)
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.baselines import Baselines
from harit_desktop.pipeline.ports import (
    Acknowledger,
    Analyser,
    AnalysisOutlet,
    BaselineStore,
    Decoder,
    Journal,
    Mirror,
    Quality,
)
from harit_desktop.runtime.recorder import RecordingLogPart
from harit_desktop.settings.model import Settings

Limits = tuple[float, float, float, float]
"""Optimal low, optimal high, alarm low, alarm high of a channel."""


class JournalPart(Journal, BaselineStore, Protocol):
    """The local store as the engine handles it. One owner thread, but for `status` and
    `delete_simulated`."""

    def open(self) -> Any: ...
    def status(self) -> StoreStatus: ...
    def delete_simulated(self) -> tuple[str, ...]: ...
    def close(self) -> None: ...


class ServerPart(Protocol):
    """Ships the journal's readings to the store server, on a thread of its own.

    `status` costs nothing and never blocks. `healthy` is False when the thread died.
    """

    def start(self) -> None: ...

    def stop(self, deadline_s: float) -> bool:
        """Ends within the deadline, whatever the server does; False when left behind."""
        ...

    def status(self) -> ServerStatus: ...
    def healthy(self) -> bool: ...

    def wake(self, last_id: int) -> None:
        """Readings up to `last_id` are committed to the journal. From any thread."""
        ...

    def approve(self) -> None:
        """A person allowed the change that the status asks for."""
        ...

    def retry_now(self) -> None: ...

    def delete_simulated(self) -> None:
        """Deletes every simulated reading on the server. Raises KnownError(server.*)."""
        ...


class MaintenancePart(Protocol):
    """Keeps summaries, retention and the write-ahead log in order, in short slices."""

    @property
    def problem(self) -> Problem | None: ...

    def run(self, stop: threading.Event) -> None: ...


class BackupPart(Protocol):
    """Makes, lists, checks and restores backups; may block, so never on the main thread."""

    def run(self, stop: threading.Event) -> None:
        """Makes the scheduled backups until `stop`."""
        ...

    def make(self, cancelled: Callable[[], bool]) -> Path: ...
    def make_each(self, cancelled: Callable[[], bool]) -> Iterator[BackupInfo]: ...
    def list(self) -> Sequence[StoredBackup]: ...
    def check(self, path: Path, cancelled: Callable[[], bool]) -> int: ...

    def describe(
        self, path: Path, cancelled: Callable[[], bool], *, full: bool = False
    ) -> BackupInfo: ...

    def restore(self, path: Path) -> Path:
        """Returns where the store before it is kept; no file where there was none."""
        ...

    @property
    def problem(self) -> Problem | None: ...


class HistoryPart(Protocol):
    """Reads of the store from any thread of the query pool.

    With a store server they cover what is there and what still waits in the journal.
    """

    def last_states(self, now_us: int) -> Sequence[DeviceState]: ...
    def last_values(self, publisher_id: str) -> Values | None: ...
    def messages(self, before_id: int | None, limit: int) -> Sequence[MessageRecord]: ...
    def payload(self, message_id: int) -> bytes | None: ...
    def decoded(self, message_id: int) -> AnalysedReading | None: ...

    def series(
        self,
        publisher_id: str,
        from_us: int,
        to_us: int,
        max_points: int,
        cancelled: Callable[[], bool],
    ) -> Any: ...

    def quality_days(
        self,
        publisher_id: str,
        days: Sequence[tuple[int, int]],
        cancelled: Callable[[], bool],
    ) -> Sequence[QualityDay]: ...

    def quality_events(
        self, publisher_id: str | None, from_us: int, to_us: int, limit: int
    ) -> Sequence[StoredEvent]: ...

    def alerts(
        self,
        state: AlertState | None = None,
        publisher_id: str | None = None,
        text: str = "",
        before_id: int | None = None,
        limit: int = 200,
    ) -> Sequence[Alert]:
        """Alerts, the newest first."""
        ...

    def alert_log(self, alert_id: int) -> Sequence[AlertTransition]: ...

    def reasons(
        self,
        publisher_id: str,
        from_us: int,
        to_us: int,
        limit: int,
        cancelled: Callable[[], bool],
    ) -> Sequence[tuple[int, Mapping[str, str]]]: ...

    def export(
        self,
        request: ExportRequest,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> int: ...

    def count_export(self, request: ExportRequest, cancelled: Callable[[], bool]) -> int: ...

    def preview_export(
        self, request: ExportRequest, cancelled: Callable[[], bool]
    ) -> ExportPreview: ...

    def gap_reasons(
        self,
        publisher_id: str,
        gaps: Sequence[tuple[int, int]],
        cancelled: Callable[[], bool],
    ) -> Sequence[GapReason]: ...

    def notes(self, from_us: int, to_us: int) -> Sequence[ChartNote]: ...

    # For our own API: without simulated readings, newest first.
    def api_latest(self) -> ApiReading | None: ...
    def api_history(self, limit: int) -> Sequence[ApiReading]: ...
    def api_stats(self) -> ApiStats: ...

    def close(self) -> None:
        """Gives up the connections to a server; a read after it opens new ones."""
        ...


class AnalyserPart(Analyser, Protocol):
    """Judges readings and explains the judgement; free of state, for any thread.

    Values are as stored; what calibrations make of them on that day is worked out inside.
    """

    def explain(
        self, values: Values, flags: tuple[int, ...], publisher_id: str = "", at_us: int = 0
    ) -> Explanation: ...

    def interval(
        self, values: Values, flags: tuple[int, ...], publisher_id: str = "", at_us: int = 0
    ) -> tuple[float, float] | None: ...

    def advice(
        self,
        values: Values,
        flags: tuple[int, ...],
        reasons: tuple[tuple[str, str], ...],
        publisher_id: str = "",
        at_us: int = 0,
        trends: Mapping[str, float] | None = None,
        *,
        clock_suspect: bool = False,
    ) -> tuple[Advice, ...]: ...

    def changes(
        self, daily: Sequence[tuple[int, Values]], publisher_id: str = "", at_us: int = 0
    ) -> Mapping[str, float]: ...

    def limits(self, channel_key: str) -> Limits | None: ...

    @property
    def profile_id(self) -> str: ...


class QualityPart(Quality, Protocol):
    """The quality tests with what they remember. Pipeline thread only, but for `siblings`."""

    def siblings(self, publisher_id: str) -> int: ...


class StoredAlerts(Protocol):
    """What the next run goes on with."""

    @property
    def alerts(self) -> Sequence[Alert]: ...
    @property
    def next_id(self) -> int: ...
    @property
    def mutes(self) -> Mapping[tuple[str, str], int]: ...
    @property
    def faults(self) -> frozenset[tuple[str, str]]: ...


class AlertStorePart(Protocol):
    """Where alerts are kept; may block. Raises KnownError(store.*)."""

    def load_open(self, now_us: int) -> StoredAlerts: ...
    def find(self, ids: Sequence[int]) -> Sequence[Alert]: ...
    def save(self, alerts: Sequence[Alert], lines: Sequence[AlertTransition]) -> None: ...


class DeviceStorePart(Protocol):
    """What people entered about their devices; may block."""

    def load(self) -> DeviceBook: ...
    def save(self, record: DeviceRecord) -> None: ...
    def add(self, calibration: Calibration) -> Calibration: ...
    def remove(self, calibration_id: int) -> None: ...


class NoteStorePart(Protocol):
    """Notes on the chart; may block."""

    def add(self, note: ChartNote) -> ChartNote: ...
    def remove(self, note_id: int) -> None: ...


class ReanalysisPart(Protocol):
    """Judges stored readings again; may take long."""

    def run(
        self,
        request: ReanalysisRequest,
        judge: Callable[[Reading, tuple[int, ...]], Analysis],
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> ReanalysisResult: ...


class AnalysisPublisherPart(AnalysisOutlet, Protocol):
    """Publishes our analyses, with a connection and a thread of its own."""

    def start(self) -> None: ...
    def stop(self, deadline_s: float) -> bool: ...
    def status(self) -> AnalysisPublishStatus: ...
    def healthy(self) -> bool: ...
    def retry_now(self) -> None: ...


class MirrorPart(Mirror, Protocol):
    @property
    def problem(self) -> Problem | None: ...


class SourcePart(Acknowledger, Protocol):
    """A subscriber with its own network thread."""

    def start(self) -> None: ...
    def stop(self, deadline_s: float) -> bool: ...
    def status(self) -> LinkStatus: ...
    def healthy(self) -> bool: ...
    def retry_now(self) -> None: ...


class PublisherPart(Protocol):
    """The simulated sensors with their own thread and connection."""

    def start(self) -> None: ...
    def stop(self, deadline_s: float) -> bool: ...
    def status(self) -> PublisherStatus: ...
    def healthy(self) -> bool: ...
    def retry_now(self) -> None: ...


class ApiSourcePart(Protocol):
    """Reads a remote API while the broker is away, on a thread of its own."""

    def start(self) -> None: ...
    def stop(self, deadline_s: float) -> bool: ...
    def status(self) -> ApiStatus: ...
    def healthy(self) -> bool: ...
    def retry_now(self) -> None: ...


class ApiForwardPart(Protocol):
    """Posts stored readings to a remote API, on a thread of its own."""

    def start(self) -> None: ...
    def stop(self, deadline_s: float) -> bool: ...
    def status(self) -> ApiForwardStatus: ...
    def healthy(self) -> bool: ...
    def retry_now(self) -> None: ...

    def wake(self) -> None:
        """More readings are committed to the journal. From any thread."""
        ...


class LocalApiPart(Protocol):
    """Serves our own API, on threads of its own."""

    def start(self) -> None: ...
    def stop(self, deadline_s: float) -> bool: ...
    def status(self) -> LocalApiStatus: ...
    def healthy(self) -> bool: ...


class BrokerAddress(msgspec.Struct, frozen=True):
    """Where the subscriber and the publisher connect to; `protocol` as in the settings."""

    host: str
    port: int
    protocol: str


class ReadyBroker(Protocol):
    """Where a started built-in broker listens, and the protocol its clients use."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def protocol(self) -> str: ...


class BrokerPart(Protocol):
    """The built-in broker's child process; may be started again after it ended."""

    def start(self, deadline_s: float) -> ReadyBroker: ...
    def stop(self, deadline_s: float) -> None: ...
    def poll(self) -> BuiltinBrokerStatus: ...


class Parts(Protocol):
    """Builds the real parts for given settings. Heavy libraries are
    imported where a part needs them, so that building the engine stays quick."""

    def journal(self) -> JournalPart: ...
    def history(self, settings: Settings, password: str | None) -> HistoryPart: ...
    def maintenance(self, settings: Settings) -> MaintenancePart: ...
    def backups(self, settings: Settings, password: str | None) -> BackupPart: ...

    def server(
        self, settings: Settings, password: str | None, *, approved: bool
    ) -> ServerPart | None:
        """None where the local store is all there is. `approved` allows every change."""
        ...

    def decoder(self, settings: Settings) -> Decoder: ...
    def analyser(self, settings: Settings, corrections: Corrections) -> AnalyserPart: ...
    def quality(self, baselines: Baselines) -> QualityPart: ...

    def utc_offset_s(self, settings: Settings) -> int:
        """How far the local standard time is from UTC. Raises KnownError(timezone.unknown)."""
        ...

    def device_store(self) -> DeviceStorePart: ...
    def recording_log(self) -> RecordingLogPart: ...
    def notes(self) -> NoteStorePart: ...
    def reanalysis(self, settings: Settings, password: str | None) -> ReanalysisPart: ...

    def alert_store(self) -> AlertStorePart: ...

    def readings_between(
        self, from_us: int, to_us: int, publisher_id: str, cancelled: Callable[[], bool]
    ) -> Iterator[AnalysedReading]:
        """This computer's readings without simulated ones, in the order of time; of every
        device where `publisher_id` is ""."""
        ...

    def export_alerts(
        self, path: Path, publisher_id: str | None, cancelled: Callable[[], bool]
    ) -> int: ...

    def profiles(self) -> tuple[str, ...]:
        """The profiles there are to choose from, our own and the user's. Reads the disk."""
        ...

    def analysis_publisher(
        self, settings: Settings, address: BrokerAddress, password: str | None
    ) -> AnalysisPublisherPart | None:
        """None where nobody is to be told."""
        ...

    def mirror(self, settings: Settings) -> MirrorPart | None: ...
    def broker(self, settings: Settings) -> BrokerPart: ...

    def source(
        self,
        settings: Settings,
        address: BrokerAddress,
        password: str | None,
        deliver: Callable[[RawMessage], Any],
    ) -> SourcePart: ...

    def publisher(
        self,
        settings: Settings,
        address: BrokerAddress,
        password: str | None,
        last_values: Callable[[str], Values | None],
        api_token: str | None,
        deliver: Callable[[RawMessage], Any],
    ) -> PublisherPart:
        """`deliver` takes what the publisher posts to a remote API, which we receive so."""
        ...

    def api_source(
        self,
        settings: Settings,
        token: str | None,
        deliver: Callable[[RawMessage], bool],
        link_status: Callable[[], LinkStatus],
        newest_us: Callable[[], int | None],
    ) -> ApiSourcePart | None:
        """None without an API, or where only the broker is wanted. `newest_us` is the instant
        of the newest stored reading. Raises KnownError(api.*) for an address that cannot be
        used."""
        ...

    def api_forward(
        self, settings: Settings, token: str | None, store_password: str | None
    ) -> ApiForwardPart | None:
        """None where it is off. Raises KnownError(api.*) as `api_source` does."""
        ...

    def checks(
        self,
        what: Literal["broker", "store"],
        settings: Settings,
        password: Callable[[], str | None],
    ) -> Checks:
        """What a test of these settings does; nothing is done yet."""
        ...

    def test_api(self, settings: Settings, token: str | None) -> ApiTest:
        """Asks the API once, for a person who is setting it up; may take its time-out."""
        ...

    def local_api(
        self,
        settings: Settings,
        token: str | None,
        deliver: Callable[[RawMessage], bool],
        answers: Answers,
        history: Callable[[], HistoryPart],
    ) -> LocalApiPart | None:
        """None where it is off. Raises KnownError(local_api.*) where it must not be served
        as the settings say."""
        ...
