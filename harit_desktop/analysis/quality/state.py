"""What is remembered of a probe: numbers only, a few hundred bytes a channel.

Everything the tests know is here, so a probe whose state was saved and read back is judged
as if nothing had happened.
"""

from __future__ import annotations

import math

import msgspec

from harit_desktop.analysis.quality import rules
from harit_desktop.domain.channels import CHANNELS

STATE_VERSION = 1


class ChannelState(msgspec.Struct, array_like=True, gc=False):
    """One channel's baseline and what is under way in it. `watched` values take the slow way
    through the tests; the others are compared with the limits `learn` has made."""

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
    jump_at: int = -1_000_000
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
    drifting: int = 0
    climb: int = 0

    def forget_moment(self) -> None:
        """After a gap: what was under way is over, the baseline stays."""
        self.fresh = 0
        self.watched = True
        self.out = self.loud = self.noisy = self.repeats = 0
        self.stuck = self.grouped = False
        self.held = ""
        self.energy = self.usual_energy
        self.above = self.below = 0.0
        self.drifting = 0


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


class DeviceState(msgspec.Struct, array_like=True):
    """One probe. Times in microseconds; `interval_us` 0 until it is known."""

    version: int
    keys: list[str]
    channels: list[ChannelState]
    zone: str = ""
    simulated: bool = False
    last_us: int = 0
    evaluated_us: int = 0
    interval_us: float = 0.0
    odd: list[int] = []
    recent: list[int] = []
    values: tuple[float | None, ...] = ()
    same: int = 0
    longest_same: float = 0.0
    in_air: bool = False
    turn: int = 0
    drifts: int = 0
    pair: bool = False
    events: dict[str, OpenEvent] = {}
    any_open: bool = False

    def forget_moment(self) -> None:
        """After a gap: what was under way is over in all channels."""
        self.same = 0
        for state in self.channels:
            state.forget_moment()


def new_device() -> DeviceState:
    """The state of a probe that nothing is known of."""
    return DeviceState(STATE_VERSION, [c.key for c in CHANNELS], [ChannelState() for _ in CHANNELS])
