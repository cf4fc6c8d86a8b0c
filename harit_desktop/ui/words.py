"""How the window says things: names, numbers, ages, durations, clock times, trends.

Everything here is a word or a number in the user's language and number format
(`QLocale()`), made from the data of the core, which knows no user text. Functions are
called at every refresh, so a change of language needs no bookkeeping here.
"""

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from harit_desktop.domain.analysis import Band
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.clock import US_PER_S

DASH = "–"
OUTSIDE_TEXT_MAX = 200
"""Text from outside is cut to this many characters before a widget lays it out."""

_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86_400


def channel_name(key: str) -> str:
    """The name of a channel as the strips show it; the key itself for an unknown one."""
    tr = QCoreApplication.translate
    names = {
        "N": tr("Words", "Nitrogen"),
        "P": tr("Words", "Phosphorus"),
        "K": tr("Words", "Potassium"),
        "CO2": tr("Words", "CO₂"),
        "Temperature": tr("Words", "Temperature"),
        "Moisture": tr("Words", "Moisture"),
        "pH": tr("Words", "pH"),
    }
    return names.get(key, plain(key))


def channel_short_name(key: str) -> str:
    """The name where space is scarce, as in a table of contributions."""
    return channel_name(key)


def channel_symbol(key: str) -> str:
    """The shortest name that is still understood: the symbol where there is one."""
    tr = QCoreApplication.translate
    names = {
        "N": "N",
        "P": "P",
        "K": "K",
        "CO2": channel_short_name(key),
        "Temperature": tr("Words", "Temp."),
    }
    return names.get(key, channel_name(key))


def channel_in_sentence(key: str) -> str:
    """The name of a channel as it stands inside a sentence."""
    tr = QCoreApplication.translate
    names = {
        "N": tr("Words", "nitrogen"),
        "P": tr("Words", "phosphorus"),
        "K": tr("Words", "potassium"),
        "Temperature": tr("Words", "temperature"),
        "Moisture": tr("Words", "moisture"),
    }
    return names.get(key, channel_name(key))


def factor_name(factor: str) -> str:
    """The shown name of a critical factor, which the core names as the old system does."""
    for channel in CHANNELS:
        if channel.factor == factor:
            return channel_short_name(channel.key)
    return plain(factor)


def unit_spoken(unit: str) -> str:
    """A unit as a screen reader should say it; empty where there is none."""
    tr = QCoreApplication.translate
    spoken = {
        "mg/kg": tr("Words", "milligrams per kilogram"),
        "ppm": tr("Words", "parts per million"),
        "°C": tr("Words", "degrees Celsius"),
        "%": tr("Words", "percent"),
    }
    return spoken.get(unit, unit)


def band_word(band: Band) -> str:
    """The word of a band; it stands beside every coloured index."""
    tr = QCoreApplication.translate
    words = {
        Band.EXCELLENT: tr("Words", "Excellent"),
        Band.GOOD: tr("Words", "Good"),
        Band.FAIR: tr("Words", "Fair"),
        Band.POOR: tr("Words", "Poor"),
        Band.CRITICAL: tr("Words", "Critical"),
        Band.UNKNOWN: tr("Words", "Unknown"),
    }
    return words[band]


def profile_name(profile: str) -> str:
    """The shown name of an analysis profile; a user's own profile keeps its own name."""
    tr = QCoreApplication.translate
    names = {
        "classic": tr("Words", "Harit Classic"),
        "generic": tr("Words", "Harit Condition, any crop"),
        "rice": tr("Words", "Rice"),
        "wheat": tr("Words", "Wheat"),
        "soybean": tr("Words", "Soybean"),
        "groundnut": tr("Words", "Groundnut"),
        "cotton": tr("Words", "Cotton"),
        "chickpea": tr("Words", "Chickpea"),
        "bajra": tr("Words", "Bajra"),
        "sugarcane": tr("Words", "Sugarcane"),
    }
    return names.get(profile, plain(profile))


