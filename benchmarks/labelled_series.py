"""Soil series with faults whose place and kind are known, to judge the quality tests by.

A series is three probes in one zone under the same weather. The first one has the faults;
the other two are its healthy siblings. `make_unusual` gives a month of one faultless probe
with something unusual for the hour in it. Values follow a small model of soil: a bucket of water
that rain or irrigation fills and that drains and dries, soil temperature with its seasons,
weather and days, nutrients that follow the water as cheap conductivity probes do, and the noise
and resolution of such probes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS

Floats = NDArray[np.float64]

DAY_S = 86_400.0
START_S = 1_764_547_200.0
PROBES = 3
FAULTS = 22
APART = 150
QUIET_START = 320
RECOVERY = 2
"""Samples after a fault in which its end still belongs to it."""
WETTING_LASTS_S = 12 * 3600.0

N, P, K, CO2, TEMPERATURE, MOISTURE, PH = range(len(CHANNELS))
FAULT_KINDS = (
    "spike",
    "stuck",
    "drift",
    "step down",
    "noise",
    "dropout",
    "late",
    "duplicate",
    "impossible",
)
FINE = np.array([0.1, 0.1, 0.1, 1.0, 0.1, 0.1, 0.01])
COARSE = np.array([1.0, 1.0, 1.0, 10.0, 1.0, 1.0, 0.1])
RESOLUTIONS = {"fine": FINE, "coarse": COARSE}
SMALLEST_SPAN = np.array([8.0, 8.0, 25.0, 150.0, 4.0, 5.0, 0.6])
"""A fault is measured by p90 - p10 of its channel, but by no less than this, nor than ten
steps of the resolution: what drowns in the probe's own noise is no fault that could be seen."""
PICK = np.array([1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 1.0])
"""How often a channel is the faulty one; water and temperature most often."""
IMPOSSIBLE = (65535.0, 6553.5, 327.6, -32768.0, -45.0)


class Kind(NamedTuple):
    """One kind of field. Times in hours, water in percent, temperatures in degC."""

    waterings_per_day: float
    depth: float
    soak_h: float
    drain_h: float
    capacity: float
    dry: float
    et_per_day: float
    daily_t: float
    mean_t: float
    season_t: float
    cloudy: float


KINDS = {
    "sandy": Kind(0.22, 11, 0.15, 9, 18, 5, 1.3, 4.0, 26, 6, 1.2),
    "clay": Kind(0.15, 10, 1.2, 40, 40, 20, 0.9, 2.2, 24, 6, 1.0),
    "monsoon": Kind(1.3, 7, 0.4, 16, 42, 18, 0.8, 2.0, 27, 2, 1.5),
    "irrigated": Kind(0.33, 12, 0.6, 20, 32, 14, 2.2, 3.5, 27, 5, 1.0),
    "winter": Kind(0.10, 5, 1.0, 30, 35, 20, 0.4, 1.5, 7, 5, 1.3),
    "greenhouse": Kind(3.0, 2.5, 0.2, 6, 45, 30, 4.5, 3.0, 25, 2, 0.8),
}
INTERVALS_MIN = (1, 10, 60)
UNUSUAL_CASES = ("pump", "heated night")
UNUSUAL_DAYS, UNUSUAL_DAY = 30, 20
PUMP_H = 5
HEATED_H = 9
HEATED_BY = (6.0, 9.0)


class Fault(NamedTuple):
    """`first`..`last` are samples of the clean series; channel -1: the whole reading."""

    kind: str
    channel: int
    first: int
    last: int


class Series(NamedTuple):
    """`probes[i]` is (times in seconds, values (n, channels)) as they arrive.

    `from_s`/`to_s` of each fault bound the time in which an alarm belongs to it.
    """

    name: str
    probes: list[tuple[Floats, Floats]]
    faults: list[Fault]
    from_s: list[float]
    to_s: list[float]
    interval_s: float


