"""What the oracles of the fuzz tests raise."""

from __future__ import annotations


class Violation(AssertionError):
    """What the decoder must not do."""


def require(condition: object, what: str) -> None:
    """Raises Violation."""
    if not condition:
        raise Violation(what)
