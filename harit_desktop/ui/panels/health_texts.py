"""What the soil-health panel says: change, channels, reasons, critical factors."""

from collections.abc import Sequence
from math import floor, isnan

from PySide6.QtCore import QCoreApplication

from harit_desktop.analysis.condition import LEAST_CONFIDENCE
from harit_desktop.analysis.judgement import LOW_CONFIDENCE, NO_KEY_CHANNEL
from harit_desktop.domain.analysis import Analysis, Contribution, Explanation, Flag
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.panels.trust_texts import bounds_text
from harit_desktop.ui.words import (
    channel_short_name,
    count,
    factor_name,
    joined,
    moment_text,
    number,
    profile_name,
)

_NEARLY_A_DAY_S = 22 * 3600
_LEAST_SPAN_S = 30 * 60
_ROUNDED_BY = 1.0
"""An index is whole and at least 1."""


def counted(explanation: Explanation) -> list[Contribution]:
    """The channels that are part of the profile: worst first, those left out at the end.

    A channel outside its range comes before one inside that lost more points.
    """
    parts = [
        part
        for part in explanation.contributions
        if part.score is not None or part.channel in explanation.missing
    ]
    return sorted(parts, key=lambda part: (part.score is None, not part.critical, -part.lost))


def profile_text(device: DeviceState, explanation: Explanation) -> str:
    """Which profile judges, and how many of its channels count."""
    parts = counted(explanation)
    used = sum(part.score is not None for part in parts)
    template = QCoreApplication.translate(
        "SoilHealth", "Profile: {profile} · {n} of {total} channels"
    )
    return template.format(
        profile=profile_name(device.analysis.profile), n=count(used), total=count(len(parts))
    )


def ceiling_text(device: DeviceState, explanation: Explanation) -> str:
    """Why even perfect values do not give 100; empty where they do."""
    if explanation.ceiling_loss < 0.5:
        return ""
    template = QCoreApplication.translate(
        "SoilHealth", "The scale of {profile} ends at {top}: {lost} points cannot be earned."
    )
    return template.format(
        profile=profile_name(device.analysis.profile),
        top=number(100 - explanation.ceiling_loss, 0),
        lost=number(explanation.ceiling_loss, 1),
    )


def explains(explanation: Explanation, analysis: Analysis) -> bool:
    """Whether these are the parts of the stored index, and not of what another program or
    other settings would have made of the same values."""
    if not analysis.profile or (explanation.index is None) != (analysis.index is None):
        return False
    if explanation.index is None or analysis.index is None:
        return True
    return abs(explanation.index - analysis.index) <= _ROUNDED_BY


def unexplained_text(analysis: Analysis) -> str:
    """Why the parts of an index are not shown."""
    tr = QCoreApplication.translate
    if not analysis.profile:
        if analysis.index is None:
            return tr("SoilHealth", "Another program stored this reading without an index.")
        return tr("SoilHealth", "This index was computed by another program; how is not known.")
    return tr(
        "SoilHealth",
        "This reading was judged with other settings than those of now ({profile}). "
        "The next one will be judged with the new ones.",
    ).format(profile=profile_name(analysis.profile))


def withheld_text(explanation: Explanation, flags: Sequence[int] = ()) -> tuple[str, str]:
    """Why there is no index: in short, and in a sentence. `flags` are those of the reading."""
    tr = QCoreApplication.translate
    missing = joined([channel_short_name(key) for key in explanation.missing])
    short = tr("SoilHealth", "Too few channels")
    sentence = tr(
        "SoilHealth", "No score: fewer than four channels can be used. Left out: {channels}."
    ).format(channels=missing)
    if explanation.withheld_reason == NO_KEY_CHANNEL:
        short = tr("SoilHealth", "Needs moisture or pH")
        sentence = _no_key_channel(flags)
    if explanation.withheld_reason == LOW_CONFIDENCE and explanation.confidence is not None:
        short, sentence = _low_confidence(explanation.confidence, missing)
    bounds = bounds_text(explanation)
    return short, f"{sentence} {bounds}" if bounds else sentence


