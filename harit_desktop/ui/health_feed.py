"""Feeds the soil-health panel: the judgement of the newest reading and what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from harit_desktop.analysis.confidence import (
    DAY_US,
    ESTIMATED_CHANNELS,
    RELIABLE_FROM,
    anchored_reliability,
)
from harit_desktop.analysis.soils import CARD_BULK_DENSITY
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.health_questions import (
    change_question,
    index_question,
    quality_question,
)
from harit_desktop.ui.judged_alike import JudgedAlike
from harit_desktop.ui.panels.health_details import NO_DETAILS, HealthDetails
from harit_desktop.ui.panels.health_texts import explains
from harit_desktop.ui.panels.soil_health import SoilHealthPanel

if TYPE_CHECKING:
    from harit_desktop.domain.analysis import Explanation, ProfileLimits
    from harit_desktop.domain.calibration import Segment
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.settings.model import AnalysisSettings

TREND_EVERY_US = 60 * US_PER_S
QUALITY_EVERY_US = 60 * US_PER_S
FEW_READINGS = 200
FEW_EVERY_US = 5 * US_PER_S
CHANGES_EVERY_US = 15 * 60 * US_PER_S
SHOWN_EVERY_US = 400_000
"""A probe that sends faster has its newest reading explained so often: sentences that change
ten times a second cannot be read, and they are what costs most of a beat."""


class HealthFeed:
    """Explains each new reading of the focus device once, and reads its past now and then.

    `shown_us` is the instant at which the last new reading was shown.
    """

    def __init__(self, engine: Engine, panel: SoilHealthPanel) -> None:
        self._engine = engine
        self._panel = panel
        self._device: DeviceState | None = None
        self._explanation: Explanation | None = None
        self._details = NO_DETAILS
        self._explained_by: tuple[object, ...] = ()
        self._of = ""
        self.shown_us = 0
        self._waiting: DeviceState | None = None
        self._changes: Mapping[str, float] = {}
        self._trend = index_question(engine, TREND_EVERY_US)
        self._quality = quality_question(engine, QUALITY_EVERY_US)
        self._weekly = change_question(engine, CHANGES_EVERY_US)
        self._alike = JudgedAlike(engine)

    def show_device(self, device: DeviceState | None, now_us: int) -> None:
        """Shows the device's newest reading; the same one again refreshes its age. One that
        comes `SHOWN_EVERY_US` after the last or sooner is shown with a later `poll`."""
        name = device.publisher_id if device else ""
        if name != self._of:
            self._turn_to(name)
        elif device is not None and device != self._device and self._is_soon(now_us):
            self._waiting = device
            return
        self._waiting = None
        engine = self._engine
        judged_by = (engine.settings.analysis, engine.corrections, self._changes)
        same = all(a is b for a, b in zip(judged_by, self._explained_by, strict=False))
        if device != self._device or not same or not self._explained_by:
            self._device, self._explained_by = device, judged_by
            self.shown_us = now_us
            self._explanation = None if device is None else self._explain(device)
            self._details = NO_DETAILS if device is None else self._detail(device)
        details = self._details
        if device is not None:
            record = engine.book.records.get(name)
            shown = record.name if record is not None else ""
            siblings = engine.judgement.siblings(name)
            others = 0 if siblings else self._neighbours(device)
            details = replace(
                details,
                name=shown,
                siblings=siblings,
                neighbours=others,
                alarming=_alarming(details.judged, device, engine.judgement.limits()),
                judged_after_us=self._alike.after_us(name, now_us),
            )
        self._panel.set_reading(device, self._explanation, now_us, details)

    def poll(self, now_us: int) -> None:
        """Takes what was read of the past and asks for more when it is due."""
        if self._waiting is not None and not self._is_soon(now_us):
            self.show_device(self._waiting, now_us)
        trend = self._trend.poll(now_us)
        if trend is not None:
            self._panel.set_trend(*trend)
        days = self._quality.poll(now_us)
        if days is not None:
            self._panel.set_quality(days)
            if days and days[0].readings < FEW_READINGS:
                # Of a day that has just begun a minute is a large part.
                self._quality.ask_by(now_us + FEW_EVERY_US)
        changes = self._weekly.poll(now_us)
        if changes is not None and changes != self._changes:
            self._changes = changes

    def _is_soon(self, now_us: int) -> bool:
        return 0 <= now_us - self.shown_us < SHOWN_EVERY_US

    def _turn_to(self, publisher_id: str) -> None:
        self._of, self._changes = publisher_id, {}
        for question in (self._trend, self._quality, self._weekly):
            question.about(publisher_id)
        self._panel.set_trend([], [])
        self._panel.set_quality(())

    def _neighbours(self, device: DeviceState) -> int:
        """How many other devices there are in its zone; real ones have no simulated ones."""
        zones = self._engine.book.zones()
        zone = zones.get(device.publisher_id, "")
        return sum(
            other.simulated == device.simulated and zones.get(other.publisher_id, "") == zone
            for other in self._engine.live.devices()
            if other.publisher_id != device.publisher_id
        )

    def _explain(self, device: DeviceState) -> Explanation | None:
        """How the stored index came about; None where the present settings do not tell."""
        if not self._judged_alike(device):
            return None
        found = self._engine.judgement.explain(
            device.values, device.analysis.flags, device.publisher_id, device.timestamp_us
        )
        return found if explains(found, device.analysis) else None

    def _judged_alike(self, device: DeviceState) -> bool:
        """Whether the profile of the settings made the analysis: two profiles may give the
        same index for other reasons. One that cannot be loaded is not the one in force."""
        if device.analysis.profile == self._engine.settings.analysis.profile:
            return True
        problems = self._engine.snapshot().problems
        return any(problem.code.startswith("profile.") for problem in problems)

    def _detail(self, device: DeviceState) -> HealthDetails:
        engine, at_us = self._engine, device.timestamp_us
        name, settings = device.publisher_id, engine.settings.analysis
        segments: dict[str, Segment] = {}
        for channel in CHANNELS:
            segment = engine.corrections.segment(name, channel.key, at_us)
            if segment is not None:
                segments[channel.key] = segment
        judged = engine.corrections.values(name, device.values, at_us)
        interval = None
        if self._explanation is not None and self._explanation.index is not None:
            interval = engine.judgement.interval(device.values, device.analysis.flags, name, at_us)
        estimated = _estimated(segments, at_us)
        compared = {key for key, segment in segments.items() if segment.pairs}
        return HealthDetails(
            interval=interval,
            judged=judged,
            segments=segments,
            estimated=estimated,
            confirmed=frozenset(compared - estimated),
            kg_per_ha=_kg_per_ha(judged, settings),
            depth_cm=settings.depth_cm,
            advice=engine.judgement.advice(device, self._changes),
        )


def _estimated(segments: Mapping[str, Segment], at_us: int) -> frozenset[str]:
    """The channels whose value is worked out and was not confirmed by a laboratory."""
    day = at_us // DAY_US
    return frozenset(
        key
        for key in ESTIMATED_CHANNELS
        if anchored_reliability(key, segments.get(key), day) < RELIABLE_FROM
    )


def _alarming(judged: Values, device: DeviceState, limits: ProfileLimits) -> frozenset[str] | None:
    """The channels beyond their alarm limits, by which the strips go as well; None where the
    profile has no limits."""
    if not limits or not judged:
        return None
    found = set()
    for channel, value, flag in zip(CHANNELS, judged, device.analysis.flags, strict=False):
        if value is None or flag == Flag.FAIL or channel.key not in limits:
            continue
        _, _, low, high = limits[channel.key]
        if not low <= value <= high:
            found.add(channel.key)
    return frozenset(found)


def _kg_per_ha(values: Values, settings: AnalysisSettings) -> dict[str, float]:
    """Nutrients of the top layer. 1 mg/kg in 1 cm of 1 g/cm³ is 0.1 kg/ha."""
    density = settings.bulk_density or CARD_BULK_DENSITY
    factor = 0.1 * density * settings.depth_cm
    return {
        key: value * factor
        for key in ESTIMATED_CHANNELS
        if (value := values[CHANNEL_INDEX[key]]) is not None
    }
