"""Words for every piece of advice.

About nitrogen, phosphorus and potassium nothing is said but what they do and that a test in
the laboratory has to confirm it: a probe's estimate is no ground for a dose.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from math import isfinite

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.advice import Advice
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import (
    DASH,
    channel_name,
    channel_value,
    number,
    plain,
    range_text,
)

_CONTEXT = "Advice"

_FIELD: dict[str, str] = {
    "water.too_low": QT_TRANSLATE_NOOP(
        "Advice", "The soil is too dry: {value}, good is {range}. Irrigate as soon as you can."
    ),
    "water.low": QT_TRANSLATE_NOOP(
        "Advice", "The soil is getting dry: {value}, good is {range}. Plan to irrigate."
    ),
    "water.high": QT_TRANSLATE_NOOP(
        "Advice", "The soil is wet: {value}, good is {range}. Wait with the next irrigation."
    ),
    "water.too_high": QT_TRANSLATE_NOOP(
        "Advice",
        "The soil is too wet: {value}, good is {range}. Stop irrigating and let water drain off.",
    ),
    "ph.too_low": QT_TRANSLATE_NOOP(
        "Advice",
        "The soil is too acid: pH {value}, good is {range}. Have it tested to learn how much "
        "lime it needs.",
    ),
    "ph.low": QT_TRANSLATE_NOOP(
        "Advice",
        "The soil is rather acid: pH {value}, good is {range}. Have it tested before you lime.",
    ),
    "ph.high": QT_TRANSLATE_NOOP(
        "Advice",
        "The soil is rather alkaline: pH {value}, good is {range}. Have it tested before you "
        "treat it.",
    ),
    "ph.too_high": QT_TRANSLATE_NOOP(
        "Advice",
        "The soil is too alkaline: pH {value}, good is {range}. Have it tested for salt and "
        "sodium.",
    ),
    "temperature.too_low": QT_TRANSLATE_NOOP(
        "Advice",
        "The soil is too cold for roots: {value}, good is {range}. Wait with sowing; a mulch "
        "keeps it warmer.",
    ),
    "temperature.low": QT_TRANSLATE_NOOP(
        "Advice", "The soil is cool: {value}, good is {range}. The crop will grow slowly."
    ),
    "temperature.high": QT_TRANSLATE_NOOP(
        "Advice", "The soil is warm: {value}, good is {range}. A mulch keeps it cooler."
    ),
    "temperature.too_high": QT_TRANSLATE_NOOP(
        "Advice",
        "The soil is too hot for roots: {value}, good is {range}. Mulch it, and irrigate in the "
        "evening.",
    ),
    "air.low": QT_TRANSLATE_NOOP(
        "Advice",
        "CO₂ is low: {value}, usual is {range}. Check the sensor in fresh air, which has about "
        "420 ppm.",
    ),
    "air.high": QT_TRANSLATE_NOOP(
        "Advice",
        "CO₂ is high: {value}, good is {range}. See that water can drain off and that the "
        "surface is not crusted.",
    ),
    "air.too_high": QT_TRANSLATE_NOOP(
        "Advice",
        "Roots may lack air: CO₂ is {value}, good is {range}. Drain standing water and loosen "
        "the surface.",
    ),
    "nutrient.low": QT_TRANSLATE_NOOP(
        "Advice",
        "{channel} reads low. Confirm it with a Soil Health Card test before you fertilise.",
    ),
    "nutrient.high": QT_TRANSLATE_NOOP(
        "Advice",
        "{channel} reads high. Confirm it with a Soil Health Card test before you fertilise.",
    ),
    "nutrient.falling": QT_TRANSLATE_NOOP(
        "Advice",
        "{channel} has fallen by {change} % in {days} days. Confirm it with a Soil Health Card "
        "test.",
    ),
    "nutrient.rising": QT_TRANSLATE_NOOP(
        "Advice",
        "{channel} has risen by {change} % in {days} days. Confirm it with a Soil Health Card "
        "test.",
    ),
}
_SENSOR: dict[str, str] = {
    "sensor.out_of_range": QT_TRANSLATE_NOOP(
        "Advice", "{channel}: the probe says {value}, which cannot be. Check plug, cable and power."
    ),
    "sensor.in_air": QT_TRANSLATE_NOOP(
        "Advice", "The probe seems to be out of the soil. Push it in firmly, without a gap."
    ),
    "sensor.stuck": QT_TRANSLATE_NOOP(
        "Advice", "{channel} is stuck at one value. Switch the probe off and on again."
    ),
    "sensor.frozen": QT_TRANSLATE_NOOP(
        "Advice", "All values stand still. Switch the probe and its gateway off and on again."
    ),
    "sensor.jumpy": QT_TRANSLATE_NOOP(
        "Advice", "{channel} jumps. Check plug and cable, and that the probe sits firmly."
    ),
    "sensor.noisy": QT_TRANSLATE_NOOP(
        "Advice", "{channel} is unsteady. Check the cable and the power supply."
    ),
    "sensor.drifting": QT_TRANSLATE_NOOP(
        "Advice",
        "{channel} drifts away from the other probes of its zone. Clean the probe and compare "
        "it again.",
    ),
    "sensor.calibrate": QT_TRANSLATE_NOOP(
        "Advice",
        "{channel} is an estimate. Enter the value of a Soil Health Card: Analysis > "
        "Calibration and laboratory values.",
    ),
    "sensor.clock": QT_TRANSLATE_NOOP(
        "Advice", "The probe's clock is wrong. Set its date and time."
    ),
}

_OF_NITROGEN = QT_TRANSLATE_NOOP(
    "Advice",
    "{channel} is an estimate. Compare it with a laboratory value: Analysis > Calibration and "
    "laboratory values.",
)
"""What of a Soil Health Card is nitrogen to the profile depends on the settings: the dialog
tells it."""
_CONFIRMED: dict[str, str] = {
    "nutrient.low": QT_TRANSLATE_NOOP(
        "Advice",
        "{channel} reads low, with your laboratory value taken into account. Follow the advice "
        "of the laboratory.",
    ),
    "nutrient.high": QT_TRANSLATE_NOOP(
        "Advice",
        "{channel} reads high, with your laboratory value taken into account. Follow the advice "
        "of the laboratory.",
    ),
}
"""Instead, where a laboratory value stands behind the number."""

TEXTS: dict[str, str] = {**_FIELD, **_SENSOR}

_CHANNELS = {"water": "Moisture", "ph": "pH", "temperature": "Temperature", "air": "CO2"}

URGENCY_WORDS: dict[str, str] = {
    "crit": QT_TRANSLATE_NOOP("Advice", "Urgent"),
    "warn": QT_TRANSLATE_NOOP("Advice", "Soon"),
    "info": QT_TRANSLATE_NOOP("Advice", "Note"),
}


def _translated(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)


def advice_text(advice: Advice, confirmed: Container[str] = ()) -> str:
    """The sentences of a piece of advice; `confirmed` channels were compared with a laboratory
    not long ago, and need not be confirmed again.

    One of a newer version gets a sentence that says no more than is known.
    """
    text = TEXTS.get(advice.code)
    if advice.channel in confirmed:
        text = _CONFIRMED.get(advice.code, text)
    elif (advice.code, advice.channel) == ("sensor.calibrate", "N"):
        text = _OF_NITROGEN
    if text is None:
        return QCoreApplication.translate(
            "Advice", "There is advice that this version cannot put into words."
        )
    key = advice.channel or _CHANNELS.get(advice.code.partition(".")[0], "")
    params = advice.params
    return _translated(text).format(
        channel=_subject(key),
        value=_value(key, params.get("value")),
        change=number(_number(params.get("value"), absolute=True)),
        days=number(_number(params.get("days"))),
        range=_range(key, params),
    )


def urgency_word(urgency: str) -> str:
    """The urgency for who cannot see its shape."""
    return _translated(URGENCY_WORDS.get(urgency, URGENCY_WORDS["info"]))


def _subject(key: str) -> str:
    if key in CHANNEL_INDEX:
        return channel_name(key)
    return plain(key) if key else QCoreApplication.translate("Advice", "A value")


def _number(value: object, absolute: bool = False) -> float | None:
    if not isinstance(value, int | float) or not isfinite(value):
        return None
    return abs(float(value)) if absolute else float(value)


def _value(key: str, value: object) -> str:
    found = _number(value)
    return channel_value(key, found) if key in CHANNEL_INDEX else number(found, 1)


def _range(key: str, params: Mapping[str, float | str]) -> str:
    """The good range with its unit; one end where the other is open."""
    low, high = _number(params.get("low")), _number(params.get("high"))
    unit = CHANNELS[CHANNEL_INDEX[key]].unit if key in CHANNEL_INDEX else ""
    if low is not None and high is not None:
        return _with_unit(range_text(low, high), unit)
    if low is not None:
        return QCoreApplication.translate("Advice", "{low} or more").format(
            low=_with_unit(_shortest(low), unit)
        )
    if high is not None:
        return QCoreApplication.translate("Advice", "{high} or less").format(
            high=_with_unit(_shortest(high), unit)
        )
    return DASH


def _with_unit(text: str, unit: str) -> str:
    return (
        QCoreApplication.translate("Advice", "{number} {unit}").format(number=text, unit=unit)
        if unit
        else text
    )


def _shortest(value: float) -> str:
    return number(value, next((p for p in range(3) if round(value, p) == value), 2))
