"""The server's readings as those that are judged again, and their new judgements as SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS
from harit_desktop.storage.mysql.tables import EXACT_COLUMNS, READINGS, exact_values
from harit_desktop.storage.rejudging import (
    FLAGS_AT,
    JUDGED_COLUMNS,
    JUDGEMENT_AT,
    READING_FIELDS,
    VALUES_AT,
    Judged,
)
from harit_desktop.storage.rows import factors_text
from harit_desktop.storage.schema import quality_column


def columns(*, adopted: bool) -> str:
    """A row in the order that `rejudged` takes."""
    flags = ", ".join(map(quality_column, CHANNELS))
    fields = ", ".join(READING_FIELDS)
    values = exact_values(adopted=adopted)
    return f"id, reading_key, {fields}, {values}, {flags}, {judgement_columns(adopted=adopted)}"


def judgement_columns(*, adopted: bool) -> str:
    """What `judged_of` takes."""
    score = "anomaly_score"
    if adopted:
        score = f"COALESCE({EXACT_COLUMNS[score]}, {score})"
    # An expression is given in full, a FLOAT by itself with six digits.
    return ", ".join(
        f"{score} + 0e0" if name == "anomaly_score" else name for name in JUDGED_COLUMNS
    )


def as_journal(row: Sequence[Any]) -> list[Any]:
    """A server's row as the journal would have it."""
    found = list(row)
    found[1] = bytes(found[1])
    for position in range(CHANNEL_COUNT):
        if found[FLAGS_AT + position] is None:
            missing = found[VALUES_AT + position] is None
            found[FLAGS_AT + position] = int(Flag.MISSING if missing else Flag.PASS)
    found[JUDGEMENT_AT:] = judged_of(found[JUDGEMENT_AT:])
    return found


def judged_of(stored: Sequence[Any]) -> Judged:
    """The judgement of a row; some servers write JSON in their own way."""
    judgement = Judged(*stored)
    try:
        factors = json.loads(judgement.factors or "[]")
    except ValueError:
        return judgement
    if not isinstance(factors, list):
        return judgement
    return judgement._replace(factors=factors_text(tuple(map(str, factors))))


def update(count: int, *, adopted: bool) -> str:
    """One statement for `count` rows, given as id and judgement each.

    Old tables may have a time that follows every change unless it is told not to.
    """
    names = ", ".join(f"%s AS {name}" for name in ("id", *JUDGED_COLUMNS))
    rest = f"SELECT {', '.join(['%s'] * (1 + len(JUDGED_COLUMNS)))}"
    rows = " UNION ALL ".join([f"SELECT {names}", *[rest] * (count - 1)])
    targets = {name: name for name in JUDGED_COLUMNS}
    if adopted:
        targets[EXACT_COLUMNS["anomaly_score"]] = "anomaly_score"
    changes = ", ".join(f"r.{name} = v.{source}" for name, source in targets.items())
    return (
        f"UPDATE ({rows}) AS v STRAIGHT_JOIN {READINGS} AS r ON r.id = v.id"  # noqa: S608 - names of ours
        f" SET r.`timestamp` = r.`timestamp`, {changes}"
    )
