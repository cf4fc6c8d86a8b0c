"""What the engine is made of: Protocols, so that `app` alone chooses the real parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import Values
from harit_desktop.domain.diagnosis import Checks
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.domain.status import (
    LinkStatus,
)
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.baselines import Baselines
from harit_desktop.pipeline.ports import (
    Decoder,
)
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
from harit_desktop.settings.model import Settings


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
    def rejected(self) -> RejectedSource:
        """The messages that were refused, to be tried again."""
        ...

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
    def broker(self, settings: Settings, password: str | None = None) -> BrokerPart: ...

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
        secret: Callable[[str], str | None],
        *,
        listen: bool = False,
    ) -> Checks:
        """What a test of these settings does; nothing is done yet. `secret` gives one by its
        key. With `listen` everything on the broker is heard for a while."""
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
