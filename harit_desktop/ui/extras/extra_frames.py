"""What one extra strip of the History page shows: a line for each device that has the channel."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.ui.charts.alarm_runs import NO_RUNS
from harit_desktop.ui.charts.envelope import line
from harit_desktop.ui.charts.value_range import ValueRange
from harit_desktop.ui.extras.extra_series import ExtraSeries
from harit_desktop.ui.history.compare_frame import (
    ComparedLine,
    CompareFrame,
    HistoryScene,
    axis_ticks,
    axis_unit,
    lead_gaps,
)
from harit_desktop.ui.history.history_data import HistoryData

MIN_SPANS: dict[str, float] = {
    "EC": 40.0,
    "Salinity": 20.0,
    "Light": 100.0,
    "Temperature2": 2.0,
    "AirTemperature": 2.0,
    "AirHumidity": 4.0,
    "MoistureRaw": 20.0,
    "Battery": 4.0,
    "BatteryVoltage": 0.2,
    "RSSI": 6.0,
    "SNR": 4.0,
    "LinkQuality": 10.0,
}
"""The smallest height of a channel's value axis, in its unit."""
_CONTEXT = "Extras"


class ExtraFrames:
    """Makes frames and keeps a value range for each extra channel."""

    def __init__(self, data: HistoryData, series: ExtraSeries) -> None:
        self._data = data
        self._series = series
        self._ranges = {key: ValueRange(span) for key, span in MIN_SPANS.items()}

    def reset(self) -> None:
        """Lets every value axis fit afresh."""
        for value_range in self._ranges.values():
            value_range.reset()

    def frame(self, key: str, scene: HistoryScene, height_px: int) -> CompareFrame:
        """The frame of a channel. There are no limits for it, and no flags: nothing judges it."""
        lines = self._lines(key, scene)
        value_range = self._ranges[key]
        if lines:
            low = min(float(one.line.low.min()) for one in lines)
            high = max(float(one.line.high.max()) for one in lines)
            value_range.follow(low, high, scene.now_us)
        of = None if scene.lead is None else self._series.trace(scene.lead, key)
        gaps = lead_gaps(of, scene)
        focus = next((one.line for one in lines if one.publisher_id == scene.lead), None)
        return CompareFrame(
            view=scene.view,
            ticks=scene.ticks,
            low=value_range.low,
            high=value_range.high,
            value_ticks=axis_ticks(value_range, height_px),
            unit=axis_unit(EXTRA_BY_KEY[key].unit, height_px),
            focus=focus,
            context=tuple(one.line for one in lines if one.publisher_id != scene.lead),
            empty_text="" if lines else self._empty_text(key),
            simulated_text=scene.simulated,
            lines=lines,
            gaps=tuple(named.gap for named in gaps),
            named_gaps=gaps,
            notes_us=scene.notes_us,
            quick=scene.quick,
        )

    def _lines(self, key: str, scene: HistoryScene) -> tuple[ComparedLine, ...]:
        made = []
        view = scene.view
        for publisher_id in self._data.compared():
            of = self._series.trace(publisher_id, key)
            drawn = None if of is None else line(of, view.start_us, view.end_us, view.width_px)
            if drawn is None or drawn.size == 0:
                continue
            name = scene.names.get(publisher_id, publisher_id)
            slot = self._data.slots[publisher_id]
            made.append(ComparedLine(publisher_id, name, slot, drawn, NO_RUNS))
        return tuple(made)

    def _empty_text(self, key: str) -> str:
        tr = QCoreApplication.translate
        having = [
            publisher_id
            for publisher_id in self._data.compared()
            if (device := self._data.devices.get(publisher_id)) is not None and device.extra(key)
        ]
        if any(not self._series.is_loaded(publisher_id, key) for publisher_id in having):
            return tr("History", "Reading the store…")
        return tr(_CONTEXT, "No such values in this range")
