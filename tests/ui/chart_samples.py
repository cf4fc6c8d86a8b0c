"""Made-up readings and device states for the tests of charts and panels."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from harit_desktop.domain.analysis import Analysis, Contribution, Explanation, band_of
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.device import DeviceState
from harit_desktop.pipeline.ring import LivePoints
from harit_desktop.ui.charts.series import SeriesData

NOW_US = 1_795_444_207_000_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
STARTS = np.array([channel.start for channel in CHANNELS])
LIMITS: Mapping[str, tuple[float, float, float, float]] = {
    "Moisture": (40.0, 60.0, 30.0, 70.0),
    "pH": (6.5, 7.5, 5.0, 8.0),
}


def series(times_us: NDArray[np.int64], **channels: NDArray[np.float64] | float) -> SeriesData:
    """A series at the catalogue's start values, but for the channels given by key."""
    values = np.tile(STARTS, (times_us.size, 1))
    for i, channel in enumerate(CHANNELS):
        if channel.key in channels:
            values[:, i] = channels[channel.key]
    return SeriesData.from_arrays(times_us, values)


def every(step_s: float, span_s: float, until_us: int = NOW_US) -> NDArray[np.int64]:
    """Instants at a fixed step, the last at `until_us`."""
    count = int(span_s / step_s)
    return until_us - np.arange(count)[::-1] * int(step_s * SECOND_US)


def points(times_us: NDArray[np.int64], via_api: bool = False, **channels: float) -> LivePoints:
    """Live points with the same values as `series`."""
    made = series(times_us, **channels)
    sequence = np.arange(1, made.size + 1)
    marks = np.full(made.size, via_api)
    return LivePoints(sequence, made.time_us, made.values, made.flags, made.index, marks)


def device(
    publisher_id: str = "soil-01",
    index: int | None = 65,
    age_s: float = 3.0,
    values: Mapping[str, float | None] | None = None,
    **change: Any,
) -> DeviceState:
    """A device that reported `age_s` seconds before NOW_US; `change` replaces fields."""
    at_us = NOW_US - int(age_s * SECOND_US)
    shown = {channel.key: channel.start for channel in CHANNELS} | dict(values or {})
    made = DeviceState(
        publisher_id=publisher_id,
        timestamp_us=at_us,
        received_us=at_us,
        values=tuple(shown[channel.key] for channel in CHANNELS),
        analysis=analysis(index),
        simulated=False,
        topic="harit-samarth/sensor/data",
        interval_s=2.0,
        stored_readings=10,
    )
    return structs.replace(made, **change)


def analysis(
    index: int | None, factors: tuple[str, ...] = (), flags: tuple[int, ...] = (1,) * CHANNEL_COUNT
) -> Analysis:
    return Analysis(index, band_of(index), bool(factors), 0.0, factors, flags, "classic")


def explanation(*, missing: tuple[str, ...] = (), withheld: str | None = None) -> Explanation:
    """Moisture has lost all, pH is outside its range, nitrogen lost most of the others."""
    scores = {"N": 40.0, "P": 97.0, "K": 96.0, "CO2": 98.0, "Temperature": 70.0}
    scores |= {"Moisture": 0.0, "pH": 10.0}
    parts = tuple(
        Contribution(
            key,
            None if key in missing else score,
            0.0 if key in missing else score / 10,
            0.0 if key in missing else 10.0,
            critical=score < 25 and key not in missing,
        )
        for key, score in scores.items()
    )
    index = None if withheld else sum(part.earned for part in parts)
    return Explanation(index, parts, 100 / 7, missing, withheld)
