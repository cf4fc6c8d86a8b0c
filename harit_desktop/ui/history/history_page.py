"""The History page: a range of the store, several devices, one time axis."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.notes import ChartNote
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.charts.frame import Limits
from harit_desktop.ui.device_names import device_label, record_of
from harit_desktop.ui.extras.extra_series import ExtraSeries
from harit_desktop.ui.extras.page_extras import STATE_KEY, PageExtras
from harit_desktop.ui.history.compare_frame import HistoryScene
from harit_desktop.ui.history.compare_list import CompareList
from harit_desktop.ui.history.data_table import DataTable
from harit_desktop.ui.history.gap_texts import GapEnds, gap_words
from harit_desktop.ui.history.history_data import HistoryData
from harit_desktop.ui.history.history_feed import HistoryFeed
from harit_desktop.ui.history.history_stack import HistoryStack
from harit_desktop.ui.history.history_texts import bucket_short, bucket_text
from harit_desktop.ui.history.overview import Overview
from harit_desktop.ui.history.page_notes import PageNotes
from harit_desktop.ui.history.page_state import empty_text, page_state
from harit_desktop.ui.history.range_bar import RangeBar
from harit_desktop.ui.history.selection_panel import SelectionPanel
from harit_desktop.ui.history.selection_side import SelectionSide
from harit_desktop.ui.history.spans import CUSTOM, Span, Views
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import Tokens
from harit_desktop.ui.time_ranges import RANGES_S

if TYPE_CHECKING:
    from harit_desktop.domain.calibration import Corrections
    from harit_desktop.runtime.engine import Engine

FIRST_RANGE = "7d"
FIRST_CHANNELS = ("N", "CO2", "Temperature", "Moisture", "pH")
OVERVIEW_CHANNEL = "Moisture"
PROGRESS_AFTER_S = 0.5
LOADING_MS = 20
"""While something is read the answer is looked for so often; the frame clock is too slow."""
PIECES_MS = 120
"""While anything is still read, what has come is drawn no more often."""
PIECES_APART = 8
"""Nor for more than one part in so many of the time: reading and drawing share processors."""
LOW_PAGE_PX = 430
"""Below this height the strips need the overview's room."""
WIDEST_GAPS = 60
_GAP_PX = 8
"""Narrower gaps have no words, so that nobody asks for their reason."""


