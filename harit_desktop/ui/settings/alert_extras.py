"""What the page of alerts shows beside its settings: trying a rule, testing e-mail and webhook."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from harit_desktop.alerting.sinks import SinkName
from harit_desktop.domain.alert import AlertRule, RuleKind, TriedRule
from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.ui.dialog_parts import button, sentences
from harit_desktop.ui.problem_table_alerts import STILL_SHOWN
from harit_desktop.ui.problem_texts import printable, problem_text
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.settings.rules_field import RulesField
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import count

if TYPE_CHECKING:
    from harit_desktop.runtime.queries import QueryHandle

RULES = "alerts.rules"
EMAIL, WEBHOOK = "alerts.email_to", "alerts.webhook_url"
PASSWORD, TOKEN = "alerts.smtp_password", "alerts.webhook_token"
TRY_DAYS = 7
TEST_LIMIT_S = 15.0
"""A sink gives up by itself before this; then nobody waits for it any more."""
_MOST_TOLD = 1000
_DEVICES_NAMED = 3


@dataclass(frozen=True)
class AlertQuestions:
    """What the page asks of the engine. `devices` are names by id, `limits` the profile's."""

    try_rule: Callable[[AlertRule, int], QueryHandle[TriedRule]] | None = None
    test_sink: Callable[[SinkName, Mapping[str, Any], str | None], QueryHandle[None]] | None = None
    devices: Mapping[str, str] = field(default_factory=dict)
    limits: ProfileLimits = field(default_factory=dict)


class AlertExtras(QObject):
    """Below the editor of rules "Try this rule", below e-mail and webhook a test each."""

    def __init__(self, view: PageView, questions: AlertQuestions | None) -> None:
        super().__init__(view)
        asked = questions or AlertQuestions()
        found = view.fields[RULES]
        assert isinstance(found, RulesField), "the rules have an editor of their own"
        self._rules = found
        self._rules.set_context(asked.devices, asked.limits)
        self.trial = RuleTrial(self._rules, asked)
        self.email = SinkTest(view, asked, "email", PASSWORD, self.tr("Send a test e-mail"))
        self.webhook = SinkTest(view, asked, "webhook", TOKEN, self.tr("Test the webhook"))

    def update(self, values: Mapping[str, Any]) -> None:
        """Takes what the page shows now."""
        self.email.update(bool(values.get(EMAIL)))
        self.webhook.update(bool(values.get(WEBHOOK)))

    def poll(self) -> None:
        """Takes answers; called by the frame clock."""
        self.trial.poll()
        self.email.poll()
        self.webhook.poll()

    def stop(self) -> None:
        """Ends with the dialog what is still under way."""
        for one in (self.trial, self.email, self.webhook):
            one.stop()


