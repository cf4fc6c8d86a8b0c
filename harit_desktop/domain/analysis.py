"""What the analysis says about a reading."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum

import msgspec

Limits = tuple[float, float, float, float]
"""Optimal low, optimal high, alarm low, alarm high, in the channel's unit."""
ProfileLimits = Mapping[str, Limits]
"""By channel key, for the channels that a profile judges."""


class Flag(IntEnum):
    """Quality of one channel's value, with the QARTOD flag numbers.

    U.S. IOOS, Manual for the Use of Real-Time Oceanographic Data Quality Control Flags.
    """

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Band(StrEnum):
    """The status word of an index, as the existing system writes it in `health_status`."""

    EXCELLENT = "Excellent"
    GOOD = "Good"
    FAIR = "Fair"
    POOR = "Poor"
    CRITICAL = "Critical"
    UNKNOWN = "Unknown"


BAND_FLOORS: tuple[tuple[int, Band], ...] = (
    (75, Band.EXCELLENT),
    (60, Band.GOOD),
    (45, Band.FAIR),
    (30, Band.POOR),
    (0, Band.CRITICAL),
)


def band_of(index: int | None) -> Band:
    """The band of an index of 0..100; UNKNOWN where the index is withheld."""
    if index is None:
        return Band.UNKNOWN
    return next(band for floor, band in BAND_FLOORS if index >= floor)


class Contribution(msgspec.Struct, frozen=True):
    """One channel's part in the index: `earned` of `maximum` points.

    The lost parts of all channels together with the profile's own ceiling sum exactly
    to 100 minus the unrounded index. `score` is the channel's own score of 0..100, None
    for a channel left out.
    """

    channel: str
    score: float | None
    earned: float
    maximum: float
    critical: bool

    @property
    def lost(self) -> float:
        return self.maximum - self.earned


class Explanation(msgspec.Struct, frozen=True):
    """The answer to "why this index?".

    `ceiling_loss` are the points that the profile's scale never gives (Harit Classic
    ends at 86). `index` is unrounded, None when withheld; `missing` names the channels
    that were left out and `withheld_reason` is a stable code. `confidence` is the share
    (0..1) of the evidence a perfect probe would give, None where the profile has no notion
    of it. `low` and `high` are the unrounded index with all of `missing` at their worst and
    at their best; equal to `index` where nothing is missing, None where too little of the
    profile is left even so.
    """

    index: float | None
    contributions: tuple[Contribution, ...]
    ceiling_loss: float
    missing: tuple[str, ...]
    withheld_reason: str | None = None
    confidence: float | None = None
    low: float | None = None
    high: float | None = None


class Analysis(msgspec.Struct, frozen=True, gc=False):
    """The judgement stored with a reading.

    `index` is 1..100 or None when withheld. `critical_factors` uses the channel names of
    the existing system. `flags` has one `Flag` per catalogue channel. `profile` names the
    profile that judged, so that history keeps the judgement of its day. `confidence` is
    that of `Explanation`; it is not stored. `reasons` has (channel, stable code) for each
    channel whose flag is SUSPECT or FAIL.
    """

    index: int | None
    band: Band
    is_anomalous: bool
    anomaly_score: float
    critical_factors: tuple[str, ...]
    flags: tuple[int, ...]
    profile: str
    confidence: float | None = None
    reasons: tuple[tuple[str, str], ...] = ()
