"""What is remembered: saved and read back without a difference, bounded, and per probe."""

import math
import random
import sys
import threading
from dataclasses import fields, is_dataclass

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.analysis.quality import QualityControl
from harit_desktop.analysis.quality.saved import read_back, sealed
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import Reading
from tests.analysis.quality.series import (
    HOUR_US,
    START_US,
    Row,
    calm,
    hourly,
    judge,
    reading,
    shift,
)

STATE_BYTES = 4096


def troubled(seed: int, count: int = 420) -> list[Row]:
    """A calm series into which a seed puts all sorts of trouble."""
    rng, rows = random.Random(seed), calm(count, seed)
    for _ in range(12):
        at, channel = rng.randrange(40, count - 40), rng.randrange(len(CHANNELS))
        kind = rng.choice(("spike", "step", "stuck", "none", "wild", "gap", "air"))
        for row in rows[at : at + (1 if kind == "spike" else rng.randrange(2, 35))]:
            value = row[channel]
            if kind in ("spike", "step") and value is not None:
                row[channel] = value * 1.4
            elif kind == "stuck":
                row[channel] = rows[at][channel]
            elif kind == "none":
                row[channel] = None
            elif kind == "wild":
                row[channel] = rng.choice((65535.0, -32768.0, 85.0, 0.0, 1e300, 3.3))
            elif kind == "air":
                row[0], row[1], row[2], row[5] = 0.0, 0.0, 0.0, 0.5
    return rows


def lived(seed: int, probes: str = "abc") -> list[Reading]:
    """Some probes' readings, now and then late, twice, out of order or missing."""
    rng, found = random.Random(seed), []
    for number, name in enumerate(probes):
        for one in hourly(troubled(seed * 10 + number), name):
            if rng.random() < 0.02:
                continue
            found.append(one)
            if rng.random() < 0.02:
                found.append(one)
    found.sort(key=lambda one: one.timestamp_us)
    for _ in range(10):
        at = rng.randrange(5, len(found))
        found.insert(at - 4, found.pop(at))
    return found


def everything(verdicts: list[Verdict]) -> list[bytes]:
    return [msgspec.msgpack.encode(verdict) for verdict in verdicts]


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000))
def test_replay_equals_live(seed: int) -> None:
    readings = lived(seed)
    first = everything(judge(QualityControl.standard(), readings))
    assert first == everything(judge(QualityControl.standard(), readings))
    assert len(set(first)) > 1


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), at=st.integers(1, 1200))
def test_a_restart_in_between_changes_nothing(seed: int, at: int) -> None:
    readings = lived(seed)
    whole, before, after = (QualityControl.standard() for _ in range(3))
    expected = everything(judge(whole, readings))
    judge(before, readings[:at])
    for name in before.known():
        saved = before.export(name)
        assert saved is not None
        assert after.restore(name, saved)
    assert everything(judge(after, readings[at:])) == expected[at:]


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), order=st.permutations("abc"))
def test_other_probes_change_nothing_where_they_are_in_other_zones(
    seed: int, order: list[str]
) -> None:
    zones = {name: name for name in "abc"}
    readings = lived(seed)
    together = QualityControl.standard(zones=zones)
    found = list(zip(readings, judge(together, readings), strict=True))
    for name in order:
        alone = QualityControl.standard(zones=zones)
        own = [one for one in readings if one.publisher_id == name]
        mixed = [verdict for one, verdict in found if one.publisher_id == name]
        assert everything(judge(alone, own)) == everything(mixed)


def test_a_gap_keeps_the_baseline_and_forgets_the_moment() -> None:
    rows = shift(calm(700), "Moisture", 300, 700, 9.0)
    readings = [*hourly(rows[:300]), *hourly(rows[300:], first=320)]
    control = QualityControl.standard()
    verdicts = judge(control, readings)
    assert {v.flags for v in verdicts} == {(1,) * 7}
    spiky = shift(rows, "Moisture", 303, 304, 8.0)
    readings = [*hourly(spiky[:300]), *hourly(spiky[300:], first=320)]
    assert judge(QualityControl.standard(), readings)[303].flags[5] == 3


@pytest.mark.parametrize(
    "saved",
    [
        *(b"", b"\xff", msgspec.msgpack.encode([1, [], []])),
        *(sealed(b""), sealed(b"\xa1\xff"), sealed(msgspec.msgpack.encode([1, [], []]))),
        *("a text", None, 7, ["list"], object()),
    ],
)
def test_what_cannot_be_read_is_refused(saved: bytes) -> None:
    control = QualityControl.standard()
    assert not control.restore("a", saved)
    assert control.known() == ()


def test_no_damaged_state_is_taken_for_a_probes() -> None:
    control, rng = QualityControl.standard(), random.Random(8)
    judge(control, hourly(calm(260)))
    saved = control.export("a") or b""
    for _ in range(600):
        damaged = bytearray(saved)
        damaged[rng.randrange(len(saved))] ^= 1 << rng.randrange(8)
        assert not QualityControl.standard().restore("a", bytes(damaged))
    assert not control.restore("a", saved[:-1])


