"""How far an index is to be trusted, in words: confidence, interval, bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.analysis import Explanation, Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.ui.words import channel_in_sentence, channel_symbol, joined, number

HIGH_CONFIDENCE = 0.8
FAIR_CONFIDENCE = 0.6
"""From these shares on a confidence is called high and fair; below it is low."""


def trust_text(
    explanation: Explanation,
    interval: tuple[float, float] | None,
    estimated: Iterable[str],
    flags: Sequence[int],
) -> str:
    """Everything there is to say of an index that is shown; empty for a classic profile with
    all its channels."""
    if explanation.index is None:
        return ""
    sentences = (
        interval_text(explanation, interval),
        bounds_text(explanation),
        confidence_text(explanation, estimated, flags),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def percent(share: float) -> str:
    """A share of 0..1 in whole percent. What is not all of it is not shown as 100."""
    return number(min(round(100 * share), 99) if share < 1 else 100)


def confidence_text(
    explanation: Explanation, estimated: Iterable[str], flags: Sequence[int]
) -> str:
    """How much of the evidence is there, and what takes from it."""
    share = explanation.confidence
    if share is None:
        return ""
    tr = QCoreApplication.translate
    used = [part.channel for part in explanation.contributions if part.score is not None]
    guessed = [key for key in used if key in set(estimated)]
    if len(guessed) > 1:
        first = tr(
            "SoilHealth",
            "Confidence {percent} % ({word}): {channels} are estimates of an uncalibrated probe.",
        )
    elif guessed:
        first = tr(
            "SoilHealth",
            "Confidence {percent} % ({word}): {channels} is an estimate of an uncalibrated probe.",
        )
    else:
        first = tr("SoilHealth", "Confidence {percent} % ({word}).")
    sentence = first.format(
        percent=percent(share), word=_confidence_word(share), channels=_symbols(guessed)
    )
    suspect = [c.key for c, flag in zip(CHANNELS, flags, strict=False) if flag == Flag.SUSPECT]
    doubted = [key for key in suspect if key in used]
    if not doubted:
        return sentence
    more = tr("SoilHealth", "Suspect values count half: {channels}.")
    return f"{sentence} {more.format(channels=_names(doubted))}"


def interval_text(explanation: Explanation, interval: tuple[float, float] | None) -> str:
    """What the probe's own error leaves open."""
    if interval is None:
        return ""
    low, high = whole(interval)
    if low == high:
        return ""
    template = QCoreApplication.translate(
        "SoilHealth", "Between {low} and {high}, nine times in ten."
    )
    return template.format(low=number(low), high=number(high))


def bounds_text(explanation: Explanation) -> str:
    """What the channels that are left out could make of the index."""
    low, high = explanation.low, explanation.high
    if not explanation.missing or low is None or high is None:
        return ""
    tr = QCoreApplication.translate
    if explanation.index is None:
        template = tr(
            "SoilHealth", "It would be between {low} and {high}, depending on {channels}."
        )
    else:
        template = tr("SoilHealth", "Between {low} and {high}, depending on {channels}.")
    least, most = whole((low, high))
    return template.format(
        low=number(least), high=number(most), channels=_names(explanation.missing)
    )


def whole(ends: tuple[float, float]) -> tuple[int, int]:
    """Both ends as whole points of 1..100, away from the middle: nothing is cut off."""
    return max(1, floor(ends[0])), min(100, max(1, ceil(ends[1])))


def _confidence_word(share: float) -> str:
    tr = QCoreApplication.translate
    if share >= HIGH_CONFIDENCE:
        return tr("SoilHealth", "high")
    return tr("SoilHealth", "fair") if share >= FAIR_CONFIDENCE else tr("SoilHealth", "low")


def _symbols(keys: Sequence[str]) -> str:
    return joined([channel_symbol(key) for key in keys])


def _names(keys: Sequence[str]) -> str:
    return joined([channel_in_sentence(key) for key in keys])