class RuleTrial(QObject):
    """`settings.alerts.try`: what the rule as it is shown would have told."""

    def __init__(self, rules: RulesField, questions: AlertQuestions) -> None:
        super().__init__(rules)
        self._rules = rules
        self._questions = questions
        self._asked: QueryHandle[TriedRule] | None = None
        self._tried: AlertRule | None = None
        self.test = button("settings.alerts.try")
        self.test.clicked.connect(self._press)
        self.result = _result("settings.alerts.try.result")
        rules.below.addLayout(_side_by_side(self.test, self.result))
        rules.chosen_changed.connect(self.update)
        self.update()

    def update(self) -> None:
        """A result counts for the rule that was tried only."""
        draft = self._rules.chosen
        rule = None if draft is None or draft.problems() else draft.rule
        if self._asked is not None and rule != self._tried:
            self.stop()
        if self._asked is not None:
            return
        self.test.setText(self.tr("Try this rule on the last 7 days"))
        system = rule is not None and rule.kind is RuleKind.SYSTEM
        able = rule is not None and not system and self._questions.try_rule is not None
        self.test.setEnabled(able)
        if rule is None or rule != self._tried:
            self._tried = None
            hint = self.tr("What this program itself went through is not stored.")
            _say(self.result, hint if system else "", None)

    def poll(self) -> None:
        if self._asked is None or not self._asked.done:
            return
        handle, self._asked = self._asked, None
        self.update()
        if handle.value is not None:
            _say(self.result, self._found(handle.value), True)
        elif handle.problem is not None:
            text = self.tr("▲ {problem}").format(problem=problem_text(handle.problem).sentences)
            _say(self.result, text, False)

    def stop(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None

    def _press(self) -> None:
        if self._asked is not None:
            self.stop()
            self._tried = None
            self.update()
            return
        draft, ask = self._rules.chosen, self._questions.try_rule
        if draft is None or ask is None:
            return
        self._tried = draft.rule
        self._asked = ask(draft.rule, TRY_DAYS)
        self.test.setText(self.tr("Stop"))
        _say(self.result, self.tr("Reading the last 7 days…"), None)

    def _found(self, tried: TriedRule) -> str:
        """As in "3 alerts: Canal side 2, North plot 1"."""
        number = len(tried.alerts)
        if tried.readings == 0:
            return self.tr("There are no stored readings of these days.")
        if number == 0:
            return self.tr("No alerts, in {readings} readings.").format(
                readings=count(tried.readings)
            )
        if number >= _MOST_TOLD:
            return self.tr("{count} alerts or more: too many to be of use.").format(
                count=count(number)
            )
        text = self.tr("1 alert: {where}") if number == 1 else self.tr("{count} alerts: {where}")
        return text.format(count=count(number), where=self._where(tried))

    def _where(self, tried: TriedRule) -> str:
        numbers: dict[str, int] = {}
        for publisher_id, *_ in tried.alerts:
            numbers[publisher_id] = numbers.get(publisher_id, 0) + 1
        most = sorted(numbers, key=lambda one: -numbers[one])
        names = [
            self.tr("{device} {count}").format(
                device=self._questions.devices.get(one, printable(one)), count=count(numbers[one])
            )
            for one in most[:_DEVICES_NAMED]
        ]
        if len(most) > _DEVICES_NAMED:
            names.append(self.tr("others"))
        return ", ".join(names)


class SinkTest(QObject):
    """`settings.alerts.<name>.test` sends a test message by what the page shows, applied or
    not; `.test.result` (property `ok`) says what came of it."""

    def __init__(
        self, view: PageView, questions: AlertQuestions, name: SinkName, secret_key: str, title: str
    ) -> None:
        super().__init__(view)
        self._view = view
        self._questions = questions
        self._name, self._secret_key, self._title = name, secret_key, title
        self._asked: QueryHandle[None] | None = None
        self._asked_s = 0.0
        self._tried: dict[str, Any] = {}
        self.test = button(f"settings.alerts.{name}.test", title)
        self.test.clicked.connect(self._press)
        self.result = _result(f"settings.alerts.{name}.test.result")
        self._box = QFrame()
        set_look(self._box, class_="inset")
        row = _side_by_side(self.test, self.result)
        row.setContentsMargins(12, 8, 12, 8)
        self._box.setLayout(row)
        view.below(secret_key).addWidget(self._box)

    def update(self, used: bool) -> None:
        """A result counts for what was tried only."""
        self._box.setVisible(used)
        self.test.setEnabled(self._questions.test_sink is not None)
        if self._asked is None and self._tried != self._shown():
            self._tried = {}
            _say(self.result, self.tr("Sends one message by what is entered here."), None)

    def poll(self) -> None:
        if self._asked is None:
            return
        if self._asked.done:
            problem = self._asked.problem
            self._end()
            if problem is None:
                _say(self.result, self.tr("✓ Sent. Look whether it has arrived."), True)
            else:
                words = problem_text(problem)
                parts = [words.headline, words.body.removeprefix(_told_anyway()).strip()]
                said = " ".join(part for part in parts if part)
                _say(self.result, self.tr("▲ {problem}").format(problem=said), False)
        elif time.monotonic() - self._asked_s > TEST_LIMIT_S:
            self.stop()
            text = self.tr("▲ No answer within {seconds} s. Check the address and the network.")
            _say(self.result, text.format(seconds=f"{TEST_LIMIT_S:.0f}"), False)

    def stop(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
            self._end()

    def _shown(self) -> dict[str, Any]:
        values = self._view.values()
        return {key: value for key, value in values.items() if key != RULES}

    def _press(self) -> None:
        if self._asked is not None:
            self.stop()
            _say(self.result, self.tr("The test was stopped."), None)
            return
        self._view.check()
        wrong = [key for key in self._view.problems if key in self._view.fields and key != RULES]
        ask = self._questions.test_sink
        if wrong or ask is None:
            for key in wrong[:1]:
                self._view.fields[key].setFocus()
            return
        self._tried = self._shown()
        changes = {key: value for key, value in self._tried.items() if key not in SECRET_KEYS}
        self._asked = ask(self._name, changes, self._tried[self._secret_key] or None)
        self._asked_s = time.monotonic()
        self.test.setText(self.tr("Stop"))
        _say(self.result, self.tr("Sending…"), None)

    def _end(self) -> None:
        self._asked = None
        self.test.setText(self._title)


def _told_anyway() -> str:
    """What a problem says of alerts; in a test none is lost."""
    return QCoreApplication.translate("Problems", STILL_SHOWN)


def _result(name: str) -> QLabel:
    label = sentences(name, "dense")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _side_by_side(test: QPushButton, result: QLabel) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(12)
    row.addWidget(test, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(result, 1)
    return row


def _say(label: QLabel, text: str, ok: bool | None) -> None:
    label.setText(text)
    label.setAccessibleName(text)
    label.setProperty("ok", ok)
    set_look(label, severity={True: "ok", False: "crit", None: ""}[ok])
