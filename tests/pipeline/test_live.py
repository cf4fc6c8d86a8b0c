from __future__ import annotations

import math

import msgspec
import numpy as np

from harit_desktop.domain.analysis import Analysis, Band
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.ring import ReadingRing

SECOND = 1_000_000


def analysed(
    device: str, at_s: float, value: float | None = 1.0, index: int | None = 65
) -> AnalysedReading:
    at_us = int(at_s * SECOND)
    reading = Reading(
        device, at_us, at_us, (value,) * CHANNEL_COUNT, Source.MQTT, TimeSource.SENT, at_us
    )
    analysis = Analysis(index, Band.GOOD, False, 0.0, (), (1,) * CHANNEL_COUNT, "classic")
    return AnalysedReading(reading, analysis, at_us.to_bytes(32, "big"))


def test_a_view_gets_each_point_once() -> None:
    live = LiveModel()
    live.publish([analysed("a", 1), analysed("b", 1), analysed("a", 2)])
    first = live.points_since("a", 0)
    live.publish([analysed("a", 3, None, None)])
    second = live.points_since("a", int(first.sequence[-1]))
    assert first.time_us.tolist() == [SECOND, 2 * SECOND]
    assert second.time_us.tolist() == [3 * SECOND]
    assert math.isnan(second.values[0, 0])
    assert math.isnan(second.index[0])
    assert live.points_since("a", live.version).time_us.size == 0
    assert live.points_since("never seen", 0).time_us.size == 0


def test_the_ring_keeps_the_newest_points() -> None:
    live = LiveModel(ring_capacity=8)
    live.publish([analysed("a", n) for n in range(20)])
    assert live.points_since("a", 0).time_us.tolist() == [n * SECOND for n in range(12, 20)]


def test_a_late_reading_does_not_become_the_newest() -> None:
    live = LiveModel()
    live.publish([analysed("a", 100, 5.0)])
    late = analysed("a", 50, 9.0)
    reading = msgspec.structs.replace(late.reading, received_us=101 * SECOND)
    live.publish([AnalysedReading(reading, late.analysis, late.key)])
    (state,) = live.devices()
    assert state.timestamp_us == 100 * SECOND
    assert state.values[0] == 5.0
    assert state.stored_readings == 2


def test_a_reading_from_the_future_does_not_hide_those_that_follow() -> None:
    live = LiveModel()
    ahead = analysed("a", 100)
    early = msgspec.structs.replace(ahead.reading, received_us=10 * SECOND)
    live.publish([AnalysedReading(early, ahead.analysis, ahead.key)])
    live.publish([analysed("a", 12)])
    (state,) = live.devices()
    assert state.timestamp_us == 12 * SECOND


def test_the_reporting_interval_is_learned() -> None:
    live = LiveModel()
    live.publish([analysed("a", n * 60) for n in (0, 1, 2, 3, 10)])
    (state,) = live.devices()
    assert state.interval_s == 60
    assert state.silent_after_s() == 180
    assert not state.is_stale(int(700 * SECOND))
    assert state.is_stale(int(800 * SECOND))


def test_the_device_silent_for_longest_gives_way() -> None:
    live = LiveModel(max_devices=2)
    live.publish([analysed("old", 1)])
    live.publish([analysed("new", 2)])
    live.publish([analysed("newest", 3)])
    assert [d.publisher_id for d in live.devices()] == ["new", "newest"]


def test_deleted_devices_are_forgotten() -> None:
    live = LiveModel()
    live.publish([analysed("a", 1), analysed("b", 1)])
    version = live.version
    live.forget(["a"])
    assert [d.publisher_id for d in live.devices()] == ["b"]
    assert live.version != version


def test_more_new_devices_in_a_batch_than_there_is_room_for() -> None:
    live = LiveModel(max_devices=2)
    live.publish([analysed("a", 1), analysed("b", 2), analysed("c", 3), analysed("a", 4)])
    assert [d.publisher_id for d in live.devices()] == ["a", "c"]
    assert live.points_since("a", 0).time_us.size == 2


def test_devices_of_earlier_runs_count_and_give_way_too() -> None:
    live = LiveModel(max_devices=2)
    old = LiveModel()
    old.publish([analysed("x", 1), analysed("y", 2)])
    live.preload(old.devices())
    live.publish([analysed("a", 3)])
    assert [d.publisher_id for d in live.devices()] == ["y", "a"]


def test_a_ring_grows_to_its_capacity_and_keeps_order() -> None:
    live = LiveModel(ring_capacity=500)
    live.publish([analysed("a", n, float(n)) for n in range(700)])
    points = live.points_since("a", 0)
    assert points.time_us.tolist() == [n * SECOND for n in range(200, 700)]
    assert points.values[:, 0].tolist() == [float(n) for n in range(200, 700)]


def test_a_batch_fills_a_ring_as_its_readings_one_by_one_do() -> None:
    items = [analysed("a", second) for second in range(230)]
    for cuts in ([230], [100, 130], [7, 9, 64, 150], [3] * 76 + [2]):
        whole, single = ReadingRing(100), ReadingRing(100)
        first = 0
        for size in cuts:
            whole.extend(range(first, first + size), items[first : first + size])
            first += size
        for number, item in enumerate(items):
            single.extend([number], [item])
        for name in ("sequence", "time_us", "values", "flags", "index"):
            found, expected = (getattr(ring.since(-1), name) for ring in (whole, single))
            np.testing.assert_array_equal(found, expected)
