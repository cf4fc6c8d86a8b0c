"""Tests across the channels of one probe: a gateway that repeats itself, a probe in the air."""

from __future__ import annotations

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.rules import MOISTURE, WATER
from harit_desktop.analysis.quality.state import DeviceState
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.quality import Finding

_LEAST_CHANNELS = 3
_FORGET = 0.9995


class FrozenTest:
    """All channels repeat together: the gateway sends its last reading again and again."""

    def judge(self, device: DeviceState, values: Values, found: list[Finding]) -> bool:
        """Call for each reading whose values equal those before it."""
        device.same += 1
        limit = max(float(rules.FROZEN_LEAST), 2.0 * device.longest_same + 6.0)
        if device.same <= limit or device.channels[MOISTURE].seen < rules.WARM_UP:
            return False
        present = [i for i, value in enumerate(values) if value is not None]
        if len(present) < _LEAST_CHANNELS:
            return False
        for index in present:
            key = CHANNELS[index].key
            found.append(Finding(key, Flag.SUSPECT, "cross.frozen", float(device.same), limit))
        return True

    def moved(self, device: DeviceState) -> None:
        """The values changed. After a stretch that was told of they may be anywhere."""
        limit = max(float(rules.FROZEN_LEAST), 2.0 * device.longest_same + 6.0)
        if device.same <= limit:
            device.longest_same = max(device.longest_same * _FORGET, float(device.same))
        else:
            device.longest_same += 0.2 * (device.same - device.longest_same)
            for state in device.channels:
                state.forget_moment()
        device.same = 0


class InAirTest:
    """Water and nutrients near nothing, in a place that is usually moist.

    The values fail: they are right, but they are the air's, and a soil that is judged by them
    would seem to lack everything. That the place is usually moist makes it sure enough.
    """

    _MOST = tuple((i, rules.IN_AIR_MOST[CHANNELS[i].key]) for i in WATER)

    def judge(self, device: DeviceState, values: Values, found: list[Finding]) -> bool:
        for index, most in self._MOST:
            value = values[index]
            if value is None or value > most:
                return False
        usual = device.channels[MOISTURE]
        if usual.seen < rules.WARM_UP or usual.mean < rules.IN_AIR_USUALLY_ABOVE:
            return False
        for index, most in self._MOST:
            value = values[index]
            assert value is not None
            found.append(Finding(CHANNELS[index].key, Flag.FAIL, "cross.in_air", value, most))
        return True
