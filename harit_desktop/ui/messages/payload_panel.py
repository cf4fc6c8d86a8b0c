"""The right panel of the Messages page: one message as received and as understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.message import MessageRecord, Origin, Outcome
from harit_desktop.ui.messages.heard import HeardMessage, read_heard
from harit_desktop.ui.messages.heard_view import HeardView
from harit_desktop.ui.messages.message_model import is_not_mapped, local_time_text
from harit_desktop.ui.problem_texts import printable, problem_text
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import channel_name, channel_value, size_text

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
SHOWN_BYTES = 16_384
HEX_ROW_BYTES = 8
_TEXT_MIN_HEIGHT_PX = 48


@dataclass(frozen=True)
class Payload:
    """A message's bytes and what they mean; `content` is None where it is not kept."""

    content: bytes | None
    values: Values | None = None
    heard: HeardMessage | None = None


def load_payload(
    engine: Engine, record: MessageRecord, handle: QueryHandle[Payload] | None = None
) -> Payload:
    """Reads a payload and the reading it brought, or what another program says in it.
    Blocks: for the query pool only."""
    history = engine.history
    content = history.payload(record.id)
    if record.outcome is Outcome.HEARD:
        token = handle.token if handle is not None else None
        heard = content and read_heard(
            engine, record, content, lambda: token is not None and token.cancelled
        )
        return Payload(content, heard=heard or None)
    decoded = history.decoded(record.id)
    return Payload(content, decoded.reading.values if decoded is not None else None)


