"""Faults found, false alarms and time of the quality tests, on labelled series.

Every seed makes one series of each kind of field, with interval and resolution in turns, so
that six seeds make all combinations. A fault is found when an alarm of the right kind begins
in it; any other alarm of the faulty probe is false, a right one in time but wrong in kind
included. Alarms of its two healthy siblings are counted apart, and so is what is unusual for
the hour, which is no fault: by its own labelled months, and falsely of the healthy siblings.

Run: python benchmarks/quality_targets.py [--first 1] [--seeds 20] [--misses]
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import NamedTuple

import labelled_series as labelled
import msgspec
import numpy as np
import psutil

from harit_desktop.analysis.quality import QualityControl
from harit_desktop.analysis.quality.events import EventBook
from harit_desktop.analysis.quality.hours import HourTest
from harit_desktop.analysis.quality.rules import HOUR_DAYS
from harit_desktop.analysis.quality.saved import read_back
from harit_desktop.analysis.quality.state import new_device
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.quality import Change, QualityEvent
from harit_desktop.domain.reading import Reading, Source, TimeSource

KIND_OF_FAULT = {
    "spike": "spike",
    "stuck": "flatline",
    "drift": "drift",
    "step down": "drop",
    "noise": "noise",
    "dropout": "gap",
    "late": "late",
    "duplicate": "duplicate",
    "impossible": "range",
}
ITS_END = {"drift": "drop", "stuck": "drop"}
"""When the fault ends the value falls back, which is a drop, not a false alarm."""
NO_ALARM = ("jump", "jump_alone", "step", "unusual")


class Score(NamedTuple):
    """Of one seed. `found`/`made` by kind of fault."""

    found: Counter[str]
    made: Counter[str]
    false: Counter[str]
    clean_channels: float
    clean_readings: float
    sibling_alarms: float
    us: float
    hours_false: int
    hours_weeks: float
    hours_made: Counter[str]
    hours_found: Counter[str]

    @property
    def recall(self) -> float:
        return self.found.total() / self.made.total()

    @property
    def precision(self) -> float:
        return self.found.total() / max(1, self.found.total() + self.false.total())


def readings_of(series: labelled.Series) -> Iterator[tuple[int, Reading]]:
    """All probes' readings in the order of their arrival."""
    rows = [
        (float(at), probe, order, values)
        for probe, (times, matrix) in enumerate(series.probes)
        for order, (at, values) in enumerate(zip(times, matrix.tolist(), strict=True))
    ]
    rows.sort(key=lambda row: row[:3])
    for at, probe, _, values in rows:
        at_us = round(at * 1e6)
        yield (
            probe,
            Reading(
                f"probe-{probe}", at_us, at_us, tuple(values), Source.MQTT, TimeSource.SENT, at_us
            ),
        )


class Run(NamedTuple):
    events: list[list[QualityEvent]]
    flags: list[list[tuple[int, ...]]]
    us_per_reading: float


def run(series: labelled.Series, control: QualityControl) -> Run:
    rows = list(readings_of(series))
    events: list[list[QualityEvent]] = [[] for _ in series.probes]
    flags: list[list[tuple[int, ...]]] = [[] for _ in series.probes]
    begin = time.process_time()
    for probe, reading in rows:
        verdict = control.examine(reading)
        flags[probe].append(verdict.flags)
        events[probe].extend(verdict.events)
    spent = time.process_time() - begin
    return Run(events, flags, spent / len(rows) * 1e6)


def alarms(events: list[QualityEvent]) -> list[tuple[float, str, QualityEvent]]:
    return [
        (event.onset_us / 1e6, event.kind, event)
        for event in events
        if event.change is not Change.CLEARED and event.kind not in NO_ALARM
    ]


