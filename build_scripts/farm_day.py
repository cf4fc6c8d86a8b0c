"""A day of four probes on a farm, made up for pictures of the window."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harit_desktop.domain.channels import CHANNEL_INDEX, Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.transport.simulator import Simulator
from harit_desktop.wire.encode import encode_reading
from harit_desktop.wire.timestamps import format_utc

DEVICES = ("north-plot", "canal-side", "polyhouse-2", "nursery-bed")
STEP_S = 60
DAY_S = 24 * 3600
OFF_S = (15 * 3600, 15 * 3600 - 42 * 60)
"""Seconds before now in which every probe was without power."""
DRY_DEVICE = "canal-side"
DRY_FOR_S = 2.3 * 3600
DRY_LOSS = 26.0
WARM_UP_STEPS = 2000


def farm_day(now_us: int) -> Iterator[str]:
    """The payloads of the last day, oldest first: readings every minute, a gap of 42 min in
    the night, and one plot that has been drying out for two hours."""
    simulators = {name: Simulator(name, i, seed=4) for i, name in enumerate(DEVICES)}
    first_us = now_us - (DAY_S + WARM_UP_STEPS * STEP_S) * US_PER_S
    for at_us in range(first_us, now_us + 1, STEP_S * US_PER_S):
        ago_s = (now_us - at_us) / US_PER_S
        for name, simulator in simulators.items():
            values = simulator.reading(at_us)
            if ago_s > DAY_S or OFF_S[1] < ago_s < OFF_S[0]:
                continue
            if name == DRY_DEVICE and ago_s < DRY_FOR_S:
                values = _dried(values, 1 - ago_s / DRY_FOR_S)
            yield encode_reading(name, format_utc(at_us), values, simulated=False).decode()


def _dried(values: Values, part: float) -> Values:
    at = CHANNEL_INDEX["Moisture"]
    moisture = values[at]
    if moisture is None:
        return values
    dry = round(moisture - DRY_LOSS * part**0.6, 1)
    return (*values[:at], dry, *values[at + 1 :])
