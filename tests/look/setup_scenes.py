"""Scenes of what is set up once: brokers by name, unknown messages, whose readings are taken.

As in `scenes`, each yields the widgets to look at. They are played in two looks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QScrollArea, QWidget

from harit_desktop.broker.addresses import OwnAddress
from harit_desktop.domain.broker_health import FACTS, LIMITS, BrokerHealth
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import LinkState, LinkStatus
from harit_desktop.runtime.probing import StepResult
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings.profile_transfer import FORMAT
from harit_desktop.ui.connect_dialog import ConnectDialog
from harit_desktop.ui.mapping.mapping_dialog import MappingDialog
from harit_desktop.ui.settings.dialog import SettingsDialog
from tests.look.stage import HOST, Stage, choose_row
from tests.ui.deliveries import deliver

Scenes = Iterator[tuple[str, QWidget]]

PROBE = {
    "device": "PICO_1",
    "ts": 1730317200,
    "bodenfeuchte": 45.2,
    "luft": 40.0,
    "naehrstoffe": {"stickstoff": 7, "phosphor": 2, "kalium": 90},
}
UNKNOWN = {
    "farm/pico/npk": PROBE,
    "farm/block-seven/greenhouse/second-row/npk": {**PROBE, "device": "two"},
    "home/valve": {"state": "open", "by": "<b>hand</b>", "pulses": 12},
}
ADDRESSES = (OwnAddress("192.168.1.20", "wlan0"), OwnAddress("10.0.0.5", "eth0"))
LONG_NAME = "Cooperative of the lower canal, second pumping station"


def nothing_to_map(stage: Stage) -> Scenes:
    """Listen and map before any message came."""
    dialog = _mapping_dialog(stage)
    yield "mapping_empty", dialog
    dialog.reject()


def mapping(stage: Stage) -> Scenes:
    """Listen and map: little known, a sample, what was saved, and what could not be."""
    yield "mapping_few", _mapping_dialog(stage)
    for topic, tree in UNKNOWN.items():
        deliver(stage.engine, [json.dumps(tree).encode()] * 3, topic)
    dialog = _mapping_dialog(stage)
    stage.until(lambda: dialog.messages.count() == len(UNKNOWN) + 1)
    dialog.choose("farm/pico/npk")
    stage.until(dialog.save.isEnabled)
    yield "mapping_sample", dialog
    dialog.choose("home/valve")
    yield "mapping_nothing_known", dialog
    dialog._host = _Refusing(dialog._host)
    dialog.choose("farm/pico/npk")
    dialog.save.click()
    stage.until(dialog.outcome.isVisible)
    yield "mapping_error", dialog
    dialog._host = stage.engine.mappings
    dialog.save.click()
    stage.until(lambda: dialog.templates.list.count() == 1)
    (stage.folder / "templates" / "torn.toml").write_text("name = 1\n", encoding="utf-8")
    dialog._ask_anew()
    stage.until(lambda: dialog.templates.list.count() == 2)
    dialog.templates.list.setCurrentRow(0)
    dialog.templates.remove.click()
    yield "mapping_saved", dialog
    dialog.reject()


def _mapping_dialog(stage: Stage) -> MappingDialog:
    stage.say(stage.live())
    stage.window.dialogs.open_mapping()
    dialog = stage.window.dialogs.mapping
    assert dialog is not None
    stage.until(lambda: dialog._listed)
    return dialog


class _Refusing:
    """A folder that takes no file."""

    def __init__(self, host: Any) -> None:
        self.unmapped, self.templates, self.remove = host.unmapped, host.templates, host.remove
        self.read, self.timezone = host.read, host.timezone

    def save(self, template: object, redrive: bool, replaced: str = "") -> QueryHandle[Any]:
        handle: QueryHandle[Any] = QueryHandle()
        why = {"file": "farm-pico-npk.toml", "reason": "No space left on device"}
        handle.finish(None, Problem("template.not_saved", why))
        return handle


def message_to_map(stage: Stage) -> Scenes:
    """Messages, at one that can be mapped."""
    window = stage.window
    stage.say(stage.live())
    deliver(stage.engine, [json.dumps({**PROBE, "gas": 4}).encode()], "farm/new/co2")
    window.pages.show_page("messages")
    stage.settle()
    choose_row(window, "table.messages")
    yield "message_to_map", window


def broker_health(stage: Stage) -> Scenes:
    """What a broker tells of itself, little or much; and when there is none."""
    facts: dict[str, int | str] = {
        "version": "mosquitto version 2.0.11",
        "uptime_s": 93_784,
        "heap_bytes": 1_234_567,
    }
    told = tuple((name, facts.get(name, 128_430)) for name in FACTS)
    full = BrokerHealth(tuple((name, 1) for name in LIMITS), told, 1)
    now_us = time.time_ns() // 1000
    much = LinkStatus(
        LinkState.CONNECTED, HOST, 8883, True, "5", 2, now_us, health=full, session_present=True
    )
    few = replace(much, protocol="3.1.1", health=BrokerHealth())
    for name, link in {"full": much, "untold": few, "off": LinkStatus()}.items():
        stage.say(stage.live(link=link))
        stage.window.dialogs.open_broker()
        card = stage.window.dialogs.broker
        assert card is not None
        yield f"broker_{name}", card
        card.reject()
    stage.say(stage.live())


def profiles(stage: Stage) -> Scenes:
    """Brokers by name: one chosen, a public one, and the questions about them."""
    stage.say(stage.live())
    kept = stage.engine.broker_profiles
    kept.create("Farm office", {"broker.host": HOST, "broker.port": 8883, "broker.tls": True})
    kept.create(LONG_NAME, {"broker.host": "10.1.2.3", "broker.username": "kvk"})
    dialog = _connect_dialog(stage, 3)
    dialog.column.list.setCurrentRow(1)
    yield "profiles", dialog
    dialog.column.preset_asked.emit("hivemq")
    stage.until(lambda: dialog.column.list.count() == 4)
    yield "profiles_public", dialog
    dialog.column.list.setCurrentRow(1)
    for task in ("rename", "delete", "export"):
        _trigger(dialog, task)
        stage.until(dialog.ask.isVisible)
        if task == "rename":
            dialog.ask.name.setText("Farm office")
            dialog.ask.yes.click()
            stage.until(dialog.ask._problem.isVisible)
        yield f"profiles_{task}", dialog
    file = stage.folder / "neighbour.toml"
    lines = 'host = "far.example"\ntopics = ["#"]'
    file.write_text(f'format = "{FORMAT}"\nname = "Neighbour"\n[broker]\n{lines}\n', "utf-8")
    dialog.ask.close_ask()
    dialog.tasks.import_from(file)
    stage.until(dialog.ask.isVisible)
    yield "profiles_import", dialog
    dialog.ask.close_ask()
    dialog.ask_secrets(dialog._slug, ("broker.password",))
    stage.until(dialog._said.isVisible)
    yield "profiles_password", dialog
    dialog.reject()


def _connect_dialog(stage: Stage, profiles: int) -> ConnectDialog:
    stage.window.dialogs.open_profile("", ())
    dialog = stage.window.dialogs.connect_
    assert dialog is not None
    stage.until(lambda: dialog.column.list.count() == profiles)
    return dialog


def _trigger(dialog: ConnectDialog, task: str) -> None:
    action = dialog.findChild(QAction, f"profiles.{task}")
    assert isinstance(action, QAction)
    action.trigger()


def quick_switch(stage: Stage) -> Scenes:
    """The menu of the toolbar's broker button, and the question for a password."""
    window = stage.window
    window.pages.show_page("live")
    menu = window.toolbar.broker_menu
    window.profile_switch.refresh()
    stage.settle()
    menu.popup(window.mapToGlobal(QPoint(160, 80)))
    yield "quick_switch", menu
    menu.hide()
    window.profile_switch._ask_missing(("broker.password",))
    yield "password_question", window
    window.banner.withdraw("ask.broker_password")


