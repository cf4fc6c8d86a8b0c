"""The page of the first start: two ways to see soil data, one click each."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.runtime.commands import StartDemo
from harit_desktop.ui.icons import pixmap
from harit_desktop.ui.panels.elided_label import ElidedLabel
from harit_desktop.ui.theme import ThemeController, set_look
from harit_desktop.ui.words import duration_text, number, plain

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
LOCAL_BROKER_PORT = 1883
PROBE_TIMEOUT_S = 0.5
_WIDTH_PX = 760


def answers_on(port: int) -> bool:
    """Whether some program listens on this computer's port. Blocks: for the query pool."""
    try:
        with socket.create_connection(("127.0.0.1", port), PROBE_TIMEOUT_S):
            return True
    except OSError:
        return False


class FirstRunPage(QWidget):
    """Cards of the first start. `simulate_asked` and `connect_asked` are its two ways."""

    simulate_asked = Signal()
    connect_asked = Signal()

    def __init__(
        self, engine: Engine, theme: ThemeController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page.first")
        self.setAccessibleName(self.tr("First start"))
        self._engine = engine
        self._theme = theme
        self._glyphs: list[tuple[QLabel, str, int, str]] = []
        self._probe: QueryHandle[bool] | None = None
        self.local_broker = False
        self.simulate_button = QPushButton(self.tr("Start with simulated sensors"))
        self.connect_button = QPushButton(self.tr("Connect…"))
        self._broker_fact = self._fact_value()
        self._found = QLabel(self.tr("A broker is running on this computer."))
        self._build()
        theme.changed.connect(self._restyle)
        self._restyle()
        self._show_probe(False)

    def start_probe(self) -> None:
        """Looks for a broker on this computer, off the main thread."""
        self._probe = self._engine.queries.submit(
            "first.probe", lambda _: answers_on(LOCAL_BROKER_PORT)
        )

    def poll(self) -> None:
        """Takes the answer of the probe; called by the frame clock."""
        if self._probe is not None and self._probe.done:
            self._show_probe(bool(self._probe.value))
            self._probe = None

    def set_starting(self, starting: bool) -> None:
        """Says that the click was heard while the broker starts."""
        self.simulate_button.setEnabled(not starting)
        self.simulate_button.setText(
            self.tr("Starting…") if starting else self.tr("Start with simulated sensors")
        )

    def _build(self) -> None:
        title = QLabel(self.tr("See soil data live in a few seconds"))
        set_look(title, class_="title")
        intro = QLabel(
            self.tr(
                "Nothing is connected yet. Pick one; you can change it at any time in Settings."
            )
        )
        intro.setWordWrap(True)
        set_look(intro, class_="muted")
        middle = QWidget()
        middle.setMaximumWidth(_WIDTH_PX)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(title)
        column.addSpacing(8)
        column.addWidget(intro)
        column.addSpacing(18)
        column.addWidget(self._simulation_card())
        column.addSpacing(18)
        column.addWidget(self._connect_card())
        row = QHBoxLayout()
        row.setContentsMargins(40, 0, 40, 0)
        row.addStretch(1)
        row.addWidget(middle, 1000)
        row.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 12, 0, 12)
        page.addStretch(2)
        page.addLayout(row)
        page.addStretch(3)
        self.setTabOrder(self.simulate_button, self.connect_button)

    def _simulation_card(self) -> QFrame:
        card = QFrame()
        set_look(card, class_="cardRecommended")
        column = QVBoxLayout(card)
        column.setContentsMargins(18, 14, 18, 16)
        column.setSpacing(7)
        head = self._card_head("play", self.tr("Try it now with simulated sensors"), "accent")
        advised = QLabel(self.tr("Recommended for a first look"))
        set_look(advised, class_="dense accent")
        head.addWidget(advised)
        demo = StartDemo()
        text = QLabel(
            self.tr(
                "Starts a private broker on this computer and a simulator that publishes "
                "{count} plots every {interval}. Nothing leaves this computer."
            ).format(count=demo.devices, interval=duration_text(demo.interval_s))
        )
        text.setWordWrap(True)
        set_look(text, class_="muted")
        column.addLayout(head)
        column.addWidget(text)
        column.addLayout(self._facts(demo))
        button = self.simulate_button
        button.setObjectName("first.simulate")
        button.setDefault(True)
        set_look(button, class_="primary large")
        button.clicked.connect(self.simulate_asked)
        column.addSpacing(3)
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        return card

    def _facts(self, demo: StartDemo) -> QGridLayout:
        simulator = self._fact_value()
        simulator.setText(
            self.tr("{count} devices, 7 channels, one reading each {interval}").format(
                count=number(demo.devices), interval=duration_text(demo.interval_s)
            )
        )
        database = self._fact_value()
        path = plain(str(self._engine.paths.database))
        database.setText(self.tr("SQLite in {path}").format(path=path))
        grid = QGridLayout()
        grid.setHorizontalSpacing(9)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        rows = (
            ("server", self.tr("Built-in broker"), self._broker_fact),
            ("publisher", self.tr("Simulator"), simulator),
            ("database", self.tr("Database"), database),
        )
        for number_, (glyph, name, value) in enumerate(rows):
            title = QLabel(name)
            set_look(title, class_="dense medium")
            grid.addWidget(self._glyph(glyph, 14), number_, 0)
            grid.addWidget(title, number_, 1)
            grid.addWidget(value, number_, 2)
        return grid

    def _connect_card(self) -> QFrame:
        card = QFrame()
        set_look(card, class_="card")
        column = QVBoxLayout(card)
        column.setContentsMargins(18, 12, 18, 12)
        column.setSpacing(6)
        column.addLayout(self._card_head("broker", self.tr("Connect to a broker")))
        text = QLabel(
            self.tr(
                "Sensors already publish to a broker on site or in the cloud. You need its "
                "address, and a user name if it asks for one."
            )
        )
        text.setWordWrap(True)
        set_look(text, class_="dense muted")
        column.addWidget(text)
        set_look(self._found, class_="dense", severity="info")
        button = self.connect_button
        button.setObjectName("first.connect")
        button.clicked.connect(self.connect_asked)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(button)
        row.addWidget(self._found)
        row.addStretch(1)
        column.addLayout(row)
        return card

    def _card_head(self, glyph: str, text: str, color: str = "text2") -> QHBoxLayout:
        title = QLabel(text)
        set_look(title, class_="heading")
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._glyph(glyph, 20, color))
        row.addWidget(title)
        row.addStretch(1)
        return row

    def _glyph(self, name: str, size_px: int, color: str = "text2") -> QLabel:
        label = QLabel()
        label.setFixedSize(size_px, size_px)
        self._glyphs.append((label, name, size_px, color))
        return label

    @staticmethod
    def _fact_value() -> QLabel:
        # A long folder name must not squeeze the panels beside the page.
        label = ElidedLabel()
        set_look(label, class_="dense muted")
        return label

    def _show_probe(self, found: bool) -> None:
        self.local_broker = found
        self._found.setVisible(found)
        port = self._engine.settings.builtin_broker.port
        text = (
            self.tr("127.0.0.1, the next free port after {port}, only this computer")
            if found and port == LOCAL_BROKER_PORT
            else self.tr("127.0.0.1:{port}, only this computer")
        )
        self._broker_fact.setText(text.format(port=port))

    def _restyle(self) -> None:
        ratio = self.devicePixelRatioF()
        for label, name, size_px, color in self._glyphs:
            label.setPixmap(pixmap(name, self._theme.tokens, size_px, color, ratio))