def plain(text: str) -> str:
    """Text from outside, made safe to lay out: one line, at most 200 characters."""
    line = " ".join(text.split())
    return line if len(line) <= OUTSIDE_TEXT_MAX else line[: OUTSIDE_TEXT_MAX - 1] + "…"


def joined(parts: list[str]) -> str:
    """A list as the language writes it: "Moisture, pH and Nitrogen"."""
    return QLocale().createSeparatedList(parts)


def number(value: float | None, precision: int = 0) -> str:
    """A number in the user's format with fixed decimals; a dash for None and NaN."""
    if value is None or value != value:
        return DASH
    rounded = round(value, precision)
    return QLocale().toString(rounded + 0.0, "f", precision)


def count(value: int) -> str:
    """A whole number with the user's grouping, as in 1,284,302."""
    return QLocale().toString(value)


def use_grouping(system: QLocale) -> None:
    """Takes the system's number format, in English where it has no language: a number of
    the C locale has no groups, and a million without them cannot be read."""
    neutral = system.language() == QLocale.Language.C
    QLocale.setDefault(QLocale(QLocale.Language.English) if neutral else system)


def channel_number(key: str, value: float | None) -> str:
    """A channel's value with the decimals of the catalogue, without its unit."""
    return number(value, CHANNELS[CHANNEL_INDEX[key]].precision)


def channel_value(key: str, value: float | None) -> str:
    """A channel's value with its unit, as in "30.9 mg/kg"."""
    unit = CHANNELS[CHANNEL_INDEX[key]].unit
    shown = channel_number(key, value)
    if not unit:
        return shown
    return QCoreApplication.translate("Words", "{value} {unit}").format(value=shown, unit=unit)


def range_text(low: float, high: float) -> str:
    """A range of values with no more decimals than it needs, as in "25–40"."""
    return QCoreApplication.translate("Words", "{low}–{high}").format(
        low=_shortest(low), high=_shortest(high)
    )


def size_text(size_bytes: int) -> str:
    """A file size in the user's format, as in "212 MB"."""
    return QLocale().formattedDataSize(size_bytes, 0, QLocale.DataSizeFormat.DataSizeSIFormat)


