"""The table of alerts: what goes on first, then what is over, the newest first."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from html import escape
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QIcon

from harit_desktop.domain.alert import Alert, AlertState, Severity
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.ui.alerts.alert_filter import AlertFilter, Shown
from harit_desktop.ui.alerts.alert_texts import what_happened
from harit_desktop.ui.alerts.alert_words import (
    acknowledged_word,
    channel_word,
    device_word,
    duration_word,
    glyph,
    is_open,
    severity_word,
    stamp_text,
    without_members,
)
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.icons import STATUS_GLYPHS, status_icon
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.theme import SIZES, Tokens

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class Column(IntEnum):
    SEVERITY = 0
    DEVICE = 1
    CHANNEL = 2
    WHAT = 3
    STARTED = 4
    DURATION = 5
    ACKNOWLEDGED = 6


# How long it lasted is nothing to look for, and takes longest to write.
_SEARCHED = tuple(column for column in Column if column is not Column.DURATION)
_NEW = (AlertState.ACTIVE_NEW, AlertState.ENDED_NEW)
_SEVERITIES = tuple(Severity)


class AlertModel(QAbstractTableModel):
    """Shows those of its alerts that the filter lets through.

    A change that leaves the rows where they are repaints them; any other is one reset, after
    which `row_of` finds an alert again. `kept` is shown whatever the filter says, so that a
    row does not go from under the eyes of who reads it.
    """

    def __init__(self, tokens: Tokens, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._alerts: dict[int, Alert] = {}
        self._rows: list[Alert] = []
        self._filter = AlertFilter()
        self._book = DeviceBook()
        self._words: dict[int, tuple[Alert, str]] = {}
        self._now_us = 0
        self.kept: int | None = None
        self.set_tokens(tokens)

    # -- what is shown -------------------------------------------------------------------

    @property
    def total(self) -> int:
        """Alerts held, whatever the filter shows."""
        return len(self._alerts)

    @property
    def filter(self) -> AlertFilter:
        return self._filter

    def alert_at(self, row: int) -> Alert:
        return self._rows[row]

    def row_of(self, alert_id: int | None) -> int | None:
        """Where an alert is shown now; None if it is not."""
        return next((row for row, one in enumerate(self._rows) if one.id == alert_id), None)

    def find(self, alert_id: int) -> Alert | None:
        """An alert by its id, shown or not."""
        return self._alerts.get(alert_id)

    def members_of(self, alert: Alert) -> list[Alert]:
        """The alerts for which this one stands, as far as they are held."""
        return [one for one in self._alerts.values() if one.flood_id == alert.id]

    def set_alerts(self, alerts: Iterable[Alert], now_us: int) -> None:
        """Takes all alerts there are to show."""
        self._alerts = {alert.id: self._same(alert) for alert in alerts}
        self._words = {one: words for one, words in self._words.items() if one in self._alerts}
        self._now_us = now_us
        self._lay_out()

    def set_filter(self, wanted: AlertFilter) -> None:
        self._filter = wanted
        self._lay_out()

    def set_book(self, book: DeviceBook) -> None:
        self._book = book
        self._words.clear()
        self._lay_out()

    def set_now(self, now_us: int) -> None:
        """Lets durations go on."""
        self._now_us = now_us
        self._repaint()

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes colours and text size of the theme."""
        self._icons: dict[str, QIcon] = {
            name: status_icon(name, tokens) for name in ("ok", "crit", "warn", "stale")
        }
        self._colors = {
            name: QColor(getattr(tokens, STATUS_GLYPHS[name][1])) for name in self._icons
        }
        self._text_color, self._faint_color = QColor(tokens.text1), QColor(tokens.text2)
        self._strong: QFont = app_font(SIZES.body, 600, text_scale())
        self._repaint()

    def words(self, alert: Alert) -> str:
        """All that the row of an alert says, and its note and ids: what the filter looks at."""
        known = self._words.get(alert.id)
        if known is not None and known[0] is alert:
            return known[1]
        cells = [self.text(alert, column) for column in _SEARCHED]
        words = " ".join([*cells, alert.publisher_id, alert.channel, printable(alert.note)])
        self._words[alert.id] = (alert, words)
        return words

    # -- Qt ------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return column_title(Column(section))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        alert, column = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.text(alert, column)
            case Qt.ItemDataRole.ToolTipRole:
                # A tool tip guesses whether it is rich text, and names come from outside.
                return f"<qt>{escape(self.text(alert, column))}</qt>"
            case Qt.ItemDataRole.DecorationRole if column is Column.SEVERITY:
                return self._icons[glyph(alert)]
            case Qt.ItemDataRole.ForegroundRole:
                return self._color(alert, column)
            case Qt.ItemDataRole.FontRole if self._is_strong(alert, column):
                return self._strong
        return None

    def text(self, alert: Alert, column: Column) -> str:
        """What a cell says, as plain text of bounded length."""
        match column:
            case Column.SEVERITY:
                return severity_word(alert)
            case Column.DEVICE:
                return device_word(alert, self._book)
            case Column.CHANNEL:
                return channel_word(alert)
            case Column.WHAT:
                return what_happened(alert, self._now_us)
            case Column.STARTED:
                return stamp_text(alert.raised_us, self._now_us)
            case Column.DURATION:
                return duration_word(alert, self._now_us)
            case Column.ACKNOWLEDGED:
                return acknowledged_word(alert, self._now_us)

    # -- details -------------------------------------------------------------------------

    def _color(self, alert: Alert, column: Column) -> QColor:
        if column is Column.SEVERITY and alert.ended_us is None:
            return self._colors[glyph(alert)]
        return self._text_color if is_open(alert) else self._faint_color

    @staticmethod
    def _is_strong(alert: Alert, column: Column) -> bool:
        if column is Column.WHAT:
            return alert.state in _NEW
        return column is Column.SEVERITY and alert.ended_us is None

    def _same(self, alert: Alert) -> Alert:
        """The object that is held where it says the same, for its words are known."""
        known = self._alerts.get(alert.id)
        return known if known is not None and known == alert else alert

    def _lay_out(self) -> None:
        rows = sorted(self._chosen(), key=_order)
        if [one.id for one in rows] == [one.id for one in self._rows]:
            self._rows = rows
            self._repaint()
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _chosen(self) -> list[Alert]:
        alerts: Iterable[Alert] = self._alerts.values()
        if self._filter.shown is Shown.OPEN:
            alerts = without_members(alerts)
        return [
            one
            for one in alerts
            if one.id == self.kept or self._filter.matches(one, self.words, self._now_us)
        ]

    def _repaint(self) -> None:
        if self._rows:
            last = self.index(len(self._rows) - 1, len(Column) - 1)
            self.dataChanged.emit(self.index(0, 0), last)


def column_title(column: Column) -> str:
    """The heading of a column."""
    tr = QCoreApplication.translate
    titles = {
        Column.SEVERITY: tr("Alerts", "Severity"),
        Column.DEVICE: tr("Alerts", "Device"),
        Column.CHANNEL: tr("Alerts", "Channel"),
        Column.WHAT: tr("Alerts", "What happened"),
        Column.STARTED: tr("Alerts", "Started"),
        Column.DURATION: tr("Alerts", "Duration"),
        Column.ACKNOWLEDGED: tr("Alerts", "Acknowledged"),
    }
    return titles[column]


def _order(alert: Alert) -> tuple[bool, int, int, int]:
    """What goes on before what is over; of what goes on the critical first."""
    over = alert.ended_us is not None
    urgency = 0 if over else -_SEVERITIES.index(alert.severity)
    return over, urgency, -alert.raised_us, -alert.id
