"""What the History page says in words: stretches of time, strips, readouts."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QCoreApplication, QLocale

from harit_desktop.domain.channels import Channel
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.extras import ExtraChannel
from harit_desktop.ui.charts.envelope import Trace
from harit_desktop.ui.charts.time_ticks import Tick, TickKind
from harit_desktop.ui.extras.names import extra_unit_spoken, quantity_name, quantity_value
from harit_desktop.ui.history.spans import Span
from harit_desktop.ui.words import (
    clock_text,
    count,
    date_text,
    duration_text,
    joined,
    local_time,
    month_text,
    unit_spoken,
)

_CONTEXT = "History"


def weekday_moment(time_us: int, seconds: bool = False) -> str:
    """An instant with its weekday and date, as in "Fri 20 Nov 06:06"."""
    pattern = "ddd d MMM HH:mm:ss" if seconds else "ddd d MMM HH:mm"
    return QLocale().toString(local_time(time_us), pattern)


def range_words(span: Span) -> str:
    """From when to when, for a screen reader and for tool tips."""
    text = QCoreApplication.translate(_CONTEXT, "{start} to {end}")
    return text.format(start=moment(span.from_us), end=moment(span.to_us))


def moment(time_us: int) -> str:
    """An instant with its date and year."""
    return QLocale().toString(local_time(time_us), "d MMM yyyy HH:mm")


def span_name(span: Span) -> str:
    """How long a stretch is: whole days in days, else its two largest units."""
    if span.length_us >= 1.75 * US_PER_DAY:
        return days_text(round(span.length_us / US_PER_DAY))
    return duration_text(span.length_us / US_PER_S)


def days_text(days: int) -> str:
    """ "30 days"."""
    one = QCoreApplication.translate(_CONTEXT, "1 day")
    many = QCoreApplication.translate(_CONTEXT, "{n} days")
    return one if days == 1 else many.format(n=count(days))


def tick_text(tick: Tick) -> str:
    """What stands below a tick: the month, the day, or the time of day."""
    if tick.kind is TickKind.MONTH:
        return month_text(tick.time_us)
    if tick.kind is TickKind.DAY:
        return date_text(tick.time_us)
    return clock_text(tick.time_us, seconds=tick.kind is TickKind.SECOND)


def bucket_short(bucket_us: int) -> str:
    """`bucket_text` where space is scarce."""
    if not bucket_us:
        return QCoreApplication.translate(_CONTEXT, "each reading")
    text = QCoreApplication.translate(_CONTEXT, "{time} means")
    return text.format(time=duration_text(bucket_us / US_PER_S))


def bucket_text(bucket_us: int) -> str:
    """What a point of the lines stands for."""
    if not bucket_us:
        return QCoreApplication.translate(_CONTEXT, "The lines join single readings.")
    text = QCoreApplication.translate(
        _CONTEXT,
        "The lines are means of {time}; the shade reaches from the lowest to the highest reading.",
    )
    return text.format(time=duration_text(bucket_us / US_PER_S))


def strip_name(channel: Channel | ExtraChannel, names: Sequence[str]) -> str:
    """ "Moisture, percent, North plot and Canal side"."""
    unit = extra_unit_spoken(unit_spoken(channel.unit))
    what = quantity_name(channel.key)
    if unit:
        text = QCoreApplication.translate(_CONTEXT, "{channel}, {unit}, {devices}")
        return text.format(channel=what, unit=unit, devices=joined(list(names)))
    text = QCoreApplication.translate(_CONTEXT, "{channel}, {devices}")
    return text.format(channel=what, devices=joined(list(names)))


def chart_name(channel: Channel | ExtraChannel) -> str:
    """ "Moisture history"."""
    text = QCoreApplication.translate(_CONTEXT, "{channel} history")
    return text.format(channel=quantity_name(channel.key))


def strip_description(
    channel: Channel | ExtraChannel, of: Trace | None, span: Span, alarms: int, extra: str
) -> str:
    """Lowest, mean and highest value in view, gaps and alarms of the leading device."""
    tr = QCoreApplication.translate
    inside = None if of is None else (of.time_us >= span.from_us) & (of.time_us <= span.to_us)
    shown = tr(_CONTEXT, "{time} shown").format(time=span_name(span))
    if of is None or inside is None or not inside.any():
        return "; ".join([tr(_CONTEXT, "no readings in view"), shown])
    low = of.value if of.low is None else of.low
    high = of.value if of.high is None else of.high
    text = tr(_CONTEXT, "lowest {low}, mean {mean}, highest {high}").format(
        low=quantity_value(channel.key, float(low[inside].min())),
        mean=quantity_value(channel.key, float(of.value[inside].mean())),
        high=quantity_value(channel.key, float(high[inside].max())),
    )
    gaps = int(np.sum((of.silences[:, 1] > span.from_us) & (of.silences[:, 0] < span.to_us)))
    parts = [text, shown, gaps_text(gaps)]
    if alarms:
        one = tr(_CONTEXT, "beyond its limits once")
        many = tr(_CONTEXT, "beyond its limits {n} times")
        parts.append(one if alarms == 1 else many.format(n=count(alarms)))
    if extra:
        parts.insert(0, extra)
    return "; ".join(parts)


def gaps_text(gaps: int) -> str:
    """How many gaps there are."""
    tr = QCoreApplication.translate
    if gaps == 0:
        return tr(_CONTEXT, "no gap")
    return tr(_CONTEXT, "1 gap") if gaps == 1 else tr(_CONTEXT, "{n} gaps").format(n=count(gaps))


def cursor_words(at: str, readings: Sequence[tuple[str, str]]) -> str:
    """ "at Fri 20 Nov 06:06: North plot 29.5 %, Canal side no data"."""
    tr = QCoreApplication.translate
    each = tr(_CONTEXT, "{device} {value}")
    parts = [each.format(device=name, value=value) for name, value in readings]
    return tr(_CONTEXT, "at {time}: {readings}").format(time=at, readings=", ".join(parts))


def no_data() -> str:
    """What stands where nothing was measured."""
    return QCoreApplication.translate("Charts", "no data")
