"""The dialog that puts a backup in the place of the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QTreeWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.errors import KnownError
from harit_desktop.runtime.commands import Command, RestoreBackup
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.restore_dialog import RestoreDialog
from harit_desktop.ui.theme import ThemeController
from tests.ui.conftest import EngineMaker

NOW_US = time.time_ns() // 1000
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class File:
    path: Path
    made_us: int
    size_bytes: int
    kind: str


class Backups:
    """Backups that are in no folder; `gate` holds a check back."""

    def __init__(self) -> None:
        self.files = [
            File(Path("/b/old.db"), NOW_US - DAY_US, 31_000_000, "sqlite"),
            File(Path("/b/new.db"), NOW_US, 32_000_000, "sqlite"),
            File(Path("/b/bad.sql.gz"), NOW_US - 2 * DAY_US, 1_000_000, "mysql"),
        ]
        self.gate = threading.Event()
        self.gate.set()
        self.threads: list[str] = []

    def list(self) -> list[File]:
        self.threads.append(threading.current_thread().name)
        return self.files

    def check(self, path: Path, cancelled: Callable[[], bool]) -> int:
        while not self.gate.wait(0.01):
            if cancelled():
                raise KnownError("query.cancelled")
        if "bad" in path.name:
            raise KnownError("backup.bad_file", path=str(path), reason="file is not a database")
        return 1_234_567


class Opened:
    def __init__(self, qtbot: QtBot, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.qtbot = qtbot
        self.backups = Backups()
        self.sent: list[Command] = []
        monkeypatch.setattr(Engine, "backups", property(lambda _: self.backups))
        monkeypatch.setattr(engine, "submit", self.sent.append)
        self.engine = engine

    def open(self) -> None:
        self.dialog = RestoreDialog(self.engine)
        self.qtbot.addWidget(self.dialog)
        self.dialog.open()
        self.qtbot.waitExposed(self.dialog)

    def wait_result(self, text: str) -> None:
        label = self.dialog.findChild(QLabel, "dialog.restore.result")
        self.qtbot.waitUntil(lambda: (self.dialog.poll(), text in label.text())[1], timeout=10_000)

    def rows(self) -> list[list[str]]:
        tree = self.dialog.findChild(QTreeWidget, "dialog.restore.list")
        items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
        return [[item.text(column) for column in range(4)] for item in items if item]


@pytest.fixture
def opened(
    qtbot: QtBot,
    theme: ThemeController,
    make_engine: EngineMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> Opened:
    return Opened(qtbot, make_engine(start=False), monkeypatch)


def test_it_lists_the_newest_first_and_checks_it(opened: Opened) -> None:
    opened.open()
    opened.wait_result("it holds 1,234,567 readings")
    assert [row[3] for row in opened.rows()] == ["new.db", "old.db", "bad.sql.gz"]
    assert opened.rows()[0][1:3] == ["32 MB", "SQLite"]
    assert opened.rows()[2][2] == "MySQL"
    assert opened.backups.threads == ["files-0"]


def test_it_restores_only_after_a_yes(opened: Opened) -> None:
    opened.open()
    assert not opened.dialog.confirm.isEnabled()
    opened.wait_result("This backup is good")
    assert not opened.dialog.restore.isEnabled()
    opened.dialog.confirm.click()
    opened.qtbot.mouseClick(opened.dialog.restore, Qt.MouseButton.LeftButton)
    assert opened.sent == [RestoreBackup(path=Path("/b/new.db"))]
    assert not opened.dialog.isVisible()


def test_a_yes_belongs_to_the_file_that_was_checked(opened: Opened) -> None:
    opened.open()
    opened.wait_result("This backup is good")
    opened.dialog.confirm.click()
    opened.backups.gate.clear()
    opened.dialog.list.setCurrentItem(opened.dialog.list.topLevelItem(1))
    assert not opened.dialog.confirm.isChecked()
    assert not opened.dialog.confirm.isEnabled()
    assert not opened.dialog.restore.isEnabled()
    opened.wait_result("Checking old.db")
    opened.backups.gate.set()
    opened.wait_result("This backup is good")
    opened.dialog.confirm.click()
    assert opened.dialog.restore.isEnabled()


def test_a_bad_file_says_why(opened: Opened) -> None:
    opened.open()
    opened.wait_result("This backup is good")
    opened.dialog.list.setCurrentItem(opened.dialog.list.topLevelItem(2))
    opened.wait_result("/b/bad.sql.gz is no usable backup: file is not a database. Nothing was")
    assert not opened.dialog.confirm.isEnabled()


def test_a_dump_of_a_server_says_that_it_replaces_what_is_there(opened: Opened) -> None:
    opened.open()
    opened.wait_result("This backup is good")
    explained = opened.dialog.findChild(QLabel, "dialog.restore.explained")
    assert "store on this computer" in explained.text()
    opened.dialog.list.setCurrentItem(opened.dialog.list.topLevelItem(2))
    assert "readings on the database server" in explained.text()
    assert "still holds are sent again" in explained.text()
    assert "on the server" in opened.dialog.confirm.text()
    opened.dialog.choose_file(Path("/usb/x.db"))
    assert "store on this computer" in explained.text()
    opened.dialog.choose_file(Path("/usb/x.sql.gz"))
    assert "readings on the database server" in explained.text()


def test_a_file_from_elsewhere_is_checked_too(opened: Opened) -> None:
    opened.open()
    opened.wait_result("This backup is good")
    opened.dialog.choose_file(Path("/usb/harit <b>.db"))
    opened.wait_result("This backup is good")
    assert opened.rows()[-1][3] == "/usb/harit <b>.db"
    opened.dialog.choose_file(Path("/b/old.db"))
    assert len(opened.rows()) == 4
    assert opened.dialog.chosen() == Path("/b/old.db")


def test_without_backups_it_says_so(opened: Opened) -> None:
    opened.backups.files = []
    opened.open()
    note = opened.dialog.findChild(QLabel, "dialog.restore.note")
    opened.qtbot.waitUntil(
        lambda: (opened.dialog.poll(), note.text() == "There is no backup yet.")[1]
    )
    assert not opened.dialog.restore.isEnabled()


def test_closing_ends_a_check(opened: Opened, qtbot: QtBot) -> None:
    opened.backups.gate.clear()
    opened.open()
    opened.wait_result("Checking new.db")
    opened.dialog.reject()
    # The pool has one thread: it is free again only when the check gave up.
    free = opened.engine.files.submit("probe", lambda _: 1)
    qtbot.waitUntil(lambda: free.done, timeout=10_000)
    assert opened.sent == []
