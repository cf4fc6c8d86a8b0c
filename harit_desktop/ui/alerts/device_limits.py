"""The limits of one device as fields: below and above, channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from harit_desktop.alerting.rules import AlarmLimits
from harit_desktop.domain.alert import AlertRule
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.ui.alerts.alert_words import level_text
from harit_desktop.ui.alerts.own_rules import (
    Pair,
    general_limits,
    own_limits,
    with_limits,
)
from harit_desktop.ui.dialog_parts import NumberEdit, sentences
from harit_desktop.ui.settings.rule_draft import parse_number
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import channel_short_name, unit_spoken

MOST_VALUE = 1e9
_SHOWN = ("Moisture", "pH", "Temperature", "CO2", "N", "P", "K")
_TWO_BLOCKS_PX = 660
_BLOCK_COLUMNS = 5
_NUMBER_PX = 76
_HIGH = 1

Typed = tuple[str, str]


class _Fields(NamedTuple):
    low: NumberEdit
    high: NumberEdit


class DeviceLimits(QWidget):
    """`dialog.device.limits`. What was typed for a device is kept while others are shown."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("dialog.device.limits")
        self._rules: Sequence[AlertRule] = ()
        self._alarms: AlarmLimits = {}
        self._device = ""
        self._typed: dict[tuple[str, str], Typed] = {}
        self.fields = {key: self._make_fields(key) for key in _SHOWN}
        self._error = sentences("dialog.device.limits.error", "dense", "crit")
        self._error.hide()
        self._build()

    def set_rules(self, rules: Sequence[AlertRule], alarms: AlarmLimits) -> None:
        """Takes the rules in force and the profile's alarm limits; what was typed stays."""
        self._rules, self._alarms = rules, alarms

    def show_device(self, publisher_id: str) -> None:
        """Shows a device's limits, as they are or as they were typed."""
        self._device = publisher_id
        for key, pair in self.fields.items():
            typed = self._typed.get((publisher_id, key)) or self._stored(publisher_id, key)
            for edit, text in zip(pair, typed, strict=True):
                edit.setText(text)
        self._follow()

    def rules(self, present: Sequence[AlertRule]) -> tuple[AlertRule, ...]:
        """These rules with what was typed; only for what has no `problems`."""
        made = tuple(present)
        for (publisher_id, key), typed in self._typed.items():
            if typed != self._stored(publisher_id, key):
                made = with_limits(made, publisher_id, key, self._pair(typed))
        return made

    def problem_device(self) -> str | None:
        """The first device whose limits cannot be kept, the shown one before others."""
        wrong = [one for (one, key), typed in self._typed.items() if self._wrong(typed)]
        return self._device if self._device in wrong else next(iter(wrong), None)

    @property
    def said(self) -> QWidget | None:
        """The sentence about what is wrong, where something is."""
        return None if self._error.isHidden() else self._error

    def focus_problem(self) -> None:
        """Goes to the first field that is wrong."""
        for key, pair in self.fields.items():
            wrong = self._wrong(self._typed.get((self._device, key), ("", "")))
            if wrong is not None:
                pair[wrong[0]].setFocus()
                return

    # -- what was typed --------------------------------------------------------------------

    def _stored(self, publisher_id: str, key: str) -> Typed:
        low, high = own_limits(self._rules, publisher_id, key)
        return _text(low), _text(high)

    def _take(self, key: str) -> None:
        pair = self.fields[key]
        self._typed[self._device, key] = (pair.low.text().strip(), pair.high.text().strip())
        self._follow()
        self.changed.emit()

    def _pair(self, typed: Typed) -> Pair:
        low, high = (_number(text)[0] for text in typed)
        return low, high

    def _wrong(self, typed: Typed) -> tuple[int, str] | None:
        """Which of the two is wrong, and what to enter."""
        for side, text in enumerate(typed):
            if not _number(text)[1]:
                return side, self.tr("Enter a number, or nothing.")
        low, high = self._pair(typed)
        if low is not None and high is not None and low >= high:
            return _HIGH, self.tr("This must be more than the lower limit.")
        return None

    def _follow(self) -> None:
        """Shows what holds where nothing is entered, and what is wrong."""
        problem = ""
        for key, pair in self.fields.items():
            typed = self._typed.get((self._device, key)) or self._stored(self._device, key)
            general = general_limits(self._rules, self._device, key, self._alarms)
            hints = (None, None) if general is None or any(typed) else general
            wrong = self._wrong(typed)
            for side, edit in enumerate(pair):
                edit.setPlaceholderText("–" if hints[side] is None else _text(hints[side]))
                edit.set_problem(wrong[1] if wrong is not None and wrong[0] == side else "")
                if wrong is None:
                    self._describe(key, edit, hints[side])
            if wrong is not None and not problem:
                problem = self.tr("▲ {channel}: {problem}").format(
                    channel=channel_short_name(key), problem=wrong[1]
                )
        self._error.setText(problem)
        self._error.setVisible(bool(problem))

    def _describe(self, key: str, edit: NumberEdit, hint: float | None) -> None:
        if not edit.text() and hint is not None:
            text = self.tr("empty: {limit}, as for all devices")
            edit.setAccessibleDescription(text.format(limit=level_text(key, hint)))

    # -- the widgets -----------------------------------------------------------------------

    def _make_fields(self, key: str) -> _Fields:
        name = channel_short_name(key)
        unit = unit_spoken(CHANNELS[CHANNEL_INDEX[key]].unit)
        made = []
        for side, template in (
            ("low", self.tr("{channel}: alert below, {unit}")),
            ("high", self.tr("{channel}: alert above, {unit}")),
        ):
            edit = NumberEdit(f"dialog.device.limits.{key}.{side}")
            edit.setFixedWidth(scaled(_NUMBER_PX))
            edit.setAccessibleName(template.format(channel=name, unit=unit).removesuffix(", "))
            edit.textEdited.connect(lambda _, key=key: self._take(key))
            made.append(edit)
        return _Fields(*made)

    def _build(self) -> None:
        heading = QLabel(self.tr("Alert limits of this device"))
        set_look(heading, class_="strong")
        explained = sentences("dialog.device.limits.explained", "dense muted")
        explained.setText(
            self.tr(
                "They take the place of the general limits, which stand in grey where none are "
                "entered. With one of the two, nothing is told on the other side."
            )
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        # Side by side where the screen has room for the text size in use.
        blocks = 2 if self.screen().availableSize().width() >= scaled(_TWO_BLOCKS_PX) else 1
        rows = -(-len(_SHOWN) // blocks)
        for number, key in enumerate(_SHOWN):
            self._place(grid, 1 + number % rows, number // rows * _BLOCK_COLUMNS, key)
        for block in range(blocks):
            for number, text in ((1, self.tr("Below")), (2, self.tr("Above"))):
                title = QLabel(text)
                set_look(title, class_="caption muted")
                grid.addWidget(title, 0, block * _BLOCK_COLUMNS + number)
            grid.setColumnStretch(block * _BLOCK_COLUMNS + 4, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        # Above the fields: below them it can lie outside what the dialog shows.
        for part in (heading, explained, self._error):
            column.addWidget(part)
        column.addLayout(grid)

    def _place(self, grid: QGridLayout, row: int, first: int, key: str) -> None:
        pair = self.fields[key]
        title, unit = QLabel(channel_short_name(key)), QLabel(CHANNELS[CHANNEL_INDEX[key]].unit)
        title.setBuddy(pair.low)
        set_look(title, class_="muted")
        set_look(unit, class_="faint")
        grid.addWidget(title, row, first, Qt.AlignmentFlag.AlignRight)
        for column, widget in enumerate((*pair, unit)):
            grid.addWidget(widget, row, first + 1 + column)


def _number(text: str) -> tuple[float | None, bool]:
    """The number, None for nothing; and whether it can be used."""
    if not text:
        return None, True
    value, readable = parse_number(text)
    return value, readable and value is not None and abs(value) <= MOST_VALUE


def _text(value: float | None) -> str:
    if value is None:
        return ""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    return locale.toString(float(value), "g", 8)
