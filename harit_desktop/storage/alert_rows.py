"""Alerts and the lines of their log as rows of the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec

from harit_desktop.domain.alert import Alert, AlertTransition

MAX_TEXT_CHARS = 2000

COLUMNS = (
    "id",
    "rule_id",
    "kind",
    "severity",
    "publisher_id",
    "channel",
    "code",
    "params",
    "value",
    '"limit"',
    "worst",
    "raised_us",
    "ended_us",
    "acknowledged_us",
    "acknowledged_by",
    "seen_us",
    "muted_until_us",
    "note",
    "flood",
    "told_us",
    "flood_id",
)
LOG_COLUMNS = ("alert_id", "at_us", "change", "person", "note")


def row_of(alert: Alert) -> tuple[Any, ...]:
    """The values of `COLUMNS`."""
    found = msgspec.structs.asdict(alert)
    found["kind"], found["severity"] = alert.kind.value, alert.severity.value
    found["params"] = json.dumps({key: _storable(one) for key, one in alert.params.items()})
    for name in ("value", "limit", "worst"):
        number = found[name]
        found[name] = number if number is None or isfinite(number) else None
    for name in ("publisher_id", "acknowledged_by", "note"):
        found[name] = _text(found[name])
    return tuple(found[name.strip('"')] for name in COLUMNS)


def alert_of(row: Sequence[Any]) -> Alert:
    """The alert of the values of `COLUMNS`. Raises ValueError, msgspec.ValidationError."""
    found = {name.strip('"'): value for name, value in zip(COLUMNS, row, strict=True)}
    params = msgspec.json.decode(found["params"])
    return msgspec.convert({**found, "params": params}, Alert, strict=False)


def log_row_of(transition: AlertTransition) -> tuple[Any, ...]:
    """The values of `LOG_COLUMNS`."""
    change, person, note = transition.change.value, transition.person, transition.note
    return (transition.alert_id, transition.at_us, change, _text(person), _text(note))


def transition_of(row: Sequence[Any]) -> AlertTransition:
    """The line of the values of `LOG_COLUMNS`. Raises msgspec.ValidationError."""
    return msgspec.convert(dict(zip(LOG_COLUMNS, row, strict=True)), AlertTransition)


def _storable(value: str | float) -> str | float:
    return _text(value) if isinstance(value, str) else value if isfinite(value) else 0.0


def _text(text: str) -> str:
    """What a file can hold: ids and error texts come from outside."""
    return text[:MAX_TEXT_CHARS].encode("utf-8", "replace").decode("utf-8")
