"""The strips of the History page over one time axis: drawn together, one cursor, one selection."""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from time import perf_counter

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.ui.charts.envelope import Trace
from harit_desktop.ui.charts.frame import TimeView
from harit_desktop.ui.charts.strip_stack import WIDE_FROM_PX
from harit_desktop.ui.charts.time_axis import TimeAxis
from harit_desktop.ui.charts.time_ticks import time_ticks
from harit_desktop.ui.extras.extra_frames import ExtraFrames
from harit_desktop.ui.extras.extra_series import ExtraSeries
from harit_desktop.ui.extras.names import quantity_number, quantity_value
from harit_desktop.ui.history.compare_frame import CompareFrame, FrameMaker, HistoryScene
from harit_desktop.ui.history.history_chart import ChipRow
from harit_desktop.ui.history.history_data import HistoryData
from harit_desktop.ui.history.history_strip import LEAST_HEIGHT_PX, HistoryStrip
from harit_desktop.ui.history.history_texts import (
    chart_name,
    cursor_words,
    no_data,
    strip_description,
    strip_name,
    weekday_moment,
)
from harit_desktop.ui.history.note_lane import NoteLane
from harit_desktop.ui.history.readout import HistoryCursor, Readout
from harit_desktop.ui.history.spans import Span
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES, Tokens, set_look

ZOOM_STEP = 0.8
PAN_PART = 0.1
SETTLE_MS = 140
"""So long after the last step of a movement everything is drawn again in full."""
_SECONDS_BELOW_US = 3600 * US_PER_S


