"""The table of the tests: every threshold, every reason code, in one place.

Changing a number here changes what is called a fault; `benchmarks/quality_targets.py` says
what that does to faults found and false alarms.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS


class ChannelRule(NamedTuple):
    """`floor`: a step smaller than this is never a fault, in the channel's unit.
    `coarsest`: the largest resolution that is believed. `low`..`high`: inside, no range test
    has anything to say, so none is asked.
    """

    key: str
    floor: float
    coarsest: float
    low: float
    high: float
    water: bool


_FLOORS: Final = {
    "N": (0.8, 2.0),
    "P": (0.8, 2.0),
    "K": (2.0, 5.0),
    "CO2": (15.0, 20.0),
    "Temperature": (0.5, 1.0),
    "Moisture": (0.6, 1.0),
    "pH": (0.06, 0.1),
}
_QUIET: Final = {
    "CO2": (200.0, 6000.0),
    "Temperature": (-10.0, 55.0),
    "Moisture": (0.0, 100.0),
    "pH": (3.0, 9.0),
}
RULES: Final = tuple(
    ChannelRule(
        c.key,
        *_FLOORS.get(c.key, (0.02 * c.start, 0.02 * c.start)),
        *_QUIET.get(c.key, (c.sensor_min, c.sensor_max)),
        c.key in ("N", "P", "K", "Moisture"),
    )
    for c in CHANNELS
)
MOISTURE: Final = CHANNEL_INDEX["Moisture"]
GAS: Final = CHANNEL_INDEX["CO2"]
NUTRIENTS: Final = tuple(CHANNEL_INDEX[key] for key in ("N", "P", "K"))
WATER: Final = (*NUTRIENTS, MOISTURE)
"""What a probe infers from conductivity, and so moves together when soil gets wet."""
DAILY: Final = (GAS, CHANNEL_INDEX["Temperature"])
"""What has its days."""
WEATHER: Final = (CHANNEL_INDEX["Temperature"], CHANNEL_INDEX["pH"])
"""What moves slowly from day to day, in all hours alike. Water does not: it comes at once."""

CODES: Final = {
    "range.sensor_low": ("range", "the least the probe can report"),
    "range.sensor_high": ("range", "the most the probe can report"),
    "range.sentinel": ("range", "the probe's or gateway's number for no measurement"),
    "range.physical_low": ("range", "the least to be met in soil"),
    "range.physical_high": ("range", "the most to be met in soil"),
    "time.gap": ("gap", "seconds without a reading; usual seconds"),
    "time.late": ("late", "seconds since the reading before; usual seconds"),
    "time.duplicate": ("duplicate", "0; 0"),
    "time.out_of_order": ("out_of_order", "seconds behind the newest; 0"),
    "step.unsettled": ("step", "value; the step that is still usual"),
    "spike.returned": ("spike", "value of the peak; the step that is still usual"),
    "drop.stayed": ("drop", "value after it; the step that is still usual"),
    "jump.wetting": ("jump", "value after it; the step that is still usual"),
    "jump.alone": ("jump_alone", "value after it; the step that is still usual"),
    "flat.repeats": ("flatline", "repeats; the most that is still usual"),
    "noise.high": ("noise", "scatter now; the most that is still usual, in the unit"),
    "drift.siblings": ("drift", "distance from the zone; the most that is still usual"),
    "drift.pair": ("drift", "distance from the other probe; the most that is still usual"),
    "cross.frozen": ("frozen", "equal readings; the most that is still usual"),
    "cross.in_air": ("in_air", "value; the most of a probe out of the soil"),
    "cross.step": ("cross_step", "value after it; the step that is still usual"),
    "unusual.hour": ("unusual", "value; what is usual at this hour"),
}
"""Reason code: the kind of event it belongs to, and what `value; limit` are."""

KIND_OF: Final = {code: kind for code, (kind, _) in CODES.items()}

# Ranges.
SENTINELS: Final = frozenset((65535.0, 65534.0, 6553.5, 6553.4, 3276.7, 327.6, 327.67, -32768.0))
POWER_ON_TEMPERATURE: Final = 85.0
IN_SOIL: Final = {"Temperature": (-10.0, 55.0), "pH": (3.0, 9.0)}
VOLUMETRIC_MOST: Final = 60.0
IN_AIR_MOST: Final = {"N": 3.0, "P": 3.0, "K": 5.0, "Moisture": 2.0}
IN_AIR_USUALLY_ABOVE: Final = 5.0
"""The usual moisture from which on a probe that finds none is in the air: its water and
nutrients fail, so that no soil is judged by them."""

# Time.
MOMENT_US: Final = 900_000
"""Readings closer than this are one moment: soil does not change faster, so the later ones
are only held against the bounds of the last."""
TIMED_FROM_US: Final = 2_000_000
"""Intervals shorter than this are not judged."""
LATE_RATIO: Final = 1.25
GAP_RATIO: Final = 1.9
RECENT_TIMES: Final = 16
NEW_RHYTHM: Final = 8
"""Unusual intervals in a row after which they are the usual ones."""
CLOCK_SET: Final = 5
"""Old readings in a row, each later than the one before, after which the clock was set."""
SHORT_GAP_US: Final = 12 * 3600 * 1_000_000
"""A value that is the same after a gap shorter than this has stood still through it."""

# Usual movement.
WARM_UP: Final = 32
NOISE_WARM_UP: Final = 100
RELEARN: Final = 16
MEMORY: Final = 1 / 250
SHORT_MEMORY: Final = 1 / 8
STEPS: Final = 6.5
BENDS: Final = 5.0
SMOOTH_WIDE_SHARE: Final = 0.1
GRAINS: Final = 0.5
GRAINS_LEAST: Final = 2.2

# Steps.
RETURNED: Final = 0.35
TAKEN_BACK: Final = 2
TAKEN_BACK_US: Final = 30 * 60 * 1_000_000
TAKEN_BACK_NEAR: Final = 0.1
"""In hours even water may go far back, but hardly to where it was."""
LONG_AGO: Final = 1_000_000
"""In values of a channel: before all that it remembers."""
SETTLED: Final = 3
HOLD: Final = 8
DRAINAGE: Final = 24

# Standing still.
FLAT_LEAST: Final = 24.0
FLAT_LEAST_US: Final = 20 * 60 * 1_000_000
FLAT_RUNS: Final = 20
FLAT_WARM_UP: Final = 200
FLAT_WIDE_SHARE: Final = 0.01
FROZEN_LEAST: Final = 12

# Noise.
LOUD_RATIO: Final = 7.0
LOUD_MOST: Final = 3.0
LOUD_RESOLUTIONS: Final = 4.0
LOUD_FLOORS: Final = 0.25
LOUD_IN_A_ROW: Final = 5
QUIET_AGAIN: Final = 7
NOISE_PAUSE: Final = 24

# Drift.
DRIFT_EVERY: Final = 4
DRIFT_WARM_UP: Final = 40
DRIFT_MEMORY: Final = DRIFT_EVERY / 220
DRIFT_SCALE_MEMORY: Final = DRIFT_EVERY / 500
DRIFT_SLACK: Final = 2.2
DRIFT_MOST: Final = 6.0
DRIFT_ALARM: Final = 5.0
DRIFT_SWING: Final = 0.15
DRIFT_DRIFTING: Final = 6.0
DRIFT_CLIMB: Final = 3
DRIFT_CLIMB_FROM: Final = 0.35
DRIFT_GAIN: Final = 0.4
DRIFT_BELIEVED: Final = 2.0
DRIFT_AWAY: Final = 3.5
DRIFT_REACH: Final = 1.3
DRIFT_LEARN: Final = 0.4
DRIFT_FORGET: Final = 0.9985
DRIFT_BACK: Final = 2.0
DRIFT_AS_OLD: Final = 0.8
"""In daily channels a probe is compared with those that were followed for no less than this
share of the time that it was itself, and it for that share of theirs; from `DAY_US` on all are
old enough."""
DAY_US: Final = 24 * 3600 * 1_000_000
DRIFT_DAILY_MEMORY_US: Final = DAY_US // 2
"""Less, and the means of probes that report each minute follow the day that those of slower
ones do not: all of one rhythm then seem to leave the others. More, and a mean that a fault has
moved stays away for a day."""
SIBLINGS: Final = 8
SIBLING_AGE: Final = 2.5

# Hours of the day.
UNUSUAL: Final = 4.0
UNUSUAL_IN_A_ROW: Final = 3
UNUSUAL_LEAST_US: Final = 10 * 60 * 1_000_000
HOUR_DAYS: Final = 7
HOUR_MEMORY_DAYS: Final = 14
HOUR_CUT: Final = 6.0
HOUR_WIDENING: Final = 1.5
HOUR_OF_DAY_SPREAD: Final = 0.7
HOUR_FLOORS: Final = 0.5
HOUR_LEVEL: Final = 0.05
HOUR_LEVEL_AWAY: Final = 0.01

# Events.
MERGE_US: Final = 6 * 3600 * 1_000_000
CLEAR_AFTER: Final = 3
