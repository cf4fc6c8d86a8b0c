"""The detail pane of the Alerts page: what one alert is about, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QMargins, QSize, Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.alert import Alert, AlertRule, AlertTransition
from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.ui.alerts.alert_texts import explanation, title, what_happened
from harit_desktop.ui.alerts.alert_words import (
    acknowledged_word,
    device_word,
    glyph,
    is_open,
    muted_word,
    severity_word,
    stands_for_others,
)
from harit_desktop.ui.alerts.course_text import course_text
from harit_desktop.ui.alerts.note_row import NoteRow
from harit_desktop.ui.alerts.onset_span import OnsetSpan, around, onset_span
from harit_desktop.ui.alerts.rule_texts import clears_text, rule_sentence
from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.history.flow import FlowBox
from harit_desktop.ui.icons import status_pixmap
from harit_desktop.ui.message_banner import BannerButton
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, ThemeController, set_look
from harit_desktop.ui.words import channel_value, moment_text

if TYPE_CHECKING:
    from harit_desktop.domain.calibration import Segment
    from harit_desktop.ui.alerts.onset_chart import OnsetChart
    from harit_desktop.ui.charts.series import SeriesData

_MOST_MEMBERS = 20
_TEXT_MIN_PX = 300
_CHART_MIN_PX = 240


class AlertDetail(QWidget):
    """`panel.alert.detail`. Shows one alert, or says that none is chosen."""

    acknowledge_asked = Signal(int)
    mute_asked = Signal(int)
    note_entered = Signal(int, str)
    history_asked = Signal(str, object, object)
    """Device, and from when to when in UTC microseconds."""

    def __init__(self, theme: ThemeController) -> None:
        super().__init__()
        self._theme = theme
        self._alert: Alert | None = None
        self._device = ""
        self._now_us = 0
        self.chart: OnsetChart | None = None
        self.setObjectName("panel.alert.detail")
        self.setAccessibleName(self.tr("Alert detail"))
        set_look(self, class_="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._glyph = QLabel()
        self._title = sentences("label.alert.title", "heading")
        self._text = sentences("label.alert.text")
        self._rows: dict[str, tuple[QLabel, QLabel]] = {}
        self.note = NoteRow()
        self.acknowledge = self._button("button.alert.ack", self.tr("Acknowledge"), "primary")
        self.mute = self._button("button.alert.mute", self.tr("Mute 1 h"))
        self.mute.setAccessibleName(self.tr("Mute one hour"))
        self.see = self._button("button.alert.history", self.tr("See in History"))
        self._empty = sentences("label.alert.none", "muted")
        self._empty.setText(self.tr("Choose an alert to see what it is about."))
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._build()
        self._connect()
        self.show_alert(None, DeviceBook(), 0, {}, {})

    @property
    def alert(self) -> Alert | None:
        """The one that is shown."""
        return self._alert

    @property
    def span(self) -> OnsetSpan | None:
        """What the chart wants to show, as far as it is known; None without a chart."""
        return self._span

    def show_alert(
        self,
        alert: Alert | None,
        book: DeviceBook,
        now_us: int,
        rules: Mapping[str, AlertRule],
        limits: ProfileLimits,
        members: Sequence[str] = (),
    ) -> None:
        """Shows an alert as it is now; `members` are rows of those that it stands for."""
        other = self._alert is None or alert is None or alert.id != self._alert.id
        self._alert, self._now_us = alert, now_us
        self._span = None if alert is None else onset_span(alert, now_us)
        self._content.setVisible(alert is not None)
        self._empty.setVisible(alert is None)
        if alert is None:
            self._show_chart()
            return
        if other:
            self.note.stop()
            self.set_course((), now_us)
            self._scroll.verticalScrollBar().setValue(0)
        self._device = device_word(alert, book)
        self._title.setText(title(alert, book, now_us))
        self._show_glyph()
        self._show_text(now_us, members)
        self._show_rows(alert, rules.get(alert.rule_id), now_us, limits)
        self.note.set_note(alert.note)
        self._show_buttons(alert, now_us)
        self._show_chart()

    def set_series(self, series: SeriesData, segments: Sequence[Segment], now_us: int) -> None:
        """Takes the readings of `span`."""
        if self.chart is not None and self._alert is not None:
            self.chart.set_series(series, segments)
            self.chart.describe(self._device)
            self._show_text(now_us, ())

    def set_course(self, transitions: Sequence[AlertTransition], now_us: int) -> None:
        """Takes what became of the alert so far."""
        self._put("course", course_text(transitions, now_us))

    # -- what is shown -------------------------------------------------------------------

    def _show_text(self, now_us: int, members: Sequence[str]) -> None:
        alert = self._alert
        if alert is None:
            return
        parts = [explanation(alert, now_us)]
        if alert.ended_us is not None:
            parts.insert(0, self.tr("It is over."))
        elif self.chart is not None and alert.code.startswith("value."):
            latest = self.chart.latest()
            if latest is not None:
                now = self.tr("{value} now.").format(value=channel_value(alert.channel, latest))
                parts.insert(0, now)
        if not explanation(alert, now_us):
            what = what_happened(alert, now_us)
            parts.append(self.tr("{sentence}.").format(sentence=what))
        text = " ".join(part for part in parts if part)
        if members:
            text = "\n".join([text, *members[:_MOST_MEMBERS]])
        elif stands_for_others(alert) and self._text.text().startswith(text):
            return
        self._text.setText(text)

    def _show_rows(
        self, alert: Alert, rule: AlertRule | None, now_us: int, limits: ProfileLimits
    ) -> None:
        gone = self.tr("deleted since")
        others = stands_for_others(alert)
        self._put("rule", "" if others else gone if rule is None else rule_sentence(alert, rule))
        running = alert.ended_us is None and rule is not None and not others
        clears = clears_text(alert, rule, limits) if running and rule is not None else ""
        self._put("clears", clears)
        self._put("told", self._told(alert, now_us))
        done = alert.acknowledged_us is not None
        self._put("acknowledged", acknowledged_word(alert, now_us) if done else "")

    def _told(self, alert: Alert, now_us: int) -> str:
        if alert.flood_id is not None:
            return self.tr("Together with others, as one alert")
        muted = muted_word(alert, now_us)
        if alert.told_us is None:
            if alert.ended_us is not None:
                return self.tr("Nobody: it was over before")
            return muted or self.tr("Not yet: muted, quiet hours, or just begun")
        told = self.tr("On screen {time}").format(time=moment_text(alert.told_us, now_us))
        if not muted:
            return told
        return self.tr("{told}; {muted}").format(told=told, muted=muted)

    def _show_buttons(self, alert: Alert, now_us: int) -> None:
        running = alert.ended_us is None
        self.acknowledge.setVisible(is_open(alert) and alert.acknowledged_us is None)
        self.acknowledge.setText(self.tr("Acknowledge") if running else self.tr("Mark as seen"))
        self.mute.setVisible(running and not stands_for_others(alert))
        self.mute.setEnabled(not alert.is_muted(now_us))
        self.see.setVisible(bool(alert.publisher_id))
        self._buttons.place()

    def _show_chart(self) -> None:
        alert, span = self._alert, self._span
        if alert is not None and span is not None:
            if self.chart is None:
                # Charts bring numpy, which the first window does without.
                from harit_desktop.ui.alerts.onset_chart import OnsetChart

                self.chart = OnsetChart(self._theme.tokens)
                self.chart.setMinimumWidth(_CHART_MIN_PX)
                self._chart_column.addWidget(self.chart)
            self.chart.show_alert(alert, *span)
            self.chart.describe(self._device)
        self._chart_box.setVisible(alert is not None and span is not None)

    def _put(self, name: str, text: str) -> None:
        name_label, label = self._rows[name]
        label.setText(text)
        label.setAccessibleName(
            self.tr("{name}: {value}").format(name=name_label.text(), value=text) if text else ""
        )
        name_label.setVisible(bool(text))
        label.setVisible(bool(text))

    # -- the widgets ---------------------------------------------------------------------

    def _build(self) -> None:
        self._content = QWidget()
        texts = QVBoxLayout(self._content)
        texts.setContentsMargins(0, 0, 0, 0)
        texts.setSpacing(0)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._scroll.setObjectName("area.alert.detail")
        self._scroll.setAccessibleName(self.tr("Alert detail"))
        set_look(self._scroll, class_="region")
        self._scroll.setWidget(self._make_texts())
        texts.addWidget(self._scroll, 1)
        self._buttons = FlowBox(QMargins(2, 8, 2, 0))
        self._buttons.set_widgets((self.acknowledge, self.mute, self.see))
        texts.addWidget(self._buttons)
        self._content.setMinimumWidth(scaled(_TEXT_MIN_PX))
        self._chart_box = QWidget()
        self._chart_column = QVBoxLayout(self._chart_box)
        self._chart_column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 14, 12)
        row.setSpacing(16)
        row.addWidget(self._content, 44)
        row.addWidget(self._chart_box, 56)
        row.addWidget(self._empty, 1)
        self._theme.changed.connect(self._restyle)

    def _make_texts(self) -> QWidget:
        texts = QWidget()
        column = QVBoxLayout(texts)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._title, 1)
        column.addLayout(head)
        column.addWidget(self._text)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for row, (name, words) in enumerate(self._row_names().items()):
            self._add_row(grid, row if row < _NOTE_ROW else row + 1, name, words)
        note = QLabel(self.tr("Note"))
        set_look(note, class_="dense muted")
        grid.addWidget(note, _NOTE_ROW, 0)
        grid.addWidget(self.note, _NOTE_ROW, 1)
        column.addLayout(grid)
        column.addStretch(1)
        return texts

    def _row_names(self) -> dict[str, str]:
        return {
            "rule": self.tr("Rule"),
            "clears": self.tr("Clears"),
            "told": self.tr("Notified"),
            "acknowledged": self.tr("Acknowledged"),
            "course": self.tr("Course"),
        }

    def _add_row(self, grid: QGridLayout, row: int, name: str, words: str) -> None:
        name_label, label = QLabel(words), sentences(f"label.alert.{name}", "dense")
        set_look(name_label, class_="dense muted")
        grid.addWidget(name_label, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label, row, 1)
        self._rows[name] = (name_label, label)

    def _button(self, name: str, text: str, look: str = "") -> BannerButton:
        button = BannerButton(text)
        button.setObjectName(name)
        if look:
            set_look(button, class_=look)
        return button

    def _connect(self) -> None:
        self.acknowledge.clicked.connect(lambda: self._emit(self.acknowledge_asked))
        self.mute.clicked.connect(lambda: self._emit(self.mute_asked))
        self.see.clicked.connect(self._see)
        self.note.entered.connect(self._note_entered)

    def _emit(self, signal: SignalInstance) -> None:
        if self._alert is not None:
            signal.emit(self._alert.id)

    def _note_entered(self, note: str) -> None:
        if self._alert is not None:
            self.note_entered.emit(self._alert.id, note)

    def _see(self) -> None:
        """The stretch around the alert, whether the pane draws a chart of it or not."""
        alert = self._alert
        if alert is not None:
            self.history_asked.emit(alert.publisher_id, *around(alert, self._now_us))

    def _show_glyph(self) -> None:
        alert = self._alert
        if alert is None:
            return
        ratio = self.devicePixelRatioF()
        self._glyph.setPixmap(status_pixmap(glyph(alert), self._theme.tokens, SIZES.icon, ratio))
        self._glyph.setFixedSize(QSize(SIZES.icon + 2, SIZES.icon + 2))
        self._glyph.setAccessibleName(severity_word(alert))

    def _restyle(self) -> None:
        self._content.setMinimumWidth(scaled(_TEXT_MIN_PX))
        self._show_glyph()
        if self.chart is not None:
            self.chart.set_tokens(self._theme.tokens)


_NOTE_ROW = 4
