"""A control that went on from saved states says what the one that lived through it says."""

import random
from collections.abc import Mapping
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.analysis.quality import QualityControl
from harit_desktop.domain.reading import Reading
from tests.analysis.quality.series import HOUR_US, MINUTE_US, START_US, calm, hourly, reading
from tests.analysis.quality.test_state import everything, lived, troubled

NAMES = "abcdef"
ZONES: tuple[Mapping[str, str], ...] = (
    {},
    {"a": "north", "b": "north", "c": "south"},
    {name: name for name in NAMES},
    {"a": "x", "b": "x", "c": "x", "d": "y"},
)


class Change(NamedTuple):
    """The settings from a reading on."""

    zones: Mapping[str, str]
    volumetric_most: float | None
    utc_offset_s: int
    unless: str = ""


settings_of = st.builds(
    Change,
    st.sampled_from(ZONES),
    st.sampled_from([None, 45.0, 60.0]),
    st.sampled_from([0, 19_800, -18_000]),
    st.sampled_from(["", "a", "ce"]),
)


def mixed(seed: int) -> list[Reading]:
    """Probes of different rhythm, with gaps, repeats, late and retained readings."""
    rng = random.Random(seed)
    found = lived(seed, "abc")
    for number, name in enumerate("def"):
        every_us = rng.choice((10 * MINUTE_US, HOUR_US, 3 * HOUR_US))
        found += hourly(troubled(seed + number, 200), name, rng.randrange(300), every_us)
    found.sort(key=lambda one: one.timestamp_us)
    for _ in range(20):
        at = rng.randrange(10, len(found))
        found.insert(at - rng.randrange(1, 9), found.pop(at))
        at = rng.randrange(len(found))
        old = found[at]
        found.insert(at, reading(old.values, old.timestamp_us, old.publisher_id, retained=True))
    set_back(found, rng)
    gap = rng.randrange(len(found) // 2)
    del found[gap : gap + rng.randrange(60)]
    return found


def set_back(found: list[Reading], rng: random.Random) -> None:
    """The clocks of two probes are set to another time for a while."""
    for name in rng.sample(NAMES, 2):
        own = [at for at, one in enumerate(found) if one.publisher_id == name]
        begin = rng.randrange(len(own) - 20)
        by_us = rng.choice((-9000, -30, 7, 30)) * HOUR_US
        for at in own[begin : begin + rng.randrange(1, 90)]:
            found[at] = reading(found[at].values, found[at].timestamp_us + by_us, name)


def configure(control: QualityControl, change: Change) -> None:
    control.configure(
        volumetric_most=change.volumetric_most,
        zones=change.zones,
        utc_offset_s=change.utc_offset_s,
        unless=change.unless,
    )


class Store:
    """Keeps what is forgotten, as the journal does."""

    def __init__(self, kept: Mapping[str, bytes] | None = None) -> None:
        self.kept = dict(kept or {})

    def control(self, change: Change, devices: int) -> QualityControl:
        return QualityControl.standard(
            volumetric_most=change.volumetric_most,
            zones=change.zones,
            utc_offset_s=change.utc_offset_s,
            unless=change.unless,
            devices=devices,
            forgotten=self.kept.__setitem__,
            recall=self.kept.get,
        )


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    cuts=st.lists(st.integers(1, 1800), min_size=1, max_size=3),
    changes=st.lists(st.tuples(st.integers(0, 1800), settings_of), max_size=3),
    devices=st.sampled_from([2, 4, 512]),
)
def test_restored_at_any_reading_the_rest_is_the_same(
    seed: int, cuts: list[int], changes: list[tuple[int, Change]], devices: int
) -> None:
    readings, now = mixed(seed), Change({}, None, 0)
    at_change = dict(changes)
    live_store, store = Store(), Store()
    live, control = live_store.control(now, devices), store.control(now, devices)
    for number, one in enumerate(readings):
        if number in at_change:
            now = at_change[number]
            configure(live, now)
            configure(control, now)
        if number in cuts:
            saved = [(name, control.export(name)) for name in control.known()]
            store = Store(store.kept)
            control = store.control(now, devices)
            for name, state in saved:
                assert state is not None
                assert control.restore(name, state)
        assert everything([live.examine(one)]) == everything([control.examine(one)]), number
    assert live.known() == control.known()
    assert [live.export(name) for name in live.known()] == [
        control.export(name) for name in control.known()
    ]


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), every=st.integers(1, 200), devices=st.sampled_from([2, 512]))
def test_changed_and_forgotten_states_together_are_all_states(
    seed: int, every: int, devices: int
) -> None:
    store = Store()
    control = store.control(Change({}, None, 0), devices)
    for number, one in enumerate(mixed(seed)):
        control.examine(one)
        if number % every == 0:
            store.kept.update(control.export_changed())
            assert control.export_changed() == {}
    store.kept.update(control.export_changed())
    assert set(store.kept) == set(NAMES)
    assert {name: store.kept[name] for name in control.known()} == {
        name: control.export(name) for name in control.known()
    }


