"""The reading that the chosen message gives with the choices as they stand."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QLabel, QPlainTextEdit, QVBoxLayout

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.ui.dialog_parts import say, sentences
from harit_desktop.ui.mapping.message_list import heading
from harit_desktop.ui.mapping.texts import out_of_range, short, target_name, target_value
from harit_desktop.ui.messages.message_model import local_time_text
from harit_desktop.ui.theme import set_look
from harit_desktop.wire.sighting import Sighting
from harit_desktop.wire.templates import found_in
from harit_desktop.wire.timestamps import TimestampReader

_SHOWN_CHARS = 16_384
_MOST_ACROSS = 3
_BETWEEN_PX = 20


class PreviewPanel(QFrame):
    """Device, time and values; below them the message as it was received."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("dialog.mapping.preview")
        set_look(self, class_="card")
        self.fault = sentences("dialog.mapping.fault", "dense", "warn")
        self.device = sentences("dialog.mapping.preview.device", "strong")
        self.time = sentences("dialog.mapping.preview.time", "dense muted")
        self.payload = QPlainTextEdit()
        self._values = QGridLayout()
        self._pairs: list[tuple[QLabel, QLabel]] = []
        self._across = 1
        self._head = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._payload_title = heading(self.tr("Message as received"))
        self._build()

    def lay_out(self, across: int) -> None:
        """So many values side by side: one in a column beside the fields, more in a strip below
        them, which leaves them the room."""
        is_wide = across == 1
        self._across = across
        direction = QBoxLayout.Direction
        self._head.setDirection(direction.TopToBottom if is_wide else direction.LeftToRight)
        for widget in (self._payload_title, self.payload):
            widget.setVisible(is_wide)
        self._place()

    def show_fault(self, text: str) -> None:
        """Says why there is no reading."""
        say(self.fault, text, "warn")
        for label in (self.device, self.time):
            say(label, "")
        self._clear()

    def show_sighting(self, one: Sighting, reader: TimestampReader, received_us: int) -> None:
        """Shows what the message means."""
        say(self.fault, "")
        say(self.device, self.tr("Device {id}").format(id=short(one.publisher_id, 64)))
        say(self.time, self._time_text(one, reader, received_us))
        self._clear()
        for key, value in found_in(one).items():
            self._add(key, value)
        self._place()

    def show_payload(self, payload: bytes | None) -> None:
        """Shows a message as it was received; None empties the panel."""
        content = payload or b""
        text = content[:_SHOWN_CHARS].decode("utf-8", "replace")
        self.payload.setPlainText(
            "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
        )

    def _time_text(self, one: Sighting, reader: TimestampReader, received_us: int) -> str:
        if one.sent is None:
            shown = local_time_text(received_us)
            return self.tr("At its arrival, {time}").format(time=shown)
        if isinstance(one.sent, str):
            instant_us = reader.instant_us(one.sent)
        else:
            instant_us = round(one.sent * US_PER_S)
        if instant_us is None:
            return self.tr("▲ Its time cannot be read: {text}").format(text=short(str(one.sent)))
        return self.tr("At {time}, as it says").format(time=local_time_text(instant_us))

    def _add(self, key: str, value: float) -> None:
        name, shown = QLabel(target_name(key), self), QLabel(target_value(key, value), self)
        if out_of_range(key, value):
            shown.setText(self.tr("▲ {value}").format(value=shown.text()))
            shown.setToolTip(self.tr("No probe can report this: check unit and factor."))
            set_look(shown, severity="warn")
        set_look(name, class_="dense muted")
        set_look(shown, class_="dense medium")
        shown.setObjectName(f"dialog.mapping.preview.{key}")
        shown.setAccessibleName(
            self.tr("{name}: {value}").format(name=name.text(), value=shown.text())
        )
        self._pairs.append((name, shown))
        for label in (name, shown):
            label.show()

    def _place(self) -> None:
        """Puts the values side by side, so many as there is room for."""
        for pair in self._pairs:
            for label in pair:
                self._values.removeWidget(label)
        for place, (name, shown) in enumerate(self._pairs):
            line, column = divmod(place, self._across)
            self._values.addWidget(name, line, 3 * column)
            self._values.addWidget(shown, line, 3 * column + 1, Qt.AlignmentFlag.AlignRight)
        for column in range(_MOST_ACROSS):
            self._values.setColumnStretch(3 * column, 1 if column < self._across else 0)
            is_between = column + 1 < self._across
            self._values.setColumnMinimumWidth(3 * column + 2, _BETWEEN_PX if is_between else 0)

    def _clear(self) -> None:
        for pair in self._pairs:
            for label in pair:
                self._values.removeWidget(label)
                label.hide()
                label.deleteLater()
        self._pairs = []

    def _build(self) -> None:
        self.payload.setObjectName("dialog.mapping.payload")
        self.payload.setAccessibleName(self.tr("Message as received"))
        self.payload.setReadOnly(True)
        self.payload.setTabChangesFocus(True)
        self.payload.setMinimumHeight(64)
        set_look(self.payload, class_="mono")
        self._values.setVerticalSpacing(4)
        self._head.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(6)
        column.addWidget(heading(self.tr("The reading it gives")))
        column.addWidget(self.fault)
        for widget in (self.device, self.time):
            self._head.addWidget(widget)
        column.addLayout(self._head)
        column.addLayout(self._values)
        column.addStretch(0)
        column.addWidget(self._payload_title)
        column.addWidget(self.payload, 1)
