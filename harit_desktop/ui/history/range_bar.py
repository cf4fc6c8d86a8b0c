"""Which range the History page shows: buttons, and fields for its begin and end."""

from PySide6.QtCore import QDate, QDateTime, QEvent, QMargins, QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDateTimeEdit,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QWidget,
)

from harit_desktop.ui.history.flow import FlowBox
from harit_desktop.ui.history.spans import CUSTOM, SHORTEST_US, Span
from harit_desktop.ui.theme import calm_calendar, set_look
from harit_desktop.ui.time_ranges import RANGES_S
from harit_desktop.ui.words import local_time

_FORMAT = "d MMM HH:mm"
_FORMAT_WITH_YEAR = "d MMM yyyy HH:mm"
_BESIDE_TEXT_PX = 48
"""The field's frame and its arrow."""


class RangeBar(FlowBox):
    """`history.range.<key>` buttons and `history.range.from` / `.to`.

    The fields show what is on the screen; once edited, Enter or leaving them shows what they
    say. A begin after the end is refused in place.
    """

    key_chosen = Signal(str)
    span_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(QMargins(12, 7, 12, 3), parent)
        self.setObjectName("history.range")
        self._span = Span(0, SHORTEST_US)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        self._between = QLabel()
        set_look(self._between, class_="dense muted")
        self.from_edit = self._edit("history.range.from")
        self.to_edit = self._edit("history.range.to")
        self.set_widgets((self._make_buttons(), self._make_fields()))
        self.set_words()

    def show_span(self, key: str, span: Span) -> None:
        """Shows the range that is on the screen, unless it is being edited."""
        button = self._buttons.get(key)
        if button is not None and not button.isChecked():
            button.setChecked(True)
        if span == self._span or self.from_edit.hasFocus() or self.to_edit.hasFocus():
            return
        self._span = span
        for edit, time_us in ((self.from_edit, span.from_us), (self.to_edit, span.to_us)):
            with QSignalBlocker(edit):
                edit.setDisplayFormat(_format(time_us))
                edit.setDateTime(_moment(time_us))
                set_look(edit, invalid=False)
        self._fit_fields()

    def set_words(self) -> None:
        """Names everything in the present language."""
        texts = {
            "15m": (self.tr("15 min"), self.tr("15 minutes")),
            "1h": (self.tr("1 h"), self.tr("1 hour")),
            "24h": (self.tr("24 h"), self.tr("24 hours")),
            "7d": (self.tr("7 d"), self.tr("7 days")),
            "30d": (self.tr("30 d"), self.tr("30 days")),
            "all": (self.tr("All"), self.tr("All that is stored")),
            CUSTOM: (self.tr("Custom…"), self.tr("Custom range")),
        }
        for key, button in self._buttons.items():
            text, spoken = texts[key]
            button.setText(text)
            button.setAccessibleName(self.tr("Time range, {range}").format(range=spoken))
        self._between.setText(self.tr("to"))
        self.from_edit.setAccessibleName(self.tr("From"))
        self.to_edit.setAccessibleName(self.tr("To"))
        self.place()

    def _fit_fields(self) -> None:
        """As wide as their texts: Qt would make room for the longest month of all."""
        for edit in (self.from_edit, self.to_edit):
            text_px = edit.fontMetrics().horizontalAdvance(edit.text())
            edit.setFixedWidth(text_px + _BESIDE_TEXT_PX)
        self.place()

    def _make_buttons(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        keys = [*RANGES_S, CUSTOM]
        for place, key in enumerate(keys):
            button = QToolButton()
            button.setObjectName(f"history.range.{key}")
            button.setCheckable(True)
            ends = {0: " segmentFirst", len(keys) - 1: " segmentLast"}
            set_look(button, class_="segment" + ends.get(place, ""))
            button.clicked.connect(lambda _=False, key=key: self._choose(key))
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)
        return holder

    def _make_fields(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self.from_edit, self._between, self.to_edit):
            row.addWidget(widget)
        return holder

    def _edit(self, name: str) -> QDateTimeEdit:
        edit = QDateTimeEdit()
        edit.setObjectName(name)
        edit.setDisplayFormat(_FORMAT)
        edit.setCalendarPopup(True)
        edit.setKeyboardTracking(False)
        calm_calendar(edit.calendarWidget())
        edit.dateTimeChanged.connect(self._edited)
        return edit

    def _choose(self, key: str) -> None:
        if key == CUSTOM:
            # The fields are the choice; the buttons show it once something was entered.
            self.from_edit.setFocus()
            self.from_edit.selectAll()
            self.span_chosen.emit(self._span)
        else:
            self.key_chosen.emit(key)

    def _edited(self) -> None:
        from_us, to_us = (_us(edit) for edit in (self.from_edit, self.to_edit))
        valid = to_us - from_us >= SHORTEST_US
        for edit in (self.from_edit, self.to_edit):
            set_look(edit, invalid=not valid)
            edit.setToolTip("" if valid else self.tr("The begin must lie before the end."))
        if valid:
            self._span = Span(from_us, to_us)
            self.span_chosen.emit(self._span)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.set_words()


def _format(time_us: int) -> str:
    """Without the year where it is this one."""
    this_year = QDate.currentDate().year() == local_time(time_us).date().year()
    return _FORMAT if this_year else _FORMAT_WITH_YEAR


def _moment(time_us: int) -> QDateTime:
    return QDateTime.fromMSecsSinceEpoch(time_us // 60_000_000 * 60_000)


def _us(edit: QDateTimeEdit) -> int:
    return edit.dateTime().toMSecsSinceEpoch() * 1000
