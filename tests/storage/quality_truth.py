"""The quality of a day as it must be, counted the slow way, and readings to count."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low

from msgspec.structs import replace

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.quality import QualityDay
from harit_desktop.domain.reading import Source
from tests.storage.builders import START_US, make_item

KEYS = [channel.key for channel in CHANNELS]
CODES = ("range.low", "spike.returned", "stuck.same")


def flagged(
    number: int,
    flags: Sequence[int] = (1,) * CHANNEL_COUNT,
    publisher_id: str = "probe",
    code: str = "range.low",
    source: Source = Source.MQTT,
) -> CommitItem:
    """The reading of second `number` with these flags and the reasons that belong to them."""
    values = tuple(None if flag == 9 else 20.0 + number % 7 for flag in flags)
    item = make_item(number, publisher_id, values, source, flags=tuple(flags))
    assert item.analysed is not None
    reasons = tuple((key, code) for key, flag in zip(KEYS, flags, strict=True) if flag in (3, 4))
    analysis = replace(item.analysed.analysis, reasons=reasons)
    return replace(item, analysed=replace(item.analysed, analysis=analysis))


def any_flagged(chance: random.Random, number: int, publisher_id: str = "probe") -> CommitItem:
    """Mostly sound."""
    flags = [chance.choice((1,) * 20 + (2, 3, 4, 9)) for _ in KEYS]
    source = chance.choice((Source.MQTT, Source.SIMULATOR))
    return flagged(number, flags, publisher_id, chance.choice(CODES), source)


def slow_day(
    items: Sequence[CommitItem], publisher_id: str, from_us: int, to_us: int
) -> QualityDay:
    """Counted reading by reading."""
    own = [item.analysed for item in items if item.analysed is not None]
    own = [one for one in own if one.reading.publisher_id == publisher_id]
    rows = [one for one in own if from_us <= one.reading.timestamp_us < to_us]
    flags = [one.analysis.flags for one in rows]
    reasons = Counter(reason for one in rows for reason in one.analysis.reasons)
    ordered = sorted(reasons.items(), key=lambda r: (-r[1], KEYS.index(r[0][0]), r[0][1]))
    times = sorted({one.reading.timestamp_us for one in own})
    return QualityDay(
        publisher_id=publisher_id,
        from_us=from_us,
        to_us=to_us,
        readings=len(rows),
        good=sum(3 not in one and 4 not in one for one in flags),
        suspect=tuple(sum(one[n] == 3 for one in flags) for n in range(CHANNEL_COUNT)),
        failed=tuple(sum(one[n] == 4 for one in flags) for n in range(CHANNEL_COUNT)),
        missing=tuple(sum(one[n] == 9 for one in flags) for n in range(CHANNEL_COUNT)),
        reasons=tuple((*reason, count) for reason, count in ordered),
        silent_s=_slow_silence_us(times, from_us, to_us) / US_PER_S,
    )


def _slow_silence_us(times: list[int], from_us: int, to_us: int) -> int:
    inside = [time_us for time_us in times if from_us <= time_us < to_us]
    steps = [b - a for a, b in pairwise(inside)]
    assert len(inside) >= 3
    usual_us = median_low(steps)
    silent_us = 0
    for a, b in pairwise(times):
        if b - a > 3 * usual_us:
            silent_us += max(0, min(b, to_us) - max(a + usual_us, from_us))
    return silent_us


def seconds_us(number: float) -> int:
    return START_US + round(number * US_PER_S)
