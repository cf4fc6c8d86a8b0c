"""Is the number believable? One class per quality test, one flag per channel.

Flags follow QARTOD (`domain.analysis.Flag`). A test only finds; the value itself is
never changed or dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.reading import Reading


class Finding(msgspec.Struct, frozen=True):
    """What one test holds against one channel's value; `code` is stable.

    Codes so far: range.sensor_low, range.sensor_high, with the limit that was passed.
    """

    channel: str
    flag: Flag
    code: str
    value: float
    limit: float


class QualityTest(Protocol):
    """One test. May keep state per device; then readings come in the order of storing."""

    def findings(self, reading: Reading) -> Sequence[Finding]:
        """Empty for a good reading; at most one finding per channel that has a value."""
        ...


class SensorRange:
    """Fails a value that the probe cannot report at all, such as negative nitrogen."""

    def __init__(self) -> None:
        self._limits = tuple((c.key, c.sensor_min, c.sensor_max) for c in CHANNELS)

    def findings(self, reading: Reading) -> Sequence[Finding]:
        found: list[Finding] = []
        for value, (key, low, high) in zip(reading.values, self._limits, strict=True):
            if value is None or low <= value <= high:
                continue
            code, limit = ("range.sensor_low", low) if value < low else ("range.sensor_high", high)
            found.append(Finding(key, Flag.FAIL, code, value, limit))
        return found


class Verdict(NamedTuple):
    """One flag number per catalogue channel, and the reasons of those that are not a pass."""

    flags: tuple[int, ...]
    findings: tuple[Finding, ...]


_PASS, _MISSING = int(Flag.PASS), int(Flag.MISSING)
_GOOD = Verdict((_PASS,) * len(CHANNELS), ())
"""Of the usual reading, made once: it is on the path of every message."""
_BY_SEVERITY = (_PASS, int(Flag.NOT_EVALUATED), int(Flag.SUSPECT), int(Flag.FAIL))


class QualityControl:
    """Runs the tests; the most severe finding sets a channel's flag."""

    def __init__(self, tests: Sequence[QualityTest] | None = None) -> None:
        self._tests = tuple(tests) if tests is not None else (SensorRange(),)

    def examine(self, reading: Reading) -> Verdict:
        reasons: list[Finding] = []
        for test in self._tests:
            reasons.extend(test.findings(reading))
        if not reasons and None not in reading.values:
            return _GOOD
        flags = [_MISSING if value is None else _PASS for value in reading.values]
        for finding in reasons:
            index = CHANNEL_INDEX[finding.channel]
            flags[index] = max(flags[index], int(finding.flag), key=_BY_SEVERITY.index)
        return Verdict(tuple(flags), tuple(reasons))
