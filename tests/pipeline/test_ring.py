"""The newest readings of a device: each keeps the way by which it came."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs

from harit_desktop.domain.analysis import Analysis, band_of
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.pipeline.ring import AT_ONCE, FIRST_CAPACITY, MOST_REASONS, ReadingRing

ANALYSIS = Analysis(70, band_of(70), False, 0.0, (), (1,) * CHANNEL_COUNT, "classic")


def reading(at_us: int, source: Source) -> AnalysedReading:
    values = (float(at_us),) * CHANNEL_COUNT
    made = Reading("soil-01", at_us, at_us, values, source, TimeSource.SENT)
    return AnalysedReading(made, ANALYSIS, bytes(32))


@pytest.mark.parametrize("at_once", [1, AT_ONCE, 3 * FIRST_CAPACITY])
def test_points_of_the_api_are_marked_however_many_come_at_once(at_once: int) -> None:
    ring = ReadingRing(FIRST_CAPACITY * 2)
    total = 3 * FIRST_CAPACITY
    ways = [Source.API if at % 3 == 0 else Source.MQTT for at in range(total)]
    items = [reading(at, way) for at, way in enumerate(ways)]
    for first in range(0, total, at_once):
        part = items[first : first + at_once]
        ring.extend(range(first + 1, first + 1 + len(part)), part)
    points = ring.since(0)
    assert points.time_us.size == FIRST_CAPACITY * 2
    assert points.via_api.dtype == np.bool_
    assert points.via_api.tolist() == [at % 3 == 0 for at in points.time_us.tolist()]


def test_simulated_and_imported_readings_are_not_of_the_api() -> None:
    ring = ReadingRing(8)
    ways = (Source.SIMULATOR, Source.IMPORT, Source.API, Source.LEGACY)
    ring.extend([1, 2, 3, 4], [reading(at, way) for at, way in enumerate(ways)])
    assert ring.since(0).via_api.tolist() == [False, False, True, False]


@pytest.mark.parametrize("at_once", [1, AT_ONCE])
def test_reasons_come_with_the_readings_that_have_any(at_once: int) -> None:
    ring = ReadingRing(64)
    doubted = structs.replace(ANALYSIS, reasons=(("Moisture", "spike.returned"),))
    for first in range(1, 17, at_once):
        items = [reading(at, Source.MQTT) for at in range(first, first + at_once)]
        judged = [
            structs.replace(item, analysis=doubted) if item.reading.timestamp_us % 5 == 0 else item
            for item in items
        ]
        ring.extend(range(first, first + at_once), judged)
    assert ring.since(5).reasons == dict.fromkeys((10, 15), doubted.reasons)


def test_only_the_newest_reasons_are_kept() -> None:
    ring = ReadingRing(8 * MOST_REASONS)
    doubted = structs.replace(ANALYSIS, reasons=(("Moisture", "flat.repeats"),))
    item = structs.replace(reading(1, Source.MQTT), analysis=doubted)
    for sequence in range(2 * MOST_REASONS):
        ring.extend([sequence], [item])
    known = ring.since(-1).reasons
    assert list(known) == list(range(MOST_REASONS, 2 * MOST_REASONS))
