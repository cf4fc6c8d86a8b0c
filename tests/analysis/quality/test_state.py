"""What is remembered: saved and read back without a difference, bounded, and per probe."""

import math
import random
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.analysis.quality import QualityControl
from harit_desktop.analysis.quality.state import ChannelState
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import Reading
from tests.analysis.quality.series import HOUR_US, Row, calm, hourly, judge, reading, shift

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


@pytest.mark.parametrize("saved", [b"", b"\xff", msgspec.msgpack.encode([1, [], []])])
def test_what_cannot_be_read_is_refused(saved: bytes) -> None:
    control = QualityControl.standard()
    assert not control.restore("a", saved)
    assert control.known() == ()


def test_a_state_of_another_version_is_refused() -> None:
    control = QualityControl.standard()
    judge(control, hourly(calm(50)))
    saved = msgspec.msgpack.decode(control.export("a") or b"")
    assert not control.restore("b", msgspec.msgpack.encode([saved[0] + 1, *saved[1:]]))
    assert control.restore("b", msgspec.msgpack.encode(saved))


def test_a_channels_state_is_small() -> None:
    control = QualityControl.standard()
    judge(control, lived(7, "a"))
    saved = control.export("a")
    assert saved is not None
    assert len(saved) < STATE_BYTES
    fields = len(ChannelState.__struct_fields__)
    in_memory = sys.getsizeof(ChannelState()) + fields * sys.getsizeof(1.5)
    assert in_memory < STATE_BYTES


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
