"""The settings of alerts: the table of rules, its editor, tries and tests on unsaved values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QTableView, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.alert import (
    DEFAULT_RULES,
    AlertRule,
    RuleKind,
    Severity,
    TriedRule,
)
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import BackupStatus
from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings.store import SettingsStore, build_settings
from harit_desktop.ui.settings import alert_extras
from harit_desktop.ui.settings.alert_extras import AlertQuestions
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.settings.rule_draft import FIELDS, RuleDraft
from harit_desktop.ui.settings.rule_model import RuleModel
from harit_desktop.ui.settings.validation import check_value
from harit_desktop.ui.theme import LIGHT, ThemeController

LIMITS = {"Moisture": (30.0, 40.0, 25.0, 45.0)}


class Opened:
    """An open dialog on the page of alerts, what it sent and what it asked."""

    def __init__(self, qtbot: QtBot, theme: ThemeController, **settings: Any) -> None:
        self.qtbot = qtbot
        self.sent: list[Command] = []
        self.tried: list[tuple[AlertRule, int]] = []
        self.tested: list[tuple[str, Mapping[str, Any], str | None]] = []
        self.handle: QueryHandle[Any] = QueryHandle()
        tree = build_settings({key.replace("__", "."): v for key, v in settings.items()})
        questions = AlertQuestions(self._try, self._test, {"soil-02": "Canal side"}, LIMITS)
        self.dialog = SettingsDialog(
            tree, Path("/data"), self.sent.append, theme, ask_alerts=questions
        )
        qtbot.addWidget(self.dialog)
        self.dialog.open_page("alerts")
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def _try(self, rule: AlertRule, days: int) -> QueryHandle[Any]:
        self.tried.append((rule, days))
        self.handle = QueryHandle()
        return self.handle

    def _test(self, name: str, changes: Mapping[str, Any], secret: str | None) -> QueryHandle[Any]:
        self.tested.append((name, changes, secret))
        self.handle = QueryHandle()
        return self.handle

    def find(self, name: str) -> Any:
        found = self.dialog.findChild(QWidget, name)
        assert found is not None, name
        return found

    def type(self, name: str, text: str) -> None:
        line: QLineEdit = self.find(name)
        line.setFocus()
        line.selectAll()
        self.qtbot.keyClick(line, Qt.Key.Key_Delete)
        self.qtbot.keyClicks(line, text)

    def pick(self, name: str, text: str) -> None:
        combo: QComboBox = self.find(name)
        combo.setCurrentIndex(combo.findText(text))
        combo.activated.emit(combo.currentIndex())

    def click(self, name: str) -> None:
        self.find(name).click()

    def choose(self, row: int) -> None:
        self.find("settings.alerts.rules").selectRow(row)

    def text(self, name: str) -> str:
        label: QLabel = self.find(name)
        return "" if label.isHidden() else label.text()

    def answer(self, value: Any, problem: Problem | None = None) -> None:
        self.handle.finish(value, problem)
        self.dialog.poll(BackupStatus())

    @property
    def rules(self) -> tuple[AlertRule, ...]:
        found = self.dialog.pages["alerts"].values()["alerts.rules"]
        assert isinstance(found, tuple)
        return found

    @property
    def saved(self) -> tuple[AlertRule, ...]:
        assert self.dialog.apply()
        command = self.sent[-1]
        assert isinstance(command, ApplySettings)
        changed = command.changes["alerts.rules"]
        assert isinstance(changed, tuple)
        return changed


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController) -> Opened:
    return Opened(qtbot, theme)


def test_the_table_shows_the_rules_and_looking_changes_nothing(opened: Opened) -> None:
    assert opened.rules == DEFAULT_RULES
    for row in range(len(DEFAULT_RULES)):
        opened.choose(row)
    assert opened.rules == DEFAULT_RULES
    assert opened.dialog.changes() == {}
    table: QTableView = opened.find("settings.alerts.rules")
    model = table.model()
    assert model.index(0, 1).data() == "outside the profile's 25–45 %"
    assert model.index(0, 3).data() == "Critical"


def test_the_model_keeps_the_rules_of_qt(qapp: object) -> None:
    model = RuleModel(LIGHT)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.set_drafts([RuleDraft(rule) for rule in DEFAULT_RULES])
    model.set_drafts([])


def test_a_rule_is_changed_in_place(opened: Opened) -> None:
    opened.choose(0)
    opened.type("settings.alerts.low", "20")
    opened.type("settings.alerts.onDelay", "120")
    opened.type("settings.alerts.onReadings", "5")
    opened.type("settings.alerts.hysteresis", "2.5")
    opened.type("settings.alerts.offDelay", "600")
    opened.type("settings.alerts.name", "Canal dry")
    opened.pick("settings.alerts.device", "Canal side")
    opened.pick("settings.alerts.severity", "Warning")
    rule = opened.saved[0]
    assert (rule.low, rule.high, rule.on_delay_s, rule.on_readings) == (20.0, None, 120.0, 5)
    assert (rule.hysteresis_percent, rule.off_delay_s) == (2.5, 600.0)
    assert (rule.name, rule.publisher_id, rule.severity) == (
        "Canal dry",
        "soil-02",
        Severity.WARNING,
    )


def test_what_was_saved_can_be_read_again(opened: Opened, tmp_path: Path) -> None:
    opened.click("settings.alerts.rule.add")
    opened.pick("settings.alerts.kind", "Fast change")
    opened.type("settings.alerts.low", "4")
    rules = opened.saved
    file = tmp_path / "settings.toml"
    SettingsStore(file, {}, {}).save({"alerts.rules": rules})
    assert SettingsStore(file, {}, {}).current.alerts.rules == rules
    assert rules[-1].low == -4.0


def test_rules_are_added_copied_and_deleted(opened: Opened) -> None:
    opened.click("settings.alerts.rule.add")
    assert len(opened.rules) == len(DEFAULT_RULES) + 1
    opened.choose(0)
    opened.click("settings.alerts.rule.copy")
    assert opened.rules[1].channel == "Moisture"
    assert len({rule.id for rule in opened.rules}) == len(opened.rules)
    for _ in range(len(opened.rules)):
        opened.click("settings.alerts.rule.delete")
    assert opened.rules == ()
    assert not opened.find("settings.alerts.rule.delete").isEnabled()
    assert not opened.find("settings.alerts.try").isEnabled()
    assert opened.saved == ()


def test_a_rule_is_switched_off_in_the_table(opened: Opened) -> None:
    model = opened.find("settings.alerts.rules").model()
    first = model.index(0, 0)
    assert model.setData(first, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert [rule.enabled for rule in opened.saved][:2] == [False, True]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("settings.alerts.low", "dry", "Enter a number, or nothing."),
        ("settings.alerts.onDelay", "-1", "Enter a number from 0 to 86400."),
        ("settings.alerts.onReadings", "2.5", "Enter a whole number from 1 to 1000."),
        ("settings.alerts.hysteresis", "80", "Enter a number from 0 to 50."),
        ("settings.alerts.offDelay", "", "Enter a number from 0 to 86400."),
    ],
)
def test_what_cannot_be_used_is_said_and_holds_apply_back(
    opened: Opened, name: str, text: str, said: str
) -> None:
    opened.choose(0)
    opened.type(name, text)
    opened.find("settings.alerts.name").setFocus()
    assert opened.text("settings.alerts.rule.error") == f"▲ {said}"
    assert opened.find(name).property("invalid") == "true"
    assert not opened.find("settings.ok").isEnabled()
    assert not opened.dialog.apply()
    # Another rule may be looked at meanwhile; what was typed is there again afterwards.
    opened.choose(1)
    opened.choose(0)
    assert opened.find(name).text() == text
    opened.type(name, "3")
    opened.find("settings.alerts.name").setFocus()
    assert opened.find("settings.ok").isEnabled()


def test_limits_have_to_fit_each_other() -> None:
    both = RuleDraft(AlertRule("r", channel="Moisture", low=30.0, high=20.0))
    assert list(both.problems()) == ["high"]
    assert list(RuleDraft(AlertRule("r", low=20.0)).problems()) == ["channel"]
    rate = RuleDraft(AlertRule("r", kind=RuleKind.RATE, channel="Moisture"))
    assert list(rate.problems()) == ["high"]
    rate.type("low", "5")
    assert rate.rule.low == -5.0
    assert rate.text("low") == "5"
    assert rate.problems() == {}
    silent = RuleDraft(AlertRule("r", kind=RuleKind.SILENT, high=0.0))
    assert list(silent.problems()) == ["high"]


def test_another_channel_or_kind_forgets_limits_in_other_units() -> None:
    draft = RuleDraft(AlertRule("r", channel="Moisture", low=20.0))
    draft.change(channel="pH")
    assert draft.rule.low is None
    draft.type("low", "6")
    draft.change(kind=RuleKind.SILENT)
    assert (draft.rule.low, draft.rule.channel) == (None, "")
    draft.change(kind=RuleKind.SYSTEM)
    assert draft.problems() == {}


@pytest.mark.parametrize("kind", list(RuleKind))
def test_only_what_has_a_meaning_is_shown(opened: Opened, kind: RuleKind) -> None:
    combo: QComboBox = opened.find("settings.alerts.kind")
    combo.setCurrentIndex(combo.findData(kind.value))
    combo.activated.emit(combo.currentIndex())
    names = {"on_delay_s": "onDelay", "hysteresis_percent": "hysteresis", "high": "high"}
    for field, name in names.items():
        hidden = opened.find(f"settings.alerts.{name}").isHidden()
        assert hidden is (field not in FIELDS[kind]), name


def test_a_rule_is_tried_as_it_is_shown(opened: Opened) -> None:
    opened.choose(0)
    opened.type("settings.alerts.low", "20")
    opened.click("settings.alerts.try")
    rule, days = opened.tried[0]
    assert (rule.low, days) == (20.0, 7)
    assert opened.find("settings.alerts.try").text() == "Stop"
    told = (
        ("soil-02", "Moisture", 1, 2),
        ("soil-02", "Moisture", 3, None),
        ("x", "Moisture", 4, 5),
    )
    opened.answer(TriedRule(60480, told))
    assert opened.text("settings.alerts.try.result") == "3 alerts: Canal side 2, x 1"
    # It counts for what was tried only.
    opened.type("settings.alerts.low", "21")
    assert opened.text("settings.alerts.try.result") == ""
    opened.click("settings.alerts.try")
    opened.answer(TriedRule(60480, ()))
    assert opened.text("settings.alerts.try.result") == "No alerts, in 60,480 readings."
    opened.type("settings.alerts.low", "22")
    opened.click("settings.alerts.try")
    opened.answer(None, Problem("store.locked", {"path": "x"}))
    assert opened.text("settings.alerts.try.result").startswith("▲")


def test_a_try_under_way_is_given_up_with_the_rule_or_by_the_button(opened: Opened) -> None:
    opened.choose(0)
    opened.click("settings.alerts.try")
    first = opened.handle
    opened.choose(1)
    assert first.token.cancelled
    opened.click("settings.alerts.try")
    opened.click("settings.alerts.try")
    assert opened.handle.token.cancelled
    opened.choose(len(DEFAULT_RULES) - 1)
    assert not opened.find("settings.alerts.try").isEnabled()


def test_the_email_is_tested_with_what_is_entered(opened: Opened) -> None:
    assert opened.find("settings.alerts.email.test").isVisible() is False
    opened.type("settings.alerts.email.to", "office@farm.example")
    opened.type("settings.alerts.email.host", "mail.farm.example")
    opened.type("settings.alerts.email.password", "s3cret")
    opened.click("settings.alerts.email.test")
    name, changes, secret = opened.tested[0]
    assert (name, secret) == ("email", "s3cret")
    assert changes["alerts.email_to"] == "office@farm.example"
    assert not any("password" in key or "token" in key for key in changes)
    opened.answer(None)
    result: QLabel = opened.find("settings.alerts.email.test.result")
    assert result.property("ok") is True
    opened.type("settings.alerts.email.host", "other.example")
    assert result.property("ok") is None
    opened.click("settings.alerts.email.test")
    opened.answer(None, Problem("alerts.email_refused", {"host": "other.example", "port": 587}))
    assert "other.example:587 does not answer" in result.text()
    assert "stay on screen" not in result.text()
    assert result.property("ok") is False


def test_the_webhook_is_tested_and_a_late_answer_is_given_up(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.type("settings.alerts.webhook.url", "https://farm.example/hook")
    opened.click("settings.alerts.webhook.test")
    assert opened.tested[0][0] == "webhook"
    assert opened.tested[0][2] is None
    monkeypatch.setattr(alert_extras, "TEST_LIMIT_S", -1.0)
    opened.dialog.poll(BackupStatus())
    assert opened.handle.token.cancelled
    assert opened.text("settings.alerts.webhook.test.result").startswith("▲ No answer")


def test_an_open_test_ends_with_the_dialog(opened: Opened) -> None:
    opened.type("settings.alerts.webhook.url", "https://farm.example/hook")
    opened.click("settings.alerts.webhook.test")
    opened.dialog.reject()
    assert opened.handle.token.cancelled


def test_quiet_hours_and_addresses_are_checked(opened: Opened) -> None:
    assert check_value("alerts.quiet_from", "22:00") is None
    assert check_value("alerts.quiet_from", "24:00") is not None
    assert check_value("alerts.email_to", "a@b.example, c@d.example") is None
    assert check_value("alerts.email_to", "farm office") is not None
    assert check_value("alerts.webhook_url", "https://farm.example/x") is None
    assert check_value("alerts.webhook_url", "ftp://farm.example/x") is not None
    opened.type("settings.alerts.quietFrom", "22:00")
    opened.find("settings.alerts.person").setFocus()
    assert "need a beginning and an end" in opened.text("settings.alerts.quietTo.error")
    opened.type("settings.alerts.quietTo", "06:00")
    opened.find("settings.alerts.person").setFocus()
    assert opened.dialog.apply()


def test_defaults_bring_the_first_rules_back(opened: Opened) -> None:
    opened.click("settings.alerts.rule.delete")
    opened.click("settings.defaults")
    assert opened.rules == DEFAULT_RULES


def test_every_control_has_a_name_and_fits_the_page(opened: Opened) -> None:
    page = opened.dialog.pages["alerts"]
    opened.type("settings.alerts.email.to", "office@farm.example")
    for widget in page.findChildren(QWidget):
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            assert widget.accessibleName() or text, (widget.objectName(), type(widget).__name__)
    assert page.minimumSizeHint().width() <= 900 - 172 - 20
