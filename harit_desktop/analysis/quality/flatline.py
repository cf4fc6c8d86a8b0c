"""The flatline test: a value that stands still."""

from __future__ import annotations

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.state import DeviceState
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.quality import Finding


class FlatlineTest:
    """Equal values for longer than this channel ever stands still."""

    def judge(self, device: DeviceState, index: int, value: float, found: list[Finding]) -> bool:
        """True while the channel stands still for too long, and for the value that ends it."""
        state = device.channels[index]
        if state.fresh < 1 or state.seen < rules.WARM_UP or state.noisy or state.out:
            return False
        if value == state.last:
            if state.repeats < state.run_limit:
                return False
            state.repeats += 1
            state.stuck = state.watched = True
            flag = Flag.FAIL if state.repeats > 2 * state.run_limit else Flag.SUSPECT
            key, repeats = CHANNELS[index].key, float(state.repeats)
            found.append(Finding(key, flag, "flat.repeats", repeats, state.run_limit))
            return True
        if not state.stuck:
            return False
        # The soil went on while the value stood: the next one may be anywhere.
        state.longest_run += 0.05 * (state.repeats - state.longest_run)
        state.stuck, state.repeats = False, 0
        state.last, state.slope, state.fresh, state.seen = value, 0.0, 1, state.seen + 1
        return True
