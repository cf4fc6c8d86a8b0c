"""What a rule would have told over readings of the past."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from harit_desktop.alerting.trial import try_rule
from harit_desktop.domain.alert import AlertRule, RuleKind, TriedRule
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.quality import StoredEvent
from harit_desktop.domain.reading import AnalysedReading, Source
from tests.alerting.farm import LIMITS, MOISTURE, NOON_US, event_at, reading_at

MINUTE_US = 60 * US_PER_S


def as_sent(publisher_id: str, values: tuple[float | None, ...], at_us: int) -> object:
    return values


def tried(rule: AlertRule, readings: list[AnalysedReading], **options: object) -> TriedRule:
    return try_rule(rule, readings, LIMITS, as_sent, **options)


def walk(values: list[float], publisher_id: str = "probe") -> list[AnalysedReading]:
    return [
        reading_at(NOON_US + n * MINUTE_US, publisher_id, Moisture=value)
        for n, value in enumerate(values)
    ]


def test_the_alerts_it_would_have_raised() -> None:
    readings = walk([50.0] * 5 + [15.0] * 10 + [50.0] * 10 + [15.0] * 5)
    found = tried(replace(MOISTURE, enabled=False), readings)
    assert found.readings == 30
    assert found.alerts == (
        ("probe", "Moisture", NOON_US + 5 * MINUTE_US, NOON_US + 20 * MINUTE_US),
        ("probe", "Moisture", NOON_US + 25 * MINUTE_US, None),
    )


def test_silence_between_and_since() -> None:
    rule = AlertRule(id="silent", kind=RuleKind.SILENT)
    readings = walk([50.0] * 10)
    later = NOON_US + 60 * MINUTE_US
    readings += [reading_at(later + n * MINUTE_US) for n in range(3)]
    found = tried(rule, readings, until_us=later + 60 * MINUTE_US)
    assert found.alerts == (
        ("probe", "", NOON_US + 9 * MINUTE_US, later),
        ("probe", "", later + 2 * MINUTE_US, None),
    )
    assert tried(rule, readings, until_us=later + 3 * MINUTE_US).alerts[1:] == ()


def test_events_of_the_quality_tests() -> None:
    rule = AlertRule(id="faulty", kind=RuleKind.STUCK)
    events = [
        StoredEvent(1, event_at(NOON_US), NOON_US + 5 * MINUTE_US),
        StoredEvent(2, event_at(NOON_US, "drift"), NOON_US + US_PER_S),
        StoredEvent(3, event_at(NOON_US, "spike"), None),
        StoredEvent(4, event_at(NOON_US, "frozen", publisher_id="b"), None),
    ]
    found = tried(rule, [], events=events)
    assert [(one[0], one[3]) for one in found.alerts] == [
        ("probe", NOON_US + 5 * MINUTE_US),
        ("b", None),
    ]
    assert tried(replace(rule, publisher_id="b"), [], events=events).alerts == found.alerts[1:]
    assert tried(replace(rule, channel="pH"), [], events=events).alerts == ()


def test_the_simulator_counts_for_nothing() -> None:
    readings = [
        reading_at(NOON_US + n * MINUTE_US, source=Source.SIMULATOR, Moisture=1.0)
        for n in range(10)
    ]
    assert tried(MOISTURE, readings) == TriedRule(0, ())


def test_it_can_be_cancelled() -> None:
    asked = 0

    def endless() -> Iterator[AnalysedReading]:
        number = 0
        while True:
            number += 1
            yield reading_at(NOON_US + number * MINUTE_US)

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    with pytest.raises(KnownError, match=r"query\.cancelled"):
        try_rule(MOISTURE, endless(), LIMITS, as_sent, cancelled=cancelled)


def test_silence_of_a_device_whose_interval_is_not_known() -> None:
    rule = AlertRule(id="silent", kind=RuleKind.SILENT)
    readings = [reading_at(NOON_US)]
    assert tried(rule, readings, until_us=NOON_US + 600 * MINUTE_US).alerts == ()
    found = tried(rule, readings, until_us=NOON_US + 1500 * MINUTE_US)
    assert found.alerts == (("probe", "", NOON_US, None),)