def _no_key_channel(flags: Sequence[int]) -> str:
    """That neither of two channels counts, of which either would do."""
    tr = QCoreApplication.translate
    found = {flags[CHANNEL_INDEX[key]] for key in ("Moisture", "pH")} if flags else set()
    if found == {Flag.FAIL}:
        return tr("SoilHealth", "No score: moisture and pH are faulty. One of them is needed.")
    if found == {Flag.MISSING}:
        return tr("SoilHealth", "No score: moisture and pH are not sent. One of them is needed.")
    return tr("SoilHealth", "No score: neither moisture nor pH can be used. One is needed.")


def in_air_text() -> tuple[str, str]:
    """Why a probe in the air has no index: in short, and in a sentence."""
    tr = QCoreApplication.translate
    return tr("SoilHealth", "Probe out of the soil"), tr(
        "SoilHealth", "No score: what a probe measures in the air says nothing about the soil."
    )


def _low_confidence(confidence: float, missing: str) -> tuple[str, str]:
    tr = QCoreApplication.translate
    short = tr("SoilHealth", "Too uncertain")
    template = (
        tr(
            "SoilHealth",
            "No score: too little can be relied on (confidence {percent} %, needed are {least} %). "
            "Left out: {channels}.",
        )
        if missing
        else tr(
            "SoilHealth",
            "No score: too little can be relied on (confidence {percent} %, needed are {least} %).",
        )
    )
    # Rounded down: 39.9 must not read as the 40 that would do.
    shown, least = floor(100 * confidence), round(100 * LEAST_CONFIDENCE)
    return short, template.format(percent=count(shown), least=count(least), channels=missing)


def critical_text(device: DeviceState, explanation: Explanation | None) -> str:
    """What stands under "Outside the best range"; what was left out is not said to be fine."""
    tr = QCoreApplication.translate
    factors = [factor_name(factor) for factor in device.analysis.critical_factors]
    if not factors and not device.analysis.profile:
        return tr("SoilHealth", "None were named with this reading.")
    if not factors and explanation is not None and explanation.missing:
        return tr("SoilHealth", "None among the channels that count.")
    if not factors:
        return tr("SoilHealth", "None of the channels.")
    return joined(factors)


def points_text(part: Contribution) -> str:
    """The earned points of a channel and its maximum: "12.6 / 18.0"; empty where there is no
    index to have a part in."""
    tr = QCoreApplication.translate
    if part.score is None:
        return tr("SoilHealth", "left out")
    if part.maximum <= 0:
        return ""
    return tr("SoilHealth", "{earned} / {maximum}").format(
        earned=number(part.earned, 1), maximum=number(part.maximum, 1)
    )


def points_spoken(part: Contribution) -> str:
    """The same in words: "Moisture 16.2 of 20.0 points"."""
    tr = QCoreApplication.translate
    name = channel_short_name(part.channel)
    if part.score is None:
        return tr("SoilHealth", "{channel}, left out").format(channel=name)
    if part.maximum <= 0:
        return name
    template = (
        tr("SoilHealth", "{channel} {earned} of {maximum} points, outside the optimal range")
        if part.critical
        else tr("SoilHealth", "{channel} {earned} of {maximum} points")
    )
    return template.format(
        channel=name, earned=number(part.earned, 1), maximum=number(part.maximum, 1)
    )


def change_text(
    times_us: Sequence[int], index: Sequence[float], newest: int | None, after_us: int = 0
) -> str:
    """How the index moved since a day ago, or since the oldest value known of this day.

    Empty where less than half an hour is known. `newest` stands in for the last value. Values
    up to `after_us` were judged otherwise and are not compared with it.
    """
    pairs = zip(times_us, index, strict=True)
    known = [(at, value) for at, value in pairs if not isnan(value) and at > after_us]
    if not known or newest is None:
        return ""
    last_us, (first_us, first) = known[-1][0], known[0]
    span_s = (last_us - first_us) / US_PER_S
    if span_s < _LEAST_SPAN_S:
        return ""
    tr = QCoreApplication.translate
    change = newest - round(first)
    since = (
        tr("SoilHealth", "since yesterday")
        if span_s >= _NEARLY_A_DAY_S
        else tr("SoilHealth", "since {time}").format(time=moment_text(first_us, last_us))
    )
    if change == 0:
        return tr("SoilHealth", "→ unchanged {since}").format(since=since)
    template = (
        tr("SoilHealth", "▲ {n} {since}") if change > 0 else tr("SoilHealth", "▼ {n} {since}")
    )
    return template.format(n=count(abs(change)), since=since)