def judge(series: labelled.Series, ran: Run, misses: bool) -> Score:
    found, made, false = Counter[str](), Counter[str](), Counter[str]()
    raised = alarms(ran.events[0])
    used: set[int] = set()
    for fault, start, end in zip(series.faults, series.from_s, series.to_s, strict=True):
        made[fault.kind] += 1
        inside = [n for n, (at, _, _) in enumerate(raised) if start <= at <= end]
        right = [n for n in inside if raised[n][1] == KIND_OF_FAULT[fault.kind]]
        used.update(right)
        last = end - (labelled.RECOVERY + 1) * series.interval_s
        if fault.kind in ITS_END:
            used.update(
                n for n in inside if raised[n][1] == ITS_END[fault.kind] and raised[n][0] > last
            )
        if right:
            found[fault.kind] += 1
        elif misses:
            name = CHANNELS[fault.channel].key if fault.channel >= 0 else "all"
            print(f"  missed {fault.kind} {name} {fault.first}..{fault.last} {series.name}",
                  [raised[n][1] for n in inside])  # fmt: skip
    for number, (at, kind, event) in enumerate(raised):
        if number not in used:
            false[kind] += 1
            if misses:
                near = [f for f, s, e in zip(series.faults, series.from_s, series.to_s, strict=True)
                        if s <= at <= e]  # fmt: skip
                sample = (at - labelled.START_S) / series.interval_s
                print(f"  false {kind} {event.channels} at {sample:.0f} {series.name}",
                      event.value, event.limit, near)  # fmt: skip
    flags = np.array(ran.flags[0])
    clean = labelled.clean_mask(series)
    bad = np.isin(flags, (3, 4))[clean]
    others = sum(len(alarms(events)) for events in ran.events[1:])
    healthy = sum(len(one) for one in ran.flags[1:])
    unusual = sum(len(unusual_onsets(events)) for events in ran.events[1:])
    days = [(times[-1] - times[0]) / labelled.DAY_S for times, _ in series.probes[1:]]
    weeks = sum(max(0.0, one - HOUR_DAYS) / 7 for one in days)
    return Score(
        found, made, false, float(bad.mean()), float(bad.any(axis=1).mean()),
        1000 * others / healthy, ran.us_per_reading / CHANNEL_COUNT,
        unusual, weeks, Counter(), Counter(),
    )  # fmt: skip


def unusual_onsets(events: list[QualityEvent]) -> list[float]:
    return [
        event.onset_us / 1e6
        for event in events
        if event.kind == "unusual" and event.change is not Change.CLEARED
    ]


