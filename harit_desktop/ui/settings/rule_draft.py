"""A rule that is being edited: what it is so far, and what was typed that cannot be used."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QLocale

from harit_desktop.domain.alert import AlertRule, RuleKind

ID_BYTES = 6


class NumberSpec(NamedTuple):
    """Bounds of a number; `optional` may stay empty."""

    least: float
    most: float
    optional: bool = False
    whole: bool = False


NUMBERS: Mapping[str, NumberSpec] = {
    "low": NumberSpec(-1e9, 1e9, optional=True),
    "high": NumberSpec(-1e9, 1e9, optional=True),
    "on_delay_s": NumberSpec(0, 86_400),
    "on_readings": NumberSpec(1, 1000, whole=True),
    "hysteresis_percent": NumberSpec(0, 50),
    "off_delay_s": NumberSpec(0, 86_400),
}

FIELDS: Mapping[RuleKind, tuple[str, ...]] = {
    RuleKind.RANGE: (
        "channel",
        "publisher_id",
        "low",
        "high",
        "on_delay_s",
        "on_readings",
        "hysteresis_percent",
        "off_delay_s",
    ),
    RuleKind.RATE: (
        "channel",
        "publisher_id",
        "low",
        "high",
        "on_delay_s",
        "on_readings",
        "hysteresis_percent",
        "off_delay_s",
    ),
    RuleKind.UNUSUAL: ("channel", "publisher_id", "on_delay_s", "off_delay_s"),
    RuleKind.STUCK: ("channel", "publisher_id", "on_delay_s", "off_delay_s"),
    RuleKind.SILENT: ("publisher_id", "high", "on_delay_s"),
    RuleKind.SYSTEM: (),
}
"""What has a meaning for each kind, beside name, severity and whether it is on."""


def new_rule() -> AlertRule:
    """A rule with an id of its own, off until it was looked at."""
    return AlertRule(id=f"rule-{secrets.token_hex(ID_BYTES)}", channel="Moisture")


@dataclass
class RuleDraft:
    """`texts` are what was typed into a number's field and is no such number."""

    rule: AlertRule
    texts: dict[str, str] = field(default_factory=dict)

    def change(self, **fields: object) -> None:
        """Takes a choice or a name. Of another kind, limits in other units mean nothing."""
        kind = fields.get("kind", self.rule.kind)
        if kind is not self.rule.kind:
            self.texts.clear()
            fields |= {"low": None, "high": None}
            if kind in (RuleKind.SILENT, RuleKind.SYSTEM):
                fields |= {"channel": ""}
            if kind is RuleKind.SYSTEM:
                fields |= {"publisher_id": ""}
            if kind is RuleKind.RATE and not self.rule.channel:
                fields |= {"channel": "Moisture"}
        elif fields.get("channel", self.rule.channel) != self.rule.channel:
            # A limit in another unit would be wrong by far.
            self.texts = {k: v for k, v in self.texts.items() if k not in ("low", "high")}
            fields |= {"low": None, "high": None}
        self.rule = replace(self.rule, **fields)

    def type(self, name: str, text: str) -> None:
        """Takes what was typed for a number."""
        value, readable = parse_number(text)
        spec = NUMBERS[name]
        fits = readable and (
            spec.optional
            if value is None
            else spec.least <= value <= spec.most and (not spec.whole or value == int(value))
        )
        if not fits:
            self.texts[name] = text
            return
        self.texts.pop(name, None)
        if value is not None and spec.whole:
            self.rule = replace(self.rule, **{name: int(value)})
            return
        if value is not None and name == "low" and self.rule.kind is RuleKind.RATE:
            # People enter how much it falls; the rule has it below zero.
            value = -abs(value)
        self.rule = replace(self.rule, **{name: value})

    def text(self, name: str) -> str:
        """What a number's field shows."""
        if name in self.texts:
            return self.texts[name]
        value = getattr(self.rule, name)
        if value is None:
            return ""
        if name == "low" and self.rule.kind is RuleKind.RATE:
            value = abs(value)
        locale = QLocale()
        locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
        return locale.toString(float(value), "g", 8)

    def problems(self) -> dict[str, str]:
        """What is wrong, by the field to mend."""
        used = FIELDS[self.rule.kind]
        found = {name: _expectation(NUMBERS[name]) for name in self.texts if name in used}
        return found | {k: v for k, v in self._conflicts().items() if k not in found}

    def _conflicts(self) -> dict[str, str]:
        tr = QCoreApplication.translate
        rule = self.rule
        limits = rule.low is not None or rule.high is not None
        if rule.kind is RuleKind.RATE and not limits:
            return {"high": tr("RuleDraft", "Enter how much it may change within an hour.")}
        if rule.kind in (RuleKind.RANGE, RuleKind.RATE) and limits and not rule.channel:
            return {"channel": tr("RuleDraft", "Own limits need one channel.")}
        if rule.kind is RuleKind.SILENT and rule.high is not None and rule.high <= 0:
            return {"high": tr("RuleDraft", "Enter a number above 0, or nothing.")}
        if rule.kind is RuleKind.RATE and rule.high is not None and rule.high <= 0:
            return {"high": tr("RuleDraft", "Enter a number above 0, or nothing.")}
        if rule.kind is RuleKind.RATE and rule.low == 0:
            return {"low": tr("RuleDraft", "Enter a number above 0, or nothing.")}
        if rule.low is not None and rule.high is not None and rule.low >= rule.high:
            return {"high": tr("RuleDraft", "This must be more than the lower limit.")}
        return {}


def parse_number(text: str) -> tuple[float | None, bool]:
    """The number, None for an empty text; and whether it can be read."""
    if not text.strip():
        return None, True
    for locale in (QLocale(), QLocale.c()):
        # "7,2" must not become 72 where a comma stands between thousands.
        locale.setNumberOptions(QLocale.NumberOption.RejectGroupSeparator)
        value, readable = locale.toDouble(text.strip())
        if readable and math.isfinite(value):
            return value, True
    return None, False


def _expectation(spec: NumberSpec) -> str:
    tr = QCoreApplication.translate
    if spec.optional:
        return tr("RuleDraft", "Enter a number, or nothing.")
    text = (
        tr("RuleDraft", "Enter a whole number from {least} to {most}.")
        if spec.whole
        else tr("RuleDraft", "Enter a number from {least} to {most}.")
    )
    return text.format(least=f"{spec.least:g}", most=f"{spec.most:g}")
