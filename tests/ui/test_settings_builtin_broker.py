"""The page of the built-in broker: consent, password, and what a sensor needs to know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.broker.addresses import OwnAddress
from harit_desktop.broker.login import PASSWORD_LENGTH
from harit_desktop.domain.status import BackupStatus
from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings.store import build_settings
from harit_desktop.settings.transfer import Change
from harit_desktop.ui.qr_code import QrCode
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.settings_transfer import caution
from harit_desktop.ui.theme import ThemeController

PASSWORD = "kqn4wzr8abcdefgh"
HERE = (OwnAddress("192.168.1.20", "wlan0"), OwnAddress("10.0.0.5", "eth0"))
ON = {
    "broker.mode": "builtin",
    "builtin_broker.host": "0.0.0.0",
    "builtin_broker.allow_network": True,
}
SENSOR = "settings.embedded.sensor"


class Opened:
    """An open dialog on the built-in broker's page, and what it sent."""

    def __init__(
        self,
        qtbot: QtBot,
        theme: ThemeController,
        settings: dict[str, Any],
        kept: str | None = None,
        addresses: tuple[OwnAddress, ...] = HERE,
    ) -> None:
        self.qtbot = qtbot
        self.sent: list[Command] = []
        self.kept, self.addresses = kept, addresses
        self.asked = 0
        self.dialog = SettingsDialog(
            build_settings({"broker.mode": "builtin", **settings}),
            Path("/data"),
            self.sent.append,
            theme,
            ask_addresses=lambda: _done(self.addresses),
            ask_builtin_password=self._ask,
        )
        qtbot.addWidget(self.dialog)
        self.dialog.open_page("builtin_broker")
        self.dialog.open()
        qtbot.waitExposed(self.dialog)
        self.poll()

    def _ask(self) -> QueryHandle[str | None]:
        self.asked += 1
        return _done(self.kept)

    def poll(self) -> None:
        for _ in range(3):
            self.dialog.poll(BackupStatus())

    def find(self, name: str) -> Any:
        found = self.dialog.findChild(QWidget, name)
        assert found is not None, name
        return found

    def text(self, name: str) -> str:
        label: QLabel = self.find(name)
        return label.text() if label.isVisible() else ""

    def click(self, name: str) -> None:
        self.find(name).click()
        self.poll()

    def everything(self) -> str:
        """All that the page says, to eyes and to a screen reader."""
        page = self.dialog.pages["builtin_broker"]
        said = [label.text() for label in page.findChildren(QLabel)]
        said += [
            text
            for widget in page.findChildren(QWidget)
            for text in (
                widget.accessibleName(),
                widget.accessibleDescription(),
                widget.toolTip(),
            )
        ]
        return "\n".join(said)

    @property
    def qr(self) -> QrCode:
        code: QrCode = self.find(f"{SENSOR}.qr")
        return code

    @property
    def password(self) -> QLineEdit:
        line: QLineEdit = self.find("settings.embedded.password")
        return line


def _done(value: Any) -> QueryHandle[Any]:
    handle: QueryHandle[Any] = QueryHandle()
    handle.finish(value, None)
    return handle


def consent(opened: Opened) -> QCheckBox:
    box: QCheckBox = opened.find("settings.embedded.allowNetwork")
    return box


def test_a_yes_opens_every_network_with_a_password_of_its_own(
    qtbot: QtBot, theme: ThemeController
) -> None:
    opened = Opened(qtbot, theme, {})
    assert not consent(opened).isChecked()
    assert not opened.find(SENSOR).isVisible()
    assert not opened.password.isVisible()
    warning = opened.text("settings.embedded.allowNetwork.warning")
    assert "not encrypted" in warning
    assert "read" in warning
    qtbot.keyClick(consent(opened), Qt.Key.Key_Space)
    opened.poll()
    made = opened.password.text()
    assert len(made) == PASSWORD_LENGTH
    assert opened.password.echoMode() is QLineEdit.EchoMode.Normal
    assert opened.dialog.apply()
    (sent,) = opened.sent
    assert isinstance(sent, ApplySettings)
    assert sent.changes == {
        "builtin_broker.host": "0.0.0.0",
        "builtin_broker.allow_network": True,
    }
    assert sent.secrets == {"builtin_broker.password": made}
    assert opened.password.text() == ""
    # What was sent is shown on demand, without asking a store that may not have it yet.
    asked = opened.asked
    opened.click(f"{SENSOR}.password.show")
    assert opened.text(f"{SENSOR}.password") == made
    assert opened.asked == asked


def test_a_password_from_before_stays(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, {}, kept=PASSWORD)
    opened.click("settings.embedded.allowNetwork")
    assert opened.password.text() == ""
    assert opened.dialog.apply()
    assert isinstance(opened.sent[0], ApplySettings)
    assert opened.sent[0].secrets == {}
    assert PASSWORD not in opened.everything()


def test_taking_the_yes_back_goes_back_to_this_computer(
    qtbot: QtBot, theme: ThemeController
) -> None:
    opened = Opened(qtbot, theme, ON, PASSWORD)
    assert consent(opened).isChecked()
    opened.click("settings.embedded.allowNetwork")
    assert not opened.find(SENSOR).isVisible()
    assert opened.dialog.apply()
    assert isinstance(opened.sent[0], ApplySettings)
    assert opened.sent[0].changes == {
        "builtin_broker.host": "127.0.0.1",
        "builtin_broker.allow_network": False,
    }
    assert opened.sent[0].secrets == {}


