"""The test of times: gaps, late readings, repeated and out of order ones.

All are events of the probe's link or clock; none says anything against a value.
"""

from __future__ import annotations

from enum import Enum

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.events import EventBook, Note
from harit_desktop.analysis.quality.rules import LATE_RATIO, RECENT_TIMES
from harit_desktop.analysis.quality.state import DeviceState
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.clock import US_PER_S

_FIRST_INTERVALS = 5
_DRAG = 0.05


class Arrival(Enum):
    """How a reading stands to those before it."""

    NEXT = "next"
    AFTER_GAP = "after a gap"
    """Or by a clock that was set: nobody knows what was in between."""
    OLD = "old"
    """Repeated or out of order: not for the tests that follow a channel through time."""


_NEXT = Arrival.NEXT


class TimingTest:
    """Against the running median interval, which unusual intervals do not move until there
    are several in a row. Nor does one wrong time blind the tests: when several old readings in
    a row run forward among themselves, it was the clock, and time goes on from them."""

    def judge(self, device: DeviceState, at_us: int, punctual: bool, book: EventBook) -> Arrival:
        """`punctual`: the time is the probe's own, so lateness means something."""
        if not device.last_us:
            device.last_us = at_us
            device.recent.append(at_us)
            return _NEXT
        passed_us = at_us - device.last_us
        if passed_us <= 0:
            return self._old(device, at_us, passed_us, book)
        before_us, device.last_us = device.last_us, at_us
        device.olds = 0
        recent = device.recent
        recent.append(at_us)
        if len(recent) > RECENT_TIMES:
            del recent[0]
        usual_us = device.interval_us
        if 0.75 * usual_us <= passed_us <= LATE_RATIO * usual_us:
            device.interval_us = usual_us + (passed_us - usual_us) * _DRAG
            if device.odd:
                device.odd.clear()
            return _NEXT
        known = usual_us > 0.0
        self._count(device, passed_us)
        if not known or usual_us < rules.TIMED_FROM_US or passed_us < usual_us:
            return _NEXT
        gap = passed_us > rules.GAP_RATIO * usual_us
        if gap or punctual:
            onset_us = before_us + int(usual_us) if gap else at_us
            code = "time.gap" if gap else "time.late"
            seconds = passed_us / US_PER_S
            note = Note(code, onset_us, Flag.PASS, "", seconds, usual_us / US_PER_S)
            book.note(device, note, at_us)
        return Arrival.AFTER_GAP if gap else Arrival.NEXT

    def _old(self, device: DeviceState, at_us: int, passed_us: int, book: EventBook) -> Arrival:
        code = "time.duplicate" if at_us in device.recent else "time.out_of_order"
        behind_s = -passed_us / US_PER_S if code == "time.out_of_order" else 0.0
        book.note(device, Note(code, at_us, Flag.PASS, "", behind_s, 0.0), at_us)
        if code == "time.duplicate":
            return Arrival.OLD
        device.olds = device.olds + 1 if at_us > device.old_us else 1
        device.old_us = at_us
        if device.olds < rules.CLOCK_SET:
            return Arrival.OLD
        device.last_us, device.olds = at_us, 0
        device.recent[:] = [at_us]
        device.odd.clear()
        return Arrival.AFTER_GAP

    def _count(self, device: DeviceState, passed_us: int) -> None:
        device.odd.append(passed_us)
        needed = rules.NEW_RHYTHM if device.interval_us else _FIRST_INTERVALS
        if len(device.odd) >= needed:
            device.interval_us = float(sorted(device.odd)[len(device.odd) // 2])
            device.odd.clear()