def test_a_state_with_a_right_checksum_and_wrong_numbers_costs_no_reading() -> None:
    """As some other program might make one: refused, or no reading fails on it."""
    control, rng, taken = QualityControl.standard(utc_offset_s=3600), random.Random(9), 0
    judge(control, lived(3, "a"))
    body = (control.export("a") or b"")[4:]
    rows = hourly(troubled(4, 120), first=420)
    for _ in range(400):
        damaged = bytearray(body)
        for _ in range(rng.randrange(1, 3)):
            damaged[rng.randrange(len(body))] = rng.randrange(256)
        other = QualityControl.standard()
        if other.restore("a", sealed(bytes(damaged))):
            taken += 1
            judge(other, rows[:40])
    assert taken > 20


def test_a_state_of_another_version_is_refused() -> None:
    control = QualityControl.standard()
    judge(control, hourly(calm(50)))
    saved = msgspec.msgpack.decode((control.export("a") or b"")[4:])
    assert not control.restore("b", sealed(msgspec.msgpack.encode([saved[0] + 1, *saved[1:]])))
    assert control.restore("b", sealed(msgspec.msgpack.encode(saved)))


def deep_size(value: object) -> int:
    if isinstance(value, int) and -5 <= value <= 256:
        return 0  # Small numbers exist once for all.
    parts: list[object] = value if isinstance(value, list) else []
    if is_dataclass(value):
        parts = [getattr(value, part.name) for part in fields(value)]
    return sys.getsizeof(value) + sum(deep_size(part) for part in parts)


def test_a_channels_state_is_small() -> None:
    control = QualityControl.standard()
    judge(control, lived(7, "a"))
    saved = control.export("a")
    assert saved is not None
    assert len(saved) < STATE_BYTES * len(CHANNELS) / 2
    state = read_back(saved)
    assert state is not None
    assert all(len(channel.centres) == 24 for channel in state.channels)
    assert max(deep_size(channel) for channel in state.channels) < STATE_BYTES


def test_the_longest_silent_probe_is_let_go_and_handed_over() -> None:
    kept: dict[str, bytes] = {}
    control = QualityControl.standard(devices=3, forgotten=kept.__setitem__)
    row = calm(1)[0]
    for number in range(6):
        for name in ("first", f"p{number}"):
            at_us = (number + 2) * HOUR_US + (name != "first")
            control.examine(reading(row, at_us, name))
    assert set(control.known()) == {"first", "p4", "p5"}
    assert set(kept) == {"p0", "p1", "p2", "p3"}
    assert control.restore("p0", kept["p0"])
    assert len(control.known()) == 3


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),
            st.tuples(
                *[st.none() | st.floats(allow_nan=False, allow_infinity=False) for _ in CHANNELS]
            ),
        ),
        max_size=60,
    )
)
def test_any_numbers_in_any_order_are_judged(rows: list[tuple[int, Row]]) -> None:
    control = QualityControl.standard()
    judge(control, hourly(calm(60)))
    for hour, row in rows:
        verdict = control.examine(hourly([row], first=hour + 50)[0])
        assert len(verdict.flags) == len(CHANNELS)
        assert all(
            (flag == 9) == (value is None) for flag, value in zip(verdict.flags, row, strict=True)
        )
        assert all(math.isfinite(finding.value) for finding in verdict.findings)


def test_a_forgotten_probe_starts_anew_and_is_not_handed_over() -> None:
    kept: dict[str, bytes] = {}
    control = QualityControl.standard(forgotten=kept.__setitem__)
    for number, row in enumerate(calm(60)):
        for name in "abc":
            control.examine(hourly([row], name, number)[0])
    control.forget(["a", "c", "never heard of"])
    assert control.known() == ("b",)
    assert not kept
    assert [control.export(name) for name in "ac"] == [None, None]
    assert list(control.export_changed()) == ["b"]
    assert [control.siblings(name) for name in "abc"] == [0, 0, 0]
    spiky = list(calm(61)[60])
    spiky[5] = 75.0
    fresh = control.examine(hourly([spiky], "a", 60)[0])
    known = control.examine(hourly([spiky], "b", 60)[0])
    assert [fresh.flags[5], known.flags[5]] == [1, 3]
    QualityControl().forget(["a"])


def test_siblings_may_be_asked_while_another_thread_examines() -> None:
    control, stop, failed = QualityControl.standard(devices=20), threading.Event(), list[str]()

    def ask() -> None:
        while not stop.is_set():
            for number in range(30):
                try:
                    found = control.siblings(f"p{number}")
                except (RuntimeError, KeyError, IndexError) as error:
                    failed.append(repr(error))
                    return
                if not 0 <= found <= 8:
                    failed.append(str(found))

    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    asking = threading.Thread(target=ask, name="asking")
    asking.start()
    try:
        rows = calm(40)
        for number in range(6000):
            name = f"p{number % 30}" if number % 500 > 400 else f"p{number % 15}"
            control.examine(reading(rows[number % 40], START_US + number * HOUR_US, name))
            if number % 300 == 0:
                zone = {f"p{n}": "far" for n in range(number // 300 % 9)}
                control.configure(volumetric_most=None, zones=zone)
            if number % 700 == 0:
                control.forget(["p3", "p4"])
    finally:
        stop.set()
        asking.join(5.0)
        sys.setswitchinterval(interval_s)
    assert not failed
