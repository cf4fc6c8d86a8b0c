"""How much the soil-health index hangs on its judgement calls.

    python benchmarks/index_sensitivity.py [--readings 2000]

Each call is changed by half, down and up, and the same readings are judged again: farms of
middling soil, each channel by itself, some too dry, too cold or too sour. A line of Harit
Condition covers the generic profile and the eight crops, with CO2 inside the soil so that its
weight tells. Printed, down and up: the mean and the 95th percentile of the change in points,
the share of readings that get another band, and the worked example (generic profile). Before
that, the worked example under every profile as a bare probe would give it.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator, Sequence
from math import exp
from random import Random
from unittest.mock import patch

from msgspec.structs import replace

from harit_desktop.analysis import condition, soil_health
from harit_desktop.analysis.confidence import reliabilities
from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.judgement import rounded
from harit_desktop.analysis.meaning import ChannelMeaning
from harit_desktop.analysis.profiles import BUILT_IN, load_profile
from harit_desktop.analysis.schema import ClassicProfile, ConditionProfile
from harit_desktop.domain.analysis import band_of
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX, CHANNELS

EXAMPLE = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
PASSES = (1,) * CHANNEL_COUNT
SEED = 20_251_202
FARM = ((22, 9), (15, 7), (140, 50), (520, 90), (24, 7), (50, 17), (7.0, 0.8))
"""Middle and standard deviation of each channel."""
SOIL_AIR_PPM, SOIL_AIR_SIGMA = 5000.0, 1.2
"""Median and spread (of the logarithm) of CO2 inside the soil."""
BARE = reliabilities()
IN_SOIL = ChannelMeaning(co2_location="in_soil")
FIELDS = ("nitrogen", "phosphorus", "potassium", "co2", "temperature", "moisture", "ph")
HALVES = (0.5, 1.5)

Values = tuple[float, ...]
Judge = Callable[[Values], float]


def drawn(count: int, *, in_soil: bool) -> list[Values]:
    rng = Random(SEED)
    found = []
    for _ in range(count):
        values = [
            min(max(rng.gauss(*spread), channel.sensor_min), channel.sensor_max)
            for channel, spread in zip(CHANNELS, FARM, strict=True)
        ]
        air = min(SOIL_AIR_PPM * exp(rng.gauss(0.0, SOIL_AIR_SIGMA)), 200_000.0)
        if in_soil:
            values[CHANNEL_INDEX["CO2"]] = air
        found.append(tuple(values))
    return found


def judge_of(scale: condition.ConditionScale) -> Judge:
    def judged(values: Values) -> float:
        return condition.index_of(condition.counted(values, PASSES, scale))

    return judged


def condition_judges(profiles: Sequence[ConditionProfile], trust: Values = BARE) -> list[Judge]:
    return [judge_of(condition.scale_of(profile, IN_SOIL, trust)) for profile in profiles]


def reweighted(profile: ConditionProfile, field: str, factor: float) -> ConditionProfile:
    found = getattr(profile.channels, field)
    changed = replace(found, weight=found.weight * factor)
    return replace(profile, channels=replace(profile.channels, **{field: changed}))


def classic_judge(profile: ClassicProfile) -> Judge:
    scale = soil_health.scale_of(profile)

    def judged(values: Values) -> float:
        found = soil_health.score(values, PASSES, scale)
        assert found is not None
        return found

    return judged


def indexes(judges: Sequence[Judge], readings: Sequence[Values]) -> list[float]:
    return [judge(values) for judge in judges for values in readings]


def change(before: Sequence[float], after: Sequence[float], example: float) -> str:
    moved = [abs(b - a) for a, b in zip(before, after, strict=True)]
    other = [
        band_of(rounded(a)) is not band_of(rounded(b)) for a, b in zip(before, after, strict=True)
    ]
    p95 = statistics.quantiles(moved, n=20)[-1]
    return (
        f"{statistics.fmean(moved):4.1f} | {p95:4.1f} | {100 * statistics.fmean(other):3.0f} % "
        f"| {rounded(example)}"
    )


def condition_lines(readings: Sequence[Values]) -> Iterator[tuple[str, list[str]]]:
    names = [name for name in BUILT_IN if name != "classic"]
    profiles = [p for p in map(load_profile, names) if isinstance(p, ConditionProfile)]
    base = indexes(condition_judges(profiles), readings)

    def line(judges: Sequence[Judge]) -> str:
        return change(base, indexes(judges, readings), judges[0](EXAMPLE))

    for channel, field in zip(CHANNELS, FIELDS, strict=True):
        yield (
            f"weight of {channel.key}",
            [line(condition_judges([reweighted(p, field, f) for p in profiles])) for f in HALVES],
        )
    yield (
        "reliability of N, P and K",
        [
            line(condition_judges(profiles, (*(q * f for q in BARE[:3]), 1, 1, 1, 1)))
            for f in HALVES
        ],
    )
    weakest = []
    for factor in HALVES:
        share = 0.3 * factor
        with (
            patch.object(condition, "WEAKEST_SHARE", share),
            patch.object(condition, "MEAN_SHARE", 1 - share),
        ):
            weakest.append(line(condition_judges(profiles)))
    yield "share of the weakest, 0.3", weakest


def classic_lines(readings: Sequence[Values]) -> Iterator[tuple[str, list[str]]]:
    profile = load_profile("classic")
    assert isinstance(profile, ClassicProfile)
    base = indexes([classic_judge(profile)], readings)

    def line(changed: ClassicProfile) -> str:
        judge = classic_judge(changed)
        return change(base, indexes([judge], readings), judge(EXAMPLE))

    for channel in CHANNELS:
        found = profile.channels[channel.key]
        yield (
            f"weight of {channel.key}",
            [
                line(
                    replace(
                        profile,
                        channels=profile.channels
                        | {channel.key: replace(found, weight=found.weight * f)},
                    )
                )
                for f in HALVES
            ],
        )
    yield (
        "score at the edge, 25",
        [line(replace(profile, edge_score=25.0 * f)) for f in HALVES],
    )


def table(title: str, lines: Iterator[tuple[str, list[str]]]) -> None:
    print(f"\n{title}\n")
    print("| changed | -50 %: mean | p95 | band | example | +50 %: mean | p95 | band | example |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, (down, up) in lines:
        print(f"| {name} | {down} | {up} |")


def examples() -> None:
    """The worked example under every profile, from the engine itself."""
    print("\nWorked example\n")
    print("| profile | index | 90 % interval | points lost |\n|---|---|---|---|")
    for name in BUILT_IN:
        engine = AnalysisEngine(name)
        found = engine.explain(EXAMPLE, PASSES)
        parts = sorted(found.contributions, key=lambda part: -part.lost)
        lost = [f"{p.channel} {p.lost:.1f}" for p in parts if p.lost >= 0.05]
        if found.ceiling_loss:
            lost.append(f"scale {found.ceiling_loss:.1f}")
        span = engine.interval(EXAMPLE, PASSES)
        between = "" if span is None else f"{rounded(span[0])} to {rounded(span[1])}"
        print(f"| {name} | {rounded(found.index)} | {between} | {', '.join(lost)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readings", type=int, default=2000)
    count = parser.parse_args().readings
    examples()
    table("Harit Condition", condition_lines(drawn(count, in_soil=True)))
    table("Harit Classic", classic_lines(drawn(count, in_soil=False)))


if __name__ == "__main__":
    main()
