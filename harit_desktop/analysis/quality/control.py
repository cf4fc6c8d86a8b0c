"""Runs the tests; the most severe finding sets a channel's flag."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from harit_desktop.analysis.quality.findings import QualityTest
from harit_desktop.analysis.quality.memory import DEVICES, Forgotten, Probes, Recall
from harit_desktop.analysis.quality.ranges import PhysicalRange, SensorRange, Sentinels
from harit_desktop.analysis.quality.rules import MOISTURE, RULES
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.quality import Finding, QualityEvent, Verdict
from harit_desktop.domain.reading import Reading

_PASS, _UNTESTED, _MISSING = int(Flag.PASS), int(Flag.NOT_EVALUATED), int(Flag.MISSING)
_GOOD = Verdict((_PASS,) * len(CHANNELS), ())
"""Of the usual reading, made once: it is on the path of every message."""
_BY_SEVERITY = (_PASS, _UNTESTED, int(Flag.SUSPECT), int(Flag.FAIL))
_KEYS = [channel.key for channel in CHANNELS]


class _Ranges(NamedTuple):
    """The range tests, and the bounds inside which none of them has anything to say."""

    tests: tuple[QualityTest, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    def findings(self, reading: Reading) -> list[Finding]:
        return [one for test in self.tests for one in test.findings(reading)]


class QualityControl:
    """Judges readings one by one, in the order in which they are stored.

    Without arguments it only asks the sensor's range; `standard` makes one that asks
    everything. Belongs to one thread.
    """

    def __init__(self, tests: Sequence[QualityTest] | None = None) -> None:
        self._probes: Probes | None = None
        self._usual = self._other = _ranges(tests if tests is not None else (SensorRange(),))
        self._others: frozenset[str] = frozenset()

    @classmethod
    def standard(
        cls,
        *,
        volumetric_most: float | None = None,
        zones: Mapping[str, str] | None = None,
        utc_offset_s: int = 0,
        unless: Collection[str] = (),
        devices: int = DEVICES,
        forgotten: Forgotten | None = None,
        recall: Recall | None = None,
    ) -> QualityControl:
        """All tests.

        `volumetric_most`, `zones`, `utc_offset_s`, `unless`: see `configure`. No more than
        `devices` are remembered; the state of the one that was silent for longest is handed to
        `forgotten`, and when a probe that is not remembered reports, `recall` is asked for
        its state. Both are called inside `examine` and must not raise.
        """
        control = cls()
        control._probes = Probes(zones or {}, devices, forgotten, recall)
        control.configure(
            volumetric_most=volumetric_most,
            zones=zones,
            utc_offset_s=utc_offset_s,
            unless=unless,
        )
        return control

    def configure(
        self,
        *,
        volumetric_most: float | None,
        zones: Mapping[str, str] | None,
        utc_offset_s: int | None = None,
        unless: Collection[str] = (),
    ) -> None:
        """From the next reading on; what is known of the probes is kept.

        `volumetric_most`: see `PhysicalRange`; it does not hold for the devices in `unless`,
        whose moisture is no volume as they send it. `zones` names the zone of each device; those
        it does not name are in one zone together. `utc_offset_s` is the local time's distance
        from UTC, by which hours of the day are counted; None leaves it as it is. Of a control
        that only asks ranges, nothing changes.
        """
        if self._probes is None:
            return
        self._usual, self._other = _physical(volumetric_most), _physical(None)
        self._others = frozenset(unless)
        offset_us = None if utc_offset_s is None else utc_offset_s * US_PER_S
        self._probes.configure(zones or {}, offset_us)

    def examine(self, reading: Reading) -> Verdict:
        """The flags of one reading, why, and what changed in its probe's events.

        A reading that came twice or out of order is held against the ranges alone: what they
        do not doubt has the flag NOT_EVALUATED, and no finding.
        """
        values, probes = reading.values, self._probes
        ranges = self._other if reading.publisher_id in self._others else self._usual
        if probes is None:
            return _verdict(values, ranges.findings(reading), ())
        for value, low, high in zip(values, ranges.lows, ranges.highs, strict=True):
            if value is None or not low <= value <= high:
                break
        else:
            found, events = probes.judge(reading, values)
            if found is None:
                return _verdict(values, (), events, _UNTESTED)
            return _verdict(values, found, events) if found or events else _GOOD
        reasons = ranges.findings(reading)
        failed = {finding.channel for finding in reasons if finding.flag is Flag.FAIL}
        if failed:
            values = tuple([None if k in failed else v for k, v in zip(_KEYS, values, strict=True)])
        found, events = probes.judge(reading, values, reasons)
        if found is None:
            return _verdict(reading.values, reasons, events, _UNTESTED)
        return _verdict(reading.values, [*reasons, *found], events)

    def export(self, publisher_id: str) -> bytes | None:
        """A probe's whole state, some kilobytes; None if it is not known."""
        return None if self._probes is None else self._probes.export(publisher_id)

    def export_changed(self) -> dict[str, bytes]:
        """The states of the probes that were heard since the last call, in the order of
        `known`. Not of those that went to `forgotten` meanwhile."""
        return {} if self._probes is None else self._probes.export_changed()

    def restore(self, publisher_id: str, saved: bytes) -> bool:
        """Goes on from an exported state, as the probe that was heard last: restore several in
        the order of `known`. False, and nothing changes, if it cannot be read."""
        return self._probes is not None and self._probes.restore(publisher_id, saved)

    def forget(self, publisher_ids: Iterable[str]) -> None:
        """Drops the states of probes whose readings were deleted, without handing them to
        `forgotten`: such a probe starts anew. From the thread that examines; ids that are not
        known are no error."""
        if self._probes is not None:
            self._probes.forget(publisher_ids)

    def known(self) -> tuple[str, ...]:
        """The probes that are remembered, the longest silent one first."""
        return () if self._probes is None else self._probes.known()

    def siblings(self, publisher_id: str) -> int:
        """How many probes it is compared with for drift; 0: drift is not evaluated.

        May be called from any thread while another one examines: it only reads what cannot
        change under it and never raises. While probes change zones it may find too few.
        """
        return 0 if self._probes is None else self._probes.siblings(publisher_id)


def _ranges(tests: Sequence[QualityTest], moisture: tuple[float, float] | None = None) -> _Ranges:
    bounds = [(rule.low, rule.high) for rule in RULES]
    if moisture is not None:
        bounds[MOISTURE] = moisture
    lows, highs = zip(*bounds, strict=True)
    return _Ranges(tuple(tests), lows, highs)


def _physical(volumetric_most: float | None) -> _Ranges:
    physical = PhysicalRange(volumetric_most)
    return _ranges((SensorRange(), Sentinels(), physical), physical.moisture)


def _verdict(
    values: Values,
    reasons: Sequence[Finding],
    events: tuple[QualityEvent, ...],
    undoubted: int = _PASS,
) -> Verdict:
    """`undoubted` is the flag of a value that nothing was found against."""
    if not reasons and not events and undoubted == _PASS and None not in values:
        return _GOOD
    flags = [_MISSING if value is None else undoubted for value in values]
    for finding in reasons:
        index = CHANNEL_INDEX[finding.channel]
        flags[index] = max(flags[index], int(finding.flag), key=_BY_SEVERITY.index)
    return Verdict(tuple(flags), tuple(reasons), events)
