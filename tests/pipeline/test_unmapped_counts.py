"""Messages that nobody has mapped are counted apart from those that are bad."""

from __future__ import annotations

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import (
    MessageRecord,
    Origin,
    Outcome,
    RawMessage,
    Rejected,
    Rejection,
)
from harit_desktop.pipeline.metrics import PipelineMetrics

NOW_US = 1_790_000_000_000_000
UNKNOWN = Problem("not_mapped", {"why": "no_object"})
NAN = Problem("not_mapped", {"why": "no_measurement", "family": "esphome"})
BAD = Problem("not_json", {"byte": 3})


def count(
    metrics: PipelineMetrics,
    *problems: Problem | None,
    again: bool = False,
    received_us: int = NOW_US,
) -> None:
    items, records = [], []
    for problem in problems:
        rejected = Rejected(7) if again else None
        message = RawMessage("t", b"{}", received_us, rejected=rejected)
        items.append(CommitItem(message, rejection=Rejection(problem or UNKNOWN)))
        outcome = Outcome.REJECTED if problem is not None else Outcome.STORED
        records.append(
            MessageRecord(1, received_us, Origin.MQTT, "t", "", 0, False, outcome, 2, problem)
        )
    metrics.count([record.outcome for record in records], None, len(records))
    metrics.count_unmapped(items, records)


def test_unmapped_and_empty_messages_are_not_rejected_ones() -> None:
    metrics = PipelineMetrics(lambda: NOW_US)
    count(metrics, UNKNOWN, BAD, NAN, UNKNOWN)
    assert (metrics.rejected, metrics.not_mapped) == (1, 2)


def test_what_is_understood_at_another_try_does_not_wait_any_more() -> None:
    metrics = PipelineMetrics(lambda: NOW_US)
    count(metrics, UNKNOWN, UNKNOWN, UNKNOWN)
    count(metrics, UNKNOWN, again=True)
    assert (metrics.rejected, metrics.not_mapped) == (0, 3)
    count(metrics, None, None, again=True)
    assert (metrics.rejected, metrics.not_mapped) == (0, 1)
    count(metrics, None, again=True, received_us=NOW_US - 1)
    assert metrics.not_mapped == 1
