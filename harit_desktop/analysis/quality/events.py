"""Events: what a person is told, once per probe and kind of fault.

An event is raised by the first suspect reading, is cleared by three passes, and goes on as
the same event when its kind comes back within six hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harit_desktop.analysis.quality import rules
from harit_desktop.analysis.quality.state import DeviceState, OpenEvent
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.quality import Change, Finding, QualityEvent


class Note(NamedTuple):
    """Something to tell; `channel` "" for the reading as a whole."""

    code: str
    onset_us: int
    flag: Flag
    channel: str
    value: float
    limit: float


class EventBook:
    """Collects what changed in one probe's events while a reading is judged.

    The events themselves are part of the probe's state; the book is empty between readings.
    """

    def __init__(self) -> None:
        self._changes: list[QualityEvent] = []
        self._seen: set[str] = set()
        self._publisher_id = ""

    def begin(self, publisher_id: str) -> None:
        self._publisher_id = publisher_id

    def finish(self, device: DeviceState, at_us: int) -> tuple[QualityEvent, ...]:
        """Counts passes and hands out the changes. Need not be called where nothing is open."""
        self._count_passes(device, at_us)
        changes = tuple(self._changes)
        self._changes.clear()
        self._seen.clear()
        return changes

    def findings(self, device: DeviceState, found: Sequence[Finding], at_us: int) -> None:
        """Notes the findings of a reading; a step is noted when its kind is known."""
        for one in found:
            if one.code != "step.unsettled":
                self.note(
                    device,
                    Note(one.code, at_us, one.flag, one.channel, one.value, one.limit),
                    at_us,
                )

    def note(self, device: DeviceState, note: Note, at_us: int) -> None:
        kind = rules.KIND_OF[note.code]
        self._seen.add(kind)
        event = device.events.get(kind)
        if event is None or (not event.open and note.onset_us - event.last_us > rules.MERGE_US):
            channels = [note.channel] if note.channel else []
            onset_us, flag = note.onset_us, note.flag
            event = OpenEvent(
                onset_us, onset_us, at_us, note.code, flag, channels, note.value, note.limit
            )
            device.events[kind] = event
            self._tell(kind, event, Change.RAISED, at_us)
        else:
            self._go_on(kind, event, note, at_us)
        device.any_open = True

    def _go_on(self, kind: str, event: OpenEvent, note: Note, at_us: int) -> None:
        again = not event.open
        if again:
            event.open, event.onset_us, event.channels = True, note.onset_us, []
            event.flag, event.count = note.flag, event.count + 1
            event.code, event.value, event.limit = note.code, note.value, note.limit
        event.flag = max(event.flag, note.flag)
        if note.channel and note.channel not in event.channels:
            event.channels.append(note.channel)
        event.last_us, event.passes = max(event.last_us, at_us), 0
        if again:
            self._tell(kind, event, Change.AGAIN, at_us)

    def _count_passes(self, device: DeviceState, at_us: int) -> None:
        still = False
        for kind, event in device.events.items():
            if not event.open:
                continue
            if kind not in self._seen:
                event.passes += 1
                if event.passes >= rules.CLEAR_AFTER:
                    event.open = False
                    self._tell(kind, event, Change.CLEARED, at_us)
            still = still or event.open
        device.any_open = still

    def _tell(self, kind: str, event: OpenEvent, change: Change, at_us: int) -> None:
        told = QualityEvent(
            publisher_id=self._publisher_id,
            kind=kind,
            code=event.code,
            change=change,
            first_us=event.first_us,
            onset_us=event.onset_us,
            at_us=at_us,
            count=event.count,
            flag=Flag(event.flag),
            channels=tuple(event.channels),
            value=event.value,
            limit=event.limit,
        )
        self._changes.append(told)
