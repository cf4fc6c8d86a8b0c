"""A simulated soil probe: plausible values with daily cycles, for trying the program out.

Pure: the values follow from the seed and the instants asked for.
"""

import math
import random
from typing import NamedTuple

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Channel, Values
from harit_desktop.domain.clock import US_PER_S

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_GOLDEN = 0.618034


class _Model(NamedTuple):
    """How one channel moves, in its own unit.

    `daily` is the amplitude of the daily wave, highest at `peak_hour`. `wander` is the
    standard deviation of slow random movement that forgets itself within `memory_s`
    seconds. `noise` is the standard deviation of a single measurement. `spread` is how
    far devices differ. `per_moisture` moves the channel with each percent of moisture:
    probes infer nutrients from conductivity, which follows the water.
    """

    daily: float = 0.0
    peak_hour: float = 0.0
    wander: float = 0.0
    memory_s: float = _HOUR_S
    noise: float = 0.0
    spread: float = 0.0
    per_moisture: float = 0.0


# Soil a hand deep is warmest in the afternoon; its air holds most CO2 before dawn.
_MODELS = {
    "N": _Model(wander=0.7, memory_s=12 * _HOUR_S, noise=0.06, spread=3.5, per_moisture=0.06),
    "P": _Model(wander=0.5, memory_s=12 * _HOUR_S, noise=0.05, spread=3.0, per_moisture=0.04),
    "K": _Model(wander=3.0, memory_s=12 * _HOUR_S, noise=0.35, spread=22.0, per_moisture=0.4),
    "CO2": _Model(
        daily=42.0, peak_hour=4.0, wander=9.0, memory_s=0.75 * _HOUR_S, noise=1.2, spread=25.0
    ),
    "Temperature": _Model(
        daily=2.8, peak_hour=15.0, wander=0.35, memory_s=2 * _HOUR_S, noise=0.02, spread=1.1
    ),
    "Moisture": _Model(noise=0.04, spread=2.0),
    "pH": _Model(wander=0.04, memory_s=18 * _HOUR_S, noise=0.004, spread=0.16),
}


def _model_of(channel: Channel) -> _Model:
    """A new channel of the catalogue wanders about its start value until it has a model."""
    return _MODELS.get(
        channel.key, _Model(wander=0.02 * channel.start, noise=0.002 * channel.start)
    )


class _Moisture:
    """Dries by day and night, is watered when dry, drains when too wet. In percent."""

    _DRYING_PER_S = 2.2 / _DAY_S
    _WATERING_S = 20 * 60.0
    _DRAINING_S = 10 * _HOUR_S

    def __init__(self, level: float, middle: float, rng: random.Random) -> None:
        self.level = level
        self._middle = middle
        self._rng = rng
        self._watering = False
        self._plan_cycle()

    def advance(self, step_s: float) -> None:
        if self._watering:
            # Runs towards a little more than the goal, so that it reaches it.
            share = 1.0 - math.exp(-step_s / self._WATERING_S)
            self.level += (self._wet + 1.0 - self.level) * share
            if self.level >= self._wet:
                self._watering = False
                self._plan_cycle()
            return
        if self.level > self._top:
            self.level -= (self.level - self._top) * (1.0 - math.exp(-step_s / self._DRAINING_S))
        # After a long absence the bed was watered in between: never far below dry.
        dried = self.level - self._DRYING_PER_S * step_s
        self.level = max(dried, min(self.level, self._dry - 0.1))
        self._watering = self.level < self._dry

    def _plan_cycle(self) -> None:
        self._dry = self._middle - 5.0 - self._rng.uniform(0.0, 2.0)
        self._wet = self._middle + 2.0 + self._rng.uniform(0.0, 2.5)
        self._top = self._middle + 5.0


class Simulator:
    """One probe. `reading` is called with rising instants.

    `device_number` (0, 1, 2 ...) sets devices apart; number 0 lies at the catalogue's
    start values. With `start` (the device's last stored values) the first reading
    continues there and drifts back to the device's usual range. `day_offset_s` shifts
    the day from UTC to local time.
    """

    def __init__(
        self,
        device_id: str,
        device_number: int,
        seed: int,
        start: Values | None = None,
        day_offset_s: float = 0.0,
    ) -> None:
        self._rng = random.Random(f"{seed}/{device_id}")
        self._number = device_number
        self._start = start
        self._day_offset_s = day_offset_s
        self._last_us: int | None = None
        self._wander = [0.0] * len(CHANNELS)
        self._usual = [
            channel.start + _model_of(channel).spread * self._place(index)
            for index, channel in enumerate(CHANNELS)
        ]
        moisture = CHANNEL_INDEX["Moisture"]
        self._moisture = _Moisture(self._first(moisture), self._usual[moisture], self._rng)

    def reading(self, timestamp_us: int) -> Values:
        """The values at an instant, in catalogue order, within the sensor's range."""
        if self._last_us is None:
            self._begin(timestamp_us)
        else:
            self._advance(max(0.0, (timestamp_us - self._last_us) / US_PER_S))
        self._last_us = timestamp_us
        values = []
        for index, channel in enumerate(CHANNELS):
            noise = _model_of(channel).noise * self._rng.gauss()
            value = self._expected(index, timestamp_us) + self._wander[index] + noise
            value = min(channel.sensor_max, max(channel.sensor_min, value))
            values.append(round(value, channel.precision + 1))
        return tuple(values)

    def _begin(self, timestamp_us: int) -> None:
        for index in range(len(CHANNELS)):
            expected = self._expected(index, timestamp_us)
            self._wander[index] = self._first(index) - expected

    def _advance(self, step_s: float) -> None:
        self._moisture.advance(step_s)
        for index, channel in enumerate(CHANNELS):
            model = _model_of(channel)
            # Ornstein-Uhlenbeck, exact for any step length.
            kept = math.exp(-step_s / model.memory_s)
            push = model.wander * math.sqrt(1.0 - kept * kept) * self._rng.gauss()
            self._wander[index] = self._wander[index] * kept + push

    def _expected(self, index: int, timestamp_us: int) -> float:
        if index == CHANNEL_INDEX["Moisture"]:
            return self._moisture.level
        model = _model_of(CHANNELS[index])
        hour = ((timestamp_us / US_PER_S + self._day_offset_s) % _DAY_S) / _HOUR_S
        wave = model.daily * math.cos((hour - model.peak_hour) * math.tau / 24.0)
        water = self._moisture.level - CHANNELS[CHANNEL_INDEX["Moisture"]].start
        return self._usual[index] + wave + model.per_moisture * water

    def _first(self, index: int) -> float:
        channel = CHANNELS[index]
        start = None if self._start is None else self._start[index]
        if start is None or not math.isfinite(start):
            return self._usual[index]
        return min(channel.sensor_max, max(channel.sensor_min, start))

    def _place(self, index: int) -> float:
        """Where this device lies among its neighbours in one channel, -1..1; number 0 at 0."""
        turn = self._number * _GOLDEN * (1.0 + 0.37 * index)
        return math.sin(math.tau * turn)
