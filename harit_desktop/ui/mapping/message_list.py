"""The list of topics whose messages no format knows."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QLabel, QListWidget, QListWidgetItem

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.mapping import UnmappedMessage
from harit_desktop.ui.mapping.texts import tool_tip
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import age_text, count

_TOPIC = Qt.ItemDataRole.UserRole
MAX_TOPICS = 200
_PADDING_PX = 12


class MessageList(QListWidget):
    """One entry a topic. The chosen entry stays chosen while the list is brought up to date;
    `chosen` is given only when a person goes to another one."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("dialog.mapping.messages")
        self.setAccessibleName(self.tr("Unknown messages, by topic"))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.currentItemChanged.connect(self._go)

    def show_messages(self, messages: tuple[UnmappedMessage, ...], now_us: int) -> None:
        """Brings the entries up to date: those that stay are rewritten, not made anew."""
        kept = {message.topic: message for message in messages[:MAX_TOPICS]}
        with QSignalBlocker(self):
            for place in range(self.count() - 1, -1, -1):
                if self.item(place).data(_TOPIC) not in kept:
                    self.takeItem(place)
            known = {self.item(n).data(_TOPIC): self.item(n) for n in range(self.count())}
            for topic, message in kept.items():
                item = known.get(topic)
                if item is None:
                    item = QListWidgetItem(self)
                    item.setData(_TOPIC, topic)
                self._write(item, message, now_us)

    def choose(self, topic: str) -> bool:
        """Goes to a topic without giving `chosen`; whether it is there."""
        for place in range(self.count()):
            if self.item(place).data(_TOPIC) == topic:
                with QSignalBlocker(self):
                    self.setCurrentRow(place)
                return True
        return False

    def choose_none(self) -> None:
        """Leaves the topic that was chosen; each can then be chosen anew."""
        with QSignalBlocker(self):
            self.setCurrentRow(-1)

    def _write(self, item: QListWidgetItem, message: UnmappedMessage, now_us: int) -> None:
        age = age_text(max(0.0, (now_us - message.received_us) / US_PER_S))
        waiting = (
            self.tr("1 message · {age}")
            if message.count == 1
            else self.tr("{n} messages · {age}").format(n=count(message.count), age="{age}")
        )
        text = f"{printable(message.topic)}\n{waiting.format(age=age)}"
        if item.text() != text:
            item.setText(text)
            item.setSizeHint(QSize(0, 2 * self.fontMetrics().lineSpacing() + _PADDING_PX))
            item.setToolTip(tool_tip(message.topic))

    def _go(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(str(item.data(_TOPIC)))


def heading(text: str) -> QLabel:
    """The small title above a part of the dialog."""
    label = QLabel(text)
    set_look(label, class_="caption strong muted")
    return label
