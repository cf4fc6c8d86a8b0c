"""The small dialog behind Connect…: what one needs to reach a broker, and no more."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.settings.model import BrokerSettings
from harit_desktop.ui.settings.validation import parse_text
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look

PLAIN_PORT, TLS_PORT = "1883", "8883"
_WIDTH_PX = 420


class ConnectDialog(QDialog):
    """Asks for host, port, login and TLS; `connect_asked` gives settings and secrets."""

    connect_asked = Signal(dict, dict)

    def __init__(self, broker: BrokerSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dialog.connect")
        self.setWindowTitle(self.tr("Connect to a broker"))
        self.setMinimumWidth(scaled(_WIDTH_PX))
        self._host = self._line("connect.host", broker.host)
        self._port = self._line("connect.port", str(broker.port))
        self._user = self._line("connect.user", broker.username)
        self._password = self._line("connect.password", "")
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._tls = QCheckBox(self.tr("Use TLS"))
        self._tls.setObjectName("connect.tls")
        self._tls.setChecked(broker.tls)
        self._tls.toggled.connect(self._follow_tls)
        self._errors = {"broker.host": self._error(), "broker.port": self._error()}
        self._found = QLabel()
        self._found.setWordWrap(True)
        set_look(self._found, class_="dense", severity="info")
        self._found.hide()
        self._build()
        self._host.selectAll()

    def show_local_broker(self, port: int) -> None:
        """Says that a broker already answers on this computer."""
        self._found.setText(
            self.tr("A broker is running on this computer: 127.0.0.1, port {port}.").format(
                port=port
            )
        )
        self._found.show()

    def _line(self, name: str, text: str) -> QLineEdit:
        line = QLineEdit(text)
        line.setObjectName(name)
        line.textEdited.connect(self._clear_errors)
        return line

    @staticmethod
    def _error() -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        set_look(label, class_="dense", severity="crit")
        label.hide()
        return label

    def _build(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(7)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._port.setMaximumWidth(scaled(90))
        self._password.setPlaceholderText(self.tr("Kept in the system keyring, if there is one"))
        rows = (
            (self.tr("Host"), self._host, self._errors["broker.host"]),
            (self.tr("Port"), self._port, self._errors["broker.port"]),
            ("", self._tls, None),
            (self.tr("User name"), self._user, None),
            (self.tr("Password"), self._password, None),
        )
        for title, field, error in rows:
            label = QLabel(title)
            label.setBuddy(field)
            set_look(label, class_="muted")
            form.addRow(label, field)
            if title:
                field.setAccessibleName(title)
            if error is not None:
                form.addRow("", error)
        intro = QLabel(self.tr("The address where your sensors publish."))
        set_look(intro, class_="muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(intro)
        column.addWidget(self._found)
        column.addLayout(form)
        column.addLayout(self._make_buttons())

    def _make_buttons(self) -> QHBoxLayout:
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setObjectName("connect.cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        connect = QPushButton(self.tr("Connect"))
        connect.setObjectName("connect.connect")
        connect.setDefault(True)
        connect.clicked.connect(self._finish)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(connect)
        return row

    def _follow_tls(self, on: bool) -> None:
        """Moves between the two usual ports, unless the user chose another one."""
        usual, other = (PLAIN_PORT, TLS_PORT) if on else (TLS_PORT, PLAIN_PORT)
        if self._port.text() == usual:
            self._port.setText(other)

    def _finish(self) -> None:
        host, port = self._read("broker.host", self._host), self._read("broker.port", self._port)
        if any(not label.isHidden() for label in self._errors.values()):
            return
        changes = {
            "broker.mode": "external",
            "broker.host": host,
            "broker.port": port,
            "broker.tls": self._tls.isChecked(),
            "broker.username": self._user.text().strip(),
        }
        password = self._password.text()
        self.accept()
        self.connect_asked.emit(changes, {"broker.password": password} if password else {})

    def _read(self, key: str, field: QLineEdit) -> Any:
        value, problem = parse_text(key, field.text())
        error = self._errors[key]
        error.setText(self.tr("▲ {problem}").format(problem=problem) if problem else "")
        error.setVisible(problem is not None)
        set_look(field, invalid="true" if problem else "false")
        field.setAccessibleDescription(problem or "")
        return value

    def _clear_errors(self) -> None:
        for error in self._errors.values():
            error.hide()
        for field in (self._host, self._port):
            set_look(field, invalid="false")
