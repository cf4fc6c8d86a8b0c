"""What the engine is made of: Protocols, so that `app` alone chooses the real parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from harit_desktop.domain.analysis import Explanation
from harit_desktop.domain.channels import Values
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import LinkStatus, PublisherStatus, StoreStatus
from harit_desktop.pipeline.ports import Acknowledger, Analyser, Decoder, Journal, Mirror
from harit_desktop.settings.model import Settings

if TYPE_CHECKING:
    from harit_desktop.runtime.queries import QueryHandle

Limits = tuple[float, float, float, float]
"""Optimal low, optimal high, alarm low, alarm high of a channel."""


class JournalPart(Journal, Protocol):
    """The local store as the engine handles it; one owner thread but for `status`."""

    def open(self) -> Any: ...
    def status(self) -> StoreStatus: ...
    def delete_simulated(self) -> tuple[str, ...]: ...
    def close(self) -> None: ...


class HistoryPart(Protocol):
    """Reads of the store from any thread of the query pool."""

    def last_states(self, now_us: int) -> Sequence[DeviceState]: ...
    def last_values(self, publisher_id: str) -> Values | None: ...


class AnalyserPart(Analyser, Protocol):
    """Judges readings and explains the judgement; `explain` and `limits` are pure."""

    def explain(self, values: Values, flags: tuple[int, ...]) -> Explanation: ...
    def limits(self, channel_key: str) -> Limits: ...


class MirrorPart(Mirror, Protocol):
    def close(self) -> None: ...


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


class BrokerAddress(msgspec.Struct, frozen=True):
    """Where the subscriber and the publisher connect to; `protocol` as in the settings."""

    host: str
    port: int
    protocol: str


class BuiltinReady(msgspec.Struct, frozen=True):
    """What a started built-in broker says of itself."""

    address: BrokerAddress
    engine: str
    asked_port: int
    durable: bool


class BrokerPart(Protocol):
    """The built-in broker's child process."""

    def start(self, deadline_s: float) -> BuiltinReady: ...
    def stop(self, deadline_s: float) -> None: ...
    def exit_reason(self) -> str | None:
        """Why it ended by itself; None while it runs."""
        ...


class ExportRequest(msgspec.Struct, frozen=True):
    """Which readings to write where; None means without a bound, every device."""

    out: Path
    from_us: int | None = None
    to_us: int | None = None
    publisher_ids: tuple[str, ...] | None = None
    include_simulated: bool = False


class Parts(Protocol):
    """Builds the real parts for given settings. Called on the engine's own threads."""

    def journal(self) -> JournalPart: ...
    def history(self) -> HistoryPart: ...
    def decoder(self, settings: Settings) -> Decoder: ...
    def analyser(self, settings: Settings) -> AnalyserPart: ...
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
    ) -> PublisherPart: ...

    def export_csv(self, request: ExportRequest, handle: QueryHandle[int]) -> int: ...
    def count_export(self, request: ExportRequest) -> int: ...


SettingsChanges = Mapping[str, Any]
