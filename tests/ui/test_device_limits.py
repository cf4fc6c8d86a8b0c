"""Alert limits of one device: what is typed becomes a rule that takes the general one's place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from harit_desktop.alerting.readings import ValueRules
from harit_desktop.domain.alert import DEFAULT_RULES, AlertRule, Severity
from harit_desktop.domain.device_book import DeviceBook, DeviceRecord
from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.alerts.device_limits import DeviceLimits
from harit_desktop.ui.alerts.own_rules import general_limits, own_limits, with_limits
from harit_desktop.ui.device_dialog import DeviceDialog
from harit_desktop.ui.theme import ThemeController
from tests.storage.builders import make_item
from tests.ui.conftest import EngineMaker, WindowMaker
from tests.ui.deliveries import deliver, reading

ALARMS = {"Moisture": (25.0, 45.0), "pH": (6.0, 7.5), "N": (180.0, 250.0)}
SECOND_US = 1_000_000


def raised(rules: tuple[AlertRule, ...], publisher_id: str, moisture: float) -> list[str]:
    """The rules that tell of a moisture that lasts for five minutes."""
    watched = ValueRules(rules, ALARMS, lambda _id, values, _at: values)
    found = []
    for minute in range(6):
        values = (22.0, 18.0, 150.0, 500.0, 22.0, moisture, 7.2)
        at_us = 1_700_000_000 * SECOND_US + minute * 60 * SECOND_US
        item = make_item(publisher_id=publisher_id, time_us=at_us, values=values).analysed
        assert item is not None
        found += [turn.rule.id for turn in watched.feed(item) if turn.channel == "Moisture"]
    return found


class TestRules:
    def test_own_limits_take_the_place_of_the_general_ones(self) -> None:
        rules = with_limits(DEFAULT_RULES, "probe-1", "Moisture", (10.0, 60.0))
        own = rules[-1]
        assert (own.publisher_id, own.channel, own.severity) == (
            "probe-1",
            "Moisture",
            Severity.CRITICAL,
        )
        assert raised(rules, "probe-1", 20.0) == []
        assert raised(rules, "probe-2", 20.0) == ["moisture"]
        assert raised(rules, "probe-1", 65.0) == [own.id]

    def test_one_side_alone_tells_nothing_on_the_other(self) -> None:
        rules = with_limits(DEFAULT_RULES, "probe-1", "Moisture", (10.0, None))
        assert raised(rules, "probe-1", 99.0) == []
        assert raised(rules, "probe-1", 5.0) == [rules[-1].id]

    def test_without_limits_the_general_ones_hold_again(self) -> None:
        rules = with_limits(DEFAULT_RULES, "probe-1", "Moisture", (10.0, 60.0))
        assert with_limits(rules, "probe-1", "Moisture", (None, None)) == DEFAULT_RULES

    def test_changed_limits_stay_the_same_rule(self) -> None:
        rules = with_limits(DEFAULT_RULES, "probe-1", "Moisture", (10.0, 60.0))
        again = with_limits(rules, "probe-1", "Moisture", (12.0, 60.0))
        assert [rule.id for rule in again] == [rule.id for rule in rules]
        assert own_limits(again, "probe-1", "Moisture") == (12.0, 60.0)
        assert own_limits(again, "probe-2", "Moisture") == (None, None)

    def test_what_holds_without_own_limits(self) -> None:
        rules = with_limits(DEFAULT_RULES, "probe-1", "Moisture", (10.0, 60.0))
        assert general_limits(rules, "probe-1", "Moisture", ALARMS) == (25.0, 45.0)
        # No rule is about nitrogen: nothing is told.
        assert general_limits(rules, "probe-1", "N", ALARMS) is None


def enter(limits: DeviceLimits, qtbot: QtBot, key: str, low: str = "", high: str = "") -> None:
    for edit, text in zip(limits.fields[key], (low, high), strict=True):
        edit.selectAll()
        qtbot.keyClick(edit, Qt.Key.Key_Delete)
        qtbot.keyClicks(edit, text)


class Opened:
    def __init__(self, qtbot: QtBot, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.qtbot = qtbot
        self.engine = engine
        self.sent: list[Command] = []
        names = ("probe-1", "probe-2")
        book = DeviceBook({name: DeviceRecord(name, name.title()) for name in names})
        monkeypatch.setattr(Engine, "book", property(lambda _: book))
        monkeypatch.setattr(engine, "submit", self.sent.append)
        self.dialog = DeviceDialog(engine, "probe-1")
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)
        self.limits = self.dialog.limits

    def save(self) -> None:
        save = self.dialog.findChild(QPushButton, "dialog.device.save")
        self.qtbot.mouseClick(save, Qt.MouseButton.LeftButton)

    def problem(self) -> str:
        label = self.dialog.findChild(QLabel, "dialog.device.limits.error")
        return label.text() if label.isVisible() else ""


@pytest.fixture
def opened(
    qtbot: QtBot,
    theme: ThemeController,
    make_engine: EngineMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> Opened:
    return Opened(qtbot, make_engine(start=False), monkeypatch)


def test_the_general_limits_stand_where_none_are_entered(opened: Opened) -> None:
    moisture = opened.limits.fields["Moisture"]
    _, _, low, high = opened.engine.judgement.limits()["Moisture"]
    assert [float(edit.placeholderText()) for edit in moisture] == [low, high]
    assert opened.limits.fields["N"].low.placeholderText() == "–"
    enter(opened.limits, opened.qtbot, "Moisture", low="10")
    assert moisture.high.placeholderText() == "–"


def test_limits_of_two_devices_are_saved_together(opened: Opened) -> None:
    enter(opened.limits, opened.qtbot, "Moisture", "10.5", "60")
    opened.dialog.choose("probe-2")
    assert opened.limits.fields["Moisture"].low.text() == ""
    enter(opened.limits, opened.qtbot, "pH", high="8")
    opened.dialog.choose("probe-1")
    assert opened.limits.fields["Moisture"].low.text() == "10.5"
    opened.save()
    (command,) = opened.sent
    assert isinstance(command, ApplySettings)
    rules = command.changes["alerts.rules"]
    assert rules[: len(DEFAULT_RULES)] == DEFAULT_RULES
    made = [(r.publisher_id, r.channel, r.low, r.high) for r in rules[len(DEFAULT_RULES) :]]
    assert made == [("probe-1", "Moisture", 10.5, 60.0), ("probe-2", "pH", None, 8.0)]
    assert not opened.dialog.isVisible()


def test_nothing_typed_is_nothing_saved(opened: Opened) -> None:
    enter(opened.limits, opened.qtbot, "Moisture", "10")
    enter(opened.limits, opened.qtbot, "Moisture")
    opened.save()
    assert opened.sent == []


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        ("1o", "", "Enter a number"),
        ("60", "10", "more than the lower"),
        ("5", "5", "more than the lower"),
        ("", "inf", "Enter a number"),
        ("-", "", "Enter a number"),
    ],
)
def test_what_cannot_be_kept_is_said_in_place(
    opened: Opened, low: str, high: str, says: str
) -> None:
    enter(opened.limits, opened.qtbot, "Moisture", low, high)
    assert says in opened.problem()
    opened.dialog.choose("probe-2")
    assert opened.problem() == ""
    opened.save()
    assert opened.dialog.isVisible()
    assert opened.sent == []
    # It goes back to the device whose limits have to be mended.
    assert opened.dialog.devices.currentData() == "probe-1"
    assert says in opened.problem()
    enter(opened.limits, opened.qtbot, "Moisture", "10", "60")
    assert opened.problem() == ""
    opened.save()
    assert len(opened.sent) == 1


def test_every_field_says_what_it_is(opened: Opened) -> None:
    names = [edit.accessibleName() for pair in opened.limits.fields.values() for edit in pair]
    assert len(set(names)) == len(names) == 14
    assert names[0] == "Moisture: alert below, percent"


def test_order_and_limits_are_kept_by_the_program(
    make_engine: EngineMaker, make_window: WindowMaker, qtbot: QtBot
) -> None:
    engine = make_engine()
    window = make_window(engine)
    panel = window.devices_panel
    qtbot.waitUntil(lambda: engine.snapshot().store.opened, timeout=10_000)
    deliver(engine, [reading("probe-1", 1), reading("probe-2", 2)])
    qtbot.waitUntil(lambda: panel.model.shown_ids() == ["probe-1", "probe-2"], timeout=10_000)
    panel.placed.emit(panel.model.moved("probe-2", -1))
    qtbot.waitUntil(lambda: panel.model.shown_ids() == ["probe-2", "probe-1"], timeout=10_000)
    assert engine.book.records["probe-1"].position == 1

    panel.device_asked.emit("probe-2")
    dialog = window.dialogs.device
    assert dialog is not None
    enter(dialog.limits, qtbot, "Moisture", "10", "60")
    dialog.findChild(QPushButton, "dialog.device.save").click()
    qtbot.waitUntil(lambda: len(engine.settings.alerts.rules) > len(DEFAULT_RULES), timeout=10_000)
    assert own_limits(engine.settings.alerts.rules, "probe-2", "Moisture") == (10.0, 60.0)