def settings_states(stage: Stage) -> Scenes:
    """Devices taken by a list; the built-in broker on the network; a test with its report."""
    stage.say(stage.live())
    dialogs = stage.window.dialogs
    dialogs._ask_addresses = _answered(ADDRESSES)  # type: ignore[method-assign]  # Of no machine.
    stage.engine.trials.__dict__["test_broker"] = lambda *_, **__: _Found()
    dialogs.open_settings("routing")
    dialog = dialogs.settings
    assert dialog is not None
    _enter(dialog, "routing", "routing.mode", "allow")
    _enter(dialog, "routing", "routing.devices", ["north-*", LONG_NAME])
    _enter(dialog, "routing", "routing.topics", ["farm/#/wrong"])
    dialog.pages["routing"].check()
    yield "settings_routing_only", dialog
    dialogs.open_settings("builtin_broker")
    _enter(dialog, "builtin_broker", "broker.mode", "builtin")
    _enter(dialog, "builtin_broker", "builtin_broker.allow_network", True)
    stage.until(lambda: dialog.builtin.card.isVisible() and bool(dialog.builtin._found))
    yield "settings_network", dialog
    _scroll_down(dialog.builtin.card)
    yield "settings_network_card", dialog
    dialogs.open_settings("broker")
    _enter(dialog, "broker", "broker.topics", ["#"])
    dialog.trials[0].test.click()
    stage.until(dialog.trials[0].copy.isVisible)
    yield "settings_broker_report", dialog
    dialog.reject()
    del stage.engine.trials.__dict__["test_broker"]


