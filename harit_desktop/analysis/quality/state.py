"""What is remembered of a probe: numbers only, about a kilobyte a channel when saved.

Everything the tests know is here, so a probe whose state was saved and read back (`saved`) is
judged as if nothing had happened. The states are plain classes with slots: they are written to
dozens of times for each reading, which costs a `msgspec.Struct` five times as much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import msgspec

from harit_desktop.analysis.quality import rules
from harit_desktop.domain.channels import CHANNELS, Values

STATE_VERSION = 4


@dataclass(slots=True, eq=False)
class ChannelState:
    """One channel's baseline and what is under way in it. `watched` values take the slow way
    through the tests; the others are compared with the limits `learn` has made. The lists are
    empty, or have one number for each hour of the day."""

    watched: bool = True
    fresh: int = 0
    seen: int = 0
    last: float = 0.0
    slope: float = 0.0
    until_learn: int = rules.RELEARN

    step: float = 0.0
    usual_energy: float = 0.0
    energy: float = 0.0
    quantum: float = math.inf
    smooth: bool = False
    gate: float = math.inf
    noise_limit: float = math.inf
    loudest: float = math.inf
    loud: int = 0
    loud_us: int = 0
    noisy: int = 0

    repeats: int = 0
    runs: int = 0
    usual_run: float = 0.0
    longest_run: float = 0.0
    run_limit: float = math.inf
    stuck: bool = False
    two_grains: float = math.inf
    wide: int = 0
    wide_share: float = 0.0

    out: int = 0
    grouped: bool = False
    reference: float = 0.0
    reference_slope: float = 0.0
    peak: float = 0.0
    since_us: int = 0
    held: str = ""
    held_at: int = 0
    held_us: int = 0
    held_value: float = 0.0
    rise_at: int = -rules.LONG_AGO
    jump_at: int = -rules.LONG_AGO
    jump_height: float = 0.0

    mean: float = 0.0
    apart: float = 0.0
    swing: float = 0.0
    reach: float = 0.0
    widest: float = 0.0
    compared: int = 0
    above: float = 0.0
    below: float = 0.0
    parted: float = 0.0
    share: float = 0.0
    drifting: int = 0
    climb: int = 0

    days: list[int] = field(default_factory=list)
    centres: list[float] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    day_spread: float = 0.0
    level: float = 0.0
    usual_low: float = -math.inf
    usual_high: float = math.inf
    away: int = 0
    away_us: int = 0
    explained: bool = False

    def forget_moment(self) -> None:
        """After a gap: what was under way is over, the baseline stays."""
        self.fresh = 0
        self.watched = True
        self.out = self.loud = self.noisy = self.repeats = 0
        self.stuck = self.grouped = False
        self.held = ""
        self.energy = self.usual_energy
        self.above = self.below = self.share = 0.0
        self.drifting = self.away = 0
        self.rise_at = -rules.LONG_AGO


class OpenEvent(msgspec.Struct, array_like=True):
    """An event that may still go on. `open` until three readings in a row had nothing."""

    first_us: int
    onset_us: int
    last_us: int
    code: str
    flag: int
    channels: list[str]
    value: float
    limit: float
    open: bool = True
    passes: int = 0
    count: int = 1


@dataclass(slots=True, eq=False)
class DeviceState:
    """One probe. Times in microseconds; `interval_us` 0 until it is known; `hour` is counted
    from 1970 on, in the hours of `utc_offset_us`; `calm` is the last reading as `usual.advance`
    saw it."""

    version: int
    keys: list[str]
    channels: list[ChannelState]
    zone: str = ""
    simulated: bool = False
    last_us: int = 0
    evaluated_us: int = 0
    interval_us: float = 0.0
    odd: list[int] = field(default_factory=list)
    recent: list[int] = field(default_factory=list)
    olds: int = 0
    old_us: int = 0
    values: tuple[float | None, ...] = ()
    same: int = 0
    longest_same: float = 0.0
    in_air: bool = False
    turn: int = 0
    drifts: int = 0
    pair: bool = False
    events: dict[str, OpenEvent] = field(default_factory=dict)
    any_open: bool = False
    hour: int = -1
    utc_offset_us: int = 0
    unusual: bool = False
    calm: bool = False

    def forget_moment(self) -> None:
        """After a long gap: what was under way is over in all channels."""
        self.same = 0
        for state in self.channels:
            state.forget_moment()

    def bridge(self, values: Values) -> None:
        """After a short gap: what was under way is over, but what stands still has stood still
        all the time. A stuck probe of which some messages are lost is stuck all the same."""
        same = self.same if values == self.values else 0
        for state, value in zip(self.channels, values, strict=True):
            if value != state.last or not state.fresh or state.out or state.noisy:
                state.forget_moment()
                continue
            repeats, stuck = state.repeats, state.stuck
            state.forget_moment()
            state.repeats, state.stuck = repeats, stuck
            state.fresh, state.slope = 1, 0.0
        self.same = same


def new_device() -> DeviceState:
    """The state of a probe that nothing is known of. Its channels make their limits in turns,
    so that no reading pays for all of them."""
    channels = [
        ChannelState(until_learn=rules.RELEARN + 2 * index % rules.RELEARN)
        for index in range(len(CHANNELS))
    ]
    return DeviceState(STATE_VERSION, [channel.key for channel in CHANNELS], channels)
