"""Readings of a calm probe, made from a seed, with whatever a test puts into them."""

import math
import random
from collections.abc import Sequence

from harit_desktop.analysis.quality import QualityControl
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.quality import QualityEvent, Verdict
from harit_desktop.domain.reading import Reading, Source, TimeSource

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
START_US = 1_764_547_200_000_000
KEYS = tuple(CHANNEL_INDEX)
Row = list[float | None]


def calm(count: int, seed: int = 1, probe: int = 0) -> list[Row]:
    """Soil that dries slowly, with its days and the probe's noise; `probe` shifts the level."""
    rng, rows = random.Random(f"{seed}/{probe}"), list[Row]()
    for hour in range(count):
        day = math.sin(hour / 24 * math.tau)
        water = 55.0 + probe - 5.0 * math.sin(hour / 700)
        row = [
            22.0 + probe + rng.gauss(0, 0.15),
            18.0 + rng.gauss(0, 0.12),
            150.0 + rng.gauss(0, 0.7),
            600.0 + 60 * day + rng.gauss(0, 5),
            22.0 + 3 * day + rng.gauss(0, 0.05),
            water + rng.gauss(0, 0.08),
            7.0 + rng.gauss(0, 0.01),
        ]
        rows.append([round(value, 2) for value in row])
    return rows


def reading(
    row: Sequence[float | None], at_us: int, publisher_id: str = "a", retained: bool = False
) -> Reading:
    source = TimeSource.RECEIVED if retained else TimeSource.SENT
    return Reading(
        publisher_id, at_us, at_us, tuple(row), Source.MQTT, source, at_us, retained=retained
    )


def hourly(
    rows: Sequence[Sequence[float | None]],
    publisher_id: str = "a",
    first: int = 0,
    every_us: int = HOUR_US,
) -> list[Reading]:
    """One reading a row. `first` is the row number of the first one."""
    return [
        reading(row, START_US + (first + n) * every_us, publisher_id) for n, row in enumerate(rows)
    ]


def judge(control: QualityControl, readings: Sequence[Reading]) -> list[Verdict]:
    return [control.examine(one) for one in readings]


def events(verdicts: Sequence[Verdict], *kinds: str) -> list[QualityEvent]:
    found = [event for verdict in verdicts for event in verdict.events]
    return [event for event in found if not kinds or event.kind in kinds]


def codes(verdict: Verdict, channel: str) -> list[str]:
    return [finding.code for finding in verdict.findings if finding.channel == channel]


def flag(verdict: Verdict, channel: str) -> int:
    return verdict.flags[CHANNEL_INDEX[channel]]


def shift(rows: list[Row], channel: str, rows_from: int, rows_to: int, by: float) -> list[Row]:
    """The same rows with a channel moved in `rows_from` <= row < `rows_to`."""
    index = CHANNEL_INDEX[channel]
    moved = [list(row) for row in rows]
    for number in range(rows_from, rows_to):
        value = moved[number][index]
        assert value is not None
        moved[number][index] = value + by
    return moved
