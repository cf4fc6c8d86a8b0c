"""Seven strips over one time axis: draws them together and shares the cursor."""

from collections.abc import Mapping
from functools import partial
from time import perf_counter

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.ui.charts.cursor import TimeCursor
from harit_desktop.ui.charts.empty_texts import empty_text, points_in_view
from harit_desktop.ui.charts.envelope import Trace
from harit_desktop.ui.charts.frame import Limits, TimeView, view_until
from harit_desktop.ui.charts.live_data import LiveData
from harit_desktop.ui.charts.series import SeriesData
from harit_desktop.ui.charts.strip import Strip
from harit_desktop.ui.charts.strip_frames import FrameBuilder, Scene
from harit_desktop.ui.charts.time_axis import TimeAxis
from harit_desktop.ui.charts.time_ticks import time_ticks
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES, Tokens

WIDE_FROM_PX = 1200
REST_MS = 150
"""So long a cursor stays where it is before the store is asked about what is there."""
_MOVED_PX = 1.0


class StripStack(QWidget):
    """Draws what `data` holds when told to; knows when a reading would change the picture."""

    resized = Signal()
    freeze_asked = Signal()
    why_asked = Signal()
    """The cursor rests on a flagged reading of which the reason is not known."""

    def __init__(self, data: LiveData, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = data
        self._frames = FrameBuilder(data)
        self._cursor = TimeCursor(data)
        self._drawn: dict[str, tuple[int, tuple[float, ...]]] = {}
        self._scene: Scene | None = None
        self._left: list[int] = []
        self.view = TimeView(0, 1, 1)
        self.last_draw_ms = 0.0
        self.draw_count = 0
        self._why = QTimer(self)
        self._why.setSingleShot(True)
        self._why.setInterval(REST_MS)
        self._why.timeout.connect(self.why_asked)
        self.strips = [Strip(channel, tokens) for channel in CHANNELS]
        self.axis = TimeAxis(tokens)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for strip in self.strips:
            column.addWidget(strip, 1)
        column.addWidget(self.axis)
        self._connect()
        self.set_tokens(tokens)

    def _connect(self) -> None:
        for strip in self.strips:
            strip.chart.hovered.connect(self._hover)
            strip.chart.unhovered.connect(self._unhover)
            strip.cursor_stepped.connect(self._step_cursor)
            strip.cursor_jumped.connect(self.jump_cursor)
            strip.cursor_dropped.connect(self.drop_cursor)
            strip.strip_left.connect(partial(self._leave_strip, strip))
            strip.freeze_asked.connect(self.freeze_asked)

    def set_tokens(self, tokens: Tokens) -> None:
        for strip in self.strips:
            strip.set_tokens(tokens)
        self.axis.set_tokens(tokens)
        self._size_headers()

    def fit_afresh(self) -> None:
        """Lets the value axes fit anew with the next drawing."""
        self._frames.reset()

    def view_at(self, now_us: int) -> TimeView:
        """The view that a drawing at this instant would show."""
        width_px = self.strips[0].chart.plot_width()
        return view_until(self._data.end_us(now_us), self._data.span_us(now_us), width_px)

    def has_moved(self, publisher_id: str, added: SeriesData) -> bool:
        """Whether new readings would move a line by a pixel from where it was drawn."""
        drawn = self._drawn.get(publisher_id)
        if drawn is None:
            return True
        column, ends = drawn
        if self.view.column_of(int(added.time_us.max())) != column:
            return True
        for i, strip in enumerate(self.strips):
            values = self._data.shown_values(publisher_id, added, i)
            for value in (values.min(), values.max()):
                if abs(strip.chart.y_of(float(value)) - ends[i]) >= _MOVED_PX:
                    return True
        return False

    def draw(
        self,
        now_us: int,
        limits: Mapping[str, Limits],
        simulated: bool,
        until_us: int | None = None,
    ) -> None:
        """Draws every strip and the axis as of an instant; nothing newer than `until_us`."""
        self.begin(now_us, limits, simulated, until_us)
        self.go_on(len(self.strips))

    def begin(
        self,
        now_us: int,
        limits: Mapping[str, Limits],
        simulated: bool,
        until_us: int | None = None,
    ) -> None:
        """Prepares a drawing; `go_on` then draws the strips, all in the same view."""
        began_s = perf_counter()
        view = self.view = self.view_at(now_us)
        # A tick on the value axis itself would only thicken it.
        ticks = tuple(time_ticks(view.start_us, view.time_at(view.width_px - 2)))
        mark = self.tr("Simulated data") if simulated else ""
        self._scene = Scene(view, now_us, ticks, limits, mark, until_us or view.end_us)
        self._left = list(range(len(self.strips)))
        self.axis.show_view(view, ticks, self.strips[0].header.width())
        self._cursor.until_us = until_us
        self.last_draw_ms = (perf_counter() - began_s) * 1000

    @property
    def is_drawing(self) -> bool:
        """Whether strips are left to draw of what was begun."""
        return bool(self._left)

    def go_on(self, strips: int) -> None:
        """Draws so many of the strips that are left, and the cursor after the last one."""
        began_s = perf_counter()
        scene = self._scene
        if scene is None or not self._left:
            return
        for i in self._left[:strips]:
            self._draw_strip(i, self.strips[i], scene)
        del self._left[:strips]
        if not self._left:
            self._cursor.settle(self.view)
            self._place_cursor()
            self._remember_ends()
            self.draw_count += 1
        self.last_draw_ms += (perf_counter() - began_s) * 1000

    def flag_kinds(self) -> frozenset[Flag]:
        """Which quality marks are in view."""
        return frozenset().union(*(strip.chart.flag_kinds for strip in self.strips))

    def _draw_strip(self, i: int, strip: Strip, scene: Scene) -> None:
        of = self.focus_trace(i)
        data = self._data
        fetched = data.is_fetched(data.focus)
        text = empty_text(
            strip.channel,
            data.focus_device,
            of,
            scene.view,
            scene.now_us,
            fetched,
            data.partial_text(),
        )
        state = str(strip.property("state"))
        chart = strip.chart
        chart.show_frame(self._frames.frame(i, scene, state, chart.height(), text))
        chart.setProperty("points", points_in_view(of, scene.view))

    def focus_trace(self, channel: int) -> Trace | None:
        focus = self._data.focus
        return None if focus is None else self._data.trace(focus, channel)

    def _remember_ends(self) -> None:
        self._drawn.clear()
        for known in self._data.shown():
            data = self._data.data(known)
            if data is not None and data.size:
                newest = data.take(slice(-1, None))
                ends = [
                    strip.chart.y_of(float(self._data.shown_values(known, newest, i)[0]))
                    for i, strip in enumerate(self.strips)
                ]
                self._drawn[known] = (self.view.column_of(int(data.time_us[-1])), tuple(ends))

    # The cursor.

    def settle_cursor(self) -> None:
        """Lets a cursor on the newest reading go with it where nothing is drawn anew."""
        if self._cursor.follows:
            self._cursor.settle(self.view)
            self._place_cursor()

    def jump_cursor(self, newest: bool) -> None:
        """To the newest reading, where it stays, or to the oldest in view."""
        self._cursor.jump(newest, self.view)
        self._place_cursor()

    def drop_cursor(self) -> None:
        self._cursor.drop()
        self._place_cursor()

    @property
    def cursor_us(self) -> int | None:
        return self._cursor.time_us

    def _hover(self, x: float) -> None:
        if 0 <= x <= self.view.width_px:
            self._cursor.hover(x, self.view)
            self._place_cursor()
        else:
            self._unhover()

    def _unhover(self) -> None:
        if self._cursor.by_mouse:
            self.drop_cursor()

    def _step_cursor(self, readings: int) -> None:
        self._cursor.step(readings, self.view)
        self._place_cursor()

    def _place_cursor(self) -> None:
        for i, strip in enumerate(self.strips):
            mark = self._cursor.mark(i, self.focus_trace(i), self.view)
            strip.chart.set_cursor(mark)
        self.axis.set_cursor(self._cursor.time_us)
        if self.asks_why() is None:
            self._why.stop()
        else:
            self._why.start()

    def asks_why(self) -> int | None:
        """The instant under the cursor of which the reason of a flag is not known."""
        return self._cursor.asks_why(map(self.focus_trace, range(len(self.strips))))

    def explain_cursor(self) -> None:
        """Shows the reasons that have come meanwhile."""
        self._place_cursor()

    def _leave_strip(self, strip: Strip, step: int) -> None:
        at = self.strips.index(strip)
        self.strips[min(max(at + step, 0), len(self.strips) - 1)].setFocus(
            Qt.FocusReason.TabFocusReason
        )

    def _size_headers(self) -> None:
        wide = self.width() >= WIDE_FROM_PX
        width_px = SIZES.strip_header_wide if wide else SIZES.strip_header
        # A pixel of each strip is the line above it.
        least_px = (self.height() - self.axis.sizeHint().height()) // len(self.strips) - 1
        for strip in self.strips:
            strip.set_header_width(round(width_px * max(1.0, text_scale())))
            strip.header.set_least_height(least_px)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._size_headers()
        self.resized.emit()
