"""What stands below a channel's name in the list of reasons, and what its tool tip adds."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QLocale

from harit_desktop.domain.analysis import Contribution, Flag
from harit_desktop.domain.calibration import Segment
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.panels.health_details import HealthDetails
from harit_desktop.ui.panels.health_texts import points_spoken
from harit_desktop.ui.quality_texts import flag_phrase
from harit_desktop.ui.words import channel_short_name, channel_value, local_time, number

FLAG_NAMES: dict[int, str] = {
    Flag.SUSPECT: "suspect",
    Flag.FAIL: "fail",
    Flag.MISSING: "missing",
}
"""The flags that are shown, by the names of the property `flag`."""


@dataclass(frozen=True)
class RowNote:
    """`text` "" leaves the row one line high. `flag` is one of FLAG_NAMES, else 0."""

    text: str = ""
    flag: int = 0
    tip: str = ""


NO_NOTE = RowNote()


def row_note(
    part: Contribution, device: DeviceState, details: HealthDetails, now_us: int
) -> RowNote:
    """The note of one channel of a reading. A flag goes before where the value comes from."""
    position = CHANNEL_INDEX[part.channel]
    flag = device.analysis.flags[position]
    reason = dict(device.analysis.reasons).get(part.channel, "")
    origin = _origin(part.channel, details, now_us)
    shown = flag if flag in FLAG_NAMES else 0
    doubt = flag_phrase(flag, reason) if shown else ""
    points = points_spoken(part) if part.maximum > 0 else ""
    tip = [*_value_lines(part.channel, device, details), points, doubt, origin]
    return RowNote(doubt or origin, shown, "\n".join(line for line in tip if line))


def _value_lines(key: str, device: DeviceState, details: HealthDetails) -> list[str]:
    tr = QCoreApplication.translate
    position = CHANNEL_INDEX[key]
    sent = device.values[position]
    if sent is None:
        return []
    judged = details.judged[position] if details.judged else sent
    name = channel_short_name(key)
    if judged == sent:
        line = tr("SoilHealth", "{channel}: {value}")
        lines = [line.format(channel=name, value=channel_value(key, sent))]
    else:
        line = tr("SoilHealth", "{channel}: {value} (the probe says {sent})")
        values = {"value": channel_value(key, judged), "sent": channel_value(key, sent)}
        lines = [line.format(channel=name, **values)]
    if key in details.kg_per_ha:
        line = tr("SoilHealth", "About {kg} kg/ha in the top {depth} cm")
        kg, depth = number(details.kg_per_ha[key]), number(details.depth_cm)
        lines.append(line.format(kg=kg, depth=depth))
    return lines


def _origin(key: str, details: HealthDetails, now_us: int) -> str:
    """Where the value that counts comes from, if not just from the probe."""
    tr = QCoreApplication.translate
    segment: Segment | None = details.segments.get(key)
    if segment is None:
        return tr("SoilHealth", "estimated") if key in details.estimated else ""
    date = _date(segment.from_us, now_us)
    if key in details.estimated:
        return tr("SoilHealth", "estimated, compared {date}").format(date=date)
    return tr("SoilHealth", "calibrated {date}").format(date=date)


def _date(time_us: int, now_us: int) -> str:
    """A local date, with its year where that is not this one."""
    day = local_time(time_us).date()
    same_year = day.year() == local_time(now_us).date().year()
    return QLocale().toString(day, "d MMM" if same_year else "d MMM yyyy")
