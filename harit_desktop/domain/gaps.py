"""Why there are no readings for a while, and what was noted of the program's own running."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class RecordingKind(StrEnum):
    """What a stretch of time was, as the program saw it while it ran."""

    RUN = "run"
    """The program ran. The others lie over it, and say why it could receive nothing."""
    BROKER_DOWN = "broker_down"
    """The broker was wanted and not reached."""
    API_DOWN = "api_down"
    """The same of a remote API that is the only source."""
    DISCONNECTED = "disconnected"
    """Nobody wanted a connection."""
    ASLEEP = "asleep"
    """The computer slept."""
    CLOCK_SET = "clock_set"
    """Instants that never were: the clock was set forward over them."""


class RecordingSpan(msgspec.Struct, frozen=True):
    """One stretch; `id` is 0 until it is stored."""

    kind: RecordingKind
    from_us: int
    until_us: int
    id: int = 0


class GapKind(StrEnum):
    """Why a device has no readings there, the surest reason first."""

    ASLEEP = "asleep"
    """The computer slept."""
    APP_CLOSED = "app_closed"
    """The program did not run."""
    UNKNOWN = "unknown"
    """Nothing was noted: before the first run, or where the clock was set."""
    BROKER_DOWN = "broker_down"
    """The program ran without its broker."""
    API_DOWN = "api_down"
    """It ran without the API that is its only source."""
    DISCONNECTED = "disconnected"
    """It ran and was not to connect."""
    REJECTED = "rejected"
    """Messages of the device came and could not be stored."""
    SILENT = "silent"
    """The program ran and was connected, and nothing came."""


class GapReason(msgspec.Struct, frozen=True):
    """A part of a gap and its reason; the parts of a gap follow on each other without holes.

    `count` is how many messages of the device were rejected in the part, whatever its kind.
    """

    from_us: int
    until_us: int
    kind: GapKind
    count: int = 0
