"""What holds for any values in any order."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.alerting.conditions import Bounds, Turn, Watch
from harit_desktop.domain.alert import AlertChange, AlertRule
from harit_desktop.domain.clock import US_PER_S
from tests.alerting.farm import NOON_US, Farm, reading_at

RULES = st.builds(
    AlertRule,
    id=st.just("r"),
    channel=st.just("Moisture"),
    low=st.sampled_from([None, 20.0, 30.0]),
    high=st.sampled_from([60.0, 80.0]),
    on_delay_s=st.sampled_from([0.0, 60.0, 300.0]),
    on_readings=st.integers(1, 4),
    off_delay_s=st.sampled_from([0.0, 300.0]),
    hysteresis_percent=st.sampled_from([0.0, 5.0, 50.0]),
)
VALUES = st.floats(0, 100, allow_nan=False)
STEPS_S = st.integers(1, 4000)


def watch_of(rule: AlertRule) -> tuple[Watch, Bounds]:
    bounds = Bounds(rule.low, rule.high, rule.hysteresis_percent, 60.0)
    return Watch(rule, bounds), bounds


@given(RULES, st.lists(st.tuples(STEPS_S, VALUES), max_size=120))
def test_it_is_raised_and_over_in_turns(rule: AlertRule, walk: list[tuple[int, float]]) -> None:
    watch, bounds = watch_of(rule)
    at_us, turns = NOON_US, []
    for step_s, value in walk:
        at_us += step_s * US_PER_S
        turn = watch.feed(value, at_us)
        if turn is Turn.RAISED:
            assert bounds.broken(value) is not None
            assert at_us - watch.onset_us >= rule.on_delay_s * US_PER_S
        if turn in (Turn.RAISED, Turn.ENDED):
            turns.append(turn)
    assert turns[::2] == [Turn.RAISED] * len(turns[::2])
    assert turns[1::2] == [Turn.ENDED] * len(turns[1::2])
    assert watch.active == (len(turns) % 2 == 1)


@given(RULES, st.lists(st.floats(0, 1), max_size=100))
def test_no_flapping_within_the_deadband(rule: AlertRule, walk: list[float]) -> None:
    watch, bounds = watch_of(rule)
    at_us = NOON_US
    while not watch.active:
        at_us += 60 * US_PER_S
        watch.feed(99.0, at_us)
    high = bounds.high or 0.0
    deadband = high - max(v / 100 for v in range(int(high * 100)) if bounds.is_well_inside(v / 100))
    for place in walk:
        at_us += 600 * US_PER_S
        # Only what is above the well-inside limit, and not beyond the worst so far.
        value = high - place * max(0.0, deadband - 0.02)
        if not bounds.is_well_inside(value):
            assert watch.feed(value, at_us) is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.integers(1, 1800),
            VALUES,
            st.sampled_from(["feed", "feed", "feed", "late", "restart", "edit", "mute", "ack"]),
        ),
        max_size=80,
    )
)
def test_whatever_happens_the_log_makes_sense(
    steps: list[tuple[str, int, float, str]],
) -> None:
    first, second = play(steps), play(steps)
    assert first.stored == second.stored, "the same again gives the same alerts"
    assert first.log == second.log
    changes = defaultdict(list)
    for alert_id, change, _ in first.log:
        changes[alert_id].append(change)
    assert set(changes) == set(first.stored)
    spans = defaultdict(list)
    for alert_id, alert in first.stored.items():
        assert changes[alert_id][0] is AlertChange.RAISED
        assert changes[alert_id].count(AlertChange.RAISED) == 1
        ends = changes[alert_id].count(AlertChange.ENDED)
        assert ends == (alert.ended_us is not None)
        if alert.publisher_id:
            spans[alert.publisher_id].append((alert.raised_us, alert.ended_us))
    for found in spans.values():
        assert sum(ended is None for _, ended in found) <= 1
        for before, after in pairwise(sorted(found, key=lambda one: one[0])):
            assert before[1] is not None, "one at a time"
            assert before[1] <= after[0]
    told = [one.alert.id for one in first.told if not one.ended]
    assert len(told) == len(set(told))


def play(steps: list[tuple[str, int, float, str]]) -> Farm:
    rule = AlertRule(id="moisture", channel="Moisture", on_readings=2)
    farm = Farm(rule)
    told = farm.told
    for device, step_s, value, what in steps:
        farm.now_us += step_s * US_PER_S
        if what == "restart":
            farm = Farm(rule, before=farm)
            farm.told = told
        elif what == "edit":
            farm.use(rule, limits={"Moisture": (value / 2, 50 + value / 2)})
        elif what in ("mute", "ack"):
            for alert in farm.active:
                if what == "mute":
                    farm.manager.desk.mute(alert.id, farm.now_us + 600 * US_PER_S, "p", farm.now_us)
                else:
                    farm.manager.desk.acknowledge([alert.id], "p", farm.now_us)
            farm.look()
        else:
            late_us = 20_000 * US_PER_S if what == "late" else 0
            farm.feed(reading_at(farm.now_us - late_us, device, Moisture=value))
    farm.wait(30, 5)
    return farm
