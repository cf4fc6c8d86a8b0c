"""Feeds the soil-health panel: the judgement of the newest reading and a day's trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.panels.health_texts import explains
from harit_desktop.ui.panels.soil_health import SoilHealthPanel

if TYPE_CHECKING:
    from harit_desktop.domain.analysis import Explanation
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

TREND_POINTS = 240
TREND_EVERY_US = 60 * US_PER_S
RETRY_US = 2 * US_PER_S


class HealthFeed:
    """Explains each new reading of the focus device once, and reads its trend now and then."""

    def __init__(self, engine: Engine, panel: SoilHealthPanel) -> None:
        self._engine = engine
        self._panel = panel
        self._device: DeviceState | None = None
        self._explanation: Explanation | None = None
        self._explained_by: object = None
        self._trend_of = ""
        self._trend_due_us = 0
        self._loading: QueryHandle | None = None

    def show_device(self, device: DeviceState | None, now_us: int) -> None:
        """Shows the device's newest reading; the same one again refreshes its age."""
        analysis_settings = self._engine.settings.analysis
        if device != self._device or analysis_settings is not self._explained_by:
            self._device, self._explained_by = device, analysis_settings
            self._explanation = None if device is None else self._explain(device)
        self._panel.set_reading(device, self._explanation, now_us)
        name = device.publisher_id if device else ""
        if name != self._trend_of:
            self._trend_of, self._trend_due_us = name, 0
            self._panel.set_trend([], [])

    def _explain(self, device: DeviceState) -> Explanation | None:
        """How the stored index came about; None where the present settings do not tell."""
        found = self._engine.explain(device.values, device.analysis.flags)
        return found if explains(found, device.analysis) else None

    def poll(self, now_us: int) -> None:
        """Takes a trend that was read and asks for the next one when it is due."""
        if self._loading is not None and self._loading.done:
            handle, self._loading = self._loading, None
            if handle.value is None:
                self._trend_due_us = now_us + RETRY_US
            elif handle.value[0] == self._trend_of:
                self._panel.set_trend(*handle.value[1])
        if self._trend_of and self._loading is None and now_us >= self._trend_due_us:
            self._trend_due_us = now_us + TREND_EVERY_US
            self._loading = self._ask(self._trend_of, now_us)

    def _ask(self, publisher_id: str, now_us: int) -> QueryHandle:
        def read(handle: QueryHandle) -> tuple[str, tuple[object, object]]:
            series = self._engine.history.series(
                publisher_id,
                now_us - US_PER_DAY,
                now_us + US_PER_S,
                TREND_POINTS,
                lambda: handle.token.cancelled,
            )
            return publisher_id, (series.time_us, series.index)

        return self._engine.queries.submit("trend", read)
