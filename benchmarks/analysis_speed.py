"""What judging a reading costs: quality tests and index together, and what they remember.

    python benchmarks/analysis_speed.py [--readings 1000000] [--devices 100] [--alone]

Soil under sun and rain with the noise and resolution of cheap probes, a reading a minute from
each device; the first device has laboratory values and a two-point calibration. Times are the
thread's own processor time, in microseconds, after every probe has learned its usual movement:
of one reading by itself, and amortised over batches of 200, while the search for reference
cycles rests as it does in the program's storing thread. All devices are in one zone, so each
is compared with its neighbours for drift; `--alone` gives each a zone of its own. Then the
size of a probe's state per channel (as saved, and as objects in memory), and the memory of the
process while the rest of the readings are judged.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Iterator
from itertools import islice
from math import pi, sin
from random import Random

import msgspec
import psutil

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.quality import QualityControl
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_COUNT
from harit_desktop.domain.device_book import Calibration, CalibrationKind
from harit_desktop.domain.reading import Reading, Source, TimeSource

START_US = 1_764_547_200_000_000
MINUTE_US = 60_000_000
DAY_MINUTES = 1440
BATCH = 200
LEARNED = 600
SINGLES, BATCHES = 40_000, 300
MILLION = 1_000_000
SEED = 20_251_202
STEPS = (0.1, 0.1, 1.0, 1.0, 0.1, 0.1, 0.01)
NOISE = (0.2, 0.2, 0.6, 4.0, 0.05, 0.1, 0.01)
MIDDLE = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
WITH_WATER = (0.2, 0.15, 1.2, 0.0, 0.0, 1.0, 0.0)


def calibrations(device: str) -> Iterator[Calibration]:
    for key, probe, true in (("N", 22.0, 30.0), ("P", 18.0, 12.0), ("K", 150.0, 140.0)):
        point = ((probe, true),)
        yield Calibration(device, key, CalibrationKind.LABORATORY, START_US, point, START_US)
    line = ((10.0, 8.0), (60.0, 55.0))
    yield Calibration(device, "Moisture", CalibrationKind.TWO_POINT, START_US, line, START_US)


def readings(devices: int) -> Iterator[Reading]:
    """Without end: each minute one of each device."""
    rng = Random(SEED)
    names = [f"probe-{n:03}" for n in range(devices)]
    wet = [rng.uniform(-4, 4) for _ in names]
    minute = 0
    while True:
        warm = 3.0 * sin(2 * pi * minute / DAY_MINUTES)
        rain = rng.random() < 0.5 / DAY_MINUTES
        for n, name in enumerate(names):
            wet[n] = min(12.0, wet[n] + 8.0) if rain else wet[n] - (wet[n] + 6.0) / 8000
            at_us = START_US + minute * MINUTE_US + n * 1000
            values = tuple(
                round((m + share * wet[n] + warm * (i == 4) + rng.gauss(0.0, noise)) / s) * s
                for i, (m, share, noise, s) in enumerate(
                    zip(MIDDLE, WITH_WATER, NOISE, STEPS, strict=True)
                )
            )
            yield Reading(name, at_us, at_us, values, Source.MQTT, TimeSource.SENT, at_us)
        minute += 1


def held_bytes(thing: object, seen: set[int]) -> int:
    """Of an object and all that it alone can reach, classes and shared constants left out."""
    shared = thing is None or (isinstance(thing, int) and -5 <= thing <= 256)
    if shared or id(thing) in seen or isinstance(thing, type):
        return 0
    seen.add(id(thing))
    return sys.getsizeof(thing) + sum(held_bytes(one, seen) for one in parts_of(thing))


def parts_of(thing: object) -> list[object]:
    """The collector can be asked only about what it may follow, which a `msgspec.Struct` with
    `gc=False` is not."""
    if isinstance(thing, msgspec.Struct):
        return [getattr(thing, name) for name in thing.__struct_fields__]
    return gc.get_referents(thing)


def percentile(sorted_values: list[int], share: float) -> float:
    return sorted_values[int(share * (len(sorted_values) - 1))] / 1000


def control_of(devices: int, *, alone: bool) -> QualityControl:
    names = [f"probe-{n:03}" for n in range(devices)]
    return QualityControl.standard(
        devices=devices, zones=dict(zip(names, names, strict=True)) if alone else {}
    )


def timed(engine: AnalysisEngine, control: QualityControl, devices: int) -> None:
    stream = readings(devices)
    for reading in islice(stream, devices * LEARNED):
        control.examine(reading)
    clock = time.thread_time_ns
    singles: list[int] = []
    for reading in list(islice(stream, SINGLES)):
        began = clock()
        engine.analyse(reading, control.examine(reading))
        singles.append(clock() - began)
    batches: list[int] = []
    for _ in range(BATCHES):
        batch = list(islice(stream, BATCH))
        began = clock()
        for reading in batch:
            engine.analyse(reading, control.examine(reading))
        batches.append((clock() - began) // BATCH)
    singles.sort()
    batches.sort()
    mean = sum(batches) / len(batches) / 1000
    print(
        f"| {engine.profile.id:<8} | {percentile(singles, 0.5):6.1f} | "
        f"{percentile(singles, 0.99):6.1f} | {mean:6.1f} | {percentile(batches, 0.99):6.1f} |"
    )


def remembered(control: QualityControl) -> None:
    saved = [control.export(name) or b"" for name in control.known()]
    size = max(map(len, saved)) / CHANNEL_COUNT
    held = held_bytes(control, set()) / len(saved) / CHANNEL_COUNT
    print(f"\nstate per channel: {size:.0f} bytes saved, {held:.0f} bytes in memory (mean)")


def flat(engine: AnalysisEngine, control: QualityControl, devices: int, count: int) -> None:
    process = psutil.Process()
    print("\n| readings | memory MB |\n|---|---|")
    stream = readings(devices)
    step = max(1, count // 10)
    for done in range(0, count, step):
        for reading in islice(stream, step):
            engine.analyse(reading, control.examine(reading))
        print(f"| {done + step} | {process.memory_info().rss / 1e6:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readings", type=int, default=MILLION)
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--alone", action="store_true", help="no device has a neighbour")
    chosen = parser.parse_args()
    corrections = Corrections(calibrations("probe-000"))
    print("| profile | one, p50 | one, p99 | in 200, mean | in 200, p99 |")
    print("|---|---|---|---|---|")
    engines = [AnalysisEngine(name, corrections=corrections) for name in ("classic", "wheat")]
    gc.disable()
    for engine in engines:
        control = control_of(chosen.devices, alone=chosen.alone)
        timed(engine, control, chosen.devices)
    gc.enable()
    remembered(control)
    flat(
        engines[1], control_of(chosen.devices, alone=chosen.alone), chosen.devices, chosen.readings
    )


if __name__ == "__main__":
    main()
