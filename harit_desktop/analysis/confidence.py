"""How far each channel is to be trusted: its reliability q of 0..1.

The numbers are judgement calls; docs/analysis.md gives the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

from harit_desktop.domain.channels import CHANNELS

Reliabilities = tuple[float, ...]
"""One q per catalogue channel."""

SUSPECT_FACTOR = 0.5
RELIABLE_FROM = 0.5
"""From this q on a channel may be the weakest, which the index gives extra weight."""
MIN_PAIRS = 3
"""Probe and laboratory values side by side that make a calibration."""
LABORATORY_DAYS = 180.0

_UNCALIBRATED = {"N": 0.3, "P": 0.3, "K": 0.4}
_CALIBRATED = 0.8
_STALE_INTERVALS = 3.0


def probe_reliability(channel_key: str, pairs: int = 0) -> float:
    """q of a probe's value; `pairs` counts the laboratory values it was compared with.

    Probes work N, P and K out of conductivity; the other channels are measured.
    """
    uncalibrated = _UNCALIBRATED.get(channel_key)
    if uncalibrated is None:
        return 1.0
    return _CALIBRATED if pairs >= MIN_PAIRS else uncalibrated


def laboratory_reliability(channel_key: str, age_days: float) -> float:
    """q of a laboratory value: 1 when fresh, down to that of a bare probe in 180 days."""
    floor = probe_reliability(channel_key)
    if floor == 1.0:
        floor = 0.0
    fresh = min(1.0, max(0.0, 1.0 - age_days / LABORATORY_DAYS))
    return floor + (1.0 - floor) * fresh


def faded(reliability: float, age_intervals: float) -> float:
    """q of a value that is `age_intervals` usual intervals old."""
    return reliability * exp(-max(0.0, age_intervals) / _STALE_INTERVALS)


def reliabilities(pairs: Mapping[str, int] | None = None) -> Reliabilities:
    """q of every channel of a probe with so many laboratory pairs per channel key."""
    counts = pairs or {}
    return tuple(probe_reliability(c.key, counts.get(c.key, 0)) for c in CHANNELS)
