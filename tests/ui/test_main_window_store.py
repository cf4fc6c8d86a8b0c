"""The main window and the store: questions of a server, backups, another store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QTreeWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    BackupStatus,
    Counters,
    DatabaseChange,
    EngineStatus,
    ServerState,
    ServerStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.runtime.commands import ApproveChange, BackUpNow, Command, RetryNow
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.main_window import MainWindow
from tests.mariadb_server import OLD_READINGS, PASSWORD, USER, MariaDbServer
from tests.ui.conftest import EngineMaker, WindowMaker
from tests.ui.test_main_window import find, record_commands, text, with_devices

CHANGE = DatabaseChange("adopt", "soil_health_db", 12_340, (), ("sensor_readings.topic",))
ASKING = ServerStatus(
    ServerState.CONSENT,
    "10.0.0.5",
    3306,
    "soil_health_db",
    rows=12_340,
    change=CHANGE,
    problem=Problem(
        "server.adoption_needed", {"database": "soil_health_db", "rows": 12_340, "columns": 1}
    ),
)
STORE = StoreStatus(StoreState.SPOOLING, "mysql", True, rows=5)


class Shown:
    """A window on an engine whose state the test decides."""

    def __init__(
        self, make_window: WindowMaker, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.over: dict[str, Any] = {}
        real = engine.snapshot
        monkeypatch.setattr(engine, "snapshot", lambda: structs.replace(real(), **self.over))
        self.sent: list[Command] = record_commands(monkeypatch, engine)
        self.window: MainWindow = make_window(engine)

    def show(self, **over: Any) -> None:
        self.over = over
        self.window.presenter.refresh()


@pytest.fixture
def shown(
    make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: pytest.MonkeyPatch
) -> Shown:
    return Shown(make_window, make_engine(), monkeypatch)


def test_the_banner_leads_to_the_question_and_a_yes_to_the_engine(shown: Shown) -> None:
    shown.show(server=ASKING, store=STORE)
    banner = shown.window.banner
    assert banner.property("code") == "server.adoption_needed"
    assert shown.window.dialogs.change is None
    find(shown.window, "button.banner.review_change").click()
    dialog = shown.window.dialogs.change
    assert dialog is not None
    assert dialog.isVisible()
    find(dialog, "dialog.change.notNow").click()
    assert shown.window.dialogs.change is None
    shown.show(server=ASKING, store=STORE)
    # It never comes back by itself; the banner stays.
    assert shown.window.dialogs.change is None
    assert banner.property("code") == "server.adoption_needed"
    shown.window.data_path_panel.rows["database"].click()
    find(shown.window.dialogs.change, "dialog.change.add").click()
    assert shown.sent == [ApproveChange()]
    shown.show(server=structs.replace(ASKING, state=ServerState.READY, change=None, problem=None))
    assert not banner.isVisible()


def test_an_open_question_closes_when_it_is_answered_elsewhere(shown: Shown) -> None:
    shown.show(server=ASKING, store=STORE)
    shown.window.dialogs.open_change()
    shown.show(server=structs.replace(ASKING, state=ServerState.LOST, change=None, problem=None))
    shown.window.presenter.refresh()
    assert shown.window.dialogs.change is None


def test_without_a_question_the_database_row_leads_to_the_settings(shown: Shown) -> None:
    shown.window.data_path_panel.rows["database"].click()
    assert shown.window.dialogs.change is None
    settings = shown.window.dialogs.settings
    assert settings is not None
    assert settings.pages["storage"].isVisible()
    settings.reject()


def test_the_status_bar_counts_what_the_server_and_the_spool_hold(shown: Shown) -> None:
    lost = structs.replace(ASKING, state=ServerState.LOST, change=None)
    shown.show(server=lost, store=STORE, counters=Counters(waiting=1904))
    assert text(shown.window, "status.rows") == "14,244 readings"
    assert text(shown.window, "status.spool") == "Spool 1,904"
    ready = structs.replace(lost, state=ServerState.READY)
    shown.show(server=ready, store=STORE, counters=Counters(waiting=1904))
    assert text(shown.window, "status.spool") == "Spool 1,904, sending"
    shown.show(server=ready, store=STORE, counters=Counters(waiting=3))
    assert text(shown.window, "status.spool") == "Spool 3"
    full = structs.replace(STORE, state=StoreState.DOWN, problem=Problem("store.spool_full"))
    shown.show(server=lost, store=full)
    assert text(shown.window, "status.rows") == "Spool full"


def test_try_now_reaches_the_engine(shown: Shown) -> None:
    away = Problem("server.unreachable", {"host": "10.0.0.5", "port": 3306})
    shown.show(server=structs.replace(ASKING, state=ServerState.LOST, change=None, problem=away))
    find(shown.window, "button.banner.retry").click()
    assert shown.sent == [RetryNow()]


def test_a_backup_from_the_menu_is_told_in_the_banner(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(shown.window, "action.file.backUp").trigger()
    assert shown.sent == [BackUpNow()]
    shown.show(backup=BackupStatus(running=True))
    assert shown.window.banner.property("code") == "backup.running"
    shown.show(backup=BackupStatus(path="/b/harit-1.db"))
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    find(shown.window, "button.banner.open_backups").click()
    assert opened == ["/b"]
    find(shown.window, "button.banner.dismiss").click()
    shown.window.presenter.refresh()
    assert not shown.window.banner.isVisible()


def test_the_settings_page_leads_to_backup_and_restore(shown: Shown) -> None:
    shown.window.dialogs.open_settings("storage")
    settings = shown.window.dialogs.settings
    find(settings, "settings.storage.backup.now").click()
    assert shown.sent == [BackUpNow()]
    shown.show(backup=BackupStatus(running=True))
    assert not find(settings, "settings.storage.backup.now").isEnabled()
    find(settings, "settings.storage.backup.restore").click()
    restore = shown.window.dialogs.restore
    assert restore is not None
    assert restore.isVisible()
    assert restore.parent() is settings
    restore.reject()
    assert shown.window.dialogs.restore is None
    assert settings is not None
    settings.reject()


def test_a_restored_store_is_read_anew(
    shown: Shown, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    reloads: list[int] = []
    monkeypatch.setattr(shown.window.message_page, "reload", lambda: reloads.append(1))
    shown.show()
    restored = Problem("store.restored", {"kept_as": "harit.db.before-restore-1"})
    shown.show(problems=(restored,))
    assert reloads == [1]
    assert "kept as harit.db.before-restore-1" in shown.window.banner.accessibleName()
    shown.show(problems=(restored,))
    assert reloads == [1]


def test_backup_and_restore_of_a_real_store(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01", "soil-02")
    find(window, "action.file.backUp").trigger()
    qtbot.waitUntil(lambda: engine.snapshot().backup.path != "", timeout=20_000)
    made = Path(engine.snapshot().backup.path)
    qtbot.waitUntil(lambda: window.banner.property("code") == "backup.made", timeout=20_000)
    with_devices(qtbot, engine, "soil-03")
    assert engine.snapshot().store.rows == 3
    find(window, "action.file.restore").trigger()
    dialog = window.dialogs.restore
    assert dialog is not None
    tree = find(dialog, "dialog.restore.list")
    assert isinstance(tree, QTreeWidget)
    qtbot.waitUntil(lambda: tree.topLevelItemCount() == 1, timeout=20_000)
    assert tree.topLevelItem(0).text(3) == made.name  # type: ignore[union-attr]  # There is one.
    qtbot.waitUntil(lambda: dialog.confirm.isEnabled(), timeout=20_000)
    assert "it holds 2 readings" in text(dialog, "dialog.restore.result")
    dialog.confirm.click()
    qtbot.mouseClick(dialog.restore, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.banner.property("code") == "store.restored", timeout=30_000)

    def reopened(status: EngineStatus) -> bool:
        return status.store.opened and status.store.rows == 2

    qtbot.waitUntil(lambda: reopened(engine.snapshot()), timeout=30_000)
    ids = ("soil-01", "soil-02")
    qtbot.waitUntil(
        lambda: tuple(sorted(d.publisher_id for d in engine.live.devices())) == ids,
        timeout=20_000,
    )
    qtbot.waitUntil(lambda: window.message_page.model.total_rows == 2, timeout=20_000)


def test_a_server_is_chosen_asked_for_lost_and_found_again(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    """From the settings page to the rows in a real server, through every state between."""
    with MariaDbServer() as server:
        server.query(OLD_READINGS)
        server.query("INSERT INTO sensor_readings (N, pH) VALUES (1, 7), (2, 7), (3, 7)")
        engine = make_engine()
        window = make_window(engine)
        with_devices(qtbot, engine, "soil-01")
        choose_server(qtbot, window, server)
        banner = window.banner
        qtbot.waitUntil(lambda: banner.property("code") == "server.adoption_needed", timeout=30_000)
        assert "already holds 3 readings" in banner.accessibleName()
        assert told(window, "database") == "Waits for your decision"
        assert text(window, "status.spool") == "Spool 1"
        assert server.scalar("SELECT COUNT(*) FROM sensor_readings") == 3
        find(window, "button.banner.review_change").click()
        dialog = find(window, "dialog.change")
        assert "sensor_readings.reading_key" in find(dialog, "dialog.change.list").toPlainText()
        find(dialog, "dialog.change.add").click()
        qtbot.waitUntil(lambda: text(window, "status.rows") == "4 readings", timeout=30_000)
        assert server.scalar("SELECT COUNT(*) FROM sensor_readings") == 4
        qtbot.waitUntil(lambda: told(window, "database") == "MySQL · 4 readings", timeout=20_000)
        server.kill()
        with_devices(qtbot, engine, "soil-02", "soil-03")
        qtbot.waitUntil(lambda: told(window, "spool") == "2 waiting", timeout=30_000)
        qtbot.waitUntil(
            lambda: str(banner.property("code")) in ("server.unreachable", "server.lost"),
            timeout=30_000,
        )
        assert "none is lost" in banner.accessibleName()
        server.start()
        find(window, "button.banner.retry").click()
        qtbot.waitUntil(lambda: told(window, "spool") == "0 waiting", timeout=30_000)
        assert server.scalar("SELECT COUNT(*) FROM sensor_readings") == 6


def choose_server(qtbot: QtBot, window: MainWindow, server: MariaDbServer) -> None:
    """Types the server into the settings page, as a user would, and presses OK."""
    window.dialogs.open_settings("storage")
    settings = find(window, "dialog.settings")
    backend = find(settings, "settings.storage.backend")
    backend.setCurrentIndex(backend.findData("mysql"))
    backend.activated.emit(backend.currentIndex())
    for name, typed in (
        ("port", str(server.port)),
        ("user", USER),
        ("password", PASSWORD),
    ):
        line = find(settings, f"settings.storage.mysql.{name}")
        # Qt's key presses of a test know only ASCII, and the password has more.
        line.setText(typed)
        line.textEdited.emit(typed)
    qtbot.mouseClick(find(settings, "settings.ok"), Qt.MouseButton.LeftButton)


def told(window: MainWindow, row: str) -> str:
    """The detail of a row of the data path."""
    return window.data_path_panel.rows[row].detail.text()
