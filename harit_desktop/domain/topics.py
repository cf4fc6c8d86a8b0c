"""The topics by which programs of this system talk about readings, and our mark on them."""

from __future__ import annotations

import hashlib

ANALYSIS_TOPIC = "harit-samarth/soil-health/analysis"
"""What a program makes of a reading: ours go out there, those of others come in."""

STATUS_TOPIC = "harit-samarth/status"
"""Whether a publisher is there; retained."""

HEARD_TOPICS = (ANALYSIS_TOPIC, STATUS_TOPIC)
"""What is listened to beside the readings; a broker that denies them denies no reading."""

_MARK_LENGTH = 16


def mark_of(client_id: str) -> str:
    """The mark of the program with this client id: the same over restarts, and no help to
    anybody who wants to connect under that id."""
    return hashlib.sha256(client_id.encode("utf-8", "replace")).hexdigest()[:_MARK_LENGTH]


def origin_bytes(own_mark: str) -> bytes:
    """How the compact JSON of a message of ours names its origin; b"" for no mark.

    With it an echo is known by a search of its bytes. Raises ValueError for a mark that JSON
    could spell in more than one way.
    """
    plain = own_mark.isascii() and own_mark.isprintable() and not set(own_mark) & set('"\\/')
    if own_mark and not plain:
        raise ValueError(f"not a mark: {own_mark!r}")
    return b'"origin":"%s"' % own_mark.encode() if own_mark else b""
