"""The fields of one alert rule, below the table; every change goes into its draft at once."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.alert import RuleKind, Severity
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.ui.alerts.alert_words import severity_name
from harit_desktop.ui.alerts.rule_texts import kind_name
from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.settings.rule_draft import FIELDS, NUMBERS, RuleDraft
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import channel_short_name

_NUMBER_PX = 72
_NAME_PX = 190
_OBJECT_NAMES = {
    "low": "settings.alerts.low",
    "high": "settings.alerts.high",
    "on_delay_s": "settings.alerts.onDelay",
    "on_readings": "settings.alerts.onReadings",
    "hysteresis_percent": "settings.alerts.hysteresis",
    "off_delay_s": "settings.alerts.offDelay",
}
_ROWS = (
    ("kind", "severity"),
    ("channel", "publisher_id"),
    ("name",),
    ("low", "high"),
    ("on_delay_s", "on_readings"),
    ("hysteresis_percent", "off_delay_s"),
)
MAX_NAME_CHARS = 80


class RuleEditor(QWidget):
    """`changed` comes after every change of the draft that is shown."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._draft: RuleDraft | None = None
        self._devices: Mapping[str, str] = {}
        self.kind = self._combo("settings.alerts.kind")
        self.channel = self._combo("settings.alerts.channel")
        self.device = self._combo("settings.alerts.device")
        self.severity = self._combo("settings.alerts.severity")
        self.name = QLineEdit()
        self.name.setObjectName("settings.alerts.name")
        self.name.setMaxLength(MAX_NAME_CHARS)
        self.name.setFixedWidth(scaled(_NAME_PX))
        self.numbers = {name: self._number(name) for name in NUMBERS}
        self._cells: dict[str, list[QWidget]] = {}
        self._titles: dict[str, QLabel] = {}
        self._units: dict[str, QLabel] = {}
        self._hint = sentences("settings.alerts.rule.hint", "caption muted")
        self._error = sentences("settings.alerts.rule.error", "dense", "crit")
        self._fill()
        self._build()
        self._connect()
        self.show_draft(None)

    @property
    def draft(self) -> RuleDraft | None:
        return self._draft

    def set_devices(self, devices: Mapping[str, str]) -> None:
        """Names of the devices there are, by their ids."""
        self._devices = devices
        self.show_draft(self._draft)

    def show_draft(self, draft: RuleDraft | None) -> None:
        """Shows a rule; None disables everything."""
        self._draft = draft
        self.setEnabled(draft is not None)
        if draft is None:
            return
        rule = draft.rule
        self._fill_devices(rule.publisher_id)
        for combo, value in (
            (self.kind, rule.kind.value),
            (self.channel, rule.channel),
            (self.device, rule.publisher_id),
            (self.severity, rule.severity.value),
        ):
            combo.setCurrentIndex(max(0, combo.findData(value)))
        self.name.setText(rule.name)
        for name, line in self.numbers.items():
            line.setText(draft.text(name))
        self._follow()

    # -- what follows from what ------------------------------------------------------------

    def _follow(self) -> None:
        draft = self._draft
        if draft is None:
            return
        used = (*FIELDS[draft.rule.kind], "kind", "severity", "name")
        for name, widgets in self._cells.items():
            for widget in widgets:
                widget.setVisible(name in used)
        self._show_words(draft)
        problems = draft.problems()
        for name in (*NUMBERS, "channel"):
            editor = self._editor(name)
            set_look(editor, invalid="true" if name in problems else "false")
            editor.setAccessibleDescription(problems.get(name, ""))
        text = next(iter(problems.values()), "")
        self._error.setText(self.tr("▲ {problem}").format(problem=text) if text else "")
        self._error.setVisible(bool(text))

    def _show_words(self, draft: RuleDraft) -> None:
        """Titles, units and the hint, which depend on kind and channel."""
        rule = draft.rule
        known = rule.channel in CHANNEL_INDEX
        unit = CHANNELS[CHANNEL_INDEX[rule.channel]].unit if known else ""
        titles = {
            RuleKind.RATE: (self.tr("Falls by"), self.tr("Rises by")),
            RuleKind.SILENT: ("", self.tr("After")),
        }.get(rule.kind, (self.tr("Below"), self.tr("Above")))
        for name, title in zip(("low", "high"), titles, strict=True):
            self._titles[name].setText(title)
            self.numbers[name].setAccessibleName(title)
        if rule.kind is RuleKind.RATE:
            unit = self.tr("{unit} an hour").format(unit=unit).strip()
        if rule.kind is RuleKind.SILENT:
            unit = "s"
        for name in ("low", "high"):
            self._units[name].setText(unit)
        hints = {
            RuleKind.RANGE: self.tr("Both empty: the alarm limits of the crop profile in use."),
            RuleKind.SILENT: self.tr(
                "Empty: three of the device's own intervals, a day while that is not known."
            ),
            RuleKind.SYSTEM: self.tr("Warnings of a critical rule are told as critical, too."),
            RuleKind.STUCK: self.tr("Tells what the quality tests find, once it has lasted."),
            RuleKind.UNUSUAL: self.tr("Needs some weeks of readings to know what is usual."),
        }
        self._hint.setText(hints.get(rule.kind, ""))
        self._hint.setVisible(rule.kind in hints)

    def _changed(self, **fields: object) -> None:
        draft = self._draft
        if draft is None:
            return
        draft.change(**fields)
        self.show_draft(draft)
        self.changed.emit()

    def _typed(self, name: str, text: str) -> None:
        if self._draft is not None:
            self._draft.type(name, text)
            self._follow()
            self.changed.emit()

    def _named(self, text: str) -> None:
        if self._draft is not None:
            self._draft.change(name=printable(text) if text else "")
            self.changed.emit()

    # -- the widgets -----------------------------------------------------------------------

    def _editor(self, name: str) -> QWidget:
        if name in self.numbers:
            return self.numbers[name]
        combos = {"kind": self.kind, "channel": self.channel, "publisher_id": self.device}
        return combos.get(name, self.severity)

    def _combo(self, name: str) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return combo

    def _number(self, name: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(_OBJECT_NAMES[name])
        line.setFixedWidth(scaled(_NUMBER_PX))
        line.textEdited.connect(lambda text, name=name: self._typed(name, text))
        return line

    def _fill(self) -> None:
        for kind in RuleKind:
            self.kind.addItem(kind_name(kind), kind.value)
        self.channel.addItem(self.tr("All channels"), "")
        for channel in CHANNELS:
            self.channel.addItem(channel_short_name(channel.key), channel.key)
        for severity in Severity:
            self.severity.addItem(severity_name(severity), severity.value)

    def _fill_devices(self, chosen: str) -> None:
        """One that is chosen and not there any more stays in the list."""
        entries = {"": self.tr("All devices"), **self._devices}
        entries.setdefault(chosen, printable(chosen))
        shown = {
            self.device.itemData(n): self.device.itemText(n) for n in range(self.device.count())
        }
        if shown != entries:
            self.device.clear()
            for publisher_id, name in entries.items():
                self.device.addItem(name, publisher_id)

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        titles = {
            "kind": self.tr("Watches"),
            "channel": self.tr("Channel"),
            "publisher_id": self.tr("Device"),
            "severity": self.tr("Severity"),
            "name": self.tr("Name"),
            "low": self.tr("Below"),
            "high": self.tr("Above"),
            "on_delay_s": self.tr("Tell after"),
            "on_readings": self.tr("and"),
            "hysteresis_percent": self.tr("Over, back by"),
            "off_delay_s": self.tr("for"),
        }
        for number, names in enumerate(_ROWS):
            line = QHBoxLayout()
            line.setSpacing(8)
            for position, name in enumerate(names):
                title, unit = self._labels(name, titles[name])
                if position == 0:
                    grid.addWidget(title, number, 0)
                else:
                    line.addWidget(title)
                editor = self.name if name == "name" else self._editor(name)
                title.setBuddy(editor)
                editor.setAccessibleName(titles[name])
                line.addWidget(editor)
                line.addWidget(unit)
                self._cells[name] = [title, editor, unit]
            line.addStretch(1)
            grid.addLayout(line, number, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(grid)
        column.addWidget(self._error)
        column.addWidget(self._hint)
        self._speak()

    def _labels(self, name: str, text: str) -> tuple[QLabel, QLabel]:
        units = {
            "on_delay_s": "s",
            "on_readings": self.tr("readings"),
            "hysteresis_percent": self.tr("% of the range"),
            "off_delay_s": "s",
        }
        title, unit = QLabel(text), QLabel(units.get(name, ""))
        set_look(title, class_="muted")
        set_look(unit, class_="faint")
        self._titles[name], self._units[name] = title, unit
        return title, unit

    def _speak(self) -> None:
        """Names for who does not see what stands around a field."""
        self.numbers["on_delay_s"].setAccessibleName(self.tr("On-delay in seconds"))
        self.numbers["on_readings"].setAccessibleName(self.tr("On-delay in readings"))
        self.numbers["hysteresis_percent"].setAccessibleName(
            self.tr("Hysteresis in percent of the range")
        )
        self.numbers["off_delay_s"].setAccessibleName(self.tr("Off-delay in seconds"))
        self.name.setPlaceholderText(self.tr("optional"))

    def _connect(self) -> None:
        self.kind.activated.connect(lambda _: self._changed(kind=RuleKind(self.kind.currentData())))
        self.channel.activated.connect(lambda _: self._changed(channel=self.channel.currentData()))
        self.device.activated.connect(
            lambda _: self._changed(publisher_id=self.device.currentData())
        )
        self.severity.activated.connect(
            lambda _: self._changed(severity=Severity(self.severity.currentData()))
        )
        self.name.textEdited.connect(self._named)