def age_text(age_s: float) -> str:
    """How long ago something happened; whole seconds up to a minute, then minutes."""
    tr = QCoreApplication.translate
    if age_s < 1:
        return tr("Words", "just now")
    if age_s < _MINUTE_S:
        return tr("Words", "{n} s ago").format(n=int(age_s))
    if age_s < _HOUR_S:
        return tr("Words", "{n} min ago").format(n=int(age_s // _MINUTE_S))
    if age_s < _DAY_S:
        return tr("Words", "{n} h ago").format(n=int(age_s // _HOUR_S))
    return tr("Words", "{n} d ago").format(n=count(int(age_s // _DAY_S)))


def age_spoken(age_s: float) -> str:
    """`age_text` in full words, for a screen reader."""
    tr = QCoreApplication.translate
    if age_s < 1:
        return tr("Words", "just now")
    # Qt forms the plurals of translations; the English in the source has to do its own.
    if age_s < _MINUTE_S:
        n, one = int(age_s), tr("Words", "1 second ago")
        return one if n == 1 else tr("Words", "%n seconds ago", None, n)
    if age_s < _HOUR_S:
        n, one = int(age_s // _MINUTE_S), tr("Words", "1 minute ago")
        return one if n == 1 else tr("Words", "%n minutes ago", None, n)
    if age_s < _DAY_S:
        n, one = int(age_s // _HOUR_S), tr("Words", "1 hour ago")
        return one if n == 1 else tr("Words", "%n hours ago", None, n)
    n, one = int(age_s // _DAY_S), tr("Words", "1 day ago")
    return one if n == 1 else tr("Words", "%n days ago", None, n)


def duration_text(duration_s: float) -> str:
    """A duration in its two largest units: "8 s", "42 min", "2 h 16 min", "1 d 11 h"."""
    tr = QCoreApplication.translate
    total_s = max(0, int(duration_s))
    if total_s < _MINUTE_S:
        return tr("Words", "{n} s").format(n=total_s)
    if total_s < _HOUR_S:
        return tr("Words", "{n} min").format(n=total_s // _MINUTE_S)
    if total_s < _DAY_S:
        hours, minutes = total_s // _HOUR_S, total_s % _HOUR_S // _MINUTE_S
        if minutes == 0:
            return tr("Words", "{n} h").format(n=hours)
        return tr("Words", "{h} h {min} min").format(h=hours, min=minutes)
    days, hours = total_s // _DAY_S, total_s % _DAY_S // _HOUR_S
    if hours == 0:
        return tr("Words", "{n} d").format(n=count(days))
    return tr("Words", "{d} d {h} h").format(d=count(days), h=hours)


def clock_text(time_us: int, seconds: bool = False) -> str:
    """The local time of day of an instant, as in "12:14" or "12:14:09"."""
    return QLocale().toString(local_time(time_us), "HH:mm:ss" if seconds else "HH:mm")


def date_text(time_us: int) -> str:
    """The local date of an instant without its year, as in "23 Nov"."""
    return QLocale().toString(local_time(time_us), "d MMM")


def month_text(time_us: int) -> str:
    """The local month of an instant, as in "Nov 2026"."""
    return QLocale().toString(local_time(time_us), "MMM yyyy")


def moment_text(time_us: int, now_us: int) -> str:
    """An instant as a person would name it now: the time today, else the date as well, with
    its year where that is not this one."""
    moment, today = local_time(time_us).date(), local_time(now_us).date()
    if moment == today:
        return clock_text(time_us)
    pattern = "d MMM HH:mm" if moment.year() == today.year() else "d MMM yyyy HH:mm"
    return QLocale().toString(local_time(time_us), pattern)


def day_text(time_us: int, now_us: int) -> str:
    """`moment_text` where space is scarce: the time today, else only the date."""
    moment, today = local_time(time_us).date(), local_time(now_us).date()
    if moment == today:
        return clock_text(time_us)
    pattern = "d MMM" if moment.year() == today.year() else "d MMM yyyy"
    return QLocale().toString(local_time(time_us), pattern)


def local_time(time_us: int) -> QDateTime:
    """An instant (microseconds since 1970 UTC) in the zone of this computer."""
    return QDateTime.fromMSecsSinceEpoch(time_us // 1000)


def trend_text(key: str, delta: float | None, steady: bool, span_s: float) -> str:
    """The change of a channel over `span_s`: "→ steady", "▲ 5.6 in 1 h"; a dash if unknown."""
    tr = QCoreApplication.translate
    if delta is None:
        return DASH
    if steady:
        return tr("Words", "→ steady")
    template = (
        tr("Words", "▲ {change} in {span}") if delta > 0 else tr("Words", "▼ {change} in {span}")
    )
    return template.format(change=channel_number(key, abs(delta)), span=duration_text(span_s))


def trend_spoken(key: str, delta: float | None, steady: bool, span_s: float) -> str:
    """`trend_text` in words, for a screen reader."""
    tr = QCoreApplication.translate
    if delta is None:
        return tr("Words", "trend not known yet")
    if steady:
        return tr("Words", "steady")
    template = (
        tr("Words", "rising {change} in {span}")
        if delta > 0
        else tr("Words", "falling {change} in {span}")
    )
    return template.format(change=channel_number(key, abs(delta)), span=duration_text(span_s))


def seconds_between(earlier_us: int, later_us: int) -> float:
    """Seconds from one instant to another, never negative."""
    return max(0.0, (later_us - earlier_us) / US_PER_S)


def seconds_until(moment_us: int | None, now_us: int) -> int | None:
    """Whole seconds until an instant, rounded up; None where there is none."""
    if moment_us is None:
        return None
    return -(-max(0, moment_us - now_us) // US_PER_S)


def _shortest(value: float) -> str:
    return number(value, next((p for p in range(3) if round(value, p) == value), 2))