def judge_hours(score: Score, turn: int, seed: int, kind: str, misses: bool) -> None:
    """Adds the two labelled months of a kind of field to its score."""
    interval = labelled.INTERVALS_MIN[1 + turn % 2]
    resolution = list(labelled.RESOLUTIONS)[turn // 2 % 2]
    for case in labelled.UNUSUAL_CASES:
        one = labelled.make_unusual(case, kind, interval, resolution, seed)
        series = labelled.Series(one.name, [(one.times, one.values)], [], [], [], interval * 60.0)
        onsets = unusual_onsets(run(series, QualityControl.standard()).events[0])
        score.hours_made[case] += 1
        if any(one.from_s - series.interval_s <= onset <= one.to_s for onset in onsets):
            score.hours_found[case] += 1
        elif misses:
            print(f"  missed {one.name}")


def joined(scores: list[Score]) -> Score:
    return Score(
        sum((s.found for s in scores), Counter[str]()),
        sum((s.made for s in scores), Counter[str]()),
        sum((s.false for s in scores), Counter[str]()),
        statistics.mean(s.clean_channels for s in scores),
        statistics.mean(s.clean_readings for s in scores),
        statistics.mean(s.sibling_alarms for s in scores),
        statistics.mean(s.us for s in scores),
        sum(s.hours_false for s in scores),
        sum(s.hours_weeks for s in scores),
        sum((s.hours_made for s in scores), Counter[str]()),
        sum((s.hours_found for s in scores), Counter[str]()),
    )


def of_seed(seed: int, misses: bool) -> list[Score]:
    scores = []
    for number, kind in enumerate(labelled.KINDS):
        turn = seed + number
        interval = labelled.INTERVALS_MIN[turn % 3]
        resolution = list(labelled.RESOLUTIONS)[(turn // 3) % 2]
        series = labelled.make(kind, interval, resolution, seed)
        scores.append(judge(series, run(series, QualityControl.standard()), misses))
        judge_hours(scores[-1], turn, seed, kind, misses)
    return scores


def line(name: str, mean: float, worst: float, wanted: str) -> None:
    print(f"{name:<42}{mean:>9.3f}{worst:>9.3f}   {wanted}")


def report(seeds: list[Score]) -> None:
    total = joined(seeds)
    print(
        f"{len(seeds)} seeds, {total.made.total()} faults\n{'':<42}{'mean':>9}{'worst':>9}   target"
    )
    rate = [s.recall for s in seeds]
    line("recall", statistics.mean(rate), min(rate), ">= 0.95")
    rate = [s.precision for s in seeds]
    line("precision", statistics.mean(rate), min(rate), ">= 0.85")
    rate = [100 * s.clean_channels for s in seeds]
    line("clean time in alarm, a channel, %", statistics.mean(rate), max(rate), "< 0.5")
    rate = [100 * s.clean_readings for s in seeds]
    line("clean time in alarm, any channel, %", statistics.mean(rate), max(rate), "")
    rate = [s.sibling_alarms for s in seeds]
    line("alarms of healthy siblings, per 1000", statistics.mean(rate), max(rate), "")
    rate = [s.us for s in seeds]
    line("us per reading per channel", statistics.mean(rate), max(rate), "< 7")
    print("recall by kind of fault")
    for kind in labelled.FAULT_KINDS:
        rate = [s.found[kind] / s.made[kind] for s in seeds if s.made[kind]]
        wanted = ">= 0.7" if kind == "drift" else ">= 0.95"
        line(f"  {kind} ({total.made[kind]})", statistics.mean(rate), min(rate), wanted)
    print("false alarms by kind:", dict(total.false.most_common()))
    rate = [s.hours_false / s.hours_weeks for s in seeds]
    print("unusual for the hour")
    line("  false, per device and week", statistics.mean(rate), max(rate), "< 1")
    for case in labelled.UNUSUAL_CASES:
        rate = [s.hours_found[case] / s.hours_made[case] for s in seeds]
        line(f"  {case} ({total.hours_made[case]})", statistics.mean(rate), min(rate), "")
    cost()


def cost() -> None:
    """What the hours of the day cost a channel, and what it remembers in all."""
    spent = {minutes: min(hours_us(minutes) for _ in range(3)) for minutes in (1, 10, 60)}
    told = ", ".join(f"{us:.2f} every {minutes} min" for minutes, us in spent.items())
    print(f"us per reading per channel for the hour of day: {told} (wanted: 0.3)")
    control = QualityControl.standard()
    series = labelled.make_unusual("pump", "monsoon", 10, "fine", 1)
    for _, reading in readings_of(
        labelled.Series("", [(series.times, series.values)], [], [], [], 600.0)
    ):
        control.examine(reading)
    saved = control.export("probe-0") or b""
    state = read_back(saved)
    assert state is not None
    size = max(deep_size(channel) for channel in state.channels)
    print(f"state a channel: {size} bytes in memory, {len(saved) // CHANNEL_COUNT} saved (< 4096)")


def deep_size(value: object) -> int:
    if isinstance(value, int) and -5 <= value <= 256:
        return 0  # Small numbers exist once for all.
    size = sys.getsizeof(value)
    if is_dataclass(value):
        size += sum(deep_size(getattr(value, part.name)) for part in fields(value))
    elif isinstance(value, list):
        size += sum(deep_size(part) for part in value)
    return size


def hours_us(interval_min: int) -> float:
    """The test alone, over ten days of one probe."""
    series = labelled.make_unusual("pump", "monsoon", interval_min, "fine", 1, days=10)
    device, book, test = new_device(), EventBook(), HourTest()
    for channel in device.channels:
        channel.watched = False
    rows = [
        (round(at * 1e6), tuple(values))
        for at, values in zip(series.times, series.values.tolist(), strict=True)
    ]
    begin = time.process_time()
    for at_us, values in rows:
        test.judge(device, values, at_us, (), book)
    return (time.process_time() - begin) / len(rows) / CHANNEL_COUNT * 1e6


def memory(readings: int) -> None:
    """Of a million readings: three probes for good, and new ones again and again."""
    series = labelled.make("monsoon", 10, "fine", 1)
    rows, control = [row for _, row in readings_of(series)], QualityControl.standard()
    span_us = rows[-1].timestamp_us - rows[0].timestamp_us + 600_000_000
    for number in range(readings):
        turn, one = divmod(number, len(rows))
        reading = rows[one]
        name = f"guest-{number // 10}" if number % 10 == 0 else reading.publisher_id
        at_us = reading.timestamp_us + turn * span_us
        control.examine(msgspec.structs.replace(reading, publisher_id=name, timestamp_us=at_us))
        if (number + 1) % (readings // 10) == 0:
            size_mb = psutil.Process().memory_info().rss / 1e6
            print(f"{number + 1:>9} readings {size_mb:8.1f} MB, {len(control.known())} probes")
    state = max(len(control.export(name) or b"") for name in control.known())
    print(f"largest saved state: {state} bytes a probe, {state / CHANNEL_COUNT:.0f} a channel")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--misses", action="store_true", help="name each miss and false alarm")
    parser.add_argument("--memory", type=int, metavar="READINGS", help="flat over so many?")
    given = parser.parse_args()
    if given.memory:
        memory(given.memory)
        return
    seeds = range(given.first, given.first + given.seeds)
    report([joined(of_seed(seed, given.misses)) for seed in seeds])


if __name__ == "__main__":
    main()
