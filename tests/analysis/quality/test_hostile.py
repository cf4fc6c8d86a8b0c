"""Whatever a broker lets through: nothing raises, nothing grows, nothing gets slower."""

import random
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from harit_desktop.analysis.quality import QualityControl
from harit_desktop.analysis.quality.memory import DEVICES
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.reading import Reading
from tests.analysis.quality.series import HOUR_US, START_US, Row, calm, hourly, judge, reading

MANY = 100_000
CALM = calm(500)
NONE: Row = [None] * len(CHANNELS)
SLOWER = 5.0
"""A share of time grows with the clock's and the machine's moods, too; a thing that gets
slower with each reading is slower by far more."""


def new_probes(count: int, rng: random.Random) -> Iterator[Reading]:
    for number in range(count):
        name = f"{rng.getrandbits(64):x}"
        yield reading(CALM[number % 500], START_US + number * 1000, name)


def back_and_forth(count: int, rng: random.Random) -> Iterator[Reading]:
    for number in range(count):
        at_us = START_US + rng.choice((-1, 1)) * rng.randrange(10 ** rng.randrange(1, 17))
        yield reading(CALM[number % 500], at_us, rng.choice("abc"))


def nothing(count: int, _: random.Random) -> Iterator[Reading]:
    return (reading(NONE, START_US + number * HOUR_US) for number in range(count))


def at_one_moment(count: int, _: random.Random) -> Iterator[Reading]:
    return (reading(CALM[number % 500], START_US) for number in range(count))


def huge(count: int, rng: random.Random) -> Iterator[Reading]:
    choices = (1e6, -1e6, 1e300, -1e300, 5e-324, 0.0, -0.0, 65535.0, None)
    for number in range(count):
        row = [rng.choice((*choices, value)) for value in CALM[number % 500]]
        yield reading(row, START_US + number * HOUR_US, rng.choice("ab"))


def to_and_fro(count: int, rng: random.Random) -> Iterator[Reading]:
    """Each value from one end of the probe's range to the other."""
    for number in range(count):
        row: Row = [rng.choice((c.sensor_min, c.sensor_max)) for c in CHANNELS]
        yield reading(row, START_US + number * HOUR_US, rng.choice("ab"))


HOSTILE = (new_probes, back_and_forth, nothing, at_one_moment, huge, to_and_fro)
Make = Callable[[int, random.Random], Iterator[Reading]]


def spent_s(control: QualityControl, readings: list[Reading]) -> float:
    begin = time.process_time()
    judge(control, readings)
    return time.process_time() - begin


def test_a_hundred_thousand_probes_are_never_more_than_the_most() -> None:
    kept = 0

    def forgotten(_: str, state: bytes) -> None:
        nonlocal kept
        kept += 1
        assert len(state) < 4096 * len(CHANNELS)

    control = QualityControl.standard(forgotten=forgotten, recall=lambda _: None)
    readings = list(new_probes(MANY, random.Random(1)))
    tenth = MANY // 10
    first = spent_s(control, readings[:tenth])
    judge(control, readings[tenth:-tenth])
    last = spent_s(control, readings[-tenth:])
    assert len(control.known()) == DEVICES
    assert kept == MANY - DEVICES
    assert len(control.export_changed()) == DEVICES
    assert last < SLOWER * first


@pytest.mark.parametrize("make", HOSTILE[1:])
def test_readings_of_no_sense_do_not_get_slower(make: Make) -> None:
    control, readings = QualityControl.standard(), list(make(20_000, random.Random(2)))
    first = spent_s(control, readings[:4000])
    judge(control, readings[4000:-4000])
    assert spent_s(control, readings[-4000:]) < SLOWER * first


@pytest.mark.parametrize("make", HOSTILE)
def test_nor_does_what_is_remembered_grow(make: Make) -> None:
    control, readings = QualityControl.standard(devices=40), list(make(6000, random.Random(3)))
    tracemalloc.start()
    try:
        judge(control, readings[:3000])
        before, _ = tracemalloc.get_traced_memory()
        judge(control, readings[3000:])
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after < 1.3 * before + 20_000


@pytest.mark.parametrize("make", HOSTILE)
def test_such_a_state_is_saved_and_read_back(make: Make) -> None:
    control, again = QualityControl.standard(), QualityControl.standard()
    readings = list(make(1200, random.Random(4)))
    judge(control, readings[:1000])
    for name in control.known():
        saved = control.export(name)
        assert saved is not None
        assert len(saved) < 4096 * len(CHANNELS)
        assert again.restore(name, saved)
    assert judge(control, readings[1000:]) == judge(again, readings[1000:])


def test_probes_that_report_properly_are_judged_as_without_the_flood() -> None:
    rng, flooded, calmly = random.Random(5), QualityControl.standard(), QualityControl.standard()
    pairs = zip(hourly(CALM[:400]), hourly(calm(400, probe=1), "b"), strict=True)
    for number, pair in enumerate(pairs):
        for one in pair:
            expected = calmly.examine(one)
            for _ in range(20):
                name = f"{rng.getrandbits(64):x}"
                flooded.examine(reading(CALM[number], one.timestamp_us, name))
            assert flooded.examine(one) == expected
    assert [flooded.siblings(name) for name in "ab"] == [1, 1]