class HistoryStack(QWidget):
    """Draws what it is told; says what the mouse and the keys ask for."""

    resized = Signal()
    zoomed = Signal(float, object, str)
    """Show so many times the time, around this instant; the gesture's name."""
    panned = Signal(object, str)
    back_asked = Signal()
    selecting = Signal(object)
    """The range under the mouse or between the keys, None for none."""
    selected = Signal(object)
    menu_asked = Signal(QPoint, object)
    anomaly_asked = Signal(str, object)
    """Select what is flagged in this channel near this instant (None: anywhere in view)."""
    settled = Signal()

    def __init__(
        self,
        data: HistoryData,
        tokens: Tokens,
        extras: ExtraSeries | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._data = data
        self._tokens = tokens
        self._frames = FrameMaker(data)
        self._extras = ExtraSeries() if extras is None else extras
        self._extra_frames = ExtraFrames(data, self._extras)
        self._cursor = HistoryCursor(data)
        self._selection: Span | None = None
        self._anchor_us: int | None = None
        self._lead: str | None = None
        self._names: Mapping[str, str] = {}
        self.view = TimeView(0, 1, 1)
        self.last_draw_ms = 0.0
        self.draw_count = 0
        self.strips = [HistoryStrip(channel, tokens) for channel in CHANNELS]
        self.extra_strips: dict[str, HistoryStrip] = {}
        self.lane = NoteLane(tokens)
        self.axis = TimeAxis(tokens)
        self._resolution = ElidedLabel("", self.axis)
        self._resolution.setObjectName("history.resolution")
        set_look(self._resolution, class_="caption muted")
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.settled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for strip in self.strips:
            column.addWidget(strip, 1)
        column.addWidget(self.lane)
        column.addWidget(self.axis)
        for strip in self.strips:
            self._connect(strip)
        self.set_tokens(tokens)

    def _connect(self, strip: HistoryStrip) -> None:
        chart = strip.chart
        chart.hovered.connect(self._hover)
        chart.unhovered.connect(self._unhover)
        chart.dragged.connect(self._drag)
        chart.drag_ended.connect(self._end_selection)
        chart.clicked.connect(self._click)
        chart.zoomed.connect(self._wheel)
        chart.panned.connect(lambda turns: self._pan(turns, "wheel"))
        chart.zoomed_out.connect(lambda x: self.zoomed.emit(2.0, self.view.time_at(x), ""))
        chart.menu_asked.connect(lambda point, x: self.menu_asked.emit(point, self.view.time_at(x)))
        strip.cursor_stepped.connect(self._step_cursor)
        strip.cursor_jumped.connect(self._jump_cursor)
        strip.strip_left.connect(partial(self._leave_strip, strip))
        strip.escaped.connect(self._escape)
        strip.entered.connect(partial(self._enter, strip))
        strip.selection_begun.connect(self._begin_selection)
        strip.zoom_asked.connect(self._key_zoom)
        strip.pan_asked.connect(lambda steps: self._pan(steps, "keys"))
        strip.back_asked.connect(self.back_asked)
        strip.menu_asked.connect(lambda point: self.menu_asked.emit(point, self._here_us()))

    # -- what is shown -----------------------------------------------------------------

    @property
    def shown(self) -> list[HistoryStrip]:
        """The strips of the chosen channels, from above, with those of extra channels."""
        return [strip for strip in self._all() if not strip.isHidden()]

    @property
    def cursor_us(self) -> int | None:
        return self._cursor.time_us

    @property
    def selection(self) -> Span | None:
        return self._selection

    @property
    def header_width(self) -> int:
        return self.strips[0].header.width()

    def strip(self, key: str) -> HistoryStrip:
        """The strip of a channel, or of an extra one that was shown; KeyError for others."""
        return self.strips[CHANNEL_INDEX[key]] if key in CHANNEL_INDEX else self.extra_strips[key]

    def set_channels(self, keys: Sequence[str]) -> None:
        """Shows the strips of these channels."""
        for strip in self.strips:
            strip.setVisible(strip.channel.key in keys)
        self._share_height()

    def set_extras(self, keys: Sequence[str]) -> bool:
        """Shows the strips of these extra channels below the others; whether that changed."""
        before = [key for key, strip in self.extra_strips.items() if not strip.isHidden()]
        if before == list(keys):
            return False
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        for strip in self.extra_strips.values():
            strip.hide()
            column.removeWidget(strip)
        known, self.extra_strips = self.extra_strips, {}
        for key in keys:
            strip = known.pop(key) if key in known else self._make_extra(key)
            self.extra_strips[key] = strip
            column.insertWidget(column.indexOf(self.lane), strip, 1)
            strip.show()
        self.extra_strips |= known
        for first, second in itertools.pairwise(self._all()):
            QWidget.setTabOrder(first, second)
        self._share_height()
        self._size_headers()
        return True

    def _make_extra(self, key: str) -> HistoryStrip:
        strip = HistoryStrip(EXTRA_BY_KEY[key], self._tokens)
        self._connect(strip)
        strip.set_tokens(self._tokens)
        strip.chart.set_selection(self._selection)
        return strip

    def _all(self) -> list[HistoryStrip]:
        return [*self.strips, *self.extra_strips.values()]

    def _share_height(self) -> None:
        """More strips than the seven are lower, so that the page needs no more room."""
        shown = self.shown
        least_px = LEAST_HEIGHT_PX * min(len(CHANNELS), len(shown)) // max(1, len(shown))
        for strip in shown:
            strip.setMinimumHeight(least_px)
        self.updateGeometry()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        for strip in self._all():
            strip.set_tokens(tokens)
        self.lane.set_tokens(tokens)
        self.axis.set_tokens(tokens)
        self._size_headers()

    def set_words(self) -> None:
        for strip in self._all():
            strip.set_words()

    def fit_afresh(self) -> None:
        """Lets the value axes fit anew with the next drawing."""
        self._frames.reset()
        self._extra_frames.reset()

    def plot_width(self) -> int:
        return self.shown[0].chart.plot_width() if self.shown else 1

    def view_of(self, span: Span) -> TimeView:
        """A stretch in whole pixels, so that a step always moves by some; a little more than it,
        or the newest reading would lie on the edge."""
        width_px = self.plot_width()
        us_per_px = max(1, -(-span.length_us // max(1, width_px - 2)))
        end_us = (span.to_us // us_per_px + 1) * us_per_px
        return TimeView(end_us - us_per_px * width_px, end_us, width_px)

    def draw(self, scene: HistoryScene, empty_text: str) -> None:
        """Draws every strip that is shown, and the axis."""
        began_s = perf_counter()
        view = scene.view
        ticks = tuple(time_ticks(view.start_us, view.time_at(view.width_px - 2)))
        scene = scene._replace(ticks=ticks)
        self.view, self._lead, self._names = view, scene.lead, scene.names
        for place, strip in enumerate(self.shown):
            frame = self._frame(strip, scene, empty_text, place == 0)
            strip.chart.show_frame(frame)
            focus = frame.focus
            strip.chart.setProperty("points", 0 if focus is None else focus.size)
        self.axis.show_view(view, ticks, self.header_width)
        self.lane.show_view(view, self.header_width)
        self._cursor.settle(view)
        self._place_cursor()
        if not scene.quick:
            self._describe()
        self.draw_count += 1
        self.last_draw_ms = (perf_counter() - began_s) * 1000

    def _frame(
        self, strip: HistoryStrip, scene: HistoryScene, empty_text: str, first: bool
    ) -> CompareFrame:
        key, height_px = strip.channel.key, strip.chart.height()
        if key in CHANNEL_INDEX:
            channel = CHANNEL_INDEX[key]
            return self._frames.frame(channel, scene, height_px, empty_text, first)
        return self._extra_frames.frame(key, scene, height_px)

    def _trace(self, publisher_id: str, key: str) -> Trace | None:
        if key not in CHANNEL_INDEX:
            return self._extras.trace(publisher_id, key)
        span = Span(self.view.start_us, self.view.end_us)
        return self._data.trace(publisher_id, CHANNEL_INDEX[key], span)

    def _read(self, key: str) -> tuple[Readout, ...]:
        """What the compared devices read at the cursor; of extra channels those that have it."""
        found = self._cursor.read_of(lambda known: self._trace(known, key), self.view)
        if key in CHANNEL_INDEX:
            return found
        return tuple(one for one in found if self._extras.is_loaded(one.publisher_id, key))

    def show_resolution(self, text: str, whole: str) -> None:
        """What a point of the lines stands for, in the corner beside the time axis."""
        self._resolution.setText(text)
        self._resolution.setAccessibleName(whole)
        self._resolution.setToolTip(whole)

    def moves(self) -> None:
        """The view is being moved: `settled` comes when it has stopped."""
        self._settle.start()

    @property
    def moving(self) -> bool:
        return self._settle.isActive()

    def set_selection(self, selection: Span | None) -> None:
        """Marks a range in every strip."""
        self._selection = selection
        if selection is None:
            self._anchor_us = None
        for strip in self._all():
            strip.chart.set_selection(selection)

    def drop_cursor(self) -> None:
        self._cursor.drop()
        self._place_cursor()

    # -- the mouse ---------------------------------------------------------------------

    def _hover(self, x: float) -> None:
        if 0 <= x <= self.view.width_px:
            self._cursor.hover(x, self.view, self._lead)
            self._place_cursor()
        else:
            self._unhover()

    def _unhover(self) -> None:
        if self._cursor.by_mouse:
            self.drop_cursor()

    def _drag(self, first: float, second: float) -> None:
        ends = sorted((self.view.time_at(first), self.view.time_at(second)))
        self._anchor_us = None
        self._select(Span(*ends))

    def _click(self, x: float) -> None:
        at_us = self.view.time_at(x)
        chosen = self._selection
        if chosen is not None and not chosen.from_us <= at_us <= chosen.to_us:
            self._clear()

    def _wheel(self, turns: float, x: float) -> None:
        self.zoomed.emit(ZOOM_STEP**turns, self.view.time_at(x), "wheel")

    def _pan(self, turns: float, gesture: str) -> None:
        span_us = self.view.end_us - self.view.start_us
        self.panned.emit(int(-turns * PAN_PART * span_us), f"pan {gesture}")

    # -- the keys ----------------------------------------------------------------------

    def _step_cursor(self, readings: int) -> None:
        self._cursor.step(readings, self.view, self._lead)
        self._after_key()

    def _jump_cursor(self, newest: bool) -> None:
        self._cursor.jump(newest, self.view, self._lead)
        self._after_key()

    def _after_key(self) -> None:
        self._place_cursor()
        at_us = self._cursor.time_us
        if self._anchor_us is not None and at_us is not None:
            self._select(Span(*sorted((self._anchor_us, at_us))))
        self._describe()

    def _begin_selection(self) -> None:
        """S: from here on; a second S ends the range as Enter does."""
        if self._anchor_us is not None:
            self._end_selection()
            return
        if self._cursor.time_us is None:
            self._cursor.step(0, self.view, self._lead)
            self._place_cursor()
        self._anchor_us = self._cursor.time_us

    def _enter(self, strip: HistoryStrip) -> None:
        if self._anchor_us is not None:
            self._end_selection()
        else:
            self.anomaly_asked.emit(strip.channel.key, self._cursor.time_us)

    def _escape(self) -> None:
        if self._selection is not None or self._anchor_us is not None:
            self._clear()
        else:
            self.drop_cursor()

    def _key_zoom(self, turns: float) -> None:
        self.zoomed.emit(ZOOM_STEP ** (2 * turns), self._here_us(), "keys")

    def _here_us(self) -> int:
        middle_us = (self.view.start_us + self.view.end_us) // 2
        return middle_us if self._cursor.time_us is None else self._cursor.time_us

    def _leave_strip(self, strip: HistoryStrip, step: int) -> None:
        shown = self.shown
        at = min(max(shown.index(strip) + step, 0), len(shown) - 1)
        shown[at].setFocus(Qt.FocusReason.TabFocusReason)

    # -- selection and cursor ----------------------------------------------------------

    def _select(self, span: Span) -> None:
        anchor_us = self._anchor_us
        self.set_selection(span)
        self._anchor_us = anchor_us
        self.selecting.emit(span)

    def _end_selection(self) -> None:
        self._anchor_us = None
        if self._selection is not None and self._selection.length_us > 0:
            self.selected.emit(self._selection)
        else:
            self._clear()

    def _clear(self) -> None:
        self.set_selection(None)
        self.selecting.emit(None)
        self.selected.emit(None)

    def _place_cursor(self) -> None:
        at_us = self._cursor.time_us
        for strip in self.shown:
            rows: tuple[ChipRow, ...] = ()
            if at_us is not None:
                rows = self._rows(strip)
            strip.chart.set_cursor_at(at_us, rows)
        self.axis.set_cursor(at_us)

    def _rows(self, strip: HistoryStrip) -> tuple[ChipRow, ...]:
        key = strip.channel.key
        found = self._read(key)
        alone = len(found) == 1
        rows = []
        for one in found:
            text = quantity_value(key, one.value) if alone else quantity_number(key, one.value)
            rows.append(ChipRow(one.slot, no_data() if one.value is None else text, one.value))
        return tuple(rows)

    def _describe(self) -> None:
        """The texts of the strips for a screen reader."""
        span = Span(self.view.start_us, self.view.end_us)
        names = [self._names.get(known, known) for known in self._data.compared()]
        for strip in self.shown:
            channel = strip.channel
            of = None if self._lead is None else self._trace(self._lead, channel.key)
            frame = strip.chart.frame_shown
            lines = () if frame is None else frame.lines
            alarms = sum(len(one.runs.onsets) for one in lines if one.publisher_id == self._lead)
            told = strip_description(channel, of, span, alarms, self._cursor_words(strip))
            strip.describe(strip_name(channel, names), chart_name(channel), told)

    def _cursor_words(self, strip: HistoryStrip) -> str:
        at_us = self._cursor.time_us
        if at_us is None or self._cursor.by_mouse:
            return ""
        key = strip.channel.key
        readings = [
            (
                self._names.get(one.publisher_id, one.publisher_id),
                no_data() if one.value is None else quantity_value(key, one.value),
            )
            for one in self._read(key)
        ]
        seconds = self.view.end_us - self.view.start_us < _SECONDS_BELOW_US
        return cursor_words(weekday_moment(at_us, seconds), readings)

    def _size_headers(self) -> None:
        wide = self.width() >= WIDE_FROM_PX
        width_px = SIZES.strip_header_wide if wide else SIZES.strip_header
        # Name and unit need less room than the values of the Live page.
        width_px = round((width_px - 46) * max(1.0, text_scale()))
        for strip in self._all():
            strip.set_header_width(width_px)
        self._resolution.setGeometry(12, 0, width_px - 14, self.axis.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._size_headers()
        self.resized.emit()