class HistoryPage(QWidget):
    """`page.history`. Reads through the engine's query pool and draws only while active.

    Call `poll` on every beat of the frame clock, `set_active` when the page is shown or left.
    """

    export_asked = Signal(object, object, object)
    """Export the readings from, to (UTC microseconds), of these device ids."""

    def __init__(self, engine: Engine, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page.history")
        self._engine = engine
        self._now_us = time.time_ns() // 1000
        self._book = DeviceBook()
        self._corrections: Corrections | None = None
        self._names: dict[str, str] = {}
        self._limits: dict[str, Limits] = {}
        self._limits_s = -1
        self._focus: str | None = None
        self._away = ""
        self._active = False
        self._dirty = True
        self._drawn_s = 0.0
        self._chosen_by_hand = False
        self._keys: tuple[str, ...] = FIRST_CHANNELS
        self._data = HistoryData()
        self._feed = HistoryFeed(engine, self._data)
        self._views = Views(FIRST_RANGE, self._now_us)
        self._tokens = tokens
        self.bar = RangeBar()
        self.compare = CompareList(tokens)
        extras = ExtraSeries()
        self.stack = HistoryStack(self._data, tokens, extras)
        menu = self.compare.extras
        self.extras = PageExtras(engine, self._data, extras, self.stack, menu, self)
        self.overview = Overview(tokens)
        self.table = DataTable()
        self.selection_panel = SelectionPanel(tokens)
        self._progress = QProgressBar()
        self._message = dialog_parts.sentences("history.message", "dense", "warn")
        self._middle = QStackedWidget()
        self._charts = QWidget()
        self._side = SelectionSide(engine, self._data, self.selection_panel, self)
        self.notes = PageNotes(engine, self._feed, self.stack.lane, self)
        self._draw_soon = QTimer(self)
        self._loading = QTimer(self)
        self._build()
        self._connect()
        self.stack.set_channels(self._keys)
        self.compare.set_channels(self._keys)
        self.set_words()

    # -- what the window tells ---------------------------------------------------------

    def set_active(self, active: bool) -> None:
        """Whether the page is on the screen; one that is not reads and draws nothing."""
        if active == self._active:
            return
        self._active = active
        if active:
            self._dirty = True
            self._schedule()
        else:
            self._loading.stop()
            self._feed.cancel()
            self.extras.cancel()

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes the colours of a theme, and the text size that the application has now."""
        self._tokens = tokens
        for part in (self.compare, self.stack, self.overview, self.selection_panel):
            part.set_tokens(tokens)
        self._change()

    def set_devices(self, devices: Sequence[DeviceState], now_us: int) -> None:
        """Takes the devices, in the order of the list."""
        self._now_us = now_us
        before = set(self._data.devices)
        self._data.set_devices(devices)
        self.extras.follow()
        if self._focus is None and devices:
            self.set_focus(devices[0].publisher_id)
        if before != set(self._data.devices):
            self._show_devices()

    def set_focus(self, publisher_id: str | None) -> None:
        """The device chosen in the list: it leads, and is among those compared."""
        before, self._focus = self._focus, publisher_id
        if publisher_id is None or publisher_id == before:
            return
        alone = not self._chosen_by_hand and before is not None
        if alone and before in self._data.slots and publisher_id not in self._data.slots:
            self._data.replace(str(before), publisher_id)
        elif not self._data.compare(publisher_id):
            last = self._data.compared()[-1]
            self._data.replace(last, publisher_id)
        self._compared()

    def set_away(self, text: str) -> None:
        """Takes that a part of the store does not answer, in words; "" where all does."""
        before, self._away = self._away, text
        if before and not text:
            self.read_again()
        if before != text:
            self._show_message()

    def read_again(self) -> None:
        """Everything is read anew; what is drawn stays until it comes."""
        self._data.doubt()
        self.extras.doubt()

    def forget(self) -> None:
        """Another store is open: nothing that was read holds."""
        self._feed.cancel()
        self._data.forget()
        self.extras.forget()
        self._views.set_stored(None)
        self._choose_span(None)
        self._change(afresh=True)

    def poll(self, now_us: int) -> None:
        """Moves on with the time: takes what was read, asks for more, draws what changed."""
        self._now_us = now_us
        if not self._active:
            return
        self._follow_engine()
        self._poll_feed()
        before = self.stack.view
        if self._views.follows:
            self._views.follow(now_us)
            if self.stack.view_of(self._views.span) != before:
                self._dirty = True
        if self._dirty and not self.stack.moving and self._may_draw():
            self._draw_now()

    def show_span(self, from_us: int, to_us: int, publisher_id: str | None = None) -> None:
        """Shows a stretch of time, of a device if one is named: "See in History"."""
        if publisher_id is not None:
            self.set_focus(publisher_id)
        self._views.set_span(Span(from_us, to_us))
        self._change(afresh=True)

    def set_range(self, key: str) -> None:
        """Shows a range of RANGES_S; ValueError for anything else."""
        self._views.set_key(key)
        self._change(afresh=True)

    def state(self) -> dict[str, str]:
        """What to show again at the next start."""
        key = self._views.key
        return {
            "range": key if key != CUSTOM else FIRST_RANGE,
            "channels": " ".join(self._keys),
            "compare": "\n".join(self._data.compared()) if self._chosen_by_hand else "",
            STATE_KEY: self.extras.state(),
        }

    def restore(self, state: Mapping[str, str]) -> None:
        """Takes what `state` gave; what is no longer known is left out."""
        if state.get("range") in RANGES_S:
            self._views.set_key(state["range"])
        known = [key for key in state.get("channels", "").split(" ") if key in CHANNEL_INDEX]
        if known:
            self._choose_channels(tuple(known))
            self.compare.set_channels(known)
        self.extras.restore(state)
        for publisher_id in filter(None, state.get("compare", "").split("\n")):
            self._chosen_by_hand = True
            self._data.compare(publisher_id)
        self._compared()

    def place_panel(self, panel: QWidget) -> None:
        """Takes the selection panel where the window has no room for it at its side."""
        self._side.place(panel)

    # -- for the window and tests ------------------------------------------------------

    @property
    def span(self) -> Span:
        """The stretch of time that is shown."""
        return self._views.span

    @property
    def selection(self) -> Span | None:
        """The stretch that is selected in the charts."""
        return self.stack.selection

    @property
    def compared(self) -> list[str]:
        return self._data.compared()

    @property
    def lead(self) -> str | None:
        """The device whose gaps and flags are shown: the focus, if it is compared."""
        if self._focus in self._data.slots:
            return self._focus
        compared = self._data.compared()
        return compared[0] if compared else None

    @property
    def busy(self) -> bool:
        """Whether an answer of the store is awaited."""
        return self._feed.busy or self._side.busy or self.extras.busy

    # -- building ----------------------------------------------------------------------

    def _build(self) -> None:
        self._progress.setObjectName("history.progress")
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 0)
        self._progress.setFixedHeight(3)
        self._progress.hide()
        self._message.setContentsMargins(12, 2, 12, 4)
        self._message.hide()
        tools = QFrame()
        tools.setProperty("class", "bar")
        top = QVBoxLayout(tools)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(0)
        for widget in (self.bar, self.compare, self._message):
            top.addWidget(widget)
        column = QVBoxLayout(self._charts)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stack, 1)
        column.addWidget(self.overview)
        self._middle.addWidget(self._charts)
        self._middle.addWidget(self.table)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._middle, 1)
        row.addWidget(self._side)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(tools)
        page.addWidget(self._progress)
        page.addLayout(row, 1)

    def _connect(self) -> None:
        self._draw_soon.setSingleShot(True)
        self._draw_soon.timeout.connect(self._draw_now)
        self._loading.setInterval(LOADING_MS)
        self._loading.timeout.connect(self._poll_feed)
        self.bar.key_chosen.connect(self.set_range)
        self.bar.span_chosen.connect(lambda span: self._show(span, ""))
        self.compare.toggled.connect(self._toggle)
        self.compare.channels_chosen.connect(self._choose_channels)
        self.extras.changed.connect(self._change)
        stack = self.stack
        stack.zoomed.connect(self._zoom)
        stack.panned.connect(self._pan)
        stack.back_asked.connect(self.back)
        stack.selecting.connect(self._side.follow)
        stack.selected.connect(self._choose_span)
        stack.menu_asked.connect(self._open_menu)
        stack.anomaly_asked.connect(self._select_anomaly)
        stack.settled.connect(self._change)
        stack.resized.connect(self._change)
        self.overview.moved.connect(self._show)
        self.overview.back_asked.connect(self.back)
        self.selection_panel.zoom_asked.connect(self._zoom_to)
        self.selection_panel.export_asked.connect(self._export)
        shortcut = QShortcut(QKeySequence("Ctrl+T"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.toggle_table)

    def set_words(self) -> None:
        """Names everything in the present language."""
        self.setAccessibleName(self.tr("History"))
        self._progress.setAccessibleName(self.tr("Reading the store"))
        self.stack.set_words()

    # -- devices and channels ----------------------------------------------------------

    def _follow_engine(self) -> None:
        """Takes names, calibrations and limits that were changed."""
        if self._engine.corrections is not self._corrections:
            self._corrections = self._engine.corrections
            self._data.set_corrections(self._corrections)
            self._dirty = True
        if self._engine.book is not self._book:
            self._book = self._engine.book
            self._show_devices()
        second = self._now_us // US_PER_S
        if second != self._limits_s:
            self._limits_s = second
            limits = {
                key: Limits(*values) for key, values in self._engine.judgement.limits().items()
            }
            if limits != self._limits:
                self._limits = limits
                self._dirty = True

    def _show_devices(self) -> None:
        names = {}
        for publisher_id in dict.fromkeys((*self._data.devices, *self._data.slots)):
            hidden = record_of(self._book, publisher_id).hidden
            if not hidden or publisher_id in self._data.slots:
                names[publisher_id] = device_label(self._book, publisher_id)
        self._names = names
        self.compare.set_devices(names, self._data.slots)
        self._dirty = True

    def _toggle(self, publisher_id: str, on: bool) -> None:
        self._chosen_by_hand = True
        if on:
            self._data.compare(publisher_id)
        else:
            self._data.leave(publisher_id)
        self._compared()

    def _compared(self) -> None:
        """Other devices are compared."""
        self._show_devices()
        self.extras.follow()
        self._choose_span(self._side.span)
        self._change(afresh=True)

    def _choose_channels(self, keys: tuple[str, ...]) -> None:
        self._keys = keys
        self.stack.set_channels(keys)
        self._change()

    # -- the view ----------------------------------------------------------------------

    def back(self) -> None:
        """Shows what was shown before."""
        if self._views.back():
            self._change(afresh=True)

    def _show(self, span: Span, gesture: str) -> None:
        self._views.set_span(span, gesture, time.monotonic())
        self._moved(afresh=not gesture)

    def _zoom(self, factor: float, around_us: int, gesture: str) -> None:
        self._views.zoom(factor, around_us, gesture, time.monotonic())
        self._moved(afresh=True)

    def _pan(self, by_us: int, gesture: str) -> None:
        self._views.pan(by_us, gesture, time.monotonic())
        self._moved(afresh=False)

    def _zoom_to(self, span: Span) -> None:
        self._views.set_span(span)
        # The whole view would be marked: the panel goes on saying what it holds.
        self.stack.set_selection(None)
        self._change(afresh=True)

    def _moved(self, afresh: bool) -> None:
        """The view moves and may move on: drawn simply now, and in full when it rests."""
        self.stack.moves()
        self._change(afresh)

    def _change(self, afresh: bool = False) -> None:
        if afresh:
            self.stack.fit_afresh()
        self._dirty = True
        self._schedule()

    def _schedule(self) -> None:
        if self._active and not self._draw_soon.isActive():
            self._draw_soon.start(0)

    # -- drawing -----------------------------------------------------------------------

    def _poll_feed(self) -> None:
        if not self._active:
            return
        width_px = self.stack.plot_width()
        stored = self._data.stored()
        awaited = self._feed.incomplete
        came = self._feed.poll(self._views.span, width_px, self._now_us, self.stack.moving)
        if came:
            if self._data.stored() != stored:
                self._views.set_stored(self._data.stored())
            self.stack.lane.set_notes(self._notes())
            self._dirty = True
        if self.extras.poll(self._views.span, width_px, self._now_us):
            self._dirty = True
        if self._feed.poll_gaps(self.lead, self._gaps_in_view()):
            self._dirty = True
        self._side.poll()
        self._progress.setVisible(self._feed.waiting_s() > PROGRESS_AFTER_S)
        self._show_message()
        if self.busy:
            self._loading.start()
        else:
            self._loading.stop()
        complete = awaited and not self._feed.incomplete
        if self._dirty and (complete or self._may_draw()):
            self._schedule()

    def _may_draw(self) -> bool:
        """Not for each of the answers that come one after the other."""
        since_ms = (time.monotonic() - self._drawn_s) * 1000
        apart_ms = max(PIECES_MS, PIECES_APART * self.stack.last_draw_ms)
        return since_ms >= apart_ms or not self._feed.busy

    def _draw_now(self) -> None:
        if not self._active or not self.isVisible():
            return
        self._dirty = False
        self._side.set_words(self._keys, self._names, self._limits)
        self._drawn_s = time.monotonic()
        if self.overview.isHidden() != (self.height() < scaled(LOW_PAGE_PX)):
            self.overview.setVisible(self.height() >= scaled(LOW_PAGE_PX))
        span = self._views.span
        self.bar.show_span(self._views.key, span)
        bucket_us = self._data.bucket_us()
        self.stack.show_resolution(bucket_short(bucket_us), bucket_text(bucket_us))
        if self._middle.currentWidget() is self.table:
            self.table.show_readings(self._data, span, self._keys, self._names)
        else:
            why = empty_text(self._data, self.lead, span, self._now_us)
            self.stack.draw(self._scene(span), why)
        self._draw_overview(span)
        self._poll_feed_soon()

    def _poll_feed_soon(self) -> None:
        """What a new view lacks is asked for at once, not at the next beat."""
        if not self._loading.isActive():
            self._loading.start()

    def _scene(self, span: Span) -> HistoryScene:
        lead = self.lead
        device = None if lead is None else self._data.devices.get(lead)
        simulated = device is not None and device.simulated
        silent = device is not None and device.is_stale(self._now_us)
        return HistoryScene(
            view=self.stack.view_of(span),
            now_us=self._now_us,
            ticks=(),
            limits=self._limits,
            lead=lead,
            names=self._names,
            reasons=self._gap_words(),
            notes_us=tuple(note.at_us for note in self._notes()),
            simulated=self.tr("Simulated data") if simulated else "",
            silent_us=device.timestamp_us if device is not None and silent else None,
            quick=self.stack.moving,
        )

    def _draw_overview(self, span: Span) -> None:
        if self.overview.isHidden():
            return
        lead = self.lead
        key = OVERVIEW_CHANNEL if OVERVIEW_CHANNEL in self._keys else self._keys[0]
        of = None if lead is None else self._data.overview(lead, CHANNEL_INDEX[key])
        stored = self._data.stored()
        # Grown in whole pieces, so that it is not drawn anew at every reading.
        end_us = self._now_us
        if stored is not None:
            piece_us = max(1, (self._now_us - stored.from_us) // 500)
            end_us = -(-max(stored.to_us, self._now_us) // piece_us) * piece_us
        whole = span if stored is None else Span(stored.from_us, max(end_us, stored.from_us + 1))
        self.overview.show_trace(key, of, whole)
        self.overview.show_window(span, self.stack.header_width)

    def _show_message(self) -> None:
        problem = self._feed.problem or self.extras.problem
        text = problem_text(problem).sentences if problem is not None else self._away
        if text != self._message.text():
            dialog_parts.say(self._message, text, "crit" if problem is not None else "warn")
        busy, compared = self._feed.busy, bool(self._data.slots)
        state = page_state(problem is not None, busy, compared, bool(self._away))
        self.setProperty("state", state)

    # -- gaps --------------------------------------------------------------------------

    def _gaps_in_view(self) -> list[GapEnds]:
        """The widest gaps that are drawn with words."""
        view = self.stack.view
        found: set[GapEnds] = set()
        # An extra channel is silent where its device is, which the others tell.
        for strip in self.stack.strips:
            frame = strip.chart.frame_shown
            for named in () if frame is None or strip.isHidden() else frame.named_gaps:
                wide = named.gap.end_us - named.gap.start_us >= _GAP_PX * view.us_per_px
                if wide and not named.ongoing:
                    found.add((named.gap.start_us, named.gap.end_us))
        return sorted(found, key=lambda gap: gap[0] - gap[1])[:WIDEST_GAPS]

    def _gap_words(self) -> dict[GapEnds, str]:
        known = self._feed.reasons.get(self.lead or "", {})
        return {gap: gap_words(parts) for gap, parts in known.items()}

    # -- selection ---------------------------------------------------------------------

    def _choose_span(self, span: Span | None) -> None:
        self._side.choose(span)
        self._poll_feed_soon()

    def select(self, span: Span | None) -> None:
        """Selects a range, or none, as dragging across a strip does."""
        self.stack.set_selection(span)
        self._choose_span(span)

    def _select_anomaly(self, key: str, near_us: int | None) -> None:
        """Selects the run of flagged readings nearest to the cursor."""
        lead = self.lead
        series = None if lead is None else self._data.series(lead)
        if series is None or key not in CHANNEL_INDEX:
            return
        flags = series.flags[:, CHANNEL_INDEX[key]]
        run = nearest_run(series.time_us, (flags == Flag.SUSPECT) | (flags == Flag.FAIL), near_us)
        if run is not None:
            beside_us = max(int(3 * self.stack.view.us_per_px), (run.to_us - run.from_us) // 10)
            self.select(Span(run.from_us - beside_us, run.to_us + beside_us))

    def _export(self, span: Span) -> None:
        self.export_asked.emit(span.from_us, span.to_us, self._data.compared())

    # -- menus, notes, table -----------------------------------------------------------

    def _open_menu(self, point: QPoint, at_us: int) -> None:
        menu = self.chart_menu(at_us)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(point)

    def chart_menu(self, at_us: int) -> QMenu:
        """What can be done at an instant of the charts."""
        menu = QMenu(self)
        menu.setObjectName("history.menu")
        span = self._views.span
        chosen = self.stack.selection
        if chosen is not None:
            menu.addAction(self.tr("&Zoom to the selection"), lambda: self._zoom_to(chosen))
        menu.addAction(self.tr("Zoom &out"), lambda: self._zoom(2.0, at_us, ""))
        back = menu.addAction(self.tr("&Previous view\tBackspace"), self.back)
        back.setEnabled(self._views.can_go_back)
        menu.addSeparator()
        menu.addAction(self.tr("&Select what is shown"), lambda: self.select(span))
        menu.addAction(self.tr("&Export this range…"), lambda: self._export(chosen or span))
        note = menu.addAction(self.tr("&Add note here…"), lambda: self.add_note(at_us))
        note.setObjectName("history.menu.note")
        menu.addSeparator()
        table = menu.addAction(self.tr("Show as &table\tCtrl+T"), self.toggle_table)
        table.setCheckable(True)
        table.setChecked(self._middle.currentWidget() is self.table)
        return menu

    def add_note(self, at_us: int) -> None:
        """Asks for a note at an instant."""
        lead = self.lead
        device = None if lead is None else (lead, self._names.get(lead, lead))
        self.notes.add(at_us, device, self._now_us)

    def toggle_table(self) -> None:
        """The readings in view as numbers in place of the strips, or the strips again."""
        to_table = self._middle.currentWidget() is self._charts
        self._middle.setCurrentWidget(self.table if to_table else self._charts)
        self._draw_now()
        target = self.table if to_table else next(iter(self.stack.shown), None)
        if target is not None:
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _notes(self) -> list[ChartNote]:
        """The notes on the devices that are shown, and those on all."""
        shown = {"", *self._data.slots}
        return [note for note in self._feed.notes if note.publisher_id in shown]

    # -- Qt ----------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._side.fit(self.width())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._change()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.stack.drop_cursor()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.LanguageChange, QEvent.Type.LocaleChange):
            self.set_words()
            self._change()


def nearest_run(
    times: NDArray[np.int64], flagged: NDArray[np.bool_], near_us: int | None
) -> Span | None:
    """The run of flagged rows nearest to an instant, the newest where there is none."""
    edges = np.diff(np.concatenate([[0], flagged.astype(np.int8), [0]]))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    if begins.size == 0:
        return None
    first, last = times[begins], times[ends]
    if near_us is None:
        return Span(int(first[-1]), int(last[-1]))
    away = np.maximum(np.maximum(first - near_us, near_us - last), 0)
    at = int(np.argmin(away))
    return Span(int(first[at]), int(last[at]))