def make(kind: str, interval_min: int, resolution: str, seed: int) -> Series:
    """One labelled series; the same arguments give the same series."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind), interval_min, len(resolution)])
    plan = _plan(rng)
    count = plan[-1][2] + APART
    interval_s = interval_min * 60.0
    times = START_S + interval_s * np.arange(count)
    weather = _Weather(KINDS[kind], times, rng)
    steps = RESOLUTIONS[resolution]
    clean = [_rounded(_probe(weather, rng), steps) for _ in range(PROBES)]
    arrivals = [times + rng.normal(0.0, 0.01 * interval_s, count) for _ in range(PROBES)]
    probes = list(zip(arrivals, clean, strict=True))
    faulty = _Faulty(times, arrivals[0], clean[0], interval_s, steps, rng)
    for name, first, last in plan:
        faulty.inject(name, first, last)
    probes[0] = faulty.arrived()
    return Series(
        f"{kind} {interval_min} min {resolution}",
        probes,
        faulty.faults,
        [times[f.first] - 0.3 * interval_s for f in faulty.faults],
        [times[f.last] + (RECOVERY + 0.5) * interval_s for f in faulty.faults],
        interval_s,
    )


class Unusual(NamedTuple):
    """`from_s`..`to_s` bound the unusual hours; all else is as on any day."""

    name: str
    times: Floats
    values: Floats
    from_s: float
    to_s: float


def make_unusual(
    case: str, kind: str, interval_min: int, resolution: str, seed: int, days: int = UNUSUAL_DAYS
) -> Unusual:
    """A field that is watered at its hour each day until the pump stays on at another one, or
    any field of which one night is heated by some degrees."""
    number = UNUSUAL_CASES.index(case)
    rng = np.random.default_rng([seed, list(KINDS).index(kind), interval_min, 100 + number])
    times = START_S + interval_min * 60.0 * np.arange(int(days * DAY_S / 60 / interval_min))
    weather = _Weather(KINDS[kind], times, rng)
    if number == 0:
        begin, end = _stuck_pump(weather, days, rng)
    else:
        begin, end = _heated_night(weather, rng)
    values = _rounded(_probe(weather, rng), RESOLUTIONS[resolution])
    return Unusual(f"{case} {kind} {interval_min} min {resolution}", times, values, begin, end)


def _stuck_pump(weather: "_Weather", days: int, rng: np.random.Generator) -> tuple[float, float]:
    """Each morning what a day uses up; once, at another hour, half of what the soil holds."""
    kind, hour = weather.kind, int(rng.integers(4, 8))
    usual = START_S + DAY_S * np.arange(days) + 3600.0 * hour + rng.uniform(-300, 300, days)
    begin = START_S + DAY_S * UNUSUAL_DAY + 3600.0 * (hour + int(rng.integers(8, 18)))
    stuck = begin + np.arange(0.0, PUMP_H * 3600.0, 600.0)
    each = 0.5 * (kind.capacity - kind.dry) / 10
    depths = kind.et_per_day * rng.lognormal(0.0, 0.2, days)
    at = np.concatenate([usual, stuck])
    order = np.argsort(at)
    weather.waterings = at[order]
    weather.depths = np.concatenate([depths, np.full(stuck.size, each)])[order]
    return begin, begin + (PUMP_H + 3) * 3600.0


def _heated_night(weather: "_Weather", rng: np.random.Generator) -> tuple[float, float]:
    begin = START_S + DAY_S * UNUSUAL_DAY + 3600.0 * float(rng.uniform(20, 22))
    hours = (weather.times - begin) / 3600.0
    warming = 1.0 - np.exp(-np.clip(hours, 0.0, HEATED_H))
    cooling = np.exp(-np.clip(hours - HEATED_H, 0.0, None) / 1.5)
    weather.temperature = weather.temperature + rng.uniform(*HEATED_BY) * warming * cooling
    return begin, begin + (HEATED_H + 3) * 3600.0


def _plan(rng: np.random.Generator) -> list[tuple[str, int, int]]:
    """Which fault where: (kind, first sample, last sample), at least APART between them."""
    names = [FAULT_KINDS[i % len(FAULT_KINDS)] for i in range(FAULTS)]
    rng.shuffle(names)
    plan, at = [], QUIET_START
    for name in names:
        at += int(rng.integers(0, 60))
        plan.append((name, at, at + _length(name, rng) - 1))
        at = plan[-1][2] + APART
    return plan


def _length(name: str, rng: np.random.Generator) -> int:
    low, high = {
        "spike": (1, 1),
        "stuck": (36, 72),
        "drift": (120, 120),
        "step down": (60, 60),
        "noise": (48, 48),
        "dropout": (6, 24),
        "impossible": (1, 3),
    }.get(name, (1, 1))
    return int(rng.integers(low, high + 1))


class _Weather:
    """What all probes of a zone share."""

    def __init__(self, kind: Kind, times: Floats, rng: np.random.Generator) -> None:
        self.kind, self.times = kind, times
        self.step_s = float(times[1] - times[0])
        days = (times[-1] - times[0]) / DAY_S
        many = rng.poisson(kind.waterings_per_day * days)
        self.waterings = np.sort(rng.uniform(times[0], times[-1], many))
        self.depths = kind.depth * rng.lognormal(-0.1, 0.45, many)
        hour = times / DAY_S * 2 * np.pi
        season = kind.season_t * np.sin(times / (365 * DAY_S) * 2 * np.pi + rng.uniform(0, 6.3))
        clouds = ou(times.size, self.step_s, 1.5 * DAY_S, kind.cloudy, rng)
        bright = 1.0 + 0.25 * ou(times.size, self.step_s, DAY_S, 1.0, rng)
        self.day = np.cos(hour - 15 / 24 * 2 * np.pi)
        self.temperature = kind.mean_t + season + clouds + kind.daily_t * bright * self.day


def ou(count: int, step_s: float, memory_s: float, sd: float, rng: np.random.Generator) -> Floats:
    """Slow random movement with this standard deviation that forgets itself in `memory_s`."""
    kept = float(np.exp(-step_s / memory_s))
    push = sd * np.sqrt(1 - kept * kept) * rng.standard_normal(count)
    out, level = np.empty(count), sd * float(rng.standard_normal())
    for index in range(count):
        level = level * kept + push[index]
        out[index] = level
    return out


def _probe(weather: _Weather, rng: np.random.Generator) -> Floats:
    kind, count, step_s = weather.kind, weather.times.size, weather.step_s
    water = _water(weather, rng)
    moisture = rng.normal(0, 1.0) + water * rng.uniform(0.93, 1.07)
    wet = (np.maximum(water, 1.0) / kind.capacity) ** rng.uniform(0.5, 0.9)
    rain_cools = 0.05 * np.maximum(
        0.0, np.convolve(np.diff(water, prepend=water[0]), np.ones(3))[:count]
    )
    temperature = weather.temperature + rng.normal(0, 0.4) - rain_cools

    def slow(sd: float, memory_days: float = 6.0) -> Floats:
        return ou(count, step_s, memory_days * DAY_S, sd, rng)

    def noise(sd: float) -> Floats:
        return rng.normal(0, sd, count)

    gas = 900 * wet * 2 ** ((temperature - 25) / 10) * (1 + slow(0.04, 0.2))
    columns = (
        24 * wet * (1 + slow(0.03)) + noise(0.15),
        18 * wet * (1 + slow(0.03)) + noise(0.12),
        150 * wet * (1 + slow(0.03)) + noise(0.7),
        300 + gas + noise(5),
        temperature + noise(0.03) + slow(0.06),
        moisture + noise(0.06) + slow(0.2),
        7 + slow(0.06, 4) + noise(0.01),
    )
    return np.stack(columns, axis=1)


def _water(weather: _Weather, rng: np.random.Generator) -> Floats:
    """The bucket: waterings soak in, what is above capacity drains, the sun dries."""
    kind, step_s = weather.kind, weather.step_s
    at = weather.waterings + rng.uniform(0, 1200, weather.waterings.size)
    depths = weather.depths * rng.lognormal(0, 0.15, at.size)
    out = np.empty(weather.times.size)
    level, waiting, upcoming = kind.capacity * 0.85, 0.0, 0
    parts = max(1, int(step_s // 300))
    part_s = step_s / parts
    soak, drain = np.exp(-part_s / 3600 / kind.soak_h), np.exp(-part_s / 3600 / kind.drain_h)
    sun = np.maximum(0.0, weather.day + 0.3) * 2.2
    for index, now in enumerate(weather.times):
        for part in range(parts):
            end = now - step_s + (part + 1) * part_s
            while upcoming < at.size and at[upcoming] <= end:
                waiting += depths[upcoming]
                upcoming += 1
            level, waiting = level + waiting * (1 - soak), waiting * soak
            if level > kind.capacity:
                level = kind.capacity + (level - kind.capacity) * drain
            thirst = (level - kind.dry) / (kind.capacity - kind.dry)
            level -= kind.et_per_day * sun[index] * max(0.0, thirst) * part_s / DAY_S
        out[index] = min(level, 70.0)
    return out


def _rounded(values: Floats, steps: Floats) -> Floats:
    held = np.clip(values, [c.sensor_min for c in CHANNELS], [c.sensor_max for c in CHANNELS])
    return np.round(np.round(held / steps) * steps, 4)


class _Faulty:
    """The first probe, into which faults are put one after the other."""

    def __init__(
        self,
        times: Floats,
        arrivals: Floats,
        clean: Floats,
        interval_s: float,
        steps: Floats,
        rng: np.random.Generator,
    ) -> None:
        self._times, self._arrivals, self._values = times, arrivals.copy(), clean.copy()
        self._clean, self._interval_s, self._steps, self._rng = clean, interval_s, steps, rng
        spread = np.percentile(clean, 90, axis=0) - np.percentile(clean, 10, axis=0)
        self._span = np.maximum.reduce([spread, SMALLEST_SPAN, 10 * steps])
        self._lost = np.zeros(times.size, bool)
        self._twice: list[int] = []
        self._runs = [longest_run(clean[:, c]) for c in range(len(CHANNELS))]
        self.faults: list[Fault] = []

    def inject(self, kind: str, first: int, last: int) -> None:
        channel, rows = self._channel(kind), slice(first, last + 1)
        if kind == "dropout":
            self._lost[rows] = True
        elif kind == "late":
            self._arrivals[first] += self._rng.uniform(20, 50) / 60 * self._interval_s
        elif kind == "duplicate":
            self._twice.append(first)
        elif kind == "impossible":
            self._values[rows, channel] = self._impossible(channel)
        elif kind == "stuck":
            self._values[rows, channel] = self._values[first, channel]
        else:
            self._add(kind, channel, rows)
        whole = kind in ("dropout", "late", "duplicate")
        self.faults.append(Fault(kind, -1 if whole else channel, first, last))

    def _channel(self, kind: str) -> int:
        """A value that stands still for hours by itself cannot be seen to be stuck."""
        weights = PICK.copy()
        if kind == "stuck":
            moving = np.array(self._runs) <= 12
            weights *= moving if moving.any() else np.array(self._runs) == min(self._runs)
        return int(self._rng.choice(len(CHANNELS), p=weights / weights.sum()))

    def _impossible(self, channel: int) -> float:
        low, high = CHANNELS[channel].sensor_min, CHANNELS[channel].sensor_max
        choices = [v for v in IMPOSSIBLE if not low <= v <= high or v in (65535.0, 6553.5)]
        return float(self._rng.choice(choices))

    def _add(self, kind: str, channel: int, rows: slice) -> None:
        span, length = self._span[channel], rows.stop - rows.start
        if kind == "noise":
            change = self._rng.normal(0, 0.15 * span, length)
        elif kind == "drift":
            change = (
                self._sign()
                * self._rng.uniform(0.6, 1.2)
                * span
                * np.arange(1, length + 1)
                / length
            )
        elif kind == "step down":
            change = np.full(length, -self._rng.uniform(0.4, 1.0) * span)
        else:
            change = np.full(length, self._sign() * self._rng.uniform(0.35, 1.0) * span)
        low, high = CHANNELS[channel].sensor_min, CHANNELS[channel].sensor_max
        if channel == PH:
            low, high = 3.0, 9.0
        moved = self._clean[rows, channel] + change
        if kind in ("spike", "drift") and (moved.min() < low or moved.max() > high):
            moved = self._clean[rows, channel] - change
        moved = np.clip(moved, low, high)
        self._values[rows, channel] = np.round(
            np.round(moved / self._steps[channel]) * self._steps[channel], 4
        )

    def _sign(self) -> float:
        return float(self._rng.choice([-1.0, 1.0]))

    def arrived(self) -> tuple[Floats, Floats]:
        """Without what was lost, with what came twice, in the order of arrival."""
        order = [i for i in range(self._times.size) if not self._lost[i]]
        for index in self._twice:
            order.insert(order.index(index) + 1, index)
        return self._arrivals[order], self._values[order]


def longest_run(values: Floats) -> int:
    """The most equal values in a row."""
    change = np.flatnonzero(np.diff(values) != 0)
    edges = np.concatenate([[-1], change, [values.size - 1]])
    return int(np.diff(edges).max())


def clean_mask(series: Series) -> NDArray[np.bool_]:
    """Of the first probe's readings: True where no fault is within its recovery."""
    times = series.probes[0][0]
    clean = np.ones(times.size, bool)
    for start, end in zip(series.from_s, series.to_s, strict=True):
        clean &= ~((times >= start) & (times <= end))
    return clean


assert CHANNEL_INDEX["pH"] == PH
