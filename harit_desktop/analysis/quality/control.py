"""Runs the tests; the most severe finding sets a channel's flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harit_desktop.analysis.quality.findings import QualityTest
from harit_desktop.analysis.quality.memory import DEVICES, Forgotten, Probes
from harit_desktop.analysis.quality.ranges import PhysicalRange, SensorRange, Sentinels
from harit_desktop.analysis.quality.rules import MOISTURE, RULES
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Values
from harit_desktop.domain.quality import Finding, QualityEvent, Verdict
from harit_desktop.domain.reading import Reading

_PASS, _MISSING = int(Flag.PASS), int(Flag.MISSING)
_GOOD = Verdict((_PASS,) * len(CHANNELS), ())
"""Of the usual reading, made once: it is on the path of every message."""
_BY_SEVERITY = (_PASS, int(Flag.NOT_EVALUATED), int(Flag.SUSPECT), int(Flag.FAIL))
_KEYS = [channel.key for channel in CHANNELS]


class QualityControl:
    """Judges readings one by one, in the order in which they are stored.

    Without arguments it only asks the sensor's range; `standard` makes one that asks
    everything. Belongs to one thread.
    """

    def __init__(self, tests: Sequence[QualityTest] | None = None) -> None:
        self._tests = tuple(tests) if tests is not None else (SensorRange(),)
        self._probes: Probes | None = None
        self._bounds = [(rule.low, rule.high) for rule in RULES]

    @classmethod
    def standard(
        cls,
        *,
        volumetric_most: float | None = None,
        zones: Mapping[str, str] | None = None,
        devices: int = DEVICES,
        forgotten: Forgotten | None = None,
    ) -> QualityControl:
        """All tests.

        `volumetric_most`: see `PhysicalRange`. `zones` names the zone of each device; those
        it does not name are in one zone together. No more than `devices` are remembered; the
        state of the one that was silent for longest is handed to `forgotten`.
        """
        physical = PhysicalRange(volumetric_most)
        control = cls((SensorRange(), Sentinels(), physical))
        if physical.moisture is not None:
            control._bounds[MOISTURE] = physical.moisture
        control._probes = Probes(zones or {}, devices, forgotten)
        return control

    def examine(self, reading: Reading) -> Verdict:
        """The flags of one reading, why, and what changed in its probe's events."""
        values, probes = reading.values, self._probes
        if probes is None:
            return _verdict(values, self._ranges(reading), ())
        if None not in values:
            for value, (low, high) in zip(values, self._bounds, strict=True):
                if not low <= value <= high:  # type: ignore[operator]  # none is None
                    break
            else:
                found, events = probes.judge(reading, values)
                return _verdict(values, found, events) if found or events else _GOOD
        reasons = self._ranges(reading)
        failed = {finding.channel for finding in reasons if finding.flag is Flag.FAIL}
        if failed:
            values = tuple([None if k in failed else v for k, v in zip(_KEYS, values, strict=True)])
        found, events = probes.judge(reading, values, reasons)
        return _verdict(reading.values, [*reasons, *found], events)

    def _ranges(self, reading: Reading) -> list[Finding]:
        reasons: list[Finding] = []
        for test in self._tests:
            reasons.extend(test.findings(reading))
        return reasons

    def export(self, publisher_id: str) -> bytes | None:
        """A probe's whole state, some kilobytes; None if it is not known."""
        return None if self._probes is None else self._probes.export(publisher_id)

    def restore(self, publisher_id: str, saved: bytes) -> bool:
        """Goes on from an exported state. False, and nothing changes, if it cannot be read."""
        return self._probes is not None and self._probes.restore(publisher_id, saved)

    def known(self) -> tuple[str, ...]:
        """The probes that are remembered, the longest silent one first."""
        return () if self._probes is None else self._probes.known()

    def siblings(self, publisher_id: str) -> int:
        """How many probes it is compared with for drift; 0: drift is not evaluated."""
        return 0 if self._probes is None else self._probes.siblings(publisher_id)


def _verdict(
    values: Values, reasons: Sequence[Finding], events: tuple[QualityEvent, ...]
) -> Verdict:
    if not reasons and not events and None not in values:
        return _GOOD
    flags = [_MISSING if value is None else _PASS for value in values]
    for finding in reasons:
        index = CHANNEL_INDEX[finding.channel]
        flags[index] = max(flags[index], int(finding.flag), key=_BY_SEVERITY.index)
    return Verdict(tuple(flags), tuple(reasons), events)
