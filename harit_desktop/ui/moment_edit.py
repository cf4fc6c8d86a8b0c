"""A field for day and minute that can be typed from the first digit to the last."""

from __future__ import annotations

from PySide6.QtCore import QDate, QDateTime, QTime
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QDateTimeEdit

from harit_desktop.ui.theme import calm_calendar

_MINUTE_MS = 60_000
_SIGNS = "-:/. "
_ENDS = (*_SIGNS, "\r", "\n")


class MomentEdit(QDateTimeEdit):
    """Takes what is typed as it is typed.

    Qt's own field drops digits where no part of it is selected, or all of it is: "2027-03-01"
    typed over 2026 left the 2026. And it goes on to the next part by itself after the last
    digit of one, so that the sign typed then would skip a part.
    """

    def __init__(self, name: str, time_us: int) -> None:
        super().__init__()
        self._went_on_to = -1
        self.setObjectName(name)
        self.setDisplayFormat("yyyy-MM-dd HH:mm")
        self.setCalendarPopup(True)
        self.set_moment(time_us)
        calm_calendar(self.calendarWidget())

    def set_moment(self, time_us: int) -> None:
        """Shows the minute of an instant (UTC microseconds), in the zone of this computer."""
        minute = time_us // 1000 // _MINUTE_MS
        self.setDateTime(QDateTime.fromMSecsSinceEpoch(minute * _MINUTE_MS))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._went_on_to = -1
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._finish_part()
        super().focusOutEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        self._finish_part()
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text()
        expected, self._went_on_to = self._went_on_to, -1
        if len(text) == 1 and text in "0123456789":
            self._choose_part()
            before = self.currentSectionIndex()
            super().keyPressEvent(event)
            if self.currentSectionIndex() != before:
                self._went_on_to = self.currentSectionIndex()
            return
        if text in _ENDS:
            self._finish_part()
        if text and text in _SIGNS and expected == self.currentSectionIndex():
            event.accept()
        else:
            super().keyPressEvent(event)

    def _finish_part(self) -> None:
        """Takes a single digit for what it says, as 5 minutes: Qt would go back to what the
        part was before."""
        part, shown = self.currentSection(), self.sectionText(self.currentSection()).strip()
        if len(shown) != 1 or not shown.isdigit():
            return
        number, moment = int(shown), self.dateTime()
        date, time = moment.date(), moment.time()
        sections = QDateTimeEdit.Section
        if part == sections.MonthSection:
            date = QDate(date.year(), number, min(date.day(), _days_of(date.year(), number)))
        elif part == sections.DaySection:
            date = QDate(date.year(), date.month(), number)
        elif part == sections.HourSection:
            time = QTime(number, time.minute())
        elif part == sections.MinuteSection:
            time = QTime(time.hour(), number)
        if date.isValid() and time.isValid():
            self.setDateTime(QDateTime(date, time))

    def _choose_part(self) -> None:
        """Selects the part that a digit is meant for, unless it is being typed."""
        line = self.lineEdit()
        selected, shown = line.selectedText(), line.text()
        if selected == shown:
            self.setSelectedSection(self.sectionAt(0))
        elif not selected and self.sectionText(self.currentSection()).strip().isdigit():
            part = self.currentSection()
            width = 4 if part == QDateTimeEdit.Section.YearSection else 2
            if len(self.sectionText(part).strip()) == width:
                self.setSelectedSection(part)


def _days_of(year: int, month: int) -> int:
    return QDate(year, month, 1).daysInMonth()
