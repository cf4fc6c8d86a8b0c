"""From what a probe says to what is there: the corrections that calibrations give.

What is stored stays as it was sent. Corrections are worked out when a value is judged or
shown, and hold from the day of their calibration on, so that a new one changes no older value.

A two-point calibration is the straight line through both points. Laboratory values shift the
probe: by the mean difference (laboratory - probe) of the newest `MOST_PAIRS` samples up to
that day. No corrected value is below zero.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import fsum

import msgspec

from harit_desktop.domain.channels import CHANNEL_INDEX, Values
from harit_desktop.domain.device_book import Calibration, CalibrationKind

MOST_PAIRS = 8
"""Older samples tell of an older probe."""


class Segment(msgspec.Struct, frozen=True):
    """A correction from `from_us` until the next segment: value x `scale` + `offset`.

    `pairs` counts the laboratory samples behind it, `sampled_us` is the newest one's instant,
    None for a two-point calibration.
    """

    from_us: int
    scale: float
    offset: float
    pairs: int = 0
    sampled_us: int | None = None

    def corrected(self, value: float) -> float:
        found = value * self.scale + self.offset
        return 0.0 if found < 0.0 else found


class Corrections:
    """The corrections of all devices. Immutable, so any thread may ask.

    Raises ValueError for a two-point calibration whose points have the same probe value.
    """

    def __init__(self, calibrations: Iterable[Calibration] = ()) -> None:
        grouped: dict[tuple[str, int], list[Calibration]] = {}
        for calibration in calibrations:
            place = (calibration.publisher_id, CHANNEL_INDEX[calibration.channel])
            grouped.setdefault(place, []).append(calibration)
        self._devices: dict[str, dict[int, tuple[Segment, ...]]] = {}
        for (publisher_id, position), found in grouped.items():
            found.sort(key=lambda one: (one.at_us, one.id))
            self._devices.setdefault(publisher_id, {})[position] = _segments(found)

    def devices(self) -> frozenset[str]:
        """The devices that were calibrated."""
        return frozenset(self._devices)

    def values(self, publisher_id: str, values: Values, at_us: int) -> Values:
        """The values of a reading of that instant, corrected; the same object if none is."""
        device = self._devices.get(publisher_id)
        if device is None:
            return values
        corrected: list[float | None] | None = None
        for position, segments in device.items():
            value, segment = values[position], _at(segments, at_us)
            if value is not None and segment is not None:
                if corrected is None:
                    corrected = list(values)
                corrected[position] = segment.corrected(value)
        return values if corrected is None else tuple(corrected)

    def segment(self, publisher_id: str, channel_key: str, at_us: int) -> Segment | None:
        """What holds at that instant; None: the probe is taken at its word."""
        return _at(self.segments(publisher_id, channel_key), at_us)

    def segments(self, publisher_id: str, channel_key: str) -> tuple[Segment, ...]:
        """All of them in the order of time, for a chart; nothing holds before the first."""
        return self._devices.get(publisher_id, {}).get(CHANNEL_INDEX[channel_key], ())


def _at(segments: Sequence[Segment], at_us: int) -> Segment | None:
    place = bisect_right(segments, at_us, key=lambda segment: segment.from_us)
    return segments[place - 1] if place else None


def _segments(calibrations: Sequence[Calibration]) -> tuple[Segment, ...]:
    samples: list[Calibration] = []
    segments: list[Segment] = []
    for calibration in calibrations:
        if calibration.kind is CalibrationKind.TWO_POINT:
            segments.append(_line(calibration))
        else:
            samples.append(calibration)
            segments.append(_shift(samples[-MOST_PAIRS:]))
    return tuple(segments)


def _line(calibration: Calibration) -> Segment:
    (low, true_low), (high, true_high) = calibration.points
    if low == high:
        raise ValueError(f"two points at the same probe value {low}")
    scale = (true_high - true_low) / (high - low)
    return Segment(calibration.at_us, scale, true_low - scale * low)


def _shift(samples: Sequence[Calibration]) -> Segment:
    differences = [true - probe for sample in samples for probe, true in sample.points]
    newest = samples[-1].at_us
    return Segment(newest, 1.0, fsum(differences) / len(differences), len(samples), newest)
