"""What the window needs of the engine. Nothing here blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    # Types only: the live model brings numpy, which would delay the window.
    from harit_desktop.domain.analysis import Explanation
    from harit_desktop.domain.channels import Values
    from harit_desktop.domain.export import ExportRequest
    from harit_desktop.domain.message import MessageRecord
    from harit_desktop.domain.status import EngineStatus
    from harit_desktop.pipeline.events import MessageRing
    from harit_desktop.pipeline.live import LiveModel
    from harit_desktop.runtime.commands import Command
    from harit_desktop.runtime.queries import QueryHandle, QueryPool
    from harit_desktop.settings.model import Settings
    from harit_desktop.settings.paths import DataPaths


class HistoryPort(Protocol):
    """Reads of the local store; each blocks, so each runs in the query pool."""

    def series(
        self,
        publisher_id: str,
        from_us: int,
        to_us: int,
        max_points: int,
        cancelled: Callable[[], bool],
    ) -> Any: ...

    def messages(self, before_id: int | None, limit: int) -> Sequence[MessageRecord]: ...

    def payload(self, message_id: int) -> bytes | None: ...


class EnginePort(Protocol):
    """The running engine as the window sees it."""

    @property
    def settings(self) -> Settings: ...

    @property
    def paths(self) -> DataPaths: ...

    @property
    def configured(self) -> bool: ...

    @property
    def live(self) -> LiveModel: ...

    @property
    def messages(self) -> MessageRing: ...

    @property
    def queries(self) -> QueryPool: ...

    @property
    def history(self) -> HistoryPort:
        """Loads the database library when it is first asked for: only in query jobs."""
        ...

    def snapshot(self) -> EngineStatus: ...

    def submit(self, command: Command) -> None: ...

    def explain(self, values: Values, flags: tuple[int, ...]) -> Explanation: ...

    def limits(self) -> Mapping[str, tuple[float, float, float, float]]: ...

    def export_csv(self, request: ExportRequest) -> QueryHandle[int]: ...

    def count_export(self, request: ExportRequest) -> QueryHandle[int]: ...
