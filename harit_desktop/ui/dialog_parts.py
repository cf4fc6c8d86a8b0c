"""Parts that dialogs and settings pages have in common."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale, QSize, Qt
from PySide6.QtWidgets import (
    QDateTimeEdit,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look

LEFT = Qt.AlignmentFlag.AlignLeft
TOP = Qt.AlignmentFlag.AlignTop
_NUMBER_PX = 84


def sentences(name: str, look: str = "", severity: str = "") -> QLabel:
    """An empty label for sentences, which wrap and are plain text."""
    label = QLabel()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if look:
        set_look(label, class_=look)
    if severity:
        set_look(label, severity=severity)
    return label


def button(name: str, text: str = "") -> QPushButton:
    """A button that Enter does not press by chance."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAutoDefault(False)
    return made


def footer(*widgets: QWidget | None) -> QFrame:
    """The row of buttons at the foot of a dialog; None stands for the room between."""
    frame = QFrame()
    set_look(frame, class_="footer")
    inside = QHBoxLayout(frame)
    inside.setContentsMargins(13, 8, 13, 8)
    inside.setSpacing(8)
    for widget in widgets:
        if widget is None:
            inside.addStretch(1)
        else:
            inside.addWidget(widget)
    return frame


def row(first: QWidget, *others: QWidget) -> QHBoxLayout:
    """Widgets side by side; the first takes the room that is left."""
    made = QHBoxLayout()
    made.setSpacing(8)
    made.addWidget(first, 1)
    for widget in others:
        made.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
    return made


def body() -> tuple[QWidget, QVBoxLayout]:
    """What stands above a dialog's footer, and the column to fill."""
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(20, 16, 20, 12)
    column.setSpacing(10)
    return widget, column


def edge_to_edge(dialog: QDialog) -> QVBoxLayout:
    """The dialog's own column, without any margin."""
    column = QVBoxLayout(dialog)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    return column


def resize_within_screen(dialog: QDialog, size_px: tuple[int, int]) -> None:
    """Gives the dialog this size at a text size of 100 %, and never more than the screen."""
    size = QSize(*map(scaled, size_px))
    dialog.resize(size.boundedTo(dialog.screen().availableSize()))


def say(label: QLabel, text: str, severity: str = "") -> None:
    """Puts a sentence into a label of `sentences`; without one the label takes no room."""
    label.setText(text)
    label.setAccessibleName(text)
    set_look(label, severity=severity)
    label.setVisible(bool(text))


def title_of(field: QWidget, title: str, spoken: str = "") -> QLabel:
    """The label of a field. `spoken` names the field where the title alone is not enough."""
    label = QLabel(title)
    label.setBuddy(field)
    set_look(label, class_="muted")
    field.setAccessibleName(spoken or title)
    return label


def moment_us(edit: QDateTimeEdit) -> int:
    """The instant that a date field shows, in UTC microseconds."""
    return edit.dateTime().toMSecsSinceEpoch() * 1000


class NumberEdit(QLineEdit):
    """A number typed freely, with the user's decimal sign or a point; never corrected."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFixedWidth(scaled(_NUMBER_PX))

    def value(self) -> float | None:
        """None for what is no number, the empty text among it."""
        for locale in (QLocale(), QLocale.c()):
            # "7,2" must not become 72 where a comma stands between thousands.
            locale.setNumberOptions(QLocale.NumberOption.RejectGroupSeparator)
            value, readable = locale.toDouble(self.text().strip())
            if readable and math.isfinite(value):
                return value
        return None

    def set_value(self, value: float, precision: int) -> None:
        locale = QLocale()
        locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
        self.setText(locale.toString(value, "f", precision))
        self.set_problem("")

    def set_problem(self, problem: str) -> None:
        """Marks the field; the sentence itself stands below it."""
        set_look(self, invalid="true" if problem else "false")
        self.setAccessibleDescription(problem)
