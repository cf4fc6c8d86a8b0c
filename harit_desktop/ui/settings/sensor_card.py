"""What has to be typed into a sensor, large, and as a picture for those that have a camera."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.broker.addresses import OwnAddress
from harit_desktop.ui.dialog_parts import button, sentences
from harit_desktop.ui.qr_code import QrCode
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import plain

_HIDDEN = "••••••••"
_NAME = "settings.embedded.sensor"
TOP = Qt.AlignmentFlag.AlignTop


@dataclass(frozen=True)
class Offer:
    """The broker as a sensor sees it. `password` is None where it is not known here, `no_password`
    where none is known anywhere."""

    addresses: tuple[OwnAddress, ...] = ()
    port: int = 0
    username: str = ""
    topic: str = ""
    password: str | None = None
    no_password: bool = False

    def url(self, address: str, *, with_password: bool = False) -> str:
        """For a device's camera; user and password as URLs write them (RFC 3986, 3.2.1)."""
        user = urllib.parse.quote(self.username, safe="")
        if with_password and self.password:
            user += f":{urllib.parse.quote(self.password, safe='')}"
        host = f"[{address}]" if ":" in address else address
        return f"mqtt://{user}@{host}:{self.port}"


class SensorCard(QFrame):
    """`password_wanted` asks for the present password, which is not kept in the window.

    The password is in no picture and on no label until somebody asks for it.
    """

    password_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName(_NAME)
        set_look(self, class_="inset")
        self._offer = Offer()
        self._revealed = False
        self._copying = False
        self._choice = QComboBox()
        self._choice.setObjectName(f"{_NAME}.network")
        self._choice.setAccessibleName(self.tr("Network"))
        self._choice.activated.connect(self._show)
        self._address = self._value("address", "title")
        self._port = self._value("port", "heading")
        self._user = self._value("user", "heading")
        self._password = self._value("password", "title")
        self._topic = self._value("topic", "mono")
        self._copy = button(f"{_NAME}.copy", self.tr("Copy address"))
        self._copy.clicked.connect(self._copy_address)
        self._reveal = button(f"{_NAME}.password.show", self.tr("Show password"))
        self._reveal.clicked.connect(self._press_reveal)
        self._copy_password = button(f"{_NAME}.password.copy", self.tr("Copy password"))
        self._copy_password.clicked.connect(self._press_copy_password)
        self._qr = QrCode(f"{_NAME}.qr")
        self._with_password = QCheckBox(self.tr("With the password"))
        self._with_password.setObjectName(f"{_NAME}.qr.withPassword")
        self._with_password.toggled.connect(self._press_with_password)
        self._qr_note = sentences(f"{_NAME}.qr.note", "caption muted")
        self._titles: dict[QWidget, QLabel] = {}
        self._build()

    def show_offer(self, offer: Offer) -> None:
        """Takes what is to be shown now; a chosen network stays chosen."""
        if offer.addresses != self._offer.addresses:
            self._fill_choice(offer.addresses)
        self._offer = offer
        if self._copying and offer.password:
            self._copying = False
            QGuiApplication.clipboard().setText(offer.password)
        self._show()

    def forget(self) -> None:
        """Shows no password any more."""
        self._revealed = self._copying = False
        self._with_password.setChecked(False)
        self._show()

    @property
    def wants_password(self) -> bool:
        """Whether something shown needs the present password."""
        return self._revealed or self._copying or self._with_password.isChecked()

    def _value(self, name: str, look: str) -> QLabel:
        label = QLabel()
        label.setObjectName(f"{_NAME}.{name}")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        set_look(label, class_=look)
        return label

    def _build(self) -> None:
        head = QLabel(self.tr("Type this into the sensor"))
        set_look(head, class_="heading")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QWidget], ...] = (
            (self.tr("Network"), self._choice),
            (self.tr("Host"), self._address),
            (self.tr("Port"), self._port),
            (self.tr("User name"), self._user),
            (self.tr("Password"), self._password),
            (self.tr("Topic"), self._topic),
        )
        for number, (title, value) in enumerate(rows):
            label = QLabel(title)
            set_look(label, class_="muted")
            grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(value, number, 1, Qt.AlignmentFlag.AlignLeft)
            self._titles[value] = label
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(head)
        left.addLayout(grid)
        left.addLayout(self._buttons())
        left.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 12, 14, 12)
        row.setSpacing(16)
        row.addLayout(left, 1)
        row.addLayout(self._picture())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in (self._copy, self._reveal, self._copy_password):
            row.addWidget(widget)
        row.addStretch(1)
        return row

    def _picture(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(self._qr, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._with_password)
        column.addWidget(self._qr_note)
        column.addStretch(1)
        return column

    def _fill_choice(self, addresses: tuple[OwnAddress, ...]) -> None:
        chosen = self._choice.currentData()
        self._choice.clear()
        for own in addresses:
            text = self.tr("{address} ({interface})")
            shown = text.format(address=own.address, interface=plain(own.interface))
            self._choice.addItem(shown, own.address)
        self._choice.setCurrentIndex(max(0, self._choice.findData(chosen)))

    def _show(self) -> None:
        offer = self._offer
        address = self._choice.currentData() or ""
        several = len(offer.addresses) > 1
        self._choice.setVisible(several)
        self._titles[self._choice].setVisible(several)
        self._address.setText(address or self.tr("no network now"))
        self._port.setText(str(offer.port))
        self._user.setText(plain(offer.username))
        self._topic.setText(plain(offer.topic))
        for widget in (self._topic, self._titles[self._topic]):
            widget.setVisible(bool(offer.topic))
        shown = self._revealed and offer.password is not None
        unset = self.tr("none is known: make one") if offer.no_password else _HIDDEN
        self._password.setText((offer.password or "") if shown else unset)
        spoken = "" if shown or offer.no_password else self.tr("The password, hidden")
        self._password.setAccessibleName(spoken)
        self._reveal.setText(self.tr("Hide password") if shown else self.tr("Show password"))
        self._copy.setEnabled(bool(address))
        self._show_picture(address)

    def _show_picture(self, address: str) -> None:
        offer, full = self._offer, self._with_password.isChecked()
        there = bool(address) and bool(offer.username)
        self._with_password.setEnabled(there)
        if not there:
            self._qr.clear()
            self._qr_note.setText("")
            return
        full = full and bool(offer.password)
        bare = offer.url(address)
        spoken = self.tr("QR code with {address}").format(address=bare)
        note = self.tr("Without the password: type that in by hand.")
        if full:
            spoken = self.tr("QR code with {address} and the password").format(address=bare)
            note = self.tr("Whoever takes a picture of this has the password.")
        self._qr.show_text(offer.url(address, with_password=full), spoken)
        self._qr_note.setText(note)
        set_look(self._qr_note, severity="warn" if full else "")

    def _copy_address(self) -> None:
        address = self._choice.currentData()
        if address:
            host = f"[{address}]" if ":" in address else address
            QGuiApplication.clipboard().setText(f"{host}:{self._offer.port}")

    def _press_reveal(self) -> None:
        shown = self._revealed and self._offer.password is not None
        self._revealed = not shown
        self._ask_or_show()

    def _press_copy_password(self) -> None:
        self._copying = True
        self.show_offer(self._offer)
        self._ask_or_show()

    def _press_with_password(self) -> None:
        self._ask_or_show()

    def _ask_or_show(self) -> None:
        if self.wants_password and self._offer.password is None:
            self.password_wanted.emit()
        self._show()