def test_a_returning_probe_goes_on_where_it_was() -> None:
    store = Store()
    control = store.control(Change({}, None, 0), 1)
    rows = calm(200)
    for row, other in zip(hourly(rows), hourly(rows, "other"), strict=True):
        control.examine(row)
        control.examine(other)
    spiky = list(rows[-1])
    spiky[5] = 75.0
    [last] = hourly([spiky], first=200)
    assert control.examine(last).flags[5] == 3
    alone = QualityControl.standard(devices=1)
    assert alone.examine(last).flags[5] == 1


def test_only_what_was_heard_has_changed() -> None:
    control = QualityControl.standard()
    for one in [*hourly(calm(3)), *hourly(calm(3), "b")]:
        control.examine(one)
    assert list(control.export_changed()) == ["a", "b"]
    control.configure(volumetric_most=50.0, zones={"a": "north"})
    control.examine(hourly(calm(1), "b", 5)[0])
    assert list(control.export_changed()) == ["b"]


def test_zones_decide_who_is_compared_from_the_next_reading_on() -> None:
    control = QualityControl.standard(zones={"a": "north", "b": "north", "c": "south"})
    rows = [hourly(calm(40), name) for name in "abc"]
    for step in zip(*rows, strict=True):
        for one in step:
            control.examine(one)
    assert [control.siblings(name) for name in "abc"] == [1, 1, 0]
    control.configure(volumetric_most=None, zones={"b": "south", "c": "south"})
    assert [control.siblings(name) for name in "abc"] == [0, 1, 1]
    control.configure(volumetric_most=None, zones=None)
    assert [control.siblings(name) for name in "abc"] == [2, 2, 2]


def test_in_a_zone_of_many_a_restored_control_compares_as_the_one_that_lived() -> None:
    """What most probes are compared with is made once for all of them: it has to be what the
    states say, also where some of the first fall silent and come back, or their clock is set."""
    names, rng = [f"p{number:02}" for number in range(14)], random.Random(3)
    rows = {name: calm(420, 7, number % 5) for number, name in enumerate(names)}
    readings = []
    for hour in range(420):
        rng.shuffle(order := list(names))
        for place, name in enumerate(order):
            if (name == "p02" and 90 < hour < 150) or (name == "p05" and hour > 170):
                continue
            at_us = START_US + hour * HOUR_US + place * MINUTE_US
            row = list(rows[name][hour])
            if name in ("p03", "p12") and row[5] is not None:
                row[5] -= 8.0 * min(1.0, max(0, hour - 280) / 120)
            readings.append(reading(row, at_us, name))
            if name == "p06" and hour in (60, 64, 68):
                old_us = at_us - 50 * HOUR_US
                readings += [reading(row, old_us + n * MINUTE_US, name) for n in range(6)]
    live, control = QualityControl.standard(), QualityControl.standard()
    drifted = set()
    for number, one in enumerate(readings):
        if number % 397 == 0 or (830 < number < 1000 and number % 7 == 0):
            before, control = control, QualityControl.standard()
            for name in before.known():
                assert control.restore(name, before.export(name) or b"")
        verdict = live.examine(one)
        drifted |= {one.publisher_id for event in verdict.events if event.kind == "drift"}
        assert everything([verdict]) == everything([control.examine(one)]), number
    assert [live.export(name) for name in names] == [control.export(name) for name in names]
    assert drifted >= {"p03", "p12"}
    assert live.siblings("p00") == live.siblings("p13") == 8
