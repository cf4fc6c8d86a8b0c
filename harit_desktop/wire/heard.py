"""What other programs say that is no reading: their analyses and their status."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Heard, HeardKind, Rejection
from harit_desktop.wire.identifiers import identifier_fault
from harit_desktop.wire.reasons import Reason, Refused, elide
from harit_desktop.wire.strict_json import parse_object

MAX_FACTORS = 16
_INDEX_KEYS = ("soil_health_index", "health_index")
_STATUS_WORDS = frozenset({"online", "offline", "connected"})
_SCORE_LIMIT = 1e6


class HeardAnalysis(msgspec.Struct, frozen=True):
    """Another program's judgement, field by field; None (or empty) for what it did not say or
    said in no way that can be shown. `index` is 0..100; texts are short and one line each."""

    publisher_id: str = ""
    timestamp: str | None = None
    index: float | None = None
    status: str | None = None
    is_anomalous: bool | None = None
    anomaly_score: float | None = None
    critical_factors: tuple[str, ...] = ()
    simulated: bool = False


class HeardStatus(msgspec.Struct, frozen=True):
    """Another program's word about itself; `status` is online, offline or connected."""

    status: str
    publisher_id: str = ""
    message: str | None = None
    timestamp: str | None = None


def judge_heard(tree: dict[str, Any], flaw: Problem | None) -> Heard | Rejection | None:
    """What a parsed message is by what is in it; the topic does not matter. None: neither.

    An analysis has an `analysis` object, or the index at the top. A status has one of the
    three words and besides only texts: anything with numbers or objects in it may be a probe's
    message of a format that nobody has mapped yet.
    """
    kind = _kind(tree)
    if kind is None:
        return None
    publisher_id = tree.get("publisher_id")
    if publisher_id is not None:
        fault = identifier_fault(publisher_id)
        if fault is not None:
            return Rejection(Problem(Reason.BAD_PUBLISHER_ID.value, fault))
    if flaw is not None:
        return Rejection(flaw, publisher_id)
    return Heard(kind, publisher_id or "")


def read_analysis(payload: bytes) -> HeardAnalysis | None:
    """What an analysis of the message log says, made safe to show; None for all else."""
    tree = _tree_of(payload, HeardKind.ANALYSIS)
    if tree is None:
        return None
    nested = tree.get("analysis")
    inner: dict[str, Any] = nested if type(nested) is dict else {}

    def find(*keys: str) -> Any:
        found = (place[key] for place in (inner, tree) for key in keys if key in place)
        return next((value for value in found if value is not None), None)

    return HeardAnalysis(
        publisher_id=tree.get("publisher_id") or "",
        timestamp=_text(tree.get("timestamp")),
        index=_number(find(*_INDEX_KEYS), 0.0, 100.0),
        status=_text(find("health_status", "status")),
        is_anomalous=_truth(find("is_anomalous")),
        anomaly_score=_number(find("anomaly_score"), -_SCORE_LIMIT, _SCORE_LIMIT),
        critical_factors=_texts(find("critical_factors", "anomalies")),
        simulated=tree.get("simulated") is True,
    )


def read_status(payload: bytes) -> HeardStatus | None:
    """What a status message says, made safe to show; None for all else."""
    tree = _tree_of(payload, HeardKind.STATUS)
    if tree is None:
        return None
    return HeardStatus(
        tree["status"],
        tree.get("publisher_id") or "",
        _text(tree.get("message")),
        _text(tree.get("timestamp")),
    )


def _tree_of(payload: bytes, kind: HeardKind) -> dict[str, Any] | None:
    try:
        tree, flaw = parse_object(payload)
    except Refused:
        return None
    heard = judge_heard(tree, flaw)
    return tree if isinstance(heard, Heard) and heard.kind is kind else None


def _kind(tree: dict[str, Any]) -> HeardKind | None:
    if type(tree.get("analysis")) is dict or any(key in tree for key in _INDEX_KEYS):
        return HeardKind.ANALYSIS
    status = tree.get("status")
    if type(status) is not str or status not in _STATUS_WORDS:
        return None
    others = (value for key, value in tree.items() if key not in ("timestamp", "publisher_id"))
    only_texts = all(value is None or type(value) in (str, bool) for value in others)
    return HeardKind.STATUS if only_texts else None


def _text(value: object) -> str | None:
    return elide(value) if type(value) is str and value else None


def _number(value: object, low: float, high: float) -> float | None:
    if type(value) is not int and type(value) is not float:
        return None
    return float(value) if low <= value <= high and math.isfinite(value) else None


def _truth(value: object) -> bool | None:
    # The existing system writes it as a bool or as 0 and 1.
    known: dict[object, bool] = {0: False, 1: True}
    return known.get(value) if isinstance(value, bool | int | float) else None


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple([text for item in items[:MAX_FACTORS] if (text := _text(item))])
