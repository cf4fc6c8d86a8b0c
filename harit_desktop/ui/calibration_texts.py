"""Calibrations in words: what was entered, and what it does to what the probe says."""

from PySide6.QtCore import QCoreApplication, QLocale

from harit_desktop.analysis.confidence import (
    DAY_US,
    LABORATORY_DAYS,
    MIN_PAIRS,
    anchored_reliability,
    probe_reliability,
)
from harit_desktop.domain.calibration import Segment
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.device_book import Calibration, CalibrationKind
from harit_desktop.ui.words import channel_in_sentence, local_time, number, plain

_CONTEXT = "Calibration"
_ESTIMATED = ("N", "P", "K")
NOTE_CHARS = 200


def _tr(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)


def unit_of(channel: str) -> str:
    """The symbol of a channel's unit; "" for pH."""
    return CHANNELS[CHANNEL_INDEX[channel]].unit


def precision_of(channel: str) -> int:
    """Decimals of a calibration's numbers: never fewer than one."""
    return max(1, CHANNELS[CHANNEL_INDEX[channel]].precision)


def entered_text(calibration: Calibration) -> str:
    """The numbers that a person entered, as in "8.2 is 5, 61 is 48 %"."""
    digits = precision_of(calibration.channel)
    shown = [(_brief(probe, digits), _brief(true, digits)) for probe, true in calibration.points]
    unit = unit_of(calibration.channel)
    if calibration.kind is CalibrationKind.TWO_POINT:
        template = _tr("{probe_1} is {true_1}, {probe_2} is {true_2} {unit}")
        (probe_1, true_1), (probe_2, true_2) = shown[0], shown[-1]
        return template.format(
            probe_1=probe_1, true_1=true_1, probe_2=probe_2, true_2=true_2, unit=unit
        )
    template = _tr("laboratory {true}, probe {probe} {unit}")
    return template.format(true=shown[0][1], probe=shown[0][0], unit=unit).strip()


def effect_text(channel: str, segment: Segment) -> str:
    """What a correction does: "1.08 × probe − 2.1", "shift +14 mg/kg, 3 samples: …".

    The reliability of N, P and K is that of the sample's own day, and what it falls to.
    """
    digits = precision_of(channel)
    if segment.sampled_us is None:
        template = (
            _tr("{scale} × probe − {offset}")
            if segment.offset < 0
            else _tr("{scale} × probe + {offset}")
        )
        return template.format(
            scale=_brief(segment.scale, 3),
            offset=_brief(abs(segment.offset), digits),
        )
    shift = _signed(segment.offset, digits)
    params = {"shift": shift, "unit": unit_of(channel), "n": segment.pairs}
    if channel not in _ESTIMATED:
        one, more = _tr("shift {shift} {unit}, 1 sample"), _tr("shift {shift} {unit}, {n} samples")
        text = (one if segment.pairs == 1 else more).format(**params)
        return " ".join(text.split()).replace(" ,", ",")
    params["q"] = number(probe_reliability(channel, segment.pairs), 1)
    params["days"] = _fading_days(channel, segment)
    if segment.pairs == 1:
        text = _tr("shift {shift} {unit}, 1 sample: reliability 1, after {days} days {q}")
    else:
        text = _tr("shift {shift} {unit}, {n} samples: reliability 1, after {days} days {q}")
    return text.format(**params)


def _fading_days(channel: str, segment: Segment) -> int:
    """Days after the newest sample from which on its freshness counts no more."""
    sampled_day = (segment.sampled_us or 0) // DAY_US
    settled = probe_reliability(channel, segment.pairs)
    return next(
        days
        for days in range(LABORATORY_DAYS + 1)
        if anchored_reliability(channel, segment, sampled_day + days) <= settled + 1e-9
    )


def dated_text(time_us: int, now_us: int) -> str:
    """Day and time, so that entries of a table can be compared; the year where it is not
    this one."""
    moment = local_time(time_us)
    same_year = moment.date().year() == local_time(now_us).date().year()
    return QLocale().toString(moment, "d MMM HH:mm" if same_year else "d MMM yyyy HH:mm")


def missing_samples_text(channel: str, pairs: int) -> str:
    """How many samples are missing until the channel is trusted; "" where none is."""
    missing = MIN_PAIRS - pairs
    if channel not in _ESTIMATED or missing <= 0:
        return ""
    if missing == 1:
        return _tr("One more sample and {channel} counts as calibrated.").format(
            channel=channel_in_sentence(channel)
        )
    return _tr("{n} more samples and {channel} counts as calibrated.").format(
        n=missing, channel=channel_in_sentence(channel)
    )


def note_text(calibration: Calibration) -> str:
    """The note as one short line."""
    return plain(calibration.note)


def _signed(value: float, digits: int) -> str:
    sign = "−" if round(value, digits) < 0 else "+"
    return f"{sign}{_brief(abs(value), digits)}"


def _brief(value: float, digits: int) -> str:
    """At most so many decimals, and none that is only a zero."""
    rounded = round(value, digits)
    return number(value, next(n for n in range(digits + 1) if round(rounded, n) == rounded))