@pytest.mark.parametrize(
    ("topics", "shown"),
    [(("#",), "harit-samarth/sensor/data"), (("farm/+/soil",), ""), (("#", "farm/a"), "farm/a")],
)
def test_the_topic_where_wildcards_are_listened_to(
    qtbot: QtBot, theme: ThemeController, topics: tuple[str, ...], shown: str
) -> None:
    opened = Opened(qtbot, theme, {**ON, "broker.topics": topics}, PASSWORD)
    assert opened.text(f"{SENSOR}.topic") == shown


def test_what_to_type_into_the_sensor_is_shown(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, {**ON, "builtin_broker.port": 1884}, PASSWORD)
    assert opened.text(f"{SENSOR}.address") == "192.168.1.20"
    assert opened.text(f"{SENSOR}.port") == "1884"
    assert opened.text(f"{SENSOR}.user") == "harit"
    assert opened.text(f"{SENSOR}.topic") == "harit-samarth/sensor/data"
    assert "1884" in opened.text("settings.embedded.firewall")
    url = "mqtt://harit@192.168.1.20:1884"
    assert opened.qr.text_shown == url
    assert opened.qr.accessibleName() == f"QR code with {url}"
    choice = opened.find(f"{SENSOR}.network")
    choice.setCurrentIndex(1)
    choice.activated.emit(1)
    assert opened.text(f"{SENSOR}.address") == "10.0.0.5"
    assert opened.qr.text_shown == "mqtt://harit@10.0.0.5:1884"
    opened.click(f"{SENSOR}.copy")
    assert QApplication.clipboard().text() == "10.0.0.5:1884"
    assert opened.asked == 0


def test_the_password_is_nowhere_until_it_is_asked_for(
    qtbot: QtBot, theme: ThemeController
) -> None:
    opened = Opened(qtbot, theme, ON, PASSWORD)
    assert PASSWORD not in opened.everything() + opened.qr.text_shown
    opened.click(f"{SENSOR}.password.show")
    assert opened.text(f"{SENSOR}.password") == PASSWORD
    opened.click(f"{SENSOR}.password.show")
    assert PASSWORD not in opened.everything()
    opened.click(f"{SENSOR}.qr.withPassword")
    assert opened.qr.text_shown == f"mqtt://harit:{PASSWORD}@192.168.1.20:1883"
    assert PASSWORD not in opened.everything()
    assert "has the password" in opened.text(f"{SENSOR}.qr.note")
    opened.dialog.reject()
    assert PASSWORD not in opened.everything() + opened.qr.text_shown


def test_the_password_can_be_copied_without_being_shown(
    qtbot: QtBot, theme: ThemeController
) -> None:
    opened = Opened(qtbot, theme, ON, PASSWORD)
    opened.click(f"{SENSOR}.password.copy")
    assert QApplication.clipboard().text() == PASSWORD
    assert PASSWORD not in opened.everything()
    QApplication.clipboard().clear()


def test_where_no_password_is_known_it_says_so(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, ON, None)
    opened.click(f"{SENSOR}.password.show")
    assert "make one" in opened.text(f"{SENSOR}.password")
    opened.click("settings.embedded.password.make")
    assert opened.text(f"{SENSOR}.password") == opened.password.text()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settings.embedded.user", ""),
        ("settings.embedded.user", "a:b"),
        ("settings.embedded.user", "a b"),
        ("settings.embedded.password", "short"),
        ("settings.embedded.host", "farm-hub"),
    ],
)
def test_what_cannot_work_is_said_at_once(
    qtbot: QtBot, theme: ThemeController, name: str, text: str
) -> None:
    opened = Opened(qtbot, theme, ON, PASSWORD)
    line: QLineEdit = opened.find(name)
    line.setText(text)
    line.textEdited.emit(text)
    assert not opened.dialog.apply()
    assert opened.text(f"{name}.error")
    assert opened.sent == []


def test_an_address_without_a_yes_is_not_applied(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, {"builtin_broker.host": "0.0.0.0"})
    assert opened.text("settings.embedded.allowNetwork.error")
    assert not opened.dialog.apply()


def test_one_chosen_address_is_the_one_that_is_shown(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, {**ON, "builtin_broker.host": "10.0.0.5"})
    assert opened.text(f"{SENSOR}.address") == "10.0.0.5"
    assert not opened.find(f"{SENSOR}.network").isVisible()


def test_without_a_network_there_is_no_code(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, ON, addresses=())
    assert opened.text(f"{SENSOR}.address") == "no network now"
    assert opened.qr.text_shown == ""
    assert not opened.find(f"{SENSOR}.copy").isEnabled()


def test_a_name_is_written_into_the_code_as_urls_do(qtbot: QtBot, theme: ThemeController) -> None:
    given = {**ON, "builtin_broker.username": "खेत@7", "builtin_broker.host": "fd00::5"}
    opened = Opened(qtbot, theme, given)
    assert opened.qr.text_shown == "mqtt://%E0%A4%96%E0%A5%87%E0%A4%A4%407@[fd00::5]:1883"


def test_an_imported_file_opens_it_only_where_a_person_ticks_that() -> None:
    assert "other devices" in caution(Change("builtin_broker.allow_network", False, True))
    assert "other devices" in caution(Change("builtin_broker.host", "127.0.0.1", "0.0.0.0"))
    assert caution(Change("builtin_broker.host", "0.0.0.0", "127.0.0.1")) == ""
    assert caution(Change("storage.mysql_host", "127.0.0.1", "10.0.0.5")) == ""


def test_the_page_is_used_by_keys_alone(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, ON)
    names = [w.objectName() for w in opened.dialog.pages["builtin_broker"].focus_chain()]
    for name in ("allowNetwork", "host", "user", "password", "password.make"):
        assert f"settings.embedded.{name}" in names
    for name in ("network", "copy", "password.show", "password.copy", "qr.withPassword"):
        assert f"{SENSOR}.{name}" in names
