"""How the broker does: what it told of itself, and what it allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QWidget

from harit_desktop.domain.status import LinkState, LinkStatus
from harit_desktop.ui.dialog_parts import body, button, edge_to_edge, footer, say, sentences
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import count, duration_text, size_text

Row = tuple[str, str, str]
"""Our name of a fact, what it is called, and its value in words."""

_WIDTH_PX = 460
_FOR_EVER = 0xFFFFFFFF


def _tr(text: str) -> str:
    return QCoreApplication.translate("BrokerCard", text)


def fact_rows(link: LinkStatus) -> list[Row]:
    """What the broker does, in the order of importance; only what it told."""
    words = {
        "version": _tr("Program"),
        "uptime_s": _tr("Running for"),
        "clients": _tr("Connected clients"),
        "received_per_min": _tr("Received, messages a minute"),
        "sent_per_min": _tr("Sent, messages a minute"),
        "queued": _tr("Messages it holds"),
        "retained": _tr("Retained messages"),
        "heap_bytes": _tr("Memory"),
        "dropped": _tr("Dropped since its start, for all clients"),
    }
    return [(name, words[name], _value(name, value)) for name, value in link.health.told]


def limit_rows(link: LinkStatus) -> list[Row]:
    """What the broker allows, by the words of its acceptance."""
    words = {
        "receive_maximum": _tr("Unconfirmed messages it takes"),
        "maximum_packet_bytes": _tr("Largest message"),
        "maximum_qos": _tr("Highest quality of service"),
        "retain_available": _tr("Retained messages allowed"),
        "wildcards_available": _tr("Topics with wildcards allowed"),
        "shared_available": _tr("Shared subscriptions allowed"),
        "session_expiry_s": _tr("Keeps our session for"),
        "server_keepalive_s": _tr("Wants a sign of life every"),
    }
    return [(name, words[name], _value(name, value)) for name, value in link.health.limits]


def connection_rows(link: LinkStatus) -> list[Row]:
    """How we are connected."""
    kept = {
        None: _tr("not known"),
        True: _tr("yes"),
        False: _tr("no, begun anew"),
    }
    return [
        ("address", _tr("Address"), f"{link.host}:{link.port}"),
        ("tls", _tr("Encrypted"), _tr("yes, TLS") if link.tls else _tr("no")),
        ("protocol", _tr("Protocol"), f"MQTT {link.protocol}" if link.protocol else "–"),
        ("session", _tr("Session kept"), kept[link.session_present]),
    ]


def _value(name: str, value: int | str) -> str:
    if isinstance(value, str):
        return value
    if name == "session_expiry_s" and value == _FOR_EVER:
        return _tr("for ever")
    if name.endswith("_s"):
        return duration_text(value)
    if name == "maximum_packet_bytes":
        # A power of two, as brokers and their manuals say it.
        return QLocale().formattedDataSize(value, 0, QLocale.DataSizeFormat.DataSizeIecFormat)
    if name.endswith("_bytes"):
        return size_text(value)
    if name.endswith("_available"):
        return _tr("yes") if value else _tr("no")
    return count(value)


class BrokerCard(QDialog):
    """Polled for news while it is open; everything in it is plain text."""

    def __init__(self, link: Callable[[], LinkStatus], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dialog.broker")
        self.setWindowTitle(self.tr("Broker health"))
        self.setMinimumWidth(_WIDTH_PX)
        self._link = link
        self._shown: LinkStatus | None = None
        self._values: dict[str, QLabel] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._note = sentences("broker.note", "dense muted")
        copy = button("broker.copy", self.tr("&Copy"))
        copy.clicked.connect(self._copy)
        close = button("broker.close", self.tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        widget, inside = body()
        inside.addLayout(self._grid)
        inside.addWidget(self._note)
        inside.addStretch(1)
        column = edge_to_edge(self)
        column.addWidget(widget)
        column.addWidget(footer(copy, None, close))
        self.poll()
        close.setFocus()

    def poll(self) -> None:
        """Shows what is known now; builds the rows anew only where others are known."""
        link = self._link()
        if link == self._shown:
            return
        self._shown = link
        sections = self._sections(link)
        rows = [row for _, part in sections for row in part]
        if [name for name, _, _ in rows] != list(self._values):
            self._build(sections)
        for name, label, value in rows:
            self._values[name].setText(value)
            self._values[name].setAccessibleName(f"{label}: {value}")
        say(self._note, self._note_text(link))

    def _sections(self, link: LinkStatus) -> list[tuple[str, list[Row]]]:
        if link.state is LinkState.OFF or not link.host:
            return []
        parts = [(self.tr("Connection"), connection_rows(link))]
        if link.state is LinkState.CONNECTED:
            parts.append((self.tr("What it does"), fact_rows(link)))
            parts.append((self.tr("What it allows"), limit_rows(link)))
        return [(title, rows) for title, rows in parts if rows]

    def _note_text(self, link: LinkStatus) -> str:
        if link.state is not LinkState.CONNECTED:
            return self.tr("Not connected now.")
        if not link.health.told:
            return self.tr(
                "This broker tells nothing about itself under $SYS, or not to this user."
            )
        if not link.health.limits and link.protocol == "3.1.1":
            return self.tr("With MQTT 3.1.1 a broker does not say what it allows.")
        return ""

    def _build(self, sections: Iterable[tuple[str, list[Row]]]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._values.clear()
        at = 0
        for title, rows in sections:
            heading = QLabel(title)
            set_look(heading, class_="caption strong muted")
            heading.setContentsMargins(0, 10 if at else 0, 0, 0)
            self._grid.addWidget(heading, at, 0, 1, 2)
            at += 1
            for name, words, _ in rows:
                label, value = QLabel(words), QLabel()
                set_look(label, class_="muted")
                value.setObjectName(f"broker.{name}")
                value.setTextFormat(Qt.TextFormat.PlainText)
                value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self._grid.addWidget(label, at, 0)
                self._grid.addWidget(value, at, 1)
                self._values[name] = value
                at += 1

    def _copy(self) -> None:
        link = self._link()
        lines = [
            f"{words}: {value}" for _, part in self._sections(link) for _, words, value in part
        ]
        QGuiApplication.clipboard().setText("\n".join([*lines, self._note_text(link)]).strip())
