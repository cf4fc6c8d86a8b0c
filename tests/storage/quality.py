"""Events and flagged readings as the pipeline hands them to the store."""

from __future__ import annotations

from typing import Any

import msgspec

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.quality import Change, QualityEvent
from tests.storage.builders import START_US, make_item


def make_event(first: int = 0, at: int | None = None, **changes: Any) -> QualityEvent:
    """The event of a probe that began in second `first` and changed in second `at`."""
    first_us = START_US + first * US_PER_S
    at_us = first_us if at is None else START_US + at * US_PER_S
    event = QualityEvent(
        publisher_id="probe",
        kind="spike",
        code="spike.returned",
        change=Change.RAISED,
        first_us=first_us,
        onset_us=first_us,
        at_us=at_us,
        count=1,
        flag=Flag.SUSPECT,
        channels=("Moisture",),
        value=71.5,
        limit=12.25,
    )
    return msgspec.structs.replace(event, **changes)


def with_events(item: CommitItem, *events: QualityEvent) -> CommitItem:
    return msgspec.structs.replace(item, events=events)


def with_reasons(item: CommitItem, *reasons: tuple[str, str]) -> CommitItem:
    assert item.analysed is not None
    analysis = msgspec.structs.replace(item.analysed.analysis, reasons=reasons)
    return msgspec.structs.replace(
        item, analysed=msgspec.structs.replace(item.analysed, analysis=analysis)
    )


def eventful(number: int, publisher_id: str = "probe") -> CommitItem:
    """A reading with an event of its own."""
    return with_events(
        make_item(number, publisher_id), make_event(number, publisher_id=publisher_id)
    )
