"""What is wrong with a calibration before it is entered, in words that say what to enter."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QLocale

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.ui.words import number

CLOSE_POINTS = 10.0
"""Points nearer than this (in the channel's unit) make a small error at them a large one."""

APART_FACTOR = 5.0
"""Laboratory and probe further apart than so: more often a wrong unit than a bad probe."""
APART_PH = 2.0
_NEAR_NOTHING = 1.0
"""Below it (mg/kg) a probe that says 0 is no sign of a wrong unit."""

_CONTEXT = "Calibration"


def _tr(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)


@dataclass(frozen=True)
class Mistake:
    """A sentence, and the fields that it is about."""

    fields: tuple[str, ...]
    text: str


def check_value(channel: str, value: float | None) -> str:
    """What is wrong with one value of a channel; "" if nothing is."""
    if value is None:
        # A point is read in every language, a comma only where it stands for decimals.
        template = (
            _tr("Enter a number, such as {example}.")
            if QLocale().decimalPoint() == ","
            else _tr("Enter a number with a decimal point, such as {example}.")
        )
        return template.format(example=number(23.5, 1))
    known = CHANNELS[CHANNEL_INDEX[channel]]
    if known.sensor_min <= value <= known.sensor_max:
        return ""
    template = (
        _tr("Enter a value from {least} to {most} {unit}.")
        if known.unit
        else _tr("Enter a value from {least} to {most}.")
    )
    return template.format(
        least=number(known.sensor_min), most=number(known.sensor_max), unit=known.unit
    )


def check_values(channel: str, values: dict[str, float | None]) -> list[Mistake]:
    """Each sentence once, with all the fields that it is about."""
    found: dict[str, list[str]] = {}
    for field, value in values.items():
        text = check_value(channel, value)
        if text:
            found.setdefault(text, []).append(field)
    return [Mistake(tuple(fields), text) for text, fields in found.items()]


def check_line(dry: tuple[float, float], wet: tuple[float, float]) -> Mistake | None:
    """Two points (probe's value, true value) that make no usable straight line."""
    if wet[0] == dry[0]:
        return Mistake(
            ("dry.probe", "wet.probe"),
            _tr(
                "The probe's value is the same at both points. Measure in two soils that "
                "differ, such as dry and saturated."
            ),
        )
    if wet[1] == dry[1]:
        return Mistake(
            ("dry.true", "wet.true"),
            _tr(
                "The true value is the same at both points: every reading would become {value}."
            ).format(value=number(wet[1], 1)),
        )
    if (wet[0] - dry[0]) * (wet[1] - dry[1]) < 0:
        return Mistake(
            ("dry.true", "wet.true"),
            _tr("The probe reads less where there is more water. Are two values swapped?"),
        )
    return None


def warn_close(dry: tuple[float, float], wet: tuple[float, float]) -> str:
    """A word of caution about points that lie close together; "" if there is no need."""
    if abs(wet[0] - dry[0]) >= CLOSE_POINTS:
        return ""
    return _tr(
        "The points lie close together: a small error at them is a large one elsewhere. "
        "Better measure in drier and in wetter soil."
    )


def warn_apart(channel: str, probe: float, laboratory: float) -> str:
    """A word of caution about a laboratory's value that is far from what the probe said."""
    if channel == "pH":
        if abs(laboratory - probe) <= APART_PH:
            return ""
        return _tr(
            "Laboratory and probe differ by more than {n}. Is it the pH in water, of this place?"
        ).format(n=number(APART_PH))
    lower, higher = sorted((max(probe, _NEAR_NOTHING), max(laboratory, _NEAR_NOTHING)))
    if higher <= APART_FACTOR * lower:
        return ""
    template = (
        _tr(
            "Laboratory and probe differ by more than {n} times. Check the unit, and by which "
            "method the laboratory found nitrogen."
        )
        if channel == "N"
        else _tr(
            "Laboratory and probe differ by more than {n} times. Check the unit: kg/ha or mg/kg, "
            "the element or its oxide?"
        )
    )
    return template.format(n=number(APART_FACTOR))


def check_moment(at_us: int, now_us: int) -> Mistake | None:
    """A calibration cannot hold from a time that has not come."""
    if at_us <= now_us:
        return None
    return Mistake(("at",), _tr("This time has not come yet. Enter a time up to now."))
