"""What a broker said of its limits when it let us in (MQTT 5, 3.2.2.3)."""

from __future__ import annotations

from typing import Any

from harit_desktop.domain.diagnosis import Facts

_NUMBERS = {
    "receive_maximum": ("ReceiveMaximum", 65_535),
    "maximum_packet_bytes": ("MaximumPacketSize", 0),
    "maximum_qos": ("MaximumQoS", 2),
    "retain": ("RetainAvailable", 1),
    "wildcards": ("WildcardSubscriptionAvailable", 1),
    "shared": ("SharedSubscriptionAvailable", 1),
    "keepalive_s": ("ServerKeepAlive", 0),
    "session_s": ("SessionExpiryInterval", -1),
    "aliases": ("TopicAliasMaximum", 0),
}
"""Each with what the standard says where the broker says nothing; 0 for no limit of its own,
-1 for what was asked for."""


def limits_of(properties: Any) -> Facts:
    """The limits, by name; `told` counts those that the broker named itself."""
    facts: Facts = {
        name: _number(getattr(properties, theirs, None), usual)
        for name, (theirs, usual) in _NUMBERS.items()
    }
    told = sum(hasattr(properties, theirs) for theirs, _ in _NUMBERS.values())
    return {**facts, "told": told, "assigned_id": _text(properties)}


def _number(value: object, usual: int) -> int:
    return int(value) if isinstance(value, int) else usual


def _text(properties: Any) -> str:
    value = getattr(properties, "AssignedClientIdentifier", "")
    return value[:100] if isinstance(value, str) else ""
