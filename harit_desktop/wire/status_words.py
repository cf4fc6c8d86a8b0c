"""Whether a publisher says that it is there: birth messages, last wills, availability."""

from __future__ import annotations

from harit_desktop.wire.reasons import Refused
from harit_desktop.wire.strict_json import parse_object, scalar_of

_ONLINE = frozenset({"online", "connected", "available", "ready"})
_OFFLINE = frozenset({"offline", "disconnected", "unavailable", "lost", "disconnect"})
_KEYS = ("status", "state", "availability")


def says_online(payload: bytes) -> bool | None:
    """What a status message says, as an object, one bare word or a bare number (0 is away);
    None where it says neither that its publisher is there nor that it is away."""
    try:
        tree, _ = parse_object(payload)
    except Refused:
        return _meant(scalar_of(payload))
    return next((said for key in _KEYS if (said := _meant(tree.get(key))) is not None), None)


def _meant(word: object) -> bool | None:
    if isinstance(word, int | float):
        return word > 0
    if not isinstance(word, str):
        return None
    word = word.strip().lower()
    return True if word in _ONLINE else False if word in _OFFLINE else None
