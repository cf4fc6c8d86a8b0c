"""The main window around a real engine: pages, docks, actions, questions, memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QObject, QPoint, QRect, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    EngineStatus,
    LinkState,
    LinkStatus,
    PublisherState,
    PublisherStatus,
    StoreStatus,
)
from harit_desktop.runtime.commands import (
    ApplySettings,
    Command,
    Connect,
    DeleteSimulated,
    StartDemo,
    StartPublisher,
    StopPublisher,
)
from harit_desktop.runtime.engine import Engine
from harit_desktop.transport.mqtt_errors import CODES
from harit_desktop.ui.first_run import FirstRunPage
from harit_desktop.ui.link_texts import BY_CODE as LINK_TEXTS
from harit_desktop.ui.link_texts import link_text
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.message_banner import MessageBanner
from harit_desktop.ui.notices import Button, Notice
from harit_desktop.ui.theme import ThemeController
from harit_desktop.ui.window_state import FRAME_ALLOWANCE
from tests.servers import MosquittoServer, free_port
from tests.ui.conftest import EngineMaker, WindowMaker
from tests.ui.deliveries import deliver, reading


def find(window: QWidget, name: str) -> Any:
    found = window.findChild(QObject, name)
    assert found is not None, name
    return found


def text(window: QWidget, name: str) -> str:
    label = find(window, name)
    assert isinstance(label, QLabel)
    return label.text()


def record_commands(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> list[Command]:
    """Keeps commands instead of carrying them out."""
    sent: list[Command] = []
    monkeypatch.setattr(engine, "submit", sent.append)
    return sent


def with_devices(qtbot: QtBot, engine: Engine, *names: str, **more: Any) -> None:
    before = engine.snapshot().counters.stored
    deliver(engine, [reading(name, 1, **more) for name in names])
    qtbot.waitUntil(
        lambda: engine.snapshot().counters.stored == before + len(names), timeout=20_000
    )


# -- the first start ---------------------------------------------------------------------


def test_the_first_start_offers_its_ways_and_enter_takes_the_first(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine()
    sent = record_commands(monkeypatch, engine)
    window = make_window(engine)
    assert find(window, "page.first").isVisible()
    assert text(window, "status.link") == "Not connected — choose how to start"
    assert window.windowTitle() == "Harit Desktop"
    button = find(window, "first.simulate")
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert sent == [StartDemo()]
    assert not button.isEnabled()
    assert window.presenter.view_state().range_key == "15m"


def test_connect_asks_for_the_address_and_connects(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    with MosquittoServer() as broker:
        engine = make_engine()
        window = make_window(engine)
        qtbot.mouseClick(find(window, "first.connect"), Qt.MouseButton.LeftButton)
        dialog = find(window, "dialog.connect")
        assert isinstance(dialog, QDialog)
        host = find(dialog, "connect.host")
        host.setText("mqtt://127.0.0.1")
        qtbot.mouseClick(find(dialog, "connect.connect"), Qt.MouseButton.LeftButton)
        assert dialog.isVisible()
        assert host.property("invalid") == "true"
        host.clear()
        qtbot.keyClicks(host, "127.0.0.1")
        port = find(dialog, "connect.port")
        port.clear()
        qtbot.keyClicks(port, str(broker.port))
        qtbot.mouseClick(find(dialog, "connect.connect"), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: engine.snapshot().link.state is LinkState.CONNECTED, timeout=20_000)
        qtbot.waitUntil(lambda: text(window, "status.link") == "Live over MQTT")
        qtbot.waitUntil(lambda: window.windowTitle() == "Harit Desktop — 127.0.0.1")
        assert not find(window, "page.first").isVisible()
        broker.publish("harit-samarth/sensor/data", reading("soil-01").decode())
        qtbot.waitUntil(lambda: len(engine.live.devices()) == 1, timeout=20_000)
        qtbot.waitUntil(lambda: text(window, "status.rows") == "1 reading")


def test_connecting_to_the_default_address_connects_too(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine()
    window = make_window(engine)
    sent = record_commands(monkeypatch, engine)
    broker = engine.settings.broker
    window.commands.connect_to({"broker.host": broker.host, "broker.port": broker.port}, {})
    assert [type(command).__name__ for command in sent] == ["ApplySettings", "Connect"]


def test_tls_moves_the_usual_port(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    window.open_connect()
    dialog = find(window, "dialog.connect")
    port, tls = find(dialog, "connect.port"), find(dialog, "connect.tls")
    tls.click()
    assert port.text() == "8883"
    tls.click()
    assert port.text() == "1883"
    port.setText("1999")
    tls.click()
    assert port.text() == "1999"
    dialog.reject()


@pytest.mark.broker
def test_one_click_brings_simulated_devices(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"builtin_broker.port": free_port()})
    window = make_window(engine)
    qtbot.mouseClick(find(window, "first.simulate"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(engine.live.devices()) == 3, timeout=30_000)
    qtbot.waitUntil(lambda: find(window, "page.live").isVisible(), timeout=30_000)
    qtbot.waitUntil(lambda: text(window, "value.Moisture") not in ("", "–"), timeout=20_000)
    qtbot.waitUntil(lambda: window.windowTitle().endswith("Built-in broker — Simulated data"))
    assert find(window, "action.publisher.toggle").iconText() == "Stop publisher"
    find(window, "action.publisher.toggle").trigger()
    qtbot.waitUntil(
        lambda: engine.snapshot().publisher.state is PublisherState.STOPPED, timeout=20_000
    )
    qtbot.waitUntil(lambda: text(window, "status.publisher") == "Publisher stopped")
    find(window, "action.data.deleteSimulated").trigger()
    qtbot.mouseClick(find(window, "button.banner.yes"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.snapshot().store.simulated_rows == 0, timeout=20_000)
    qtbot.waitUntil(lambda: "Simulated" not in window.windowTitle())
    assert find(window, "chart.Moisture").property("points") in (None, 0)
    qtbot.waitUntil(lambda: window.message_page.model.total_rows == 0, timeout=20_000)
    assert not find(window, "action.data.deleteSimulated").isEnabled()


def test_consent_counts_only_for_the_broker_that_was_named(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine(**{"broker.host": "127.0.0.1", "broker.port": free_port()})
    window = make_window(engine)
    window.actions_.publisher.trigger()
    assert window.banner.property("code") == "ask.publish"
    engine.submit(ApplySettings(changes={"broker.host": "localhost"}))
    qtbot.waitUntil(lambda: engine.settings.broker.host == "localhost", timeout=20_000)
    qtbot.waitUntil(lambda: window.banner.property("code") != "ask.publish")
    # Between the change and the next beat the answer asks anew.
    window.actions_.publisher.trigger()
    assert "localhost" in window.banner.notice.headline  # type: ignore[union-attr]  # It asks.
    sent = record_commands(monkeypatch, engine)
    other = msgspec.structs.replace(
        engine.settings,
        broker=msgspec.structs.replace(engine.settings.broker, host="elsewhere"),
    )
    monkeypatch.setattr(type(engine), "settings", property(lambda _: other))
    find(window, "button.banner.yes").click()
    assert sent == []
    assert "elsewhere" in window.banner.notice.headline  # type: ignore[union-attr]  # As above.
    # Settings on their way to the engine take the question back at once.
    window.commands.apply_settings(ApplySettings(changes={"broker.host": "farm-hub"}))
    assert window.banner.property("code") != "ask.publish"


# -- pages and panels ----------------------------------------------------------------------


def test_names_of_the_contract_are_there(make_window: WindowMaker, qtbot: QtBot) -> None:
    window = make_window(**{"broker.port": free_port()})
    qtbot.waitUntil(lambda: window.findChild(QWidget, "page.live") is not None, timeout=20_000)
    for name in (
        "toolbar.main", "tabs.main", "dock.devices", "dock.health", "list.devices",
        "page.live", "page.messages", "page.first", "banner.message", "table.messages",
        "edit.messages.filter", "button.messages.pause", "text.message.payload",
        "button.broker.profile", "group.range", "button.range.24h", "first.simulate",
        "first.connect", "status.link", "status.lastReading", "status.rate", "status.rows",
        "status.spool", "status.publisher", "status.clock", "action.publisher.toggle",
        "action.connect.toggle", "action.file.export", "action.tools.settings",
        "action.chart.freeze", "chart.Moisture", "value.pH", "strip.CO2", "label.health.index",
        "conn.broker.state", "conn.spool.depth",
    ):  # fmt: skip
        assert window.findChild(QObject, name) is not None, name
    assert window.objectName() == "window.main"


def test_every_control_that_takes_the_focus_has_a_spoken_name(make_window: WindowMaker) -> None:
    window = make_window()
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in window.findChildren(QWidget)
        if widget.isVisible()
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not (
            widget.accessibleName()
            or (hasattr(widget, "text") and widget.text())
            or isinstance(widget, QLineEdit)
        )
        and not widget.objectName().startswith("qt_")
    ]
    assert nameless == []


def test_shortcuts_are_unique(make_window: WindowMaker) -> None:
    window = make_window()
    keys = [
        action.shortcut().toString()
        for action in window.findChildren(QAction)
        if not action.shortcut().isEmpty() and action.objectName()
    ]
    assert sorted(keys) == sorted(set(keys))
    assert {"F5", "F9", "F10", "F11", "Ctrl+K", "Ctrl+E", "Ctrl+1", "Ctrl+4", "Alt+1"} <= set(keys)


def test_mnemonics_are_unique_in_each_menu(make_window: WindowMaker) -> None:
    window = make_window()
    menus = [action.menu() for action in window.menuBar().actions()]
    for menu in [None, *menus]:
        actions = window.menuBar().actions() if menu is None else menu.actions()
        letters = [a.text()[a.text().index("&") + 1].lower() for a in actions if "&" in a.text()]
        assert len(letters) == len(set(letters)), [a.text() for a in actions]


def test_every_action_in_a_menu_is_connected(make_window: WindowMaker) -> None:
    window = make_window()
    signal = "2triggered(bool)"
    for menu_action in window.menuBar().actions():
        for action in menu_action.menu().actions():
            if action.isSeparator() or action.menu():
                continue
            toggled = action.receivers("2toggled(bool)")
            assert action.receivers(signal) + toggled > 0, action.text()


def test_keys_switch_pages_and_the_filter_gets_the_focus(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window()
    qtbot.keySequence(window, QKeySequence("Ctrl+4"))
    assert find(window, "page.messages").isVisible()
    qtbot.keySequence(window, QKeySequence("Ctrl+1"))
    assert not find(window, "page.messages").isVisible()
    window.actions_.find.trigger()
    assert find(window, "edit.messages.filter").hasFocus()


def test_f6_goes_around_the_regions_and_back(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()

    def press(key: str) -> QWidget:
        qtbot.keySequence(window, QKeySequence(key))
        focused = QApplication.focusWidget()
        assert focused is not None
        return focused

    window.toolbar.publisher_button.setFocus()
    places = (
        window.data_path_panel,
        window.pages.tabs,
        window.first_page,
        window.side.dock,
        window.status_bar,
        window.toolbar,
    )
    for place in places:
        focused = press("F6")
        assert place is focused or place.isAncestorOf(focused)
    assert window.testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    for place in reversed(places[:-1]):
        focused = press("Shift+F6")
        assert place is focused or place.isAncestorOf(focused)


def test_panels_fold_by_key_and_the_right_one_follows_the_page(make_window: WindowMaker) -> None:
    window = make_window()
    left, right = find(window, "dock.devices"), find(window, "dock.health")
    window.actions_.devices.trigger()
    assert not left.isVisible()
    window.actions_.devices.trigger()
    assert left.isVisible()
    assert right.isVisible()
    assert right.accessibleName() == "Soil health"
    window.show_view("messages")
    assert right.accessibleName() == "Payload"
    assert find(window, "panel.message.payload").isVisible()
    window.actions_.health.trigger()
    assert not right.isVisible()


def test_a_narrow_window_gives_the_side_panels_another_place(make_window: WindowMaker) -> None:
    window = make_window(size=(1100, 640))
    tabs = find(window, "tabs.main")
    assert not find(window, "dock.health").isVisible()
    shown = [tabs.tabText(i) for i in range(tabs.count()) if tabs.isTabVisible(i)]
    assert shown == ["Live", "Soil health", "History", "Alerts", "Messages"]
    window.show_view("health")
    assert find(window, "panel.health").isVisible()
    window.show_view("messages")
    assert find(window, "panel.message.payload").isVisible()
    window.resize(1366, 768)
    assert find(window, "dock.health").isVisible()
    window.show_view("live")
    assert find(window, "panel.health").isVisible()
    assert not tabs.isTabVisible(1)
    for number in (0, 2):
        assert tabs.rect().contains(tabs.tabRect(number)), tabs.tabText(number)


def test_chart_tools_belong_to_the_live_page(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(**{"broker.port": free_port()})
    assert find(window, "button.range.24h").isVisible()
    window.show_view("messages")
    qtbot.waitUntil(lambda: not find(window, "button.range.24h").isVisible())


# -- devices, ranges, freeze ---------------------------------------------------------------


def test_devices_appear_and_one_has_the_focus(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"broker.port": free_port()})
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01", "soil-02")
    qtbot.waitUntil(lambda: window.devices_panel.focus_device == "soil-01", timeout=20_000)
    index = str(engine.live.devices()[0].analysis.index)
    qtbot.waitUntil(lambda: text(window, "label.health.index") == index)
    window.actions_.next_device.trigger()
    assert window.devices_panel.focus_device == "soil-02"
    qtbot.waitUntil(lambda: window.presenter.view_state().focus == "soil-02")


@pytest.mark.parametrize(
    ("timestamp", "range_key"), [(None, "15m"), ("2025-12-02T17:00:00Z", "all")]
)
def test_the_first_reading_is_seen_in_the_strips_whenever_it_was_measured(
    qtbot: QtBot,
    make_window: WindowMaker,
    make_engine: EngineMaker,
    timestamp: str | None,
    range_key: str,
) -> None:
    engine = make_engine(**{"broker.port": free_port()})
    window = make_window(engine)
    fields = {} if timestamp is None else {"timestamp": timestamp}
    deliver(engine, [reading("soil-01", **fields)])
    qtbot.waitUntil(lambda: window.findChild(QWidget, "page.live") is not None, timeout=20_000)
    chart = find(window, "chart.Moisture")
    qtbot.waitUntil(lambda: chart.property("points") == 1, timeout=20_000)
    assert window.presenter.view_state().range_key == range_key
    assert find(window, f"action.range.{range_key}").isChecked()


def test_the_stored_series_and_new_points_reach_the_charts(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"broker.port": free_port()})
    deliver(engine, [reading("soil-01", n) for n in range(20)])
    qtbot.waitUntil(lambda: engine.snapshot().counters.stored == 20, timeout=20_000)
    window = make_window(engine)
    qtbot.waitUntil(lambda: window.findChild(QWidget, "page.live") is not None, timeout=20_000)
    chart = find(window, "chart.Moisture")
    qtbot.waitUntil(lambda: chart.property("points") == 20, timeout=20_000)
    deliver(engine, [reading("soil-01", n) for n in range(20, 25)])
    qtbot.waitUntil(lambda: chart.property("points") == 25, timeout=20_000)
    find(window, "action.range.15m").trigger()
    qtbot.waitUntil(lambda: chart.property("points") == 25, timeout=20_000)


def test_freeze_counts_what_it_holds_back(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"broker.port": free_port()})
    window = make_window(engine)
    with_devices(qtbot, engine, "soil-01")
    qtbot.waitUntil(lambda: window.findChild(QWidget, "page.live") is not None, timeout=20_000)
    qtbot.waitUntil(lambda: find(window, "chart.N").property("points") == 1, timeout=20_000)
    button = find(window, "button.freeze")
    assert button.text() == "Freeze"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert button.text() == "Resume"
    deliver(engine, [reading("soil-01", n) for n in range(2, 9)])
    qtbot.waitUntil(lambda: button.text() == "Resume (7 new)", timeout=20_000)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert button.text() == "Freeze"


# -- publisher and questions ---------------------------------------------------------------


def test_simulated_readings_for_a_foreign_broker_are_asked_about(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine(start=False, **{"broker.host": "farm-hub"})
    sent = record_commands(monkeypatch, engine)
    window = make_window(engine)
    banner = find(window, "banner.message")
    window.actions_.publisher.trigger()
    assert sent == []
    assert banner.isVisible()
    assert banner.property("code") == "ask.publish"
    assert banner.notice.headline == "Send simulated readings to farm-hub:1883?"
    qtbot.mouseClick(find(window, "button.banner.no"), Qt.MouseButton.LeftButton)
    assert sent == []
    assert not banner.isVisible()
    window.actions_.publisher.trigger()
    qtbot.mouseClick(find(window, "button.banner.yes"), Qt.MouseButton.LeftButton)
    assert sent == [StartPublisher()]


def test_the_built_in_broker_needs_no_question(
    make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine(start=False, **{"broker.mode": "builtin"})
    sent = record_commands(monkeypatch, engine)
    window = make_window(engine)
    window.actions_.publisher.trigger()
    assert sent == [StartPublisher()]


def test_a_running_publisher_is_stopped(
    make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine(start=False, **{"broker.mode": "builtin"})
    sent = record_commands(monkeypatch, engine)
    window = make_window(engine)
    status = engine.snapshot()
    running = type(status.publisher)(state=PublisherState.RUNNING, devices=3, interval_s=2)
    changed = type(status)(publisher=running)
    monkeypatch.setattr(engine, "snapshot", lambda: changed)
    window.presenter.refresh()
    assert find(window, "button.publisher").text() == "Stop publisher"
    window.actions_.publisher.trigger()
    assert sent == [StopPublisher()]


def test_deleting_simulated_data_asks_first(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine(**{"broker.port": free_port()})
    window = make_window(engine)
    assert not window.actions_.delete_simulated.isEnabled()
    with_devices(qtbot, engine, "simulator-01", simulated=True)
    qtbot.waitUntil(window.actions_.delete_simulated.isEnabled)
    sent = record_commands(monkeypatch, engine)
    window.actions_.delete_simulated.trigger()
    assert window.banner.notice is not None
    assert window.banner.notice.headline == "Delete 1 simulated reading?"
    qtbot.mouseClick(find(window, "button.banner.yes"), Qt.MouseButton.LeftButton)
    assert sent == [DeleteSimulated()]


# -- problems --------------------------------------------------------------------------------


def test_a_broker_that_does_not_answer_is_said_in_words(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    port = free_port()
    window = make_window(make_engine(**{"broker.port": port}))
    banner = find(window, "banner.message")
    qtbot.waitUntil(lambda: banner.property("code") == "broker.refused", timeout=20_000)
    assert banner.isVisible()
    assert f"127.0.0.1:{port}" in banner.accessibleName()
    assert "does not answer" in banner.accessibleName()
    details = find(window, "button.banner.details")
    qtbot.mouseClick(details, Qt.MouseButton.LeftButton)
    assert "broker.refused" in find(window, "text.banner.details").toPlainText()
    qtbot.mouseClick(find(window, "button.banner.copy"), Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text().startswith("broker.refused\n")
    qtbot.mouseClick(find(window, "button.banner.broker_settings"), Qt.MouseButton.LeftButton)
    dialog = find(window, "dialog.settings")
    assert dialog.isVisible()
    dialog.reject()
    with MosquittoServer(port=port) as broker:
        assert broker.port == port
        find(window, "button.banner.retry").click()
        qtbot.waitUntil(lambda: not banner.isVisible(), timeout=20_000)
        assert text(window, "status.link") == "Live over MQTT"
        find(window, "action.connect.toggle").trigger()
        qtbot.waitUntil(lambda: text(window, "status.link") == "Not connected", timeout=20_000)


def test_unreadable_messages_are_named_once_and_lead_to_the_page(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(start=False, **{"broker.port": free_port()})
    engine.start(connect=False)
    window = make_window(engine)
    banner = find(window, "banner.message")
    deliver(engine, [b"{oops", b"[]"])
    qtbot.waitUntil(lambda: banner.property("code") == "payload.bad", timeout=20_000)
    qtbot.waitUntil(lambda: "could not be read: 2." in banner.accessibleName())
    qtbot.mouseClick(find(window, "button.banner.show_messages"), Qt.MouseButton.LeftButton)
    assert window.pages.page == "messages"
    qtbot.mouseClick(find(window, "button.banner.dismiss"), Qt.MouseButton.LeftButton)
    deliver(engine, [b"{oops"] * 3)
    qtbot.waitUntil(lambda: engine.snapshot().counters.rejected == 5, timeout=20_000)
    window.presenter.refresh()
    assert not banner.isVisible()
    deliver(engine, [b"{oops"] * 5)
    qtbot.waitUntil(banner.isVisible, timeout=20_000)
    engine.stop(2.0)


def test_a_note_that_was_read_can_be_put_aside(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "settings.toml").write_text("this is not toml", encoding="utf-8")
    window = make_window(make_engine())
    banner = find(window, "banner.message")
    qtbot.waitUntil(banner.isVisible)
    assert banner.property("code") == "settings.damaged"
    qtbot.mouseClick(find(window, "button.banner.dismiss"), Qt.MouseButton.LeftButton)
    window.presenter.refresh()
    assert not banner.isVisible()


def test_a_new_problem_comes_before_an_older_note(qtbot: QtBot, theme: ThemeController) -> None:
    banner = MessageBanner(theme)
    qtbot.addWidget(banner)
    keyring = Notice("secrets.session_only", "", "info", "No keyring.")
    moved = Notice("builtin_broker.port_moved", "", "info", "Another port.")
    unknown = Notice("broker.dns", "", "warn", "No computer.")
    full = Notice("store.full", "", "crit", "Full.")

    def shown() -> str:
        return banner.notice.code if banner.notice else ""

    banner.set_notices([moved, keyring])
    find(banner, "button.banner.more").click()
    assert shown() == "secrets.session_only"
    banner.set_notices([unknown, moved, keyring])
    assert shown() == "broker.dns"
    find(banner, "button.banner.more").click()
    banner.set_notices([unknown, moved, keyring])
    assert shown() == "builtin_broker.port_moved"
    banner.set_notices([full, unknown, moved])
    assert shown() == "store.full"
    banner.set_notices([full, unknown, moved, keyring])
    assert shown() == "store.full"
    banner.set_notices([moved, keyring])
    assert shown() == "builtin_broker.port_moved"


@pytest.mark.parametrize(
    ("key", "sent_commands"),
    [(Qt.Key.Key_Return, [StartPublisher()]), (Qt.Key.Key_Escape, [])],
)
def test_a_question_is_answered_by_keys_and_gives_the_focus_back(
    qtbot: QtBot,
    make_window: WindowMaker,
    make_engine: EngineMaker,
    monkeypatch: Any,
    key: Qt.Key,
    sent_commands: list[Command],
) -> None:
    engine = make_engine(start=False, **{"broker.host": "farm-hub"})
    sent = record_commands(monkeypatch, engine)
    window = make_window(engine)
    window.toolbar.publisher_button.setFocus()
    window.actions_.publisher.trigger()
    yes = find(window, "button.banner.yes")
    yes.setFocus()
    qtbot.keyClick(yes, key)
    assert sent == sent_commands
    assert window.banner.property("code") != "ask.publish"
    assert window.toolbar.publisher_button.hasFocus()


def test_the_next_notice_is_asked_for_at_one_place(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(start=False)
    window.presenter.stop()
    long = "A sentence that goes on. " * 20
    buttons = (Button("retry", "Try now"), Button("storage_settings", "Storage settings…"))
    notices = [
        Notice("a", "", "warn", "One.", "", (Button("dismiss", "OK"),)),
        Notice("b", "", "warn", "Two.", long, buttons, "b"),
        Notice("c", "", "warn", "Three."),
    ]
    window.banner.set_notices(notices)
    more = find(window, "button.banner.more")
    places = set()
    for _ in notices:
        QApplication.processEvents()
        places.add(more.mapTo(window, more.rect().center()).toTuple())
        more.click()
    assert len(places) == 1


def test_a_banner_button_that_goes_leaves_the_focus_to_the_page(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(start=False)
    window.presenter.stop()
    first, second = (
        Notice(code, "", "warn", "A note.", "", (Button("dismiss", "OK"),)) for code in "ab"
    )
    for notices in ([first], [first, second]):
        window.banner.set_notices([])
        window.banner._dismissed.clear()
        window.banner.set_notices(notices)
        button = find(window, "button.banner.dismiss")
        button.setFocus()
        qtbot.keyClick(button, Qt.Key.Key_Return)
        focused = QApplication.focusWidget()
        assert focused is not None
        assert window.pages.stack.currentWidget().isAncestorOf(focused)


def test_the_newest_reason_is_under_details_and_no_button_leads_to_the_page_on_screen(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"broker.port": free_port()})
    window = make_window(engine)
    deliver(engine, [b"[]"], topic="farm/old")
    deliver(engine, [b"{oops"], topic="farm/new")
    details = find(window, "text.banner.details")

    def said() -> bool:
        notices = [n for n in window.banner._notices if n.code == "payload.bad"]
        return bool(notices) and "topic: farm/new" in notices[0].details

    qtbot.waitUntil(said, timeout=20_000)
    window.show_view("messages")

    def buttons() -> list[str]:
        notices = [n for n in window.banner._notices if n.code == "payload.bad"]
        return [button.key for button in notices[0].buttons]

    qtbot.waitUntil(lambda: buttons() == ["dismiss"])
    window.show_view("live")
    qtbot.waitUntil(lambda: buttons() == ["show_messages", "dismiss"])
    assert details.isReadOnly()


def test_the_status_bar_says_why_there_is_no_connection() -> None:
    def said(state: LinkState, code: str, builtin: bool = False) -> str:
        problem = Problem(code) if code else None
        link = LinkStatus(state=state, host="192.168.1.20", problem=problem)
        return link_text(EngineStatus(link=link), True, builtin)

    assert said(LinkState.LOST, "broker.refused") == "No answer from 192.168.1.20"
    assert said(LinkState.LOST, "broker.dns") == "Host not found"
    assert said(LinkState.REFUSED, "broker.auth") == "Login refused"
    assert said(LinkState.LOST, "broker.lost") == "Connection lost"
    assert said(LinkState.LOST, "broker.refused", True) == "No answer from the built-in broker"
    assert said(LinkState.CONNECTED, "broker.session_lost") == "Live over MQTT"
    assert said(LinkState.CONNECTED, "broker.stalled") == "Connected, but nothing arrives"
    connected_alone = {
        "broker.subscribe_denied",
        "broker.qos_lowered",
        "broker.session_lost",
        "broker.dropped",
    }
    assert set(LINK_TEXTS) == set(CODES) - connected_alone
    sending = EngineStatus(publisher=PublisherStatus(state=PublisherState.RUNNING))
    assert link_text(sending, True, False) == "Not receiving — disconnected"
    assert link_text(EngineStatus(), False, False) == "Not connected — choose how to start"
    filled = EngineStatus(store=StoreStatus(rows=5))
    assert link_text(filled, False, False) == "Not connected"


def test_a_key_on_the_status_bar_leads_to_the_data_path(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window()
    label = find(window, "status.rows")
    label.setFocus()
    qtbot.keyClick(label, Qt.Key.Key_Return)
    assert window.data_path_panel.rows["database"].hasFocus()


# -- settings, export, about, memory ---------------------------------------------------------


def test_the_theme_follows_the_settings(
    qtbot: QtBot, make_window: WindowMaker, theme: ThemeController
) -> None:
    window = make_window(**{"broker.port": free_port()})
    find(window, "action.view.theme.dark").trigger()
    qtbot.waitUntil(lambda: theme.scheme == "dark", timeout=20_000)
    assert theme.tokens.dark
    find(window, "action.view.theme.light").trigger()
    qtbot.waitUntil(lambda: theme.scheme == "light", timeout=20_000)


def test_settings_reach_the_file_and_the_broker_button(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"broker.port": free_port()})
    window = make_window(engine)
    window.actions_.settings.trigger()
    host = find(window, "settings.broker.host")
    host.setFocus()
    host.selectAll()
    qtbot.keyClicks(host, "localhost")
    qtbot.mouseClick(find(window, "settings.ok"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.settings.broker.host == "localhost", timeout=20_000)
    qtbot.waitUntil(lambda: find(window, "button.broker.profile").text() == "localhost")
    assert 'host = "localhost"' in engine.paths.settings.read_text(encoding="utf-8")


def test_the_menu_bar_follows_the_text_size(
    make_window: WindowMaker, theme: ThemeController
) -> None:
    window = make_window()
    bar = window.menuBar()
    before = bar.height()
    try:
        theme.set_text_scale(1.5)
        QApplication.processEvents()
        larger = bar.height()
        for action in bar.actions():
            assert bar.rect().contains(bar.actionGeometry(action)), action.text()
        assert larger > before
    finally:
        theme.set_text_scale(1.0)
    QApplication.processEvents()
    assert bar.height() == before


def test_the_side_panels_keep_their_widths(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(size=(1366, 700))

    def widths() -> tuple[int, int]:
        QApplication.processEvents()
        return window.devices_dock.width(), window.side.dock.width()

    def is_now(wanted: tuple[int, int]) -> None:
        least = window.pages.minimumSizeHint().width()
        assert widths() == wanted, (window.width(), least)

    qtbot.waitUntil(lambda: is_now((236, 288)))
    window.resize(1024, 640)
    QApplication.processEvents()
    window.resize(1366, 700)
    qtbot.waitUntil(lambda: is_now((236, 288)))
    window.resize(1920, 1000)
    qtbot.waitUntil(lambda: is_now((272, 340)))
    window.panel_widths.restore((300, 0))
    window.resize(1024, 640)
    QApplication.processEvents()
    window.resize(1366, 700)
    qtbot.waitUntil(lambda: is_now((300, 288)))


def test_a_long_folder_name_does_not_widen_the_first_page(
    make_engine: EngineMaker, theme: ThemeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    monkeypatch.setattr(
        type(engine.paths),
        "database",
        property(lambda self: self.root / ("long" * 60) / "harit.db"),
    )
    page = FirstRunPage(engine, theme)
    try:
        assert page.minimumSizeHint().width() < 700
    finally:
        page.deleteLater()


def test_a_dragged_panel_is_remembered(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine, size=(1366, 700))
    QApplication.processEvents()
    grip = QPoint(window.devices_dock.geometry().right() + 2, 400)
    qtbot.mousePress(window, Qt.MouseButton.LeftButton, pos=grip)
    for step_px in (20, 40):
        qtbot.mouseMove(window, grip + QPoint(step_px, 0))
        qtbot.wait(30)
    qtbot.mouseRelease(window, Qt.MouseButton.LeftButton, pos=grip + QPoint(40, 0))
    qtbot.wait(30)
    width = window.devices_dock.width()
    assert width > 250
    window.close()
    again = make_window(engine, size=(1366, 700))
    QApplication.processEvents()
    assert again.devices_dock.width() == width


def test_the_first_window_fits_the_screen_with_its_frame(
    make_engine: EngineMaker, theme: ThemeController, qtbot: QtBot
) -> None:
    window = MainWindow(make_engine(), theme)
    qtbot.addWidget(window)
    room = window.screen().availableGeometry()
    framed = QRect(QPoint(), window.size()).marginsAdded(FRAME_ALLOWANCE)
    framed.moveTopLeft(window.pos())
    assert room.contains(framed)
    assert window.minimumWidth() <= window.width()


def test_about_names_the_versions(make_window: WindowMaker) -> None:
    window = make_window()
    window.actions_.about.trigger()
    facts = find(window, "about.facts").text()
    assert "Version 0." in facts
    assert "Python 3." in facts
    assert "Qt 6." in facts
    find(window, "dialog.about").accept()


def test_the_window_comes_back_as_it_was_left(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"broker.port": free_port()})
    window = make_window(engine, size=(1240, 700))
    with_devices(qtbot, engine, "soil-01", "soil-02")
    qtbot.waitUntil(lambda: window.devices_panel.focus_device == "soil-01", timeout=20_000)
    window.presenter.set_focus_device("soil-02")
    find(window, "action.range.7d").trigger()
    window.actions_.devices.trigger()
    window.show_view("messages")
    window.close()
    assert engine.paths.window_state.is_file()
    again = make_window(engine, size=(1240, 700))
    assert again.pages.page == "messages"
    assert again.actions_.range_group.checkedAction().data() == "7d"
    assert not find(again, "dock.devices").isVisible()
    qtbot.waitUntil(lambda: again.devices_panel.focus_device == "soil-02", timeout=20_000)


def test_a_damaged_window_file_is_no_reason_to_fail(
    make_window: WindowMaker, make_engine: EngineMaker, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "window.ini").write_bytes(b"[General]\nversion=1\ngeometry=\xff\x00rot\n")
    window = make_window(make_engine())
    assert window.isVisible()
    assert window.width() >= 640


def test_a_screenshot_of_each_view(
    make_window: WindowMaker, make_engine: EngineMaker, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("harit_desktop.ui.main_window.SCREENSHOT_WAIT_S", 0.1)
    window = make_window(make_engine(**{"broker.port": free_port()}))
    for view in ("live", "messages", "settings"):
        assert window.take_screenshot(tmp_path / f"{view}.png", view)
        assert (tmp_path / f"{view}.png").stat().st_size > 5000
    assert not window.take_screenshot(tmp_path / "nowhere" / "x.png", "live")
    window.dialogs.settings.reject()  # type: ignore[union-attr]  # It was opened above.


def test_the_window_needs_no_slow_library_to_show() -> None:
    code = (
        "import sys, harit_desktop.ui.main_window, harit_desktop.ui.application;"
        "slow = {'numpy', 'pyqtgraph', 'sqlalchemy', 'paho', 'flask'} & set(sys.modules);"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_connect_without_a_broker_opens_the_dialog(
    make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine(start=False)
    sent = record_commands(monkeypatch, engine)
    window = make_window(engine)
    window.actions_.connect_toggle.trigger()
    find(window, "dialog.connect").reject()
    assert sent == []


def test_connect_with_a_broker_connects(
    make_window: WindowMaker, make_engine: EngineMaker, monkeypatch: Any
) -> None:
    engine = make_engine(start=False, **{"broker.host": "farm-hub"})
    sent = record_commands(monkeypatch, engine)
    window = make_window(engine)
    window.actions_.connect_toggle.trigger()
    assert sent == [Connect()]
