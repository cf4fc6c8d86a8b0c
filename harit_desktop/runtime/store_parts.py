"""The store and its upkeep as the engine handles them: Protocols."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harit_desktop.domain.alert import Alert, AlertState, AlertTransition
from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.api import ApiReading, ApiStats
from harit_desktop.domain.backup import BackupInfo, StoredBackup
from harit_desktop.domain.channels import Values
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import Calibration, DeviceBook, DeviceRecord
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.export import ExportPreview, ExportRequest
from harit_desktop.domain.gaps import GapReason
from harit_desktop.domain.message import MessageRecord
from harit_desktop.domain.notes import ChartNote
from harit_desktop.domain.quality import QualityDay, StoredEvent
from harit_desktop.domain.reading import AnalysedReading, Reading
from harit_desktop.domain.reanalysis import ReanalysisRequest, ReanalysisResult
from harit_desktop.domain.status import (
    ServerStatus,
    StoreStatus,
)
from harit_desktop.pipeline.ports import (
    BaselineStore,
    Journal,
    Mirror,
)


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
        bucket_us: int = 0,
    ) -> Any: ...

    def extras_series(
        self,
        publisher_id: str,
        key: str,
        from_us: int,
        to_us: int,
        limit: int,
        cancelled: Callable[[], bool],
    ) -> Any:
        """Times and values of an extra channel, of this computer's store alone, as the next."""
        ...

    def newest_extras(self, publisher_id: str) -> Mapping[str, tuple[int, float]]: ...

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


class MirrorPart(Mirror, Protocol):
    @property
    def problem(self) -> Problem | None: ...
