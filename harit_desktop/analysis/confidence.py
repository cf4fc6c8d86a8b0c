"""How far each channel is to be trusted: its reliability q of 0..1.

The numbers are judgement calls; docs/analysis.md gives the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping

from harit_desktop.domain.calibration import Segment
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_S

Reliabilities = tuple[float, ...]
"""One q per catalogue channel."""

SUSPECT_FACTOR = 0.5
RELIABLE_FROM = 0.5
"""From this q on a channel may be the weakest, which the index gives extra weight."""
MIN_PAIRS = 3
"""Probe and laboratory values side by side that make a calibration."""
LABORATORY_DAYS = 180
DAY_US = 86_400 * US_PER_S

_UNCALIBRATED = {"N": 0.3, "P": 0.3, "K": 0.4}
_CALIBRATED = 0.8

ESTIMATED_CHANNELS = tuple(_UNCALIBRATED)
"""What probes work out of conductivity; the other channels are measured."""


def probe_reliability(channel_key: str, pairs: int = 0) -> float:
    """q of a probe's value; `pairs` counts the laboratory values it was compared with."""
    uncalibrated = _UNCALIBRATED.get(channel_key)
    if uncalibrated is None:
        return 1.0
    return _CALIBRATED if pairs >= MIN_PAIRS else uncalibrated


def anchored_reliability(channel_key: str, segment: Segment | None, day: int) -> float:
    """q of a probe's value under a correction, on that day (UTC days since 1970).

    The better of the probe's own and of the newest laboratory value's, which is 1 on its day
    and falls in `LABORATORY_DAYS` to that of the bare probe.
    """
    if segment is None or segment.sampled_us is None:
        return probe_reliability(channel_key)
    age = max(0, day - segment.sampled_us // DAY_US)
    floor = probe_reliability(channel_key)
    fresh = max(0.0, 1.0 - age / LABORATORY_DAYS)
    return max(probe_reliability(channel_key, segment.pairs), floor + (1.0 - floor) * fresh)


def reliabilities(pairs: Mapping[str, int] | None = None) -> Reliabilities:
    """q of every channel of a probe with so many laboratory pairs per channel key."""
    counts = pairs or {}
    return tuple(probe_reliability(c.key, counts.get(c.key, 0)) for c in CHANNELS)