class PayloadPanel(QWidget):
    """Shows the chosen message. The payload is read by the query pool and polled for."""

    map_asked = Signal(str)
    """Say what messages on this topic mean: nothing knows them yet."""

    def __init__(self, engine: Engine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._wanted: QueryHandle[Payload] | None = None
        self._payload = Payload(None)
        self._missing = ""
        self.setObjectName("panel.message.payload")
        self.setAccessibleName(self.tr("Payload"))
        self._heading = self._label("caption strong muted")
        self._heading.setText(self.tr("Payload"))
        self._topic = self._label("strong")
        self._facts = self._label("dense muted")
        self._result = self._label("dense")
        self._text = QPlainTextEdit()
        self._copy_button = QPushButton()
        self._map_button = QPushButton()
        self._topic_text = ""
        self._values = QGridLayout()
        self._values_heading = self._label("caption strong muted")
        self._channels = {channel.key: self._value_row(channel.key) for channel in CHANNELS}
        self.heard = HeardView()
        self._build()
        self.show_message(None, "")

    def show_message(self, record: MessageRecord | None, result: str) -> None:
        """Shows one line of the log and asks for its payload; None empties the panel."""
        self._payload = Payload(None)
        self._wanted = None
        self._text.clear()
        self._show_values(None)
        self.heard.show_heard(None)
        for widget in (self._text, self._result, self._facts, self._bar):
            widget.setVisible(record is not None)
        set_look(self._topic, class_="dense muted" if record is None else "strong")
        if record is None:
            self._topic.setText(self.tr("Choose a message to see what it says."))
            return
        self._topic.setText(printable(record.topic))
        self._topic_text = record.topic
        self._map_button.setVisible(is_not_mapped(record))
        self._facts.setText(
            self._facts_text(record).format(
                time=local_time_text(record.received_us),
                size=size_text(record.size_bytes),
                qos=record.qos,
            )
        )
        self._result.setText(result)
        set_look(self._result, severity="warn" if record.problem else "")
        self._wanted = self._engine.queries.submit(
            "messages.payload", lambda handle: load_payload(self._engine, record, handle)
        )

    def _facts_text(self, record: MessageRecord) -> str:
        if record.origin is not Origin.MQTT:
            return self.tr("{time} · {size}")
        if record.retained:
            return self.tr("{time} · {size} · QoS {qos} · retained")
        return self.tr("{time} · {size} · QoS {qos}")

    def poll(self) -> None:
        """Takes the payload once it has been read."""
        if self._wanted is None or not self._wanted.done:
            return
        handle, self._wanted = self._wanted, None
        self._payload = handle.value or Payload(None)
        self._missing = self.tr("This payload is no longer kept.")
        if handle.problem is not None:
            self._missing = problem_text(handle.problem).headline
        self._copy_button.setEnabled(self._payload.content is not None)
        self._show_text()
        self._show_values(self._payload.values)
        self.heard.show_heard(self._payload.heard)

    @property
    def payload_text(self) -> str:
        """The whole payload as the view shows it: text, or bytes in hexadecimal."""
        content = self._payload.content or b""
        if self._hex_button.isChecked():
            return hex_text(content)
        return content.decode("utf-8", "replace")

    def _label(self, look: str) -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        set_look(label, class_=look)
        return label

    def _build(self) -> None:
        self._text.setReadOnly(True)
        self._text.setObjectName("text.message.payload")
        self._text.setAccessibleName(self.tr("Payload"))
        self._text.setTabChangesFocus(True)
        self._text.setMinimumHeight(_TEXT_MIN_HEIGHT_PX)
        set_look(self._text, class_="mono")
        self._bar = QWidget()
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._text_button = self._segment("button.payload.text", self.tr("Text"), "segmentFirst")
        self._hex_button = self._segment("button.payload.hex", self.tr("Hex"), "segmentLast")
        self._text_button.setChecked(True)
        group = QButtonGroup(self)
        for button in (self._text_button, self._hex_button):
            group.addButton(button)
            row.addWidget(button)
        group.buttonClicked.connect(self._show_text)
        row.addStretch(1)
        self._map_button.setText(self.tr("Map…"))
        self._map_button.setObjectName("button.payload.map")
        self._map_button.setAccessibleName(self.tr("Say what this message means"))
        self._map_button.clicked.connect(lambda: self.map_asked.emit(self._topic_text))
        row.addWidget(self._map_button)
        row.addSpacing(6)
        self._copy_button.setText(self.tr("Copy"))
        self._copy_button.setObjectName("button.payload.copy")
        self._copy_button.setAccessibleName(self.tr("Copy payload"))
        self._copy_button.clicked.connect(self._copy)
        row.addWidget(self._copy_button)
        self._values.setColumnStretch(0, 1)
        self._values.setVerticalSpacing(4)
        self._values_heading.setText(self.tr("Decoded values"))
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 12)
        column.setSpacing(6)
        for widget in (self._heading, self._topic, self._facts, self._result, self._bar):
            column.addWidget(widget)
        column.addWidget(self._text, 1000)
        column.addWidget(self._values_heading)
        column.addLayout(self._values)
        column.addWidget(self.heard)
        column.addStretch(1)

    def _segment(self, name: str, text: str, end: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setCheckable(True)
        button.setObjectName(name)
        set_look(button, class_=f"segment {end}")
        return button

    def _value_row(self, key: str) -> tuple[QLabel, QLabel]:
        row = self._values.rowCount()
        name, value = QLabel(channel_name(key)), QLabel()
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setObjectName(f"payload.value.{key}")
        set_look(name, class_="dense muted")
        set_look(value, class_="dense medium")
        self._values.addWidget(name, row, 0)
        self._values.addWidget(value, row, 1, Qt.AlignmentFlag.AlignRight)
        return name, value

    def _show_text(self, *_: object) -> None:
        content = self._payload.content
        if content is None:
            self._text.setPlainText("")
            self._text.setPlaceholderText(self._missing)
            return
        shown = content[:SHOWN_BYTES]
        text = hex_text(shown) if self._hex_button.isChecked() else shown.decode("utf-8", "replace")
        if len(content) > SHOWN_BYTES:
            more = self.tr("… and {size} more; Copy takes all.")
            text = f"{text}\n{more.format(size=size_text(len(content) - SHOWN_BYTES))}"
        self._text.setPlainText(text)

    def _show_values(self, values: Values | None) -> None:
        self._values_heading.setVisible(values is not None)
        for position, channel in enumerate(CHANNELS):
            name, value = self._channels[channel.key]
            name.setVisible(values is not None)
            value.setVisible(values is not None)
            if values is not None:
                value.setText(channel_value(channel.key, values[position]))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.payload_text)


def hex_text(content: bytes) -> str:
    """Bytes as rows of offset, hexadecimal and the printable characters."""
    rows = []
    for start in range(0, len(content), HEX_ROW_BYTES):
        part = content[start : start + HEX_ROW_BYTES]
        signs = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        rows.append(f"{start:04x}  {part.hex(' '):<{HEX_ROW_BYTES * 3}} {signs}")
    return "\n".join(rows)
