"""The block of the device dialog that says how the device itself is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.extras.device_notes import device_lines
from harit_desktop.ui.theme import set_look


class DeviceHealth(QLabel):
    """`dialog.device.health`: a line each; hidden where nothing is known. The text can be
    selected with mouse and keyboard, to be sent to somebody."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dialog.device.health")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        set_look(self, class_="dense")
        self.title = QLabel(self.tr("State"))
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        set_look(self.title, class_="muted")
        self.show_device(None, 0)

    def show_device(self, device: DeviceState | None, now_us: int) -> None:
        """Says what is known of a device; None hides the block."""
        lines = [] if device is None else device_lines(device, now_us)
        text = "\n".join(lines)
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(", ".join([self.title.text(), *lines]))
        for widget in (self, self.title):
            widget.setVisible(bool(lines))
