"""The Storage page: the server's fields, what a change deletes or exposes, backups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import BackupStatus
from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings.model import SECRET_KEYS, Settings
from harit_desktop.settings.store import build_settings
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.settings.pages import SHOWN_KEYS
from harit_desktop.ui.theme import ThemeController

MYSQL = {"storage.backend": "mysql", "storage.mysql_user": "harit"}


class Opened:
    """The open dialog on its Storage page, what it sent and what it had counted."""

    def __init__(self, qtbot: QtBot, theme: ThemeController, **settings: Any) -> None:
        self.qtbot = qtbot
        self.sent: list[Command] = []
        self.counted: list[int] = []
        self.handle: QueryHandle[int] = QueryHandle()
        tree = build_settings({key.replace("__", "."): value for key, value in settings.items()})
        self.dialog = SettingsDialog(
            tree, Path("/data"), self.sent.append, theme, count_older=self._count
        )
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)
        qtbot.waitUntil(self.dialog.isActiveWindow)
        self.dialog.open_page("storage")

    def _count(self, days: int) -> QueryHandle[int]:
        self.counted.append(days)
        return self.handle

    def find(self, name: str) -> Any:
        found = self.dialog.findChild(QWidget, f"settings.storage.{name}")
        assert found is not None, name
        return found

    def type(self, name: str, text: str) -> None:
        line = self.find(name)
        assert isinstance(line, QLineEdit)
        line.setFocus()
        line.selectAll()
        self.qtbot.keyClicks(line, text)

    def choose(self, name: str, data: str) -> None:
        combo = self.find(name)
        assert isinstance(combo, QComboBox)
        combo.setCurrentIndex(combo.findData(data))
        combo.activated.emit(combo.currentIndex())

    def warning(self, name: str) -> str:
        label = self.find(f"{name}.warning")
        assert isinstance(label, QLabel)
        return label.text() if label.isVisible() else ""

    def click(self, name: str) -> None:
        button = self.dialog.findChild(QPushButton, name)
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def can_apply(self) -> bool:
        return bool(self.dialog.findChild(QPushButton, "settings.apply").isEnabled())


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController) -> Opened:
    return Opened(qtbot, theme)


def test_names_of_the_contract_are_there(opened: Opened) -> None:
    for name in (
        "backend", "path", "mysql.host", "mysql.port", "mysql.database", "mysql.user",
        "mysql.password", "mysql.tls", "mysql.ca", "spoolLimit", "journalDays", "retention",
        "csvMirror", "backup.hours", "backup.keep", "backup.folder",
    ):  # fmt: skip
        assert opened.find(name).accessibleName()


def test_the_servers_fields_come_with_the_server(opened: Opened) -> None:
    fields = ("mysql.host", "mysql.password", "mysql.tls", "spoolLimit", "journalDays")
    for name in fields:
        assert not opened.find(name).isVisible()
        assert not opened.find(name).isEnabled()
    opened.choose("backend", "mysql")
    for name in fields:
        assert opened.find(name).isVisible()
        assert opened.find(name).isEnabled()
    assert "sent to the server in the background" in opened.find("backend.note").text()


def test_a_server_is_applied_with_its_password_as_a_secret(opened: Opened) -> None:
    opened.choose("backend", "mysql")
    opened.type("mysql.host", "10.0.0.5")
    opened.type("mysql.user", "harit")
    opened.type("mysql.password", "s3cret")
    opened.choose("mysql.tls", "on")
    opened.click("settings.apply")
    assert opened.sent == [
        ApplySettings(
            changes={
                "storage.backend": "mysql",
                "storage.mysql_host": "10.0.0.5",
                "storage.mysql_user": "harit",
                "storage.mysql_tls": True,
            },
            secrets={"storage.mysql_password": "s3cret"},
        )
    ]
    assert opened.find("mysql.password").text() == ""
    assert not opened.can_apply()


def test_a_server_without_a_user_name_is_not_applied(opened: Opened) -> None:
    opened.choose("backend", "mysql")
    opened.click("settings.apply")
    assert opened.sent == []
    assert "needs a user name" in opened.find("mysql.user.error").text()
    opened.choose("backend", "sqlite")
    opened.type("backup.keep", "3")
    opened.click("settings.apply")
    assert opened.sent == [ApplySettings(changes={"storage.backup_keep": 3})]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("spoolLimit", "5", "from 10 to 10000"),
        ("journalDays", "0", "from 1 to 3650"),
        ("retention", "-1", "from 0 on"),
        ("mysql.database", "a/b", "no slash"),
        ("mysql.host", "mysql://farm", "without"),
        ("backup.folder", "backups", "whole path"),
        ("backup.keep", "0", "from 1 to 365"),
    ],
)
def test_a_wrong_value_is_named_under_its_field(
    qtbot: QtBot, theme: ThemeController, name: str, text: str, says: str
) -> None:
    opened = Opened(qtbot, theme, **MYSQL)
    opened.type(name, text)
    opened.dialog.findChild(QPushButton, "settings.cancel").setFocus()
    assert says in opened.find(f"{name}.error").text()
    assert not opened.can_apply()


@pytest.mark.parametrize(("tls", "held"), [("auto", None), ("on", True), ("off", False)])
def test_tls_has_three_choices(
    qtbot: QtBot, theme: ThemeController, tls: str, held: bool | None
) -> None:
    opened = Opened(qtbot, theme, **MYSQL, **{"storage.mysql_tls": held})
    assert opened.find("mysql.tls").currentData() == tls
    assert opened.dialog.changes() == {}


def test_no_tls_beyond_this_computer_needs_a_yes(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, **MYSQL)
    opened.choose("mysql.tls", "off")
    assert opened.warning("mysql.tls") == ""
    assert opened.can_apply()
    opened.type("mysql.host", "10.0.0.5")
    assert "network between here and 10.0.0.5" in opened.warning("mysql.tls")
    assert not opened.can_apply()
    box = opened.find("mysql.tls.confirm")
    assert isinstance(box, QCheckBox)
    box.click()
    assert opened.can_apply()
    # Another computer is another question.
    opened.type("mysql.host", "10.0.0.6")
    assert not opened.can_apply()
    opened.choose("mysql.tls", "auto")
    assert opened.can_apply()


def test_shorter_retention_says_what_it_deletes_and_needs_a_yes(opened: Opened) -> None:
    opened.type("retention", "30")
    assert "older than 30 days will be deleted for good" in opened.warning("retention")
    assert "within a minute" in opened.warning("retention")
    assert opened.counted[-1] == 30
    assert not opened.can_apply()
    opened.handle.finish(12_340, None)
    opened.dialog.poll(BackupStatus())
    assert "Readings that go first: 12,340." in opened.warning("retention")
    opened.find("retention.confirm").click()
    assert opened.can_apply()
    opened.click("settings.apply")
    assert opened.sent == [ApplySettings(changes={"storage.retention_days": 30})]
    assert opened.warning("retention") == ""


@pytest.mark.parametrize(("before", "after"), [(30, "0"), (30, "60"), (30, "30")])
def test_longer_retention_needs_no_yes(
    qtbot: QtBot, theme: ThemeController, before: int, after: str
) -> None:
    opened = Opened(qtbot, theme, **{"storage.retention_days": before})
    opened.type("retention", after)
    assert opened.warning("retention") == ""


def test_what_failed_to_count_is_still_asked(opened: Opened) -> None:
    opened.type("retention", "7")
    opened.handle.finish(None, Problem("query.failed"))
    opened.dialog.poll(BackupStatus())
    assert "older than 7 days will be deleted" in opened.warning("retention")
    assert not opened.can_apply()


def test_fewer_copies_here_are_only_said(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, **MYSQL)
    opened.type("journalDays", "7")
    note = opened.find("journalDays.note")
    assert note.isVisible()
    assert "older than 7 days" in note.text()
    assert "the server keeps" in note.text()
    assert opened.can_apply()
    opened.type("journalDays", "1")
    assert "older than 1 day will" in note.text()


def test_tab_goes_as_the_eye_does(opened: Opened) -> None:
    opened.type("retention", "30")
    opened.qtbot.keyClick(opened.find("retention"), Qt.Key.Key_Tab)
    assert opened.find("retention.confirm").hasFocus()
    opened.qtbot.keyClick(opened.find("retention.confirm"), Qt.Key.Key_Tab)
    assert opened.find("csvMirror").hasFocus()
    pages = opened.dialog.findChild(QWidget, "list.settings.pages")
    pages.setFocus()
    opened.qtbot.keyClick(pages, Qt.Key.Key_Tab)
    assert opened.find("path").hasFocus()
    restore = opened.find("backup.restore")
    restore.setFocus()
    opened.qtbot.keyClick(restore, Qt.Key.Key_Tab)
    assert opened.dialog.findChild(QPushButton, "settings.defaults").hasFocus()


def test_after_apply_the_focus_stays_at_the_buttons(opened: Opened) -> None:
    opened.type("backup.keep", "9")
    apply = opened.dialog.findChild(QPushButton, "settings.apply")
    apply.setFocus()
    opened.qtbot.keyClick(apply, Qt.Key.Key_Space)
    assert len(opened.sent) == 1
    assert opened.dialog.findChild(QPushButton, "settings.ok").hasFocus()


@pytest.mark.parametrize(
    ("usable", "said"),
    [(True, "stored in the system keyring"), (False, "kept until the program ends")],
)
def test_what_becomes_of_a_password_is_said_once_it_is_known(
    qtbot: QtBot, theme: ThemeController, usable: bool, said: str
) -> None:
    handle: QueryHandle[bool] = QueryHandle()
    tree = build_settings(MYSQL)
    dialog = SettingsDialog(tree, Path("/data"), lambda _: None, theme, ask_keyring=lambda: handle)
    qtbot.addWidget(dialog)

    def hints() -> list[str]:
        fields = (dialog.pages["broker"].fields["broker.password"].editor,)
        fields += (dialog.pages["storage"].fields["storage.mysql_password"].editor,)
        return [field.accessibleDescription() for field in fields]

    dialog.poll(BackupStatus())
    assert not any("keyring" in hint or "program ends" in hint for hint in hints())
    handle.finish(usable, None)
    dialog.poll(BackupStatus())
    assert all(said in hint for hint in hints())
    shown = [label.text() for label in dialog.findChildren(QLabel)]
    assert sum(said in text for text in shown) == len(set(SECRET_KEYS) & set(SHOWN_KEYS))


def test_backups_are_asked_for_and_told(opened: Opened, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.dialog.backup_asked):
        opened.click("settings.storage.backup.now")
    with qtbot.waitSignal(opened.dialog.restore_asked):
        opened.click("settings.storage.backup.restore")
    opened.dialog.poll(BackupStatus(running=True))
    assert opened.find("backup.state").text() == "A backup is being made…"
    assert not opened.find("backup.now").isEnabled()
    opened.dialog.poll(BackupStatus(path="/b/harit-1.db"))
    assert opened.find("backup.state").text() == "Made: harit-1.db"
    opened.dialog.poll(BackupStatus(problem=Problem("backup.failed")))
    assert opened.find("backup.state").text() == "The last backup failed."
    assert opened.find("backup.now").isEnabled()


def test_defaults_of_the_page_are_valid(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, **MYSQL, **{"storage.retention_days": 5})
    opened.click("settings.defaults")
    assert opened.can_apply()
    assert opened.dialog.changes() == {
        "storage.backend": Settings().storage.backend,
        "storage.mysql_user": "",
        "storage.retention_days": 0,
    }