def _answered(value: Any) -> Callable[[], QueryHandle[Any]]:
    def ask() -> QueryHandle[Any]:
        handle: QueryHandle[Any] = QueryHandle()
        handle.finish(value, None)
        return handle

    return ask


class _Found:
    """A test of a broker that is over."""

    done, step = True, ""
    results = (
        StepResult("name", {"host": "farm-hub", "addresses": HOST}),
        StepResult("port", {"host": "farm-hub", "port": 8883, "milliseconds": 12}),
        StepResult("tls", {"version": "TLS 1.3", "issuer": "Farm CA", "days": 12}),
        StepResult("login", problem=Problem("broker.auth", {"host": HOST, "port": 8883})),
    )

    def cancel(self) -> None:
        """Nothing is under way."""


def _enter(dialog: SettingsDialog, page: str, key: str, value: Any) -> None:
    field = dialog.pages[page].fields[key]
    field.set_value(value)
    field.edited.emit()


def _scroll_down(widget: QWidget) -> None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    if isinstance(parent, QScrollArea):
        parent.ensureWidgetVisible(widget, 0, 0)


def device_limits(stage: Stage) -> Scenes:
    """Limits of one device, one of them wrong."""
    stage.say(stage.live())
    stage.window.dialogs.open_device("soil-01")
    dialog = stage.window.dialogs.device
    assert dialog is not None
    fields = dialog.limits.fields
    for edit, text in ((fields["pH"].low, "8"), (fields["pH"].high, "7"), (fields["N"].low, "12")):
        edit.setText(text)
        edit.textEdited.emit(text)
    _scroll_down(dialog.limits)
    yield "device_limits", dialog
    dialog.reject()


def more_channels(stage: Stage) -> Scenes:
    """What a probe sends beyond the seven channels: in History and in the export."""
    window = stage.window
    stage.say(stage.live())
    values = {"water_SOIL": "40.1", "temp_SOIL": "20.1", "conduct_SOIL": 512, "BatV": 3.6}
    for number in range(3):
        at = datetime.now(UTC) - timedelta(minutes=number)
        uplink = {"received_at": at.isoformat(), "decoded_payload": values | {"illuminance": 41e3}}
        tree = {"end_device_ids": {"device_id": "weather-1"}, "uplink_message": uplink}
        deliver(stage.engine, [json.dumps(tree).encode()], "v3/farm@ttn/devices/weather-1/up")
    stage.until(lambda: any(one.publisher_id == "weather-1" for one in stage.engine.live.devices()))
    window.presenter.set_focus_device("weather-1")
    window.pages.show_page("history")
    page = window.presenter.history.page
    assert page is not None
    menu = page.compare.extras
    stage.until(menu.isEnabled)
    menu.choose(menu._offered)
    menu.chosen_changed.emit(menu.wanted)
    yield "history_more_channels", window
    menu.menu().popup(window.mapToGlobal(QPoint(400, 200)))
    yield "more_channels_menu", menu.menu()
    menu.menu().hide()
    window.open_export()
    dialog = window.dialogs.export
    assert dialog is not None
    yield "export_more_channels", dialog
    dialog.reject()


IN_EMPTY = (nothing_to_map,)
IN_SETUP = (
    mapping,
    message_to_map,
    broker_health,
    profiles,
    quick_switch,
    settings_states,
    device_limits,
    more_channels,
)
