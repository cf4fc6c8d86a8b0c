"""Small builders of styled controls."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QWidget,
)

from harit_desktop.ui.icons import BUTTON_ICON_SIZE, button_icon
from harit_desktop.ui.theme import Tokens, set_look


def label(text: str, look: str = "", severity: str = "", state: str = "") -> QLabel:
    """A label in the given classes."""
    made = QLabel(text)
    set_look(made, class_=look, severity=severity, state=state)
    return made


def button(text: str, look: str = "") -> QPushButton:
    """A push button that focus does not turn green."""
    made = QPushButton(text)
    made.setAutoDefault(False)
    set_look(made, class_=look)
    return made


def tool(text: str, name: str, tokens: Tokens, look: str = "", color: str = "") -> QToolButton:
    """A tool button with text beside its icon."""
    made = QToolButton()
    made.setText(text)
    made.setIcon(button_icon(name, tokens, color or None))
    made.setIconSize(BUTTON_ICON_SIZE)
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    set_look(made, class_=look)
    return made


def line(shape: QFrame.Shape = QFrame.Shape.HLine) -> QFrame:
    """A separator."""
    made = QFrame()
    made.setFrameShape(shape)
    set_look(made, class_="line")
    return made


def row(*widgets: QWidget | None, margins: int = 0, spacing: int = 8) -> QHBoxLayout:
    """The widgets side by side; None is a stretch."""
    box = QHBoxLayout()
    box.setContentsMargins(margins, 0, margins, 0)
    box.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            box.addStretch()
        else:
            box.addWidget(widget)
    return box


def segments(names: tuple[str, ...], checked: int) -> QWidget:
    """A segmented group of exclusive buttons."""
    host = QWidget()
    box = row(spacing=0)
    host.setLayout(box)
    group = QButtonGroup(host)
    for position, name in enumerate(names):
        made = QToolButton()
        made.setText(name)
        made.setCheckable(True)
        made.setChecked(position == checked)
        ends = {0: " segmentFirst", len(names) - 1: " segmentLast"}
        set_look(made, class_="segment" + ends.get(position, ""))
        group.addButton(made)
        box.addWidget(made)
    return host
