"""Parts that dialogs and settings pages have in common."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look


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
    row = QHBoxLayout(frame)
    row.setContentsMargins(13, 8, 13, 8)
    row.setSpacing(8)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    return frame


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
