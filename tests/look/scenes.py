"""Every page, dialog and state of the window, each as a scene that opens and closes it.

A scene yields the top-level widgets to look at, one after the other. Pages come from the
window's own list; `DIALOGS` must name each `open_...` of the window's dialogs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QTabWidget,
    QWidget,
)

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    ApiState,
    ApiStatus,
    DatabaseChange,
    EngineStatus,
    LinkState,
    LinkStatus,
    PublisherState,
    PublisherStatus,
    ServerState,
    ServerStatus,
    StoreState,
)
from harit_desktop.settings.transfer import plan_import
from harit_desktop.ui.pages import PAGES
from harit_desktop.ui.settings.pages import PAGES as SETTINGS_PAGES
from tests.look.farm import SILENT
from tests.look.stage import HOST, Stage, choose_row

Scene = Callable[[Stage], Iterator[tuple[str, QWidget]]]
DEVICE = "soil-01"


def pages(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """Each page of the window that has a tab."""
    window = stage.window
    stage.say(stage.live())
    for number, name in enumerate(PAGES):
        if window.pages.tabs.isTabVisible(number):
            window.pages.show_page(name)
            yield f"page_{name}", window


def live_states(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """The Live page when all is well, and when it is not."""
    window = stage.window
    window.pages.show_page("live")
    for name, status in _states(stage).items():
        stage.say(status)
        yield f"live_{name}", window
    stage.say(stage.live())
    window.presenter.set_focus_device(SILENT)
    yield "live_silent_device", window
    window.presenter.set_focus_device(DEVICE)
    freeze = stage.window.actions_.freeze
    freeze.setChecked(True)
    yield "live_frozen", window
    freeze.setChecked(False)


def _states(stage: Stage) -> dict[str, EngineStatus]:
    now_us = time.time_ns() // 1000
    minute_us = 60_000_000

    def link(state: LinkState, code: str = "") -> LinkStatus:
        problem = Problem(code, {"host": HOST, "port": 8883}) if code else None
        since, again = now_us - 2 * minute_us, now_us + 8_000_000
        return LinkStatus(state, HOST, 8883, True, "5", 2, since, again, None, problem)

    lost, refused = link(LinkState.LOST, "broker.lost"), link(LinkState.REFUSED, "broker.auth")
    api = ApiStatus(ApiState.IN_USE, "farm.example", now_us - minute_us, now_us - 4_000_000)
    full = Problem("store.full", {"path": "/data"})
    real = stage.live()
    store = real.store.__class__(StoreState.DOWN, opened=True, rows=real.store.rows, problem=full)
    publisher = PublisherStatus(PublisherState.RUNNING, 3, 2.0, 120)
    return {
        "connecting": stage.live(link=link(LinkState.CONNECTING)),
        "stale": stage.live(link=lost, problems=(lost.problem,)),
        "fallback": stage.live(link=lost, api=api),
        "error": stage.live(link=refused, store=store, problems=(refused.problem, full)),
        "publishing": stage.live(publisher=publisher),
    }


def history_states(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """History with a stretch selected, as a table, and while a note is written."""
    window = stage.window
    stage.say(stage.live())
    window.pages.show_page("history")
    stage.until(lambda: window.presenter.history.page is not None)
    page = window.presenter.history.page
    assert page is not None
    page.set_range("24h")
    stage.settle()
    span = page.span
    quarter = (span.to_us - span.from_us) // 4
    page.select(type(span)(span.from_us + quarter, span.to_us - quarter))
    stage.settle()
    yield "history_selection", window
    page.toggle_table()
    yield "history_table", window
    page.toggle_table()
    yield from _dialog(stage, "note", lambda: page.add_note(span.to_us - quarter))
    page.select(None)


def alert_states(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """The banner on another page, an alert in detail, and a filter without a match."""
    window = stage.window
    stage.say(stage.live())
    window.pages.show_page("live")
    yield "alert_banner", window
    window.pages.show_page("alerts")
    stage.settle()
    choose_row(window, "table.alerts")
    yield "alert_detail", window
    edit = window.findChild(QLineEdit, "edit.alerts.filter")
    assert isinstance(edit, QLineEdit)
    edit.setText("nothing has this name")
    yield "alerts_no_match", window
    edit.clear()


def message_states(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """A rejected message with its payload; paused; what was heard."""
    window = stage.window
    stage.say(stage.live())
    window.pages.show_page("messages")
    stage.settle()
    choose_row(window, "table.messages")
    yield "message_payload", window
    heard = window.message_page.heard_button
    heard.click()
    yield "messages_heard", window
    heard.click()


def banners(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """The questions, and a problem with its details."""
    window = stage.window
    window.pages.show_page("live")
    stage.say(stage.live())
    window.close()
    yield "closing_question", window
    window.banner.withdraw("ask.close")
    window.commands.toggle_publisher()
    yield "publish_question", window
    window.banner.withdraw("ask.publish")
    window.commands.delete_simulated()
    yield "delete_question", window
    window.banner.withdraw("ask.delete")
    stage.say(_states(stage)["error"])
    window.banner._details_button.setChecked(True)
    yield "banner_details", window
    window.banner._details_button.setChecked(False)
    stage.say(stage.live())


def settings(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """Each page of the settings, and one that cannot be saved."""
    stage.say(stage.live())
    dialogs = stage.window.dialogs
    for page in SETTINGS_PAGES:
        dialogs.open_settings(page.name)
        assert dialogs.settings is not None
        yield f"settings_{page.name}", dialogs.settings
    assert dialogs.settings is not None
    dialogs.open_settings("broker")
    host = dialogs.settings.findChild(QLineEdit, "settings.broker.host")
    assert isinstance(host, QLineEdit)
    host.setFocus()
    host.selectAll()
    QTest.keyClicks(host, "http://not a host")
    QTest.keyClick(host, Qt.Key.Key_Tab)
    yield "settings_invalid", dialogs.settings
    dialogs.settings.reject()


def dialogs(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """Each dialog of the window but the settings."""
    stage.say(stage.live())
    for name, opener in DIALOGS.items():
        if opener is not None:
            yield from _dialog(stage, name, lambda o=opener: o(stage))
    stage.say(stage.live())


def import_of_settings(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """What a file would change."""
    from harit_desktop.ui.settings_transfer import ImportDialog

    file = stage.folder / "other.toml"
    lines = '[broker]\nhost = "farm-hub"\nport = 8883\n[storage]\nretention_days = 30\n'
    file.write_text(lines + '[nothing]\nlike = "this"\n', encoding="utf-8")
    dialog = ImportDialog(plan_import(file, stage.engine.settings), file, stage.window)
    yield from _dialog(stage, "import", dialog.open)
    dialog.deleteLater()


def first_run(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """Nothing is set up."""
    stage.until(lambda: stage.window.pages.first_run)
    yield "first_run", stage.window


def empty(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """Set up, and nothing has come yet: every page."""
    stage.say(stage.live(last_received_us=None))
    stage.window.presenter.build_live_page()
    for number, name in enumerate(PAGES):
        if stage.window.pages.tabs.isTabVisible(number):
            stage.window.pages.show_page(name)
            yield f"empty_{name}", stage.window
    stage.window.pages.show_page("live")
    stage.say(stage.live(link=LinkStatus(LinkState.CONNECTING, HOST, 8883, attempt=2)))
    yield "empty_connecting", stage.window
    yield from _dialog(stage, "export_empty", stage.window.open_export)


# -- dialogs -----------------------------------------------------------------------------


def _open_change(stage: Stage) -> None:
    change = DatabaseChange("adopt", "farm", 128_430, ("alerts", "messages"), ("readings.flags",))
    server = ServerStatus(ServerState.CONSENT, "db.farm", 3306, "farm", "8.0", change=change)
    stage.say(stage.live(server=server))
    stage.window.dialogs.open_change()


def _open_restore(stage: Stage) -> None:
    folder = stage.engine.paths.root
    if not list(Path(folder).rglob("*.zip")):
        stage.window.commands.back_up()
        stage.until(lambda: bool(stage.real.backup.path) or stage.real.backup.problem is not None)
    stage.window.dialogs.open_restore()


DIALOGS: dict[str, Callable[[Stage], None] | None] = {
    # These have scenes of their own.
    **dict.fromkeys(("settings", "profile", "broker", "mapping")),
    "connect": lambda stage: stage.window.dialogs.open_connect(1883),
    "export": lambda stage: stage.window.open_export(),
    "change": _open_change,
    "restore": _open_restore,
    "calibration": lambda stage: stage.window.dialogs.open_calibration(DEVICE),
    "reanalyse": lambda stage: stage.window.dialogs.open_reanalyse(DEVICE),
    "device": lambda stage: stage.window.dialogs.open_device(DEVICE),
    "about": lambda stage: stage.window.dialogs.open_about(),
}
"""By the names of the `open_...` methods of `Dialogs`."""


def _dialog(stage: Stage, name: str, opener: Callable[[], None]) -> Iterator[tuple[str, QWidget]]:
    """A dialog with each of its tabs and, of the export, each of its contents."""
    opener()
    stage.until(lambda: QApplication.activeModalWidget() is not None)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QDialog)
    yield f"dialog_{name}", dialog
    for tabs in dialog.findChildren(QTabWidget):
        for number in range(1, tabs.count()):
            tabs.setCurrentIndex(number)
            yield f"dialog_{name}_{number}", dialog
    for choice in dialog.findChildren(QComboBox, "dialog.export.content"):
        assert isinstance(choice, QComboBox)
        choice.setCurrentIndex(choice.count() - 1)
        yield f"dialog_{name}_last_content", dialog
    dialog.reject()
    stage.until(lambda: QApplication.activeModalWidget() is None)


IN_WINDOW: tuple[Scene, ...] = (
    pages,
    live_states,
    history_states,
    alert_states,
    message_states,
    banners,
)
IN_DIALOGS: tuple[Scene, ...] = (settings, dialogs, import_of_settings)
